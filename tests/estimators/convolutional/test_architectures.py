"""Well-known networks: depths and sizes as published, for small and for large images."""

import re

import numpy as np
import pytest

from fastdl import CNNClassifier
from fastdl import layers as L
from fastdl.estimators.convolutional import architectures

DEEP = [name for name in architectures.NAMES if name[-1].isdigit() and name != "lenet5"]


def on_the_way(layers):
    """All layers but those of shortcuts."""
    for layer in layers:
        yield layer
        yield from on_the_way(getattr(layer, "layers", ()))


@pytest.mark.parametrize("name", [*DEEP, "lenet5", "alexnet"])
def test_depth(name):
    depth = {"lenet5": 5, "alexnet": 8}.get(name) or int(re.sub(r"\D", "", name))
    layers = architectures.build(name, (224, 224, 3))
    weighted = [layer for layer in on_the_way(layers) if isinstance(layer, (L.Conv2D, L.Dense))]
    assert len(weighted) + 1 == depth


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "input_shape", "n_outputs", "n_parameters"),
    [
        ("lenet5", (28, 28, 1), 10, 61_706),
        ("resnet20", (32, 32, 3), 10, 272_474),
        ("resnet18", (224, 224, 3), 1000, 11_689_512),
        ("nin", (32, 32, 3), 10, 966_986),
    ],
)
def test_size(name, input_shape, n_outputs, n_parameters):
    text = CNNClassifier(architecture=name).summary(input_shape, n_outputs)
    assert f" {n_parameters:,} parameters" in text


@pytest.mark.slow
@pytest.mark.parametrize("name", architectures.NAMES)
def test_small_images(name):
    X = np.random.default_rng(0).normal(size=(4, 32, 28, 3)).astype(np.float32)
    clf = CNNClassifier(architecture=name, solver="sgd", max_epochs=1, random_state=0, n_jobs=1)
    clf.fit(X, [0, 1, 2, 0])
    np.testing.assert_allclose(clf.predict_proba(X).sum(axis=1), 1, atol=1e-5)


def test_large_images_start_with_strides():
    for name, first in (("resnet34", 7), ("alexnet", 11)):
        layers = architectures.build(name, (224, 224, 3))
        assert layers[0].kernel_size == first
        assert layers[0].stride > 1
    dense = [
        layer for layer in architectures.build("vgg11", (224, 224, 3)) if hasattr(layer, "units")
    ]
    assert [layer.units for layer in dense] == [4096, 4096]
