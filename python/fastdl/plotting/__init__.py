"""Pictures of fitted estimators, as scikit-learn's display objects: from_estimator, then plot.

Matplotlib is imported when something is drawn.
"""

from fastdl.plotting._attention import AttentionDisplay
from fastdl.plotting._augment import AugmentDisplay
from fastdl.plotting._filters import FiltersDisplay
from fastdl.plotting._history import HistoryDisplay
from fastdl.plotting._predictions import PredictionsDisplay

__all__ = [
    "AttentionDisplay",
    "AugmentDisplay",
    "FiltersDisplay",
    "HistoryDisplay",
    "PredictionsDisplay",
]
