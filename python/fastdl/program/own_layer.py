"""A layer that is a function of the user's, as the core asks for it: values, and gradients."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastdl.autodiff import vjp
from fastdl.layers._lambda import Lambda

_RANKS = "(n, features), (n, steps, features) or (n, height, width, channels)"


class _Parameter(NamedTuple):
    """What the core asks of a parameter."""

    name: str
    role: str
    shape: tuple[int, ...]
    fan_in: int
    fan_out: int


class OwnLayer:
    """What `_core.Program` wants of a `Lambda`: one object for each program.

    Attributes
    ----------
    parameters : list of _Parameter
    n_weights : int
        Numbers in all parameters together, which come as one vector.
    """

    def __init__(self, spec: Lambda) -> None:
        self._f = spec.function
        self._who = spec.who
        self._form = spec.form
        self._shapes = spec.shapes
        self.parameters = [
            _Parameter(
                name, spec.role(name), shape, math.prod(shape[:-1]), shape[-1] if shape else 1
            )
            for name, shape in self._shapes.items()
        ]
        self.n_weights = sum(math.prod(shape) for shape in self._shapes.values())
        self._takes_lengths = "lengths" not in self._shapes and "lengths" in names_of(self._f)
        self._pullback: Callable[[Any], tuple[Any, ...]] | None = None
        self._of: tuple[bool, bool] = (False, False)  # whether the pullback is by x, by weights

    def __call__(self, *_args: Any) -> Any:
        """For `callable`; the core asks by the methods."""
        raise NotImplementedError

    def shape(
        self, sample: tuple[int, ...], dtype: Any, wants_x: bool, wants_weights: bool
    ) -> tuple[int, ...]:
        """Of a sample of the output, from a call on two of shape `sample`, and one on three.

        Raises
        ------
        ValueError
            If the function does not keep the axis of samples, or the shape depends on their number.
        """
        found = []
        for n in (2, 3):
            rng = np.random.default_rng(n)
            x = rng.normal(size=(n, *sample)).astype(dtype)
            weights = rng.normal(size=self.n_weights).astype(dtype)
            lengths = np.full(n, sample[0], np.int32) if len(sample) == 2 else None
            with np.errstate(all="ignore"):
                y = self._call(x, weights, lengths, wants_x, wants_weights)
                self._check_output(y, x)
                if wants_x or wants_weights:
                    self.backward(np.ones_like(y))
            found.append(y.shape[1:])
        if found[0] != found[1]:
            raise ValueError(
                f"{self._who}: its function gives shape {(2, *found[0])} for 2 samples and "
                f"{(3, *found[1])} for 3. What a sample becomes must not depend on how many there "
                "are: reduce over other axes than the first."
            )
        self._check_form(sample, found[0])
        return tuple(map(int, found[0]))

    def _check_output(self, y: Any, x: NDArray[Any]) -> None:
        if not isinstance(y, np.ndarray) or y.dtype.kind not in "fiub":
            seen = (
                f"an array of {y.dtype}" if isinstance(y, np.ndarray) else f"a {type(y).__name__}"
            )
            raise TypeError(f"{self._who}: its function gave {seen}; expected an array of numbers.")
        if y.ndim < 2 or y.ndim > 4 or len(y) != len(x) or 0 in y.shape:
            raise ValueError(
                f"{self._who}: its function gives shape {y.shape} for x of shape {x.shape}; "
                f"expected {_RANKS} with n={len(x)}: the first axis counts the samples."
            )

    def _check_form(self, sample: tuple[int, ...], made: tuple[int, ...]) -> None:
        forms = ("rows", "sequences", "images")
        given, found = forms[len(sample) - 1], forms[len(made) - 1]
        expected = given if self._form == "same" else self._form
        if found != expected:
            raise ValueError(
                f"{self._who}: its function makes {found} {made} of {given} {sample}, but "
                f"form={self._form!r}. Set form={found!r}."
            )

    def forward(
        self,
        x: NDArray[Any],
        weights: NDArray[Any],
        lengths: NDArray[Any] | None,
        wants_x: bool,
        wants_weights: bool,
    ) -> NDArray[Any]:
        """Values (n, ...) of a batch; what backward needs is kept if anything is wanted."""
        y = self._call(x, weights, lengths, wants_x, wants_weights)
        self._check_output(y, x)
        return np.ascontiguousarray(y, x.dtype)

    def backward(self, dy: NDArray[Any]) -> tuple[NDArray[Any] | None, NDArray[Any] | None]:
        """Gradients by x and, as one vector, by the weights; None where they are not wanted."""
        assert self._pullback is not None
        pullback, self._pullback = self._pullback, None
        found = list(pullback(dy))
        dx = np.ascontiguousarray(found.pop(0), dy.dtype) if self._of[0] else None
        if not self._of[1]:
            return dx, None
        parts = [np.reshape(found[0][name], -1) for name in self._shapes]
        return dx, np.concatenate(parts).astype(dy.dtype, copy=False)

    def _call(
        self,
        x: NDArray[Any],
        weights: NDArray[Any],
        lengths: NDArray[Any] | None,
        wants_x: bool,
        wants_weights: bool,
    ) -> Any:
        params = self._by_name(weights)
        more = {"lengths": lengths} if self._takes_lengths else {}
        self._of = wants_x, wants_weights
        try:
            if wants_x and wants_weights:
                y, self._pullback = vjp(lambda x, p: self._f(x, **p, **more), x, params)
            elif wants_x:
                y, self._pullback = vjp(lambda x: self._f(x, **params, **more), x)
            elif wants_weights:
                y, self._pullback = vjp(lambda p: self._f(x, **p, **more), params)
            else:
                y, self._pullback = self._f(x, **params, **more), None
        except Exception as error:
            error.add_note(f"In the function of {self._who}, with x of shape {x.shape}.")
            raise
        return y

    def _by_name(self, weights: NDArray[Any]) -> dict[str, NDArray[Any]]:
        found, start = {}, 0
        for name, shape in self._shapes.items():
            end = start + math.prod(shape)
            found[name] = weights[start:end].reshape(shape)
            start = end
        return found


def names_of(f: Callable[..., Any]) -> list[str]:
    """The parameters of a function after the first; none where they cannot be known."""
    try:
        return list(inspect.signature(f).parameters)[1:]
    except (TypeError, ValueError):
        return []
