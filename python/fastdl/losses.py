"""Losses: what a network is trained to make small.

A network ends in raw outputs z; the loss knows the link that turns them into predictions, so that
value and gradient are computed together and nothing overflows. The loss of a sample is summed over
its outputs; the loss of a batch is the mean over samples, weighted by `sample_weight`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar

from fastdl._other_names import raiser
from fastdl._rules import FRACTION, NOT_NEGATIVE, PART, POSITIVE, Rule, choice
from fastdl._spec import Spec, lookup


@dataclass(frozen=True, repr=False)
class Loss(Spec):
    """Base of the losses.

    Attributes
    ----------
    kind : str
        What the core calls it.
    link : {"", "softmax", "sigmoid", "exp"}
        From raw outputs to predictions, for ``Program.predict``.
    codes : bool
        Whether y is class codes, int32 (n,), instead of targets (n, n_outputs).
    boxes : bool
        Whether y of images is boxes: see `ObjectsAsPoints`.
    lowest, highest : float
        Between which y must lie: 0 and 1 for shares, 0 and inf for counts.
    pairs : bool
        Whether samples of a batch are compared with each other; codes then say which are alike.
    """

    kind: ClassVar[str]
    link: ClassVar[str] = ""
    codes: ClassVar[bool] = False
    boxes: ClassVar[bool] = False
    lowest: ClassVar[float] = -math.inf
    highest: ClassVar[float] = math.inf
    pairs: ClassVar[bool] = False

    @property
    def param(self) -> float:
        """The number the core's loss takes: the one parameter that the loss has, else 0."""
        values = [getattr(self, f.name) for f in fields(self)]
        return float(next((value for value in values if isinstance(value, Real)), 0.0))


@dataclass(frozen=True, repr=False)
class SoftmaxCrossEntropy(Loss):
    """Classes that exclude each other: L = log(sum_j exp(z_j)) - z_y.

    y holds codes; the link is softmax. The gradient is softmax(z) - onehot(y). Bridle,
    "Probabilistic interpretation of feedforward classification network outputs", 1990.

    With label smoothing s the target of K classes is (1 - s) onehot(y) + s / K: the loss grows by
    s (z_y - mean(z)), and outputs stay bounded. Szegedy, Vanhoucke, Ioffe, Shlens and Wojna,
    "Rethinking the Inception architecture for computer vision", CVPR 2016, section 7.

    Parameters
    ----------
    label_smoothing : float, default=0.0
        s, from 0 to below 1.
    """

    kind: ClassVar[str] = "softmax_cross_entropy"
    link: ClassVar[str] = "softmax"
    codes: ClassVar[bool] = True
    label_smoothing: float = 0.0
    rules: ClassVar[Mapping[str, Rule]] = {"label_smoothing": FRACTION}


@dataclass(frozen=True, repr=False)
class BinaryCrossEntropy(Loss):
    """Yes or no for each output: L = sum_j log(1 + exp(z_j)) - y_j z_j.

    y is 0 or 1 (or between) for each output; the link is sigmoid. The gradient is sigmoid(z) - y.
    Bishop, "Pattern recognition and machine learning", 2006, equation 4.90.

    With label smoothing s the target is (1 - s) y + s / 2, as that of two classes with
    `SoftmaxCrossEntropy`.

    Parameters
    ----------
    label_smoothing : float, default=0.0
        s, from 0 to below 1.
    """

    kind: ClassVar[str] = "binary_cross_entropy"
    link: ClassVar[str] = "sigmoid"
    lowest: ClassVar[float] = 0.0
    highest: ClassVar[float] = 1.0
    label_smoothing: float = 0.0
    rules: ClassVar[Mapping[str, Rule]] = {"label_smoothing": FRACTION}


@dataclass(frozen=True, repr=False)
class SquaredError(Loss):
    """L = sum_j (z_j - y_j)^2 / 2; the gradient is z - y."""

    kind: ClassVar[str] = "squared_error"


@dataclass(frozen=True, repr=False)
class AbsoluteError(Loss):
    """L = sum_j |z_j - y_j|; the gradient is sign(z - y), 0 at 0. Its minimum is the median."""

    kind: ClassVar[str] = "absolute_error"


@dataclass(frozen=True, repr=False)
class Huber(Loss):
    """Squared near the target, absolute far from it, for targets with outliers.

    With e = z_j - y_j: L = sum_j e^2 / 2 where |e| <= delta, delta (|e| - delta / 2) elsewhere. The
    gradient is e cut to [-delta, delta]. Huber, "Robust estimation of a location parameter", 1964.

    Parameters
    ----------
    delta : float, default=1.0
        Where the one becomes the other.
    """

    kind: ClassVar[str] = "huber"
    delta: float = 1.0
    rules: ClassVar[Mapping[str, Rule]] = {"delta": POSITIVE}


@dataclass(frozen=True, repr=False)
class Hinge(Loss):
    """Multi-class hinge: L = max(0, margin + max_{j != y} z_j - z_y).

    y holds codes; the outputs are scores, without a link. Crammer and Singer, "On the algorithmic
    implementation of multiclass kernel-based vector machines", JMLR 2001, as
    `sklearn.metrics.hinge_loss`.

    Parameters
    ----------
    margin : float, default=1.0
    """

    kind: ClassVar[str] = "hinge"
    codes: ClassVar[bool] = True
    margin: float = 1.0
    rules: ClassVar[Mapping[str, Rule]] = {"margin": POSITIVE}


@dataclass(frozen=True, repr=False)
class Poisson(Loss):
    """Counts: L = sum_j exp(z_j) - y_j z_j, the negative log-likelihood without log(y!).

    y is not negative; the link is exp. The gradient is exp(z) - y. McCullagh and Nelder,
    "Generalized linear models", 1989, chapter 6.
    """

    kind: ClassVar[str] = "poisson"
    link: ClassVar[str] = "exp"
    lowest: ClassVar[float] = 0.0


@dataclass(frozen=True, repr=False)
class Pinball(Loss):
    """Quantiles: L = sum_j max(q e, (q - 1) e) with e = y_j - z_j; its minimum is the quantile q.

    The gradient is -q where y is above z, 1 - q where it is below, 0 at 0. With q = 0.5 it is half
    of the absolute error. Koenker and Bassett, "Regression quantiles", Econometrica 1978.

    Parameters
    ----------
    quantile : float, default=0.5
        q, between 0 and 1.
    """

    kind: ClassVar[str] = "pinball"
    quantile: float = 0.5
    rules: ClassVar[Mapping[str, Rule]] = {"quantile": PART}


@dataclass(frozen=True, repr=False)
class Focal(Loss):
    """Classes of which some are rare or hard: L = -(1 - p)^gamma log(p) with p = softmax(z)_y.

    y holds codes; the link is softmax. Samples that the network is sure of count less, so that many
    easy ones do not outweigh the few hard ones; gamma = 0 is `SoftmaxCrossEntropy`. The gradient is
    c (softmax(z) - onehot(y)), c = (1 - p)^gamma (1 - gamma p log(p) / (1 - p)). The alpha of the
    paper is the weights of the classes. Lin, Goyal, Girshick, He and Dollar, "Focal loss for dense
    object detection", ICCV 2017, equation 4.

    Parameters
    ----------
    gamma : float, default=2.0
        How much less; 0 or more.

    Notes
    -----
    The probabilities that minimise it are drawn towards each other, not those of the data:
    they rank well and are not calibrated. `sklearn.calibration.CalibratedClassifierCV` mends that.
    """

    kind: ClassVar[str] = "focal"
    link: ClassVar[str] = "softmax"
    codes: ClassVar[bool] = True
    gamma: float = 2.0
    rules: ClassVar[Mapping[str, Rule]] = {"gamma": NOT_NEGATIVE}


@dataclass(frozen=True, repr=False)
class BinaryFocal(Loss):
    """The focal loss of yes or no for each output: `Focal` of two classes.

    L = sum_j -y_j (1 - p_j)^gamma log(p_j) - (1 - y_j) p_j^gamma log(1 - p_j) with p = sigmoid(z).
    y is 0 or 1 for each output; the link is sigmoid; gamma = 0 is `BinaryCrossEntropy`. Lin, Goyal,
    Girshick, He and Dollar, "Focal loss for dense object detection", ICCV 2017, equation 4.

    Parameters
    ----------
    gamma : float, default=2.0
        How much less the sure ones count; 0 or more.
    """

    kind: ClassVar[str] = "binary_focal"
    link: ClassVar[str] = "sigmoid"
    lowest: ClassVar[float] = 0.0
    highest: ClassVar[float] = 1.0
    gamma: float = 2.0
    rules: ClassVar[Mapping[str, Rule]] = {"gamma": NOT_NEGATIVE}


@dataclass(frozen=True, repr=False)
class ObjectsAsPoints(Loss):
    """Objects in images, each a peak at its centre: the loss of `fastdl.ObjectDetector`.

    The network gives an image (height / stride, width / stride, 4 + n_classes). A cell has, in this
    order, the offset of the centre that lies in it, x and y in cells from its upper left corner;
    the logarithms of the width and the height of the object, in cells; and a heat map of each
    class. The target y of a heat map is 1 at the centres of that class's objects, falls off around
    them as a Gaussian whose standard deviations are 0.09 of the width and of the height of the
    object, and is 0 elsewhere. With s = sigmoid(z),

    L = sum over heat maps of -(1 - s)^2 log(s) where y = 1, -(1 - y)^4 s^2 log(1 - s) elsewhere,
    plus, in cells with a centre, |error of the offset| + size_weight |error of the logarithms|,

    divided by the number of objects in the image, or by 1 where there is none. Zhou, Wang and
    Kraehenbuehl, "Objects as points", 2019, equations 1 to 4; they learn the size itself, in cells,
    and spread peaks by the overlap of boxes.

    Where an image is the output, y is boxes: (n, room, 5) numbers, the code of the class, x1, y1,
    x2, y2 in pixels, and a code below 0 behind the last. They move along with `Augment`, are cut
    off at the border and dropped if less than a quarter is left. Of objects with their centres in
    one cell, the heat maps show all, and the box is the smallest one's. Elsewhere (`functional`, a
    dense layer) y is what a cell is to show, NaN in the first four where it has no centre.

    Parameters
    ----------
    size_weight : float, default=1.0
    """

    kind: ClassVar[str] = "objects_as_points"
    boxes: ClassVar[bool] = True
    size_weight: float = 1.0
    rules: ClassVar[Mapping[str, Rule]] = {"size_weight": NOT_NEGATIVE}


@dataclass(frozen=True, repr=False)
class Triplet(Loss):
    """Samples alike nearer than others: L_a = mean_p max(0, margin + d(a, p) - d(a, n)).

    d(a, b) = ||z_a - z_b||^2, of samples of the same batch. y holds codes, any integers: the sample
    a is compared with all p of its code. The negative n of a pair is the nearest sample of another
    code that is further off than p ("semi-hard"); where all are nearer, the furthest of them. A
    sample without another of its code has no loss of its own, and one without weight takes no part.
    The gradient is 2 (z_n - z_p) by z_a, 2 (z_p - z_a) by z_p and 2 (z_a - z_n) by z_n, over the
    number of p, where the loss is above 0. It is meant for outputs of length 1
    (`fastdl.layers.UnitNorm`). Schroff, Kalenichenko and Philbin, "FaceNet: a unified embedding for
    face recognition and clustering", CVPR 2015, equations 2 to 4.

    Parameters
    ----------
    margin : float, default=0.2
        By how much, in squared distances.
    """

    kind: ClassVar[str] = "triplet"
    codes: ClassVar[bool] = True
    pairs: ClassVar[bool] = True
    margin: float = 0.2
    rules: ClassVar[Mapping[str, Rule]] = {"margin": POSITIVE}


@dataclass(frozen=True, repr=False)
class Contrastive(Loss):
    """Samples alike together, others apart: L_a = mean_p d^2 / 2 + mean_n max(0, margin - d)^2 / 2.

    d = ||z_a - z_b||, of samples of the same batch; p are those of the code of a, n those of other
    codes, each kind with its own mean, so that the many n do not outweigh the few p. y holds codes,
    any integers. A sample without weight takes no part. The gradient by z_a is the mean of z_a -
    z_p, and that of -(margin - d) / d (z_a - z_n) where d is below the margin; by z_p and z_n the
    same with the other sign. Hadsell, Chopra and LeCun, "Dimensionality reduction by learning an
    invariant mapping", CVPR 2006, equation 4, over all pairs of a batch.

    Parameters
    ----------
    margin : float, default=1.0
        How far apart others are to be.
    """

    kind: ClassVar[str] = "contrastive"
    codes: ClassVar[bool] = True
    pairs: ClassVar[bool] = True
    margin: float = 1.0
    rules: ClassVar[Mapping[str, Rule]] = {"margin": POSITIVE}


@dataclass(frozen=True, repr=False)
class Custom(Loss):
    """A loss of your own, written in NumPy; `fastdl.autodiff` takes its gradient, once a batch.

    ``function(y_true, y_pred)`` gets the raw outputs of the network, float of shape
    (rows, outputs), and y of the same shape: rows with a single 1, indicators, or numbers. Of
    sequences, rows are the steps that count. It gives one loss for each row, (rows,); weights and
    the mean are left to fastdl. Or one number for the batch, as rankings and likelihoods of
    survival need it; then samples cannot be weighted. An estimator takes the function itself, too.

    Parameters
    ----------
    function : callable
    link : {"auto", "softmax", "sigmoid", "exp", ""}, default="auto"
        From outputs to predictions: "auto" is softmax for classes that exclude each other, sigmoid
        for two classes and for indicators, none ("") for numbers.
    y : {"same", "codes"}, default="same"
        "codes": y_true are class numbers (rows,).

    Examples
    --------
    >>> import numpy as np
    >>> from fastdl import NetRegressor
    >>> def log_cosh(y_true, y_pred):
    ...     return np.log(np.cosh(y_pred - y_true)).sum(axis=1)
    >>> X = np.linspace(-1, 1, 100)[:, np.newaxis]
    >>> NetRegressor(loss=log_cosh, random_state=0).fit(X, X[:, 0]).score(X, X[:, 0]) > 0.9
    True
    """

    kind: ClassVar[str] = "custom"
    function: Callable[..., Any]
    link: str = field(default="auto", kw_only=True)  # type: ignore[misc]  # here a field
    y: str = field(default="same", kw_only=True)
    rules: ClassVar[Mapping[str, Rule]] = {
        "link": choice("auto", "softmax", "sigmoid", "exp", ""),
        "y": choice("same", "codes"),
    }

    @property
    def codes(self) -> bool:  # type: ignore[override]
        """Whether y_true are class numbers."""
        return self.y == "codes"

    @property
    def name(self) -> str:
        """What the function is called."""
        f = getattr(self.function, "func", self.function)  # of functools.partial
        return str(getattr(f, "__name__", type(f).__name__))

    def check(self) -> None:
        """Raise for a function that is none."""
        super().check()
        if not callable(self.function):
            raise TypeError(f"Custom: function={self.function!r}; expected a callable.")

    def with_link(self, link: str) -> Custom:
        """The same with a link in place of "auto"."""
        return self.replace(link=link) if self.link == "auto" else self


class NotInFile:
    """In place of a function that a model file does not hold."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __call__(self, *_args: Any) -> Any:
        """Raise: the function has to be given again."""
        raise ValueError(
            f"a model file keeps the name of a loss, {self.__name__!r}, and no code: give the "
            "function again before a fit, set_params(loss=...)."
        )


BY_NAME: dict[str, type[Loss]] = {
    loss.kind: loss
    for loss in (
        SoftmaxCrossEntropy,
        BinaryCrossEntropy,
        SquaredError,
        AbsoluteError,
        Huber,
        Hinge,
        Poisson,
        Pinball,
        Focal,
        BinaryFocal,
        ObjectsAsPoints,
        Triplet,
        Contrastive,
    )
}


def get(value: str | Loss | Callable[..., Any], parameter: str = "loss") -> Loss:
    """The loss that a name stands for ("huber"), `value` itself, or a function as `Custom`.

    Raises
    ------
    ValueError, TypeError
        For an unknown name; for anything else.
    """
    if callable(value) and not isinstance(value, (Loss, type)):
        return Custom(value)
    return lookup(value, BY_NAME, Loss, parameter)


if not TYPE_CHECKING:  # checkers of types know what is there
    __getattr__ = raiser(__name__, globals())
