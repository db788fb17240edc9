#!/usr/bin/env python3
"""Measures CPU seconds and peak memory of whole runs and prints them beside their targets.

usage: tests/bench/run_benchmarks.py [NAME…]     (build/release/busbar must exist)

CPU seconds (user and system), not wall time: these machines are shared. The workloads are made
here, from a fixed seed, in the manner of ../shared/data/scheduling/gen_workload.py.
"""

import csv
import math
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUSBAR = ROOT / "build" / "release" / "busbar"
RIGID = "workloads/scenarios/rigid-replay.xml"
NODES = 10_240


def write_log(path: Path, jobs: int, load: float, seed: int = 1) -> None:
    """Rigid jobs: sizes of powers of two up to a quarter of the nodes, log-normal run times."""
    r = random.Random(seed)
    rows, area = [], 0.0
    largest = int(math.log2(NODES // 4))
    for _ in range(jobs):
        power = r.randint(0, largest) if r.random() < 0.75 else r.uniform(0, largest)
        nodes = int(2**power)
        run = min(max(math.exp(r.gauss(math.log(1800.0), 1.4)), 30.0), 172_800.0)
        wall = run * r.choice([1.05, 1.2, 1.5, 2, 3, 5]) + r.uniform(1, 60)
        rows.append((nodes, run, wall))
        area += nodes * run
    gaps = [r.expovariate(1.0) for _ in range(jobs)]
    scale = area / (NODES * load) / sum(gaps)
    submit = 0.0
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["id", "submit", "nodes", "runtime", "walltime"])
        for number, ((nodes, run, wall), gap) in enumerate(zip(rows, gaps, strict=True)):
            submit += gap * scale
            out.writerow([number, f"{submit:.6f}", nodes, f"{run:.6f}", f"{wall:.6f}"])


def measure(arguments: list[str]) -> tuple[float, float, float]:
    """Runs the simulator; returns CPU seconds, wall seconds and peak MB of that process."""
    began = time.monotonic()
    process = subprocess.Popen(
        [BUSBAR, "run", *arguments, "--force", "--progress", "none"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"busbar ended with status {status}")
    cpu = usage.ru_utime + usage.ru_stime
    return cpu, time.monotonic() - began, usage.ru_maxrss / 1024


def rigid(folder: Path, jobs: int, load: float, policy: str = "easy") -> list[str]:
    log = folder / f"{jobs}-{load}.csv"
    write_log(log, jobs, load)
    return [
        RIGID, "-o", str(folder / "run.h5"), "--set", f"//trace/@href={log}",
        "--set", f"//scheduling/@policy={policy}",
        "--set", f"//cluster[@id='nodes']/@count={NODES}",
    ]  # fmt: skip


SITES, DOMAINS = 10, 60  # of the fleet whose jobs contend


def contention(folder: Path, wide: bool) -> list[str]:
    """200 jobs at a time over 10 sites for 60 days. Fabrics at 4:1 and thin WAN links between all
    sites, or none that could fill."""
    tier = "1:1" if wide else "4:1"
    bandwidth = "1000000 Tbit/s" if wide else "1 Tbit/s"
    names = [f"site-{i}" for i in range(SITES)]
    world = ['<platform name="ten" xmlns:xi="http://www.w3.org/2001/XInclude">',
             f'<xi:include href="{ROOT}/platforms/catalog/nvidia.xml"/>',
             '<catalog vendor="generic"><fabric id="thin" load-balancing="adaptive" '
             f'latency="10 us" assumed="benchmark"><tier name="spine" oversubscription="{tier}"/>'
             "</fabric></catalog>"]  # fmt: skip
    for i, name in enumerate(names):
        world.append(
            f'<site id="{name}" latitude="{30 + i} deg" longitude="{-120 + 4 * i} deg" '
            f'assumed="benchmark"><cluster id="{name}-gpu" domain="gb200-nvl72" fabric="thin" '
            f'count="{DOMAINS}"/></site>'
        )
    for i, a in enumerate(names):
        for j in range(i + 1, SITES):
            world.append(
                f'<wan-link id="{a}--{names[j]}" a="{a}" b="{names[j]}" bandwidth="{bandwidth}" '
                f'latency="{2 * (j - i)} ms" assumed="benchmark"/>'
            )
    mix = f"""<workload name="two-hundred" xmlns:xi="http://www.w3.org/2001/XInclude">
      <xi:include href="{ROOT}/workloads/models/open-models.xml"/>
      <stream id="wide" kind="pre-training" model="llama-3.1-70b" span="world" assumed="benchmark">
        <arrivals process="poisson" rate="8 job/h"/>
        <chips distribution="choice"><choice value="144" weight="1"/>
          <choice value="216" weight="1"/><choice value="288" weight="1"/></chips>
        <tokens distribution="lognormal" median="33 Gtoken" sigma="0.7" max="300 Gtoken"/>
      </stream></workload>"""
    clusters = " ".join(f"{name}-gpu" for name in names)
    scenario = f"""<scenario name="contention" world="world.xml" mix="mix.xml" start="2026-01-01"
      horizon="60 d"><co-schedule id="all" clusters="{clusters}"/><scheduling policy="fcfs"/>
      </scenario>"""
    (folder / "world.xml").write_text("\n".join([*world, "</platform>"]))
    (folder / "mix.xml").write_text(mix)
    (folder / "scenario.xml").write_text(scenario)
    return [str(folder / "scenario.xml"), "-o", str(folder / "run.h5")]


PAIRS = {
    # name: (what, arguments with and without what is measured, most CPU seconds between them)
    "contention": (
        "200 contending jobs, 10 sites, 60 days",
        lambda f: contention(f, wide=False),
        lambda f: contention(f, wide=True),
        2,
    ),
}


def shared(folder: Path, jobs: int, load: float) -> list[str]:
    """Four organisations with a quota each: 40, 30, 20 and 10 % of the nodes."""
    quotas = {"first": 0.4, "second": 0.3, "third": 0.2, "fourth": 0.1}
    catalog = ROOT / "platforms" / "catalog" / "generic.xml"
    tenants = "".join(
        f'<organisation id="{name}" quota-chips="{int(share * NODES)}" assumed="a test"/>'
        for name, share in quotas.items()
    )
    (folder / "world.xml").write_text(
        '<platform name="shared" xmlns:xi="http://www.w3.org/2001/XInclude">'
        f'<xi:include href="{catalog}"/>{tenants}'
        '<site id="anywhere" latitude="0 deg" longitude="0 deg" assumed="no place"><cluster '
        f'id="nodes" domain="node" fabric="plain-ethernet" count="{NODES}"/></site></platform>'
    )
    logs = ""
    for seed, name in enumerate(quotas):
        write_log(folder / f"{name}.csv", jobs // len(quotas), load / len(quotas), seed)
        logs += f'<trace id="{name}" href="{name}.csv" organisation="{name}"/>'
    (folder / "mix.xml").write_text(f'<workload name="shared">{logs}</workload>')
    (folder / "scenario.xml").write_text(
        '<scenario name="shared" world="world.xml" mix="mix.xml" start="2026-01-01" '
        'horizon="until-idle"><scheduling policy="fair-share"/></scenario>'
    )
    return [str(folder / "scenario.xml"), "-o", str(folder / "run.h5")]


PODS = 100


def pods(folder: Path, jobs: int, load: float) -> list[str]:
    """Rigid jobs on the same nodes in 100 pods: no slice crosses one, larger jobs are slices."""
    write_log(folder / "log.csv", jobs, load)
    per_pod = -(-NODES // PODS)
    catalog = ROOT / "platforms" / "catalog" / "generic.xml"
    (folder / "world.xml").write_text(
        '<platform name="pods" xmlns:xi="http://www.w3.org/2001/XInclude">'
        f'<xi:include href="{catalog}"/><catalog vendor="generic"><pod id="pod" domain="node" '
        f'domains="{per_pod}" assumed="benchmark"/></catalog>'
        '<site id="anywhere" latitude="0 deg" longitude="0 deg" assumed="no place"><cluster '
        f'id="nodes" domain="node" fabric="plain-ethernet" pod="pod" count="{PODS * per_pod}"/>'
        "</site></platform>"
    )
    (folder / "mix.xml").write_text(
        '<workload name="pods"><trace id="log" href="log.csv"/></workload>'
    )
    (folder / "scenario.xml").write_text(
        '<scenario name="pods" world="world.xml" mix="mix.xml" start="2026-01-01" '
        'horizon="until-idle"><scheduling policy="easy"/></scenario>'
    )
    return [str(folder / "scenario.xml"), "-o", str(folder / "run.h5")]


def frail(folder: Path) -> list[str]:
    """A year of one million chips in racks of 64 used of 72, which fail at GPU servers' rates."""
    (folder / "world.xml").write_text(
        '<platform name="million" xmlns:xi="http://www.w3.org/2001/XInclude">'
        f'<xi:include href="{ROOT}/platforms/catalog/nvidia.xml"/>'
        '<site id="anywhere" latitude="0 deg" longitude="0 deg" assumed="benchmark">'
        '<crews count="400"/><cluster id="racks" domain="gb200-nvl72" fabric="rails-400g" '
        f'count="{1_000_000 // 64}"/></site></platform>'
    )
    (folder / "mix.xml").write_text(f"""<workload name="million"
      xmlns:xi="http://www.w3.org/2001/XInclude">
      <xi:include href="{ROOT}/workloads/models/open-models.xml"/>
      <stream id="large" kind="pre-training" model="llama-3.1-70b" checkpoint-interval="30 min"
        assumed="benchmark"><arrivals process="poisson" rate="30 job/d"/>
        <chips distribution="choice"><choice value="1024" weight="3"/>
          <choice value="4096" weight="2"/><choice value="16384" weight="1"/></chips>
        <duration distribution="lognormal" median="3 d" sigma="0.7" max="30 d"/></stream>
      <stream id="small" kind="fine-tuning" model="llama-3.1-8b" checkpoint-interval="30 min"
        assumed="benchmark"><arrivals process="poisson" rate="300 job/d"/>
        <chips distribution="choice"><choice value="8" weight="1"/>
          <choice value="64" weight="1"/></chips>
        <duration distribution="lognormal" median="6 h" sigma="1" max="3 d"/></stream>
      </workload>""")
    (folder / "scenario.xml").write_text(
        '<scenario name="million" world="world.xml" mix="mix.xml" start="2026-01-01" '
        'horizon="365 d"><scheduling policy="easy"/><failures/></scenario>'
    )
    return [str(folder / "scenario.xml"), "-o", str(folder / "run.h5")]


BENCHMARKS = {
    # name: (what, arguments, most CPU seconds, most MB)
    "easy-100k": ("100,000 rigid jobs, 10,240 nodes", lambda f: rigid(f, 100_000, 0.9), 2, 150),
    "easy-deep": ("the same at load 1.3, a deep queue", lambda f: rigid(f, 100_000, 1.3), 5, None),
    "easy-1m": ("1,000,000 rigid jobs", lambda f: rigid(f, 1_000_000, 0.9), 20, None),
    "conservative-100k": (
        "100,000 rigid jobs, conservative",
        lambda f: rigid(f, 100_000, 0.9, "conservative"),
        4,
        None,
    ),
    "conservative-deep": (
        "the same at load 1.3, a deep queue",
        lambda f: rigid(f, 100_000, 1.3, "conservative"),
        60,
        None,
    ),
    "pods-100k": ("100,000 rigid jobs, 100 pods", lambda f: pods(f, 100_000, 0.9), 4, None),
    "fair-share-100k": (
        "100,000 rigid jobs, fair share with preemption",
        lambda f: shared(f, 100_000, 0.9),
        6,
        None,
    ),
    "anthropic-2026": (
        "anthropic-2026, 30 days, 1.6 million chips",
        lambda f: ["workloads/scenarios/anthropic-2026.xml", "-o", str(f / "run.h5")],
        10,
        1000,
    ),
    "everything-2026": (
        "everything-2026, 365 days, every announced fleet",
        lambda f: ["workloads/scenarios/everything-2026.xml", "-o", str(f / "run.h5")],
        60,
        2000,
    ),
    "failures-1m": ("1,000,000 chips that fail, 365 days", frail, 60, 2000),
}


def main() -> None:
    chosen = sys.argv[1:] or [*BENCHMARKS, *PAIRS]
    print(f"{'what':48} {'CPU s':>8} {'target':>7} {'peak MB':>8} {'target':>7} {'wall s':>7}")
    missed = []
    for name in chosen:
        if name in PAIRS:
            what, with_it, without, most_more = PAIRS[name]
            cpu = []
            for arguments in (without, with_it):
                with tempfile.TemporaryDirectory() as folder:
                    cpu.append(measure(arguments(Path(folder)))[0])
            more = cpu[1] - cpu[0]
            print(
                f"{what:48} {more:8.2f} {most_more:7} more: {cpu[1]:.2f} s, {cpu[0]:.2f} s without"
            )
            if more > most_more:
                missed.append(name)
            continue
        what, arguments, most_cpu, most_mb = BENCHMARKS[name]
        with tempfile.TemporaryDirectory() as folder:
            cpu, wall, mb = measure(arguments(Path(folder)))
        print(
            f"{what:48} {cpu:8.2f} {most_cpu:7} {mb:8.0f} {most_mb or '':>7} {wall:7.2f}",
            flush=True,
        )
        if cpu > most_cpu or (most_mb and mb > most_mb):
            missed.append(name)
    print("missed: " + ", ".join(missed) if missed else "all targets met")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
