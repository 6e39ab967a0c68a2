"""The constructor and the fitted attributes of an estimator, each named, typed and told once.

Parameters (`word`) and fitted attributes (`fitted`) are fields of dataclasses: of the estimator
itself, and of groups such as `TrainingWords`. From them come the constructor, scikit-learn's
constraints, the lists in the docstring, and what a model file holds.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import textwrap
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from fastdl._rules import Rule
from fastdl._saved import Saved

Field = dataclasses.Field[Any]


class Meaning(NamedTuple):
    """What a parameter may be and what it does, where several classes have it.

    Attributes
    ----------
    rule : list or "no_validation"
        What scikit-learn's parameter validation takes.
    kind : str
        What numpydoc calls the type: "int or None".
    text : str
        What it does, in sentences.
    """

    rule: list[Any] | str
    kind: str
    text: str


def word(
    *,
    default: Any,
    rule: list[Any] | str = "no_validation",
    kind: str = "",
    text: str = "",
    like: Meaning | None = None,
    kw_only: bool = True,
) -> Any:
    """A parameter, with its meaning as `Meaning` has it, in parts or as a whole.

    Parameters
    ----------
    default : object
    rule, kind, text : see `Meaning`
    like : Meaning, optional
        Instead of them.
    kw_only : bool, default=True
        Whether it has to be given by name.
    """
    meaning = like or Meaning(rule, kind, text)
    return dataclasses.field(default=default, kw_only=kw_only, metadata=meaning._asdict())


def reword(group: type, name: str, *, kw_only: bool = True, **changes: Any) -> Any:
    """A parameter of a group, perhaps with another default, rule, kind or text."""
    old = {f.name: f for f in parameters(group)}[name]
    return word(kw_only=kw_only, **{"default": old.default, **old.metadata, **changes})


def fitted(
    kind: str = "",
    text: str = "",
    *,
    saved: Saved | Rule | None = None,
    default: Any = dataclasses.MISSING,
    init: Literal[False] = False,
) -> Any:
    """An attribute that fit sets; without `kind`, a private one.

    `default` is what there is before a fit. `saved` says how a model file keeps it; without, it
    follows from others, and the estimator's `_restored` sets it again.
    """
    metadata = {"fitted": True, "kind": kind, "text": text, "saved": saved}
    return dataclasses.field(init=init, default=default, metadata=metadata)


def parameters(cls: type) -> list[Field]:
    """The parameters of a class in the order of its constructor.

    Positional ones come first, the class's own before those of its bases; then those that are
    given by name, from the general to the special, but `TrainingWords` last.
    """
    rank: dict[str, int] = {}
    for i, c in enumerate(reversed(cls.__mro__)):
        for name, f in c.__dict__.get("__dataclass_fields__", {}).items():
            last = 1000 if c.__dict__.get("_comes_last") else 0
            rank.setdefault(name, i + last if f.kw_only else -1000 - i)
    found = [f for f in dataclasses.fields(cls) if "rule" in f.metadata]
    return sorted(found, key=lambda f: rank[f.name])


def saved(cls: type) -> dict[str, tuple[str, Saved]]:
    """What a model file keeps of a fitted estimator: by name in the file, attribute and form."""
    found = {}
    for f in dataclasses.fields(cls):
        kept = f.metadata.get("saved")
        if kept is not None:
            kept = kept if isinstance(kept, Saved) else Saved(kept)
            found[kept.name or f.name] = (f.name, kept)
    return found


def complete(cls: type) -> None:
    """Make the constructor, the constraints and the docstring of a class from its fields."""
    dataclasses.dataclass(init=False, eq=False, repr=False)(cls)
    words = parameters(cls)
    cls.__init__ = _constructor(cls, words)  # type: ignore[misc]
    constraints = {f.name: f.metadata["rule"] for f in words}
    cls._parameter_constraints = constraints  # type: ignore[attr-defined]
    cls._defaults = {f.name: f.default for f in words}  # type: ignore[attr-defined]
    if "__doc__" in cls.__dict__ and cls.__doc__:
        known = [f for f in dataclasses.fields(cls) if "fitted" in f.metadata]
        shown = [f for f in known if f.metadata["kind"]]
        cls.__doc__ = _with_lists(inspect.cleandoc(cls.__doc__), words, shown)


def _constructor(cls: type, words: list[Field]) -> Any:
    """A function that stores its arguments, as a dataclass has it, in our order."""
    positional = [f"{f.name}=_[{f.name!r}]" for f in words if not f.kw_only]
    named = [f"{f.name}=_[{f.name!r}]" for f in words if f.kw_only]
    arguments = ", ".join(["self", *positional, *(["*"] if named else []), *named])
    body = [f"self.{f.name} = {f.name}" for f in words] or ["pass"]
    scope: dict[str, Any] = {"_": {f.name: f.default for f in words}}
    exec(f"def __init__({arguments}):\n    " + "\n    ".join(body), scope)
    init = scope["__init__"]
    init.__module__, init.__qualname__ = cls.__module__, f"{cls.__qualname__}.__init__"
    init.__annotations__ = {f.name: f.type for f in words}
    return init


def _with_lists(doc: str, words: list[Field], attributes: list[Field]) -> str:
    """The docstring, with a list of parameters and one of attributes before other sections."""
    start = re.search(r"^[A-Z][a-z ]+\n-{4,}$", doc, re.MULTILINE)
    head, rest = (doc[: start.start()], doc[start.start() :]) if start else (doc, "")
    lists = [
        _section("Parameters", words, lambda f: f", default={f.default!r}"),
        _section("Attributes", attributes, lambda f: ""),
    ]
    return "\n\n".join(part.strip("\n") for part in (head, *lists, rest) if part.strip()) + "\n"


def _section(title: str, fields: Iterable[Field], after: Any) -> str:
    lines = []
    for f in fields:
        lines.append(f"{f.name} : {f.metadata['kind']}{after(f)}")
        lines += textwrap.wrap(
            f.metadata["text"], 100, initial_indent="    ", subsequent_indent="    "
        )
    return "\n".join([title, "-" * len(title), *lines]) if lines else ""
