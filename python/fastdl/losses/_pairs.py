"""Losses of samples beside each other: which are alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from fastdl._rules import POSITIVE, Rule
from fastdl.losses._loss import Loss


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
