"""Scores that scikit-learn does not have: of sequences, of boxes of objects, of images."""

from typing import TYPE_CHECKING

from fastdl._other_names import raiser
from fastdl.metrics._boxes import (
    average_precision_scores,
    box_iou,
    mean_average_precision_score,
    non_max_suppression,
)
from fastdl.metrics._images import peak_signal_noise_ratio, structural_similarity
from fastdl.metrics._sequences import (
    bleu_score,
    edit_distance,
    exact_match_score,
    token_accuracy_score,
)

__all__ = [
    "average_precision_scores",
    "bleu_score",
    "box_iou",
    "edit_distance",
    "exact_match_score",
    "mean_average_precision_score",
    "non_max_suppression",
    "peak_signal_noise_ratio",
    "structural_similarity",
    "token_accuracy_score",
]

if not TYPE_CHECKING:  # checkers of types know what is there
    __getattr__ = raiser(__name__, __all__)


def __dir__() -> list[str]:
    return sorted(__all__)
