"""No piece of a layer or kernel is forgotten: C++ list, dataclass, case, reference, kernel rows."""

import dataclasses
import re
from pathlib import Path

import pytest

import reference
from cases import CASES
from fastdl import _core
from fastdl import layers as L

SOURCES = Path(__file__).parents[1] / "src" / "cpp"
FIELDS = _core.layer_fields()


def test_the_same_layers_on_both_sides() -> None:
    assert [layer.kind for layer in L.ALL] == list(FIELDS)


@pytest.mark.parametrize("layer", L.ALL, ids=lambda layer: layer.kind)
def test_fields(layer: type[L.Layer]) -> None:
    """The registry's fields are the dataclass's, but for the name; __init__ takes no others."""
    names = {field.name for field in dataclasses.fields(layer)} - {"name"}
    assert names == set(FIELDS[layer.kind])
    assert names == set(layer.rules)


@pytest.mark.parametrize("layer", L.ALL, ids=lambda layer: layer.kind)
def test_every_layer_has_a_case_and_a_reference(layer: type[L.Layer]) -> None:
    kinds = {inner.kind for case in CASES for inner in L.walk(case.layers)}
    assert layer.kind in kinds
    assert layer.kind in reference.LAYERS


def test_every_activation_has_a_case() -> None:
    choices = L.Activation.rules["function"].choices
    used = {
        layer.function
        for case in CASES
        for layer in L.walk(case.layers)
        if isinstance(layer, L.Activation)
    }
    assert used == set(choices)


def test_cases_have_their_own_names() -> None:
    ids = [case.id for case in CASES]
    assert len(set(ids)) == len(ids)


def test_every_kernel_row_is_filled() -> None:
    """A row that the CPU's table leaves out would be a null pointer."""
    interface = (SOURCES / "core" / "kernels.hpp").read_text()
    rows = re.findall(r"\(\*(\w+)\)\(", interface[interface.index("struct Kernels {") :])
    rows.remove("available")  # of struct Backend
    table = (SOURCES / "kernels" / "cpu" / "table.cpp").read_text()
    filled = re.findall(r"\.(\w+) = \1<T>", table)
    assert filled == ["lanes", *rows]
