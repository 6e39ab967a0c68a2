"""y, as the network learns it, and its answers, as the user reads them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from fastdl._rules import FLAG, choice
from fastdl._saved import SHAPE, SIZE, VECTOR, array, take
from fastdl.samples import Boxes, Pairs, Sequences, is_sparse


@dataclass(frozen=True, eq=False)
class Targets:
    """What y is; sizes the last layer and chooses its loss.

    Attributes
    ----------
    kind : {"binary", "multiclass", "multilabel", "continuous", "identity", "input", "next", ...}
        "identity" says which samples are alike, by labels that may be new every time; "input" is X
        itself, for autoencoders; "next" the code of the symbol that comes next; "answer" the codes
        of another sequence; "boxes" those of objects in an image.
    n_outputs : int
        Outputs of the network.
    classes : ndarray of shape (n_classes,)
        Labels, sorted; of multilabel y the column numbers; of continuous y none.
    sparse : bool
        Whether y was a sparse indicator matrix; predictions are then, too.
    center, scale : ndarray of shape (n_outputs,) or (0,)
        The network learns (y - center) / scale; of shape (0,) it learns y as it is.
    of : {"samples", "steps", "pixels"}
        What has a target of its own.
    shape : tuple of int
        Of y for one image, where pixels have: (height, width) or (height, width, n_outputs).
    """

    kind: str
    n_outputs: int
    classes: NDArray[Any] = field(default_factory=lambda: np.empty(0))
    sparse: bool = False
    center: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    scale: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    of: str = "samples"
    shape: tuple[int, ...] = ()

    @classmethod
    def of_labels(cls, y: Any, *, one_output: bool = True) -> Targets:
        """For a classifier.

        Parameters
        ----------
        y : array or sparse matrix of labels
            Labels (n_samples,) or indicators (n_samples, n_classes).
        one_output : bool, default=True
            Whether two classes share one output (with a sigmoid) or have two.

        Raises
        ------
        ValueError
            For anything that is not labels.
        """
        from sklearn.utils.multiclass import type_of_target, unique_labels

        kind = type_of_target(y, input_name="y")
        if "multioutput" in kind:
            raise ValueError("Multioutput target data is not supported with label binarization")
        classes = unique_labels(y)
        if kind == "multilabel-indicator":
            _check_indicators(y)
            return cls("multilabel", len(classes), classes, is_sparse(y))
        if kind == "binary" and one_output:
            return cls("binary", 1, classes)
        return cls("multiclass", len(classes), classes)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a model file."""
        parts = {} if self.of == "samples" else {"of": self.of, "shape": list(self.shape)}
        return {
            "kind": self.kind,
            "n_outputs": self.n_outputs,
            "classes": self.classes,
            "sparse": self.sparse,
            "center": self.center,
            "scale": self.scale,
            **parts,
        }

    @classmethod
    def from_dict(cls, stored: Any) -> Self:
        """What `to_dict` gave; ValueError for anything else."""
        as_it_is = {"center": np.empty(0), "scale": np.empty(0)}
        later = {**as_it_is, "of": "samples", "shape": []}
        targets = cls(**take(stored, _FIELDS, "targets", later=later))
        n_classes, n = len(targets.classes), targets.n_outputs
        of_labels = {"binary": n == 1 <= n_classes <= 2, "multiclass": n == n_classes}
        of_labels["multilabel"] = n == n_classes
        of_labels["boxes"] = n == n_classes + 4 > 4
        if not of_labels.get(targets.kind, n_classes == 0):
            raise ValueError(
                f"targets: {n_classes} classes do not go with {n} outputs of kind {targets.kind!r}."
            )
        for of_y in (targets.center, targets.scale):
            if len(of_y) not in (0, n if targets.kind == "continuous" else 0):
                raise ValueError(
                    f"targets: center and scale of length {len(of_y)} for {n} outputs."
                )
        return targets

    @classmethod
    def of_values(cls, y: NDArray[Any]) -> Targets:
        """For a regressor; y of shape (n_samples,) or (n_samples, n_outputs)."""
        return cls("continuous", 1 if y.ndim == 1 else y.shape[1])

    def normalized(self, y: NDArray[Any], weight: NDArray[Any] | None) -> Targets:
        """With the mean and the standard deviation of each column of y, (n_samples, ...), weighted.

        A column that is constant has scale 1.
        """
        y = np.asarray(y, np.float64).reshape(len(y), -1)
        if weight is not None:
            y, weight = y[weight > 0], weight[weight > 0]
        largest = np.maximum(np.abs(y).max(axis=0), np.finfo(np.float64).tiny)
        part = y / largest  # whose squares neither overflow nor vanish
        mean = np.average(part, axis=0, weights=weight)
        std = np.sqrt(np.average((part - mean) ** 2, axis=0, weights=weight))
        constant = std <= 10 * np.finfo(np.float64).eps
        return replace(self, center=mean * largest, scale=np.where(constant, 1.0, std * largest))

    @property
    def is_normalized(self) -> bool:
        """Whether the network learns another y than the user's."""
        return len(self.scale) > 0

    @property
    def sampling(self) -> str:
        """How what y has for the pixels of X moves along as they do in training.

        "nearest" for labels, which have nothing between them, "bilinear" for numbers; "" where
        pixels have none.
        """
        if self.kind == "input":  # clean images
            return "bilinear"
        if self.of != "pixels":
            return ""
        return "bilinear" if self.kind == "continuous" else "nearest"

    def encode(self, y: Any, dtype: Any, *, codes: bool) -> NDArray[Any] | None:
        """What the core takes: int32 codes (n_samples,) or `dtype` targets (n_samples, n_outputs).

        None stands for the input itself. Sequences give (n_samples, T) or (n_samples, T,
        n_outputs), with zeros past their ends; pixels (n_samples, height * width) or (n_samples,
        height * width, n_outputs); boxes (n_samples, room, 5).

        Parameters
        ----------
        y : checked labels or numbers
        dtype : dtype of targets
        codes : bool
            Whether the loss takes class numbers; else a class is a row with a single 1.

        Raises
        ------
        ValueError
            If y has labels that are not among the classes, or another number of columns.
        """
        if y is None:
            return None
        if isinstance(y, Pairs):
            return y.codes
        if isinstance(y, Boxes):
            return y.rows(self.classes, dtype)
        if isinstance(y, Sequences):
            steps = y.steps if self.kind == "next" else self.encode(y.steps, dtype, codes=codes)
            assert steps is not None
            encoded = np.zeros((*y.shape[:2], *steps.shape[1:]), steps.dtype)
            encoded[y.inside] = steps
            return encoded
        if is_sparse(y):
            y = y.toarray()
        if self.kind == "identity":
            return np.unique(y, return_inverse=True)[1].astype(np.int32)
        if self.kind == "binary":
            return self._codes(y).astype(dtype).reshape(-1, 1)
        if self.kind == "multiclass":
            return self._codes(y) if codes else np.eye(self.n_outputs, dtype=dtype)[self._codes(y)]
        y = np.asarray(y).reshape(len(y), -1)
        if y.shape[1] != self.n_outputs:
            raise ValueError(
                f"y has {y.shape[1]} columns, but the fit began with {self.n_outputs}."
            )
        if self.is_normalized:
            y = (y - self.center) / self.scale
        return np.ascontiguousarray(y, dtype)

    @property
    def are_vectors(self) -> bool:
        """Whether the outputs are the features of a sample, and not an answer made of some."""
        return self.kind == "identity"

    def knows(self, y: Any) -> bool:
        """Whether y is an array of labels, of which each is a class."""
        return (
            self.kind in ("binary", "multiclass")
            and isinstance(y, np.ndarray)
            and y.ndim == 1
            and y.dtype.kind == self.classes.dtype.kind
            and y.dtype.kind in "biufU"
            and self._nearest(y)[1]
        )

    def _nearest(self, y: NDArray[Any]) -> tuple[NDArray[Any], bool]:
        """The places of labels among the classes, and whether all are there."""
        codes = np.searchsorted(self.classes, y).clip(max=len(self.classes) - 1)
        return codes, bool((self.classes[codes] == y).all())

    def _codes(self, y: NDArray[Any]) -> NDArray[np.int32]:
        if y.ndim == 2:
            raise ValueError("The object was not fitted with multilabel input.")
        codes, are_known = self._nearest(y)
        if not are_known:
            raise ValueError(
                "`y` has classes not in `self.classes_`. `self.classes_` has "
                f"{self.classes}. 'y' has {np.unique(y)}."
            )
        return codes.astype(np.int32)

    def decode(self, output: NDArray[Any], threshold: float = 0.5) -> Any:
        """Labels, or values, for the network's outputs (n_samples, n_outputs) after the link.

        `threshold` parts no from yes where classes have an output each: 0.5 for probabilities, 0
        before the link.
        """
        if self.are_vectors:
            return output
        if self.is_normalized:
            output = (output * self.scale + self.center).astype(output.dtype)
        if self.kind == "continuous":
            return output.ravel() if self.n_outputs == 1 else output
        if self.kind == "multilabel":
            labels = (output > threshold).astype(int)
            if not self.sparse:
                return labels
            from scipy.sparse import csr_matrix

            return csr_matrix(labels)
        return self.classes[self.decode_codes(output, threshold)]

    def decode_codes(self, output: NDArray[Any], threshold: float = 0.5) -> NDArray[Any]:
        """The class numbers (n_samples,) of `decode`."""
        if self.kind == "multiclass":
            return output.argmax(axis=1)
        if len(self.classes) == 1:
            return np.zeros(len(output), int)
        return (output.ravel() > threshold).astype(int)


def _check_indicators(y: Any) -> None:
    """Raise for two values other than 0 and 1, which scikit-learn takes for indicators, too."""
    values = np.unique(y.data if is_sparse(y) else y)
    if not np.isin(values, (0, 1)).all():
        raise ValueError(
            f"y has shape {y.shape} and holds {' and '.join(map(str, values.tolist()))}; "
            "indicators of several labels are 0 and 1."
        )


_FIELDS = {
    "kind": choice(
        *("binary", "multiclass", "multilabel", "continuous", "identity", "input", "next"),
        *("answer", "boxes"),
    ),
    "n_outputs": SIZE,
    "classes": array("biufUO", 1, "an array of labels"),
    "sparse": FLAG,
    "center": VECTOR,
    "scale": VECTOR,
    "of": choice("samples", "steps", "pixels"),
    "shape": SHAPE,
}
