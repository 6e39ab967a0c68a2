"""What a file keeps of a fitted estimator: an explicit list for each class.

Names in the file are chosen for good; the attributes behind them may be renamed. What is not listed
follows from what is, and is set again by `derive`.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np

from fastdl import estimators
from fastdl._rules import FLAG, Rule, optional
from fastdl._saved import (
    ANYTHING,
    ARRAYS,
    MATRIX,
    NAMES,
    NATURAL,
    REAL,
    SHAPE,
    TEXT,
    TEXTS,
    VECTOR,
    Field,
    Fitted,
    Table,
    Tables,
    instance,
    listed,
    short,
    take,
)
from fastdl.estimators.boltzmann.rbm import BaseRBM
from fastdl.estimators.boltzmann.training import Momenta
from fastdl.fitting import job
from fastdl.fitting.network import Network
from fastdl.fitting.progress import COLUMNS, LearningRate, Progress
from fastdl.fitting.targets import Targets


class _Words:
    """The form of a vocabulary in a file: the words, in the order of their rows."""

    def to_dict(self, vocabulary: dict[Hashable, int]) -> list[Hashable]:
        return list(vocabulary)

    def from_dict(self, stored: Any) -> dict[Hashable, int]:
        if not isinstance(stored, list) or not all(isinstance(word, Hashable) for word in stored):
            raise ValueError(f"vocabulary_ is {short(stored)}; expected a list of words.")
        vocabulary = {word: row for row, word in enumerate(stored)}
        if len(vocabulary) < len(stored):
            raise ValueError("vocabulary_ holds a word twice.")
        return vocabulary


class _Pretrained:
    """The form of what `pretrain` of the stacked autoencoders leaves."""

    def to_dict(self, pretrained: dict[str, Any]) -> dict[str, Any]:
        return {**pretrained, "histories": Tables(COLUMNS).to_dict(pretrained["histories"])}

    def from_dict(self, stored: Any) -> dict[str, Any]:
        fields = take(stored, {"weights": ARRAYS, "histories": ANYTHING}, "pretrained")
        return {**fields, "histories": Tables(COLUMNS).from_dict(fields["histories"])}


class _Momenta:
    """The form of the momenta of a restricted Boltzmann machine."""

    def to_dict(self, momenta: Momenta) -> dict[str, Any]:
        velocity = None if momenta.velocity is None else list(momenta.velocity)
        return {"velocity": velocity, "activity": momenta.activity}

    def from_dict(self, stored: Any) -> Momenta:
        velocity = Rule(
            "a matrix and two vectors",
            lambda v: (
                isinstance(v, list)
                and len(v) == 3
                and MATRIX.accepts(v[0])
                and all(map(VECTOR.accepts, v[1:]))
            ),
            tuple,
        )
        rules = {"velocity": optional(velocity), "activity": optional(VECTOR)}
        return Momenta(**take(stored, rules, "momenta"))


_OF_X: Fitted = {"n_features_in_": NATURAL, "feature_names_in_": NAMES}
_ELM: Fitted = {
    **_OF_X,
    "device_": TEXT,
    "targets": Field("_targets", Targets),
    "network": Field("_network", Network),
}
_NET: Fitted = {
    **_ELM,
    "input_shape_": SHAPE,
    "progress": Field("_progress", Progress),
    "learning_rate": Field("_optimizer", LearningRate, of_training=True),
}
_RNN: Fitted = {**_NET, "symbols_": TEXTS}
_STACKED: Fitted = {
    **_NET,
    "pretrain_history_": Field("pretrain_history_", Tables(COLUMNS)),
    "pretrained": Field("_pretrained", _Pretrained()),
}
_RBM: Fitted = {
    **_OF_X,
    "components_": MATRIX,
    "intercept_hidden_": VECTOR,
    "intercept_visible_": VECTOR,
    "h_samples_": MATRIX,
    "history_": Field("history_", Table(("epoch", "reconstruction_error", "seconds"))),
    "random_state_": instance(np.random.RandomState, "a RandomState"),
    "exact": Field("_exact", FLAG),
    "momenta": Field("_momenta", _Momenta(), of_training=True),
}
_MACHINES: Fitted = {
    "rbms_": listed(
        Rule("", lambda v: isinstance(v, BaseRBM) and hasattr(v, "components_"), lambda v: v),
        "fitted restricted Boltzmann machines",
    ),
    "visible_": TEXT,
}
_DBN_NET: Fitted = {**_NET, **_MACHINES, "pretrained": Field("_pretrained", FLAG)}

FITTED: dict[str, Fitted] = {
    **dict.fromkeys(estimators.__all__, _NET),
    "BernoulliRBM": _RBM,
    "ConvAutoencoder": {**_NET, "sample_form": Field("_sample_form", SHAPE)},
    "DBN": {**_OF_X, **_MACHINES},
    "DBNClassifier": _DBN_NET,
    "DBNRegressor": _DBN_NET,
    "ELMClassifier": _ELM,
    "ELMRegressor": _ELM,
    "GaussianRBM": _RBM,
    "NDScaler": {
        **_OF_X,
        "n_dims_": NATURAL,
        "n_samples_seen_": NATURAL,
        "n_values_seen": Field("_count", NATURAL),
        **dict.fromkeys(("mean_", "var_", "data_min_", "data_max_", "scale_", "offset_"), VECTOR),
    },
    "RNNClassifier": _RNN,
    "RNNRegressor": _RNN,
    "SequenceTagger": _RNN,
    "StackedAutoencoder": _STACKED,
    "StackedAutoencoderClassifier": _STACKED,
    "StackedAutoencoderRegressor": _STACKED,
    "TextGenerator": {**_RNN, "takes_string": Field("_takes_string", FLAG)},
    "WordVectors": {
        "vocabulary_": Field("vocabulary_", _Words()),
        "vectors_": MATRIX,
        "loss_curve_": listed(REAL, "numbers"),
        "n_iter_": NATURAL,
    },
}

_TOGETHER = (  # all of these, or none
    ("targets", "network", "progress"),
    ("rbms_", "visible_"),
    ("components_", "intercept_hidden_", "intercept_visible_", "h_samples_", "history_"),
    ("n_dims_", "n_samples_seen_", "n_values_seen", "scale_", "offset_"),
    ("vocabulary_", "vectors_", "loss_curve_", "n_iter_"),
)


def check_whole(name: str, fitted: dict[str, Any]) -> None:
    """Raise ValueError if a part is missing that others need."""
    for group in _TOGETHER:
        needed = [key for key in group if key in FITTED[name]]
        missing = [key for key in needed if key not in fitted]
        if 0 < len(missing) < len(needed):
            raise ValueError(f"{name}: {', '.join(missing)} of the fitted estimator is missing.")


def derive(estimator: Any) -> None:
    """Set the attributes that follow from those of a file."""
    e, has = estimator, vars(estimator).keys()
    if "components_" in has:
        shapes = (*e.intercept_hidden_.shape, *e.intercept_visible_.shape)
        if e.components_.shape != shapes:
            raise ValueError(f"components_ is {short(e.components_)}; expected shape {shapes}.")
        e._n_features_out = shapes[0]
        e._momenta = vars(e).get("_momenta", Momenta())
    if "rbms_" in has:
        e.pretrain_history_ = [rbm.history_ for rbm in e.rbms_]
    if "_network" not in has:
        return
    if len(e._targets.classes):
        e.classes_ = e._targets.classes
    if "_progress" in has:
        job.show(e)
    else:
        e.n_parameters_ = sum(p.size for p in e._network.parameters)


def shown_weights(estimator: Any) -> dict[str, Any]:
    """Weights that the user may have written to attributes, by the parameters' names."""
    weights: dict[str, Any] = {}
    if hasattr(estimator, "coefs_"):
        names = estimator._dense_names()
        for name, w, b in zip(names, estimator.coefs_, estimator.intercepts_, strict=True):
            weights |= {f"{name}.weight": w, f"{name}.bias": b}
    return weights
