"""What fastdl takes from scikit-learn that is private, experimental or missing in older versions.

No other file imports such names, so a new version of scikit-learn is met here. Callbacks came with
1.9, and names of features that do not need `__dataframe__`; below it stand-ins have the part of
`sklearn.callback` that a single estimator needs, and show older versions these names.
"""

# ruff: noqa: E402 (first of all: is it there, and new enough)
from __future__ import annotations

import copy
import functools
import inspect
from typing import Any, Self

try:
    import sklearn
except ImportError as missing:
    if missing.name != "sklearn":  # it is there, and cannot be loaded: its own message says why
        raise
    raise ImportError(
        'The estimators of fastdl need scikit-learn: pip install "scikit-learn>=1.6"'
    ) from None
VERSION = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
if VERSION < (1, 6):
    raise ImportError(
        "The estimators of fastdl need scikit-learn 1.6 or newer, and this is "
        f'{sklearn.__version__}: pip install "scikit-learn>=1.6"'
    )

import numpy as np
from sklearn import base
from sklearn.utils import _safe_indexing as _part_of
from sklearn.utils import validation
from sklearn.utils._param_validation import (
    Interval,
    Options,
    StrOptions,
    validate_parameter_constraints,
)
from sklearn.utils._set_output import (
    ADAPTERS_MANAGER,
    _auto_wrap_is_configured,
    _get_output_config,
)
from sklearn.utils.multiclass import _check_partial_fit_first_call
from sklearn.utils.validation import _check_sample_weight, _check_y

__all__ = [
    "CallbackSupportMixin", "Interval", "Options", "StrOptions", "TransformerMixin",
    "_check_partial_fit_first_call", "_check_sample_weight", "_check_y",
    "_fit_context", "_safe_indexing", "validate_data", "validate_parameter_constraints",
]  # fmt: skip


def _safe_indexing(X: Any, indices: Any) -> Any:
    """scikit-learn's; older versions do not know the tables of pyarrow."""
    return X.take(indices) if type(X).__module__.startswith("pyarrow") else _part_of(X, indices)


class TransformerMixin(base.TransformerMixin):
    """scikit-learn's, but only rows become frames where `set_output` or the configuration says so.

    Images, and lists of arrays, are no tables: they are given as they are.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name, method in list(vars(cls).items()):
            if name in ("transform", "fit_transform") and hasattr(method, "__wrapped__"):
                plain = method.__wrapped__  # before scikit-learn's own frames
                setattr(cls, name, _with_frames(plain) if name == "transform" else plain)


def _with_frames(transform: Any) -> Any:
    @functools.wraps(transform)
    def in_frames(self: Any, X: Any, *args: Any, **kwargs: Any) -> Any:
        rows = transform(self, X, *args, **kwargs)
        library = _get_output_config("transform", self)["dense"]
        is_table = getattr(rows, "ndim", 0) == 2
        if library == "default" or not is_table or not _auto_wrap_is_configured(self):
            return rows
        names = self.get_feature_names_out()
        if len(names) != rows.shape[1]:  # the outputs of another layer
            prefix = type(self).__name__.lower()
            names = np.array([f"{prefix}{i}" for i in range(rows.shape[1])], object)
        return ADAPTERS_MANAGER.adapters[library].create_container(rows, X, columns=names)

    return in_frames


# Without frames of its own: it ends in transform.
TransformerMixin.fit_transform = base.TransformerMixin.fit_transform.__wrapped__


if VERSION >= (1, 9):
    from sklearn.utils.validation import validate_data
else:

    class _Frame:
        """A frame with what older versions read names from, and polars and pyarrow gave up."""

        def __init__(self, frame: Any) -> None:
            self._frame, self.shape = frame, frame.shape

        def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
            return np.array(self._frame, dtype=dtype, copy=copy)

        def __dataframe__(self) -> _Frame:
            return self

        def column_names(self) -> list[str]:
            is_pyarrow = hasattr(self._frame, "column_names")
            return self._frame.column_names if is_pyarrow else self._frame.columns

        def num_rows(self) -> int:
            return self.shape[0]

    def _is_nameless(X: Any) -> bool:
        is_frame = hasattr(X, "columns") or hasattr(X, "column_names")
        is_known = hasattr(X, "__dataframe__") or hasattr(X, "iloc")
        return is_frame and not is_known and hasattr(X, "__array__")

    def validate_data(estimator: Any, X: Any = "no_validation", *args: Any, **words: Any) -> Any:
        """As scikit-learn's, for the newest polars and pyarrow too."""
        X = _Frame(X) if _is_nameless(X) else X
        return validation.validate_data(estimator, X, *args, **words)


try:
    from sklearn.base import _fit_context
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # scikit-learn < 1.9

    class CallbackContext:
        """A task of a fit; `about` is what callbacks may read of it."""

        def __init__(self, callbacks: list[Any], parent: Any = None, **about: Any) -> None:
            self._callbacks, self.parent, self._n_children = callbacks, parent, 0
            vars(self).update(about)

        def subcontext(self, task_name: str = "", max_subtasks: int | None = 0) -> CallbackContext:
            about = {"task_name": task_name, "task_id": self._n_children}
            self._n_children += 1
            name = vars(self)["estimator_name"]
            return CallbackContext(
                self._callbacks, self, estimator_name=name, max_subtasks=max_subtasks, **about
            )

        def call_on_fit_task_begin(self, **known: Any) -> CallbackContext:
            self._call("on_fit_task_begin", **known)
            return self

        def call_on_fit_task_end(self, **known: Any) -> bool:
            return self._call("on_fit_task_end", **known)

        def _call(self, name: str, *, estimator: Any, **known: Any) -> bool:
            """Pass each callback the keyword-only arguments that its hook names."""
            rebuilt, stop = known.pop("reconstruction_attributes", None), False
            for callback in self._callbacks:
                hook = getattr(callback, name)
                parameters = inspect.signature(hook).parameters.values()
                words = {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
                if rebuilt and "fitted_estimator" in words and "fitted_estimator" not in known:
                    known["fitted_estimator"] = copy.copy(estimator)
                    vars(known["fitted_estimator"]).update(rebuilt())
                stop |= bool(hook(estimator, self, **{word: known.get(word) for word in words}))
            return stop

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Callbacks of an estimator, by scikit-learn's names."""

        def set_callbacks(self, *callbacks: Any) -> Self:
            """Set the callbacks, or remove them all; return the estimator."""
            hooks = ("setup", "on_fit_task_begin", "on_fit_task_end", "teardown")
            for callback in callbacks:
                if isinstance(callback, type) or not all(hasattr(callback, h) for h in hooks):
                    raise TypeError(
                        "callbacks must be instances following the FitCallback protocol."
                    )
            vars(self).pop("_skl_callbacks", None)
            if callbacks:
                self._skl_callbacks = list(callbacks)
            return self

        def __sklearn_clone__(self) -> Any:
            clone = super().__sklearn_clone__()  # type: ignore[misc]
            if hasattr(self, "_skl_callbacks"):
                clone._skl_callbacks = self._skl_callbacks
            return clone

        def _init_callback_context(self, max_subtasks: int | None = 0) -> CallbackContext:
            callbacks = getattr(self, "_skl_callbacks", [])
            self._callback_fit_ctx = context = CallbackContext(
                callbacks,
                estimator_name=type(self).__name__,
                task_name="fit",
                task_id=0,
                max_subtasks=max_subtasks,
            )
            self._skl_callbacks_to_teardown: list[Any] = []
            for callback in callbacks:
                self._skl_callbacks_to_teardown.append(callback)
                callback.setup(self, context)
            return context

    def _fit_context(**options: Any) -> Any:
        """As scikit-learn's, and tears the callbacks down."""

        def decorate(fit: Any) -> Any:
            @functools.wraps(fit)
            def fit_and_tear_down(self: Any, *args: Any, **kwargs: Any) -> Any:
                try:
                    return fit(self, *args, **kwargs)
                finally:
                    context = vars(self).pop("_callback_fit_ctx", None)
                    for callback in vars(self).pop("_skl_callbacks_to_teardown", ()):
                        callback.teardown(self, context)

            return base._fit_context(**options)(fit_and_tear_down)

        return decorate
