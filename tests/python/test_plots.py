"""Plots: the curves hold the run's numbers, with units on the axes."""

import busbar
import numpy as np
import pytest
from busbar import plots, report
from matplotlib import pyplot as plt


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def line(ax, label):
    return next(item for item in ax.get_lines() if item.get_label() == label)


# North draws 1.8 MW at most, below its 2 MW and 2.5 MW limits; south has no limits.
def test_site_power_stands_under_its_limits(run):
    ax = plots.site_power(run, site="north")
    assert ax.get_ylabel() == "power (MW)"
    assert labels(ax) == ["IT", "facility", "IT limit", "grid limit"]
    assert line(ax, "facility").get_ydata() == pytest.approx([1.2, 1.8, 1.2])
    assert line(ax, "grid limit").get_ydata() == pytest.approx([2.5] * 3)
    assert labels(plots.site_power(run, site="south")) == ["IT", "facility"]


def test_site_power_of_all_sites(run):
    ax = plots.site_power(run)
    assert labels(ax) == ["north", "south"]
    assert line(ax, "south").get_ydata() == pytest.approx([2.2, 2.2, 1.1])


def test_site_power_of_an_unknown_site(run):
    with pytest.raises(busbar.NoDataError, match="no site 'west'; known: north, south"):
        plots.site_power(run, site="west")


# North holds 128, then 64 + 32, then 32 of 128 chips; south has none installed at first.
def test_occupancy_is_a_share_of_installed_chips(run):
    ax = plots.cluster_occupancy(run)
    assert [text.get_text() for text in ax.get_yticklabels()] == ["north-tpu", "south-gpu"]
    north, south = ax.collections[0].get_array().reshape(2, 3)
    assert north.tolist() == pytest.approx([100, 75, 25])
    assert np.ma.is_masked(south[0])
    assert south[1:].tolist() == pytest.approx([100 / 64] * 2)


def test_occupancy_of_chosen_clusters(run):
    ax = plots.cluster_occupancy(run, clusters=["south-gpu"])
    assert [text.get_text() for text in ax.get_yticklabels()] == ["south-gpu"]
    with pytest.raises(busbar.NoDataError, match="no cluster 'x'"):
        plots.cluster_occupancy(run, clusters=["x"])


def test_fragmentation_is_drawn_where_chips_are_idle(run):
    ax = plots.cluster_fragmentation(run)
    north, south = ax.collections[0].get_array().reshape(2, 3)
    assert np.ma.getmaskarray(north).tolist() == [True, False, False]
    assert north.compressed().tolist() == pytest.approx([50, 25])
    assert south.compressed().tolist() == pytest.approx([0, 10])


# Job d still runs at the end (2 h): its bar ends there. By chip time the order of size is
# a (128 chips x 1 h), c (64 x 1 h), b (32 x 0.5 h), d (1 chip).
def test_gantt_bars_span_the_running_time(run):
    ax = plots.job_gantt(run)
    bars = {
        ax.get_yticklabels()[round(bar.get_y() + bar.get_height() / 2)].get_text(): bar
        for container in ax.containers
        for bar in container
    }
    hours = {name: bar.get_width() * 24 for name, bar in bars.items()}
    assert hours == pytest.approx(
        {"a (128)": 1.0, "b (32)": 0.5, "c (64)": 1.0, "d (1)": 2.0 - 1 / 6}
    )
    assert labels(ax) == ["google", "nvidia"]


def test_gantt_of_the_largest(run):
    ticks = [text.get_text() for text in plots.job_gantt(run, top=2).get_yticklabels()]
    assert ticks == ["a (128)", "c (64)"]


# Of the 64-255 chip jobs a starts at once, c after an hour, e never: 2/3 wait longer, then 1/3.
def test_waits_count_those_that_never_start(run):
    ax = plots.waits(run)
    middle = next(item for item in ax.get_lines() if item.get_label().startswith("64–255"))
    assert middle.get_label() == "64–255 chips (3 jobs)"
    x, y = middle.get_xdata(), middle.get_ydata()
    assert y[x < 0.9][-1] == pytest.approx(200 / 3)
    assert y[-1] == pytest.approx(100 / 3)
    assert ax.get_xlabel() == "wait (hours)"


def test_vendor_power_is_the_sum_of_its_clusters(run):
    ax = plots.vendor_power(run)
    vendors = run.clusters["vendor"].astype(str)
    assert ax.get_legend_handles_labels()[1] == sorted(vendors.unique())
    total = run.cluster_series("it_power_w").sum(axis=1).max()
    top = max(path.vertices[:, 1].max() for c in ax.collections for path in c.get_paths())
    assert total > 0
    assert any(np.isclose(top * unit, total) for unit in (1.0, 1e3, 1e6, 1e9))


def test_sites_beyond_the_colours_are_drawn_together(run, monkeypatch):
    monkeypatch.setattr(plots.style, "COLOURS", plots.style.COLOURS[:1])
    labels = plots.site_power(run).get_legend_handles_labels()[1]
    assert len(run.sites) > 1
    assert labels[-1] == f"{len(run.sites) - 1} others together"


def test_vendor_utilisation_is_the_summary(run):
    ax = plots.vendor_utilisation(run)
    widths = {bars.get_label(): [bar.get_width() for bar in bars] for bars in ax.containers}
    assert widths["training"] == pytest.approx([60, 20])
    assert widths["serving"] == pytest.approx([20, 0])
    assert widths["idle"] == pytest.approx([20, 80])


# Without a summary, from three samples: google 192 of 384 chips train, 64 serve.
def test_vendor_utilisation_of_a_killed_run_comes_from_samples(trace_file):
    trace_file.as_if_killed(jobs=6)
    with busbar.open(trace_file.write()) as run:
        ax = plots.vendor_utilisation(run)
    widths = {bars.get_label(): [bar.get_width() for bar in bars] for bars in ax.containers}
    assert widths["training"] == pytest.approx([50, 100 * 2 / 128])
    assert widths["serving"] == pytest.approx([100 / 6, 0])
    assert "incomplete" in ax.get_title()


# At 600 s: a, b and d run (161 chips), c waits (64). At 1,200 s e joins the queue.
def test_demand_is_exact_at_every_change(run):
    demand = plots.chip_demand(run)
    assert demand.loc[600.0].tolist() == [161, 64]
    assert demand.loc[1200.0].tolist() == [161, 128]
    assert demand.loc[3600.0].tolist() == [65, 64]
    assert demand.loc[7200.0].tolist() == [1, 64]


def test_demand_window_holds_the_peak(run):
    ax = plots.demand(run, window_h=0.5)
    low, high = plt.matplotlib.dates.num2date(ax.dataLim.intervalx)
    peak = run.date(1200.0)
    assert low <= peak <= high
    assert (high - low).total_seconds() <= 1801
    assert ax.dataLim.y1 == pytest.approx(161 + 128)


# With job `a` named twice the axis would merge two bars if rows were keyed by name.
def test_plots_draw_on_the_given_axes(run):
    _, panels = plt.subplots(1, len(report.PLOTS))
    for panel, draw in zip(panels.flat, report.PLOTS.values(), strict=True):
        assert draw(run, ax=panel) is panel


def test_no_jobs_is_said(trace_file):
    trace_file.committed["jobs"] = 0
    with busbar.open(trace_file.write()) as run:
        for draw in (plots.waits, plots.job_gantt, plots.demand):
            with pytest.raises(busbar.NoDataError, match="no job"):
                draw(run)


def test_report_writes_every_picture(trace_file, tmp_path, capsys):
    assert report.main([str(trace_file.write()), "-o", str(tmp_path / "out")]) == 0
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {f"{name}.png" for name in [*report.PLOTS, "site-power", "power", "overview"]}
    assert all(path.stat().st_size > 5000 for path in (tmp_path / "out").iterdir())
    assert "left out" not in capsys.readouterr().err


def test_report_says_what_it_leaves_out(trace_file, tmp_path, capsys):
    trace_file.committed["jobs"] = 0
    assert report.main([str(trace_file.write()), "-o", str(tmp_path / "out")]) == 0
    assert "left out waits" in capsys.readouterr().err
    assert not (tmp_path / "out" / "waits.png").exists()


def test_report_of_no_trace_fails(tmp_path, capsys):
    assert report.main([str(tmp_path / "none.h5")]) == 4
    assert "no such file" in capsys.readouterr().err
