"""What is said of layers, losses, optimizers and schedules that cannot be."""

import re

import numpy as np
import pytest

from fastdl import initializers, losses, optim
from fastdl import layers as L
from fastdl.program import (
    compile,
)


def affine(x, w, b):
    return x @ w + b


def first_sample(x):
    return x[0]


def gram(x):
    return x @ x.T


def as_image(x):
    return np.reshape(x, (-1, 2, 2, 1))


ACTIVATIONS = (
    "'identity', 'sigmoid', 'tanh', 'relu', 'leaky_relu', 'elu', 'selu', 'softplus', 'gelu', "
    "'swish', 'mish', 'softmax', 'hard_sigmoid', 'hard_swish', 'gelu_tanh', 'celu', 'softsign', "
    "'thresholded_relu', 'exp', 'log', 'sqrt', 'abs', 'erf', 'power'"
)


INITIALIZERS = (
    "'zeros', 'constant', 'normal', 'uniform', 'glorot_uniform', 'glorot_normal', 'he_uniform', "
    "'he_normal', 'lecun_uniform', 'lecun_normal', 'orthogonal', "
    "'identity'"
)


# fmt: off
BAD_LAYERS = [
    ([L.Conv2D(8, 0)], ValueError,
     "layer 'conv2d_1' (Conv2D): kernel_size=0; expected a positive integer or a pair of them."),
    ([L.Conv2D(8, (3, 3, 3), name="c")], ValueError,
     "layer 'c' (Conv2D): kernel_size=(3, 3, 3); expected a positive integer or a pair of them."),
    ([L.Conv2D(8, 3, padding="sane")], ValueError,
     "layer 'conv2d_1' (Conv2D): padding='sane' is not known. Did you mean 'same'? Choose from "
     "'valid', 'same'."),
    ([L.Conv2D(8, 3, padding=-1)], ValueError,
     "layer 'conv2d_1' (Conv2D): padding=-1; expected 'valid', 'same', or integers of 0 or more: "
     "one, (height, width), or ((top, bottom), (left, right))."),
    ([L.Conv2D(8, 3, groups=3)], ValueError,
     "layer 'conv2d_1' (Conv2D): filters=8 cannot be split into groups=3; expected a multiple of "
     "groups."),
    ([L.Dense(2.5)], ValueError,
     "layer 'dense_1' (Dense): units=2.5; expected a positive integer."),
    ([L.Dense(True)], ValueError,
     "layer 'dense_1' (Dense): units=True; expected a positive integer."),
    ([L.Dense(3, weight_init="he_norml")], ValueError,
     "layer 'dense_1' (Dense): weight_init='he_norml' is not known. Did you mean 'he_normal'? "
     f"Choose from {INITIALIZERS}."),
    ([L.Dense(3, weight_init=initializers.Normal(-1))], ValueError,
     "layer 'dense_1' (Dense): weight_init: Normal: std=-1; expected a number of 0 or more."),
    ([L.Dense(3, weight_init=0.5)], ValueError,
     "layer 'dense_1' (Dense): weight_init=0.5; expected None or the name of an initialiser or one "
     "of fastdl.initializers."),
    ([L.Dense(3, bias=1)], ValueError,
     "layer 'dense_1' (Dense): bias=1; expected True or False."),
    ([L.Dropout(1.0)], ValueError,
     "layer 'dropout_1' (Dropout): rate=1.0; expected a number from 0 to below 1."),
    ([L.LSTM(4, recurrent_dropout=1.0)], ValueError,
     "layer 'lstm_1' (LSTM): recurrent_dropout=1.0; expected a number from 0 to below 1."),
    ([L.BatchNorm(momentum=2)], ValueError,
     "layer 'batch_norm_1' (BatchNorm): momentum=2; expected a number from 0 to 1."),
    ([L.LayerNorm(float("nan"))], ValueError,
     "layer 'layer_norm_1' (LayerNorm): eps=nan; expected a positive number."),
    ([L.Reshape((2, 3))], ValueError,
     "layer 'reshape_1' (Reshape): shape=(2, 3); expected (features,) or (height, width, "
     "channels), positive integers."),
    ([L.Activation("rleu")], ValueError,
     "layer 'activation_1' (Activation): function='rleu' is not known. Did you mean 'relu'? Choose "
     f"from {ACTIVATIONS}."),
    ([L.Activation("relu", alpha=0.1)], ValueError,
     "layer 'activation_1' (Activation): alpha=0.1, but 'relu' takes none; only 'leaky_relu', "
     "'elu', 'swish', 'celu', 'thresholded_relu', 'power' do. Leave alpha out."),
    ([L.Activation("celu", 0.0)], ValueError,
     "layer 'activation_1' (Activation): alpha=0.0; expected None or a positive number."),
    ([L.Activation("elu", -1.0)], ValueError,
     "layer 'activation_1' (Activation): alpha=-1.0; expected None or a number of 0 or more."),
    ([L.Transpose((0, 1, 1))], ValueError,
     "layer 'transpose_1' (Transpose): axes=(0, 1, 1); expected 0, 1 and 2 in some order."),
    ([L.Resize2D(3, "nearest", antialias=True)], ValueError,
     "layer 'resize2d_1' (Resize2D): antialias=True averages pixels, but interpolation='nearest' "
     "takes one as it is. Choose 'bilinear' or 'bicubic', or leave antialias out."),
    ([L.Pad2D("same")], ValueError,
     "layer 'pad2d_1' (Pad2D): padding='same'; expected integers of 0 or more: one, (height, "
     "width), or ((top, bottom), (left, right))."),
    ([L.Pad2D(mode="reflct")], ValueError,
     "layer 'pad2d_1' (Pad2D): mode='reflct' is not known. Did you mean 'reflect'? Choose from "
     "'constant', 'reflect', 'edge', 'wrap'."),
    ([L.ParametricActivation("mish", alpha=0.1)], ValueError,
     "layer 'parametric_activation_1' (ParametricActivation): alpha=0.1, but 'mish' takes none; "
     "only 'leaky_relu', 'elu', 'swish' do. Leave alpha out."),
    ([L.ParametricActivation("softmax")], ValueError,
     "layer 'parametric_activation_1' (ParametricActivation): function='softmax' is not known. "
     "Choose from 'identity', 'sigmoid', 'tanh', 'relu', 'leaky_relu', 'elu', 'selu', 'softplus', "
     "'gelu', 'swish', 'mish'."),
    ([L.NumericEmbedding(units=1)], ValueError,
     "layer 'numeric_embedding_1' (NumericEmbedding): units=1; expected an integer above 1."),
    ([L.NumericEmbedding(frequency_scale=0)], ValueError,
     "layer 'numeric_embedding_1' (NumericEmbedding): frequency_scale=0; expected a positive "
     "number."),
    ([L.EmbedCategories(())], ValueError,
     "layer 'embed_categories_1' (EmbedCategories): sizes=(); expected a sequence of positive "
     "integers."),
    ([L.EmbedCategories((3, 0))], ValueError,
     "layer 'embed_categories_1' (EmbedCategories): sizes=(3, 0); expected a sequence of positive "
     "integers."),
    ([L.Activation("elu", alpha=-1)], ValueError,
     "layer 'activation_1' (Activation): alpha=-1; expected None or a number of 0 or more."),
    ([L.Lambda("tanh")], ValueError,
     "layer 'lambda_1' (Lambda): function='tanh'; expected a callable."),
    ([L.Lambda(np.tanh, {"w": (3, 0)})], ValueError,
     "layer 'lambda_1' (Lambda): params=(('w', (3, 0)),); expected a dict of shapes by name."),
    ([L.Lambda(affine, {"w": (4, 2), "c": 2})], ValueError,
     "layer 'lambda_1' (Lambda): params has 'c', which affine does not take; its parameters after "
     "the first are: w, b."),
    ([L.Lambda(affine, {"w": (4, 2)})], ValueError,
     "layer 'lambda_1' (Lambda): affine takes 'b', of which params knows no shape: "
     "params={'b': shape}."),
    ([L.Lambda(affine, {"w": (4, 2), "b": 2}, init={"v": "zeros"})], ValueError,
     "layer 'lambda_1' (Lambda): init: parameter='v' is not known. Choose from 'w', 'b'."),
    ([L.Lambda(affine, {"w": (4, 2), "b": 2}, init={"w": "he_norml"})], ValueError,
     "layer 'lambda_1' (Lambda): init=(('w', 'he_norml'),); expected None, the name of an "
     "initialiser, one of fastdl.initializers, or a dict of them."),
    ([L.Lambda(np.tanh, form="row")], ValueError,
     "layer 'lambda_1' (Lambda): form='row' is not known. Did you mean 'rows'? Choose from 'same', "
     "'rows', 'sequences', 'images'."),
    ([L.Dense(3, name="a"), L.Flatten(name="a")], ValueError,
     "layer 'a' (Flatten): the name is taken by a Dense. Names must differ within a net."),
    ([L.Dense(3, name="dense_2"), L.Dense(3)], ValueError,
     "layer 'dense_2' (Dense): the name is taken by a Dense. Names must differ within a net."),
    ([L.Dense(3, name="a__b")], ValueError,
     "Dense: name='a__b'; expected a string without '.' and '__'."),
    ([L.Dense(3), L.Flatten], TypeError,
     "layers: Flatten is not a layer; expected one of fastdl.layers. Write Flatten(...)."),
    ([L.Residual([L.Dense(3), "relu"])], TypeError,
     "layers: 'relu' is not a layer; expected one of fastdl.layers."),
    ([L.Sequential([])], ValueError,
     "layer 'sequential_1' (Sequential): layers=(); expected a list of at least one layer."),
    ([L.Residual(L.Dense(3))], ValueError,
     "layer 'residual_1' (Residual): layers=Dense(3); expected a list of at least one layer."),
    ([L.Concat([[L.Dense(3)]])], ValueError,
     "layer 'concat_1' (Concat): branches=((Dense(3),),); expected a list of at least two lists of "
     "layers, of which [] is the input itself."),
    ([L.Concat([])], ValueError,
     "layer 'concat_1' (Concat): branches=(); expected a list of at least two lists of layers, of "
     "which [] is the input itself."),
    ([L.Concat([L.Dense(3), L.Dense(4)])], ValueError,
     "layer 'concat_1' (Concat): branches=(Dense(3), Dense(4)); expected a list of at least two "
     "lists of layers, of which [] is the input itself."),
    ([L.Concat([[L.Dense(3)], ["relu"]])], TypeError,
     "layers: 'relu' is not a layer; expected one of fastdl.layers."),
    ([], ValueError, "layers is empty; expected a list of at least one layer."),
    (L.Dense(3), TypeError, "layers=Dense(3); expected a list of layers."),
]


# fmt: on


def _id(value: object) -> str:
    """Without addresses of functions: each process of pytest-xdist has its own."""
    return re.sub(" at 0x[0-9a-f]+", "", str(value))[:60]


@pytest.mark.parametrize(("layers", "error", "text"), BAD_LAYERS, ids=_id)
def test_messages_for_layers(layers, error, text):
    with pytest.raises(error) as caught:
        L.to_dict(layers)
    assert str(caught.value) == text
    with pytest.raises(error) as caught:
        compile(layers, (4,))
    assert str(caught.value) == text


# fmt: off
BAD_CALLS = [
    (lambda: compile([L.Lambda(np.sum, form="rows")], (4,)), TypeError,
     "layer 'lambda_1' (Lambda): its function gave a float32; expected an array of numbers."),
    (lambda: compile([L.Lambda(first_sample, form="rows")], (4,)), ValueError,
     "layer 'lambda_1' (Lambda): its function gives shape (4,) for x of shape (2, 4); expected (n, "
     "features), (n, steps, features) or (n, height, width, channels) with n=2: the first axis "
     "counts the samples."),
    (lambda: compile([L.Lambda(gram)], (4,)), ValueError,
     "layer 'lambda_1' (Lambda): its function gives shape (2, 2) for 2 samples and (3, 3) for 3. "
     "What a sample becomes must not depend on how many there are: reduce over other axes than "
     "the first."),
    (lambda: compile([L.Lambda(as_image)], (4,)), ValueError,
     "layer 'lambda_1' (Lambda): its function makes images (2, 2, 1) of rows (4,), but "
     "form='same'. Set form='images'."),
    (lambda: losses.get("squared"), ValueError,
     "loss='squared' is not known. Did you mean 'squared_error'? Choose from "
     "'softmax_cross_entropy', 'binary_cross_entropy', 'squared_error', 'absolute_error', 'huber', "
     "'hinge', 'poisson', 'pinball', 'focal', 'binary_focal', 'objects_as_points', 'triplet', "
     "'contrastive'."),
    (lambda: losses.get(3), TypeError,
     "loss=3; expected one of 'softmax_cross_entropy', 'binary_cross_entropy', 'squared_error', "
     "'absolute_error', 'huber', 'hinge', 'poisson', 'pinball', 'focal', 'binary_focal', "
     "'objects_as_points', 'triplet', 'contrastive' or a Loss."),
    (lambda: losses.SoftmaxCrossEntropy(1.0).check(), ValueError,
     "SoftmaxCrossEntropy: label_smoothing=1.0; expected a number from 0 to below 1."),
    (lambda: losses.Pinball(1).check(), ValueError,
     "Pinball: quantile=1; expected a number between 0 and 1."),
    (lambda: losses.Focal(-1).check(), ValueError,
     "Focal: gamma=-1; expected a number of 0 or more."),
    (lambda: losses.Huber(0).check(), ValueError, "Huber: delta=0; expected a positive number."),
    (lambda: optim.get("adamax"), ValueError,
     "solver='adamax' is not known. Did you mean 'adam'? Choose from 'sgd', 'momentum', "
     "'nesterov', 'adagrad', 'adadelta', 'rmsprop', 'adam', 'adamw', 'nadam', 'lbfgs'."),
    (lambda: optim.Adam(beta1=1.5).check(), ValueError,
     "Adam: beta1=1.5; expected a number from 0 to below 1."),
    (lambda: compile([L.Dense(3)], (4, 4, 4, 4)), ValueError,
     "input_shape=(4, 4, 4, 4); expected (features,), (steps, features) or (height, width, "
     "channels), positive integers."),
    (lambda: compile([L.Dense(3)], (4,), dtype="float16"), ValueError,
     "dtype='float16'; expected 'float32' or 'float64'."),
    (lambda: compile([L.Dense(3)], (4,), batch_size=0), ValueError,
     "batch_size=0; expected a positive integer."),
    (lambda: compile([L.Dense(3)], (4,), threads=0), ValueError,
     "n_jobs=0; expected None or an integer that is not 0."),
]


# fmt: on


@pytest.mark.parametrize(("call", "error", "text"), BAD_CALLS, ids=range(len(BAD_CALLS)))
def test_messages_of_calls(call, error, text):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == text
