"""Columns of a trace: stored numbers and codes to pandas."""

from __future__ import annotations

from collections.abc import Mapping

import h5py
import numpy as np
import pandas as pd

from busbar.errors import TraceError

ROWS = "rows_committed"  # attribute of a table's group: rows that every column has
REFERENCE = "reference"  # attribute of a column: the table whose row numbers it holds


def scalar(value):
    """Turn an attribute or scalar dataset into a plain Python value."""
    if isinstance(value, bytes | np.bytes_):
        return value.decode("utf-8")
    if isinstance(value, h5py.Empty):
        return ""
    if isinstance(value, np.ndarray):
        items = [scalar(item) for item in value.ravel()]
        return items[0] if value.ndim == 0 or value.size == 1 else items
    return value.item() if isinstance(value, np.generic) else value


def committed_rows(group: h5py.Group) -> int:
    """Rows of a table that every column has in full."""
    lengths = [item.shape[0] for item in group.values() if isinstance(item, h5py.Dataset)]
    shortest = min(lengths, default=0)
    if ROWS not in group.attrs:
        if len(set(lengths)) > 1:
            raise TraceError(f"{group.file.filename}: columns of {group.name} differ in length")
        return shortest
    rows = int(scalar(group.attrs[ROWS]))
    if rows > shortest:
        raise TraceError(
            f"{group.file.filename}: {group.name} says {rows} committed rows, but its shortest "
            f"column has {shortest}; the file is damaged"
        )
    return rows


def read_column(group: h5py.Group, name: str) -> np.ndarray:
    """Read the committed rows of one column as stored; text as str."""
    if not isinstance(group.get(name), h5py.Dataset):
        raise TraceError(
            f"{group.file.filename}: no column '{name}' in {group.name}; "
            f"known: {', '.join(sorted(group))}"
        )
    dataset = group[name]
    values = dataset[: committed_rows(group)]
    if values.dtype.kind == "S":
        return np.char.decode(values, "utf-8").astype(object)
    if values.dtype.kind == "O":
        return np.array([scalar(item) for item in values], dtype=object)
    return values


def read_index(file: h5py.File, group: h5py.Group, name: str):
    """Read one column for a DataFrame: codes as meanings, references as names."""
    values = read_column(group, name)
    attrs = group[name].attrs
    if "flag_values" in attrs:
        return _meanings(group, name, values)
    if REFERENCE in attrs:
        target = file.get(scalar(attrs[REFERENCE]))
        if isinstance(target, h5py.Group) and "name" in target:
            return _references(group, name, values, read_column(target, "name"))
    if values.dtype == object:
        return pd.array(values, dtype="str")
    return values


def describe(datasets: Mapping[str, h5py.Dataset]) -> dict[str, dict[str, str]]:
    """Units and long names of columns, for `DataFrame.attrs`."""
    return {
        attribute: {
            name: scalar(item.attrs[attribute])
            for name, item in datasets.items()
            if scalar(item.attrs.get(attribute, ""))
        }
        for attribute in ("units", "long_name")
    }


def _meanings(group: h5py.Group, name: str, values: np.ndarray) -> pd.Categorical:
    attrs = group[name].attrs
    flags = np.atleast_1d(attrs["flag_values"])
    meanings = scalar(attrs["flag_meanings"]).split()
    codes = pd.Index(flags).get_indexer(values)
    unknown = values[(codes < 0) & (values != -1)]
    if len(unknown):
        raise TraceError(
            f"{group.file.filename}: {group.name}/{name} holds {unknown[0]}, which its "
            "flag_meanings do not name; the file is damaged"
        )
    return pd.Categorical.from_codes(codes, meanings)


def _references(
    group: h5py.Group, name: str, values: np.ndarray, names: np.ndarray
) -> pd.Categorical:
    if len(values) and (values.max() >= len(names) or values.min() < -1):
        raise TraceError(
            f"{group.file.filename}: {group.name}/{name} refers to row {values.max()} of a table "
            f"with {len(names)} rows; the file is damaged"
        )
    return pd.Categorical.from_codes(values, list(names))
