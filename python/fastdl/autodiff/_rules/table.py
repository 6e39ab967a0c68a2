"""How rules are written down: one line a function, value and derivative side by side.

In a rule y is the value of the function and the others are its arguments, in its own order; a name
that starts with ``_`` is not kept for the backward pass. `like` has the shape and dtype of the
argument.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import fastdl.autodiff._trace as _trace
from fastdl.autodiff._trace import RULES

_ALL = 0xFFFFFFFF


def name_of(f: Any) -> str:
    """What users call a function: "np.sin"."""
    module = (getattr(f, "__module__", None) or "numpy").replace("_ufuncs", "").rstrip(".")
    public = module.split("._")[0].replace("numpy", "np", 1)  # numpy._core.fromnumeric is np
    return f"{public}.{getattr(f, '__name__', f)}"


def _names(f: Any) -> tuple[str, ...]:
    """Of the parameters in their order, "*" before one that takes all further ones.

    From the code, as the table is read at each import: inspect.signature takes 25 us.
    """
    code = getattr(inspect.unwrap(f), "__code__", None)
    if code is None:
        try:
            return tuple(inspect.signature(f).parameters)
        except (TypeError, ValueError):  # built in, without a signature
            return ()
    places, keywords = code.co_argcount, code.co_kwonlyargcount
    names = code.co_varnames[:places]
    if code.co_flags & inspect.CO_VARARGS:
        names += ("*" + code.co_varnames[places + keywords],)
    return tuple(names + code.co_varnames[places : places + keywords])


def _keywords(rule: Any, skip: int, f: Any) -> frozenset[str]:
    """The keywords that a rule knows: its own parameters after the first."""
    return frozenset(_names(rule)[skip:]) | frozenset(_names(f)[:1])


def _kept(rules: Sequence[Any], skip: int) -> int:
    """Bits of (y, *args) that some rule needs."""
    bits = 0
    for rule in rules:
        if not callable(rule):
            continue
        for place, name in enumerate(_names(rule)[skip:]):
            if name.startswith("*"):
                bits |= _ALL & ~((1 << place) - 1)
            elif not name.startswith("_"):
                bits |= 1 << place
    return bits


def elementwise(f: Any, *partials: Any, by_operator: Any = None, name: str = "") -> None:
    """One value for each position; `partials`: (y, *args) -> derivative, or a number, each."""
    kept = tuple(_kept([partial], 0) for partial in partials)
    RULES[f] = _trace.Elementwise(f, name or name_of(f), partials, kept, by_operator or f)


def linear(f: Any, transpose: Callable[..., Any], name: str = "", by: Any = None) -> None:
    """Linear in the first argument; `transpose`: (dy, like, *others) -> its gradient.

    `by`: a quicker function that does the same.
    """
    keywords = _keywords(transpose, 2, f)
    RULES[f] = _trace.Linear(by or f, name or name_of(f), transpose, keywords, _names(f))


def multilinear(
    f: Any, transposes: Any, *, name: str = "", keywords: frozenset[str] = frozenset()
) -> None:
    """Linear in each array; `transposes`: (dy, like, *args) each, or one with the place first."""
    known = keywords | frozenset(_names(f)[:2])
    RULES[f] = _trace.Multilinear(f, name or name_of(f), transposes, known, _names(f))


def custom(
    f: Any,
    vjps: Any = None,
    jvps: Any = None,
    *,
    joint: Any = None,
    joint_jvp: Any = None,
    variadic: bool = False,
    keywords: frozenset[str] | None = None,
    name: str = "",
    by: Any = None,
) -> None:
    """Any other; see `_trace.Custom`. `by`: a quicker function that does the same."""
    if joint is not None:
        rules, skip = [joint], 2
    else:
        rules, skip = ([vjps], 2) if variadic else (list(vjps), 1)
    if keywords is None:
        known = [frozenset(_names(rule)[skip + 1 :]) for rule in rules if callable(rule)]
        keywords = frozenset().union(*known) | frozenset(_names(f)[:1])
    RULES[f] = _trace.Custom(
        by or f,
        name or name_of(f),
        keywords,
        _names(f),
        vjps=vjps,
        jvps=jvps,
        joint=joint,
        joint_jvp=joint_jvp,
        keeps=_kept(rules, skip),
        variadic=variadic,
    )


def composed(*fs: Any, name: str = "") -> Callable[[Any], Any]:
    """Decorate a function that computes the same by functions that have rules."""

    def register(g: Any) -> Any:
        for f in fs:
            keywords = frozenset(name for name in _names(g) if not name.startswith("*"))
            RULES[f] = _trace.Composed(g, name or name_of(f), keywords)
        return g

    return register


def constant(*fs: Any) -> None:
    """Functions whose derivative is 0 where they have one."""
    for f in fs:
        RULES[f] = _trace.Constant(f, name_of(f))


def primitive(f: Any) -> Any:
    """A function of our own that is to have a rule: it looks for traced arrays itself."""

    @wraps(f)
    def called(*args: Any, **kwargs: Any) -> Any:
        rule = RULES.get(called)
        if rule is None or not _trace.any_traced(args):
            return f(*args, **kwargs)
        return rule(*args, **kwargs)

    called.plain = f  # type: ignore[attr-defined]
    return called
