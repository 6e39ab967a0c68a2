"""What functions say of bad arguments."""

import numpy as np
import pytest
from functional_calls import BETA, CODES, GAMMA, MEAN, ROWS, STEPS, TARGETS, VAR, X, Z, normal

import fastdl.functional as F

# fmt: off
BAD_CALLS = [
    (lambda: F.dense(X, ROWS), ValueError, "dense(): x has shape (3, 6, 7, 4); expected (n, in)."),
    (lambda: F.dense(ROWS, normal(5, 3)), ValueError,
     "dense(): x has 6 features, but w has shape (5, 3)."),
    (lambda: F.dense(ROWS, normal(6, 3), normal(2)), ValueError,
     "dense(): b has shape (2,); expected (3,)."),
    (lambda: F.dense(ROWS * 1j, normal(6, 3)), TypeError,
     "dense(): x has dtype complex128; expected float32, float64 or integers."),
    (lambda: F.relu(np.ma.masked_less(ROWS, 0)), TypeError,
     "relu(): x is a masked array; expected an array without a mask. Use x.filled(...)."),
    (lambda: F.dense([[1, 2], [3]], normal(6, 3)), ValueError,
     "dense(): x holds lists of different lengths; expected an array."),
    (lambda: F.gru_backward(ROWS, ROWS), TypeError,
     "gru_backward(): cache is of type ndarray; expected what gru() gave."),
    (lambda: F.adam_step(None, ROWS), TypeError,
     "adam_step(): params is of type NoneType; expected an array or a list of arrays."),
    (lambda: F.sgd_step([ROWS], {"w": ROWS}), TypeError,
     "sgd_step(): grads is of type dict; expected an array or a list of arrays."),
    (lambda: F.relu(["a"]), TypeError,
     "relu(): x has dtype <U1; expected float32, float64 or integers."),
    (lambda: F.conv2d(X[0], normal(3, 3, 4, 5)), ValueError,
     "conv2d(): x has shape (6, 7, 4); expected (n, h, w, c)."),
    (lambda: F.conv2d(X, normal(3, 3, 3, 5)), ValueError,
     "conv2d(): w has shape (3, 3, 3, 5), for 3 channels in groups=1, but x has 4 channels."),
    (lambda: F.conv2d(X, normal(3, 3, 4, 5), stride=0), ValueError,
     "conv2d(): stride=0; expected a positive integer or a pair of them."),
    (lambda: F.conv2d(X, normal(3, 3, 4, 5), padding="sane"), ValueError,
     "conv2d(): padding='sane' is not known. Did you mean 'same'? Choose from 'valid', 'same'."),
    (lambda: F.conv2d(X, normal(3, 3, 2, 5), groups=2), ValueError,
     "conv2d(): filters=5 cannot be split into groups=2; expected a multiple of groups."),
    (lambda: F.conv2d_backward(X, X, normal(3, 3, 4, 5)), ValueError,
     "conv2d(): dy has shape (3, 6, 7, 4), but the result has (3, 4, 5, 5)."),
    (lambda: F.conv2d(X, normal(8, 3, 4, 5)), ValueError,
     "conv2d(kernel 8x3, padding 'valid') gets an input of 6x7. Use padding=\"same\"."),
    (lambda: F.conv2d_transpose(X, normal(3, 3, 5, 3)), ValueError,
     "conv2d_transpose(): w has shape (3, 3, 5, 3), for 3 channels, but x has 4 channels."),
    (lambda: F.conv2d_transpose(X, normal(3, 3, 5, 4), normal(4)), ValueError,
     "conv2d_transpose(): b has shape (4,); expected (5,)."),
    (lambda: F.conv2d_transpose(X, normal(3, 3, 5, 4), output_padding=1), ValueError,
     "conv2d_transpose(): output_padding=1 must be smaller than stride=1."),
    (lambda: F.conv2d_transpose(X, normal(3, 3, 5, 4), padding=4), ValueError,
     "conv2d_transpose(kernel 3x3, padding ((4, 4), (4, 4))) leaves nothing of an input of 6x7: "
     "the output would be 0x1. Use less padding."),
    (lambda: F.upsample2d(X, 0), ValueError,
     "upsample2d(): factor=0; expected a positive integer or a pair of them."),
    (lambda: F.upsample2d(X, 2, "bilinaer"), ValueError,
     "upsample2d(): interpolation='bilinaer' is not known. Did you mean 'bilinear'? Choose from "
     "'nearest', 'bilinear'."),
    (lambda: F.max_pool2d(X, 8), ValueError,
     "max_pool2d(window 8x8, padding ((0, 0), (0, 0))) gets an input of 6x7. "
     "Use padding=\"same\"."),
    (lambda: F.im2col(X, 9), ValueError,
     "im2col(): a window 9 high does not fit into 6 (padding included)."),
    (lambda: F.col2im(normal(3, 3), X.shape, 2), ValueError,
     "col2im(): cols has shape (3, 3); expected (90, 16)."),
    (lambda: F.max_pool2d(X, -1), ValueError,
     "max_pool2d(): size=-1; expected a positive integer or a pair of them."),
    (lambda: F.maxout(X, 3), ValueError,
     "maxout(): x has shape (3, 6, 7, 4); expected a last axis that is a multiple of pieces=3."),
    (lambda: F.dropout(X, 1.0, 0), ValueError,
     "dropout(): rate=1.0; expected a number from 0 to below 1."),
    (lambda: F.dropout(X, 0.5, -1), ValueError,
     "dropout(): seed=-1; expected an integer from 0 to 2**64 - 1."),
    (lambda: F.dense(ROWS, None), TypeError, "dense(): w is None; expected an array."),
    (lambda: F.relu(None), TypeError, "relu(): x is None; expected an array."),
    (lambda: F.conv2d_backward(None, X, normal(3, 3, 4, 5)), TypeError,
     "conv2d(): dy is None; expected an array."),
    (lambda: F.lstm(normal(2, 3, 4), None, normal(5, 20), None), TypeError,
     "lstm(): w_ih is None; expected an array."),
    (lambda: F.squared_error(Z, None), TypeError, "squared_error(): y is None; expected an array."),
    (lambda: F.embedding([0], None), TypeError, "embedding(): table is None; expected an array."),
    (lambda: F.embedding([0], normal(3, 2), out=np.empty((2, 2))), ValueError,
     "embedding(): out has shape (2, 2); expected (1, 2)."),
    (lambda: F.layer_norm(X, GAMMA[:3], BETA), ValueError,
     "layer_norm(): gamma has shape (3,); expected one value for each channel of x, whose shape is "
     "(3, 6, 7, 4)."),
    (lambda: F.batch_norm(X, GAMMA, BETA, MEAN.tolist(), VAR, training=True), TypeError,
     "batch_norm(): mean is moved in training; expected an array of floats."),
    (lambda: F.batch_norm(X[:0], GAMMA, BETA, MEAN, VAR, training=True), ValueError,
     "batch_norm(): x has shape (0, 6, 7, 4); training takes at least one sample."),
    (lambda: F.group_norm(X, GAMMA, BETA, 3), ValueError,
     "group_norm(): groups=3 does not divide its 4 channels. Use groups=1."),
    (lambda: F.group_norm(GAMMA, GAMMA, BETA, 2), ValueError,
     "group_norm(): x has shape (4,); expected (n, ..., channels)."),
    (lambda: F.local_response_norm(X, 4), ValueError,
     "local_response_norm(): size=4; expected an odd positive integer."),
    (lambda: F.local_response_norm(3.0), ValueError,
     "local_response_norm(): x has shape (); expected (..., channels)."),
    (lambda: F.conv1d(STEPS, normal(3, 4, 5), lengths=[7, 2, 5]), ValueError,
     "x[1] has 2 steps, but conv1d(kernel 3, padding 'valid') needs at least 3. Use "
     'padding="same" or "causal", or leave short sequences out.'),
    (lambda: F.conv1d(STEPS, normal(8, 4, 5)), ValueError,
     "conv1d(kernel 8, padding 'valid') gets sequences of 7 steps. Use padding=\"same\" or "
     '"causal".'),
    (lambda: F.conv1d(STEPS, normal(3, 3, 5)), ValueError,
     "conv1d(): w has shape (3, 3, 5), for 3 features in groups=1, but x has 4 features."),
    (lambda: F.conv1d(STEPS, normal(3, 2, 5), groups=2), ValueError,
     "conv1d(): filters=5 cannot be split into groups=2; expected a multiple of groups."),
    (lambda: F.conv1d(STEPS, normal(3, 4, 5), padding="full"), ValueError,
     "conv1d(): padding='full' is not known. Choose from 'valid', 'same', 'causal'."),
    (lambda: F.conv1d(STEPS, normal(3, 4, 5), lengths=[1.5, 2, 3]), ValueError,
     "conv1d(): lengths has shape (3,) and dtype float64; expected 3 integers, one for each "
     "sequence of x."),
    (lambda: F.conv1d_backward(STEPS, STEPS, normal(1, 4, 4), lengths=[1, 2]), ValueError,
     "conv1d(): lengths has shape (2,) and dtype int64; expected 3 integers, one for each sequence "
     "of x."),
    (lambda: F.max_pool1d(STEPS, 2, lengths=[7, 8, 2]), ValueError,
     "max_pool1d(): lengths[1] is 8, but x has 7 steps; expected 0 to 7."),
    (lambda: F.avg_pool1d(STEPS, 2, lengths=[7, 2, -1]), ValueError,
     "avg_pool1d(): lengths[2] is -1, but x has 7 steps; expected 0 to 7."),
    (lambda: F.max_pool1d(STEPS, 8), ValueError,
     "max_pool1d(window 8, padding 'valid') gets sequences of 7 steps. Use padding=\"same\" or "
     '"causal".'),
    (lambda: F.pad2d(X, (1, 2, 3)), ValueError,
     "pad2d(): padding=(1, 2, 3); expected integers of 0 or more: one, (height, width), or ((top, "
     "bottom), (left, right))."),
    (lambda: F.pad2d(X, 1, "mirror"), ValueError,
     "pad2d(): mode='mirror' is not known. Choose from 'constant', 'reflect', 'edge', 'wrap'."),
    (lambda: F.crop2d(X, 3), ValueError,
     "crop2d(): cropping=((3, 3), (3, 3)) leaves nothing of an image of 6x7x4. Take less away."),
    (lambda: F.crop2d(ROWS), ValueError,
     "crop2d(): x has shape (5, 6); expected (n, h, w, c)."),
    (lambda: F.resize2d(X, 0), ValueError,
     "resize2d(): size=0; expected a positive integer or a pair of them."),
    (lambda: F.resize2d(X, 4, "linear"), ValueError,
     "resize2d(): interpolation='linear' is not known. Did you mean 'bilinear'? Choose from "
     "'bilinear', 'nearest', 'bicubic'."),
    (lambda: F.pixel_shuffle(X, 3), ValueError,
     "pixel_shuffle(): factor=3 makes a pixel of 9 channels, but its input has 4. Use a multiple "
     "of 9 channels."),
    (lambda: F.stochastic_pool2d(X, 8), ValueError,
     "stochastic_pool2d(window 8x8) gets an input of 6x7."),
    (lambda: F.spatial_pyramid_pool2d(X, (1, 0)), ValueError,
     "spatial_pyramid_pool2d(): levels=(1, 0); expected a sequence of positive integers."),
    (lambda: F.rrelu(X, 0.5, 0.2), ValueError,
     "rrelu(): lower=0.5 is above upper=0.2; expected slopes from lower to upper."),
    *((lambda f=f: f(X[:, :0]), ValueError,
       f"{name}(): x has samples of shape (0, {X.shape[2]}, {X.shape[3]}); expected at least one "
       "number along each axis of a sample.")
      for name, f in {
          "pad2d": lambda x: F.pad2d(x, 1),
          "resize2d": lambda x: F.resize2d(x, 3),
          "upsample2d": lambda x: F.upsample2d(x, 2),
          "global_avg_pool2d": F.global_avg_pool2d,
          "global_max_pool2d": F.global_max_pool2d,
      }.items()),
    (lambda: F.dense(np.ones((2, 0)), np.ones((0, 3))), ValueError,
     "dense(): x has samples of shape (0,); expected at least one number along each axis of a "
     "sample."),
    (lambda: F.resize2d(X, 3, "nearest", antialias=True), ValueError,
     "resize2d(): antialias=True averages pixels, but interpolation='nearest' takes one as it is. "
     "Choose 'bilinear' or 'bicubic', or leave antialias out."),
    (lambda: F.weight_norm(normal(3, 2), GAMMA), ValueError,
     "weight_norm(): g has shape (4,); expected (2,), one value for each output of v, whose shape "
     "is (3, 2)."),
    (lambda: F.weight_norm(normal(3, 2), GAMMA, 2), ValueError,
     "weight_norm(): axis=2, but v has shape (3, 2)."),
    (lambda: F.activation(X, "rleu"), ValueError,
     "activation(): function='rleu' is not known. Did you mean 'relu'? Choose from 'identity', "
     "'sigmoid', 'tanh', 'relu', 'leaky_relu', 'elu', 'selu', 'softplus', 'gelu', 'swish', "
     "'mish', 'softmax', 'hard_sigmoid', 'hard_swish', 'gelu_tanh', 'celu', 'softsign', "
     "'thresholded_relu', 'exp', 'log', 'sqrt', 'abs', 'erf', 'power'."),
    (lambda: F.relu_backward(ROWS, X), ValueError,
     "relu(): dy has shape (5, 6), but x has (3, 6, 7, 4)."),
    (lambda: F.squared_error(Z[:, :1], TARGETS[:, 0]), ValueError,
     "squared_error(): y has shape (6,), but pred has (6, 1)."),
    (lambda: F.hinge(Z, TARGETS[:, 0]), TypeError,
     "hinge(): y has dtype float64; expected class codes, integers from 0."),
    (lambda: F.hinge(Z, CODES[:3]), ValueError,
     "hinge(): y has shape (3,); expected (6,), one code a sample."),
    (lambda: F.softmax_cross_entropy(Z, CODES + 1), ValueError,
     "softmax_cross_entropy(): y has the code 4, but pred has the outputs 0 to 3."),
    (lambda: F.huber(Z, TARGETS, reduction="total"), ValueError,
     "huber(): reduction='total' is not known. Choose from 'mean', 'sum', 'none'."),
    (lambda: F.huber(Z, TARGETS, delta=0), ValueError,
     "Huber: delta=0; expected a positive number."),
    (lambda: F.huber(Z, TARGETS, np.zeros(6)), ValueError,
     "huber(): sample_weight adds up to 0, there is no mean."),
    (lambda: F.huber(Z[:0], TARGETS[:0]), ValueError,
     "huber(): pred has shape (0, 4); expected at least one sample."),
    (lambda: F.adam_step(normal(3), normal(3), beta1=np.array(0.9)), ValueError,
     "Adam: beta1=array(0.9); expected a number from 0 to below 1."),
    (lambda: F.elu(X, np.array(1.0)), ValueError,
     "activation(): alpha=array(1.); expected None or a finite number."),
    (lambda: F.adam_step([1.0], [1.0]), TypeError,
     "adam_step(): params is changed in place; expected arrays of float32 or float64, got float."),
    (lambda: F.adam_step(CODES, CODES), TypeError,
     "adam_step(): params is changed in place; expected arrays of float32 or float64, got int64."),
    (lambda: F.adam_step(normal(3), normal(2)), ValueError,
     "adam_step(): grads has shape (2,), but params has (3,)."),
    (lambda: F.adam_step(normal(3), normal(3), F.adam_step(normal(2), normal(2))), ValueError,
     "adam_step(): state is of a step on other params; begin with state=None."),
]


# fmt: on


@pytest.mark.parametrize(("call", "error", "text"), BAD_CALLS, ids=range(len(BAD_CALLS)))
def test_messages(call, error, text):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == text


def test_all_names_are_there():
    assert sorted(F.__all__) == sorted(
        name for name in vars(F) if not name.startswith("_") and callable(getattr(F, name))
    )
