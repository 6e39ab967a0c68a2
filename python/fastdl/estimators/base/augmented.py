"""The word `augment`: a layer in front of all others."""

from __future__ import annotations

from collections.abc import Sequence

from fastdl.estimators.base.words import Meaning
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


def check_pixels_stay(layers: Sequence[Layer]) -> None:
    """Raise where pixels of X move, for y with a value for every pixel, which would not."""
    first = next(iter(layers), None)
    if isinstance(first, Augment) and first.moves:
        raise ValueError(
            f"{first.who} moves the pixels of X, but not those of y, which has a value for every "
            "pixel. Leave flip, shift, crop, rotate, scale and shear out, or augment X and y alike "
            "before fit: fastdl.functional.augment, with the same seed."
        )
