"""Schedules that fall from the base rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fastdl._rules import (
    FRACTION,
    NUMBER,
    POSITIVE,
    POSITIVE_INTEGER,
    UNIT,
    Rule,
    integer,
)
from fastdl.schedules._schedule import Moment, Rates, Schedule


@dataclass(frozen=True, repr=False)
class InvScaling(Schedule):
    """rate = base / (seen + 1)^power, `seen` the samples trained on before the epoch.

    As scikit-learn's ``learning_rate="invscaling"``.

    Parameters
    ----------
    power : float, default=0.5
        scikit-learn's ``power_t``.
    """

    power: float = 0.5
    rules: ClassVar[Mapping[str, Rule]] = {"power": NUMBER}

    def _rates(self, now: Moment) -> float:
        return now.base / float((now.seen + 1) ** self.power)


@dataclass(frozen=True, repr=False)
class Step(Schedule):
    """rate = base * factor^floor(epoch / every): falls in steps, as in AlexNet and ResNet.

    Parameters
    ----------
    every : int, default=10
        Epochs between two steps.
    factor : float, default=0.1
    """

    every: int = 10
    factor: float = 0.1
    rules: ClassVar[Mapping[str, Rule]] = {"every": POSITIVE_INTEGER, "factor": POSITIVE}

    def _rates(self, now: Moment) -> float:
        return now.base * float(self.factor ** (now.epoch // self.every))


@dataclass(frozen=True, repr=False)
class Exponential(Schedule):
    """rate = base * factor^epoch.

    Parameters
    ----------
    factor : float, default=0.95
    """

    factor: float = 0.95
    rules: ClassVar[Mapping[str, Rule]] = {"factor": POSITIVE}

    def _rates(self, now: Moment) -> float:
        return now.base * float(self.factor**now.epoch)


@dataclass(frozen=True, repr=False)
class Cosine(Schedule):
    """Half a cosine from base down to final * base, batch by batch.

    rate = base * (final + (1 - final) (1 + cos(pi p)) / 2), p the part of the training that lies
    behind. Loshchilov and Hutter, "SGDR", ICLR 2017, equation 5, without restarts.

    Parameters
    ----------
    final : float, default=0.0
        What is left in the end, as a part of the base rate.
    """

    final: float = 0.0
    rules: ClassVar[Mapping[str, Rule]] = {"final": UNIT}

    @property
    def ends(self) -> bool:
        """With a `final` of at most 1 %."""
        return self.final <= 0.01

    def _rates(self, now: Moment) -> Rates:
        return now.base * half_cosine(1.0, self.final, now.progress())


@dataclass(frozen=True, repr=False)
class CosLog(Schedule):
    """Cosine waves from 0 up to base and down to 0, each twice as long as the last.

    rate = base * (1 - cos(2 pi log2(1 + (2^cycles - 1) p))) / 2, p the part of the training that
    lies behind: each batch has its own rate, and the last wave ends with the training. Holzmueller,
    Grinsztajn and Steinwart, "Better by default: strong pre-tuned MLPs and boosted trees on tabular
    data", NeurIPS 2024, section 3.

    Parameters
    ----------
    cycles : int, default=4
    """

    cycles: int = 4
    rules: ClassVar[Mapping[str, Rule]] = {"cycles": integer("an integer from 1 to 50", 1, 50)}

    def _rates(self, now: Moment) -> Rates:
        turns = np.log2(1 + (2**self.cycles - 1) * now.progress())
        return now.base * (1 - np.cos(2 * np.pi * turns)) / 2


@dataclass(frozen=True, repr=False)
class FlatCosine(Schedule):
    """Base for a while, then half a cosine down to 0, batch by batch.

    rate = base up to p = flat, then base * (1 + cos(pi (p - flat) / (1 - flat))) / 2, p the part of
    the training that lies behind.

    Parameters
    ----------
    flat : float, default=0.5
        Part of the training before the fall.
    """

    flat: float = 0.5
    rules: ClassVar[Mapping[str, Rule]] = {"flat": FRACTION}

    def _rates(self, now: Moment) -> Rates:
        fall = np.maximum(now.progress() - self.flat, 0.0) / (1 - self.flat)
        return now.base * half_cosine(1.0, 0.0, fall)


def half_cosine(start: float, end: float, part: Rates) -> Rates:
    """From start to end by half a cosine, part going from 0 to 1."""
    return end + (start - end) * (1 + np.cos(np.pi * part)) / 2
