"""Looking into networks as they learn: how fast each layer does, and what its units are up to."""

from fastdl.inspection._activations import ActivationStatisticsDisplay, activation_statistics
from fastdl.inspection._speed import LearningSpeedDisplay, learning_speed

__all__ = [
    "ActivationStatisticsDisplay",
    "LearningSpeedDisplay",
    "activation_statistics",
    "learning_speed",
]
