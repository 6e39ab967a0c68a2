"""Pictures of fitted estimators, as scikit-learn's display objects: from_estimator, then plot.

Matplotlib is imported when something is drawn.
"""

from fastdl.plotting._attention import AttentionDisplay
from fastdl.plotting._augment import AugmentDisplay
from fastdl.plotting._detections import DetectionDisplay
from fastdl.plotting._feature_maps import FeatureMapsDisplay
from fastdl.plotting._filters import FiltersDisplay
from fastdl.plotting._history import HistoryDisplay
from fastdl.plotting._mistakes import MistakesDisplay
from fastdl.plotting._network import NetworkDisplay
from fastdl.plotting._predictions import PredictionsDisplay
from fastdl.plotting._saliency import SaliencyDisplay

__all__ = [
    "AttentionDisplay",
    "AugmentDisplay",
    "DetectionDisplay",
    "FeatureMapsDisplay",
    "FiltersDisplay",
    "HistoryDisplay",
    "MistakesDisplay",
    "NetworkDisplay",
    "PredictionsDisplay",
    "SaliencyDisplay",
]
