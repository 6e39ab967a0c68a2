"""The command line, and what importing fastdl costs."""

import subprocess
import sys

import pytest

import fastdl
from fastdl import _core
from fastdl.__main__ import describe, main


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


def test_unknown_command(capsys):
    with pytest.raises(SystemExit):
        main(["dmeo"])
    assert "dmeo" in capsys.readouterr().err


def run(code):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


@pytest.mark.parametrize("module", ["fastdl", "fastdl.functional", "fastdl.layers", "fastdl.data"])
def test_import_needs_numpy_alone(module):
    foreign = ["sklearn", "scipy", "matplotlib", "pandas", "joblib", "safetensors"]
    code = f"import sys, {module}; print([m for m in {foreign} if m in sys.modules])"
    assert run(code).strip() == "[]"


def test_everything_listed_is_there():
    assert set(fastdl.__all__) <= set(dir(fastdl))
    for name in fastdl.__all__:
        assert getattr(fastdl, name) is not None


def test_unknown_attribute():
    with pytest.raises(AttributeError, match="module 'fastdl' has no attribute 'CNN'"):
        fastdl.CNN  # noqa: B018


def test_demo(tmp_path, capsys):
    assert main(["demo", "--out", str(tmp_path / "new")]) == 0
    printed = capsys.readouterr().out
    assert printed.count("\nyes  ") == 3
    for name in ("learning-curves.png", "filters.png", "predictions.png"):
        assert (tmp_path / "new" / name).read_bytes().startswith(b"\x89PNG")
