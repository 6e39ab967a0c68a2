"""What is said to those who write as in other libraries; test_errors.py runs it."""

from collections.abc import Callable
from typing import Any

import numpy as np

import fastdl
from fastdl import callbacks, data, initializers, losses, metrics, optim, schedules
from fastdl import layers as L
from fastdl.estimators.heads.labels import LABEL_LOSSES

X, Y = np.zeros((4, 2)), [0, 1, 0, 1]


def fit(name: str, **arguments: Any) -> Callable[[], object]:
    return lambda: getattr(fastdl, name)().fit(X, **arguments)


def get(module: Any, name: str) -> Callable[[], object]:
    return lambda: getattr(module, name)


def of_layers(name: str, hint: str) -> tuple[Callable[[], object], type[Exception], str]:
    text = f"module 'fastdl.layers' has no attribute {name!r}. {hint}"
    return get(L, name), AttributeError, text


def of_estimator(
    name: str, attribute: str, hint: str
) -> tuple[Callable[[], object], type[Exception], str]:
    text = f"{name!r} object has no attribute {attribute!r}. {hint}"
    return lambda: getattr(getattr(fastdl, name)(), attribute), AttributeError, text


# fmt: off
NAMES = [
    of_layers("Linear", "Did you mean 'Dense'?"),
    of_layers("MaxPooling1D", "Did you mean 'MaxPool1D'?"),
    of_layers("MaxPooling2D", "Did you mean 'MaxPool2D'?"),
    of_layers("BatchNormalization", "Did you mean 'BatchNorm'?"),
    of_layers("ReLU", "Write Activation('relu')."),
    of_layers("LeakyReLU", "Write Activation('leaky_relu')."),
    of_layers("SiLU", "Write Activation('swish')."),
    of_layers("conv2d", "Did you mean 'Conv2D'?"),
    of_layers("Softmax", "Leave it out: it belongs to the loss."),
    of_layers("InputLayer", "Leave it out: the input's shape comes from X."),
    (get(L, "Transformer"), AttributeError,
     "module 'fastdl.layers' has no attribute 'Transformer'"),
    (get(optim, "RMSProp"), AttributeError,
     "module 'fastdl.optim' has no attribute 'RMSProp'. Did you mean 'RMSprop'?"),
    (get(losses, "CrossEntropyLoss"), AttributeError,
     "module 'fastdl.losses' has no attribute 'CrossEntropyLoss'. Did you mean "
     "'SoftmaxCrossEntropy'?"),
    (get(schedules, "ReduceLROnPlateau"), AttributeError,
     "module 'fastdl.schedules' has no attribute 'ReduceLROnPlateau'. Did you mean "
     "'ReduceOnPlateau'?"),
    (get(initializers, "XavierUniform"), AttributeError,
     "module 'fastdl.initializers' has no attribute 'XavierUniform'. Did you mean "
     "'GlorotUniform'?"),
    (get(callbacks, "EarlyStopping"), AttributeError,
     "module 'fastdl.callbacks' has no attribute 'EarlyStopping'. Set early_stopping=True and "
     "n_iter_no_change in the estimator."),
    (get(fastdl, "Conv2D"), AttributeError,
     "module 'fastdl' has no attribute 'Conv2D'. Write fastdl.layers.Conv2D."),
    (get(fastdl, "MSELoss"), AttributeError,
     "module 'fastdl' has no attribute 'MSELoss'. Write fastdl.losses.SquaredError."),
    (get(metrics, "nms"), AttributeError,
     "module 'fastdl.metrics' has no attribute 'nms'. Did you mean 'non_max_suppression'?"),
    (get(metrics, "box_iuo"), AttributeError,
     "module 'fastdl.metrics' has no attribute 'box_iuo'. Did you mean 'box_iou'?"),
    (get(data, "image_dataset_from_directory"), AttributeError,
     "module 'fastdl.data' has no attribute 'image_dataset_from_directory'. Did you mean "
     "'ImageFolder'?"),
    (get(data, "DataLoader"), AttributeError,
     "module 'fastdl.data' has no attribute 'DataLoader'. Leave it out: fit takes arrays, mapped "
     "ones too, or an ImageFolder."),
    (get(fastdl, "Sequential"), AttributeError,
     "module 'fastdl' has no attribute 'Sequential'. Write NetClassifier(layers) or NetRegressor."),
    (get(fastdl, "MLPclassifier"), AttributeError,
     "module 'fastdl' has no attribute 'MLPclassifier'. Did you mean 'MLPClassifier'?"),
    (get(fastdl, "xyz"), AttributeError, "module 'fastdl' has no attribute 'xyz'"),
]

FIELDS = [
    (lambda: L.Conv2D(8, 3, activation="relu"), TypeError,
     "Conv2D has no parameter 'activation'. Put Activation('relu') after it."),
    (lambda: L.Dense(8, activation=L.Activation("relu")), TypeError,
     "Dense has no parameter 'activation'. Put Activation(...) after it."),
    (lambda: L.Conv2D(8, 3, strides=2), TypeError,
     "Conv2D has no parameter 'strides'. Did you mean 'stride'?"),
    (lambda: L.MaxPool2D(pool_size=2), TypeError,
     "MaxPool2D has no parameter 'pool_size'. Did you mean 'size'?"),
    (lambda: L.Dense(8, input_shape=(3,)), TypeError,
     "Dense has no parameter 'input_shape'. Leave it out: the shape of the input comes from X."),
    (lambda: L.Dense(in_features=3, out_features=8), TypeError,
     "Dense has no parameter 'in_features'. Leave it out: the shape of the input comes from X."),
    (lambda: L.LSTM(8, dropout=0.2), TypeError,
     "LSTM has no parameter 'dropout'. Dropout is a layer of its own: Dropout(0.2)."),
    (lambda: L.Dense(unit=8), TypeError,
     "Dense has no parameter 'unit'. Did you mean 'units'?"),
    (lambda: L.Flatten(start_dim=1), TypeError,
     "Flatten has no parameter 'start_dim'. It has 'name'."),
    (lambda: optim.Adam(lr=0.01), TypeError,
     "Adam has no parameter 'lr'. The rate is a parameter of the estimator: "
     "learning_rate_init=0.01."),
    (lambda: optim.Adam(betas=(0.9, 0.99)), TypeError,
     "Adam has no parameter 'betas'. Did you mean 'beta1' and 'beta2'?"),
    (lambda: optim.SGD(momentum=0.9), TypeError,
     "SGD has no parameter 'momentum'. Write Momentum(0.9), or Nesterov."),
    (lambda: optim.SGD(xyz=1), TypeError, "SGD has no parameter 'xyz'. It has none."),
    (get(L, "RandomFlip"), AttributeError,
     "module 'fastdl.layers' has no attribute 'RandomFlip'. Write Augment(flip=\"horizontal\")."),
    (get(losses, "QuantileLoss"), AttributeError,
     "module 'fastdl.losses' has no attribute 'QuantileLoss'. Did you mean 'Pinball'?"),
    (lambda: losses.SoftmaxCrossEntropy(ignore_index=-1), TypeError,
     "SoftmaxCrossEntropy has no parameter 'ignore_index'. Label None, or -1, what does not count "
     "in y."),
    (lambda: losses.SoftmaxCrossEntropy(from_logits=True), TypeError,
     "SoftmaxCrossEntropy has no parameter 'from_logits'. Leave it out: networks end in raw "
     "outputs, and the loss knows the link."),
    (lambda: schedules.Step(step_size=3), TypeError,
     "Step has no parameter 'step_size'. Did you mean 'every'?"),
    (lambda: initializers.Normal(stddev=0.1), TypeError,
     "Normal has no parameter 'stddev'. Did you mean 'std'?"),
    (lambda: optim.Adam().set_params(lr=0.01), ValueError,
     "Adam has no parameter 'lr'. The rate is a parameter of the estimator: "
     "learning_rate_init=0.01."),
    (lambda: fastdl.MLPClassifier(solver=optim.Adam()).set_params(solver__lr=0.01), ValueError,
     "Adam has no parameter 'lr'. The rate is a parameter of the estimator: "
     "learning_rate_init=0.01."),
    (lambda: fastdl.NetClassifier([L.Dense(3)]).set_params(dense_1__activation="relu"), ValueError,
     "Dense has no parameter 'activation'. Put Activation('relu') after it."),
    (lambda: losses.get("mse"), ValueError,
     "loss='mse' is not known. Did you mean 'squared_error'? Choose from "
     f"{', '.join(map(repr, losses.BY_NAME))}."),
    (lambda: fastdl.NetClassifier(loss="categorical_crossentropy").fit(X, Y), ValueError,
     "loss='categorical_crossentropy' is not known. Did you mean 'log_loss'? Choose from "
     f"{', '.join(map(repr, LABEL_LOSSES))}."),
    (lambda: initializers.get("xavier_uniform"), ValueError,
     "weight_init='xavier_uniform' is not known. Did you mean 'glorot_uniform'? Choose from "
     f"{', '.join(map(repr, initializers.BY_NAME))}."),
]

PARAMETERS = [
    (lambda: fastdl.NetClassifier(units=3), TypeError,
     "NetClassifier has no parameter 'units'. Did you mean 'layers'?"),
    (lambda: fastdl.Autoencoder(units=3), TypeError,
     "Autoencoder has no parameter 'units'. Did you mean 'hidden_layer_sizes'?"),
    (lambda: fastdl.CNNClassifier(filters=3), TypeError,
     "CNNClassifier has no parameter 'filters'. Did you mean 'conv_layer_sizes'?"),
    (lambda: fastdl.MLPRegressor(max_epoch=3), TypeError,
     "MLPRegressor has no parameter 'max_epoch'. Did you mean 'max_iter'?"),
    (lambda: fastdl.SoftmaxRegression(C=3), TypeError,
     "SoftmaxRegression has no parameter 'C'. Did you mean 'alpha'?"),
    (lambda: fastdl.ELMRegressor(filters=3), TypeError,
     "ELMRegressor has no parameter 'filters'. It has 'activation', 'alpha', 'batch_size', "
     "'device', 'dtype', 'hidden_layer_sizes', 'n_jobs', 'precision', 'random_state'."),
    (lambda: fastdl.NDScaler(axis=1), TypeError,
     "NDScaler has no parameter 'axis'. It has 'feature_range', 'kind', 'method'."),
    (lambda: fastdl.SequenceScaler(axis=1), TypeError,
     "SequenceScaler has no parameter 'axis'. It has 'feature_range', 'method'."),
    (lambda: fastdl.CNNClassifier(data_augmentation=True), TypeError,
     "CNNClassifier has no parameter 'data_augmentation'. Did you mean 'augment'?"),
    (lambda: fastdl.NetClassifier(epochs=5), TypeError,
     "NetClassifier has no parameter 'epochs'. Did you mean 'max_epochs'?"),
    (lambda: fastdl.MLPClassifier(hiden_layer_sizes=(5,)), TypeError,
     "MLPClassifier has no parameter 'hiden_layer_sizes'. Did you mean 'hidden_layer_sizes'?"),
    (lambda: fastdl.NetClassifier(hidden_layer_sizes=(10,)), TypeError,
     "NetClassifier has no parameter 'hidden_layer_sizes'. Did you mean 'layers'?"),
    (lambda: fastdl.NetClassifier().set_params(epochs=5), ValueError,
     "NetClassifier has no parameter 'epochs'. Did you mean 'max_epochs'?"),
    (lambda: fastdl.MLPClassifier().set_params(lr=0.1), ValueError,
     "MLPClassifier has no parameter 'lr'. Did you mean 'learning_rate_init'?"),
    (lambda: fastdl.CNNClassifier().set_params(optimizer__beta1=0.1), ValueError,
     "CNNClassifier has no parameter 'optimizer'. Did you mean 'solver'?"),
    (fit("NetClassifier", y=Y, epochs=5), TypeError,
     "NetClassifier.fit has no argument 'epochs'. It is a parameter: NetClassifier(max_epochs=5)."),
    (fit("MLPClassifier", y=Y, epochs=5), TypeError,
     "MLPClassifier.fit has no argument 'epochs'. It is a parameter: MLPClassifier(max_iter=5)."),
    (fit("CNNClassifier", y=Y, batch_size=8), TypeError,
     "CNNClassifier.fit has no argument 'batch_size'. It is a parameter: "
     "CNNClassifier(batch_size=8)."),
    (fit("RNNClassifier", y=Y, verbose=0), TypeError,
     "RNNClassifier.fit has no argument 'verbose'. It is a parameter: RNNClassifier(verbose=0)."),
    (fit("NetRegressor", y=Y, validation_data=(X, Y)), TypeError,
     "NetRegressor.fit has no argument 'validation_data'. Pass X_val and y_val."),
    (fit("MLPRegressor", y=Y, callbacks=[callbacks.Callback()]), TypeError,
     "MLPRegressor.fit has no argument 'callbacks'. Call set_callbacks(...) before it."),
    (fit("Autoencoder", validation_split=0.1), TypeError,
     "Autoencoder.fit has no argument 'validation_split'. It is a parameter: "
     "Autoencoder(validation_fraction=0.1)."),
    (fit("DBN", n_epochs=5), TypeError,
     "DBN.fit has no argument 'n_epochs'. It is a parameter: DBN(pretrain_epochs=5)."),
    (fit("BernoulliRBM", epochs=5), TypeError,
     "BernoulliRBM.fit has no argument 'epochs'. It is a parameter: BernoulliRBM(n_iter=5)."),
    (fit("ELMClassifier", y=Y, validation_data=(X, Y)), TypeError,
     "ELMClassifier.fit has no argument 'validation_data'. It takes X, y, sample_weight."),
]

MODE = "Leave it out: fit trains, and all else uses the network as it is in use."
DEVICE = 'Write device="cuda" in the constructor, or set_params(device="cuda") before fit.'
ATTRIBUTES = [
    of_estimator("NetClassifier", "compile",
     "Leave it out: loss and optimizer are parameters; fit makes the network."),
    of_estimator("MLPClassifier", "evaluate", "Write score(X, y)."),
    of_estimator("BernoulliRBM", "evaluate", "Write score_samples(X)."),
    of_estimator("CNNClassifier", "forward", "Write predict(X)."),
    of_estimator("DBN", "forward", "Write transform(X)."),
    of_estimator("RNNRegressor", "train", MODE),
    of_estimator("TabularClassifier", "eval", MODE),
    of_estimator("NetRegressor", "to", DEVICE),
    of_estimator("NetRegressor", "cuda", DEVICE),
    of_estimator("NetRegressor", "cpu", DEVICE),
    of_estimator("Autoencoder", "state_dict", "Write get_weights()."),
    of_estimator("GaussianRBM", "state_dict", "Write get_weights()."),
    of_estimator("Autoencoder", "load_state_dict", "Write set_weights(weights)."),
    of_estimator("Seq2Seq", "parameters", "Write get_weights()."),
    of_estimator("TextGenerator", "named_parameters", "Write get_weights()."),
    of_estimator("CNNRegressor", "fit_generator",
     "Write partial_fit(X, y) for each part, or fit(X, y): X may be mapped."),
    of_estimator("TabularClassifier", "fit_generator", "Write fit(X, y): X may be mapped."),
    of_estimator("NetClassifier", "train_on_batch", "Write partial_fit(X, y)."),
    (lambda: fastdl.TabularClassifier().train_on_batch, AttributeError,  # which has no partial_fit
     "'TabularClassifier' object has no attribute 'train_on_batch'"),
    (lambda: fastdl.MLPClassifier(solver="lbfgs").partial_fit, AttributeError,
     "This 'MLPClassifier' has no attribute 'partial_fit'"),  # scikit-learn says so, and why
]
# fmt: on

OTHER_NAMES = [*NAMES, *FIELDS, *PARAMETERS, *ATTRIBUTES]
