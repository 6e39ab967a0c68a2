"""Normalisation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from fastdl._rules import NOT_NEGATIVE, ODD, POSITIVE, POSITIVE_INTEGER, UNIT, Rule
from fastdl.layers._spec import Form, Layer, LearningLayer


@dataclass(frozen=True, repr=False)
class BatchNorm(LearningLayer):
    """Each channel (or feature) to mean 0 and variance 1 over the batch and the pixels.

    ``y = gain (x - mean) / sqrt(var + eps) + shift``; the shape stays. In training, mean and
    (biased) variance are the batch's, and the running ones move by
    ``running = (1 - momentum) running + momentum batch``, with the unbiased variance; at prediction
    the running ones are used. Parameters: gain (channels,) from 1, shift (channels,) from 0.
    States: running_mean, running_var. Ioffe and Szegedy, "Batch normalization", ICML 2015.

    Parameters
    ----------
    momentum : float, default=0.1
        Weight of the newest batch (Keras' momentum is one minus this).
    eps : float, default=1e-5
    trainable : bool, default=True
        False also keeps the running statistics, which are then used in training as well.
    lr_multiplier : float, default=1.0
    name : str, optional
    """

    kind: ClassVar[str] = "batch_norm"
    forms: ClassVar[Mapping[Form, Form]] = {"rows": "rows", "images": "images"}
    normalises: ClassVar[bool] = True
    follows: ClassVar[bool] = True
    momentum: float = 0.1
    eps: float = 1e-5
    rules: ClassVar[Mapping[str, Rule]] = {
        "momentum": UNIT,
        "eps": POSITIVE,
        **LearningLayer.rules,
    }

    def mirror(self, input_shape: tuple[int, ...]) -> Layer:
        """The same, behind the mirror image of the weights before."""
        return self.replace(name=None)


@dataclass(frozen=True, repr=False)
class LayerNorm(LearningLayer):
    """Each sample (and pixel, or step) to mean 0 and variance 1 over its channels (or features).

    ``y = gain (x - mean) / sqrt(var + eps) + shift``; the shape stays. Parameters: gain (channels,)
    from 1, shift (channels,) from 0. Ba, Kiros and Hinton, "Layer normalization", 2016.

    Parameters
    ----------
    eps : float, default=1e-5
    trainable : bool, default=True
    lr_multiplier : float, default=1.0
    name : str, optional
    """

    kind: ClassVar[str] = "layer_norm"
    normalises: ClassVar[bool] = True
    follows: ClassVar[bool] = True
    eps: float = 1e-5
    rules: ClassVar[Mapping[str, Rule]] = {"eps": POSITIVE, **LearningLayer.rules}

    def mirror(self, input_shape: tuple[int, ...]) -> Layer:
        """The same, behind the mirror image of the weights before."""
        return self.replace(name=None)


@dataclass(frozen=True, repr=False)
class GroupNorm(LearningLayer):
    """Each group of channels of each sample to mean 0 and variance 1.

    ``y = gain (x - mean) / sqrt(var + eps) + shift`` with mean and (biased) variance of the
    ``channels / groups`` channels (or features) of a group and, of images, of all their pixels; the
    shape stays. It does not depend on the batch, and does the same in training and at prediction.
    With as many groups as channels it is instance normalisation (Ulyanov et al. 2016), with one
    group layer normalisation of the whole image. Parameters: gain (channels,) from 1, shift
    (channels,) from 0. Wu and He, "Group normalization", ECCV 2018, equations 1 to 7.

    Parameters
    ----------
    groups : int, default=32
        Must divide the number of channels.
    eps : float, default=1e-5
    trainable : bool, default=True
    lr_multiplier : float, default=1.0
    name : str, optional
    """

    kind: ClassVar[str] = "group_norm"
    forms: ClassVar[Mapping[Form, Form]] = {"rows": "rows", "images": "images"}
    normalises: ClassVar[bool] = True
    follows: ClassVar[bool] = True
    groups: int = 32
    eps: float = 1e-5
    rules: ClassVar[Mapping[str, Rule]] = {
        "groups": POSITIVE_INTEGER,
        "eps": POSITIVE,
        **LearningLayer.rules,
    }

    @property
    def neighbourhood(self) -> None:
        """All pixels have a part in the mean."""
        return None

    def mirror(self, input_shape: tuple[int, ...]) -> Layer:
        """The same, behind the mirror image of the weights before."""
        return self.replace(name=None)


@dataclass(frozen=True, repr=False)
class LocalResponseNorm(Layer):
    """Each channel divided by what it and its neighbours give.

    ``y_c = x_c / (k + alpha / size * sum_j x_j^2)^beta``, the sum over the `size` channels (or
    features) around c, those beyond the first and the last left out; the shape stays. alpha is
    divided by size, as in PyTorch and ONNX. Krizhevsky, Sutskever and Hinton, "ImageNet
    classification with deep convolutional neural networks", NIPS 2012, section 3.3, do not divide:
    their n = 5, alpha = 1e-4, beta = 0.75 and k = 2 are ``LocalResponseNorm(5, alpha=5e-4,
    beta=0.75, k=2)``.

    Parameters
    ----------
    size : int, default=5
        Channels that are summed up, an odd number: as many on either side.
    alpha : float, default=1e-4
    beta : float, default=0.75
    k : float, default=1.0
    name : str, optional
    """

    kind: ClassVar[str] = "local_response_norm"
    follows: ClassVar[bool] = True
    size: int = 5
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 1.0
    rules: ClassVar[Mapping[str, Rule]] = {
        "size": ODD,
        "alpha": NOT_NEGATIVE,
        "beta": NOT_NEGATIVE,
        "k": POSITIVE,
    }

    def mirror(self, input_shape: tuple[int, ...]) -> Layer:
        """The same, behind the mirror image of the weights before."""
        return self.replace(name=None)


@dataclass(frozen=True, repr=False)
class UnitNorm(Layer):
    """The features of each sample (or step, or the channels of each pixel) scaled to length 1.

    ``y = x / ||x||`` with ``||x|| = sqrt(sum_c x_c^2)``; the shape stays. Vectors up to length
    `eps` have no direction: they give zeros, and no gradient. Cosines are then products and squared
    distances 2 - 2 cosine, as comparisons of embeddings want them; see `fastdl.Embedder`.

    Parameters
    ----------
    eps : float, default=1e-12
    name : str, optional
    """

    kind: ClassVar[str] = "unit_norm"
    normalises: ClassVar[bool] = True
    follows: ClassVar[bool] = True
    eps: float = 1e-12
    rules: ClassVar[Mapping[str, Rule]] = {"eps": POSITIVE}

    def mirror(self, input_shape: tuple[int, ...]) -> Layer:
        """The same, behind the mirror image of the weights before."""
        return self.replace(name=None)
