"""What estimators say when something does not fit: parameters, and values that are too large."""

import numpy as np
from sklearn.exceptions import NotFittedError

from fastdl import (
    CNNClassifier,
    ELMClassifier,
    ELMRegressor,
    losses,
    optim,
)

from .calls import ROWS, X, Y, cnn, fit

# fmt: off
PARAMETERS = [
    (fit(kernel_size=(3, 0)), ValueError,
     "CNNClassifier: kernel_size=(3, 0); expected a positive integer or a pair of them."),
    (fit(conv_layer_sizes=(0,)), ValueError,
     "layer 'conv2d_1' (Conv2D): filters=0; expected a positive integer."),
    (fit(activation="rleu"), ValueError,
     "layer 'activation_1' (Activation): function='rleu' is not known. Did you mean 'relu'? Choose "
     "from 'identity', 'sigmoid', 'tanh', 'relu', 'leaky_relu', 'elu', 'selu', 'softplus', 'gelu', "
     "'swish', 'mish', 'softmax', 'hard_sigmoid', 'hard_swish', 'gelu_tanh', 'celu', 'softsign', "
     "'thresholded_relu', 'exp', 'log', 'sqrt', 'abs', 'erf', 'power'."),
    (fit(loss="hing"), ValueError,
     "loss='hing' is not known. Did you mean 'hinge'? Choose from 'log_loss', 'focal', "
     "'squared_error', 'hinge'."),
    (fit(loss=losses.SoftmaxCrossEntropy(label_smoothing=1)), ValueError,
     "SoftmaxCrossEntropy: label_smoothing=1; expected a number from 0 to below 1."),
    (fit(solver="adamm"), ValueError,
     "solver='adamm' is not known. Did you mean 'adam'? Choose from 'sgd', 'momentum', 'nesterov', "
     "'adagrad', 'adadelta', 'rmsprop', 'adam', 'adamw', 'nadam', 'lbfgs'."),
    (fit(solver=optim.Adam(beta1=2)), ValueError,
     "Adam: beta1=2; expected a number from 0 to below 1."),
    (fit(dtype="float16"), ValueError, "dtype='float16'; expected 'float32' or 'float64'."),
    (fit(device="cuda"), RuntimeError,
     'device="cuda" needs the CUDA build of fastdl and an NVIDIA driver; found neither. '
     'device="auto" falls back to the CPU.'),
    (fit(device="gpu"), ValueError,
     "device='gpu'; expected 'cpu', 'cuda', 'auto', or the number of a GPU, 'cuda:1'."),
    (fit(precision="tf32"), ValueError,
     "precision='tf32' is of GPUs, and device='cpu' multiplies float32 as it is. Set "
     "device='cuda', or leave precision at 'float32'."),
    (lambda: CNNClassifier(architecture="lenet").fit(X, Y), ValueError,
     "architecture='lenet' is not known. Did you mean 'lenet5'? Choose from 'lenet5', 'alexnet', "
     "'vgg11', 'vgg13', 'vgg16', 'vgg19', 'nin', 'googlenet', 'resnet20', 'resnet32', 'resnet44', "
     "'resnet56', 'resnet110', 'resnet18', 'resnet34', 'resnet50', 'resnet101', 'resnet152'."),
    (fit(architecture="lenet5"), ValueError,
     "CNNClassifier: architecture='lenet5' has layers of its own, and conv_layer_sizes=(4,) would "
     "change nothing. Give one of the two."),
    (lambda: CNNClassifier(architecture="lenet5").fit(X, Y), ValueError,
     "architecture 'lenet5' needs images of at least 12x12, but X has 8x8. 'resnet20' takes images "
     "from 3x3 on."),
    (lambda: cnn().predict(X), NotFittedError,
     "This CNNClassifier instance is not fitted yet. Call 'fit' with appropriate arguments before "
     "using this estimator."),
    (lambda: cnn().fit(X, Y).transform(X, layer="conv1"), ValueError,
     "layer='conv1'; expected a number below 7 or one of 'conv2d_1', 'activation_1', "
     "'max_pool2d_1', 'flatten_1', 'dense_1', 'activation_2', 'output'."),
]
# fmt: on


# fmt: off
LARGE = [
    (lambda: ELMRegressor(5, dtype="float64").fit(1.7e308 * ROWS.astype(float), Y), ValueError,
     "ELMRegressor: the hidden units have activations whose squares sum to infinity or nan, since "
     "values of X are too large. Scale X, as with StandardScaler."),
    (lambda: ELMClassifier(5, random_state=0).fit(ROWS * 1e38, Y), ValueError,
     "ELMClassifier: the hidden units have activations whose squares sum to infinity or nan, since "
     "values of X are too large. Scale X, as with StandardScaler."),
    (lambda: ELMRegressor(5, random_state=0).fit(ROWS, np.full(20, 1.7e308)), ValueError,
     "ELMRegressor: activations times y sum to infinity or nan, since values of y are too large. "
     "Scale y."),
]
# fmt: on
