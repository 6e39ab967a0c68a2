"""Derivatives of plain NumPy code, by forward and reverse mode.

A function is called with traced arrays in place of its arguments (`_trace`); NumPy's protocols lead
from each call to a rule: those of `_rules`, and of `_functional` for `fastdl.functional`. The
transformations are in `_transforms` and `_matrices`, containers of arguments in `_tree`.
"""

from typing import Any

from fastdl import _tracing
from fastdl.autodiff import _rules  # noqa: F401 (fills the table of rules)
from fastdl.autodiff._check import check_gradients
from fastdl.autodiff._control import check_finite, checkpoint, rule, rules, stop_gradient, value_of
from fastdl.autodiff._matrices import hessian, hessian_vector_product, jacobian
from fastdl.autodiff._trace import Traced
from fastdl.autodiff._transforms import grad, jvp, value_and_grad, vjp
from fastdl.autodiff._tree import flatten


def _of_functional(f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A function of `fastdl.functional` that was called with a traced array."""
    from fastdl.autodiff import _functional  # its rules are read at the first such call

    return _functional.call(f, args, kwargs)


_tracing.traced, _tracing.call = Traced, _of_functional

__all__ = [
    "check_finite",
    "check_gradients",
    "checkpoint",
    "flatten",
    "grad",
    "hessian",
    "hessian_vector_product",
    "jacobian",
    "jvp",
    "rule",
    "rules",
    "stop_gradient",
    "value_and_grad",
    "value_of",
    "vjp",
]


def __dir__() -> list[str]:
    return sorted(__all__)
