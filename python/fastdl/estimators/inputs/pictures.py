"""Pictures, as users have them: uint8 images of any size, grey or of colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fastdl.estimators.inputs.frames import is_frame
from fastdl.estimators.inputs.images import image_shape
from fastdl.estimators.inputs.refused import holds_nothing, refuse, shown
from fastdl.estimators.inputs.text import refuse_path
from fastdl.layers import Layer
from fastdl.samples import is_sparse

_FORMS = (
    "a list of uint8 images (height, width), (height, width, 1) or (height, width, 3), which may "
    "differ in size, or an array of them"
)


@dataclass(frozen=True)
class PictureInput:
    """Grey images (H, W) or (H, W, 1) and images of colours (H, W, 3), of uint8 and any size.

    X is a list of them, an array (n, H, W), (n, H, W, 1) or (n, H, W, 3), or one of them.
    """

    one_scale: ClassVar[bool] = True  # whatever X is: no validation set has another one

    def check(self, estimator: Any, X: Any, *, reset: bool) -> list[NDArray[np.uint8]]:
        """The images, one by one; nothing is copied.

        Raises
        ------
        ValueError
            For no image, and for one that is not of uint8 or has another number of channels.
        """
        name = type(estimator).__name__
        refuse_path(name, "X", X)
        if is_sparse(X) or is_frame(X):
            raise ValueError(f"X is {shown(X)}; {name} takes {_FORMS}.")
        refuse(name, "X", X)
        if is_one(X):
            return [_checked(name, "X", X)]
        if holds_nothing(X):
            raise ValueError(f"X is {shown(X)}; {name} takes {_FORMS}.")
        if len(X) == 0:
            raise ValueError(f"X holds no image; {name} takes {_FORMS}.")
        if getattr(X, "ndim", 1) > 4:
            raise ValueError(f"X has shape {X.shape}; {name} takes {_FORMS}.")
        return [_checked(name, f"X[{i}]", X[i]) for i in range(len(X))]

    def check_with(
        self, estimator: Any, X: Any, y: Any, *, reset: bool, numeric: bool
    ) -> tuple[list[NDArray[np.uint8]], Any]:
        """`check` for X; y is the head's."""
        return self.check(estimator, X, reset=reset), y

    def sample_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """With the channel that may be left out."""
        return image_shape(input_shape)

    def warn(self, estimator: Any, X: Any, layers: Sequence[Layer]) -> None:
        """Nothing to warn of: uint8 is of one scale."""

    def tag(self, tags: Any) -> None:
        """Images."""
        tags.three_d_array, tags.two_d_array = True, False


def is_one(X: Any) -> bool:
    """Whether X is one picture, not several."""
    if _is_of_pillow(X):
        return True
    shape: tuple[int, ...] = getattr(X, "shape", ())
    return len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3))


def in_form_of(X: Any, answers: list[NDArray[Any]]) -> Any:
    """An image for one, an array for an array, and a list for all else."""
    if is_one(X):
        return answers[0]
    is_array = isinstance(X, np.ndarray) and X.dtype != object
    return np.stack(answers) if is_array else answers


def _is_of_pillow(x: Any) -> bool:
    return hasattr(x, "mode") and hasattr(x, "getbands")


def _checked(name: str, which: str, x: Any) -> NDArray[np.uint8]:
    refuse_path(name, which, x)
    if _is_of_pillow(x) and x.mode not in ("L", "RGB"):
        raise ValueError(
            f'{which} is an image of mode {x.mode!r}; {name} takes "L" and "RGB". Use '
            'image.convert("RGB").'
        )
    if not hasattr(x, "__len__") and not hasattr(x, "__array_interface__"):
        raise ValueError(f"{which} is {shown(x)}; {name} takes {_FORMS}.")
    refuse(name, which, x)
    image = np.asarray(x)
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (1, 3)):
        raise ValueError(
            f"{which} has shape {image.shape}; {name} takes images (height, width), (height, "
            "width, 1) or (height, width, 3)."
        )
    if 0 in image.shape:
        raise ValueError(
            f"{which} has shape {image.shape}, without a pixel; {name} takes images of one or "
            "more. Leave it out."
        )
    if image.dtype != np.uint8:
        way_out = "x.astype(np.uint8)"
        if image.dtype.kind == "f":
            way_out = "(255 * x).round().astype(np.uint8), if they are from 0 to 1"
        raise ValueError(
            f"{which} holds {image.dtype}; {name} takes uint8, from 0 to 255. Use {way_out}."
        )
    return image
