"""The guide: the code blocks of a page run one after the other, as a reader would run them."""

import re
import runpy
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[1] / "docs" / "guide"
PAGES = sorted(GUIDE.glob("*.md"))
NAMES = ("derivatives", "own-losses", "own-layers", "onnx")
OTHERS = [GUIDE.parent / f"{name}.md" for name in NAMES]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # examples are short
@pytest.mark.parametrize("page", PAGES + OTHERS, ids=lambda path: path.stem)
def test_code_of_page(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    names = {}
    for number, block in enumerate(blocks, 1):
        exec(compile(block, f"{page.name}, block {number}", "exec"), names)


def test_every_page_is_in_the_index():
    index = (GUIDE / "README.md").read_text()
    assert [page.name for page in PAGES if f"]({page.name})" not in index] == ["README.md"]


def test_the_page_of_parameters_is_up_to_date():
    written = runpy.run_path(str(GUIDE / "write_parameters.py"))["page"]()
    assert (GUIDE / "parameters.md").read_text() == written, "python docs/guide/write_parameters.py"
