"""Campaigns, batch requests and replayed request logs: what the load asks for is what happens."""

import gzip
import subprocess

import busbar
import numpy as np
import pytest

pytestmark = pytest.mark.binary

HOUR, DAY = 3600.0, 86400.0

STREAM = """
  <stream id="{name}" kind="fine-tuning" assumed="test">{arrivals}
    <chips distribution="constant" value="{chips}"/>
    <duration distribution="uniform" min="{low} h" max="{high} h"/>
  </stream>"""
SERVICE = """
  <service id="chat" model="llama-3.1-70b" {tokens} ttft="2 s" tpot="50 ms" {more} assumed="test">
    {demand}
  </service>"""


class Mix:
    """A mix and a scenario of its own over the world `tiny`."""

    def __init__(self, folder, root, body, *, horizon="10 d"):
        (folder / "mix.xml").write_text(
            '<workload name="m" xmlns:xi="http://www.w3.org/2001/XInclude">'
            f'<xi:include href="{root}/workloads/models/open-models.xml"/>{body}</workload>'
        )
        self.scenario = folder / "scenario.xml"
        self.scenario.write_text(
            f'<scenario name="s" world="{root}/platforms/worlds/tiny.xml" mix="mix.xml" '
            f'start="2026-01-01" horizon="{horizon}" seed="3"/>'
        )
        self.folder = folder

    def call(self, binary, *arguments):
        return subprocess.run(
            [binary, arguments[0], self.scenario, *arguments[1:]],
            capture_output=True,
            text=True,
            check=False,
        )

    def run(self, binary, *arguments):
        result = self.call(binary, "run", "-o", self.folder / "run.h5", "--force", *arguments)
        assert result.returncode == 0, result.stderr
        return busbar.open(self.folder / "run.h5")


CAMPAIGN = (
    STREAM.format(name="small", arrivals="", chips=8, low=2, high=9)
    + STREAM.format(name="large", arrivals="", chips=64, low=20, high=30)
    + """<campaign id="next" start="2026-01-02" within="9 d" assumed="test">
      <stage id="ladder" stream="small" jobs="5"/>
      <stage id="probes" stream="small" jobs="2"/>
      <stage id="train" stream="large" after="ladder probes"/>
      <stage id="release" stream="small" jobs="3" after="train"/>
    </campaign>"""
)


def stages_of(run):
    jobs = run.jobs
    stage = jobs["name"].astype(str).str.split("-").str[1]
    return {name: jobs[stage == name] for name in ("ladder", "probes", "train", "release")}


def test_stages_of_a_campaign_wait_for_each_other(binary, root, tmp_path):
    with Mix(tmp_path, root, CAMPAIGN).run(binary) as run:
        stages = stages_of(run)
        assert {name: len(jobs) for name, jobs in stages.items()} == {
            "ladder": 5, "probes": 2, "train": 1, "release": 3,
        }  # fmt: skip
        assert (stages["ladder"]["start_s"] == DAY).all()
        before = max(stages["ladder"]["end_s"].max(), stages["probes"]["end_s"].max())
        assert stages["train"]["submit_s"].item() == before
        assert (stages["release"]["submit_s"] == stages["train"]["end_s"].item()).all()
        assert (run.jobs["state"] == "completed").all()
        table = run.table("summary/stages").set_index("stage")
        assert table.loc["release", "end_s"] == stages["release"]["end_s"].max()
        assert (table["due_s"] == 10 * DAY).all()
        assert (table["jobs"] == table["jobs_ended"]).all()


def test_a_campaign_replays_from_its_exported_log(binary, root, tmp_path):
    mix = Mix(tmp_path, root, CAMPAIGN)
    log = tmp_path / "jobs.csv"
    exported = subprocess.run([binary, "export", "log", mix.scenario, "-o", log], check=False)
    assert exported.returncode == 0
    with mix.run(binary) as generated:
        fingerprint = generated.provenance["fingerprint"]
    with mix.run(binary, "--set", f"/scenario/@jobs={log}") as replayed:
        assert replayed.provenance["fingerprint"] == fingerprint
    log.write_text(log.read_text().replace("next/train", "next/tarin"))
    wrong = mix.call(binary, "run", "-o", tmp_path / "x.h5", "--set", f"/scenario/@jobs={log}")
    assert wrong.returncode == 2
    assert "stage must be campaign/stage of the mix" in wrong.stderr
    assert "next/tarin" in wrong.stderr


def test_what_waits_for_an_earlier_stage_at_the_end_says_so(binary, root, tmp_path):
    with Mix(tmp_path, root, CAMPAIGN, horizon="30 h").run(binary) as run:
        stages = stages_of(run)
        assert (stages["release"]["state"] == "waiting").all()
        assert (stages["release"]["waited_for"] == "earlier-stage").all()
        assert stages["release"]["start_s"].isna().all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('after="train"', 'after="rain"'), "waits for 'rain', which is no earlier stage"),
        (('within="9 d"', 'finish="2026-01-01"'), "finishes before it starts"),
        (('within="9 d"', 'within="9 d" finish="2026-02-01"'), "finish or within, not both"),
        (('stage id="probes"', 'stage id="ladder"'), "two stages 'ladder'"),
        (('stream="large" after', 'stream="small" after'), "stream 'large' has neither"),
    ],
)
def test_wrong_campaigns_are_told(binary, root, tmp_path, change, message):
    assert change[0] in CAMPAIGN
    mix = Mix(tmp_path, root, CAMPAIGN.replace(*change))
    result = mix.call(binary, "check")
    assert result.returncode == 2
    assert message in result.stderr


DEMAND = '<demand region="us-east" requests="60 req/s" daily-amplitude="60 %"/>'
TOKENS = 'input-tokens="1200" output-tokens="300"'


def served(run):
    return run.serving


def test_batch_requests_fill_the_day_and_are_conserved(binary, root, tmp_path):
    batch = 'batch-tokens="3000 token/s"'
    mix = Mix(tmp_path, root, SERVICE.format(tokens=TOKENS, more=batch, demand=DEMAND))
    with mix.run(binary) as run:
        rows, summary = served(run), run.summary
        assert summary["batch_requests_arrived"] == pytest.approx(10 * 10 * DAY)  # 10 a second
        left = rows["queue"].iloc[-1]
        done = rows["batch_served"].sum()
        assert done == pytest.approx(summary["batch_requests_served"])
        assert done + left == pytest.approx(summary["batch_requests_arrived"], rel=1e-9)
        assert summary["batch_requests_served_late"] == 0
        # They take what is left: nobody else waits longer, and at night more of them are served.
        alone = Mix(tmp_path, root, SERVICE.format(tokens=TOKENS, more="", demand=DEMAND))
        with alone.run(binary) as other:
            np.testing.assert_allclose(served(other)["ttft_p99"], rows["ttft_p99"])
            assert served(other)["energy_j"].sum() < rows["energy_j"].sum()


def test_batch_requests_that_can_wait_no_longer_get_replicas(binary, root, tmp_path):
    # Far more than the others leave room for.
    batch = 'batch-tokens="600 ktoken/s" batch-deadline="6 h"'
    mix = Mix(tmp_path, root, SERVICE.format(tokens=TOKENS, more=batch, demand=DEMAND))
    with mix.run(binary) as run:
        rows = served(run)
        by_hour = rows.groupby("time_s")["replicas"].sum()
        assert by_hour.iloc[8:].mean() > 2 * by_hour.iloc[0]
        assert run.summary["batch_requests_served_late"] == 0
        # Nothing waits longer than its deadline: at most six hours of arrivals are left.
        assert rows["queue"].max() <= 2000 * 6 * HOUR * (1 + 1e-9)


def azure(seconds, tokens):
    rows = "".join(
        f"2023-11-16 {18 + int(t // 3600):02}:{int(t % 3600 // 60):02}:{t % 60:09.6f},{a},{b}\n"
        for t, (a, b) in zip(seconds, tokens, strict=True)
    )
    return "TIMESTAMP,ContextTokens,GeneratedTokens\n" + rows


def test_a_service_replays_a_log_of_requests(binary, root, tmp_path):
    rng = np.random.default_rng(5)
    seconds = np.sort(rng.uniform(0, 3 * HOUR, 4000))
    seconds[0] = 0.0
    tokens = [(int(a), int(b)) for a, b in rng.integers(100, 900, (4000, 2))]
    with gzip.open(tmp_path / "log.csv.gz", "wt") as file:
        file.write(azure(seconds, tokens))
    body = SERVICE.format(
        tokens="", more="", demand='<demand region="us-east" log="log.csv.gz" scale="10"/>'
    )
    with Mix(tmp_path, root, body, horizon="6 h").run(binary) as run:
        rows = served(run).groupby("time_s")[["arrivals", "served", "tokens"]].sum()
        counts = np.histogram(seconds, bins=[0, HOUR, 2 * HOUR, 3 * HOUR])[0]
        np.testing.assert_allclose(rows["arrivals"].to_numpy()[:3], 10 * counts)
        assert (rows["arrivals"].to_numpy()[3:] == 0).all()
        mean = np.mean([b for _, b in tokens])
        assert rows["tokens"].sum() == pytest.approx(rows["served"].sum() * mean, rel=1e-9)
    again = body.replace('scale="10"', 'scale="10" repeat="yes"')
    with Mix(tmp_path, root, again, horizon="6 h").run(binary) as run:
        arrivals = served(run).groupby("time_s")["arrivals"].sum().to_numpy()
        np.testing.assert_allclose(arrivals, 10 * np.tile(counts, 2))


@pytest.mark.parametrize("name", ["azure2023_conv.csv.gz", "mooncake_conversation.jsonl.gz"])
def test_a_service_replays_the_published_logs(binary, root, tmp_path, name):
    log = root.parent / "shared" / "data" / "inference" / name
    if not log.exists():
        pytest.skip(f"no {log}")
    demand = f'<demand region="us-east" log="{log}"/>'
    mix = Mix(tmp_path, root, SERVICE.format(tokens="", more="", demand=demand), horizon="3 h")
    with mix.run(binary) as run, gzip.open(log, "rt") as file:
        requests = sum(1 for line in file if line.strip()) - name.startswith("azure")
        assert run.summary["requests_arrived"] == pytest.approx(requests, rel=1e-9)


@pytest.mark.parametrize(
    ("tokens", "demand", "message"),
    [
        ("", DEMAND, "needs input-tokens, or a <demand> with a log"),
        (TOKENS, '<demand region="us-east" log="none.csv"/>', "none.csv"),
        (TOKENS, '<demand region="us-east" log="bad.csv"/>', "bad.csv:3"),
        (TOKENS, DEMAND.replace("/>", ' scale="2"/>'), "belongs to a <demand> with a log"),
        (TOKENS, DEMAND.replace("/>", ' log="bad.csv"/>'), "takes its requests from there"),
    ],
)
def test_wrong_demands_are_told(binary, root, tmp_path, tokens, demand, message):
    (tmp_path / "bad.csv").write_text(azure([0, 1], [(5, 5), (5, -2)]))
    mix = Mix(tmp_path, root, SERVICE.format(tokens=tokens, more="", demand=demand))
    result = mix.call(binary, "run", "-o", tmp_path / "x.h5")
    assert result.returncode == 2
    assert message in result.stderr


def test_the_power_of_the_clusters_is_that_of_the_sites(binary, root, tmp_path):
    scenario = root / "workloads" / "scenarios" / "tiny.xml"
    trace = tmp_path / "tiny.h5"
    subprocess.run([binary, "run", scenario, "-o", trace], check=True, capture_output=True)
    with busbar.open(trace) as run:
        site = run.clusters["site"].astype(str)
        clusters = run.cluster_series("it_power_w").T.groupby(site).sum().T
        sites = run.site_series("it_power_w")
        np.testing.assert_allclose(clusters[list(sites.columns)], sites, rtol=1e-9)
