"""Pipelines, and the transformers of scikit-learn that stand in them: a closed list.

Each is kept by its parameters and by the attributes that a fit gives it, which have had the same
names from scikit-learn 1.6 to 1.9.
"""

from __future__ import annotations

from collections import UserList
from inspect import signature
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    LabelEncoder,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)

from fastdl._saved import short
from fastdl._sklearn import VERSION
from fastdl.io import _values
from fastdl.io._values import Decoder, Encoder, named

_OF_ALL = ("n_features_in_", "feature_names_in_", "_sklearn_output_config")
_OF_CATEGORIES = (
    *("categories_", "_infrequent_enabled", "_infrequent_indices"),
    "_default_to_infrequent_mappings",
)
# What a fit gives them, beside _OF_ALL.
_ATTRIBUTES: dict[type, tuple[str, ...]] = {
    Pipeline: (),
    ColumnTransformer: (
        *("transformers_", "output_indices_", "sparse_output_"),
        *("_columns", "_remainder", "_transformer_to_input_indices"),
        "_transformers_feature_names_out",
    ),
    StandardScaler: ("mean_", "var_", "scale_", "n_samples_seen_"),
    MinMaxScaler: (
        *("data_min_", "data_max_", "data_range_", "min_", "scale_"),
        "n_samples_seen_",
    ),
    MaxAbsScaler: ("max_abs_", "scale_", "n_samples_seen_"),
    RobustScaler: ("center_", "scale_"),
    SimpleImputer: ("statistics_", "indicator_", "_fit_dtype", "_fill_dtype"),
    MissingIndicator: ("features_", "_n_features", "_precomputed"),
    OneHotEncoder: (
        *_OF_CATEGORIES,
        *("drop_idx_", "_drop_idx_after_grouping", "_n_features_outs"),
    ),
    OrdinalEncoder: (*_OF_CATEGORIES, "_missing_indices"),
    LabelEncoder: ("classes_",),
    FunctionTransformer: (),
    PCA: (
        *("components_", "mean_", "n_components_", "n_samples_", "noise_variance_"),
        *("explained_variance_", "explained_variance_ratio_", "singular_values_"),
        "_fit_svd_solver",
    ),
}
CLASSES = {kind.__name__: kind for kind in _ATTRIBUTES}
_CODE = {FunctionTransformer: ("func", "inverse_func"), Pipeline: ("memory",)}  # None alone
_RETIRED = ("force_int_remainder_cols",)  # parameters that later versions do without
_STEPS = ("steps", "transformers", "transformers_", "transformer_list")

OTHERS = (
    "Beside the estimators of fastdl a model file takes Pipeline, ColumnTransformer, "
    f"{', '.join(sorted(set(CLASSES) - {'Pipeline', 'ColumnTransformer', 'MissingIndicator'}))} "
    "of scikit-learn. Save the whole with skops.io.dump, whose file skops.io.load(..., "
    "trusted=fastdl.io.skops_trusted()) reads."
)


def is_known(found: Any) -> bool:
    """Whether it is on the list; of a subclass we do not know what is in it."""
    return type(found) in _ATTRIBUTES


def _store(encoder: Encoder, found: Any, where: str) -> Any:
    prefix, kind = f"{where}." if where else "", type(found)
    who = f"{where}={kind.__name__}()" if where else kind.__name__
    if kind not in _ATTRIBUTES:
        raise TypeError(f"{who} cannot be saved: a subclass is code. {OTHERS}")
    parameters = found.get_params(deep=False)
    for name in _CODE.get(kind, ()):
        if parameters[name] is not None:
            raise TypeError(
                f"{who} cannot be saved: its {name} is code, or belongs to one machine. Set it to "
                "None, or save the whole with skops."
            )
    fitted = {name: value for name, value in vars(found).items() if name not in parameters}
    for name in fitted:
        if name not in (*_ATTRIBUTES[kind], *_OF_ALL):
            raise TypeError(f"{who} cannot be saved: it has {name}, which is not kept. {OTHERS}")
    return {
        "class": kind.__name__,
        "parameters": _encoded(encoder, parameters, prefix),
        "fitted": _encoded(encoder, fitted, prefix),
    }


def _encoded(encoder: Encoder, values: dict[str, Any], prefix: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        where = prefix + name
        if name == "_remainder":
            value = tuple(_plain(part) for part in value)
        if name in _STEPS:
            found[name] = [_step(encoder, step, prefix) for step in value]
        elif isinstance(value, type) and issubclass(value, np.generic):
            found[name] = {"$type": encoder.encode(value, where)}
        elif _is_columnwise(value):
            found[name] = {"$transposed": encoder.add(value.T, where)}
        else:
            found[name] = encoder.encode(value, where)
    return found


def _is_columnwise(value: Any) -> bool:
    """Whether it stands in memory column by column, which a BLAS rounds otherwise."""
    is_storable = isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.ndim == 2
    return is_storable and value.flags.f_contiguous and not value.flags.c_contiguous


def _step(encoder: Encoder, step: Any, prefix: str) -> Any:
    """A tuple that begins with a name, which messages and arrays then have."""
    where = f"{prefix}{step[0]}"
    values = []
    for value in step:
        if hasattr(value, "get_params") and not _is_in_rules(value):
            raise TypeError(f"{where}={type(value).__name__}() cannot be saved. {OTHERS}")
        values.append(encoder.encode(_plain(value), where))
    return {"$tuple": values}


def _plain(columns: Any) -> Any:
    """The list in scikit-learn 1.6's own list of the remaining columns."""
    return columns.data if isinstance(columns, UserList) else columns


def _is_in_rules(value: Any) -> bool:
    return any(isinstance(value, rule.kinds) for rule in _values.RULES.values())


def _restore(decoder: Decoder, stored: Any) -> Any:
    name, parameters, fitted = named(stored, "class", "parameters", "fitted")
    if not isinstance(name, str) or name not in CLASSES:
        raise ValueError(f"it holds a {short(name)}, which this version of fastdl does not have.")
    kind = CLASSES[name]
    for part in (parameters, fitted):
        if not isinstance(part, dict):
            raise ValueError(f"{name}: it holds {short(part)} in place of values by name.")
    known = signature(kind).parameters
    parameters = {key: value for key, value in parameters.items() if key not in _RETIRED}
    for key in parameters:
        if key not in known:
            raise ValueError(f"{name} has a parameter {short(key)}, which is not known.")
    values = {key: decoder.decode(value) for key, value in parameters.items()}
    for key in _CODE.get(kind, ()):
        if values.get(key) is not None:
            raise ValueError(f"{name}: {key} is {short(values[key])}; expected None.")
    for key in fitted:
        if key not in (*_ATTRIBUTES[kind], *_OF_ALL):
            raise ValueError(f"{name} has an attribute {short(key)}, which is not known.")
    found = kind(**values)
    for key in _STEPS:
        if key in values:
            _check_steps(name, key, values[key])
    for key, value in fitted.items():
        setattr(found, key, decoder.decode(value))
    if VERSION > (1, 6) and "_fit_dtype" in fitted and "_fill_dtype" not in fitted:
        found._fill_dtype = found._fit_dtype  # files of scikit-learn 1.6 lack it
    return found


def _check_steps(name: str, key: str, steps: Any) -> None:
    if not isinstance(steps, list) or not all(
        isinstance(step, tuple) and len(step) in (2, 3) and isinstance(step[0], str)
        for step in steps
    ):
        raise ValueError(f"{name}: {key} is {short(steps)}; expected names and steps.")


def _restore_type(decoder: Decoder, stored: Any) -> type:
    dtype = decoder.decode(stored)
    if not isinstance(dtype, np.dtype):
        raise ValueError(f"it holds {short(stored)} in place of a dtype.")
    return dtype.type


def _restore_slice(decoder: Decoder, stored: Any) -> slice:
    parts = decoder.decode(stored)
    if not isinstance(parts, list) or len(parts) != 3:
        raise ValueError(f"it holds {short(stored)} in place of a slice.")
    if not all(part is None or type(part) in (int, str) for part in parts):
        raise ValueError(f"it holds {short(stored)} in place of a slice.")
    return slice(*parts)


def _nothing(encoder: Encoder, value: Any, where: str) -> Any:
    """Of no class of their own: what `_encoded` writes."""
    raise TypeError(where)


_values.RULES["$sklearn"] = _values.Rule(tuple(_ATTRIBUTES), _store, _restore)
_values.RULES["$type"] = _values.Rule((), _nothing, _restore_type)
_values.RULES["$transposed"] = _values.Rule((), _nothing, lambda decoder, v: decoder.take(v).T)
_values.RULES["$slice"] = _values.Rule(
    (slice,),
    lambda encoder, v, where: encoder.encode([v.start, v.stop, v.step], where),
    _restore_slice,
)
