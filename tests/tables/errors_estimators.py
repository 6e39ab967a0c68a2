"""What the estimators that take images say when something does not fit; test_errors.py runs it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.exceptions import NotFittedError

from fastdl import (
    CNNClassifier,
    CNNRegressor,
    ELMClassifier,
    ELMRegressor,
    NDScaler,
    NetClassifier,
    RNNClassifier,
    RNNRegressor,
    SequenceTagger,
    TabularClassifier,
    TabularRegressor,
    losses,
    optim,
)
from fastdl import layers as L

X = np.random.default_rng(0).random((20, 8, 8, 3)).astype(np.float32)
ROWS = X.reshape(20, -1)
Y = np.arange(20) % 3


def cnn(**params: Any) -> CNNClassifier:
    return CNNClassifier(**{"conv_layer_sizes": (4,), "max_epochs": 1, "n_jobs": 1, **params})


def net(*layers: Any, **params: Any) -> NetClassifier:
    return NetClassifier(list(layers) or None, **{"max_epochs": 1, "n_jobs": 1, **params})


def fit(X: Any = X, y: Any = Y, **params: Any) -> Callable[[], object]:
    return lambda: cnn(**params).fit(X, y)


def fit_net(*layers: Any, X: Any = X, y: Any = Y, **params: Any) -> Callable[[], object]:
    return lambda: net(*layers, **params).fit(X, y)


def predict(other: Any, X: Any = X) -> Callable[[], object]:
    return lambda: cnn().fit(X, Y).predict(other)


def start_from(base: Any, new_X: Any = X, y: Any = Y, **params: Any) -> Callable[[], object]:
    return lambda: net(init_from=base.fit(X, Y), **params).fit(new_X, y)


def rnn(X: Any = None, lengths: Any = None, **params: Any) -> Callable[[], object]:
    """Fits; X are sequences of 3, 1 and 2 steps in turn if not given."""
    X = SEQUENCES if X is None else X
    return lambda: RNNClassifier((4,), max_epochs=1, n_jobs=1, **params).fit(X, Y, lengths=lengths)


def rnn_predict(X: Any, lengths: Any = None) -> Callable[[], object]:
    return lambda: rnn()().predict(X, lengths)  # type: ignore[attr-defined]


def but(i: int, sequence: Any) -> list[Any]:
    """Good sequences with another one at place i."""
    return [*SEQUENCES[:i], np.asarray(sequence), *SEQUENCES[i + 1 :]]


def steps(y: Any, X: Any = None, lengths: Any = None, **params: Any) -> Callable[[], object]:
    """Fits a value for every step."""
    reg = RNNRegressor((4,), return_sequences=True, max_epochs=1, n_jobs=1, **params)
    return lambda: reg.fit(SEQUENCES if X is None else X, y, lengths=lengths)


def weighted_steps(weight: Any) -> Callable[[], object]:
    reg = RNNRegressor((4,), return_sequences=True, max_epochs=1, n_jobs=1)
    return lambda: reg.fit(SEQUENCES, VALUES, weight)


def tags(y: Any, X: Any = None, lengths: Any = None, **params: Any) -> Callable[[], object]:
    tagger = SequenceTagger((4,), max_epochs=1, n_jobs=1, **params)
    return lambda: tagger.fit(SEQUENCES if X is None else X, y, lengths=lengths)


def texts(X: Any, new_X: Any = None, **params: Any) -> Callable[[], object]:
    clf = RNNClassifier((4,), max_epochs=1, n_jobs=1, **params)
    return lambda: clf.fit(X, Y[: len(X)]).predict(X if new_X is None else new_X)


SEQUENCES = [x[: 3 - i % 3, 0] for i, x in enumerate(X)]
PADDED = X[:, :3, 0]
VALUES = [x[:, 0] for x in SEQUENCES]
WORDS = ["anna", "bob", "eve"]
CODES = [[3, 1, 2], [4, 5]]
FORMS = "images (n, height, width, channels) or (n, height, width), or rows (n, n_features)"

# fmt: off
IMAGES = [
    (predict(X[..., :1]), ValueError,
     "X has shape (20, 8, 8, 1), but CNNClassifier was fitted with images of shape (8, 8, 3). "
     "Convert to 3 channels, or fit on 1 channel."),
    (predict(X, X[..., :1]), ValueError,
     "X has shape (20, 8, 8, 3), but CNNClassifier was fitted with images of shape (8, 8, 1). "
     "Convert to grey, or fit on 3 channels."),
    (predict(X[..., 0]), ValueError,
     "X has shape (20, 8, 8), but CNNClassifier was fitted with images of shape (8, 8, 3). Convert "
     "to 3 channels, or fit on 1 channel."),
    (predict(X[:, :4]), ValueError,
     "X has shape (20, 4, 8, 3), but CNNClassifier was fitted with images of shape (8, 8, 3). Crop "
     "or scale to 8x8, or fit on images of this size."),
    (predict(X[0]), ValueError,
     "X has shape (8, 8, 3), but CNNClassifier was fitted with images of shape (8, 8, 3). It looks "
     "like one image: use X[np.newaxis]."),
    (predict(np.moveaxis(X, -1, 1)), ValueError,
     "X has shape (20, 3, 8, 8), but CNNClassifier was fitted with images of shape (8, 8, 3). It "
     "looks like channels first: use np.moveaxis(X, 1, -1)."),
    (predict(ROWS[:, :5]), ValueError,
     "X has 5 features, but CNNClassifier is expecting 192 features as input."),
    (predict(X, ROWS), ValueError,
     "X has shape (20, 8, 8, 3), but CNNClassifier was fitted with images of shape (1, 192, 1). "
     "Crop or scale to 1x192, or fit on images of this size."),
    (lambda: net(L.Dense(2)).fit(ROWS, Y).predict(X), ValueError,
     f"X has shape (20, 8, 8, 3), but NetClassifier was fitted with 192 features. It takes {FORMS} "
     "of that size."),
    (fit(np.moveaxis(X, -1, 1)), ValueError,
     "X has shape (20, 3, 8, 8), which looks like channels first; CNNClassifier takes images as "
     "(n, height, width, channels). Use np.moveaxis(X, 1, -1), or set input_shape=(3, 8, 8) if it "
     "is right as it is."),
    (fit(X[..., np.newaxis]), ValueError,
     f"X has shape (20, 8, 8, 3, 1); CNNClassifier takes {FORMS}."),
    (fit(X[:, :0]), ValueError, f"X has shape (20, 0, 8, 3); CNNClassifier takes {FORMS}."),
    (fit([*X[:4], X[4, :5], *X[5:]]), ValueError,
     "X[4] has shape (5, 8, 3), but X[0] has (8, 8, 3); samples have one shape. Crop, scale or pad "
     "them."),
    (lambda: NDScaler().fit([*X[:4], X[4, :5]]), ValueError,
     "X[4] has shape (5, 8, 3), but X[0] has (8, 8, 3); samples have one shape. Crop, scale or pad "
     "them."),
    (fit(X[:0], Y[:0]), ValueError,
     "Found array with 0 sample(s) (shape=(0, 8, 8, 3)) while a minimum of 1 is required by "
     "CNNClassifier."),
    (fit(np.where(X > 0.9, np.inf, X)), ValueError,
     "Input X contains infinity or a value too large for dtype('float32')."),
    (lambda: CNNRegressor().fit(X, np.full(20, np.nan)), ValueError, "Input y contains NaN."),
    (fit(y=Y[:5]), ValueError,
     "Found input variables with inconsistent numbers of samples: [20, 5]"),
    (fit(input_shape=(8, 8)), ValueError,
     "X has shape (20, 8, 8, 3), but input_shape=(8, 8) asks for images of shape (8, 8, 1), or "
     "rows of 64 features. Leave input_shape out to take it from X."),
    (fit(input_shape=(192,)), ValueError,
     "CNNClassifier: input_shape=(192,); expected None, (height, width) or (height, width, "
     "channels), positive integers."),
    (lambda: NDScaler().fit(X).transform(X[..., 0]), ValueError,
     "X has shape (20, 8, 8), but NDScaler was fitted with arrays of 4 dimensions and 3 channels. "
     "Fit it on arrays of this kind, or bring X into that form."),
]

LABELS = [
    (fit(y=0 * Y), ValueError,
     "CNNClassifier needs samples of at least 2 classes in the data, but the data contains only "
     "one class: 0"),
    (fit(y=Y + 0.5), ValueError,
     "Unknown label type: continuous. Maybe you are trying to fit a classifier, which expects "
     "discrete classes on a regression target with continuous values."),
    (fit(y=np.stack([Y, Y], axis=1)), ValueError,
     "y has shape (20, 2); CNNClassifier learns one class for each sample, or indicators (0 and 1) "
     "of several. sklearn.multioutput.MultiOutputClassifier takes more."),
    (fit(y=np.eye(3, dtype=int)[Y], loss="hinge"), ValueError,
     "CNNClassifier: loss='hinge' is for classes that exclude each other, but y holds indicators. "
     "Use loss='log_loss'."),
    (fit(y=np.eye(3, dtype=int)[Y], loss=losses.Focal()), ValueError,
     "CNNClassifier: loss=Focal() is for classes that exclude each other, but y holds indicators. "
     "Use loss='log_loss'."),
    (fit(loss=losses.BinaryCrossEntropy(label_smoothing=0.1)), ValueError,
     "CNNClassifier: loss=BinaryCrossEntropy(label_smoothing=0.1) is for two classes, or "
     "indicators, but y has 3 classes. Use loss='log_loss'."),
    (lambda: cnn(loss=losses.BinaryFocal()).partial_fit(X, Y, classes=[0, 1, 2]), ValueError,
     "CNNClassifier: loss=BinaryFocal() is for two classes, or indicators, but y has 3 classes. "
     "Use loss='log_loss'."),
    (lambda: cnn(loss=3).partial_fit(X, Y % 2, classes=[0, 1]), ValueError,
     "The 'loss' parameter of CNNClassifier must be an instance of 'str', an instance of "
     "'fastdl.losses.SoftmaxCrossEntropy', an instance of 'fastdl.losses.BinaryCrossEntropy', an "
     "instance of 'fastdl.losses.Focal', an instance of 'fastdl.losses.BinaryFocal', an instance "
     "of 'fastdl.losses.SquaredError', an instance of 'fastdl.losses.Hinge', an instance of "
     "'fastdl.losses.Custom' or a callable. Got 3 instead."),
    (lambda: CNNRegressor(loss="quantile").fit(X, Y), ValueError,
     "loss='quantile' is not known. Did you mean 'pinball'? Choose from 'squared_error', "
     "'absolute_error', 'huber', 'poisson', 'pinball'."),
    (lambda: CNNClassifier(label_smoothing=0.1), TypeError,
     "CNNClassifier has no parameter 'label_smoothing'. Did you mean 'loss'?"),
    (lambda: CNNRegressor(loss="poisson").fit(X, Y - 1.0), ValueError,
     "CNNRegressor: loss='poisson' is for counts, but y goes down to -1. Use another loss."),
    (lambda: cnn().fit(X, Y).partial_fit(X, Y + 5), ValueError,
     "`y` has classes not in `self.classes_`. `self.classes_` has [0 1 2]. 'y' has [5 6 7]."),
    (lambda: cnn().fit(X, Y, X_val=X), ValueError,
     "X_val and y_val belong together: give both or neither."),
]

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

RECURRENT = [
    (rnn([[]] * 20), ValueError,
     "X holds nothing but empty sequences; RNNClassifier learns from at least one step."),
    (rnn(but(4, np.ones((2, 5)))), ValueError,
     "X[4] has 5 features, but X[0] has 3; all sequences of RNNClassifier have the same features."),
    (rnn(but(4, np.ones(2))), ValueError,
     "X[4] has shape (2,); RNNClassifier takes sequences of shape (steps, features)."),
    (rnn(but(4, [[1, 2, 3], [1, np.nan, 3]])), ValueError,
     "Input X contains NaN: step 1 of X[4]. Fill it in, or leave the step out."),
    (rnn(np.where(np.arange(3) == 2, np.inf, PADDED)), ValueError,
     "Input X contains infinity: step 0 of X[0]. Fill it in, or leave the step out."),
    (rnn(PADDED, [3] * 19 + [4]), ValueError,
     "lengths[19] is 4, but X has 3 steps; expected 0 to 3."),
    (rnn(PADDED, [-1] * 20), ValueError, "lengths[0] is -1, but X has 3 steps; expected 0 to 3."),
    (rnn(PADDED, [3.0] * 20), ValueError,
     "lengths has shape (20,) and dtype float64; expected 20 integers, one for each sequence of "
     "X."),
    (rnn(PADDED, [3]), ValueError,
     "lengths has shape (1,) and dtype int64; expected 20 integers, one for each sequence of X."),
    (rnn(SEQUENCES, [3] * 20), ValueError,
     "lengths belongs to padded sequences, one array (n, steps, features) or (n, steps). The "
     "sequences of a list have lengths of their own: leave it out."),
    (rnn(SEQUENCES[:5]), ValueError,
     "Found input variables with inconsistent numbers of samples: [5, 20]"),
    (rnn(X), ValueError,
     "X has shape (20, 8, 8, 3); RNNClassifier takes sequences (n, steps, features), a list of n "
     "arrays (steps_i, features), or rows (n, steps)."),
    (rnn(ROWS, input_shape=(5, 2)), ValueError,
     "X has rows of 192 features, but input_shape=(5, 2) asks for 10. Leave input_shape out for "
     "sequences of one feature."),
    (rnn(ROWS, input_shape=(192,)), ValueError,
     "RNNClassifier: input_shape=(192,); expected None or (steps, features), positive integers."),
    (lambda: RNNClassifier(()).fit(SEQUENCES, Y), ValueError,
     "RNNClassifier: hidden_layer_sizes=(); expected at least one recurrent layer."),
    (rnn_predict([x[:, :2] for x in SEQUENCES]), ValueError,
     "X has sequences of 2 features, but RNNClassifier was fitted with 3."),
    (rnn_predict(PADDED, [4] * 20), ValueError,
     "lengths[0] is 4, but X has 3 steps; expected 0 to 3."),
    (lambda: RNNClassifier().predict(PADDED, [3] * 20), NotFittedError,
     "This RNNClassifier instance is not fitted yet. Call 'fit' with appropriate arguments before "
     "using this estimator."),
]

STEPS = [
    (steps(VALUES[:5]), ValueError,
     "Found input variables with inconsistent numbers of samples: [20, 5]"),
    (steps(None), ValueError,
     "RNNRegressor needs y, with a value for every step of each sequence."),
    (steps([*VALUES[:4], np.ones(5), *VALUES[5:]]), ValueError,
     "y[4] has 5 values, but X[4] has 2 steps; RNNRegressor takes one for every step."),
    (steps(PADDED[..., 0]), ValueError,
     "y[1] has 3 values, but X[1] has 2 steps; RNNRegressor takes one for every step."),
    (steps(Y), ValueError,
     "y[0] has shape (); RNNRegressor takes one value for every step, shape (steps,) or (steps, "
     "n_outputs). RNNClassifier and RNNRegressor learn one for each sequence."),
    (steps([*VALUES[:4], np.ones((2, 2)), *VALUES[5:]]), ValueError,
     "y[4] has shape (2, 2), but y[0] has (3,); all sequences have the same outputs."),
    (steps([np.stack([v, v], axis=1) for v in VALUES[:19]] + [[[1, 2], [1, np.nan]]]), ValueError,
     "Input y contains NaN: step 1 of y[19], in some of its numbers. A step that does not count "
     "has NaN in all of them."),
    (steps([*VALUES[:4], np.array([1, np.inf]), *VALUES[5:]]), ValueError,
     "Input y contains infinity: step 1 of y[4]."),
    (steps([np.nan * v for v in VALUES]), ValueError,
     "y marks all steps as ones that do not count, by nan; RNNRegressor needs at least one that "
     "does."),
    (weighted_steps([np.ones(3)] * 20), ValueError,
     "sample_weight[1] has shape (3,), but X[1] has 2 steps; expected one weight for each step, or "
     "one for each sequence."),
    (weighted_steps([np.ones(len(v)) for v in VALUES[:5]]), ValueError,
     "sample_weight holds weights for 5 sequences, but X has 20."),
    (weighted_steps([-np.ones(len(v)) for v in VALUES]), ValueError,
     "Negative values in data passed to `sample_weight`."),
    (steps([v - 1 for v in VALUES], loss="poisson"), ValueError,
     f"RNNRegressor: loss='poisson' is for counts, but y goes down to "
     f"{min(v.min() for v in VALUES) - 1:g}. Use another loss."),
    (steps(VALUES, truncate_bptt=2, bidirectional=True), ValueError,
     "RNNRegressor: truncate_bptt=2 with bidirectional=True: a window does not know what comes "
     "after it. Set one of them only."),
    (steps(VALUES, truncate_bptt=2, solver="lbfgs"), ValueError,
     "RNNRegressor: truncate_bptt=2 with solver='lbfgs': it needs the whole gradient. Use another "
     "solver."),
    (steps(VALUES, truncate_bptt=0), ValueError,
     "The 'truncate_bptt' parameter of RNNRegressor must be an int in the range [1, inf) or None. "
     "Got 0 instead."),
]

TAGS = [
    (tags([[0, 1, 2][: len(x)] for x in SEQUENCES[:-1]] + [[0, 1, 2]]), ValueError,
     "y[19] has 3 values, but X[19] has 2 steps; SequenceTagger takes one for every step."),
    (tags(Y), ValueError,
     "y[0] has shape (); SequenceTagger takes one value for every step, shape (steps,) or (steps, "
     "n_outputs). RNNClassifier and RNNRegressor learn one for each sequence."),
    (tags([[0] * len(x) for x in SEQUENCES]), ValueError,
     "SequenceTagger needs samples of at least 2 classes in the data, but the data contains only "
     "one class: 0"),
    (tags([[-1, 0, 1][: len(x)] for x in SEQUENCES]), UserWarning,
     "SequenceTagger: y holds -1, 0 and 1. Steps with -1 do not count: label them None to say so. "
     "If -1 is a class, call the classes otherwise, by strings."),
    (tags([[-1] * len(x) for x in SEQUENCES]), ValueError,
     "y marks all steps as ones that do not count, by -1; SequenceTagger needs at least one that "
     "does."),
    (tags([[0, 1, 2][: len(x)] for x in SEQUENCES], class_weight={0: -1}), ValueError,
     "class_weight={0: -1}: the weight of class 0 is -1; expected a finite number of 0 or more."),
    (tags([[0, 1, 2][: len(x)] for x in SEQUENCES], class_weight={0: float("nan")}), ValueError,
     "class_weight={0: nan}: the weight of class 0 is nan; expected a finite number of 0 or more."),
    (tags([[0, 1, 2][: len(x)] for x in SEQUENCES], class_weight={0: 0, 1: 0, 2: 0}), ValueError,
     "class_weight={0: 0, 1: 0, 2: 0} leaves no sample with a weight above 0. Give the classes "
     "that are to be learnt a weight above 0."),
    (tags([[0, 1, 2][: len(x)] for x in SEQUENCES], class_weight={"a": 1}), ValueError,
     "class_weight={'a': 1} has a weight for 'a', which is no class of y, and none for 0, which is "
     "one. The classes of y: 0, 1, 2."),
    (tags([[0, 1, 2][: len(x)] for x in SEQUENCES], loss=losses.BinaryCrossEntropy()), ValueError,
     "SequenceTagger: loss=BinaryCrossEntropy() is for two classes, or indicators, but y has 3 "
     "classes. Use loss='log_loss'."),
    (tags(VALUES), ValueError,
     "Unknown label type: continuous. Maybe you are trying to fit a classifier, which expects "
     "discrete classes on a regression target with continuous values."),
    (tags(PADDED[..., 0] > 0.5, PADDED, [3] * 19 + [-1]), ValueError,
     "lengths[19] is -1, but X has 3 steps; expected 0 to 3."),
]

TEXTS = [
    (texts([word.encode() for word in WORDS]), ValueError,
     "X[0] is bytes; RNNClassifier takes strings, or lists of tokens that are strings."),
    (texts([*WORDS, 5]), ValueError,
     "X[3] is int; RNNClassifier takes strings, or lists of tokens that are strings."),
    (texts([*WORDS, ["a", 5]]), ValueError,
     "X[3] is a list with 5 in it; RNNClassifier takes strings, or lists of tokens that are "
     "strings."),
    (texts(WORDS, ["bob", "bert"], unknown="error"), ValueError,
     "X[1] has 'r' at step 2, a symbol that RNNClassifier did not see in fit. Fit with "
     "unknown='<unknown>', which is what such symbols are read as."),
    (texts(WORDS, unknown="error", max_tokens=2), ValueError,
     "max_tokens=2 leaves out 'b' and 3 other symbols of X, but unknown='error' knows nothing to "
     "read them as. Leave one of the two out."),
    (texts(WORDS, analyzer=str.isalpha), ValueError,
     f"analyzer={str.isalpha!r} makes True of 'anna'; expected a list of strings."),
    (texts([["a b", "c"], ["a b"]]), UserWarning,
     "X has the token 'a b', with white space in it: RNNClassifier takes it for one symbol. Where "
     "it is a text, pass it as a string, not in a list of its own, and analyzer='word' for its "
     "words."),
    (texts(np.array(WORDS)[:, np.newaxis]), ValueError,
     "X is a table with text in it, of shape (3, 1); RNNClassifier takes one column of texts: "
     'X["name"] of a frame, X[:, 0] of an array.'),
    (lambda: RNNClassifier(unknown_token="?"), TypeError,
     "RNNClassifier has no parameter 'unknown_token'. Did you mean 'unknown'?"),
    (texts(CODES), UserWarning,
     "X holds lists of integers, which RNNClassifier reads as symbols, with a vector for each. Say "
     "integers='symbols' if that is meant, or integers='values' if they are numbers."),
    (texts(np.array([[1, 2], [3, 4]])), UserWarning,
     "X is an array of integers, whose rows RNNClassifier reads as sequences of one number a step. "
     "Say integers='symbols' if they are codes of symbols, or integers='values' if numbers are "
     "meant."),
    (texts(VALUES, integers="symbols"), ValueError,
     "RNNClassifier: integers='symbols', but X holds something else; expected lists of integers, "
     "one for each sequence, or an array (n, steps) of an integer dtype."),
    (texts(CODES, VALUES[:2], integers="symbols"), ValueError,
     "X holds something else than integers, but RNNClassifier was fitted with integers as symbols. "
     "Pass a list of lists of integers."),
    (texts(CODES, WORDS, integers="symbols"), ValueError,
     "X holds something else than integers, but RNNClassifier was fitted with integers as symbols. "
     "Pass a list of lists of integers."),
    (texts(WORDS, PADDED), ValueError,
     "X holds numbers, but RNNClassifier was fitted with text. Pass a list of strings, or of lists "
     "of tokens."),
    (texts(WORDS, "anna"), ValueError,
     "X is the string 'anna'; RNNClassifier takes a list of strings, or of lists of tokens: pass "
     "it in a list."),
    (texts(WORDS, []), ValueError, "X holds no sequence; RNNClassifier needs at least one."),
    (rnn_predict([]), ValueError, "X holds no sequence; RNNClassifier needs at least one."),
    (rnn_predict(None), ValueError,
     "X is None; RNNClassifier takes sequences (n, steps, features), a list of n arrays (steps_i, "
     "features), or rows (n, steps), or texts."),
    (rnn_predict([*SEQUENCES[:4], [[1, 2, 3], [4]]]), ValueError,
     "X[4] has steps of different lengths; RNNClassifier takes sequences of shape (steps, "
     "features)."),
    (rnn_predict([*SEQUENCES[:4], None]), ValueError,
     "X[4] holds object; RNNClassifier takes sequences of numbers, or texts."),
    (rnn_predict([*SEQUENCES[:4], [["a", "b", "c"]]]), ValueError,
     "X[4] holds str32; RNNClassifier takes sequences of numbers, or texts."),
    (rnn_predict([*SEQUENCES[:4], 5.0]), ValueError,
     "X[4] has shape (); RNNClassifier takes sequences of shape (steps, features)."),
    (rnn_predict(WORDS), ValueError,
     "X holds text, but RNNClassifier was fitted with sequences of 3 features. Pass numbers."),
    (rnn(WORDS * 7, [3] * 21), ValueError,
     "lengths belongs to padded sequences, one array (n, steps, features) or (n, steps). The "
     "sequences of a list have lengths of their own: leave it out."),
]
CLASS_WEIGHT = [
    (fit(class_weight={0: -1, 1: 1}), ValueError,
     "class_weight={0: -1, 1: 1}: the weight of class 0 is -1; expected a finite number of 0 or "
     "more."),
    (fit(class_weight={0: 1, 1: float("nan"), 2: 1}), ValueError,
     "class_weight={0: 1, 1: nan, 2: 1}: the weight of class 1 is nan; expected a finite number of "
     "0 or more."),
    (fit(class_weight={0: float("inf")}), ValueError,
     "class_weight={0: inf}: the weight of class 0 is inf; expected a finite number of 0 or more."),
    (fit(class_weight={0: "1"}), ValueError,
     "class_weight={0: '1'}: the weight of class 0 is '1'; expected a finite number of 0 or more."),
    (fit(class_weight={0: 0, 1: 0, 2: 0}), ValueError,
     "class_weight={0: 0, 1: 0, 2: 0} leaves no sample with a weight above 0. Give the classes "
     "that are to be learnt a weight above 0."),
    (lambda: cnn(class_weight={0: 0}).fit(X, Y, Y == 0), ValueError,
     "class_weight={0: 0} leaves no sample with a weight above 0. Give the classes that are to be "
     "learnt a weight above 0."),
    (fit(class_weight={"0": 2.0, "1": 1.0}), ValueError,
     "class_weight={'0': 2.0, '1': 1.0} has a weight for '0', which is no class of y, and none for "
     "0, which is one. The classes of y: 0, 1, 2."),
    (fit(y=1 - np.eye(3, dtype=int)[Y], class_weight=[{0: 1, 1: 2}]), ValueError,
     "class_weight=[{0: 1, 1: 2}] has 1 dict, but y has 3 outputs; expected one dict for each, or "
     "'balanced'."),
    (fit(y=1 - np.eye(3, dtype=int)[Y], class_weight=[{0: 1, 1: -2}] * 3), ValueError,
     "class_weight=[{0: 1, 1: -2}, {0: 1, 1: -2}, {0: 1, 1: -2}]: the weight of class 1 is -2; "
     "expected a finite number of 0 or more."),
]
FRAME = pd.DataFrame({"a": ROWS[:, 0], "b": ["x", "y"] * 10})


def table(X: Any = FRAME, **params: Any) -> Callable[[], object]:
    return lambda: TabularRegressor(max_epochs=1, n_jobs=1, **params).fit(X, Y)


TABLES = [
    (table(categorical_features=[7]), ValueError,
     "categorical_features has 7, which is no column of X: it has 2, 'a' .... Give numbers or "
     "names of columns, or a mask of one bool for each."),
    (table(ROWS[:, :3], categorical_features=["a"]), ValueError,
     "categorical_features has 'a', which is no column of X: it has 3. Give numbers or names of "
     "columns, or a mask of one bool for each."),
    (table(FRAME.assign(a=pd.Timestamp("2020-01-01").as_unit("s"))), ValueError,
     "Column 'a' of X is of type datetime64[s]; expected numbers. Turn it into some, such as days "
     "since a date, or into text if its values are names."),
    (table(FRAME.assign(a=pd.Timestamp("2020-01-01").as_unit("s")), categorical_features=["a"]),
     ValueError,
     "Column 'a' of X is of type datetime64[s], which is no category. Turn it into text."),
    (table(FRAME.assign(a=np.inf)), ValueError,
     "Input X contains infinity or a value too large for dtype('float64')."),
    (table(FRAME[["b"]].assign(b=pd.Categorical([None] * 20))), ValueError,
     "X holds nothing to learn from: all of its values are missing."),
    (lambda: TabularClassifier(n_jobs=1).fit(FRAME[:0], Y[:0]), ValueError,
     "Found array with 0 sample(s) (shape=(0,)) while a minimum of 1 is required by "
     "TabularClassifier."),
]
# fmt: on

ESTIMATORS = [
    *(*IMAGES, *LABELS, *PARAMETERS, *LARGE, *NETS, *RECURRENT, *STEPS, *TAGS, *TEXTS),
    *CLASS_WEIGHT,
    *TABLES,
]
