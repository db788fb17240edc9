"""done + lost + left = asked for: one job of every kind of end, worked out by hand."""

import subprocess

import busbar
import pandas as pd
import pytest
from conftest import ROOT

pytestmark = pytest.mark.binary


def run(folder, log, *, hours=1, more=""):
    """Rows of (submit, nodes, run time, requested time), in seconds, on four nodes."""
    (folder / "world.xml").write_text(
        '<platform name="one" xmlns:xi="http://www.w3.org/2001/XInclude">'
        f'<xi:include href="{ROOT}/platforms/catalog/generic.xml"/>'
        '<site id="here" latitude="0 deg" longitude="0 deg" assumed="no place">'
        '<cluster id="nodes" domain="node" fabric="plain-ethernet" count="4"/></site></platform>'
    )
    rows = ["id,submit,nodes,runtime,walltime"]
    rows += [f"{i},{','.join(str(x) for x in job)}" for i, job in enumerate(log)]
    (folder / "log.csv").write_text("\n".join(rows) + "\n")
    (folder / "mix.xml").write_text(
        '<workload name="one"><trace id="log" href="log.csv"/></workload>'
    )
    (folder / "scenario.xml").write_text(
        '<scenario name="one" world="world.xml" mix="mix.xml" start="2026-01-01" '
        f'horizon="{hours} h">{more}</scenario>'
    )
    return busbar.run(folder / "scenario.xml", progress=False)


def balance(jobs):
    columns = ["steps", "lost_steps", "left_steps", "redone_steps"]
    assert (jobs["steps"] + jobs["lost_steps"] + jobs["left_steps"]).to_numpy() == pytest.approx(
        jobs["asked_steps"].to_numpy(), rel=1e-9
    )
    return list(zip(jobs["state"], *(jobs[c] for c in ["asked_steps", *columns]), strict=True))


# One after the other on all four nodes: 600 s done; killed at its request, after 300 of 900 s;
# 2,700 of 3,000 s when the run ends; the last never starts.
def test_every_end_of_a_replayed_job(binary, tmp_path):
    log = [(0, 4, 600, 900), (0, 4, 900, 300), (0, 4, 3000, 4000), (0, 4, 50, 60)]
    jobs = run(tmp_path, log).jobs
    assert balance(jobs) == [
        ("completed", 600, 600, 0, 0, 0),
        ("killed", 900, 0, 300, 600, 0),
        ("running", 3000, 2700, 0, 300, 0),
        ("waiting", 50, 0, 0, 50, 0),
    ]
    assert jobs["lost_s"].to_list() == [0, 300, 0, 0]


# An outage takes the 1,000 s that a job had done; it does them again from 1,600 s on, after its
# restart, and waits or ends with the whole balance.
def test_what_is_done_again_stands_beside_the_balance(binary, tmp_path):
    outage = '<event at="1000 s" kind="site-outage" site="here" duration="600 s"/>'
    trace = run(tmp_path, [(0, 4, 1200, 9000)], more=outage)
    (row,) = balance(trace.jobs)
    assert row == ("completed", 1200, 1200, 0, 0, pytest.approx(1000, rel=1e-9))
    segments = trace.segments
    assert segments["steps"].to_list() == pytest.approx([1000, 1200], rel=1e-9)
    ran_s = segments["end_s"] - segments["start_s"]
    restart_s = trace.jobs["restart_s"].iloc[0]
    assert restart_s > 0
    assert (ran_s - segments["steps"]).to_list() == pytest.approx([0, restart_s], abs=1e-6)

    in_the_dark = run(tmp_path, [(0, 4, 1200, 9000)], hours=0.4, more=outage)
    (row,) = balance(in_the_dark.jobs)
    assert row == ("waiting", 1200, 0, 0, 1200, pytest.approx(1000, rel=1e-9))
    assert not pd.isna(in_the_dark.jobs["start_s"].iloc[0])


# An audit looks at everything and changes nothing.
def test_an_audit_finds_the_books_in_order(binary, tmp_path):
    fingerprints = set()
    for more in ([], ["--audit"]):
        command = [binary, "run", ROOT / "workloads" / "scenarios" / "several-pods.xml", *more]
        subprocess.run(
            [*command, "-o", tmp_path / "run.h5", "--force"], check=True, capture_output=True
        )
        with busbar.open(tmp_path / "run.h5") as trace:
            fingerprints.add(trace.provenance["fingerprint"])
    assert len(fingerprints) == 1
