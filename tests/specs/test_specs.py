"""Specs: data that compares, prints, pickles and clones; lists of layers; exact messages."""

import inspect
import pickle
import re

import numpy as np
import pytest

from fastdl import _core, initializers, losses, optim, schedules
from fastdl import layers as L
from fastdl.program import (
    compile,
    count_threads,
    draw_weights,
    get_state,
    set_loss,
    set_optimizer,
    set_state,
    summary,
)


def affine(x, w, b):
    return x @ w + b


def first_sample(x):
    return x[0]


def gram(x):
    return x @ x.T


def as_image(x):
    return np.reshape(x, (-1, 2, 2, 1))


FAMILIES = {
    "initializers": (initializers.BY_NAME.values(), initializers.get),
    "losses": (losses.BY_NAME.values(), losses.get),
    "optim": (optim.BY_NAME.values(), optim.get),
    "schedules": (schedules.BY_NAME.values(), schedules.get),
}
REQUIRED = {
    L.Dense: (3,),
    L.Conv2D: (4, 3),
    L.Conv2DTranspose: (4, 3),
    L.DepthwiseConv2D: (3,),
    L.SeparableConv2D: (4, 3),
    L.Conv1D: (4, 3),
    L.WeightNorm: (L.Dense(4),),
    L.DropConnect: (L.Dense(4),),
    L.Maxout: (5,),
    L.Reshape: ([2, 2, 3],),
    L.EmbedCategories: ((5, 3),),
    L.Embedding: (7, 3),
    L.RNN: (4,),
    L.LSTM: (4,),
    L.GRU: (4,),
    L.Bidirectional: (L.LSTM(4),),
    L.Sequential: ([L.Dense(3)],),
    L.Residual: ([L.Dense(3)],),
    L.Gate: ([L.Dense(3)],),
    L.Resize2D: (3,),
    L.Transpose: ((1, 0, 2),),
    L.Concat: ([[L.Dense(3)], []],),
    L.AuxHead: ([L.Dense(3)],),
    L.TiedDense: ("dense_1",),
    L.ActivityL1: (0.1,),
    L.Lambda: (np.tanh,),
    L.Contractive: ([L.Dense(3), L.Activation("sigmoid")],),
}


EXAMPLES = [layer(*REQUIRED.get(layer, ())) for layer in L.ALL] + [
    spec() for family, _ in FAMILIES.values() for spec in family
]


def net():
    return [
        L.Conv2D(32, 3, padding="same", name="conv1"),
        L.BatchNorm(),
        L.Residual([L.Conv2D(32, 3, padding="same"), L.BatchNorm()], shortcut=[L.Conv2D(32, 1)]),
        L.Sequential([L.MaxPool2D(), L.Dropout(0.2)], name="end"),
    ]


CLASSES = {type(spec).__name__: type(spec) for spec in EXAMPLES}

# --- values --------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", EXAMPLES, ids=lambda s: type(s).__name__)
def test_a_spec_is_a_value(spec):
    spec.check()
    again = type(spec)(*(getattr(spec, f) for f in required_fields(spec)))
    assert again == spec
    assert hash(again) == hash(spec)
    assert pickle.loads(pickle.dumps(spec)) == spec
    if not isinstance(spec, L.Lambda):  # a function's repr is no expression
        assert eval(repr(spec), {**CLASSES, type(spec).__name__: type(spec)}) == spec
    assert spec.set_params(**spec.get_params()) == spec
    with pytest.raises(AttributeError):
        spec.anything = 1


def required_fields(spec):
    arguments = inspect.signature(type(spec)).parameters.values()
    return [a.name for a in arguments if a.default is a.empty]


@pytest.mark.parametrize("spec", EXAMPLES, ids=lambda s: type(s).__name__)
def test_every_field_has_a_rule(spec):
    unruled = {"name"} if isinstance(spec, L.Layer) else {"schedule"}
    assert set(spec.get_params(deep=False)) - unruled == set(spec.rules)


def test_fields_are_those_of_the_core():
    assert {layer.kind: set(layer(*REQUIRED.get(layer, ())).rules) for layer in L.ALL} == {
        kind: set(fields) for kind, fields in _core.layer_fields().items()
    }


def test_the_repr_shows_what_was_changed():
    assert repr(L.Conv2D(32, 3, padding="same", name="conv1")) == (
        "Conv2D(32, 3, padding='same', name='conv1')"
    )
    assert repr(L.Dense(10, bias=False, weight_init="he_normal")) == (
        "Dense(10, bias=False, weight_init='he_normal')"
    )
    assert repr(L.Residual([L.Dense(3), L.BatchNorm()])) == "Residual((Dense(3), BatchNorm()))"
    assert repr(optim.AdamW(weight_decay=0.1)) == "AdamW(weight_decay=0.1)"
    assert repr(L.MaxPool2D()) == "MaxPool2D()"


def test_lists_are_kept_as_tuples():
    layer = L.Conv2D(4, [3, 5], padding=[[1, 2], [3, 4]])
    assert layer == L.Conv2D(4, (3, 5), padding=((1, 2), (3, 4)))
    assert hash(layer) == hash(L.Conv2D(4, (3, 5), padding=((1, 2), (3, 4))))
    assert layer.kernel_size == (3, 5)


def test_the_name_is_keyword_only():
    with pytest.raises(TypeError):
        L.Flatten("flat")


def test_constructors_judge_nothing():
    assert L.Dense(-3).units == -3


def test_replace_gives_a_copy():
    conv = L.Conv2D(32, 3)
    assert conv.replace(filters=16) == L.Conv2D(16, 3)
    assert conv == L.Conv2D(32, 3)
    with pytest.raises(ValueError, match=r"Conv2D: parameter='filter' is not known. Did you mean"):
        conv.replace(filter=16)


def test_nested_parameters():
    spec = L.Dense(3, weight_init=initializers.HeNormal())
    assert spec.get_params()["weight_init__gain"] == 1.0
    assert "weight_init__gain" not in spec.get_params(deep=False)
    changed = spec.set_params(weight_init__gain=2.0, units=4)
    assert changed == L.Dense(4, weight_init=initializers.HeNormal(2.0))
    with pytest.raises(ValueError, match="'units__gain' is not known"):
        spec.set_params(units__gain=2.0)


# --- scikit-learn --------------------------------------------------------------------------------


def test_clone_and_grids_over_a_list_of_layers():
    base = pytest.importorskip("sklearn.base")
    from sklearn.model_selection import ParameterGrid

    class Net(base.BaseEstimator):  # what an estimator does with its layers
        def __init__(self, layers, solver="adam"):
            self.layers = layers
            self.solver = solver

        def get_params(self, deep=True):
            params = super().get_params(deep)
            return {**L.get_params(self.layers), **params} if deep else params

        def set_params(self, **params):
            own = {key: value for key, value in params.items() if key in ("layers", "solver")}
            super().set_params(**own)
            self.layers = L.set_params(
                self.layers, **{key: value for key, value in params.items() if key not in own}
            )
            return self

    est = Net(net())
    copy = base.clone(est)
    assert copy.layers == est.layers
    assert copy.layers is not est.layers
    assert "Conv2D(32, 3, padding='same', name='conv1')" in repr(est)
    filters = [
        base.clone(est).set_params(**p).layers[0].filters
        for p in ParameterGrid({"conv1__filters": [16, 8]})
    ]
    assert filters == [16, 8]
    assert est.layers == net()


def test_clone_of_a_spec_is_the_spec():
    clone = pytest.importorskip("sklearn.base").clone
    spec = L.Dense(3, name="a")
    assert clone(spec) is spec


# --- lists of layers -----------------------------------------------------------------------------


def test_automatic_names_count_the_kind_in_the_whole_net():
    assert [layer.name for layer in L.walk(L.with_names(net()))] == [
        "conv1",
        "batch_norm_1",
        "residual_1",
        "conv2d_2",
        "batch_norm_2",
        "conv2d_3",
        "end",
        "max_pool2d_1",
        "dropout_1",
    ]


def test_find_and_replace_by_name():
    layers = net()
    assert L.find(layers, "conv2d_3") == L.Conv2D(32, 1)
    changed = L.replace(layers, "conv2d_3", filters=8)
    assert changed[2].shortcut == (L.Conv2D(8, 1),)
    assert changed[:2] == layers[:2]
    assert layers == net()
    with pytest.raises(ValueError, match="layer='conv2' is not known. Did you mean 'conv1'"):
        L.find(layers, "conv2")


def test_params_of_a_list():
    params = L.get_params(net())
    assert params["conv1__filters"] == 32
    assert params["dropout_1__rate"] == 0.2
    assert params["dropout_1"] == L.Dropout(0.2)
    changed = L.set_params(
        net(), end__layers=[L.Flatten()], conv1=L.Conv2D(2, 5), conv2d_2__bias=False
    )
    assert changed[0] == L.Conv2D(2, 5, name="conv1")
    assert changed[2].layers[0] == L.Conv2D(32, 3, padding="same", bias=False)
    assert changed[3] == L.Sequential([L.Flatten()], name="end")
    wide = [L.Concat([[L.Dense(2)], [], [L.Dense(3), L.Dense(4)]], name="wide")]
    assert [layer.name for layer in L.walk(L.with_names(wide))] == [
        *("wide", "dense_1", "dense_2", "dense_3"),
    ]
    changed = L.set_params(wide, dense_2__units=7)
    assert changed == [L.Concat([[L.Dense(2)], [], [L.Dense(7), L.Dense(4)]], name="wide")]


# fmt: off
PLAIN = [
    (L.Dense(np.int64(3), name="a"),
     {"kind": "dense", "title": "Dense", "name": "a", "units": 3, "bias": True, "weight_init": None,
      "bias_init": None, "trainable": True, "lr_multiplier": 1.0}),
    (L.Conv2D(8, (3, 5), padding=(1, 2), weight_init="zeros"),
     {"kind": "conv2d", "title": "Conv2D", "name": "conv2d_1", "filters": 8, "kernel_size": [3, 5],
      "stride": [1, 1], "padding": [1, 1, 2, 2], "dilation": [1, 1], "groups": 1, "bias": True,
      "weight_init": None, "bias_init": None, "trainable": True, "lr_multiplier": 1.0}),
    (L.MaxPool2D(3),
     {"kind": "max_pool2d", "title": "MaxPool2D", "name": "max_pool2d_1", "size": [3, 3],
      "stride": [3, 3], "padding": [0, 0, 0, 0]}),
    (L.AvgPool2D(2, stride=1, padding="same"),
     {"kind": "avg_pool2d", "title": "AvgPool2D", "name": "avg_pool2d_1", "size": [2, 2],
      "stride": [1, 1], "padding": "same", "count_include_pad": True}),
    (L.Activation("leaky_relu"),
     {"kind": "activation", "title": "Activation", "name": "activation_1", "function": "leaky_relu",
      "alpha": 0.01}),
    (L.Activation("elu", 2),
     {"kind": "activation", "title": "Activation", "name": "activation_1", "function": "elu",
      "alpha": 2.0}),
    (L.Dropout(0),
     {"kind": "dropout", "title": "Dropout", "name": "dropout_1", "rate": 0.0}),
    (L.Concat([[L.Flatten(name="flat")], []]),
     {"kind": "concat", "title": "Concat", "name": "concat_1",
      "branches": [[{"kind": "flatten", "title": "Flatten", "name": "flat"}], []]}),
    (L.Residual([L.Flatten(name="flat")]),
     {"kind": "residual", "title": "Residual", "name": "residual_1",
      "layers": [{"kind": "flatten", "title": "Flatten", "name": "flat"}], "shortcut": None}),
]
# fmt: on


@pytest.mark.parametrize(("layer", "plain"), PLAIN, ids=lambda v: getattr(v, "kind", None))
def test_plain_data(layer, plain):
    [got] = L.to_dict([layer])
    assert got == plain
    assert [type(value) for value in got.values()] == [type(value) for value in plain.values()]


@pytest.mark.parametrize(
    ("padding", "plain"),
    [
        ("valid", "valid"),
        (2, [2, 2, 2, 2]),
        ((1, 2), [1, 1, 2, 2]),
        (((1, 2), (3, 4)), [1, 2, 3, 4]),
    ],
)
def test_padding(padding, plain):
    assert L.to_dict([L.Conv2D(1, 1, padding=padding)])[0]["padding"] == plain


# --- messages ------------------------------------------------------------------------------------

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


# --- by name -------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
def test_lookup_by_name(family):
    specs, get = FAMILIES[family]
    table = {"initializers": initializers, "losses": losses, "optim": optim, "schedules": schedules}
    for name, spec in zip(table[family].BY_NAME, specs, strict=True):
        assert get(name) == spec()
        assert get(spec()) == spec()


def test_losses_know_their_link_and_targets():
    known = {name: (loss.link, loss.codes, loss().param) for name, loss in losses.BY_NAME.items()}
    assert known == {
        "softmax_cross_entropy": ("softmax", True, 0.0),
        "binary_cross_entropy": ("sigmoid", False, 0.0),
        "squared_error": ("", False, 0.0),
        "absolute_error": ("", False, 0.0),
        "huber": ("", False, 1.0),
        "hinge": ("", True, 1.0),
        "poisson": ("exp", False, 0.0),
        "pinball": ("", False, 0.5),
        "focal": ("softmax", True, 2.0),
        "binary_focal": ("sigmoid", False, 2.0),
        "objects_as_points": ("", False, 1.0),
        "triplet": ("", True, 0.2),
        "contrastive": ("", True, 1.0),
    }


def test_rules_of_the_optimizers():
    assert optim.AdamW().rule() == {
        "beta1": 0.9,
        "beta2": 0.999,
        "eps": 1e-8,
        "weight_decay": 0.01,
    }
    assert optim.AdaDelta().rule() == {"momentum": 0.95, "eps": 1e-6}
    assert optim.LBFGS().rule() == {}


# --- programs ------------------------------------------------------------------------------------


def small(**options):
    layers = [
        L.Dense(5, name="hidden", bias_init=initializers.Constant(0.5)),
        L.BatchNorm(),
        L.PReLU(alpha_init=0.1),
        L.Dense(3, name="out", trainable=False),
    ]
    return compile(layers, (4,), dtype="float64", random_state=0, **options)


def test_initial_weights():
    program = small()
    expected = np.random.RandomState(0)
    hidden = expected.uniform(-np.sqrt(6 / 4), np.sqrt(6 / 4), (4, 5))  # He, before PReLU
    out = expected.uniform(-np.sqrt(6 / 8), np.sqrt(6 / 8), (5, 3))  # Glorot
    state = get_state(program)
    np.testing.assert_array_equal(state["hidden.weight"], hidden)
    np.testing.assert_array_equal(state["hidden.bias"], np.full(5, 0.5))
    np.testing.assert_array_equal(state["batch_norm_1.gain"], np.ones(5))
    np.testing.assert_array_equal(state["batch_norm_1.shift"], np.zeros(5))
    np.testing.assert_array_equal(state["prelu_1.alpha"], np.full(5, 0.1))
    np.testing.assert_array_equal(state["batch_norm_1.running_var"], np.ones(5))
    np.testing.assert_array_equal(state["out.weight"], out)
    np.testing.assert_array_equal(state["out.bias"], np.zeros(3))


# fmt: off
AUTOMATIC = [
    ([L.Dense(2, name="a"), L.Activation("relu")], "HeUniform"),
    ([L.Dense(2, name="a"), L.BatchNorm(), L.Dropout(), L.Activation("swish")], "HeUniform"),
    ([L.Dense(2, name="a"), L.LayerNorm(), L.PReLU()], "HeUniform"),
    ([L.Dense(2, name="a"), L.Activation("selu")], "LeCunNormal"),
    ([L.Dense(2, name="a"), L.Activation("tanh")], "GlorotUniform"),
    ([L.Dense(2, name="a"), L.Dense(2), L.Activation("relu")], "GlorotUniform"),
    ([L.Dense(2, name="a")], "GlorotUniform"),
    ([L.Conv2D(2, 3, name="a"), L.MaxPool2D(), L.Activation("relu")], "HeUniform"),
    ([L.Dense(4, name="a"), L.Corrupt(), L.ActivityL1(0.1), L.PReLU()], "HeUniform"),
    ([L.Dense(4, name="a"), L.Residual([L.Activation("relu")])], "GlorotUniform"),
    ([L.Dense(4, name="a"), L.Bidirectional(L.GRU(3)), L.Activation("relu")], "GlorotUniform"),
    ([L.Maxout(2, name="a")], "HeUniform"),
    ([L.Sequential([L.Dense(2, name="a")]), L.Activation("relu")], "HeUniform"),
    ([L.Dense(2, name="a"), L.Sequential([L.Activation("relu")])], "HeUniform"),
    ([L.Residual([L.Dense(2, name="a"), L.BatchNorm()]), L.Activation("relu")], "HeUniform"),
    ([L.Residual([L.Dense(2)], [L.Dense(2, name="a")]), L.Activation("relu")], "HeUniform"),
]
# fmt: on


@pytest.mark.parametrize(("layers", "initializer"), AUTOMATIC)
def test_automatic_initializers(layers, initializer):
    named = L.with_names(layers)
    automatic = L.automatic_initializers(named)["a"]
    chosen = L.find(named, "a").initializer("weight", "weight", automatic)
    assert type(chosen).__name__ == initializer


def test_named_initializers_are_used():
    program = compile([L.Dense(3, weight_init="zeros", bias_init="constant")], (2,))
    assert not program.get_weights().any()


def test_draw_weights_moves_a_random_state_on():
    program = small()
    random = np.random.RandomState(0)
    first = get_state(program)["out.weight"]
    layers = [L.Dense(5, name="hidden"), L.BatchNorm(), L.PReLU(), L.Dense(3, name="out")]
    draw_weights(program, layers, random)
    np.testing.assert_array_equal(get_state(program)["out.weight"], first)
    draw_weights(program, layers, random)
    assert not np.array_equal(get_state(program)["out.weight"], first)


def test_state_goes_out_and_in():
    program, other = small(), small()
    state = get_state(program)
    other.set_weights(np.zeros_like(other.get_weights()))
    set_state(other, state)
    for name, value in get_state(other).items():
        np.testing.assert_array_equal(value, state[name])


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda s: s.pop("out.bias"), "'out.bias' of the network is missing in the weights."),
        (lambda s: s.update(w=np.ones(2)), "'w' of the weights is not in the network."),
        (
            lambda s: s.update({"out.bias": np.ones(2)}),
            "'out.bias' has shape (2,) in the weights, but (3,) in the network.",
        ),
    ],
)
def test_state_of_another_net(change, text):
    program = small()
    state = get_state(program)
    change(state)
    with pytest.raises(ValueError, match="^'") as caught:
        set_state(program, state)
    expected = f"{text} Weights fit only a network with the layers they were taken from."
    assert str(caught.value) == expected


def test_summary():
    layers = [
        L.Conv2D(6, 5, name="conv1"),
        L.Residual([L.Conv2D(6, 3, padding="same", trainable=False)]),
        L.Flatten(),
        L.Dense(10),
    ]
    text = summary(compile(layers, (28, 28, 1)))
    assert text == (
        "Layer                  Output shape  Parameters\n"
        "-----------------------------------------------\n"
        "conv1 (Conv2D)         24x24x6              156\n"
        "residual_1 (Residual)  24x24x6                0\n"
        "  conv2d_2 (Conv2D)    24x24x6              330\n"
        "flatten_1 (Flatten)    3456                   0\n"
        "dense_1 (Dense)        10                34,570\n"
        "Input 28x28x1, 35,056 parameters, 330 of them frozen."
    )


def test_thread_counts(monkeypatch):
    assert count_threads(1) == 1
    assert count_threads(np.int64(2)) == min(2, count_threads(-1))
    assert count_threads(1000) == count_threads(-1)
    assert count_threads(None) >= 1
    assert count_threads(-1) >= 1
    assert count_threads(-1000) == 1
    monkeypatch.setattr(_core, "max_threads", lambda: 1)
    assert count_threads(None) == 1


def test_losses_and_optimizers_reach_the_program(rng):
    X, y = rng.normal(size=(8, 4)), rng.normal(size=(8, 3))
    program = compile([L.Dense(3)], (4,), dtype="float64", loss="huber", optimizer=optim.SGD())
    weights = program.get_weights()
    loss, penalty = program.loss_and_grads(X, y)
    gradients = program.get_gradients()
    order = np.arange(8)
    program.train_epoch(X, y, order, np.array([0.1]))
    np.testing.assert_allclose(
        program.get_weights(), weights - 0.1 * gradients, rtol=1e-12, atol=1e-12
    )
    assert loss > 0
    assert penalty == 0
    set_loss(program, losses.SquaredError())
    set_optimizer(program, "adam", l2=0.5)
    assert program.loss_and_grads(X, y)[1] > 0


def test_lbfgs_finds_the_least_squares(rng):
    pytest.importorskip("scipy")
    X = rng.normal(size=(30, 4))
    y = X @ rng.normal(size=(4, 2)) + 0.1 * rng.normal(size=(30, 2)) + 1.0
    program = compile([L.Dense(2)], (4,), dtype="float64", loss="squared_error", optimizer="lbfgs")
    seen = []
    result = optim.minimize(program, X, y, optim.LBFGS(), tol=1e-8, callback=seen.append)
    exact = np.linalg.lstsq(np.c_[X, np.ones(30)], y, rcond=None)[0]
    np.testing.assert_allclose(program.get_parameter("dense_1.weight"), exact[:4], atol=1e-4)
    np.testing.assert_allclose(program.get_parameter("dense_1.bias"), exact[4], atol=1e-4)
    assert result.nit == len(seen)


def test_lbfgs_leaves_frozen_parameters(rng):
    pytest.importorskip("scipy")
    X, y = rng.normal(size=(30, 4)), rng.normal(size=(30, 2))
    layers = [L.Dense(3, trainable=False), L.Activation("tanh"), L.Dense(2)]
    program = compile(layers, (4,), dtype="float64", loss="squared_error", random_state=0)
    before = program.get_parameter("dense_1.weight")
    optim.minimize(program, X, y, optim.LBFGS(), max_iter=3)
    np.testing.assert_array_equal(program.get_parameter("dense_1.weight"), before)
