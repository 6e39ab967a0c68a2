"""Losses of classes and of indicators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from fastdl._rules import FRACTION, NOT_NEGATIVE, POSITIVE, Rule
from fastdl.losses._loss import Loss


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
