"""A layer that is a function of the user's."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from fastdl import initializers
from fastdl._rules import Rule, choice, is_integer, unknown
from fastdl.initializers import Initializer, Zeros
from fastdl.layers._spec import Form, LearningLayer

_FORMS = ("same", "rows", "sequences", "images")


def _pairs(value: Any) -> list[tuple[Any, Any]] | None:
    """Names and what belongs to them; None if it is nothing like that."""
    items = list(value.items()) if isinstance(value, Mapping) else value
    if not isinstance(items, (tuple, list)):
        return None
    ok = all(isinstance(i, tuple) and len(i) == 2 and isinstance(i[0], str) for i in items)
    return list(items) if ok else None


def _are_shapes(value: Any) -> bool:
    pairs = _pairs(value)
    return pairs is not None and all(
        name.isidentifier()
        and all(is_integer(side) and side > 0 for side in (s if isinstance(s, tuple) else (s,)))
        for name, s in pairs
    )


def _are_starts(value: Any) -> bool:
    pairs = _pairs(value)
    one = initializers.RULE.accepts
    return one(value) if pairs is None else all(one(start) for _, start in pairs)


@dataclass(frozen=True, repr=False)
class Lambda(LearningLayer):
    """A layer of your own, a function in NumPy: for experiments.

    ``function(x, **params)`` gets what the layer before gives, floats of the net's dtype of shape
    (n, features), (n, steps, features) or (n, height, width, channels), and the parameters by name.
    It gives (n, ...) again: what it makes of a sample must not depend on the others, nor on random
    numbers. `fastdl.autodiff` takes the gradients, so it is plain NumPy code. Of sequences that are
    shorter, the steps past the end are 0, and nothing is read there of what it gives; a parameter
    called `lengths`, (n,), gets the number of steps of each.

    Python is called twice a batch, so the layer is slow: `affine` of docs/own-layers.md takes
    0.05 ms a batch more than `Dense` for 8 units, and 0.3 ms for 100 units of 100 features and
    batches of 200. Model files, which hold no code, refuse it; pickles keep it if the function can
    be pickled.

    Parameters
    ----------
    function : callable
        Of a module, to be pickled.
    params : dict of tuple of int, optional
        Shapes of what is learnt, by name. Arrays of two and more axes are weights: regularised
        (`alpha`, `weight_decay`), and drawn at the start as those of a `Dense`. Others are like
        biases: they start at 0.
    init : str, Initializer, or dict of them by name, optional
        How the parameters start (`fastdl.initializers`), if not so. One is for all of them.
    form : {"same", "rows", "sequences", "images"}, default="same"
        What it gives: the form that it gets, or another one.
    trainable : bool, default=True
    lr_multiplier : float, default=1.0
    name : str, optional

    Examples
    --------
    >>> import numpy as np
    >>> from fastdl import NetRegressor, layers as L
    >>> def gaussians(x, centres):  # radial basis functions
    ...     return np.exp(-np.sum((x[:, None] - centres) ** 2, axis=2))
    >>> layer = L.Lambda(gaussians, params={"centres": (20, 1)}, init="normal")
    >>> X = np.linspace(-1, 1, 100)[:, None]
    >>> NetRegressor([layer], random_state=0).fit(X, X[:, 0] ** 2).score(X, X[:, 0] ** 2) > 0.5
    True
    """

    kind: ClassVar[str] = "lambda"
    cpu_only: ClassVar[bool] = True
    function: Callable[..., Any]
    params: Any = ()
    init: Any = field(default=None, kw_only=True)
    form: str = field(default="same", kw_only=True)
    rules: ClassVar[Mapping[str, Rule]] = {
        "function": Rule("a callable", callable, lambda f: f),
        "params": Rule("a dict of shapes by name", _are_shapes, lambda _: None),
        "init": Rule(
            "None, the name of an initialiser, one of fastdl.initializers, or a dict of them",
            _are_starts,
            lambda _: None,
            initializers.RULE.choices,
        ),
        "form": choice(*_FORMS),
        **LearningLayer.rules,
    }

    @property
    def neighbourhood(self) -> None:
        """Its function may look anywhere."""
        return None

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Of the parameters, by name."""
        return {
            name: tuple(map(int, s)) if isinstance(s, tuple) else (int(s),)
            for name, s in _pairs(self.params) or ()
        }

    @property
    def has_weights(self) -> bool:  # type: ignore[override]
        """Whether some parameter has two axes or more."""
        return any(len(shape) > 1 for shape in self.shapes.values())

    def role(self, what: str) -> str:
        """Of a parameter: "weight" or "bias"."""
        return "weight" if len(self.shapes[what]) > 1 else "bias"

    def gives(self, form: Form) -> Form | None:
        """As `form` says."""
        return form if self.form == "same" else self.form  # type: ignore[return-value]

    def initializer(self, what: str, role: str, automatic: Initializer) -> Initializer:
        """As `init` says, else that of weights and biases."""
        named = _pairs(self.init)
        start = self.init if named is None else dict(named).get(what)
        if start is not None:
            return initializers.get(start)
        return automatic if role == "weight" else Zeros()

    def check(self) -> None:
        """Raise for parameters that the function does not take, and for those that it lacks."""
        super().check()
        for name, _ in _pairs(self.init) or ():
            if name not in self.shapes:
                raise ValueError(f"{self.who}: init: {unknown('parameter', name, self.shapes)}")
        try:
            parameters = list(inspect.signature(self.function).parameters.values())
        except (TypeError, ValueError):  # built in
            return
        title = getattr(self.function, "__name__", type(self.function).__name__)
        names = [
            p.name for p in parameters[1:] if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        ]
        any_name = any(p.kind is p.VAR_KEYWORD for p in parameters)
        for name in self.shapes:
            if name not in names and not any_name:
                listed = ", ".join(names) or "none"
                raise ValueError(
                    f"{self.who}: params has {name!r}, which {title} does not take; its parameters "
                    f"after the first are: {listed}."
                )
        needed = [p for p in parameters[1:] if p.default is p.empty and p.name in names]
        for p in needed:
            if p.name not in self.shapes and p.name != "lengths":
                raise ValueError(
                    f"{self.who}: {title} takes {p.name!r}, of which params knows no shape: "
                    f"params={{{p.name!r}: shape}}."
                )

    def to_dict(self) -> dict[str, Any]:
        """Plain data, but for what the core calls."""
        from fastdl.program.own_layer import OwnLayer  # with fastdl.autodiff, which few nets need

        return {**super().to_dict(), "function": OwnLayer(self)}
