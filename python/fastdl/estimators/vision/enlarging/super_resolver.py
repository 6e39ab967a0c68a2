"""Images enlarged by a network that has seen what small images leave out of large ones."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.metaestimators import available_if

from fastdl import layers as L
from fastdl.estimators.base.available import is_stochastic
from fastdl.estimators.base.net import Net
from fastdl.estimators.heads.output import with_answers
from fastdl.estimators.inputs.pictures import PictureInput, in_form_of
from fastdl.estimators.parameters.layer_params import check_layer_names
from fastdl.estimators.parameters.words import fitted
from fastdl.estimators.vision.enlarging import networks
from fastdl.estimators.vision.enlarging.geometry import Geometry
from fastdl.estimators.vision.enlarging.luminance import (
    as_uint8,
    colours,
    divisible,
    enlarged,
    image_of,
    luminance,
    reduced,
)
from fastdl.estimators.vision.enlarging.missing import Enlargement, patches_of
from fastdl.estimators.vision.enlarging.whole import Whole
from fastdl.estimators.vision.enlarging.words import EnlargingWords
from fastdl.fitting.defaults import ENLARGING, Defaults
from fastdl.fitting.job import Given
from fastdl.fitting.targets import Targets
from fastdl.layers import Layer
from fastdl.metrics import peak_signal_noise_ratio
from fastdl.program import output_shape
from fastdl.samples import Data


class SuperResolver(EnlargingWords, Net):
    """Enlarges images: a network adds to bicubic what it leaves out.

    X holds large images, a list of uint8 arrays (height, width), (height, width, 1) or (height,
    width, 3), red, green and blue, each of any size; or one array of them. `fit` makes the small
    images itself, by Pillow's bicubic, and learns to get from them to the large ones, patch by
    patch. `predict` enlarges images of any size.

    The network sees the luminance (ITU-R BT.601, from 16 to 235) of colours, which are enlarged by
    bicubic; grey images as they are. It learns the difference between the large image and what
    bicubic makes of the small one, as Kim et al., "Accurate image super-resolution using very deep
    convolutional networks", CVPR 2016, section 3.1. No zeros are put around the images: outside,
    their last pixels go on.

    "srcnn-9-1-5" and "srcnn-9-5-5" are the networks of Dong et al., "Image super-resolution using
    deep convolutional networks", TPAMI 2016, with 8,129 and 57,281 parameters, whose input is the
    image that bicubic has enlarged. "espcn" is that of Shi et al., "Real-time single image and
    video super-resolution using an efficient sub-pixel convolutional neural network", CVPR 2016,
    with 22,729 parameters for a scale of 3, whose input is the small one.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdl import SuperResolver
    >>> image = np.kron(np.random.default_rng(0).integers(0, 2, (12, 12)), np.full((4, 4), 255))
    >>> sr = SuperResolver(2, "espcn", patch_size=24, max_epochs=200, random_state=0)
    >>> sr.fit([image.astype(np.uint8)]).score([image.astype(np.uint8)]) > 1  # dB above bicubic
    True
    >>> sr.predict(np.zeros((10, 7, 3), np.uint8)).shape
    (20, 14, 3)
    """

    _geometry: Geometry = fitted()

    _layer_lists: ClassVar[tuple[str, ...]] = ("network",)
    _auto: ClassVar[Defaults] = ENLARGING
    normalize_y: ClassVar[bool] = True
    scoring: ClassVar[None] = None  # type: ignore[misc]
    _least_batch: ClassVar[int] = 16

    @property
    def _inputs(self) -> PictureInput:
        return PictureInput()

    @property
    def _head(self) -> Enlargement:
        return Enlargement()

    # --- fit

    def fit(  # type: ignore[override]
        self, X: Any, y: Any = None, *, X_val: Any = None
    ) -> Self:
        """Learn to enlarge, from large images.

        Parameters
        ----------
        X : list of n ndarrays of uint8, or ndarray of shape (n, height, width[, channels])
            At least as large as a patch.
        y : None
            Ignored.
        X_val : as X, default=None
            Images to validate with: their loss and score, the decibels above bicubic over all of
            their patches, are recorded after every epoch, and early stopping uses them instead of
            held-out patches of X.

        Returns
        -------
        self
        """
        return self._fit(Given(X, X_val=X_val, y_val=X_val))

    @available_if(is_stochastic)
    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Go on for one epoch over the patches of images.

        Parameters
        ----------
        X : as in `fit`
        y : None
            Ignored.

        Returns
        -------
        self
        """
        return super().partial_fit(X)

    def _check(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        """The patches of the images: what the network sees of them, and what it is to give."""
        images = self._inputs.check(self, X, reset=reset)
        if reset:
            self.scale_ = int(self.scale)
            self._geometry = Geometry.of(type(self).__name__, self._hidden(), self.scale_)
            size = -(-int(self.patch_size) // self.scale_) * self.scale_
        else:
            size = self._geometry.size_of(self.input_shape_)
        X, y = patches_of(images, self._geometry, self.scale_, size)
        self.input_shape_ = X.shape[1:]
        return X, y

    def _restored(self) -> None:
        super()._restored()
        if hasattr(self, "_network"):
            self._geometry = Geometry.of(type(self).__name__, self._network.layers, self.scale_)

    def _hidden(self) -> list[Layer]:
        """The layers that were given, with names, after a look at what they take."""
        if not isinstance(self.network, str):
            L.check(L.with_names(self.network))
            check_layer_names(self, self.network)
        return networks.layers_of(type(self).__name__, self.network, int(self.scale))

    def _layers(self, input_shape: tuple[int, ...], n_outputs: int) -> list[Layer]:
        hidden = self._hidden()
        shape = output_shape(hidden, input_shape)[:2]
        targets = Targets("continuous", n_outputs, of="pixels", shape=shape)
        return with_answers(type(self).__name__, hidden, input_shape, targets)

    def _default_score(self, output: NDArray[Any], data: Data) -> float:
        """Decibels above bicubic, of patches: what they lack is what is to be learnt."""
        missing = np.asarray(data.y, np.float64).ravel()
        left = missing - self._targets.decode(output)
        return _decibels(np.square(missing).sum(), np.square(left).sum())

    # --- use

    def predict(self, X: Any) -> Any:
        """Enlarge images.

        Parameters
        ----------
        X : list of ndarrays of uint8, or ndarray of shape (n, height, width[, channels])
            Small images of any size. Or one: (height, width), (height, width, 1) or (height, width,
            3).

        Returns
        -------
        list of ndarrays of uint8, or ndarray
            `scale` times as high and as wide, in the form of X.
        """
        self._check_is_fitted()
        images, scale = self._inputs.check(self, X, reset=False), self.scale_
        network, answers = Whole(self), []
        for image in images:
            bright = network.enlarged(luminance(image))
            others = [enlarged(of_one, scale) for of_one in colours(image)]
            answers.append(image_of(bright, others, image.ndim))
        return in_form_of(X, answers)

    def score(self, X: Any, y: Any = None) -> float:
        """By how many decibels the network's peak signal-to-noise ratio is above bicubic's.

        The mean over large images, which are made small and enlarged again: of the luminance,
        rounded to grey levels, without a border of `scale` pixels, as in the papers.

        Parameters
        ----------
        X : as in `fit`
        y : None
            Ignored.

        Returns
        -------
        float
        """
        self._check_is_fitted()
        images, scale = self._inputs.check(self, X, reset=False), self.scale_
        network, gains = Whole(self), []
        for i, image in enumerate(images):
            if min(image.shape[:2]) < 3 * scale:
                raise ValueError(
                    f"X[{i}] has {image.shape[0]}x{image.shape[1]} pixels; nothing is left of it "
                    f"without a border of {scale}: score needs {3 * scale} at least."
                )
            large = divisible(as_uint8(luminance(image)), scale).astype(np.float32)
            small = reduced(large, scale)
            bicubic, made = (
                peak_signal_noise_ratio(large, as_uint8(of_one), data_range=255, border=scale)
                for of_one in (enlarged(small, scale), network.enlarged(small))
            )
            gains.append(0.0 if made == bicubic else made - bicubic)  # of a flat image both are inf
        return float(np.mean(gains))

    def transform(self, X: Any, layer: int | str | None = None) -> Any:
        """What a layer makes of each image, all of it in one piece.

        Parameters
        ----------
        X : as in `predict`
        layer : int or str, default=None
            Which layer, by number or name as in `summary`; None is the last hidden one.

        Returns
        -------
        list of ndarrays of shape (h, w, channels), or ndarray
            In the form of X; of images that the network sees with a halo around them.
        """
        self._check_is_fitted()
        index, network = self._layer_index(layer), Whole(self)
        images = self._inputs.check(self, X, reset=False)
        return in_form_of(X, [network.features(luminance(image), index) for image in images])


def _decibels(before: float, after: float) -> float:
    """By how much an error that is squared has become less; 0 where there was none and is none."""
    if before == after:
        return 0.0
    with np.errstate(divide="ignore"):
        return float(10 * (np.log10(before) - np.log10(after)))
