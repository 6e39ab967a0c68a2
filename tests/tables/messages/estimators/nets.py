"""What estimators say when something does not fit: own layers, networks to start from."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fastdl import (
    NDScaler,
)
from fastdl import layers as L

from .calls import ROWS, X, Y, cnn, net


def fit_net(*layers: Any, X: Any = X, y: Any = Y, **params: Any) -> Callable[[], object]:
    return lambda: net(*layers, **params).fit(X, y)


def start_from(base: Any, new_X: Any = X, y: Any = Y, **params: Any) -> Callable[[], object]:
    return lambda: net(init_from=base.fit(X, Y), **params).fit(new_X, y)


# fmt: off
NETS = [
    (fit_net(L.Dense(3)), ValueError,
     "layer 'dense_1' (Dense) takes rows of features, but its input is an image of 8x8x3. Put "
     "Flatten() or GlobalAvgPool() before it."),
    (fit_net(L.Conv2D(3, 9, name="c")), ValueError,
     "layer 'c' (Conv2D, kernel 9x9, padding 'valid') gets an input of 8x8. Use padding=\"same\", "
     "or fewer poolings; see summary()."),
    (fit_net(L.Flatten), TypeError,
     "layers: Flatten is not a layer; expected one of fastdl.layers. Write Flatten(...)."),
    (fit_net(L.Flatten(), L.Dense(3, name="solver")), ValueError,
     "NetClassifier: a layer is called 'solver', as a parameter is. Choose another name."),
    (fit_net(L.Flatten(), L.Dense(4, name="output")), ValueError,
     "layer 'output' (Dense): the name is taken by a Dense. Names must differ within a net."),
    (fit_net(L.Conv2D(3, 3), freeze="cnv*"), ValueError,
     "freeze='cnv*' matches no layer. The layers are 'conv2d_1'."),
    (fit_net(L.Conv2D(3, 3, name="conv1"), L.Flatten(), freeze="cnv1"), ValueError,
     "freeze='cnv1' matches no layer. Did you mean 'conv1'? The layers are 'conv1', 'flatten_1'."),
    (lambda: net(L.Dense(3, name="a")).set_params(a__unit=3), ValueError,
     "Dense: parameter='unit' is not known. Did you mean 'units'? Choose from 'name', 'trainable', "
     "'lr_multiplier', 'bias', 'weight_init', 'bias_init', 'units'."),
    (fit_net(L.Dense(3), init_from=cnn()), ValueError,
     "NetClassifier: layers and init_from exclude each other; give one."),
    (fit_net(init_from=NDScaler()), ValueError,
     "NetClassifier: init_from=NDScaler() has no network to take over. Give a fitted estimator of "
     "fastdl, or one that fastdl.load read."),
    (start_from(cnn(), y=Y % 2), ValueError,
     "NetClassifier: the network of init_from has 3 outputs, but y needs 1. Set drop_head=True for "
     "a new output layer."),
    (start_from(cnn(), X[..., :1]), ValueError,
     "NetClassifier: init_from was fitted with samples of shape (8, 8, 3), but X has samples of "
     "shape (8, 8, 1): 'conv2d_1.weight' has shape (3, 3, 3, 4) in the weights, but (3, 3, 1, 4) "
     "in the network. Weights fit only a network with the layers they were taken from."),
    (start_from(cnn(), np.zeros((20, 10, 8, 1))), ValueError,
     "NetClassifier: init_from was fitted with samples of shape (8, 8, 3), but X has samples of "
     "shape (10, 8, 1): 'conv2d_1.weight' has shape (3, 3, 3, 4) in the weights, but (3, 3, 1, 4) "
     "in the network; 'dense_1.weight' has shape (64, 128) in the weights, but (80, 128) in the "
     "network. Weights fit only a network with the layers they were taken from."),
    (start_from(cnn(), ROWS[:, :60]), ValueError,
     "X has shape (20, 60), but the network of init_from takes images of shape (8, 8, 3), or rows "
     "of 192 features. Set input_shape to what a row of this X is."),
]
# fmt: on
