"""Where which objects are in images: a detector of one stage, by their centres."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from fastdl import layers as L
from fastdl.estimators.base.augmented import with_augment
from fastdl.estimators.base.net import Net
from fastdl.estimators.parameters.layer_params import check_layer_names
from fastdl.estimators.vision.detection.images import ImagesInput
from fastdl.estimators.vision.detection.networks import layers_of
from fastdl.estimators.vision.detection.objects import (
    BOX_OUTPUTS,
    ObjectsHead,
    found_in,
    middle_of,
)
from fastdl.estimators.vision.detection.words import DetectionWords
from fastdl.fitting.defaults import DETECTION, Defaults
from fastdl.fitting.job import Given, Job
from fastdl.fitting.training import checkpoint
from fastdl.layers import Layer
from fastdl.metrics import mean_average_precision_score
from fastdl.program import output_shape
from fastdl.samples import Data, core_input

if TYPE_CHECKING:
    from fastdl._core import Program

_MULTIPLES = (1, 2, 4, 8, 16, 32, 64)  # that sides of images may have to be
_FIRST_SCORE = 0.1  # of all heat maps, before anything is learnt


class ObjectDetector(DetectionWords, Net):
    """Finds objects in images: a box, a class and a score for each.

    X is images (n, height, width, channels), or a list of images of several sizes. y is a list with
    a dict for each image: "boxes" (k, 4), x1 y1 x2 y2 in pixels from the upper left corner of the
    image to its width and height, and "labels" (k,) of any type. An image without objects has no
    boxes, ``np.zeros((0, 4))`` or an empty list.

    The network divides an image into cells, and says of each whether the centre of an object lies
    there, for each class; where in the cell; and how large the object is
    (`fastdl.losses.ObjectsAsPoints`). An answer is a cell that no neighbour surpasses. Zhou, Wang
    and Kraehenbuehl, "Objects as points", 2019.

    Images of several sizes are padded with zeros, below and to the right: in fit to the largest of
    the set, in `predict` each by itself as far as the layers need it. So an answer does not depend
    on the images beside it, and may be asked of images of any size.

    It is no classifier, as scikit-learn's splits would want one label for each image; searches,
    `cross_val_score` and `train_test_split` take lists of images and of dicts.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdl import ObjectDetector
    >>> rng, X, y = np.random.default_rng(0), np.zeros((48, 32, 32, 1), np.uint8), []
    >>> for image in X:
    ...     (left, top), size = rng.integers(0, 16, 2), rng.integers(8, 16)
    ...     image[top : top + size, left : left + size] = 255
    ...     y.append({"boxes": [[left, top, left + size, top + size]], "labels": ["square"]})
    >>> detector = ObjectDetector(max_epochs=20, random_state=0).fit(X, y)
    >>> detector.score(X, y) > 0.9
    True
    """

    _layer_lists: ClassVar[tuple[str, ...]] = ("network",)
    _least_batch: ClassVar[int] = 16  # images are large, and no vector has more lanes

    @property
    def _inputs(self) -> ImagesInput:
        return ImagesInput()

    @property
    def _head(self) -> ObjectsHead:
        return ObjectsHead()

    @property
    def _auto(self) -> Defaults:
        return DETECTION

    # --- the network

    def _check(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        first = self._hidden()[0]
        if isinstance(first, L.Augment) and first.mixup:
            raise ValueError(
                f"{type(self).__name__}: boxes belong to one image, and mixup makes one of two. "
                f"Leave it out of {first.replace(name=None)!r}."
            )
        return super()._check(X, y, reset=reset)

    def _hidden(self) -> list[Layer]:
        """The layers without the output; an Augment may begin them."""
        who = type(self).__name__
        layers = layers_of(who, self.network)
        check_layer_names(self, layers)
        return with_augment(who, self.augment, layers)

    def _layers(self, input_shape: tuple[int, ...], n_outputs: int) -> list[Layer]:
        who, hidden = type(self).__name__, self._hidden()
        seen = _seen_by(hidden, input_shape)
        room = self._room_for(seen)
        if room != seen and isinstance(hidden[0], L.Augment):
            raise ValueError(
                f"{who}: the layers cannot divide images of {seen[0]}x{seen[1]}, to "
                f"which {hidden[0]!r} crops them, into cells. Use crop=({room[0]}, {room[1]})."
            )
        last = hidden[-1]
        if last.linear and last.get_params().get("filters") == n_outputs:
            return hidden
        return [*hidden, L.Conv2D(n_outputs, 1, name="output")]

    def _room_for(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape that an image (height, width, channels) is padded to for the layers.

        So that cells are squares of whole pixels.
        """
        hidden, complaint = _behind_augment(self._hidden()), None
        for multiple in _MULTIPLES:
            height, width = (-(-side // multiple) * multiple for side in shape[:2])
            try:
                given = output_shape(hidden, (height, width, shape[2]))
            except ValueError as error:  # branches of different sizes
                complaint = complaint or error
                continue
            if len(given) != 3:
                complaint = complaint or self._no_map(given)
                continue
            down, across = divmod(height, given[0]), divmod(width, given[1])
            if down == across and down[1] == 0:
                return height, width, shape[2]
            complaint = complaint or self._no_map(given)
        assert complaint is not None
        raise complaint

    def _no_map(self, given: tuple[int, ...]) -> ValueError:
        return ValueError(
            f"{type(self).__name__}: the layers of network give {given} for an image; expected "
            'images that are smaller by a whole number. Use padding="same", and leave Flatten, '
            "Dense and global poolings out."
        )

    def summary(
        self, input_shape: Sequence[int] | None = None, n_outputs: int | None = None
    ) -> str:
        """A table of the layers: output shapes, numbers of parameters, multiply-adds of an image.

        Parameters
        ----------
        input_shape : (int, int, int) or (int, int), optional
            Height, width and channels of an image. With it, the table is of the network that a fit
            would make.
        n_outputs : int, optional
            Classes, together with `input_shape`; 1 if not given.

        Returns
        -------
        str
        """
        if input_shape is None:
            return super().summary()
        room = self._room_for(self._inputs.sample_shape(tuple(input_shape)))
        return super().summary(room, BOX_OUTPUTS + (n_outputs or 1))

    def _start(self, job: Job) -> None:
        """Scores of 0.1, and boxes of the usual size in the middle of cells, to begin with."""
        super()._start(job)
        name = f"{self._network.layers[-1].name}.bias"
        if name not in {p.name for p in self._network.parameters}:
            return
        program = self._network.program
        bias = np.full(program.output_shape[-1], np.log(_FIRST_SCORE / (1 - _FIRST_SCORE)))
        cell = self._seen_shape[0] / program.output_shape[0]
        y, weight = job.train.y, job.train.weight
        some = y if weight is None else y[np.flatnonzero(weight)]
        boxes = np.concatenate(some.boxes)
        bias[:2] = 0.5
        if len(boxes):
            bias[2:BOX_OUTPUTS] = np.log((boxes[:, 2:] - boxes[:, :2]) / cell).mean(axis=0)
        program.set_parameter(name, bias.astype(program.dtype))

    # --- fit

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Self:
        """Learn from images with boxes.

        Parameters
        ----------
        X : array-like of shape (n, height, width, channels), or list of n images
        y : list of n dicts, or array of objects of shape (n,)
            ``{"boxes": (k, 4), "labels": (k,)}`` of each image.
        sample_weight : array-like of shape (n,), default=None
            Of the images; the loss of a batch is their weighted mean.
        X_val, y_val : as X and y, default=None
            A validation set of your own: its loss and its `score` are recorded after every epoch,
            and early stopping uses the score.
        sample_weight_val : array-like of shape (n,), default=None
            Of the validation loss.

        Returns
        -------
        self
        """
        return self._fit(Given(X, y, sample_weight, X_val, y_val, sample_weight_val))

    def _validation_score(self, program: Program, data: Data) -> float:
        """Of images in the program's form; with `crop`, of their middle."""
        cells, y, shape = program.predict(data.samples.X), data.y, self._seen_shape
        if shape != self.input_shape_:
            y = middle_of(y, self.input_shape_, shape)
        answers = [
            self._read(of_one, size, shape) for of_one, size in zip(cells, y.sizes, strict=True)
        ]
        return mean_average_precision_score(y.given, answers)

    # --- use

    def predict(self, X: Any) -> list[dict[str, NDArray[Any]]]:
        """The objects in images.

        Parameters
        ----------
        X : as in `fit`
            Of any size.

        Returns
        -------
        list of n dicts
            "boxes" (k, 4), x1 y1 x2 y2 in pixels, within the image; "labels" (k,); "scores" (k,),
            from 0 to 1, falling.
        """
        self._check_is_fitted()
        images = self._inputs.images(self, X, reset=False)
        answers: list[Any] = [None] * len(images.each)
        known, sizes = self.input_shape_, [tuple(image.shape) for image in images.each]
        rooms = {size: known if size == known else self._room_for(size) for size in {*sizes}}
        shapes = [rooms[size] for size in sizes]
        for shape in dict.fromkeys(shapes):
            these = [i for i, of_one in enumerate(shapes) if of_one == shape]
            part = images._replace(each=[images.each[i] for i in these])
            cells = self._program_for(shape, len(these)).predict(core_input(part.padded(shape)))
            for i, of_one in zip(these, cells, strict=True):
                answers[i] = self._read(of_one, images.sizes[i], shape)
        return answers

    def score(self, X: Any, y: Any) -> float:
        """Mean average precision of `predict` at an intersection over union of 0.5.

        Parameters
        ----------
        X, y : as in `fit`

        Returns
        -------
        float
            See `fastdl.metrics.mean_average_precision_score`.
        """
        return mean_average_precision_score(y, self.predict(X))

    def _program_for(self, shape: tuple[int, ...], n: int) -> Program:
        """For n images of this shape, without `augment`."""
        seen = checkpoint.seen_by_others(self)
        if seen is not None:
            return seen._program_for(shape, n)
        if shape == self.input_shape_ == self._seen_shape:
            return self.program_
        layers = _behind_augment(self._network.layers)
        return self._network.program_of_shape(shape, layers, self.n_jobs, min(n, self._least_batch))

    @property
    def _seen_shape(self) -> tuple[int, ...]:
        """Of what the layers behind `augment` get in fit."""
        return _seen_by(self._network.layers, self.input_shape_)

    def _read(self, cells: NDArray[Any], size: Any, shape: Sequence[int]) -> dict[str, Any]:
        return found_in(
            cells,
            size,
            shape[:2],
            self.classes_,
            score_threshold=self.score_threshold,
            iou_threshold=self.iou_threshold,
            max_boxes=self.max_boxes,
        )


def _behind_augment(layers: Sequence[Layer]) -> Sequence[Layer]:
    return layers[1:] if layers and isinstance(layers[0], L.Augment) else layers


def _seen_by(layers: Sequence[Layer], shape: tuple[int, ...]) -> tuple[int, ...]:
    """What the layers behind an Augment get of images of this shape in fit."""
    first = layers[0]
    return tuple(first.output_shape(shape)) if isinstance(first, L.Augment) else shape
