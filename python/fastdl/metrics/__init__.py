"""Scores that scikit-learn does not have; each may be used in ``make_scorer``."""

from fastdl.metrics._sequences import (
    bleu_score,
    edit_distance,
    exact_match_score,
    token_accuracy_score,
)

__all__ = ["bleu_score", "edit_distance", "exact_match_score", "token_accuracy_score"]
