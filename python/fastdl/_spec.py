"""What every spec is: a frozen value with a short repr, checked fields, known by a name."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeVar

from fastdl._other_names import about_field, refuse_unknown
from fastdl._rules import Rule, unknown

S = TypeVar("S", bound="Spec")


@dataclass(frozen=True, repr=False)
class Spec:
    """Base of layers, losses, optimizers, schedules and initialisers.

    A spec is data: frozen, comparable, hashable, picklable. The constructor stores what was typed
    (a list as a tuple, a dict as pairs, so that the spec can be hashed) and judges nothing;
    `check`, called when a network is compiled, does.

    scikit-learn: `get_params` shows the fields; a spec is immutable, so `sklearn.base.clone` gives
    back the spec itself, and `set_params` gives back a changed spec and leaves this one alone. An
    estimator that holds specs therefore *stores* what `set_params` returns; for a list of layers,
    `fastdl.layers.get_params` and `fastdl.layers.set_params` do the same by layer name, which is
    what makes a grid over ``conv1__filters`` work.
    """

    rules: ClassVar[Mapping[str, Rule]] = {}  # one for each field, but a layer's name

    def __new__(cls, *args: Any, **fields: Any) -> Self:
        """Raise TypeError, with what to write instead, for fields as other libraries have them."""
        if not fields.keys() <= cls.__dataclass_fields__.keys():
            refuse_unknown(cls, fields, (f.name for f in dataclasses.fields(cls)))
        return super().__new__(cls)

    def __post_init__(self) -> None:
        for f in dataclasses.fields(self):
            object.__setattr__(self, f.name, _frozen(getattr(self, f.name)))

    def __repr__(self) -> str:
        required, named = [], []
        for f in sorted(dataclasses.fields(self), key=lambda f: (f.kw_only, f.name == "name")):
            value = getattr(self, f.name)
            if f.default is dataclasses.MISSING:
                required.append(repr(value))
            elif value != f.default:
                named.append(f"{f.name}={value!r}")
        return f"{type(self).__name__}({', '.join(required + named)})"

    def __sklearn_clone__(self) -> Self:
        return self

    def replace(self, **changes: Any) -> Self:
        """A copy with some fields changed.

        Raises
        ------
        ValueError
            If a name is not a field.
        """
        names = [f.name for f in dataclasses.fields(self)]
        for key in changes:
            if key not in names:
                raise ValueError(self._no_field(key, changes[key], names))
        new = object.__new__(type(self))  # a constructor would do the same, and look at all fields
        vars(new).update(vars(self), **{key: _frozen(value) for key, value in changes.items()})
        return new

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The fields by name; with `deep`, also of specs held in fields (``schedule__every``)."""
        params = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        for key, value in list(params.items()):
            if deep and isinstance(value, Spec):
                params.update({f"{key}__{k}": v for k, v in value.get_params().items()})
        return params

    def set_params(self, **params: Any) -> Self:
        """A copy with parameters changed, named as in `get_params`; this spec stays as it is."""
        spec = self.replace(**{key: value for key, value in params.items() if "__" not in key})
        for key, value in params.items():
            field, nested, rest = key.partition("__")
            inner = getattr(spec, field, None)
            if nested and isinstance(inner, Spec):
                spec = spec.replace(**{field: inner.set_params(**{rest: value})})
            elif nested:
                raise ValueError(self._no_field(key, value, self.get_params()))
        return spec

    def _no_field(self, key: str, value: object, known: Iterable[str]) -> str:
        """The message for a parameter that is not known."""
        name = type(self).__name__
        hint = about_field(type(self), key, value, known)
        return (
            f"{name} has no parameter {key!r}. {hint}"
            if hint
            else unknown(f"{name}: parameter", key, known)
        )

    def check(self) -> None:
        """Raise ValueError for the first field that its rule does not accept."""
        for field, rule in self.rules.items():
            value = getattr(self, field)
            if not rule.accepts(value):
                raise ValueError(f"{self.who}: {rule.complaint(field, value)}")
            if isinstance(value, Spec):
                try:
                    value.check()
                except ValueError as error:
                    raise ValueError(f"{self.who}: {field}: {error}") from None

    @property
    def who(self) -> str:
        """How messages call it."""
        return type(self).__name__


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple((key, _frozen(part)) for key, part in value.items())
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def name_as_imported(package: Mapping[str, Any]) -> None:
    """Let its classes say that they are of this package: so users, pickles and files name them."""
    for name in package["__all__"]:
        if isinstance(package[name], type):
            package[name].__module__ = package["__name__"]


def lookup(value: object, table: Mapping[str, type[S]], base: type[S], parameter: str) -> S:
    """The spec itself, or the one with default fields that a name stands for.

    Raises
    ------
    ValueError
        For an unknown name.
    TypeError
        For anything but a name or a spec of this family.
    """
    if isinstance(value, base):
        return value
    if isinstance(value, str):
        if value not in table:
            raise ValueError(unknown(parameter, value, table))
        return table[value]()
    names = ", ".join(map(repr, table))
    raise TypeError(f"{parameter}={value!r}; expected one of {names} or a {base.__name__}.")
