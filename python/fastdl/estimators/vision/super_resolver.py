"""Images enlarged by a network that has seen what small images leave out of large ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.metaestimators import available_if

from fastdl import layers as L
from fastdl._rules import POSITIVE_INTEGER, unknown
from fastdl._saved import SHAPE
from fastdl._sklearn import Interval
from fastdl.estimators.base.available import is_stochastic
from fastdl.estimators.base.head_of_choice import OfPixels
from fastdl.estimators.base.heads import Numbers, Steps
from fastdl.estimators.base.layer_params import check_layer_names, set_layers, with_layers
from fastdl.estimators.base.net import Net
from fastdl.estimators.base.output import with_answers
from fastdl.estimators.base.training_words import CONVOLUTION, COUNT, NUMBER_LOSS, TrainingWords
from fastdl.estimators.base.words import fitted, word
from fastdl.estimators.inputs.pictures import PictureInput, in_form_of
from fastdl.estimators.vision import networks
from fastdl.estimators.vision.geometry import Geometry
from fastdl.estimators.vision.luminance import (
    as_uint8,
    colours,
    divisible,
    enlarged,
    image_of,
    luminance,
    reduced,
)
from fastdl.fitting.defaults import ENLARGING, Defaults
from fastdl.fitting.job import Checked, Given
from fastdl.fitting.targets import Targets
from fastdl.layers import Layer
from fastdl.losses import Loss
from fastdl.metrics import peak_signal_noise_ratio
from fastdl.program import Snapshot, output_shape
from fastdl.samples import Data, Pixels

_MIDDLE, _SPREAD = 128.0, 64.0  # of what the network gets: grey levels of about -2 to 2


class SuperResolver(TrainingWords, Net):
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

    scale: int = word(
        default=3,
        rule=[Interval(Integral, 2, 16, closed="both")],
        kind="int",
        text="How many times as high and as wide images become.",
        kw_only=False,
    )
    network: str | Sequence[Layer] = word(
        default="srcnn-9-1-5",
        rule=[str, list, tuple],
        kind='{"srcnn-9-1-5", "srcnn-9-5-5", "espcn"} or sequence of layers',
        text="See above; or layers from an image of one channel to another one, which is `scale` "
        "times as large, or of the same size: then their input is enlarged by bicubic. A 1x1 "
        "convolution comes after them unless they give one channel.",
        kw_only=False,
    )
    patch_size: int = word(
        default=48,
        rule=[COUNT],
        kind="int",
        text="Side of the patches that large images are cut into for training, rounded up to a "
        "multiple of `scale`.",
    )
    tile_size: int | None = word(
        default=128,
        rule=[COUNT, None],
        kind="int or None",
        text="Side of the tiles in which large images are made, at most; memory is that of a tile. "
        "The image is that of None, which makes it in one piece, within a grey level.",
    )
    convolution: str = word(default="auto", like=CONVOLUTION)
    loss: str | Loss = word(default="squared_error", like=NUMBER_LOSS)
    scale_: int = fitted(
        "int", "How many times as high and as wide images become.", saved=POSITIVE_INTEGER
    )
    input_shape_: tuple[int, ...] = fitted(
        "tuple of int", "Of a patch, as the network sees it.", saved=SHAPE
    )

    _geometry: Geometry = fitted()

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

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters by name; with `deep`, also layers and their fields (``conv1__filters``)."""
        params: dict[str, Any] = super().get_params(deep=deep)
        return with_layers(self, ["network"], params) if deep else params

    def set_params(self, **params: Any) -> Self:
        """Set parameters, those of layers too: ``conv1__filters=16``, ``conv1=Conv2D(16, 5)``.

        Returns
        -------
        estimator
            This object.
        """
        return super().set_params(**set_layers(self, ["network"], params))

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
        geometry = self._geometry
        patches, targets = [], []
        for i, image in enumerate(images):
            if min(image.shape[:2]) < size:
                raise ValueError(
                    f"X[{i}] has {image.shape[0]}x{image.shape[1]} pixels, but a patch has "
                    f"{size}x{size}. Leave it out, or set a smaller patch_size."
                )
            large = divisible(luminance(image), self.scale_)
            small = reduced(large, self.scale_)
            bicubic = enlarged(small, self.scale_)
            missing = large - bicubic
            given = small if geometry.factor == self.scale_ else bicubic
            for patch, rows, columns in geometry.patches(_scaled(given), size):
                patches.append(patch)
                targets.append(missing[rows, columns])
        values = np.pad(
            np.stack(targets), ((0, 0), *((m, m) for m in geometry.margin)), constant_values=0
        )
        y = Pixels.of(values)
        if any(geometry.margin):
            counts = np.zeros(values.shape, bool)
            geometry.trusted(counts)[:] = True
            y = replace(y, counts=counts.reshape(y.shape))
        X = np.stack(patches)[..., np.newaxis]
        self.input_shape_ = X.shape[1:]
        return X, y

    def _restored(self) -> None:
        super()._restored()
        if hasattr(self, "_network"):
            if not hasattr(self, "scale_"):
                raise ValueError(
                    f"{type(self).__name__}: scale_ of the fitted estimator is missing."
                )
            self._geometry = Geometry.of(type(self).__name__, self._network.layers, self.scale_)

    def _given(self) -> list[Layer]:
        name = type(self).__name__
        if isinstance(self.network, str):
            if self.network not in networks.NAMES:
                raise ValueError(f"{name}: {unknown('network', self.network, networks.NAMES)}")
            return networks.build(self.network, int(self.scale))
        L.check(L.with_names(self.network))
        check_layer_names(self, self.network)
        return list(self.network)

    def _hidden(self) -> list[Layer]:
        """The layers that were given, with names, after a look at what they take."""
        layers = self._given()
        if L.gives(layers, "images") != "images":
            raise ValueError(
                f"{type(self).__name__}: the layers of network do not lead from an image to an "
                "image. Use convolutions, and nothing that makes rows."
            )
        return list(L.with_names(layers))

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
        network, answers = _Whole(self), []
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
        network, gains = _Whole(self), []
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
        index, network = self._layer_index(layer), _Whole(self)
        images = self._inputs.check(self, X, reset=False)
        return in_form_of(X, [network.features(luminance(image), index) for image in images])


class _Whole:
    """The network of a fitted estimator for images of any size, as it is now.

    Its programs are for one piece of an image at a time; they live as long as this does.
    """

    def __init__(self, estimator: SuperResolver) -> None:
        e = estimator
        self._network = e._network.at(Snapshot.of(e.program_))
        self._scale, self._tile, self._n_jobs = e.scale_, e.tile_size, e.n_jobs
        self._targets = e._targets
        self._geometry = e._geometry
        self._programs: dict[tuple[int, ...], Any] = {}

    def enlarged(self, small: NDArray[np.float32]) -> NDArray[np.float32]:
        """A luminance (h, w) as (h * scale, w * scale)."""
        bicubic = enlarged(small, self._scale)
        seen = _scaled(small if self._geometry.factor == self._scale else bicubic)
        output = self._geometry.tiled(seen, self._tile, lambda x: self._outputs(x, -1)[..., 0])
        return bicubic + self._targets.decode(output.reshape(-1, 1)).reshape(output.shape)

    def features(self, small: NDArray[np.float32], layer: int) -> NDArray[np.float32]:
        """The outputs of a layer for a whole luminance."""
        is_small = self._geometry.factor == self._scale
        seen = _scaled(small if is_small else enlarged(small, self._scale))
        return self._outputs(self._geometry.around(seen), layer)

    def _outputs(self, image: NDArray[np.float32], layer: int) -> NDArray[np.float32]:
        x = np.ascontiguousarray(image)[np.newaxis, ..., np.newaxis]
        program = self._programs.get(x.shape)
        if program is None:
            program = self._network.of_shape(x.shape[1:]).ready(self._n_jobs)
            self._programs = {x.shape: program}  # of one size at a time
        return program.predict(x, layer=layer)[0]


@dataclass(frozen=True)
class Enlargement(OfPixels):
    """What is missing in an image, for each of its pixels; made of X, so that there is no y."""

    of: Numbers = field(default_factory=Numbers)

    def first_part(self, estimator: Any, y: Any, classes: Any) -> None:
        """See `Head.first_part`."""

    def normalized(self, estimator: Any, targets: Targets, train: Checked) -> Targets:
        """See `Head.normalized`: over all pixels."""
        return Steps(self.of).normalized(estimator, targets, train)

    def targets(self, estimator: Any, y: Pixels, *, anew: bool, incremental: bool) -> Targets:
        """See `Head.targets`."""
        targets = super().targets(estimator, y, anew=anew, incremental=incremental)
        return replace(targets, of="pixels")

    def loss(self, estimator: Any, targets: Targets) -> Loss:
        """See `Head.loss`."""
        return self.of.loss(estimator, targets)

    def stratify(self, targets: Targets, y: NDArray[Any]) -> None:
        """See `Head.stratify`: there are no labels."""

    def tag(self, tags: Any) -> None:
        """See `Head.tag`."""
        tags.target_tags.required = False


def _scaled(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Grey levels as the network gets them."""
    return (image - np.float32(_MIDDLE)) / np.float32(_SPREAD)


def _decibels(before: float, after: float) -> float:
    """By how much an error that is squared has become less; 0 where there was none and is none."""
    if before == after:
        return 0.0
    with np.errstate(divide="ignore"):
        return float(10 * (np.log10(before) - np.log10(after)))
