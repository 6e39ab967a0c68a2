"""Rules of scipy.special's ufuncs, written down when SciPy has been imported by somebody else."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

import fastdl.autodiff._trace as _trace
from fastdl.autodiff._rules.table import elementwise, primitive
from fastdl.autodiff._trace import RULES, plain

_ROOT = 2 / math.sqrt(math.pi)


def _register(special: Any) -> None:
    """The rules; SciPy's ufuncs are objects that exist only when it is imported."""
    known = "scipy.special."
    elementwise(special.expit, lambda y, _x: y * (1 - y), name=known + "expit")
    elementwise(special.logit, lambda _y, x: 1 / (x * (1 - x)), name=known + "logit")
    elementwise(special.log_expit, lambda _y, x: special.expit(-x), name=known + "log_expit")
    elementwise(special.erf, lambda _y, x: _ROOT * np.exp(-x * x), name=known + "erf")
    elementwise(special.erfc, lambda _y, x: -_ROOT * np.exp(-x * x), name=known + "erfc")
    elementwise(special.erfinv, lambda y, _x: np.exp(y * y) / _ROOT, name=known + "erfinv")
    elementwise(
        special.ndtr,
        lambda _y, x: np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi),
        name=known + "ndtr",
    )
    elementwise(
        special.log_ndtr,
        lambda y, x: np.exp(-0.5 * x * x - 0.5 * math.log(2 * math.pi) - y),
        name=known + "log_ndtr",
    )
    elementwise(special.gammaln, lambda _y, x: special.psi(x), name=known + "gammaln")
    polygamma = primitive(lambda x, n: special.polygamma(n, x))
    elementwise(polygamma, lambda _y, x, n: polygamma(x, n + 1), 0, name=known + "polygamma")
    elementwise(special.psi, lambda _y, x: polygamma(x, 1), name=known + "psi")
    elementwise(special.gamma, lambda y, x: y * special.psi(x), name=known + "gamma")
    elementwise(
        special.xlogy,
        lambda _y, x, b: np.log(np.where(plain(b) == 0, 1.0, b)) * (plain(x) == plain(x)),
        lambda _y, x, b: x / b,
        name=known + "xlogy",
    )
    elementwise(
        special.xlog1py,
        lambda _y, _x, b: np.log1p(b),
        lambda _y, x, b: x / (1 + b),
        name=known + "xlog1py",
    )
    elementwise(special.entr, lambda _y, x: -1 - np.log(x), name=known + "entr")
    elementwise(special.log1p, lambda _y, x: 1 / (1 + x), name=known + "log1p")
    elementwise(special.expm1, lambda y, _x: y + 1, name=known + "expm1")


def _find(ufunc: Any) -> Any:
    """The rule of a ufunc that was not known when the table was made."""
    special = sys.modules.get("scipy.special")
    if special is not None and getattr(special, "expit", None) not in RULES:
        _register(special)
    return RULES.get(ufunc)


_trace.LATER.append(_find)
if "scipy.special" in sys.modules:
    _find(None)
