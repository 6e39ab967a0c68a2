"""The word `augment`: a layer in front of all others."""

from __future__ import annotations

from collections.abc import Sequence

from fastdl.estimators.parameters.words import Meaning
from fastdl.layers import Augment, Layer

AUGMENT = Meaning(
    rule=[Augment, None],
    kind="Augment or None",
    text="How images are changed at random in training, ``fastdl.layers.Augment(flip="
    '"horizontal", shift=4)``; a search may go over ``augment__shift``. Predictions, scores and '
    "validation see them as they are.",
)


def with_augment(
    who: str, augment: Augment | None, layers: Sequence[Layer], *, instead: bool = False
) -> list[Layer]:
    """The layers behind `augment`, if there is one.

    Parameters
    ----------
    who : str
        The estimator, for messages.
    augment : Augment or None
    layers : sequence of Layer
    instead : bool, default=False
        Whether it takes the place of one that they begin with.

    Raises
    ------
    ValueError
        If there are two, or one with a field out of range.
    """
    if augment is None:
        return list(layers)
    augment = augment if augment.name else augment.replace(name="augment")
    augment.check()
    begins = bool(layers) and isinstance(layers[0], Augment)
    if begins and not instead:
        raise ValueError(
            f"{who}: augment={augment!r} is one too many: layers begin with {layers[0]!r}. Give "
            "one of the two."
        )
    return [augment, *layers[begins:]]


def check_whole_images(layers: Sequence[Layer]) -> None:
    """Raise where the network sees parts of X, for y with a value for every pixel of X."""
    first = next(iter(layers), None)
    if isinstance(first, Augment) and first.crop is not None:
        raise ValueError(
            f"{first.who}: crop lets the network see parts of X, and predictions are of the middle "
            "alone, but y has a value for every pixel. Leave crop out (shift moves a window of the "
            "whole size, and y along with it), or crop X and y alike before fit: "
            "fastdl.functional.augment(X, targets=y, crop=...)."
        )
