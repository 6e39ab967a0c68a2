"""What is no data to any estimator: masks, dates, records, and objects that hold no samples.

`refuse` looks before an array is read as something else than it is; `why` looks after another
library has refused X, for what the user can do about it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from numbers import Number
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl.estimators.inputs.frames import (
    NO_NUMBERS,
    columns_of,
    is_frame,
    names_of,
    numbers_of,
)
from fastdl.samples import is_sparse

_ROWS = "an array or a data frame of shape (n_samples, n_features)"


def shown(x: Any) -> str:
    """What messages call something that is not what it should be."""
    if x is None or isinstance(x, (Number, str, bytes)):
        return repr(x)[:40]
    if is_sparse(x) or isinstance(x, np.ndarray) or (is_frame(x) and hasattr(x, "shape")):
        kind = "array" if isinstance(x, np.ndarray) else "data frame"
        kind = "sparse matrix" if is_sparse(x) else kind
        return f"{'an' if kind == 'array' else 'a'} {kind} of shape {x.shape}"
    return f"of type {type(x).__name__}"


def holds_nothing(x: Any) -> bool:
    """Whether x is no array, frame or list: it has no items, or they are in no order."""
    if isinstance(x, (str, bytes, Mapping, Set, type)):
        return True
    if hasattr(x, "shape"):
        return len(x.shape) == 0
    is_array = hasattr(x, "__array__") or hasattr(x, "__array_interface__")  # such as Pillow's
    return not (is_array or (hasattr(x, "__len__") and hasattr(x, "__getitem__")))


def refuse(name: str, which: str, values: Any, takes: str = _ROWS, *, dates: bool = False) -> None:
    """Raise ValueError for what would be read as something else than it is.

    Parameters
    ----------
    name : str
        Of the estimator.
    which : str
        What the values are: "X", "y", "X[3]".
    values : as the user passed them
        None, single numbers and strings are for others to refuse.
    takes : str
        What the estimator takes.
    dates : bool, default=False
        Whether dates are taken, as labels are, or refused elsewhere.
    """
    if isinstance(values, np.ndarray):
        _refuse_array(name, which, values, dates)
    elif is_frame(values):
        if not hasattr(values, "shape"):
            raise ValueError(
                f"{which} is {shown(values)}, which is not read yet; {name} takes {takes}. Use "
                f"{which}.collect()."
            )
        if not dates:
            _refuse_dates(values)
    elif holds_nothing(values) and not (
        values is None or isinstance(values, (Number, str, bytes)) or hasattr(values, "shape")
    ):
        raise ValueError(f"{which} is {shown(values)}; {name} takes {takes}.")


def _refuse_array(name: str, which: str, values: NDArray[Any], dates: bool) -> None:
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        n = int(np.ma.getmaskarray(values).sum())
        raise ValueError(
            f"{which} is a masked array with {n} masked value{'s' * (n > 1)}; {name} takes arrays "
            f"without masks. Use {which}.filled(...), with what shall stand in their place."
        )
    if values.dtype.names:
        raise ValueError(
            f"{which} holds records with the fields {', '.join(map(repr, values.dtype.names))}; "
            f"{name} takes plain arrays. Use "
            f"numpy.lib.recfunctions.structured_to_unstructured({which})."
        )
    if values.dtype.kind in "mM" and not dates:
        raise ValueError(
            f"{which} is of type {values.dtype}; {name} takes numbers. Turn it into some, such as "
            "days since a date."
        )


def _refuse_dates(X: Any) -> None:
    """Raise for a frame with dates, which NumPy would take for numbers where all columns are."""
    types = X.dtypes if hasattr(X, "dtypes") else X.schema.types
    for j, of_one in enumerate(types):
        if NO_NUMBERS.match(str(of_one).lower()):
            numbers_of(columns_of(X)[j], names_of(X)[j])


def why(name: str, X: Any, *, categories: bool) -> str | None:
    """Why rows X were refused, and what can be done about it; None where others have said so.

    `categories` says that the estimator reads text as categories, in columns that it knows of.
    """
    if is_frame(X):
        return _column(name, X, categories)
    text = _first_text(X)
    if text is None:
        return None
    at, value = text
    where = f"X[{', '.join(map(str, at))}]" if at else "X"
    way_out = (
        "Name the columns with text in categorical_features, or pass a data frame"
        if categories
        else "Encode text as numbers, as OneHotEncoder does"
    )
    return f"{where} is {value!r}; {name} takes numbers. {way_out}."


def _column(name: str, X: Any, categories: bool) -> str | None:
    """About the first column of a frame that holds no numbers."""
    for column, called in zip(columns_of(X), names_of(X), strict=True):
        text = _first_text(np.asarray(column, object))
        if text is not None:
            seen = f"Column {called!r} of X holds {text[1]!r}"
            if categories:
                return f"{seen}, but {name} was fitted with numbers in it. Pass numbers."
            return (
                f"{seen}; {name} takes numbers. Encode it, as "
                "OneHotEncoder does, or use TabularClassifier or TabularRegressor, which read such "
                "columns as categories."
            )
        try:
            numbers_of(column, called)
        except ValueError as error:
            return str(error)
    return None


def _first_text(values: Any) -> tuple[tuple[int, ...], Any] | None:
    """Where the first string is that is no number, and the string."""
    try:
        values = np.asarray(values)
    except ValueError:
        return None
    if values.dtype.kind not in "USOT":
        return None
    for i, value in enumerate(values.flat):
        if isinstance(value, (str, bytes)) and not _is_number(value):
            value = value.item() if isinstance(value, np.generic) else value
            return tuple(int(k) for k in np.unravel_index(i, values.shape)), value
    return None


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def check_y(name: str, y: Any, *, numeric: bool) -> Any:
    """Y as it is, a sparse one of numbers as an array.

    Raises
    ------
    ValueError
        For what is no list or array with something for each sample, and, where `numeric`, for
        text, dates and None.
    """
    if y is None:
        return y  # scikit-learn says so
    if holds_nothing(y):
        raise ValueError(
            f"y is {shown(y)}; {name} takes an array or a list, with a target for each sample."
        )
    refuse(name, "y", y, dates=not numeric)
    if is_sparse(y):
        return y.toarray() if numeric else y
    try:
        values = np.asarray(y)
    except ValueError:
        shapes = [np.shape(of_one) for of_one in y]
        i = next(i for i, shape in enumerate(shapes) if shape != shapes[0])
        raise ValueError(
            f"y[{i}] has shape {shapes[i]}, but y[0] has {shapes[0]}; {name} takes targets of one "
            "shape."
        ) from None
    if numeric and values.dtype.kind in "USOTmM":
        refuse(name, "y", values)
        _refuse_other_than_numbers(name, values)
    return y


def _refuse_other_than_numbers(name: str, y: NDArray[Any]) -> None:
    """Raise for texts and None among numbers."""
    text = _first(y, lambda value: isinstance(value, (str, bytes)))
    if text is not None:
        other = name.replace("Regressor", "Classifier")
        way_out = f"{other} learns classes." if other != name else "Encode it."
        if _is_number(text[1]):
            way_out = "Use y.astype(float)."
        raise ValueError(f"y[{text[0]}] is {text[1]!r}; {name} takes numbers. {way_out}")
    nothing = _first(y, lambda value: value is None)
    if nothing is not None:
        raise ValueError(
            f"y[{nothing[0]}] is None; {name} takes a number for each sample. Leave out the "
            "samples that have none."
        )


def refuse_labels(name: str, y: Any) -> None:
    """Raise for labels that are missing, or of several types; indicators are no matter here."""
    if getattr(y, "dtype", None) != np.dtype(object):
        return
    nothing = _first(y, lambda value: value is None)
    if nothing is not None:
        raise ValueError(
            f"y[{nothing[0]}] is None; {name} takes a label for each sample. Leave out the samples "
            "that have none."
        )
    texts = {isinstance(value, (str, bytes)) for value in y.flat}
    if len(texts) > 1:
        i, value = _first(y, lambda value: not isinstance(value, (str, bytes)))  # type: ignore[misc]
        raise ValueError(
            f"y holds labels of several types: y[{i}] is {value!r}, and others are text. {name} "
            "takes those of one: all numbers, or all text."
        )


def _first(values: NDArray[Any], holds: Callable[[Any], bool]) -> tuple[int, Any] | None:
    """The first sample of which that is so, and the value."""
    width = max(1, values[0].size if values.ndim > 1 and len(values) else 1)
    for i, value in enumerate(values.flat):
        if holds(value):
            return i // width, value.item() if isinstance(value, np.generic) else value
    return None
