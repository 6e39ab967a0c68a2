"""Looking into networks as they learn.

How fast each layer learns, what its units do, how far gradients reach back in time.
"""

import fastdl._sklearn  # noqa: F401 (first: it says what to install)
from fastdl.inspection._activations import ActivationStatisticsDisplay, activation_statistics
from fastdl.inspection._speed import LearningSpeedDisplay, learning_speed
from fastdl.inspection._through_time import (
    GradientThroughTimeDisplay,
    gradient_norms_through_time,
)

__all__ = [
    "ActivationStatisticsDisplay",
    "GradientThroughTimeDisplay",
    "LearningSpeedDisplay",
    "activation_statistics",
    "gradient_norms_through_time",
    "learning_speed",
]
