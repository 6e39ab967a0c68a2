"""The regressor among the networks of the user's own layers."""

from __future__ import annotations

from fastdl.estimators.base.regressor import Regressor
from fastdl.estimators.convolutional.free_form import FreeForm
from fastdl.estimators.heads.numbers import Numbers
from fastdl.estimators.heads.of_choice import OfChoice
from fastdl.estimators.parameters.training_words import NORMALIZE_Y, NUMBER_LOSS
from fastdl.estimators.parameters.words import word
from fastdl.losses import Loss


class NetRegressor(Regressor, FreeForm):
    """Network of your own layers, for numbers: of samples, steps or pixels.

    The output layer comes from y: a dense layer, after a `Flatten` of images or the `LastStep` of
    sequences; a 1x1 convolution where every pixel has its answer. It is left out where the last of
    `layers` gives the answers: a linear one (`Dense`, `Conv2D`) of as many outputs, or, for
    images, whatever gives images of their shape. Layers are
    parameters: with ``Conv2D(32, 3, name="conv1")``, a grid may search over ``conv1__filters``.

    X may be

    - rows (n, n_features). They are images of `input_shape` where it is given; without it, strips
      of height 1 with one channel, or sequences of one feature, if the first layer asks for such.
    - images (n, height, width, channels), or (n, height, width) with one channel.
    - sequences: a list of n arrays (T_i, F), or (T_i,) of one feature; or one array (n, T, F), with
      `lengths` where it is padded. An array of three dimensions holds images, unless the first
      layer that minds asks for sequences, as `LSTM` does. A sequence may be empty: its last state
      is zero.
    - a list of strings, or of lists of tokens or integers, whose symbols get an `Embedding` in
      front of the layers; see `analyzer`, `unknown` and `integers`.

    y has a number for each sample, (n,), or several, (n, n_outputs); or as many for every step, a
    list of n arrays (T_i,) or (T_i, n_outputs), or one array with a second axis for the steps; or
    for every pixel: an image for every image, (n, height, width) or (n, height, width, n_outputs),
    such as clean ones for noisy ones. Answers take the form of y. The score is R^2, of all steps or
    pixels; those with NaN do not count.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdl import NetRegressor, layers as L
    >>> X = np.linspace(-1, 1, 200).reshape(-1, 1)
    >>> net = NetRegressor([L.Dense(20), L.Activation("tanh")], solver="lbfgs", random_state=0)
    >>> net.fit(X, np.sin(3 * X[:, 0])).score(X, np.sin(3 * X[:, 0])) > 0.99
    True

    An image for every image: digits without their noise.

    >>> from sklearn.datasets import load_digits
    >>> clean = load_digits().images / 16
    >>> noisy = clean + np.random.default_rng(0).normal(0, 0.3, clean.shape)
    >>> net = NetRegressor(
    ...     [L.Conv2D(8, 3, padding="same"), L.Activation("relu")],
    ...     learning_rate_init=0.01, max_epochs=20, random_state=0,
    ... ).fit(noisy, clean)
    >>> net.predict(noisy).shape, net.score(noisy, clean) > 0.7
    ((1797, 8, 8), True)
    """

    loss: str | Loss = word(default="squared_error", like=NUMBER_LOSS)
    normalize_y: bool = word(default=True, like=NORMALIZE_Y)

    score = FreeForm.score  # with lengths, and of steps and pixels

    @property
    def _head(self) -> OfChoice:
        return OfChoice(Numbers(), self._given)
