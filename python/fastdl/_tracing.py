"""Where `fastdl.autodiff` steps in: functions with a derivative look here for traced arrays."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

traced: type | None = None  # the class of traced arrays, when fastdl.autodiff is imported
call: Callable[..., Any] | None = (
    None  # its (function, args, kwargs), for calls with a traced array
)


def differentiable(f: Callable[P, R]) -> Callable[P, R]:
    """Decorate a function of arrays that `fastdl.autodiff` has a rule for."""

    @wraps(f)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        if call is not None:
            for a in args:
                if type(a) is traced:
                    return call(called, args, kwargs)
            if kwargs and any(type(a) is traced for a in kwargs.values()):
                return call(called, args, kwargs)
        return f(*args, **kwargs)

    return called
