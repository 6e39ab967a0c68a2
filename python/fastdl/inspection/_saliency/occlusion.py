"""What an answer loses where a part of the sample is covered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl._rules import POSITIVE_INTEGER
from fastdl.estimators.inputs.frames import is_frame
from fastdl.inspection._saliency.answers import asked, check_of_samples, columns
from fastdl.inspection._saliency.behind import parted
from fastdl.inspection._saliency.forms import form_of, in_form_of, listed

_AT_A_TIME = 256  # covered copies of a sample
_PARTS = 8  # a square has by default this part of the shorter side

Ask = Callable[[Any], NDArray[np.float64]]  # the answer asked about, to covered copies of a sample


def occlusion(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    lengths: Any,
    size: int | None,
    stride: int | None,
    fill: Any,
    image_shape: Any,
) -> Any:
    """See `saliency`."""
    for name, value in {"size": size, "stride": stride}.items():
        if value is not None and not POSITIVE_INTEGER.accepts(value):
            raise ValueError(POSITIVE_INTEGER.complaint(name, value))
    steps, final = parted(estimator)
    check_of_samples(final)
    answers = asked(estimator, final, X, lengths)
    column = columns(final, y, answers)
    before = answers[np.arange(len(answers)), column]

    def losses(i: int) -> Ask:
        return lambda some: before[i] - asked(estimator, final, some, None)[:, column[i]]

    form = form_of(final, X, lengths, image_shape)
    _check_words(form.name, {"size": size, "stride": stride, "fill": fill})
    if form.name == "sequences" and _takes_codes(final):
        raise ValueError(
            "X holds codes of symbols, in whose place no other number can stand. Use "
            "method='gradient'."
        )
    if form.name == "images":
        images = np.asarray(X)
        found = [
            _of_image(image, form.shape, losses(i), size, stride, fill, like=X)
            for i, image in enumerate(images)
        ]
        return np.stack(found)
    if form.name == "rows":
        return _of_rows(X, before, column, lambda some: asked(estimator, final, some, None), fill)
    width = size or 1
    maps, step = [], _step(width, stride, 1)
    for i, x in enumerate(listed(X, lengths)):
        if form.name == "symbols":
            copies = _without(x, None if steps else final._inputs.reading, width, step)
        else:
            copies = _covered_steps(np.asarray(x), width, step, fill)
        maps.append(_mean_losses(*copies, losses(i)))
    return in_form_of(X, lengths, maps)


_SAY_NOTHING = {
    "rows": (("size", "stride"), "columns are covered one by one"),
    "symbols": (("fill",), "symbols are left out, not covered"),
}


def _check_words(form: str, words: dict[str, Any]) -> None:
    """Raise ValueError for a word that says nothing of such samples."""
    names, why = _SAY_NOTHING.get(form, ((), ""))
    for name in names:
        if words[name] is not None:
            raise ValueError(f"{name}={words[name]!r}, but {why}. Leave it out.")


def _takes_codes(final: Any) -> bool:
    network = getattr(final, "_network", None)
    return network is not None and bool(network.layers[0].takes_codes)


def _step(size: int, stride: int | None, default: int) -> int:
    """How far a window of this size moves; ValueError where it would leap over places."""
    if stride is not None and stride > size:
        raise ValueError(
            f"stride={stride} leaves places uncovered: size is {size}. Use a stride of at most "
            "size."
        )
    return stride or default


def starts(length: int, size: int, stride: int) -> list[int]:
    """Where windows begin that reach from the first to the last place."""
    last = max(length - size, 0)
    return [*range(0, last, stride), last]


def _mean_losses(length: int, parts: list[slice], copies: Any, ask: Ask) -> NDArray[np.float64]:
    """Of each place, the mean loss over the windows that cover it."""
    total, count = np.zeros(length), np.zeros(length)
    for part, loss in zip(parts, ask(copies) if length else (), strict=True):
        total[part] += loss
        count[part] += 1
    return total / np.maximum(count, 1)


def _covered_steps(
    x: NDArray[Any], size: int, stride: int, fill: Any
) -> tuple[int, list[slice], Any]:
    """Copies of a sequence (T, F) or (T,), with steps in place of which `fill` stands."""
    if not len(x):
        return 0, [], []
    value = x.mean(axis=0) if fill is None else _fitting(fill, x.shape[1:])
    parts = [slice(t, t + size) for t in starts(len(x), size, stride)]
    copies = np.repeat(x[np.newaxis].astype(np.result_type(x, np.float32)), len(parts), axis=0)
    for copy, part in zip(copies, parts, strict=True):
        copy[part] = value
    return len(x), parts, list(copies) if x.ndim > 1 else copies


def _without(x: Any, reading: Any, size: int, stride: int) -> tuple[int, list[slice], list[Any]]:
    """Copies of a text or list of symbols, from which some are left out."""
    by_characters = isinstance(x, str) and (reading is None or reading.analyzer == "char")
    symbols = x if by_characters else list(x if reading is None else reading.symbols(x))
    parts = [slice(t, t + size) for t in starts(len(symbols), size, stride)] if len(symbols) else []
    return len(symbols), parts, [symbols[: p.start] + symbols[p.stop :] for p in parts]


def _of_image(
    image: NDArray[Any],
    shape: tuple[int, ...],
    ask: Ask,
    size: int | None,
    stride: int | None,
    fill: Any,
    like: Any,
) -> NDArray[np.float64]:
    """The map (height, width) of one image, or of a row that is one."""
    height, width, _ = shape
    side = size or max(1, round(min(height, width) / _PARTS))
    step = _step(side, stride, max(1, side // 2))
    pixels = image.reshape(shape)
    value = pixels.mean(axis=(0, 1)) if fill is None else _fitting(fill, shape[2:])
    if image.dtype.kind in "iu":
        value = np.rint(value)
    total, count = np.zeros((2, height, width))
    for squares in _some(
        [(t, u) for t in starts(height, side, step) for u in starts(width, side, step)]
    ):
        copies = np.repeat(pixels[np.newaxis], len(squares), axis=0)
        for copy, (t, u) in zip(copies, squares, strict=True):
            copy[t : t + side, u : u + side] = value
        rows = _like(like, copies.reshape(len(copies), *image.shape))
        for (t, u), loss in zip(squares, ask(rows), strict=True):
            total[t : t + side, u : u + side] += loss
            count[t : t + side, u : u + side] += 1
    return total / count


def _some(values: list[Any]) -> Iterator[list[Any]]:
    for i in range(0, len(values), _AT_A_TIME):
        yield values[i : i + _AT_A_TIME]


def _of_rows(
    X: Any,
    before: NDArray[np.float64],
    column: NDArray[np.int64],
    ask: Ask,
    fill: Any,
) -> NDArray[np.float64]:
    """The losses (n, n_features) where a column holds one value for all rows."""
    n, n_features = X.shape if hasattr(X, "shape") else np.shape(X)
    if fill is None and n < 2:
        raise ValueError(
            "X has one row, which is its own mean: pass fill, a value for all features or one for "
            "each."
        )
    losses = np.empty((n, n_features))
    fills = None if fill is None else _fitting(fill, (n_features,))
    for j in range(n_features):
        covered = _with_column(X, j, None if fills is None else fills[j])
        losses[:, j] = before - ask(covered)[np.arange(n), column]
    return losses


def _with_column(X: Any, j: int, value: Any) -> Any:
    """X with one value in a column: this, or its mean; its most frequent one if it is no number."""
    if hasattr(X, "iloc"):
        covered, column = X.copy(), X.iloc[:, j]
        numeric = column.dtype.kind in "iufb"
        if value is None and not numeric:
            value = column.mode().iloc[0]
        filled = column.astype(float) if numeric else column.copy()
        filled[:] = column.mean() if value is None else value
        covered.isetitem(j, filled)
        return covered
    if is_frame(X):
        return _frame_with_column(X, j, value)
    if hasattr(X, "toarray"):
        X = X.toarray()
    covered = np.array(X, np.result_type(np.asarray(X), np.float32))
    covered[:, j] = covered[:, j].mean(dtype=np.float64) if value is None else value
    return covered


def _frame_with_column(X: Any, j: int, value: Any) -> Any:
    """The same of a frame of polars, or a table of pyarrow."""
    names = list(getattr(X, "column_names", None) or X.columns)
    columns = {name: X[name].to_pylist() if _is_arrow(X) else X[name].to_list() for name in names}
    column = [entry for entry in columns[names[j]] if entry is not None]
    if value is None:
        numeric = all(isinstance(entry, (int, float)) for entry in column)
        value = float(np.nanmean(column)) if numeric else Counter(column).most_common(1)[0][0]
    columns[names[j]] = [value] * len(columns[names[j]])
    return type(X).from_pydict(columns) if _is_arrow(X) else type(X)(columns)


def _is_arrow(X: Any) -> bool:
    return hasattr(X, "column_names")


def _fitting(fill: Any, shape: tuple[int, ...]) -> NDArray[np.float64]:
    value = np.asarray(fill, np.float64)
    try:
        return np.broadcast_to(value, shape)
    except ValueError:
        raise ValueError(
            f"fill has shape {value.shape}; expected a number, or {shape[0] if shape else 1} of "
            "them, one for each channel or feature."
        ) from None


def _like(X: Any, rows: NDArray[Any]) -> Any:
    """Rows as a frame with the columns of X, where X is one."""
    return type(X)(rows, columns=X.columns) if hasattr(X, "iloc") else rows
