"""Pods in runs: slices that no pod crosses, whole trays, and goodput where hosts fail."""

import csv
import json
import random
import subprocess

import busbar
import numpy as np
import pytest
from conftest import ROOT

pytestmark = pytest.mark.binary

CUBES, HOSTS, CHIPS = 64, 16, 64
REPAIR_S = 3600.0


def write_scenario(
    folder,
    *,
    log,
    domain="ironwood-cube",
    pod="superpod",
    count=CUBES,
    more="",
    placement="best-fit",
    policy="fcfs",
    horizon="until-idle",
    record="1 h",
):
    """One cluster of pods of 64 cubes that runs a log."""
    attribute = f'pod="{pod}"' if pod else ""
    frail = ""
    if more:
        attribute += ' failures="frail"'
        frail = f'<failures id="frail" counts="hosts" assumed="a test">{more}</failures>'
    (folder / "world.xml").write_text(
        '<platform name="pods" xmlns:xi="http://www.w3.org/2001/XInclude">'
        f'<xi:include href="{ROOT}/platforms/catalog/google.xml"/>'
        f'<xi:include href="{ROOT}/platforms/catalog/nvidia.xml"/>'
        f'<catalog vendor="google">{frail}<pod id="superpod" domain="ironwood-cube" '
        f'domains="{CUBES}" assumed="a test"/></catalog>'
        '<site id="anywhere" latitude="0 deg" longitude="0 deg" assumed="no place">'
        f'<cluster id="cubes" domain="{domain}" fabric="jupiter" {attribute} '
        f'count="{count}"/></site></platform>'
    )
    rows = ["id,submit,nodes,runtime,walltime"]
    rows += [
        f"{i},{at:.3f},{chips},{run:.3f},{run * 1.5:.3f}" for i, (at, chips, run) in enumerate(log)
    ]
    (folder / "log.csv").write_text("\n".join(rows) + "\n")
    (folder / "mix.xml").write_text(
        '<workload name="pods"><trace id="log" href="log.csv"/></workload>'
    )
    path = folder / "scenario.xml"
    failures = '<failures rates="1"/>' if more else ""
    path.write_text(
        '<scenario name="pods" world="world.xml" mix="mix.xml" start="2026-06-01" '
        f'horizon="{horizon}"><scheduling policy="{policy}" placement="{placement}"/>{failures}'
        f'<record sample="{record}"/></scenario>'
    )
    return path


def goodput_rows():
    with (ROOT / "../shared/data/scheduling/tpu_goodput.csv").open() as table:
        for row in csv.DictReader(table):
            if float(row["host_avail"]) in (0.99, 0.995, 0.999):
                yield float(row["host_avail"]), int(row["slice_chips"]), float(row["ocs_goodput"])


# Slices of one size always wait; a cube is out while one of its hosts is. What jobs hold of the pod
# is the goodput of optically switched slices. Null model: every chip of a host that is up.
@pytest.mark.parametrize("availability", [0.99, 0.995, 0.999])
def test_a_pod_whose_hosts_fail_keeps_the_goodput_of_its_slices(tmp_path, availability):
    per_hour = (1.0 - availability) / availability / (REPAIR_S / 3600.0)
    component = (
        f'<component kind="host" rate="{per_hour:.9f} /h per node" takes="node" '
        f'repair-median="{REPAIR_S:.0f} s"/>'
    )
    worst, null = 0.0, 0.0
    for row_availability, chips, published in goodput_rows():
        if row_availability != availability:
            continue
        log = [(0.0, chips, 400 * 86400.0)] * (2 * CUBES * CHIPS // chips)
        path = write_scenario(tmp_path, log=log, more=component, horizon="60 d", record="10 min")
        with busbar.run(path, progress=False) as run:
            held = run.cluster_series("allocated")["cubes"].to_numpy()
        goodput = held[len(held) // 20 :].mean() / (CUBES * CHIPS)
        print(f"{availability:.3f} {chips:5d}: {goodput:.4f}, closed form {published:.4f}")
        worst = max(worst, abs(goodput - published))
        null = max(null, abs(availability - published))
    print(f"largest error {worst:.4f}, null model {null:.4f}")
    assert worst <= 0.02 < null


def random_log(jobs, sizes, seed):
    draw, at, log = random.Random(seed), 0.0, []
    for _ in range(jobs):
        at += draw.expovariate(1 / 600)
        log.append((at, draw.choice(sizes), draw.uniform(600, 40000)))
    return log


# Two pods of 64 cubes hold 40 each; the 48 that are left are in no one pod.
def test_no_slice_crosses_a_pod(tmp_path):
    log = [(0.0, 40 * CHIPS, 1000.0), (1.0, 40 * CHIPS, 1000.0), (2.0, 48 * CHIPS, 1000.0)]
    with busbar.run(write_scenario(tmp_path, log=log, count=128), progress=False) as run:
        starts = run.jobs.sort_index()["start_s"].to_numpy()
    assert starts[0] == 0.0 and starts[1] == 1.0
    assert starts[2] == pytest.approx(1000.0)
    # A job of more than a pod is two slices of 33 cubes, each in a pod of its own.
    log[2] = (2.0, 66 * CHIPS, 1000.0)
    with busbar.run(
        write_scenario(tmp_path, log=log[:1] + log[2:], count=192), progress=False
    ) as r:
        assert r.jobs.sort_index()["start_s"].to_numpy()[1] == 2.0


# A part of a rack is whole trays of four chips; a slice is of the sizes that its vendor lists.
@pytest.mark.parametrize(
    ("domain", "pod", "sizes", "given"),
    [("gb200-nvl72", "", [1, 6, 64, 65], [4, 8, 64, 68]),
     ("ironwood-cube", "superpod", [1, 5, 33, 65], [4, 8, 64, 128])],
)  # fmt: skip
def test_jobs_get_what_the_vendor_offers(tmp_path, domain, pod, sizes, given):
    log = [(float(i), size, 1000.0) for i, size in enumerate(sizes)]
    path = write_scenario(tmp_path, log=log, domain=domain, pod=pod)
    with busbar.run(path, progress=False) as run:
        assert list(run.segments.sort_values("job")["chips"]) == given
        assert list(run.jobs.sort_index()["chips"]) == given


# Three pods, one of them in part; jobs and failures leave no chip unaccounted for.
def test_fragmentation_is_recorded(tmp_path):
    component = '<component kind="host" rate="0.002 /h per node" repair-median="4 h"/>'
    log = random_log(400, [4, 16, 64, 128, 512, 1024, 2048], 3)
    path = write_scenario(
        tmp_path, log=log, count=180, policy="easy", record="10 min", more=component
    )
    with busbar.run(path, progress=False) as run:
        lost, hole, idle, scattered = (
            run.cluster_series(name)["cubes"].to_numpy()
            for name in ("fragmentation", "largest_hole", "idle", "idle_in_used_pods")
        )
        assert set(run.jobs["state"]) == {"completed"}
    some = idle > 0
    assert np.allclose(lost[some], 1 - hole[some] / idle[some])
    assert (lost[~some] == 0).all()
    assert (scattered <= idle).all() and (hole <= CUBES * CHIPS).all()
    assert 0.1 < lost.mean() < 0.9 and scattered.max() > 0


# A rack has 72 chips, of which jobs get 64. One of two is held for the first half of the run.
def test_a_summary_tells_the_three_numbers_of_chips(tmp_path, binary):
    path = write_scenario(
        tmp_path, log=[(0.0, 64, 3600.0)], domain="gb200-nvl72", pod="", count=2,
        horizon="2 h", record="6 min",
    )  # fmt: skip
    trace = tmp_path / "run.h5"
    subprocess.run([binary, "run", path, "-o", trace], check=True, capture_output=True)
    shown = subprocess.run([binary, "show", trace, "--json"], check=True, capture_output=True)
    (cluster,) = json.loads(shown.stdout)["clusters"]
    assert [cluster[f"chips_{name}"] for name in ("installed", "usable", "for_jobs")] == [
        144, 144, 128,
    ]  # fmt: skip
    # 21 samples from 0 to 2 h, of which the first ten see the job.
    assert cluster["held"] == pytest.approx(10 / 21 / 2)
    assert cluster["held"] + cluster["idle"] == pytest.approx(1.0)
    assert cluster["idle_beyond_largest_hole"] == 0.0
    table = subprocess.run([binary, "show", trace], check=True, capture_output=True, text=True)
    assert "idle beyond the largest hole" in table.stdout


# Ninety-six cubes are a pod of 64 and one of 32: two slices of 48 never stand there at once, one of
# 64 does.
@pytest.mark.parametrize(("cubes", "starts"), [(96, False), (64, True), (32, True)])
def test_what_no_pods_ever_hold_is_told(tmp_path, binary, cubes, starts):
    path = write_scenario(tmp_path, log=[(0.0, cubes * CHIPS, 60.0)], count=96)
    command = [binary, "run", path, "-o", tmp_path / "run.h5"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == (0 if starts else 2)
    if not starts:
        assert "6,144 chips as 2 slices of 3,072, each inside one pod" in done.stderr
        assert "hold 1 at most" in done.stderr


# Eight cubes in two pods of four, all held by one job. One is to leave, and one comes, which has
# its place in a third pod until it goes in the other's stead.
def test_what_is_to_leave_stands_beside_what_comes(tmp_path):
    path = write_scenario(tmp_path, log=[(0.0, 8 * CHIPS, 36 * 3600.0)], count=8, horizon="3 d")
    world = tmp_path / "world.xml"
    text = world.read_text().replace(f'domains="{CUBES}"', 'domains="4"')
    old = 'count="8"/></site>'
    assert old in text
    rows = (("2025-12-01", 8), ("2026-06-02", -1), ("2026-06-02", 1))
    deliveries = "".join(f'<delivery date="{day}" count="{n}"/>' for day, n in rows)
    world.write_text(text.replace(old, f">{deliveries}</cluster></site>"))
    with busbar.run(path, progress=False) as run:
        installed = run.cluster_series("installed")["cubes"] / CHIPS
        assert list(run.jobs["state"]) == ["completed"]
    assert [installed[h * 3600.0] for h in (12, 30, 48)] == [8, 8, 8]
