"""What the tests owe each other: each alone gives what it gives among all the others."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from each import Each, pytest_pyfunc_call

FILES = sorted(Path(__file__).parent.rglob("*.py"))
GENERATORS = {"default_rng", "Generator", "RandomState", "Random"}


def shared_generators(source: str) -> list[int]:
    """The lines that keep a generator of random numbers for several tests.

    One that is kept by a module or a class, or is the default of an argument, gives each test what
    the tests before it have left: with ``-k`` they get other data. One that is used up in the same
    expression, ``default_rng(0).normal(size=3)``, is shared by nobody.
    """
    if not any(name in source for name in GENERATORS):
        return []
    return [call.lineno for call in _kept(ast.parse(source))]


def _kept(node: ast.AST) -> Iterator[ast.Call]:
    for field, value in ast.iter_fields(node):
        if field == "body" and isinstance(node, ast.FunctionDef | ast.Lambda):
            continue  # what a test makes is its own
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.Call) and not isinstance(node, ast.Attribute):
                name = child.func.attr if isinstance(child.func, ast.Attribute) else child.func
                if (name.id if isinstance(name, ast.Name) else name) in GENERATORS:
                    yield child
            if isinstance(child, ast.AST):
                yield from _kept(child)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_generator_is_shared(file: Path) -> None:
    assert not shared_generators(file.read_text())


@pytest.mark.parametrize(
    "source",
    [
        "rng = np.random.default_rng(0)",
        "RNG: Any = RandomState(3)",
        "a, b = [default_rng(i) for i in range(2)]",
        "class Data:\n    rng = random.Random(0)",
        "def draw(rng=np.random.default_rng(0)):\n    return rng.random()",
        "if torch:\n    rng = np.random.Generator(np.random.PCG64(0))",
        "CASES = [(np.random.default_rng(0), 3)]",
    ],
)
def test_a_shared_generator_is_found(source: str) -> None:
    assert shared_generators(source)


@pytest.mark.parametrize(
    "source",
    [
        "X = np.random.default_rng(0).normal(size=3)",
        "def test():\n    rng = np.random.default_rng(0)",
        "class Test:\n    def test(self):\n        return RandomState(0)",
        "CASES = [lambda: np.random.default_rng(0)]",
        "def draw(rng: np.random.Generator) -> None: ...",
    ],
)
def test_a_generator_of_one_test_is_fine(source: str) -> None:
    assert not shared_generators(source)


def test_a_call_that_is_skipped_leaves_the_others() -> None:
    """Backends and dtypes are met within one test."""
    met = []

    def some(dtype: str) -> None:
        met.append(dtype)
        if dtype == "float32":
            pytest.skip("float64 alone")

    def none(dtype: str) -> None:
        pytest.skip(dtype)

    def called(test: Callable[[str], None]) -> bool | None:
        item = SimpleNamespace(obj=test, funcargs={"dtype": Each(("float32", "float64"))})
        return pytest_pyfunc_call(cast(pytest.Function, item))

    assert called(some)
    assert met == ["float32", "float64"]
    with pytest.raises(pytest.skip.Exception, match="float32"):
        called(none)
