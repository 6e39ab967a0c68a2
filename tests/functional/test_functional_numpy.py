"""Functions beside a few lines of NumPy."""

import numpy as np
import pytest
from functional_calls import X, normal

import fastdl.functional as F
from fastdl import layers as L
from reference import resize_axis


def test_a_convolution_is_a_product_of_patches():
    w = normal(3, 2, 4, 5)
    cols = F.im2col(X, (3, 2), stride=2, padding="same")
    assert cols.shape == (3 * 3 * 4, 3 * 2 * 4)
    y = F.conv2d(X, w, stride=2, padding="same")
    product = (cols @ w.reshape(-1, 5)).reshape(y.shape)
    np.testing.assert_allclose(product, y, rtol=1e-10, atol=1e-10)


def test_col2im_is_the_adjoint_of_im2col():
    cols = F.im2col(X, 3, stride=2, padding=1)
    other = normal(*cols.shape)
    image = F.col2im(other, X.shape, 3, stride=2, padding=1)
    assert np.sum(cols * other) == pytest.approx(np.sum(X * image))


def test_maxout():
    y = F.maxout([[1.0, 5.0, 2.0, -1.0, -2.0, -3.0]], 3)
    np.testing.assert_array_equal(y, [[5.0, -1.0]])


@pytest.mark.parametrize("mode", ["constant", "reflect", "edge", "wrap"])
def test_pad2d_and_crop2d(mode):
    around = ((0, 0), (1, 2), (9, 3), (0, 0))
    expected = np.pad(X, around, mode, **({"constant_values": 0.5} if mode == "constant" else {}))
    y = F.pad2d(X, around[1:3], mode, 0.5 if mode == "constant" else 0.0)
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(F.crop2d(y, around[1:3]), X)


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic"])
@pytest.mark.parametrize("coordinates", ["half_pixel", "align_corners", "asymmetric"])
def test_resize2d(interpolation, coordinates):
    words = L.Resize2D((4, 9), interpolation, coordinates).to_dict()
    expected = resize_axis(resize_axis(X, 1, 4, words), 2, 9, words)
    y = F.resize2d(X, [4, 9], interpolation, coordinates)
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-12)


def test_dropout_keeps_the_mean():
    x = np.ones((200, 500))
    y = F.dropout(x, 0.3, seed=1)
    assert set(np.unique(y)) == {0.0, 1 / (1 - 0.3)}
    assert np.mean(y == 0) == pytest.approx(0.3, abs=0.01)
    np.testing.assert_array_equal(y, F.dropout(x, 0.3, seed=1))
    assert not np.array_equal(y, F.dropout(x, 0.3, seed=2))
    assert not np.array_equal(y, F.dropout(x, 0.3, seed=1 + (1 << 40)))
    np.testing.assert_array_equal(F.dropout(x, 0.3, seed=1, training=False), x)
    np.testing.assert_array_equal(F.dropout_backward(x, x, 0.3, seed=1), y)
