"""The words of embeddings for verification."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral

from fastdl import losses
from fastdl._saved import REAL
from fastdl._sklearn import Interval, StrOptions
from fastdl.estimators.parameters.training_words import COUNT, PART, TrainingWords
from fastdl.estimators.parameters.words import fitted, reword, word
from fastdl.losses import Loss


@dataclass(eq=False, repr=False, kw_only=True)
class EmbeddingWords:
    """What samples become, and by which pairs that is learnt and judged."""

    n_components: int = word(
        default=64, rule=[COUNT], kind="int", text="Numbers that a sample becomes."
    )
    loss: str | Loss = word(
        default="triplet",
        rule=[StrOptions({"triplet", "contrastive"}), losses.Triplet, losses.Contrastive],
        kind='{"triplet", "contrastive"} or Loss',
        text="Which distances the vectors are to have. For other margins than 0.2 and 1, "
        "``Triplet(margin=0.5)`` or ``Contrastive(margin=0.8)`` of `fastdl.losses`.",
    )
    samples_per_identity: int = word(
        default=4,
        rule=[Interval(Integral, 2, None, closed="left")],
        kind="int",
        text="How many samples of an identity stand side by side in a batch. Smaller numbers bring "
        "more identities into a batch, larger ones more pairs of the same.",
    )
    false_accept_rate: float | None = word(
        default=None,
        rule=[PART, None],
        kind="float or None",
        text="The share of pairs of two identities that `threshold_` lets pass. None: it has the "
        "best accuracy, pairs of both kinds counting as much.",
    )
    weight_decay: float | str | None = reword(TrainingWords, "weight_decay", default=None)
    threshold_: float = fitted(
        "float", "The cosine above which `verify` says that two are one.", saved=REAL
    )
