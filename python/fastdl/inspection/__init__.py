"""Looking into networks as they learn.

How fast each layer learns, what its units do, how far gradients reach back in time; and whether a
fit lacks a better network or more samples.
"""

import fastdl._sklearn  # noqa: F401 (first: it says what to install)
from fastdl.inspection._activations import ActivationStatisticsDisplay, activation_statistics
from fastdl.inspection._bias_variance import BiasVarianceDisplay, bias_variance
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
    "activation_statistics",
    "bias_variance",
    "gradient_norms_through_time",
    "learning_speed",
]
