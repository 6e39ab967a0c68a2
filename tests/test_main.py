"""The command line, and what importing fastdl costs."""

import ast
import builtins
import importlib
import subprocess
import sys
from pathlib import Path
from pkgutil import iter_modules

import numpy as np
import pytest
import scipy
import sklearn

import fastdl
from fastdl import _core
from fastdl._versions import describe
from fastdl.command_line import main


def test_describe(monkeypatch):
    monkeypatch.delenv("FASTDL_BACKEND", raising=False)
    text = describe()
    best = next(b.name for b in _core.backends() if b.available)
    assert text.startswith(f"fastdl {fastdl.__version__}\n")
    assert [line.split()[0] for line in text.splitlines() if "chosen" in line] == [best]
    assert text.endswith(f"threads: {_core.max_threads()}")


def test_backend_can_be_forced(monkeypatch):
    monkeypatch.setenv("FASTDL_BACKEND", "cpu:generic")
    assert [line.split()[0] for line in describe().splitlines() if "chosen" in line] == [
        "cpu:generic"
    ]


def test_unknown_backend(monkeypatch, capsys):
    monkeypatch.setenv("FASTDL_BACKEND", "cpu:abacus")
    assert main([]) == 1
    assert "FASTDL_BACKEND='cpu:abacus' is not available here. Usable" in capsys.readouterr().err


def test_show_versions(capsys):
    fastdl.show_versions()
    printed = capsys.readouterr().out
    assert printed == describe() + "\n"
    for library in (np, sklearn, scipy):
        name = {"sklearn": "scikit-learn"}.get(library.__name__, library.__name__)
        assert f"\n{name} {library.__version__}\n" in printed


def test_version(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"fastdl {fastdl.__version__}\n"


def test_unknown_command(capsys):
    with pytest.raises(SystemExit):
        main(["dmeo"])
    assert "dmeo" in capsys.readouterr().err


def run(code):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


@pytest.mark.share(2)
@pytest.mark.parametrize("module", ["fastdl", "fastdl.functional", "fastdl.layers", "fastdl.data"])
def test_import_needs_numpy_alone(module):
    foreign = ["sklearn", "scipy", "matplotlib", "pandas", "joblib", "safetensors"]
    code = f"import sys, {module}; print([m for m in {foreign} if m in sys.modules])"
    assert run(code).strip() == "[]"


def test_everything_listed_is_there():
    assert set(fastdl.__all__) | {"io", "callbacks", "show_versions"} <= set(dir(fastdl))
    for name in dir(fastdl):
        assert getattr(fastdl, name) is not None


def test_completion_offers_what_users_call():
    ours = {name for name in dir(fastdl) if not name.startswith("__")}
    code = "import fastdl.samples, fastdl.fitting.job; print(*dir(fastdl))"
    assert {name for name in run(code).split() if not name.startswith("__")} == ours
    assert all(not name.startswith("_") for name in ours)
    for name in ours:
        home = getattr(fastdl, name)
        assert getattr(home, "__module__", getattr(home, "__name__", "")).startswith("fastdl.")


PACKAGES = [m.name for m in iter_modules(fastdl.__path__) if m.ispkg and not m.name.startswith("_")]


@pytest.mark.parametrize("name", PACKAGES)
def test_completion_in_packages_offers_no_tools(name):
    package = importlib.import_module(f"fastdl.{name}")
    for found in set(dir(package)) - set(getattr(package, "__all__", ())):
        if not found.startswith("_"):  # modules of the package
            assert getattr(package, found).__name__ == f"fastdl.{name}.{found}"


@pytest.mark.slow
def test_a_star_import_hides_nothing():
    """No module of the standard library and no builtin; and it needs no optional package."""
    public = set(fastdl.__all__)
    assert not public & (set(sys.stdlib_module_names) | set(dir(builtins)))
    without = "import sys\nfor name in 'onnx', 'matplotlib', 'pandas': sys.modules[name] = None\n"
    code = "import io\nfrom fastdl import *\nprint(io.StringIO, MLPClassifier, callbacks.EpochEnd)"
    assert run(without + code).startswith("<class '_io.StringIO'>")


@pytest.mark.slow
@pytest.mark.parametrize("module", ["callbacks", "io", "inspection", "schedules"])
def test_modules_come_by_themselves(module):
    assert run(f"import fastdl; print(fastdl.{module}.__name__)").strip() == f"fastdl.{module}"


# --- scikit-learn is missing, too old, or broken

GONE = "import sys; sys.modules['sklearn'] = None\n"
OLD = "import sys, types; old = sys.modules['sklearn'] = types.ModuleType('sklearn'); "
OLD += "old.__version__ = '1.5.2'\n"
WAYS = [
    "from fastdl import MLPClassifier",
    "import fastdl; fastdl.NDScaler",
    "from fastdl.estimators import DBN",
    "import fastdl.inspection",
    "import fastdl; fastdl.load('model.safetensors')",
    "from fastdl import *",
]


TRY = """
for way in {ways}:
    try:
        exec(way)
    except ImportError as error:
        print(error)
"""


@pytest.mark.share(2)
@pytest.mark.parametrize(
    ("before", "sentence"),
    [
        (GONE, 'need scikit-learn: pip install "scikit-learn>=1.6"'),
        (OLD, 'need scikit-learn 1.6 or newer, and this is 1.5.2: pip install "scikit-learn>=1.6"'),
    ],
    ids=["missing", "old"],
)
def test_says_what_to_install(before, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fastdl.MLPClassifier().save("model.safetensors")
    said = run(before + TRY.format(ways=WAYS)).splitlines()
    assert said == [f"The estimators of fastdl {sentence}"] * len(WAYS)


def test_one_traceback_is_enough():
    command = [sys.executable, "-c", GONE + WAYS[0]]
    error = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    assert error.count("Traceback") == 1
    assert "During handling" not in error


def test_a_broken_scikit_learn_says_so_itself():
    broken = "import sys; sys.modules['sklearn.utils'] = None; " + WAYS[0]
    command = [sys.executable, "-c", broken]
    error = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    assert "sklearn.utils" in error.splitlines()[-1]


@pytest.mark.share(2)
@pytest.mark.parametrize("before", [GONE, OLD], ids=["missing", "old"])
def test_works_without_scikit_learn(before):
    code = "import fastdl, numpy as np; from fastdl import functional as F, layers as L; "
    code += "print(F.activation(np.array([-1.0, 2.0]), 'relu'), L.Dense(3)); fastdl.show_versions()"
    assert run(before + code).startswith("[0. 2.] Dense(3)")


def test_unknown_attribute():
    with pytest.raises(AttributeError, match="module 'fastdl' has no attribute 'CNN'"):
        fastdl.CNN  # noqa: B018


@pytest.mark.slow
def test_demo(tmp_path, capsys):
    assert main(["demo", "--out", str(tmp_path / "new")]) == 0
    printed = capsys.readouterr().out
    assert printed.count("\nyes  ") == 3
    names = ("learning-curves", "filters", "predictions", "mistakes", "saliency")
    for name in names:
        assert (tmp_path / "new" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "new" / "network.svg").read_text().startswith("<svg")


def test_private_names_of_scikit_learn_come_from_one_file():
    found = []
    for file in sorted(Path(fastdl.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sklearn"):
                path = [*node.module.split("."), *(alias.name for alias in node.names)]
                if "callback" in path or any(part.startswith("_") for part in path):
                    found.append(file.name)
    assert set(found) == {"_sklearn.py"}
