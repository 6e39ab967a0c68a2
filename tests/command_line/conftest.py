"""A folder to work in."""

import pytest
from commands import IRIS, SPECIES


@pytest.fixture
def folder(tmp_path, monkeypatch):
    pd = pytest.importorskip("pandas")
    monkeypatch.chdir(tmp_path)
    columns = {f"x{j}": IRIS.data[:, j] for j in range(4)}
    pd.DataFrame({**columns, "species": SPECIES}).to_csv("iris.csv", index=False)
    return tmp_path
