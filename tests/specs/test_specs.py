"""Specs: data that compares, prints, pickles and clones; lists of layers; exact messages."""

import inspect
import pickle

import numpy as np
import pytest

from fastdl import _core, initializers, losses, optim, schedules
from fastdl import layers as L

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


CLASSES = {type(spec).__name__: type(spec) for spec in EXAMPLES}


# --- values


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


# --- scikit-learn


def test_clone_of_a_spec_is_the_spec():
    clone = pytest.importorskip("sklearn.base").clone
    spec = L.Dense(3, name="a")
    assert clone(spec) is spec


# --- by name


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
