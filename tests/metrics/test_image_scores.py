"""Likeness of images: by the formulas, pixel by pixel, and scikit-image's figures."""

import numpy as np
import pytest

from fastdl.metrics import peak_signal_noise_ratio, structural_similarity


def images(shape, seed=0, dtype=np.uint8):
    """A wavy image and the same with noise."""
    random = np.random.default_rng(seed)
    waves = 128 + 90 * np.sin(np.arange(np.prod(shape)).reshape(shape) / 7)
    noisy = np.clip(waves + random.normal(0, 25, shape), 0, 255)
    return waves.astype(dtype), noisy.astype(dtype)


def test_ratio_by_hand():
    black = np.zeros((10, 10), np.uint8)
    assert peak_signal_noise_ratio(black, black + 255, data_range=255) == 0
    assert peak_signal_noise_ratio(black, black, data_range=255) == np.inf
    # uint8 differences are not taken modulo 256
    assert peak_signal_noise_ratio(black + 255, black, data_range=255) == 0
    one = black.copy()
    one[4, 4] = 10
    assert peak_signal_noise_ratio(black, one, data_range=100) == pytest.approx(40, abs=1e-12)
    inner = peak_signal_noise_ratio(black, one, data_range=100, border=4)
    assert inner == pytest.approx(10 * np.log10(100**2 / (100 / 4)), abs=1e-12)
    assert peak_signal_noise_ratio(black, one, data_range=1, border=np.int64(4)) < inner


def test_the_border_is_left_out():
    a, b = images((24, 30, 3))
    b[:3] = b[-3:] = 0
    b[:, :3] = b[:, -3:] = 0
    inner = (slice(3, -3), slice(3, -3))
    for score in (peak_signal_noise_ratio, structural_similarity):
        assert score(a, b, data_range=255, border=3) == score(a[inner], b[inner], data_range=255)
        assert score(a, b, data_range=255, border=3) > score(a, b, data_range=255)


def similarity_by_definition(a, b, data_range, weights, correction):
    """Wang et al., equation 13, at each place of the window."""
    k = len(weights)
    w = np.outer(weights, weights)
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    values = []
    for i in range(a.shape[0] - k + 1):
        for j in range(a.shape[1] - k + 1):
            x, y = a[i : i + k, j : j + k].astype(float), b[i : i + k, j : j + k].astype(float)
            mx, my = (w * x).sum(), (w * y).sum()
            vx, vy = (w * (x - mx) ** 2).sum(), (w * (y - my) ** 2).sum()
            cov = (w * (x - mx) * (y - my)).sum()
            vx, vy, cov = correction * vx, correction * vy, correction * cov
            upper = (2 * mx * my + c1) * (2 * cov + c2)
            values.append(upper / ((mx**2 + my**2 + c1) * (vx + vy + c2)))
    return np.mean(values)


def test_similarity_is_its_equation():
    a, b = images((15, 18))
    g = np.exp(-(np.arange(-5, 6) ** 2) / 4.5)
    expected = similarity_by_definition(a, b, 255, g / g.sum(), 1)
    assert structural_similarity(a, b, data_range=255) == pytest.approx(expected, abs=1e-12)
    expected = similarity_by_definition(a, b, 255, np.full(7, 1 / 7), 49 / 48)
    answer = structural_similarity(a, b, data_range=255, window="uniform")
    assert answer == pytest.approx(expected, abs=1e-12)


def test_similarity_of_channels_is_their_mean():
    a, b = images((20, 16, 3), dtype=np.float32)
    parts = [structural_similarity(a[..., c], b[..., c], data_range=255) for c in range(3)]
    assert structural_similarity(a, b, data_range=255) == pytest.approx(np.mean(parts), abs=1e-13)
    assert structural_similarity(a, a, data_range=255) == 1
    assert structural_similarity(a, 255 - a, data_range=255) < 0
    assert structural_similarity(a[:11, :11], b[:11, :11], data_range=255) < 1  # one window


@pytest.mark.parametrize(
    ("shape", "gaussian", "uniform", "ratio"),
    [
        ((24, 40), 0.8750840086643024, 0.9116535231761708, 20.578949549590504),
        ((30, 26, 3), 0.9329236266851461, 0.931267040899221, 20.291450360827966),
    ],
)
def test_figures_of_scikit_image(shape, gaussian, uniform, ratio):
    """Of its version 0.26; "gaussian" with the options that the docstring names."""
    a, b = images(shape)
    assert structural_similarity(a, b, data_range=255) == pytest.approx(gaussian, abs=1e-12)
    answer = structural_similarity(a, b, data_range=255, window="uniform")
    assert answer == pytest.approx(uniform, abs=1e-12)
    assert peak_signal_noise_ratio(a, b, data_range=255) == pytest.approx(ratio, abs=1e-10)
