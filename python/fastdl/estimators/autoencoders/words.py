"""The words of autoencoders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from fastdl._saved import ANYTHING, ARRAYS, Saved, Tables, take
from fastdl._sklearn import StrOptions
from fastdl.estimators.parameters.training_words import COUNT, NOT_NEGATIVE, PART, TrainingWords
from fastdl.estimators.parameters.words import Meaning, fitted, word
from fastdl.fitting.defaults import CODING, Defaults, or_auto
from fastdl.fitting.progress import COLUMNS
from fastdl.fitting.recipe import optimizer_of
from fastdl.layers._activation import FUNCTIONS

# Words that some autoencoders share, to be written with their default.
OUT_ACTIVATION = Meaning(
    rule=[StrOptions({"identity", "relu", "sigmoid"}), None],
    kind='{"identity", "relu", "sigmoid"} or None',
    text='Of the last layer. None is "identity", a linear decoder, or "sigmoid" for the '
    "cross-entropy.",
)
RECONSTRUCTION_LOSS = Meaning(
    rule=[StrOptions({"squared_error", "cross_entropy"})],
    kind='{"squared_error", "cross_entropy"}',
    text="Half the squared error, or the cross-entropy of X from 0 to 1; summed over features.",
)
CORRUPTION = Meaning(
    rule=[NOT_NEGATIVE],
    kind="float",
    text='In training, the share of each sample\'s values that is replaced (of "gaussian" noise '
    "the standard deviation); the network is to give the values from before. Vincent et al. 2010.",
)
NOISE = Meaning(
    rule=[StrOptions({"masking", "gaussian", "salt_and_pepper"})],
    kind='{"masking", "gaussian", "salt_and_pepper"}',
    text="How; see `fastdl.layers.Corrupt`.",
)
ACTIVITY_L1 = Meaning(
    rule=[NOT_NEGATIVE],
    kind="float",
    text="Sparsity: the absolute values of the code, times this, are added to the loss.",
)
PRETRAIN_HISTORY = ("list of dict", "For each hidden layer, what `history_` is for the whole.")


@dataclass(eq=False, repr=False, kw_only=True)
class CodingWords(TrainingWords):
    """How dense layers code their input, and how that is trained."""

    hidden_layer_sizes: int | Sequence[int] = word(
        default=(100,),
        rule=["array-like", COUNT],
        kind="int or sequence of int",
        text="Units of the encoder's layers.",
        kw_only=False,
    )
    activation: str = word(
        default="sigmoid",
        rule=[StrOptions(set(FUNCTIONS) - {"softmax"})],
        kind="str",
        text="Of the hidden layers, a function of `fastdl.layers.Activation`.",
    )
    out_activation: str | None = word(default=None, like=OUT_ACTIVATION)
    tied_weights: bool = word(
        default=False,
        rule=["boolean"],
        kind="bool",
        text="Whether the decoder has the encoder's weights, transposed, and only biases of its "
        "own.",
    )
    corruption: float = word(default=0.0, like=CORRUPTION)
    noise: str = word(default="masking", like=NOISE)
    sparsity: float | None = word(
        default=None,
        rule=[PART, None],
        kind="float or None",
        text="The wanted mean activation of each unit of the code, between 0 and 1: sparsity by "
        'the KL divergence over the batch, which with solver="lbfgs" is all of X. For '
        'activation="sigmoid". Ng 2011 (UFLDL).',
    )
    sparsity_weight: float = word(
        default=3.0, rule=[NOT_NEGATIVE], kind="float", text="Of that penalty."
    )
    activity_l1: float = word(default=0.0, like=ACTIVITY_L1)
    contraction: float = word(
        default=0.0,
        rule=[NOT_NEGATIVE],
        kind="float",
        text="Weight of the squared norm of the code's Jacobian, by what goes into its layer. For "
        '"sigmoid", "tanh", "relu" and "identity". Rifai et al. 2011.',
    )

    _auto: ClassVar[Defaults] = CODING
    _loss_word: ClassVar[str] = "loss"  # the parameter that says how a reconstruction is measured


class PretrainedForm:
    """How a file keeps what `pretrain` leaves."""

    def to_dict(self, pretrained: dict[str, Any]) -> dict[str, Any]:
        """Weights by name, and the histories by columns."""
        return {**pretrained, "histories": Tables(COLUMNS).to_dict(pretrained["histories"])}

    def from_dict(self, stored: Any) -> dict[str, Any]:
        """What `to_dict` gave; ValueError for anything else."""
        fields = take(stored, {"weights": ARRAYS, "histories": ANYTHING}, "pretrained")
        return {**fields, "histories": Tables(COLUMNS).from_dict(fields["histories"])}


@dataclass(eq=False, repr=False, kw_only=True)
class StackWords(CodingWords):
    """How a stack of such layers is pretrained."""

    pretrain_epochs: int | str = word(
        default="auto",
        rule=[StrOptions({"auto"}), COUNT],
        kind='int or "auto"',
        text='Epochs for each hidden layer; "auto" is 5, or as many as give 400 steps.',
    )
    pretrain_history_: list[dict[str, list[float]]] = fitted(
        *PRETRAIN_HISTORY, saved=Saved(Tables(COLUMNS))
    )
    _pretrained: dict[str, Any] = fitted(saved=Saved(PretrainedForm(), "pretrained"))

    _auto_of_layer: ClassVar[Defaults] = Defaults(updates=400, least_epochs=5)

    def _pretrain_epochs(self, n_samples: int) -> int:
        """Epochs for each hidden layer."""
        auto, batch_size = self._auto_of_layer, self._batch_size(n_samples)
        n_epochs = auto.epochs(n_samples, batch_size, optimizer_of(self))
        return int(or_auto(self.pretrain_epochs, n_epochs))
