"""The step model keeps its accuracy on published runs, where their tables are at hand."""

import sys

import pytest
from conftest import ROOT

sys.path.append(str(ROOT / "tests" / "validation"))
import training_steps

pytestmark = pytest.mark.binary

# Targets that are missed, with their cause in sim/doc/models/training.md. A miss that is not listed
# fails, and so does one that is listed and met.
KNOWN = {
    "Llama 405B of MLPerf by other stacks' constants",
    "vTrain, several nodes: fitted",
    "vTrain, several nodes: unseen",
    "Spearman over plans of one model: vTrain, several nodes, mean",
}


def test_errors_on_published_runs(at_root, binary, monkeypatch):
    if not training_steps.DATA.exists():
        pytest.skip("the measured tables are not beside the repository")
    monkeypatch.setenv("BUSBAR_BIN", str(binary))
    missed = training_steps.compare(training_steps.DATA)
    named = {next((known for known in KNOWN if miss.startswith(known)), miss) for miss in missed}
    assert named == KNOWN
