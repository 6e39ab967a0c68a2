"""Losses: what a network is trained to make small.

A network ends in raw outputs z; the loss knows the link that turns them into predictions, so that
value and gradient are computed together and nothing overflows. The loss of a sample is summed over
its outputs; the loss of a batch is the mean over samples, weighted by `sample_weight`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fastdl._other_names import raiser
from fastdl._spec import lookup, name_as_imported
from fastdl.losses._classes import (
    BinaryCrossEntropy,
    BinaryFocal,
    Focal,
    Hinge,
    SoftmaxCrossEntropy,
)
from fastdl.losses._custom import Custom, NotInFile
from fastdl.losses._loss import Loss
from fastdl.losses._numbers import AbsoluteError, Huber, Pinball, Poisson, SquaredError
from fastdl.losses._pairs import Contrastive, Triplet
from fastdl.losses._points import ObjectsAsPoints

__all__ = [
    "BY_NAME",
    "AbsoluteError",
    "BinaryCrossEntropy",
    "BinaryFocal",
    "Contrastive",
    "Custom",
    "Focal",
    "Hinge",
    "Huber",
    "Loss",
    "NotInFile",
    "ObjectsAsPoints",
    "Pinball",
    "Poisson",
    "SoftmaxCrossEntropy",
    "SquaredError",
    "Triplet",
    "get",
]

BY_NAME: dict[str, type[Loss]] = {
    loss.kind: loss
    for loss in (
        SoftmaxCrossEntropy,
        BinaryCrossEntropy,
        SquaredError,
        AbsoluteError,
        Huber,
        Hinge,
        Poisson,
        Pinball,
        Focal,
        BinaryFocal,
        ObjectsAsPoints,
        Triplet,
        Contrastive,
    )
}


def get(value: str | Loss | Callable[..., Any], parameter: str = "loss") -> Loss:
    """The loss that a name stands for ("huber"), `value` itself, or a function as `Custom`.

    Raises
    ------
    ValueError, TypeError
        For an unknown name; for anything else.
    """
    if callable(value) and not isinstance(value, (Loss, type)):
        return Custom(value)
    return lookup(value, BY_NAME, Loss, parameter)


name_as_imported(vars())

if not TYPE_CHECKING:  # checkers of types know what is there
    __getattr__ = raiser(__name__, __all__)


def __dir__() -> list[str]:
    return sorted(__all__)
