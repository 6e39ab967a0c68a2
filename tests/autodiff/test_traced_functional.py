"""fastdl.functional under fastdl.autodiff: both modes, and derivatives of derivatives."""

import importlib

import numpy as np
import pytest

import fastdl.functional as F
from fastdl.autodiff import check_gradients, grad, jvp, vjp

codes = np.array([0, 3, 1, 1, 2])
ids = np.array([[0, 2, 2], [1, 0, 3]])


def normal(*shape):
    return np.random.default_rng(len(shape)).normal(size=shape)


ROWS, IMAGES = normal(5, 4), normal(2, 5, 6, 4)
CELLS = normal(5, 6)
points = np.array([[0.3, 0.7, 1.1, 0.2, 1.0, 0.4], [np.nan] * 4 + [0.0, 0.9]])[[0, 1, 1, 0, 1]]
counts = np.abs(normal(5, 4)[::-1]).round(1)
weight = np.abs(normal(5)) + 0.1


def first(f):
    return lambda *args: f(*args)[0]


ANY_ORDER = {
    "dense": (F.dense, ROWS, normal(4, 3), normal(3)),
    "dense_without_bias": (F.dense, ROWS, normal(4, 3)),
    "conv2d": (F.conv2d, IMAGES, normal(3, 3, 4, 2), normal(2)),
    "conv2d_options": (
        lambda x, w: F.conv2d(x, w, stride=2, padding="same", dilation=2, groups=2),
        IMAGES,
        normal(3, 3, 2, 4),
    ),
    "conv2d_transpose": (
        lambda x, w, b: F.conv2d_transpose(x, w, b, stride=2),
        IMAGES,
        normal(3, 3, 2, 4),
        normal(2),
    ),
    "im2col": (lambda x: F.im2col(x, (3, 2), stride=2, padding=1), IMAGES),
    "col2im": (lambda c: F.col2im(c, (2, 3, 3, 1), 2), normal(8, 4)),
    "avg_pool2d": (lambda x: F.avg_pool2d(x, 2), IMAGES),
    "global_avg_pool2d": (F.global_avg_pool2d, IMAGES),
    "conv1d": (
        lambda x, w, b: F.conv1d(x, w, b, 2, "same", lengths=[4, 1]),
        normal(2, 4, 3),
        normal(3, 3, 2),
        normal(2),
    ),
    "avg_pool1d": (lambda x: F.avg_pool1d(x, 2, 1, "same", [4, 1]), normal(2, 4, 3)),
    "pad2d": (lambda x: F.pad2d(x, (1, 2), value=0.5), IMAGES),
    "pad2d_reflect": (lambda x: F.pad2d(x, ((0, 2), (1, 0)), "reflect"), IMAGES),
    "crop2d": (lambda x: F.crop2d(x, ((0, 1), (1, 0))), IMAGES),
    "resize2d": (lambda x: F.resize2d(x, (4, 5), "bicubic", antialias=True), IMAGES),
    "pixel_shuffle": (lambda x: F.pixel_shuffle(x, 2), IMAGES),
    "weight_norm": (F.weight_norm, normal(3, 2, 4), normal(4)),
    "upsample2d": (lambda x: F.upsample2d(x, 2, "bilinear"), IMAGES),
    "dropout": (lambda x: F.dropout(x, 0.5, 3), ROWS),
    "embedding": (lambda t: F.embedding(ids, t), normal(4, 3)),
    **{name: (getattr(F, name), ROWS) for name in (
        "relu", "leaky_relu", "elu", "selu", "sigmoid", "tanh", "softplus", "gelu", "swish",
        "mish", "softmax", "log_softmax",
    )},
    "leaky_relu_alpha": (lambda x: F.leaky_relu(x, alpha=0.3), ROWS),
    "elu_alpha": (lambda x: F.elu(x, 0.5), ROWS),
    "swish_alpha": (lambda x: F.swish(x, 1.5), ROWS),
    "activation": (lambda x: F.activation(x, "tanh"), ROWS),
    "maxout": (lambda x: F.maxout(x, 2), ROWS),
    "prelu": (F.prelu, ROWS, normal(4)),
    "softmax_cross_entropy": (first(lambda p: F.softmax_cross_entropy(p, codes)), ROWS),
    "softmax_cross_entropy_options": (
        first(lambda p: F.softmax_cross_entropy(p, codes, weight, "sum", label_smoothing=0.1)),
        ROWS,
    ),
    "slope_of_softmax_cross_entropy": (lambda p: F.softmax_cross_entropy(p, codes)[1], ROWS),
    "binary_cross_entropy": (first(lambda p: F.binary_cross_entropy(p, counts > 0.5)), ROWS),
    "squared_error": (first(lambda p, y: F.squared_error(p, y, weight, "none")), ROWS, counts),
    "absolute_error": (first(lambda p: F.absolute_error(p, counts)), ROWS),
    "huber": (first(lambda p: F.huber(p, counts, delta=0.7)), ROWS),
    "hinge": (first(lambda p: F.hinge(p, codes, weight)), ROWS),
    "poisson": (first(lambda p: F.poisson(p, counts)), ROWS),
    "focal": (first(lambda p: F.focal(p, codes, weight, gamma=1.5)), ROWS),
    "slope_of_focal": (lambda p: F.focal(p, codes)[1], ROWS),
    "binary_focal": (first(lambda p: F.binary_focal(p, (counts > 0.5) * 1.0)), ROWS),
    "slope_of_binary_focal": (lambda p: F.binary_focal(p, (counts > 0.5) * 1.0)[1], ROWS),
    "objects_as_points": (first(lambda p: F.objects_as_points(p, points, weight)), CELLS),
    "slope_of_objects_as_points": (lambda p: F.objects_as_points(p, points)[1], CELLS),
    "triplet": (first(lambda p: F.triplet(p, codes, weight, margin=9.0)), ROWS),
    "slope_of_triplet": (lambda p: F.triplet(p, codes, margin=9.0)[1], ROWS),
    "contrastive": (first(lambda p: F.contrastive(p, codes, weight, margin=5.0)), ROWS),
    "slope_of_contrastive": (lambda p: F.contrastive(p, codes, margin=5.0)[1], ROWS),
    "slope_of_hinge": (lambda p: F.hinge(p, codes)[1] + p, ROWS),
    "slope_of_huber": (lambda p: F.huber(p, counts)[1], ROWS),
    "slope_of_pinball": (lambda p: F.pinball(p, counts)[1] + p, ROWS),
    "slope_of_binary": (lambda p: F.binary_cross_entropy(p, counts * 0.1)[1], ROWS),
    "pinball": (first(lambda p: F.pinball(p, counts, quantile=0.3)), ROWS),
}  # fmt: skip
x, h = normal(2, 4, 3), normal(2, 5)
ONCE = {
    "max_pool1d": (lambda x: F.max_pool1d(x, 2, lengths=[4, 2]), x),
    "spatial_pyramid_pool2d": (F.spatial_pyramid_pool2d, IMAGES),
    "stochastic_pool2d": (lambda x: F.stochastic_pool2d(x, 2, seed=5), IMAGES),
    "rrelu": (lambda x: F.rrelu(x, seed=5), ROWS),
    "max_pool2d": (lambda x: F.max_pool2d(x, 2), IMAGES),
    "global_max_pool2d": (F.global_max_pool2d, IMAGES),
    "group_norm": (lambda x, g, b: F.group_norm(x, g, b, 2), IMAGES, normal(4), normal(4)),
    "local_response_norm": (lambda x: F.local_response_norm(x, 3, 0.5), IMAGES),
    "unit_norm": (F.unit_norm, IMAGES),
    "layer_norm": (F.layer_norm, ROWS, normal(4), normal(4)),
    "batch_norm": (
        lambda x, g, b: F.batch_norm(x, g, b, np.zeros(4), np.ones(4), training=True),
        ROWS,
        normal(4),
        normal(4),
    ),
    "rnn": (F.rnn, x, normal(3, 5), normal(5, 5), normal(5), h),
    "gru": (lambda *a: F.gru(*a, lengths=[4, 2]), x, normal(3, 15), normal(5, 15), normal(15)),
    "lstm": (F.lstm, x, normal(3, 20), normal(5, 20), normal(20), h, h * 0.5),
    "lstm_states": (first(F.lstm), x, normal(3, 20), normal(5, 20)),
}


@pytest.mark.share(3)
@pytest.mark.parametrize("name", ANY_ORDER)
def test_both_modes_and_twice(name):
    f, *args = ANY_ORDER[name]
    check_gradients(f, args)


@pytest.mark.parametrize("name", ANY_ORDER | ONCE)
def test_values_are_those_of_plain_arrays(name):
    f, *args = (ANY_ORDER | ONCE)[name]
    y, _ = vjp(f, *args)
    expected = f(*args)
    for a, b in zip(*[v if isinstance(v, tuple) else (v,) for v in (y, expected)], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", ONCE)
def test_once_in_reverse(name):
    f, *args = ONCE[name]
    check_gradients(f, args, modes=["reverse"], order=1)
    with pytest.raises(NotImplementedError, match="forward mode"):
        jvp(f, args, args)
    with pytest.raises(NotImplementedError, match="once, by reverse mode"):
        grad(lambda *a: np.sum(grad(lambda *b: np.sum(np.sin(_one(f(*b)))))(*a)))(*args)


def _one(y):
    return y[0] if isinstance(y, tuple) else y


def test_in_a_net_with_numpy():
    def loss(p):
        z = F.dense(np.maximum(F.conv2d(IMAGES, p["k"]), 0).reshape(2, -1), p["w"])
        return F.softmax_cross_entropy(z, [0, 1])[0]

    p = {"k": normal(3, 3, 4, 2), "w": normal(24, 3) * 0.1}
    check_gradients(loss, (p,), max_elements=20)
    g = grad(loss)({key: a.astype(np.float32) for key, a in p.items()})
    assert g["k"].dtype == g["w"].dtype == np.float32


def test_out_is_refused():
    with pytest.raises(NotImplementedError, match="F.relu|functional.relu: out="):
        grad(lambda x: np.sum(F.relu(x, out=np.empty(3))))(np.ones(3))


def test_every_rule_has_a_case():
    rules = importlib.import_module("fastdl.autodiff._trace").RULES
    importlib.import_module("fastdl.autodiff._functional")
    names = {str(rule.name)[2:] for rule in rules.values() if getattr(rule, "name", "")[:2] == "F."}
    names = {name for name in names if not name.endswith("_backward")}  # second derivatives call it
    assert names - set(ANY_ORDER | ONCE) == {"attention"}  # tests/functional/test_attention.py
