"""Well-known networks: depths and sizes as published, for small and for large images."""

import inspect
import math
import re

import numpy as np
import pytest

from fastdl import CNNClassifier, _core, architectures
from fastdl import layers as L
from fastdl.architectures._parts import SMALLEST

DEEP = [name for name in architectures.NAMES if name[-1].isdigit() and name != "lenet5"]
LARGE = (224, 224, 3)


def counted(layers, input_shape, n_outputs):
    """Parameters with an output layer, and the layers' shapes: nothing is allocated.

    Without those of side heads, which get output layers in estimators: test_side_heads.py.
    """
    named = L.with_names([*layers, L.Flatten(), L.Dense(n_outputs)])
    plain, beside = L.to_dict(named), L.held_by_sides(named)
    rows, parameters, _ = _core.survey(plain, input_shape, dtype="float32", batch_size=1)
    in_use = [p.size for p in parameters if p.name.rpartition(".")[0] not in beside]
    return sum(in_use), rows


def on_the_way(layers):
    """All layers but those of shortcuts; of branches, those of the longest."""
    for layer in layers:
        yield layer
        if isinstance(layer, L.Concat):
            branches = [list(on_the_way(branch)) for branch in layer.branches]
            yield from max(branches, key=lambda branch: len(weighted(branch)))
        elif not layer.side:
            yield from on_the_way(getattr(layer, "layers", ()))


def weighted(layers):
    return [layer for layer in layers if isinstance(layer, (L.Conv2D, L.Dense))]


@pytest.mark.parametrize("name", [*DEEP, "lenet5", "alexnet", "googlenet"])
def test_depth(name):
    depth = {"lenet5": 5, "alexnet": 8, "googlenet": 22}.get(name) or int(re.sub(r"\D", "", name))
    layers = architectures.build(name, LARGE)
    assert len(weighted(on_the_way(layers))) + 1 == depth


@pytest.mark.parametrize(
    ("name", "input_shape", "n_outputs", "n_parameters"),
    [
        ("lenet5", (28, 28, 1), 10, 61_706),
        ("lenet5", (32, 32, 1), 10, 61_706),
        ("alexnet", LARGE, 1000, 60_965_224),
        ("vgg11", LARGE, 1000, 132_863_336),
        ("vgg13", LARGE, 1000, 133_047_848),
        ("vgg16", LARGE, 1000, 138_357_544),
        ("vgg19", LARGE, 1000, 143_667_240),
        ("nin", (32, 32, 3), 10, 966_986),
        ("resnet18", LARGE, 1000, 11_689_512),
        ("resnet34", LARGE, 1000, 21_797_672),
        ("resnet50", LARGE, 1000, 25_557_032),
        ("resnet101", LARGE, 1000, 44_549_160),
        ("resnet152", LARGE, 1000, 60_192_808),
        ("resnet20", (32, 32, 3), 10, 272_474),
        ("resnet32", (32, 32, 3), 10, 466_906),
        ("resnet44", (32, 32, 3), 10, 661_338),
        ("resnet56", (32, 32, 3), 10, 855_770),
        ("resnet110", (32, 32, 3), 10, 1_730_714),
    ],
)
def test_size(name, input_shape, n_outputs, n_parameters):
    assert (
        counted(architectures.build(name, input_shape), input_shape, n_outputs)[0] == n_parameters
    )
    text = CNNClassifier(architecture=name).summary(input_shape, n_outputs)
    assert f" {n_parameters:,} parameters" in text


@pytest.mark.parametrize(("batch_norm", "n_parameters"), [(False, 6_998_552), (True, 7_005_832)])
def test_size_of_googlenet(batch_norm, n_parameters):
    layers = architectures.googlenet(LARGE, batch_norm=batch_norm)
    assert counted(layers, LARGE, 1000)[0] == n_parameters


def test_the_blocks_of_googlenet():
    """Table 1 of the paper."""
    layers = architectures.googlenet(LARGE)
    shapes = {row.name: row.output_shape for row in counted(layers, LARGE, 1000)[1]}
    expected = {
        **{"3a": (28, 28, 256), "3b": (28, 28, 480), "4a": (14, 14, 512), "4b": (14, 14, 512)},
        **{"4c": (14, 14, 512), "4d": (14, 14, 528), "4e": (14, 14, 832)},
        **{"5a": (7, 7, 832), "5b": (7, 7, 1024)},
    }
    assert {
        f"inception_{name}": shape for name, shape in expected.items()
    }.items() <= shapes.items()


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "resnet152"])
def test_the_stages_of_resnets(name):
    """Table 1 of the paper: 56, 28, 14 and 7 pixels, and so of small images 32, 16, 8, 4."""
    factor = 1 if name == "resnet18" else 4
    for pixels, sides in ((224, (56, 28, 14, 7)), (32, (32, 16, 8, 4))):
        shape = (pixels, pixels, 3)
        rows = counted(architectures.build(name, shape), shape, 10)[1]
        blocks = [row.output_shape for row in rows if row.title == "Residual"]
        stages = [(side, side, factor * 64 * 2**i) for i, side in enumerate(sides)]
        assert list(dict.fromkeys(blocks)) == stages


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["lenet5", "alexnet", "vgg11", "nin", "googlenet", "resnet20", "resnet50"]
)
def test_small_images(name):
    X = np.random.default_rng(0).normal(size=(4, 32, 28, 3)).astype(np.float32)
    clf = CNNClassifier(architecture=name, solver="sgd", max_epochs=1, random_state=0, n_jobs=1)
    clf.fit(X, [0, 1, 2, 0])
    np.testing.assert_allclose(clf.predict_proba(X).sum(axis=1), 1, atol=1e-5)


@pytest.mark.share(2)
@pytest.mark.parametrize("name", architectures.NAMES)
def test_smallest_images(name):
    """From the smallest size on, every layer gives something."""
    least = SMALLEST[name]
    for pixels in (*range(least, least + 4), 64, 65):
        shape = (pixels + 3, pixels, 1)
        _, rows = counted(architectures.build(name, shape), shape, 10)
        assert all(math.prod(row.output_shape) > 0 for row in rows)
    with pytest.raises(ValueError, match=f"needs images of at least {least}x{least}, but X has "):
        architectures.build(name, (least - 1, 99, 3))


def test_no_kernel_of_the_smallest_images_sees_only_padding():
    """Where a network halves, there is something to halve."""
    for name in architectures.NAMES:
        shape = (SMALLEST[name],) * 2 + (3,)
        for row in counted(architectures.build(name, shape), shape, 10)[1]:
            if len(row.output_shape) == 3 and row.output_shape[0] < row.input_shape[0]:
                assert row.input_shape[0] > 1, (name, row)


def test_large_images_start_with_strides():
    for name, first in (("resnet34", 7), ("resnet50", 7), ("alexnet", 11), ("googlenet", 7)):
        layers = architectures.build(name, LARGE)
        assert layers[0].kernel_size == first
        assert layers[0].stride > 1
    dense = [layer for layer in architectures.build("vgg11", LARGE) if hasattr(layer, "units")]
    assert [layer.units for layer in dense] == [4096, 4096]


@pytest.mark.parametrize("name", architectures.NAMES)
def test_each_is_a_function_that_says_its_rules(name):
    function = getattr(architectures, name)
    assert name in architectures.__all__
    assert next(iter(inspect.signature(function).parameters)) == "input_shape"
    assert re.search(r"parameters|see `", function.__doc__)
    assert function(LARGE) == architectures.build(name, LARGE)


# fmt: off
BAD = [
    ("alexnet", (8, 8, 3),
     "architecture 'alexnet' needs images of at least 15x15, but X has 8x8. 'resnet20' takes "
     "images from 3x3 on."),
    ("resnet18", (2, 40, 1),
     "architecture 'resnet18' needs images of at least 5x5, but X has 2x40. So small ones need "
     "layers of your own."),
    ("googlnet", (32, 32, 3), "architecture='googlnet' is not known. Did you mean 'googlenet'?"),
    ("vgg11", (32, 32),
     "input_shape=(32, 32); expected (height, width, channels), positive integers."),
    ("vgg11", (32, 32, 0),
     "input_shape=(32, 32, 0); expected (height, width, channels), positive integers."),
]
# fmt: on


@pytest.mark.parametrize(("name", "input_shape", "message"), BAD)
def test_bad_input(name, input_shape, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        architectures.build(name, input_shape)


def test_bad_input_of_an_estimator():
    message = "architecture 'alexnet' needs images of at least 15x15, but X has 8x9"
    with pytest.raises(ValueError, match=message):
        CNNClassifier(architecture="alexnet").fit(np.zeros((4, 8, 9)), [0, 1, 0, 1])
