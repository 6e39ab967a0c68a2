"""The reference against PyTorch, where that is installed."""

import numpy as np
import pytest

import reference as ref

torch = pytest.importorskip("torch", reason="PyTorch is only needed to doubt the reference")
F = pytest.importorskip("torch.nn.functional")


def channels_first(x):
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(x, -1, 1)))


def channels_last(t):
    return np.moveaxis(t.numpy(), 1, -1)


CONVS = [
    # image, c, f, kernel, stride, padding (top, bottom, left, right), dilation, groups
    ((5, 6), 3, 4, (3, 3), (1, 1), (0, 0, 0, 0), (1, 1), 1),
    ((5, 6), 3, 4, (2, 3), (2, 1), (1, 0, 2, 3), (1, 1), 1),
    ((9, 8), 4, 6, (3, 2), (2, 3), (1, 2, 0, 1), (2, 3), 2),
    ((6, 6), 3, 6, (3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 3),
]


@pytest.mark.parametrize(
    ("image", "c", "f", "size", "stride", "padding", "dilation", "groups"), CONVS
)
def test_conv2d(rng, image, c, f, size, stride, padding, dilation, groups):
    x, w, b = (
        rng.normal(size=(2, *image, c)),
        rng.normal(size=(*size, c // groups, f)),
        rng.normal(size=f),
    )
    top, bottom, left, right = padding
    padded = F.pad(channels_first(x), (left, right, top, bottom))
    weight = torch.from_numpy(w.transpose(3, 2, 0, 1).copy())
    y = F.conv2d(padded, weight, torch.from_numpy(b), stride, 0, dilation, groups)
    np.testing.assert_allclose(
        ref.conv2d(x, w, b, stride, padding, dilation, groups),
        channels_last(y),
        rtol=1e-12,
        atol=1e-12,
    )


TRANSPOSED = [
    # image, c, f, kernel, stride, padding of each axis, output_padding, dilation, groups
    ((5, 6), 3, 4, (3, 3), (1, 1), (0, 0), (0, 0), (1, 1), 1),
    ((4, 5), 3, 4, (2, 3), (2, 1), (1, 0), (1, 0), (1, 1), 1),
    ((4, 3), 4, 6, (3, 2), (3, 2), (1, 2), (2, 1), (2, 3), 2),
    ((3, 3), 6, 3, (3, 3), (2, 2), (1, 1), (1, 1), (1, 1), 3),
]


@pytest.mark.parametrize(
    ("image", "c", "f", "size", "stride", "padding", "extra", "dilation", "groups"), TRANSPOSED
)
def test_conv2d_transpose(rng, image, c, f, size, stride, padding, extra, dilation, groups):
    x, w = rng.normal(size=(2, *image, c)), rng.normal(size=(*size, f // groups, c))
    b = rng.normal(size=f)
    weight = torch.from_numpy(w.transpose(3, 2, 0, 1).copy())
    y = F.conv_transpose2d(
        *(channels_first(x), weight, torch.from_numpy(b), stride, padding, extra, groups, dilation)
    )
    sides = [padding[0], padding[0], padding[1], padding[1]]
    np.testing.assert_allclose(
        ref.conv2d_transpose(x, w, b, stride, sides, extra, dilation, groups),
        channels_last(y),
        rtol=1e-11,
        atol=1e-14,
    )


@pytest.mark.parametrize("size", [(3, 3), (2, 4), (1, 5)])
@pytest.mark.parametrize("stride", [(1, 1), (2, 3)])
def test_conv2d_transpose_same(rng, size, stride):
    """The gradient of a convolution with padding "same", whose output x is."""
    x, w = rng.normal(size=(2, 3, 4, 5)), rng.normal(size=(*size, 2, 5))
    image = rng.normal(size=(2, 3 * stride[0], 4 * stride[1], 2))
    there = np.vdot(ref.conv2d(image, w, stride=stride, padding="same"), x)
    back = np.vdot(ref.conv2d_transpose(x, w, stride=stride, padding="same"), image)
    assert there == pytest.approx(back, rel=1e-12)


@pytest.mark.parametrize("factor", [(2, 2), (3, 1), (4, 5)])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_upsample2d(rng, factor, interpolation):
    x = rng.normal(size=(2, 3, 4, 5))
    y = F.interpolate(channels_first(x), scale_factor=factor, mode=interpolation)
    np.testing.assert_allclose(
        ref.upsample2d(x, factor, interpolation),
        channels_last(y),
        rtol=1e-12,
        atol=1e-14,
    )


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize("size", [(3, 3), (2, 4), (5, 2)])
@pytest.mark.parametrize("dilation", [(1, 1), (2, 1)])
def test_conv2d_same(rng, size, dilation):
    x, w = rng.normal(size=(2, 6, 7, 3)), rng.normal(size=(*size, 3, 4))
    weight = torch.from_numpy(w.transpose(3, 2, 0, 1).copy())
    y = F.conv2d(channels_first(x), weight, padding="same", dilation=dilation)
    np.testing.assert_allclose(
        ref.conv2d(x, w, padding="same", dilation=dilation),
        channels_last(y),
        rtol=1e-11,
        atol=1e-14,
    )


@pytest.mark.parametrize(
    ("image", "size", "stride", "sides"),
    [  # Keras' rule: ceil(image / stride) outputs, the odd row of padding at the end
        (5, 3, 2, (1, 1)),
        (6, 3, 2, (0, 1)),
        (6, 2, 1, (0, 1)),
        (6, 1, 3, (0, 0)),
        (7, 5, 4, (1, 1)),
    ],
)
def test_same_padding(image, size, stride, sides):
    assert ref.margins("same", [size], [stride], [1], [image]) == [sides]


@pytest.mark.parametrize(
    ("size", "stride", "padding"), [((2, 2), (2, 2), 0), ((3, 2), (1, 2), 1), ((3, 3), (2, 2), 1)]
)
def test_pools(rng, size, stride, padding):
    x = rng.normal(size=(2, 6, 7, 3))
    t, sides = channels_first(x), (padding,) * 4
    np.testing.assert_array_equal(
        ref.max_pool2d(x, size, stride, sides),
        channels_last(F.max_pool2d(t, size, stride, padding)),
    )
    for count_include_pad in (True, False):
        y = F.avg_pool2d(t, size, stride, padding, count_include_pad=count_include_pad)
        np.testing.assert_allclose(
            ref.avg_pool2d(x, size, stride, sides, count_include_pad),
            channels_last(y),
            rtol=1e-12,
            atol=1e-14,
        )


TORCH_ACTIVATIONS = {
    "identity": lambda t, alpha: t,
    "sigmoid": lambda t, alpha: torch.sigmoid(t),
    "tanh": lambda t, alpha: torch.tanh(t),
    "relu": lambda t, alpha: F.relu(t),
    "leaky_relu": lambda t, alpha: F.leaky_relu(t, alpha),
    "elu": lambda t, alpha: F.elu(t, alpha),
    "selu": lambda t, alpha: F.selu(t),
    "softplus": lambda t, alpha: F.softplus(t),
    "gelu": lambda t, alpha: F.gelu(t),
    "swish": lambda t, alpha: F.silu(alpha * t) / alpha,
    "mish": lambda t, alpha: F.mish(t),
    "exp": lambda t, alpha: torch.exp(t),
    "hard_sigmoid": lambda t, alpha: F.hardsigmoid(t),
    "hard_swish": lambda t, alpha: F.hardswish(t),
    "gelu_tanh": lambda t, alpha: F.gelu(t, approximate="tanh"),
    "celu": lambda t, alpha: F.celu(t, alpha),
    "softsign": lambda t, alpha: F.softsign(t),
    "thresholded_relu": lambda t, alpha: F.threshold(t, alpha, 0.0),
    "log": lambda t, alpha: torch.log(t),
    "sqrt": lambda t, alpha: torch.sqrt(t),
    "abs": lambda t, alpha: torch.abs(t),
    "erf": lambda t, alpha: torch.erf(t),
    "power": lambda t, alpha: torch.pow(t, alpha),
    "softmax": lambda t, alpha: F.softmax(t, dim=-1),
}


@pytest.mark.parametrize("name", ref.ACTIVATIONS)
def test_activations(rng, name):
    x = 3 * rng.normal(size=(20, 7))
    expected = TORCH_ACTIVATIONS[name](torch.from_numpy(x), 0.3).numpy()
    with np.errstate(invalid="ignore"):  # logarithms and roots of what is below 0
        y = ref.ACTIVATIONS[name](x, 0.3)
    np.testing.assert_allclose(y, expected, rtol=1e-8, atol=1e-14)


@pytest.mark.parametrize("training", [False, True])
def test_batch_norm(rng, training):
    x, gain, shift, mean = rng.normal(size=(4, 5, 6, 3)), *rng.normal(size=(3, 3))
    layer = {"kind": "batch_norm", "name": "bn", "momentum": 0.2, "eps": 1e-3, "trainable": True}
    arrays = {
        "bn.gain": gain,
        "bn.shift": shift,
        "bn.running_mean": mean.copy(),
        "bn.running_var": mean**2 + 1,
    }
    t_mean, t_var = torch.from_numpy(mean), torch.from_numpy(mean**2 + 1)
    y = F.batch_norm(
        channels_first(x),
        t_mean,
        t_var,
        torch.from_numpy(gain),
        torch.from_numpy(shift),
        training,
        0.2,
        1e-3,
    )
    np.testing.assert_allclose(
        ref.forward([layer], arrays, x, training), channels_last(y), rtol=1e-11, atol=1e-11
    )
    np.testing.assert_allclose(arrays["bn.running_mean"], t_mean.numpy(), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(arrays["bn.running_var"], t_var.numpy(), rtol=1e-12, atol=1e-12)


def test_layer_norm_and_prelu(rng):
    x, gain, shift, alpha = rng.normal(size=(4, 5, 6, 3)), *rng.normal(size=(3, 3))
    y = F.layer_norm(
        torch.from_numpy(x), (3,), torch.from_numpy(gain), torch.from_numpy(shift), 1e-3
    )
    np.testing.assert_allclose(
        ref.layer_norm(x, gain, shift, 1e-3), y.numpy(), rtol=1e-11, atol=1e-13
    )
    y = F.prelu(channels_first(x), torch.from_numpy(alpha))
    np.testing.assert_allclose(ref.prelu(x, alpha), channels_last(y), rtol=1e-12, atol=1e-12)


def test_group_norm(rng):
    x, gain, shift = rng.normal(size=(4, 5, 6, 8)), *rng.normal(size=(2, 8))
    y = F.group_norm(channels_first(x), 4, torch.from_numpy(gain), torch.from_numpy(shift), 1e-3)
    found = ref.group_norm(x, gain, shift, 4, 1e-3)
    np.testing.assert_allclose(found, channels_last(y), rtol=1e-11, atol=1e-13)


def test_local_response_norm(rng):
    x = rng.normal(size=(4, 5, 6, 7))
    y = F.local_response_norm(channels_first(x), 3, alpha=0.4, beta=0.6, k=1.5)
    found = ref.local_response_norm(x, 3, 0.4, 0.6, 1.5)
    np.testing.assert_allclose(found, channels_last(y), rtol=1e-12)


def test_unit_norm(rng):
    x = rng.normal(size=(4, 5, 6, 7))
    expected = F.normalize(torch.from_numpy(x), dim=-1).numpy()
    np.testing.assert_allclose(ref.unit_norm(x), expected, rtol=1e-12)


def test_maxout():
    x = np.array([[1.0, 5.0, 2.0, -1.0, -3.0, -2.0]])
    np.testing.assert_array_equal(ref.maxout(x, 3), [[5.0, -1.0]])
    np.testing.assert_array_equal(ref.maxout(x, 2), [[5.0, 2.0, -2.0]])


def test_philox():
    """The known answers that come with the authors' Random123 1.14."""
    ones = 0xFFFFFFFF
    known = {
        (0, 0): ([0] * 4, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        (ones, ones): ([ones] * 4, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (0xA4093822, 0x299F31D0): (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    }
    for key, (counter, words) in known.items():
        assert " ".join(f"{w:08x}" for w in ref.philox(key, counter)) == words


def test_dropout_mask():
    mask = ref.dropout_mask((50, 4, 5, 6), 0.3, seed=9, layer=2)
    assert set(np.unique(mask)) == {0.0, 1 / 0.7}
    assert mask.mean() == pytest.approx(1.0, abs=0.03)
    other = ref.dropout_mask((50, 4, 5, 6), 0.3, seed=9, layer=3)
    assert np.mean(mask == other) == pytest.approx(0.3**2 + 0.7**2, abs=0.03)


def codes_and_targets(rng, z):
    codes = rng.integers(z.shape[1], size=len(z))
    return torch.from_numpy(codes), torch.from_numpy(rng.normal(size=z.shape)), torch.from_numpy(z)


def test_losses(rng):
    codes, y, z = codes_and_targets(rng, 2 * rng.normal(size=(9, 4)))
    flags = (y > 0).double()
    expected = {
        "softmax_cross_entropy": F.cross_entropy(z, codes, reduction="none", label_smoothing=0.7),
        "binary_cross_entropy": F.binary_cross_entropy_with_logits(
            z, 0.3 * flags + 0.35, reduction="none"
        ).sum(1),
        "squared_error": 0.5 * F.mse_loss(z, y, reduction="none").sum(1),
        "absolute_error": F.l1_loss(z, y, reduction="none").sum(1),
        "huber": F.huber_loss(z, y, reduction="none", delta=0.7).sum(1),
        "poisson": F.poisson_nll_loss(z, y, log_input=True, reduction="none").sum(1),
    }
    targets = {"softmax_cross_entropy": codes, "binary_cross_entropy": flags}
    for kind, value in expected.items():
        target = targets.get(kind, y).numpy()
        np.testing.assert_allclose(
            ref.LOSSES[kind](z.numpy(), target, 0.7),
            value.numpy(),
            rtol=1e-11,
            atol=1e-11,
            err_msg=kind,
        )


def test_hinge(rng):
    metrics = pytest.importorskip("sklearn.metrics")
    codes, _, z = codes_and_targets(rng, rng.normal(size=(9, 4)))
    mean = ref.hinge(z.numpy(), codes.numpy(), 1.0).mean()
    assert mean == pytest.approx(
        metrics.hinge_loss(codes.numpy(), z.numpy(), labels=range(4)), rel=1e-12
    )


def test_pinball(rng):
    metrics = pytest.importorskip("sklearn.metrics")
    y, z = rng.normal(size=(2, 9, 1))
    expected = metrics.mean_pinball_loss(y, z, alpha=0.3)
    assert ref.pinball(z, y, 0.3).mean() == pytest.approx(expected, rel=1e-12)


def test_focal_of_two_classes_is_binary(rng):
    """And with gamma = 0 it is cross-entropy."""
    z, codes = rng.normal(size=(9, 2)), rng.integers(2, size=9)
    apart = (z[:, 1] - z[:, 0])[:, None]
    binary = ref.binary_focal(apart, codes[:, None], 1.5)
    np.testing.assert_allclose(ref.focal(z, codes, 1.5), binary, rtol=1e-12)
    entropy = ref.softmax_cross_entropy(z, codes)
    np.testing.assert_allclose(ref.focal(z, codes, 0.0), entropy, rtol=1e-12)


OPTIMIZERS = {
    "sgd": lambda w, s: torch.optim.SGD(w, s.rate),
    "momentum": lambda w, s: torch.optim.SGD(w, s.rate, s.momentum),
    "nesterov": lambda w, s: torch.optim.SGD(w, s.rate, s.momentum, nesterov=True),
    "adagrad": lambda w, s: torch.optim.Adagrad(w, s.rate, eps=s.eps),
    "adadelta": lambda w, s: torch.optim.Adadelta(w, s.rate, s.momentum, s.eps),
    "rmsprop": lambda w, s: torch.optim.RMSprop(w, s.rate, s.momentum, s.eps),
    "adam": lambda w, s: torch.optim.Adam(w, s.rate, (s.beta1, s.beta2), s.eps),
    "adamw": lambda w, s: torch.optim.AdamW(w, s.rate, (s.beta1, s.beta2), s.eps, 0.0),
    "nadam": lambda w, s: torch.optim.NAdam(w, s.rate, (s.beta1, s.beta2), s.eps),
}


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_updates(rng, kind):
    s = ref.Settings(rate=0.02, eps=1e-3)
    if kind == "adam":  # whose eps stands elsewhere in PyTorch
        s = s._replace(eps=1e-16)
    w, m, v = rng.normal(size=5), np.zeros(5), np.zeros(5)
    tensor = torch.from_numpy(w.copy()).requires_grad_()
    optimizer = OPTIMIZERS[kind]([tensor], s)
    for t in range(1, 11):
        g = rng.normal(size=5)
        step, m, v = ref.UPDATES[kind](g, m, v, t, s)
        w = w + step
        tensor.grad = torch.from_numpy(g)
        optimizer.step()
    np.testing.assert_allclose(w, tensor.detach().numpy(), rtol=1e-7)  # NAdam has a float32
