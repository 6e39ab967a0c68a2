"""What "auto" stands for in the words of training: rules of a family of networks.

Each is measured in docs/defaults.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastdl import layers as L
from fastdl import schedules
from fastdl.fitting.trainable import TrainableNetwork
from fastdl.layers import Layer
from fastdl.optim import LBFGS, Optimizer
from fastdl.schedules import Schedule


@dataclass(frozen=True)
class Defaults:
    """The rules of a family, as functions of its samples and of its network.

    Attributes
    ----------
    updates : int
        Steps of the optimizer in a fit.
    least_epochs, most_epochs : int, float
        Whatever the updates ask for.
    batch_size : int
    rate_of_one : float
        Of ReLUs, times the root of the largest fan-in.
    largest_rate : float
        Of ReLUs.
    slower_from : float
        Steps beyond which the rate falls, by the root of their number.
    shrinkages : tuple of float
        How much the weights may shrink in a fit: those without gradient by exp(-E). Held-out
        samples choose, of `least_choice` samples to below `most_choice`.
    faster : float
        What the rate is multiplied by in one more trial, with the least shrinkage.
    shrinkage : float
        Where nothing is held out, of up to `few` samples; of more, less in proportion.
    least_shrinkage : float
        But no less than this.
    """

    updates: int = 1500
    least_epochs: int = 20
    most_epochs: float = math.inf
    batch_size: int = 32
    rate_of_one: float = 0.1
    largest_rate: float = 0.01
    slower_from: float = math.inf
    shrinkages: tuple[float, ...] = (0.5, 1.5, 5.0, 15.0)
    faster: float = 3.0
    shrinkage: float = 5.0
    few: int = 1000
    least_shrinkage: float = 0.0
    least_choice: int = 50
    most_choice: int = 10_000

    def batch(self, n_samples: int) -> int:
        """Samples of a batch."""
        return min(self.batch_size, n_samples)

    def epochs(self, n_samples: int, batch_size: int, optimizer: Optimizer | None = None) -> int:
        """As many as give the updates; iterations of L-BFGS, more than it mostly takes."""
        if isinstance(optimizer, LBFGS):
            return 1000
        epochs = max(self.least_epochs, math.ceil(self.updates / math.ceil(n_samples / batch_size)))
        return int(min(epochs, self.most_epochs))

    def rate(self, network: TrainableNetwork, optimizer: Optimizer, n_steps: int) -> float:
        """The largest rate, by the most inputs that a unit has, the activations and the length.

        A change of the weights changes what a unit gets by the root of their number, and what
        comes out by the slope of its function, which also makes gradients small: sigmoids have
        twice the rate.
        """
        auto = min(self.largest_rate, self.rate_of_one / math.sqrt(network.largest_fan_in))
        slower = math.sqrt(min(1.0, self.slower_from / n_steps))
        return auto / math.sqrt(_slope(network)) * slower * optimizer.relative_rate

    def path(self, network: TrainableNetwork, optimizer: Optimizer) -> float:
        """The sum of the rates in a fit of no more than `updates`."""
        return self.rate(network, optimizer, self.updates) * self.updates / 2

    def schedule(self, network: TrainableNetwork, n_epochs: int) -> Schedule:
        """Half a cosine to 0; before it, for sigmoids, a rise over 5 % of the epochs."""
        rise = round(0.05 * n_epochs) if _slope(network) < 1 else 0
        return schedules.WarmUp("cosine", epochs=rise) if rise else schedules.Cosine()

    def shrinks(self, n_samples: int) -> float:
        """How much weights shrink where nothing is held out: what many samples say is believed."""
        return max(self.least_shrinkage, self.shrinkage * min(1.0, self.few / n_samples))

    def candidates(self, n_samples: int) -> tuple[float, ...]:
        """The shrinkages to choose from by held-out samples; none: `shrinkage` it is."""
        enough = self.least_choice <= n_samples < self.most_choice
        return self.shrinkages if enough else ()


DENSE = Defaults()
CONVOLUTIONAL = Defaults(updates=600, shrinkages=(), shrinkage=1.5)
RECURRENT = Defaults(updates=1000, shrinkages=(), shrinkage=3.0)
DETECTION = Defaults(batch_size=8, shrinkages=(), shrinkage=1.5)
ENLARGING = Defaults(updates=3000, most_epochs=60, batch_size=16, shrinkages=(), shrinkage=0.0)
BELIEF = Defaults(slower_from=1500, least_shrinkage=1.5)
CODING = Defaults(4000, rate_of_one=0.05, largest_rate=0.005, shrinkages=(), shrinkage=0.5)


def by_layers(layers: Sequence[Layer]) -> Defaults:
    """The rules of networks of their kind."""
    over_time = [layer for layer in L.walk(layers) if layer.recurrent]
    if any(layer.has_weights and not layer.linear for layer in over_time):
        return RECURRENT
    if over_time:
        return CONVOLUTIONAL
    return CONVOLUTIONAL if L.asks_for(layers) == "images" else DENSE


def or_auto(given: Any, auto: Any) -> Any:
    """What the user gave, or what "auto" stands for."""
    return auto if isinstance(given, str) and given == "auto" else given


def _slope(network: TrainableNetwork) -> float:
    """The smallest of the largest slopes of the activations: 1/4 with sigmoids, else 1."""
    return min((layer.slope for layer in L.walk(network.layers)), default=1.0)


def mean_rate(schedule: Schedule, n_epochs: int) -> float:
    """The mean over a whole training, by the base rate: of half a cosine to 0, 1/2."""
    some = np.linspace(0, n_epochs - 1, min(n_epochs, 100)).astype(int)
    return float(np.mean([schedule.rates(int(epoch), 100, n_epochs, 1.0).mean() for epoch in some]))
