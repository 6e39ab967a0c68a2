"""Lists of layers: names, parameters, plain data."""

import numpy as np
import pytest

from fastdl import layers as L


def net():
    return [
        L.Conv2D(32, 3, padding="same", name="conv1"),
        L.BatchNorm(),
        L.Residual([L.Conv2D(32, 3, padding="same"), L.BatchNorm()], shortcut=[L.Conv2D(32, 1)]),
        L.Sequential([L.MaxPool2D(), L.Dropout(0.2)], name="end"),
    ]


# --- scikit-learn


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


# --- lists of layers


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
