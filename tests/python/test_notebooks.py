"""Notebooks run from top to bottom, and are committed without outputs."""

import os
import re

import nbformat
import pytest
from conftest import ROOT
from nbclient import NotebookClient

NOTEBOOKS = sorted((ROOT / "analysis" / "notebooks").glob("*.ipynb"))


NEED_TABLES = {"03-training-steps"}
TABLES = ROOT.parent / "shared" / "data" / "training"

# Calls that draw; those of the same modules that return tables are left out.
DRAWING = r"(plots|predictions)\.(?!chip_|table\()\w+\("


def read(path):
    return nbformat.read(path, as_version=4)


def test_there_are_notebooks():
    assert "01-first-look" in {path.stem for path in NOTEBOOKS}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_hold_no_outputs(path):
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
    assert [cell.source for cell in cells if cell.outputs or cell.execution_count] == []


# A cell that draws must show a picture; an exception in any cell fails the test.
@pytest.mark.notebook
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_run(path, binary, tmp_path, monkeypatch):
    if path.stem in NEED_TABLES and not TABLES.exists():
        pytest.skip("the measured tables are not beside the repository")
    monkeypatch.setenv("BUSBAR_BIN", os.path.abspath(binary))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    notebook = read(path)
    resources = {"metadata": {"path": str(path.parent)}}
    NotebookClient(notebook, timeout=600, kernel_name="python3", resources=resources).execute()
    drawing = [cell for cell in notebook.cells if re.search(DRAWING, cell.source)]
    assert len(drawing) > 3
    assert [cell.source for cell in drawing if not shows_picture(cell)] == []


def shows_picture(cell):
    return any("image/png" in output.get("data", {}) for output in cell.outputs)
