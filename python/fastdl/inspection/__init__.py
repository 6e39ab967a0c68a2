"""Looking into networks as they learn.

How fast each layer learns, what its units do, how far gradients reach back in time; what in a
sample speaks for an answer, and where answers are most wrong; and whether a fit lacks a better
network or more samples.
"""

import fastdl._sklearn  # noqa: F401 (first: it says what to install)
from fastdl.inspection._activations import ActivationStatisticsDisplay, activation_statistics
from fastdl.inspection._bias_variance import BiasVarianceDisplay, bias_variance
from fastdl.inspection._feature_maps import feature_maps
from fastdl.inspection._mistakes import Mistakes, worst_mistakes
from fastdl.inspection._saliency import input_gradient, saliency
from fastdl.inspection._speed import LearningSpeedDisplay, learning_speed
from fastdl.inspection._through_time import (
    GradientThroughTimeDisplay,
    gradient_norms_through_time,
)

__all__ = [
    "ActivationStatisticsDisplay",
    "BiasVarianceDisplay",
    "GradientThroughTimeDisplay",
    "LearningSpeedDisplay",
    "Mistakes",
    "activation_statistics",
    "bias_variance",
    "feature_maps",
    "gradient_norms_through_time",
    "input_gradient",
    "learning_speed",
    "saliency",
    "worst_mistakes",
]


def __dir__() -> list[str]:
    return sorted(__all__)
