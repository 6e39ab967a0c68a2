"""No piece of a layer or kernel is forgotten: C++ list, dataclass, case, reference, kernel rows."""

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

import reference
from cases import CASES
from fastdl import _core, functional, losses
from fastdl import layers as L
from fastdl._core import Program

SOURCES = Path(__file__).parents[3] / "src" / "cpp"
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


def kernel_families() -> dict[str, list[str]]:
    """The rows of each family of kernels, as src/cpp/kernels/*.hpp declare them."""
    families = {}
    for header in sorted((SOURCES / "kernels").glob("*.hpp")):
        text = header.read_text()
        for name, rows in re.findall(r"struct (\w+)Kernels \{\n(.*?)\n\};", text, re.DOTALL):
            families[name] = re.findall(r"\(\*(\w+)\)\(", rows)
    return families


def test_every_kernel_row_is_filled() -> None:
    """A row that the CPU's table leaves out would be a null pointer."""
    filled = {}
    for table in (SOURCES / "kernels" / "cpu").glob("*.cpp"):
        for name, rows in re.findall(
            r"constexpr (\w+)Kernels<T> \w+_rows\(\) \{(.*?)\n\}", table.read_text(), re.DOTALL
        ):
            filled[name] = re.findall(r"\.(\w+) = \1(?:<T>)?,", rows)
    assert filled == kernel_families()


def test_every_family_of_kernels_is_in_the_table() -> None:
    interface = (SOURCES / "kernels" / "kernels.hpp").read_text()
    declared = re.findall(r"const (\w+)Kernels<T>& (\w+);", interface)
    assert {name for name, _ in declared} == set(kernel_families())
    table = (SOURCES / "kernels" / "cpu" / "table.cpp").read_text()
    for dtype in ("f32", "f64"):
        assert re.findall(rf"\.(\w+) = \1_{dtype},", table) == [member for _, member in declared]


def test_kernel_rows_have_their_own_names() -> None:
    rows = [row for family in kernel_families().values() for row in family]
    assert len(rows) > 80
    assert len(set(rows)) == len(rows)


@pytest.mark.parametrize("kind", losses.BY_NAME)
def test_every_loss_is_everywhere(kind: str) -> None:
    """In the core, in the reference and in `fastdl.functional`, with codes or targets alike."""
    loss = losses.BY_NAME[kind]
    assert kind in reference.LOSSES
    assert kind in functional.__all__
    program = Program(L.to_dict([L.Dense(2)]), (3,))
    program.set_loss(kind, loss().param)
    codes, targets = np.zeros(4, np.int32), np.zeros((4, 2), np.float32)
    x = np.zeros((4, 3), np.float32)
    program.loss_and_grads(x, codes if loss.codes else targets)
    with pytest.raises((TypeError, ValueError)):
        program.loss_and_grads(x, targets if loss.codes else codes)


def test_there_are_no_other_losses() -> None:
    assert set(reference.LOSSES) == set(losses.BY_NAME)
    text = (SOURCES / "kernels" / "loss_kind.hpp").read_text()
    kinds = re.search(r"enum class LossKind : int \{(.*?)\}", text, re.DOTALL)
    assert kinds is not None
    assert re.findall(r"\w+", kinds[1]) == list(losses.BY_NAME)
