"""Grad-CAM by its formula, and in nets of several kinds."""

import numpy as np
import pytest
from saliency_nets import CLASSES, WORDS, images
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from fastdl import (
    CNNClassifier,
    ConvAutoencoder,
    NDScaler,
    NetClassifier,
)
from fastdl import layers as L
from fastdl.inspection import saliency

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


def test_grad_cam_by_its_formula():
    """The network's upper half written out: a dense layer on the rectified maps."""
    X = images(6, 4)
    layers = [L.Conv2D(3, 3, padding="same"), L.Activation("relu"), L.Flatten()]
    net = NetClassifier(layers, **WORDS).fit(X, CLASSES)
    maps = net.transform(X[:3], layer="activation_1")
    weight = net.get_weights()["output.weight"].reshape(6, 4, 3, 3)  # h, w, k, class
    for c, label in enumerate("abc"):
        alpha = weight[..., c].mean(axis=(0, 1))
        known = np.maximum(maps @ alpha, 0)
        found = saliency(net, X[:3], label, method="grad_cam")
        np.testing.assert_allclose(found, known, rtol=1e-9, atol=1e-12)
    before = net.transform(X[:3], layer=0)
    alpha = (weight[..., 0] * (before > 0)[..., np.newaxis][0, ..., 0]).mean(axis=(0, 1))
    found = saliency(net, X[:1], "a", method="grad_cam", layer="conv2d_1")
    np.testing.assert_allclose(found[0], np.maximum(before[0] @ alpha, 0), atol=1e-12)


def test_grad_cam_of_the_layer_before_the_mean():
    """There it is the map of Zhou et al. 2016, over the number of pixels, enlarged to the image."""
    X = images(8, 8, 2)
    layers = [L.Conv2D(3, 3, stride=2, padding="same"), L.Activation("relu"), L.GlobalAvgPool()]
    net = make_pipeline(NDScaler(), NetClassifier(layers, **WORDS)).fit(X, CLASSES)
    Z = net[0].transform(X[:2])
    weight = net[-1].get_weights()["output.weight"][:, 1]
    small = np.maximum(net[-1].transform(Z, layer="activation_1") @ (weight / 16), 0)
    found = saliency(net, X[:2], "b", method="grad_cam")
    assert small.shape == (2, 4, 4)
    assert found.shape == (2, 8, 8)
    np.testing.assert_allclose(found[:, 0, 0], small[:, 0, 0])
    between = 0.75 * small[:, 0, 0] + 0.25 * small[:, 0, 1]
    np.testing.assert_allclose(found[:, 0, 1], between)
    np.testing.assert_allclose(found[:, 3, 0], 0.75 * small[:, 1, 0] + 0.25 * small[:, 2, 0])


def test_grad_cam_of_an_architecture_and_a_search():
    X = images(16, 16, 1)
    words = {**WORDS, "max_epochs": 1}
    net = CNNClassifier(architecture="resnet20", **words).fit(X, CLASSES)
    assert saliency(net, X[:2], method="grad_cam").shape == (2, 16, 16)
    search = GridSearchCV(CNNClassifier((2,), **words), {"max_epochs": [1]}, cv=2)
    found = saliency(search.fit(X, CLASSES), X[:2], method="grad_cam")
    np.testing.assert_array_equal(found, saliency(search.best_estimator_, X[:2], method="grad_cam"))
    unit = ConvAutoencoder([L.Conv2D(2, 3), L.Flatten(), L.Dense(2)], **words).fit(X)
    assert saliency(unit, X[:2], 1, method="grad_cam").shape == (2, 16, 16)
