"""Write the list of all parameters of the estimators: python docs/guide/write_parameters.py."""

import dataclasses
from collections import defaultdict
from pathlib import Path

import fastdl.estimators
from fastdl.estimators.parameters.words import parameters

PAGE = Path(__file__).with_name("parameters.md")
HEAD = """# Every parameter

All parameters of the estimators' constructors, in alphabetical order; where a parameter has more
than one meaning, each stands with the estimators that have it. docs/guide/write_parameters.py
writes this page from the text that `help()` shows.
"""


def page() -> str:
    """The page, from the fields of the estimators."""
    meanings = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for name in sorted(fastdl.estimators.__all__):
        cls = getattr(fastdl.estimators, name)
        if dataclasses.is_dataclass(cls):
            for field in parameters(cls):
                meaning = field.metadata["kind"], field.metadata["text"]
                meanings[field.name][meaning][repr(field.default)].append(name)
    entries = [_entry(name, meanings[name]) for name in sorted(meanings)]
    return "\n".join([HEAD, *entries])


def _entry(name: str, meanings: dict[tuple[str, str], dict[str, list[str]]]) -> str:
    """One parameter: for each meaning the type, the text, and who has it with which default."""
    lines = [f"## `{name}`", ""]
    for (kind, text), defaults in meanings.items():
        lines += [f"*{kind}*. {text}" if kind else text, ""]
        for default, owners in defaults.items():
            lines.append(f"- default `{default}`: {', '.join(owners)}")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page())
