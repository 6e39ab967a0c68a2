"""What the documents say: the examples in docstrings run, the files they name exist."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import fastdl

ROOT = Path(__file__).parents[1]
MODULES = [
    module.name
    for module in pkgutil.walk_packages(fastdl.__path__, "fastdl.")
    if not module.name.endswith(("__main__", "_cuda"))  # tests see no GPU: not even its module
]
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # examples are short
@pytest.mark.share(6)
@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name):
    failed, _ = doctest.testmod(importlib.import_module(name), verbose=False)
    assert failed == 0


def test_first_example(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    example = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    exec(example.group(1), {})
    assert float(capsys.readouterr().out) > 0.98
    assert (tmp_path / "digits.safetensors").exists()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_named_files_exist(document):
    text = document.read_text()
    named = re.findall(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|pyx|cpp|hpp|cmake|json|md))`", text)
    linked = re.findall(r"\]\((?!https?:)([^)#]+)\)", text)
    missing = [name for name in named if not (ROOT / name).exists()]
    missing += [link for link in linked if not (document.parent / link).exists()]
    assert missing == []
