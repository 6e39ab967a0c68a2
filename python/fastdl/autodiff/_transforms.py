"""The transformations of functions: gradients, and products with derivatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import fastdl.autodiff._trace as _trace
from fastdl.autodiff._trace import ConversionError, Trace, is_traced
from fastdl.autodiff._tree import checked, leaves, real, rebuild, rebuilt_with, same_form

Argnums = int | Sequence[int]


def _call(f: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any], trace: Trace) -> Any:
    """f(*args); NumPy's error about a traced array gives way to ours, which caused it."""
    try:
        return f(*args, **kwargs)
    except ValueError as error:
        if isinstance(error.__cause__, ConversionError):
            raise error.__cause__ from None
        raise
    finally:
        trace.close()


def places_of(argnums: Argnums, n: int, who: str) -> list[int]:
    """Argnums as places, checked."""
    given: list[Any] = list(argnums) if isinstance(argnums, (tuple, list)) else [argnums]
    for place in given:
        if isinstance(place, bool) or not isinstance(place, (int, np.integer)):
            raise TypeError(f"{who}: argnums={argnums!r}; expected an int or a sequence of ints.")
        if not -n <= place < n:
            raise ValueError(
                f"{who}: argnums={argnums!r}, but the function was called with {n} positional "
                f"argument{'s' if n != 1 else ''}."
            )
    places = [int(place) % n for place in given]
    if len(set(places)) < len(places):
        raise ValueError(f"{who}: argnums={argnums!r} names an argument twice.")
    return places


class _Reverse:
    """A function called on traced arguments, and what reverse mode needs of it."""

    def __init__(
        self, f: Any, args: Sequence[Any], kwargs: dict[str, Any], places: list[int], who: str
    ) -> None:
        self.trace = Trace(False)
        self.args = [args[place] for place in places]
        self.nodes: list[Any] = []

        def start(leaf: Any) -> Any:
            traced, node = _trace.root(self.trace, checked(leaf, who, "an argument"))
            self.nodes.append(node)
            return traced

        traced = list(args)
        for place in places:
            traced[place] = rebuild(args[place], start)
        self.y = _call(f, traced, kwargs, self.trace)

    def gradients(self, node: Any, dy: Any, *, release: bool) -> list[Any]:
        """One for each argument in its containers."""
        found = _trace.backward(node, dy, self.nodes, release)
        return self.in_containers(found, dy)

    def in_containers(self, found: list[Any], *users: Any) -> list[Any]:
        """The gradients as the user gets them: in new memory, and each in its own."""
        remaining, seen = iter(found), {id(user) for user in users}

        def finish(leaf: Any) -> Any:
            g = next(remaining)
            if g is None:
                g = np.zeros(np.shape(leaf), leaf.dtype if hasattr(leaf, "dtype") else float)
            if is_traced(g):
                return g
            if type(leaf) is float:
                return float(g)
            if not isinstance(leaf, np.ndarray):
                return g if is_traced(leaf) else np.dtype(leaf.dtype).type(g)
            return _in_its_own(g, leaf, seen)

        return [rebuild(arg, finish) for arg in self.args]


def _scalar_node(run: _Reverse, y: Any, who: str) -> tuple[Any, Any]:
    """Value and node of what must be one number."""
    value, node = _trace.outcome(run.trace, y)
    real(value, who)
    if (
        node is None
        and not isinstance(value, (float, int, np.ndarray, np.generic))
        and not is_traced(value)
    ):
        seen = "None" if value is None else f"a {type(value).__name__}"
        raise TypeError(
            f"{who}: the function returned {seen}; "
            "expected one number. Return the loss; more beside it by has_aux=True."
        )
    if node is None and isinstance(value, (bool, np.bool_)):
        raise TypeError(
            f"{who}: the function returned the bool {bool(value)}, which has no derivative. Return "
            "the loss; more beside it by has_aux=True."
        )
    if np.shape(value) != ():
        raise TypeError(
            f"{who}: the function returned an array of shape {np.shape(value)}; a gradient is that "
            "of one number. Return a sum or a mean, or use jacobian or vjp."
        )
    return value, node


def _aux_out(run: _Reverse, aux: Any) -> Any:
    """What stands beside the value, one level lower."""
    return rebuild(aux, lambda leaf: _trace.outcome(run.trace, leaf)[0])


class Derivative:
    """What a transformation returns: a function that can be pickled if its own function can."""

    def __init__(self, f: Callable[..., Any], **options: Any) -> None:
        if not callable(f):
            raise TypeError(f"{self._name}: expected a function, got a {type(f).__name__}.")
        self._f = f
        self._options = options
        self.__wrapped__ = f
        self.__name__ = f"{self._name}({getattr(f, '__name__', type(f).__name__)})"

    _name = ""

    def __repr__(self) -> str:
        return f"<{self.__name__}>"


class _ValueAndGrad(Derivative):
    _name = "value_and_grad"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Value and gradient."""
        argnums, has_aux = self._options["argnums"], self._options["has_aux"]
        who = self._options.get("who", self._name)
        places = places_of(argnums, len(args), who)
        run = _Reverse(self._f, args, kwargs, places, who)
        y, aux = run.y, None
        if has_aux:
            if not isinstance(y, tuple) or len(y) != 2:
                raise TypeError(f"{who}: has_aux=True, so the function has to return (value, aux).")
            y, aux = y
        value, node = _scalar_node(run, y, who)
        if node is None:
            found = run.in_containers([None] * len(run.nodes))
        else:
            found = run.gradients(node, node.dtype.type(1.0), release=True)
        gradient = tuple(found) if isinstance(argnums, (tuple, list)) else found[0]
        return ((value, _aux_out(run, aux)) if has_aux else value), gradient


class _Grad(Derivative):
    _name = "grad"

    def __init__(self, f: Callable[..., Any], **options: Any) -> None:
        super().__init__(f, **options)
        self._both = _ValueAndGrad(f, **options, who="grad")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The gradient."""
        value, gradient = self._both(*args, **kwargs)
        return (gradient, value[1]) if self._options["has_aux"] else gradient


def grad(f: Callable[..., Any], argnums: Argnums = 0, *, has_aux: bool = False) -> Any:
    """The gradient of a function of one number, by reverse mode.

    Parameters
    ----------
    f : callable
        Plain NumPy code that returns one number.
    argnums : int or sequence of int, default=0
        By which arguments: floats, arrays of floats, or nested containers of them.
    has_aux : bool, default=False
        Whether f returns ``(value, aux)``; the gradient is then given as ``(gradient, aux)``.

    Returns
    -------
    callable
        Called as f, it gives the gradient in the containers and dtypes of the argument (a tuple for
        a sequence of argnums): new arrays, yours to write to.

    Raises
    ------
    TypeError
        If f gives no single number, or an argument holds integers, complex numbers or text.
    NotImplementedError
        If f calls a function of NumPy that has no rule.

    References
    ----------
    A. Griewank and A. Walther, "Evaluating derivatives", 2nd edition, 2008.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdl.autodiff import grad
    >>> grad(lambda x: np.sum(np.sin(x) * x))(np.array([0.0, np.pi])).round(6)
    array([ 0.      , -3.141593])
    """
    return _Grad(f, argnums=argnums, has_aux=has_aux)


def value_and_grad(f: Callable[..., Any], argnums: Argnums = 0, *, has_aux: bool = False) -> Any:
    """Value and gradient in one call; see `grad`.

    Returns
    -------
    callable
        Gives ``(value, gradient)``, or ``((value, aux), gradient)`` with `has_aux`.

    Examples
    --------
    >>> from fastdl.autodiff import value_and_grad
    >>> value_and_grad(lambda x: x**3)(2.0)
    (8.0, 12.0)
    """
    return _ValueAndGrad(f, argnums=argnums, has_aux=has_aux)


def vjp(f: Callable[..., Any], *args: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """The value of f, and the function from gradients by the value to gradients by the arguments.

    Parameters
    ----------
    f : callable
        Returns an array, a number, or nested containers of them.
    *args : float, array, or containers of them

    Returns
    -------
    y : as f returns it
    pullback : callable
        ``pullback(dy)``, dy of the form of y, gives a tuple with the product of dy and the
        derivative for each argument. It may be called any number of times.

    Raises
    ------
    ValueError
        By pullback, if dy has another form or shape than y.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdl.autodiff import vjp
    >>> y, pullback = vjp(np.exp, np.array([0.0, 1.0]))
    >>> pullback(np.array([1.0, 0.0]))
    (array([1., 0.]),)
    """
    run = _Reverse(f, args, {}, list(range(len(args))), "vjp")
    outs = [_trace.outcome(run.trace, real(leaf, "vjp")) for leaf in leaves(run.y)]
    y = rebuilt_with(run.y, [value for value, _ in outs])

    def pullback(dy: Any) -> tuple[Any, ...]:
        _check_form(dy, y, "pullback", "dy", "the value")
        together: list[Any] = [None] * len(run.nodes)
        for (value, node), d in zip(outs, leaves(dy), strict=True):
            if node is None:
                continue
            d = _as_gradient(d, value)
            found = _trace.backward(node, d, run.nodes, False)
            for i, g in enumerate(found):
                if g is not None:
                    together[i] = g if together[i] is None else together[i] + g
        return tuple(run.in_containers(together, *leaves(dy)))

    return y, pullback


def _as_gradient(d: Any, value: Any) -> Any:
    if is_traced(d) or (type(d) is np.ndarray and d.ndim and d.dtype == value.dtype):
        return d
    dtype = value.dtype if hasattr(value, "dtype") else float
    return np.asarray(d, dtype) if np.ndim(d) else np.dtype(dtype).type(d)


def _check_form(d: Any, like: Any, who: str, name: str, what: str) -> None:
    if type(d) is np.ndarray and type(like) is np.ndarray and d.shape == like.shape:
        return
    if not same_form(d, like):
        raise ValueError(f"{who}: {name} has other containers than {what}.")
    for a, b in zip(leaves(d), leaves(like), strict=True):
        if np.shape(a) != np.shape(b):
            raise ValueError(
                f"{who}: {name} has shape {np.shape(a)}, but {what} has shape {np.shape(b)}."
            )


def jvp(f: Callable[..., Any], args: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """The value of f, and its derivative in a direction, by forward mode.

    Parameters
    ----------
    f : callable
    args : sequence
        The arguments of f: floats, arrays, or containers of them.
    tangents : sequence
        A direction for each, of the same form and shape.

    Returns
    -------
    y, dy : as f returns it

    Raises
    ------
    ValueError
        If a tangent has another form or shape than its argument.

    Examples
    --------
    >>> from fastdl.autodiff import jvp
    >>> jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 0.0))
    (6.0, 3.0)
    """
    args, tangents = tuple(args), tuple(tangents)
    _check_form(tangents, args, "jvp", "the tangent", "the argument")
    trace = Trace(True)
    directions = iter(leaves(tangents))

    def start(leaf: Any) -> Any:
        value = checked(leaf, "jvp", "an argument")
        return _trace.dual(trace, value, _as_gradient(next(directions), value))

    y = _call(f, rebuild(args, start), {}, trace)
    outs = [_trace.outcome(trace, real(leaf, "jvp")) for leaf in leaves(y)]
    values = [value for value, _ in outs]
    seen = {id(direction) for direction in leaves(tangents)}
    return rebuilt_with(y, values), rebuilt_with(y, [_tangent(v, d, seen) for v, d in outs])


def _tangent(value: Any, d: Any, seen: set[int]) -> Any:
    """A tangent as the user gets it: in new memory, not that of one that was `seen`."""
    if d is None:
        return (
            np.zeros_like(value)
            if np.ndim(value)
            else type(value)(0.0)
            if not is_traced(value)
            else 0.0
        )
    if is_traced(d):
        return d
    if type(value) is float:
        return float(d)
    if not isinstance(value, np.ndarray):
        return d if is_traced(value) else value.dtype.type(d)
    return _in_its_own(d, value, seen)


def _in_its_own(g: Any, like: Any, seen: set[int]) -> Any:
    """A derivative by or of `like`: as it is, or copied where its memory is not its own."""
    if (
        type(g) is not np.ndarray
        or id(g) in seen
        or g.base is not None
        or not g.flags.writeable
        or g.dtype != like.dtype
        or g.shape != like.shape
    ):
        g = np.array(np.broadcast_to(g, like.shape), dtype=like.dtype)
    seen.add(id(g))
    return g
