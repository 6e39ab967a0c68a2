"""docs/onnx.md names every operator that is read and every layer."""

import re
from pathlib import Path

from fastdl import layers as L
from fastdl.onnx.reading.joins import JOINS
from fastdl.onnx.reading.table import GROUPS, READERS
from fastdl.onnx.running.table import COMPUTED

PAGE = Path(__file__).parents[2] / "docs" / "onnx.md"


def test_tables_are_up_to_date() -> None:
    first = set(re.findall(r"^\| ([\w.]+) \|", PAGE.read_text(), re.MULTILINE))
    wanted = {*READERS, *JOINS, *COMPUTED, *(layer.__name__ for layer in L.ALL)} - {*GROUPS}
    assert not wanted - first, "python docs/write_onnx_operators.py"
