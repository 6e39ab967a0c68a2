"""The parameters of the network for tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from fastdl._sklearn import Interval, Options, StrOptions
from fastdl.estimators.parameters.training_words import (
    COUNT,
    NOT_NEGATIVE,
    PART,
    POSITIVE,
    RATE,
    TrainingRecord,
    TrainingWords,
)
from fastdl.estimators.parameters.words import Meaning, reword, word
from fastdl.layers import ParametricActivation

ACTIVATION = Meaning(
    rule=[StrOptions(set(ParametricActivation.rules["function"].choices))],
    kind="str",
    text="Of `fastdl.layers.ParametricActivation`, after each hidden layer.",
)
BASE_RATE = Meaning(
    rule=[POSITIVE],
    kind="float",
    text="Height of the waves of the rate (`fastdl.schedules.CosLog`). Weights have it divided by "
    "the root of their fan-in; biases, embeddings and slopes a tenth, the scale of the features "
    "six times it.",
)


@dataclass(eq=False, repr=False, kw_only=True)
class TableWords(TrainingRecord):
    """What the network is, and how it is trained."""

    hidden_layer_sizes: int | Sequence[int] = word(
        default=(256, 256, 256),
        rule=["array-like", COUNT],
        kind="int or sequence of int",
        text="Units of the hidden layers.",
        kw_only=False,
    )
    categorical_features: Any = word(
        default="from_dtype",
        rule=["array-like", StrOptions({"from_dtype"})],
        kind='"from_dtype", or array-like of int, str or bool',
        text="The columns that hold categories. From the dtype: those of a data frame that are "
        "text, boolean, categorical or of objects other than numbers. Or their numbers, their "
        "names, or a mask.",
    )
    max_one_hot: int = word(
        default=8,
        rule=[Interval(Integral, 0, None, closed="left")],
        kind="int",
        text="Categories up to which a column is spread out, one column for each; of more, each "
        "has a vector that is learnt.",
    )
    embedding_size: int = word(default=8, rule=[COUNT], kind="int", text="Length of these vectors.")
    frequencies: int = word(
        default=16,
        rule=[Interval(Integral, 0, None, closed="left")],
        kind="int",
        text="Waves of each column of numbers, of which three features are mixed "
        "(`fastdl.layers.NumericEmbedding`); 0: the numbers alone.",
    )
    frequency_scale: float = word(
        default=0.1,
        rule=[POSITIVE],
        kind="float",
        text="Standard deviation of their frequencies at the start, in periods for the distance of "
        "the quartiles. More suits targets that change faster than the column.",
    )
    dropout: float = word(
        default=0.15,
        rule=[RATE],
        kind="float",
        text="After each hidden layer; constant for half of the epochs, then down to 0.",
    )
    weight_decay: float = word(
        default=0.02,
        rule=[NOT_NEGATIVE],
        kind="float",
        text="Of each step, times the rate, apart from the gradient; down to 0 as `dropout`.",
    )
    batch_size: int = word(
        default=256,
        rule=[COUNT],
        kind="int",
        text="Samples of a step. What is left over at the end of an epoch is left out.",
    )
    max_epochs: int = word(
        default=256,
        rule=[COUNT],
        kind="int",
        text="Epochs for which rate, dropout and decay are planned.",
    )
    validation_fraction: float | None = word(
        default=0.2,
        rule=[PART, None],
        kind="float or None",
        text="Part of X held out, unless fit gets an `X_val`: the weights of the epoch with the "
        "best validation score are kept. None: those of the last epoch, learnt of all of X.",
    )
    n_iter_no_change: float = word(
        default=np.inf,
        rule=[COUNT, Options(Real, {np.inf})],
        kind="int or inf",
        text="Epochs without a better validation score after which training stops.",
    )
    scoring: str | Callable[..., float] | None = word(
        default=None,
        rule=[str, callable, None],
        kind="str, callable or None",
        text='What is best: None is accuracy or R^2, "neg_log_loss" good probabilities.',
    )
    random_state: int | np.random.RandomState | None = reword(
        TrainingWords, "random_state", default=None
    )
    verbose: bool | int = reword(TrainingWords, "verbose", default=False)
    n_jobs: int | None = reword(TrainingWords, "n_jobs", default=None)
    device: str = reword(TrainingWords, "device", default="cpu")
    precision: str = reword(TrainingWords, "precision", default="float32")
    dtype: DTypeLike = reword(TrainingWords, "dtype", default="float32")
