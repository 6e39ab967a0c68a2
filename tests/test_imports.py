"""Which module imports which: no circles, and no level uses one above it."""

import ast
import functools
import importlib.util
import itertools
import subprocess
import sys
from pathlib import Path

import pytest

import fastdl

ROOT = Path(fastdl.__file__).parent
FILES = {
    ".".join(("fastdl", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(
        ".__init__"
    ): path
    for path in ROOT.rglob("*.py")
}
COMPILED = {"fastdl._core", "fastdl.data._ragged"}


def of_import(statement, module):
    """The modules of fastdl that an import statement loads, their packages' __init__ apart."""
    if isinstance(statement, ast.Import):
        names = [alias.name for alias in statement.names]
    else:
        package = module if FILES[module].name == "__init__.py" else module.rpartition(".")[0]
        base = importlib.util.resolve_name(
            "." * statement.level + (statement.module or ""), package
        )
        names = [f"{base}.{alias.name}" for alias in statement.names] + [base]
        if all(name in FILES or name in COMPILED for name in names[:-1]):
            names.pop()  # from fastdl.package import module: the package is counted below
    return [name for name in names if name in FILES]


def at_import(tree):
    """The statements that run when a module is imported: not in functions or for type checkers."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node
        yield from at_import(node)


def imports(module):
    """What the import of a module needs: what it names, and the packages these lie in."""
    named = {
        n for x in at_import(ast.parse(FILES[module].read_text())) for n in of_import(x, module)
    }
    around = {n for name in named for n in packages(name)} & FILES.keys()
    around = {n for n in around if not module.startswith(n + ".")}  # those are on their way
    return (named | around) - {module, "fastdl"}


def packages(module):
    """Those that it lies in, outermost first."""
    return itertools.accumulate(module.split(".")[:-1], "{}.{}".format)


@functools.cache
def graph():
    return {module: imports(module) for module in FILES}


def circle(graph):
    """A circle of a graph as a list, or None."""
    done, path = set(), []

    def visit(node):
        if node in path:
            return [*path[path.index(node) :], node]
        if node in done:
            return None
        path.append(node)
        found = next(filter(None, map(visit, sorted(graph[node]))), None)
        path.pop()
        done.add(node)
        return found

    return next(filter(None, map(visit, sorted(graph))), None)


def test_the_search_finds_circles():
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) is None
    assert "fastdl.program.weights" in graph()["fastdl.program.part"]


def test_no_circles():
    assert circle(graph()) is None


def test_no_circles_by_way_of_a_package():
    """A module of a package that is imported runs all of the package's __init__ first."""
    found = {}
    for module, needed in graph().items():
        package = module if FILES[module].name == "__init__.py" else module.rpartition(".")[0]
        found.setdefault(package, set()).update(
            n if FILES[n].name == "__init__.py" else n.rpartition(".")[0] for n in needed
        )
    found = {p: {n for n in of if n not in (p, "fastdl")} for p, of in found.items()}
    assert circle(found | {"fastdl": set()}) is None


LEVELS = ["estimators", "fitting", "program", "layers"]


@pytest.mark.parametrize("level", LEVELS)
def test_no_level_uses_one_above_it(level):
    above = tuple(f"fastdl.{name}" for name in LEVELS[: LEVELS.index(level)])
    for module, needed in graph().items():
        if module.startswith(f"fastdl.{level}"):
            assert not [name for name in needed if name.startswith(above)]


def test_private_names_are_refused_at_once():
    """Tools ask all modules for such names: no hint is sought, and nothing imported for one."""
    code = """
import sys, fastdl
assert not hasattr(fastdl, "__no_name__") and not hasattr(fastdl, "_no_name")
assert "fastdl._other_names" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
