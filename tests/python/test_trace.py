"""Reading traces: what a researcher sees, and what a damaged or foreign file says."""

import subprocess
import sys

import busbar
import h5py
import numpy as np
import pandas as pd
import pytest

# ── tables ───────────────────────────────────────────────────────────────────────────────────────


def test_jobs_show_names_and_meanings(run):
    jobs = run.jobs
    assert list(jobs["cluster"].astype(object)[:2]) == ["north-tpu", "south-gpu"]
    assert jobs["cluster"].isna().tolist() == [False] * 4 + [True] * 2  # -1: none
    assert list(jobs["state"]) == [
        "completed", "killed", "completed", "running", "waiting", "rejected",
    ]  # fmt: skip
    assert isinstance(jobs["state"].dtype, pd.CategoricalDtype)
    assert "failed" in jobs["state"].cat.categories  # a meaning that no row has
    assert jobs.loc[5, "name"] == "f-größer"
    assert jobs.index.name == "id"
    assert jobs.columns[:3].tolist() == ["name", "state", "site"]


def test_units_come_along(run):
    units = run.jobs.attrs["units"]
    assert units["submit_s"] == "s"
    assert units["chips"] == "1"
    assert "name" not in units
    assert run.jobs.attrs["long_name"]["name"] == "name of the job"
    assert run.site_series("it_power_w").attrs["units"]["it_power_w"] == "W"


def test_a_changed_table_does_not_change_the_next_one(run):
    jobs = run.jobs
    jobs.loc[0, "chips"] = -5
    jobs["mine"] = 1
    assert run.jobs.loc[0, "chips"] == 128
    assert "mine" not in run.jobs


def test_raw_columns_keep_codes(run):
    assert run.column("jobs", "cluster").tolist() == [0, 1, 0, 1, -1, -1]
    assert run.column("jobs", "state").dtype == np.int8


def test_platform_tables_are_indexed_by_name(run):
    assert run.clusters.loc["south-gpu", "site"] == "south"
    assert run.clusters.loc["south-gpu", "chips_installed"] == 64
    assert run.sites.index.tolist() == ["north", "south"]


def test_series_have_a_column_per_site(run):
    power = run.site_series("it_power_w")
    assert power.columns.tolist() == ["north", "south"]
    assert power.index.tolist() == [0.0, 3600.0, 7200.0]
    assert power.loc[3600.0, "north"] == 1.5e6


def test_claims_show_their_deviation(run):
    assert run.claims.loc["fleet", "deviation"] == pytest.approx(-0.1)


def test_dates_count_from_the_start(run):
    assert run.date(0.0) == pd.Timestamp("2027-01-01", tz="UTC")
    assert run.date(86400) == pd.Timestamp("2027-01-02", tz="UTC")
    ends = run.date(run.jobs["end_s"])
    assert ends.loc[0] == pd.Timestamp("2027-01-01 01:00", tz="UTC")
    assert ends.isna().tolist() == [False] * 3 + [True] * 3


def test_provenance_and_inputs(run):
    assert run.provenance["seed"] == 7
    assert run.inputs == {"scenarios/tiny.xml": "<scenario/>"}
    assert run.scenario["name"] == "tiny"
    assert run.summary["jobs_submitted"] == 6
    assert run.tables["jobs"] == 6
    assert "complete; 6 jobs" in repr(run)


def test_unknown_names_list_the_known_ones(run):
    with pytest.raises(busbar.TraceError, match=r"no site series 'power'; known: .*it_power_w"):
        run.site_series("power")
    with pytest.raises(busbar.TraceError, match=r"no table 'job'; known: .*jobs"):
        run.table("job")
    with pytest.raises(busbar.TraceError, match="no column 'chip' in /jobs; known: chips"):
        run.column("jobs", "chip")


def test_closing_by_with(trace_file):
    with busbar.open(trace_file.write()) as run:
        assert len(run.jobs) == 6
    assert "closed" in repr(run)


# ── incomplete runs ──────────────────────────────────────────────────────────────────────────────


# What is not committed may be half written: readers stop at the committed rows.
def test_a_killed_run_shows_its_committed_rows(trace_file):
    trace_file.as_if_killed(jobs=2)
    with busbar.open(trace_file.write()) as run:
        assert run.status == "incomplete"
        assert not run.is_complete
        assert len(run.jobs) == 2
        assert run.summary == {}
        assert run.end_s == 7200.0  # the last sample
        with pytest.raises(busbar.NoDataError, match="its summary was not written"):
            _ = run.claims


def test_a_writer_at_work_does_not_lock_readers_out(trace_file):
    trace_file.as_if_killed(jobs=2)
    path = trace_file.write()
    hold = f"import h5py; f = h5py.File({str(path)!r}, 'r+'); print(1, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        writer.stdout.readline()
        with busbar.open(path) as run:
            assert len(run.jobs) == 2
        writer.communicate(b"\n")


def test_interrupted_is_not_complete(trace_file):
    trace_file.status = "interrupted"
    with busbar.open(trace_file.write()) as run:
        assert run.status == "interrupted"
        assert not run.is_complete
        assert run.claims.index.tolist() == ["fleet"]


def test_more_committed_rows_than_there_are_is_damage(trace_file):
    trace_file.committed["jobs"] = 7
    with (
        busbar.open(trace_file.write()) as run,
        pytest.raises(busbar.TraceError, match="7 committed rows, but its shortest column has 6"),
    ):
        _ = run.jobs


# ── files that are no traces ─────────────────────────────────────────────────────────────────────


def test_missing_file(tmp_path):
    with pytest.raises(busbar.TraceError, match="no such file"):
        busbar.open(tmp_path / "run.h5")


def test_missing_file_with_a_part_names_it(tmp_path):
    (tmp_path / "run.h5.part").touch()
    with pytest.raises(busbar.TraceError, match=r"an incomplete run .*run\.h5\.part"):
        busbar.open(tmp_path / "run.h5")


def test_foreign_hdf5(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = 1
    with pytest.raises(busbar.TraceError, match="not a Busbar trace"):
        busbar.open(tmp_path / "other.h5")


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "empty"), (b"id,submit\n0,1\n", "not an HDF5 file")]
)
def test_not_hdf5(tmp_path, content, said):
    (tmp_path / "run.h5").write_bytes(content)
    with pytest.raises(busbar.TraceError, match=said):
        busbar.open(tmp_path / "run.h5")


def test_truncated(trace_file):
    path = trace_file.write()
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(busbar.TraceError, match="truncated"):
        busbar.open(path)


def test_unknown_major_version(trace_file):
    trace_file.attrs["version"] = np.array([2, 0], dtype=np.int32)
    with pytest.raises(busbar.TraceError, match=r"trace format 2\.0; this package reads 1\.x"):
        busbar.open(trace_file.write())


def test_newer_minor_version_is_read(trace_file):
    trace_file.attrs["version"] = np.array([1, 9], dtype=np.int32)
    with busbar.open(trace_file.write()) as run:
        assert len(run.jobs) == 6


# A code without a meaning, or a reference beyond its table, is damage and never a silent NaN.
def test_unknown_codes_and_references_are_damage(trace_file):
    for name, values in (("state", 77), ("cluster", 9)):
        path = trace_file.write()
        with h5py.File(path, "r+") as file:
            file["jobs"][name][1] = values
        with busbar.open(path) as run, pytest.raises(busbar.TraceError, match="damaged"):
            _ = run.jobs
