"""What travels from the user's arrays to the core: X, y, weights and lengths."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from fastdl._core import Program

_KNOWN = (np.uint8, np.int32, np.float32, np.float64)  # types that the core reads
CoreInput = NDArray[Any] | tuple[NDArray[Any], NDArray[np.int32], NDArray[np.int64]]


class Samples(NamedTuple):
    """What the core learns from; see ``Program.train_epoch`` for the forms."""

    X: Any
    y: Any  # an array, or None for X itself; (n, T ...) for targets of steps
    weight: NDArray[Any] | None  # of samples (n,), or of steps (n, T)
    lengths: NDArray[np.int32] | None = None  # of sequences
    sampling: str = ""  # how targets of pixels move along with theirs; see `Targets.sampling`


class Data(NamedTuple):
    """Samples for the core, and the same as the user's scorers and callbacks want them."""

    samples: Samples
    X: Any
    y: Any

    def ready_for(self, program: Program) -> Data:
        """Sequences with as many steps as the program has, if they have fewer."""
        X, y, weight, lengths, sampling = self.samples
        if isinstance(self.y, Pairs):
            y = with_answer_steps(y, program.output_shape[0])
        steps = program.input_shape[0]
        if lengths is None or X.shape[1] > steps:
            return self
        y = with_steps(y, steps) if isinstance(self.y, Sequences) else y
        if weight is not None and weight.ndim == 2:
            weight = with_steps(weight, steps)
        samples = Samples(with_steps(X, steps), y, weight, lengths, sampling)
        return self._replace(samples=samples)

    def of_steps(self) -> Data:
        """With each step that counts as a sample; without X."""
        _, y, weight, *_ = self.samples
        targets = y[with_steps(self.y.inside, y.shape[1])]
        return Data(Samples(None, targets, self.y.of_steps(weight)), None, self.y.steps)


@dataclass(frozen=True, eq=False)
class Sequences:
    """Checked sequences: padded values of shape (n, T, ...) and how many steps of each are real.

    Of targets, `counts` (n, T) says which of those steps count, where some do not: for neither
    loss, score nor classes. What stands in `values` there is the user's mark of that.
    """

    parts: ClassVar[str] = "steps"  # in words
    values: NDArray[Any]
    lengths: NDArray[np.int32]
    counts: NDArray[np.bool_] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the padded values."""
        return self.values.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the values."""
        return self.values.dtype

    def __getitem__(self, indices: NDArray[np.int64]) -> Self:
        counts = None if self.counts is None else self.counts[indices]
        values, lengths = self.values[indices], self.lengths[indices]
        return replace(self, values=values, lengths=lengths, counts=counts)

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Which steps are real and count, shape (n, T)."""
        return inside(self.lengths, self.shape[1]) if self.counts is None else self.counts

    @property
    def steps(self) -> NDArray[Any]:
        """The values of those steps, one sequence after the other."""
        steps = self.values[self.inside]
        return steps if self.counts is None else plain(steps)

    def of_steps(self, weight: NDArray[Any] | None) -> NDArray[Any] | None:
        """The weights of those steps, of weights of samples (n,) or of steps."""
        if weight is None or weight.ndim == 1:
            return None if weight is None else np.repeat(weight, self.inside.sum(axis=1))
        return weight[with_steps(self.inside, weight.shape[1])]

    @property
    def counts_of_real(self) -> NDArray[np.bool_]:
        """Which of the real steps count, one sequence after the other."""
        return self.inside[inside(self.lengths, self.shape[1])]

    def outputs(self, output: NDArray[Any]) -> NDArray[Any]:
        """Of a network's outputs (n, T, ...), those of the steps that count."""
        return output[with_steps(self.inside, output.shape[1])]

    def given_weights(self, sample_weight: Any) -> Any:
        """Weights as the user passed them, those of parts (n, T) or in lists."""
        return sample_weight

    def listed_weights(self, weight: NDArray[Any] | None) -> Any:
        """Weights (n,) or (n, T) in the form of `listed`."""
        if weight is None or weight.ndim == 1:
            return weight
        return replace(self, values=weight, counts=None).listed()

    def listed(self) -> list[NDArray[Any]]:
        """The values of each sequence."""
        return [x[:length] for x, length in zip(self.values, self.lengths, strict=True)]


@dataclass(frozen=True, eq=False)
class Pixels(Sequences):
    """Targets of the pixels of images (height, width), which are like steps: row after row."""

    parts: ClassVar[str] = "pixels"
    size: tuple[int, int] = (1, 1)

    @classmethod
    def of(cls, images: NDArray[Any]) -> Self:
        """Of (n, height, width) or (n, height, width, n_outputs)."""
        n, height, width, *outputs = images.shape
        lengths = np.full(n, height * width, np.int32)
        values = images.reshape(n, height * width, *outputs)
        return cls(values, lengths, size=(height, width))

    def outputs(self, output: NDArray[Any]) -> NDArray[Any]:
        """Of outputs (n, height, width, ...), those of the pixels that count."""
        return super().outputs(output.reshape(*self.shape[:2], *output.shape[3:]))

    def given_weights(self, sample_weight: Any) -> Any:
        """Weights of images (n,), or of pixels (n, height, width) as (n, height * width)."""
        if np.ndim(sample_weight) < 2:
            return sample_weight
        weight, n = np.asarray(sample_weight), len(self.values)
        if weight.shape != (n, *self.size):
            raise ValueError(
                f"sample_weight has shape {weight.shape}; expected ({n},), one for each image, or "
                f"{(n, *self.size)}, one for each pixel."
            )
        return weight.reshape(self.shape[:2])

    def listed(self) -> Any:
        """The values as images."""
        return self.values.reshape(len(self.values), *self.size, *self.shape[2:])


@dataclass(frozen=True, eq=False)
class Pairs:
    """Checked answers to sequences: codes (n, T), -1 past each end, and what the user gave."""

    codes: NDArray[np.int32]
    given: NDArray[Any]  # of shape (n,), objects

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, indices: NDArray[np.int64]) -> Self:
        return replace(self, codes=self.codes[indices], given=self.given[indices])


@dataclass(frozen=True, eq=False)
class Boxes:
    """Checked objects in images: corners x1 y1 x2 y2 in pixels and labels, one array an image."""

    boxes: tuple[NDArray[np.float64], ...]  # n of (k, 4)
    labels: tuple[NDArray[Any], ...]  # n of (k,)
    sizes: NDArray[np.int64]  # heights and widths of the images, (n, 2)

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, indices: NDArray[np.int64]) -> Self:
        boxes, labels = (tuple(of[i] for i in indices) for of in (self.boxes, self.labels))
        return replace(self, boxes=boxes, labels=labels, sizes=self.sizes[indices])

    @property
    def given(self) -> list[dict[str, NDArray[Any]]]:
        """A dict for each image."""
        each = zip(self.boxes, self.labels, strict=True)
        return [{"boxes": boxes, "labels": labels} for boxes, labels in each]

    def rows(self, classes: NDArray[Any], dtype: Any) -> NDArray[Any]:
        """Codes and corners (n, room, 5) as the core takes them, with -1 behind the last box.

        Raises
        ------
        ValueError
            For a label that is not among the classes.
        """
        known = set(classes.tolist())
        for i, labels in enumerate(self.labels):
            for label in labels.tolist():
                if label not in known:
                    raise ValueError(
                        f"y[{i}] has a box of the class {label!r}, but `classes_` is "
                        f"{classes.tolist()}."
                    )
        room = max(1, *(len(boxes) for boxes in self.boxes))
        rows = np.full((len(self), room, 5), -1, dtype)
        for row, boxes, labels in zip(rows, self.boxes, self.labels, strict=True):
            row[: len(boxes), 0] = np.searchsorted(classes, labels)
            row[: len(boxes), 1:] = boxes
        return rows


def as_given(y: Any) -> Any:
    """Y of callbacks and scorers: answers and boxes as the user gave them, other y as it is."""
    return y.given if isinstance(y, (Pairs, Boxes)) else y


def with_answer_steps(codes: NDArray[np.int32], steps: int) -> NDArray[np.int32]:
    """Codes of answers (n, T) with more padding, or with less."""
    if codes.shape[1] == steps:
        return codes
    padded = np.full((len(codes), steps), -1, np.int32)
    padded[:, : codes.shape[1]] = codes[:, :steps]
    return padded


def plain(values: NDArray[Any]) -> NDArray[Any]:
    """Objects that are all numbers or all flags, in an array of such; others as they are."""
    found = np.asarray(values.tolist()) if values.dtype == object else values
    return found if found.dtype.kind in "biuf" else values


def depth(values: Any) -> int:
    """How many dimensions values have, whose lists may differ in length."""
    n_dims, dtype = getattr(values, "ndim", None), getattr(values, "dtype", None)
    if n_dims == 0 or not hasattr(values, "__len__") or isinstance(values, (str, bytes)):
        return 0
    if n_dims is not None and (n_dims > 1 or getattr(dtype, "kind", "O") != "O"):
        return int(n_dims)
    return 1 + depth(next(iter(values), None))


def lengths_of(X: Any) -> NDArray[np.int32] | None:
    """The lengths of checked X, None if it is no sequences."""
    return X.lengths if isinstance(X, Sequences) else None


def inside(lengths: NDArray[Any], steps: int) -> NDArray[np.bool_]:
    """Which of the steps of each sequence are real, shape (n, steps)."""
    return np.arange(steps) < lengths[:, np.newaxis]


def with_steps(values: NDArray[Any], steps: int) -> NDArray[Any]:
    """Values (n, T, ...) with more padding, or with less."""
    n, here, *shape = values.shape
    if here == steps:
        return values
    padded = np.zeros((n, steps, *shape), values.dtype)
    padded[:, :here] = values[:, :steps]
    return padded


def is_sparse(X: Any) -> bool:
    """Whether X is a sparse matrix, for which SciPy must have been imported."""
    sparse = sys.modules.get("scipy.sparse")
    return sparse is not None and bool(sparse.issparse(X))


def core_input(X: Any) -> CoreInput:
    """Checked X as the core takes it: C-contiguous and of a type it knows, or a CSR triple.

    Nothing is copied that has one of these forms already.
    """
    if isinstance(X, Sequences):
        X = X.values
    if is_sparse(X):
        X = X.tocsr()
        if not X.has_canonical_format:
            X = X.copy()
            X.sum_duplicates()
        indices, starts = (
            X.indices.astype(np.int32, copy=False),
            X.indptr.astype(np.int64, copy=False),
        )
        data = X.data if X.data.dtype in _KNOWN else X.data.astype(np.float64)
        return data, indices, starts
    return np.ascontiguousarray(X if X.dtype in _KNOWN else X.astype(np.float64))
