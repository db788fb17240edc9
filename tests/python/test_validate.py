"""`busbar validate training` and `busbar calibrate`: measured tables in, errors and files out."""

import json
import subprocess
import sys

import pytest
from busbar import predictions

pytestmark = pytest.mark.binary

HEAD = "id,model,layers,hidden,heads,kv_heads,ffn,vocab,seq,gbs_seqs,mbs,TP,PP,VPP,CP,EP,DP_or_FSDP,precision,recompute,hardware,n_chips,scaleup_domain,step_s,step_kind,tok_s_chip,notes,stack,release,task,exclude\n"  # noqa: E501
GOOD = "g,LLAMA3_70B,,,,,,,8192,256,1,2,4,5,1,n/a,FSDP=0,MXFP8,,DGX-GB200,64,72,8.54,,3837,,megatron-bridge,26.02.01,pretrain,\n"  # noqa: E501
WIDE = "w,LLAMA3_70B,,,,,,,8192,256,1,3,4,5,1,n/a,FSDP=0,MXFP8,,DGX-GB200,64,72,8.54,,3837,,megatron-bridge,26.02.01,pretrain,\n"  # noqa: E501


def call(binary, *arguments):
    return subprocess.run([binary, *arguments], capture_output=True, text=True, check=False)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text(HEAD + GOOD + WIDE)
    return path


def test_rows_are_told_in_json(at_root, binary, table):
    result = call(binary, "validate", "training", "--table", table, "--json")
    assert result.returncode == 0, result.stderr
    good, wide = json.loads(result.stdout)["rows"]
    assert good["expressible"] is True
    assert good["unit"] == "s"
    assert good["measured"] == pytest.approx(256 * 8192 / (3837 * 64))
    assert good["predicted"] == pytest.approx(good["measured"], rel=0.15)
    assert good["null"] > 0
    assert wide == {
        "row": 1, "id": "w", "expressible": False, "unit": "s",
        "reason": "tensor parallelism must divide the attention heads: 3 does not divide the "
        "64 heads of 'llama-3.1-70b'",
    }  # fmt: skip


def test_the_text_names_what_it_cannot_express(at_root, binary, table):
    result = call(binary, "validate", "training", "--table", table)
    assert "1 of 2 rows expressible" in result.stdout
    assert "row 1 (w): tensor parallelism must divide" in result.stdout


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,model\nx,y\n", "no column 'hardware'"),
        (HEAD + "one,two\n", "2 fields"),
        ("", "rows.csv"),
    ],
)
def test_malformed_tables_are_told(at_root, binary, tmp_path, text, message):
    path = tmp_path / "rows.csv"
    path.write_text(text)
    result = call(binary, "validate", "training", "--table", path)
    assert result.returncode in (2, 4)
    assert message in result.stderr


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("gbs_seqs", "-5", "gbs_seqs must be positive, got -5"),
        ("tok_s_chip", "fast", "tok_s_chip is 'fast', not a number"),
        ("TP", "four", "TP is 'four', not a number"),
        ("n_chips", "", "chips, global batch or sequence are missing"),
    ],
)
def test_a_malformed_field_is_named(at_root, binary, tmp_path, column, value, reason):
    path = tmp_path / "rows.csv"
    fields = dict(zip(HEAD.strip().split(","), GOOD.strip().split(","), strict=True))
    path.write_text(HEAD + ",".join((fields | {column: value}).values()) + "\n")
    rows = json.loads(call(binary, "validate", "training", "--table", path, "--json").stdout)
    assert rows["rows"][0]["reason"] == reason


# A name that stands inside another is none: NVL4 is no L4.
def test_short_names_of_chips_stand_alone(at_root, binary, tmp_path):
    path = tmp_path / "rows.csv"
    fields = dict(zip(HEAD.strip().split(","), GOOD.strip().split(","), strict=True))
    lines = [
        ",".join((fields | {"hardware": text, "precision": "bf16"}).values())
        for text in ("NVL4 of H100", "8 x L4 cards")
    ]
    path.write_text(HEAD + "\n".join(lines) + "\n")
    rows = json.loads(call(binary, "validate", "training", "--table", path, "--json").stdout)
    assert [row.get("chip") for row in rows["rows"]] == ["h100-sxm", "l4"]


def test_leaving_out_needs_a_fit(at_root, binary, table):
    result = call(binary, "validate", "training", "--table", table, "--leave-out", "model")
    assert result.returncode == 2
    assert "--leave-out needs --refit" in result.stderr


def test_the_picture_is_drawn(at_root, binary, table, tmp_path, monkeypatch):
    monkeypatch.setenv("BUSBAR_PYTHON", sys.executable)
    picture = tmp_path / "errors.png"
    result = call(binary, "validate", "training", "--table", table, "--plot", picture)
    assert result.returncode == 0, result.stderr
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_python_table_has_errors_and_parts(at_root, binary, table, monkeypatch):
    monkeypatch.setenv("BUSBAR_BIN", str(binary))
    data = predictions.table(table)
    assert list(data.id) == ["g"]
    assert data.error[0] == pytest.approx(data.predicted[0] / data.measured[0] - 1)
    parts = [name for name in data.columns if name.startswith("part ")]
    assert data[parts].sum(axis=1)[0] == pytest.approx(data.predicted[0])


def test_calibrate_writes_files_that_check_accepts(at_root, binary, tmp_path):
    rows = tmp_path / "rows.csv"
    lines = [
        f"r{tp}{pp},GPT 7.5B,36,4096,32,32,16384,51200,2048,512,2,{tp},{pp},1,1,1,DP,fp16,full,"
        f"A100-80GB SXM,128,8,{step},,,,megatron-lm-2021,2021,pretrain,"
        for tp, pp, step in ((1, 1, 3.5), (4, 1, 3.7), (4, 4, 4.2), (8, 2, 4.4))
    ]
    rows.write_text(HEAD + "\n".join(lines) + "\n")
    result = call(binary, "calibrate", "training", "--table", rows, "-o", tmp_path)
    assert result.returncode == 0, result.stderr
    written = tmp_path / "a100-sxm-megatron-lm-2021.xml"
    assert 'rows="4"' in written.read_text()
    assert call(binary, "check", written).returncode == 0
    missing = call(binary, "calibrate", "training", "--table", rows, "-o", tmp_path / "none")
    assert missing.returncode == 2
    assert "no folder" in missing.stderr


def test_calibrate_kernels_recovers_a_curve(at_root, binary, tmp_path):
    # Products of a chip that reaches 80 % of 989 TFLOP/s, half of it at k = 200, in 3 us.
    lines = ["system,gemm_dtype,m,n,k,latency_us"]
    for m in (1024, 4096, 16384):
        for n in (1024, 4096, 16384):
            for k in (512, 2048, 8192):
                seconds = 2.0 * m * n * (k + 200) / (0.8 * 989e12) + 3e-6
                lines.append(f"h100_sxm,bfloat16,{m},{n},{k},{seconds * 1e6:.4f}")
    table = tmp_path / "products.csv"
    table.write_text("\n".join(lines) + "\n")
    result = call(binary, "calibrate", "kernels", "--products", table, "-o", tmp_path)
    assert result.returncode == 0, result.stderr
    text = (tmp_path / "h100-sxm-kernels.xml").read_text()
    ceiling = float(text.split('ceiling="')[1].split(" ")[0])
    k_half = float(text.split('k-half="')[1].split('"')[0])
    assert ceiling == pytest.approx(80, abs=2)
    assert k_half == pytest.approx(200, rel=0.15)
