"""Regressors learn y in units of their own, and answer in the user's."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import make_friedman1
from sklearn.preprocessing import scale
from small_nets import SEED, SMALL, chosen

import fastdl
from fastdl import (
    NetRegressor,
)

R, V = make_friedman1(100, 6, noise=0.5, random_state=0)
R = scale(R)


def regressor(**words: Any) -> NetRegressor:
    return NetRegressor(SMALL, **{"max_epochs": 150, **SEED, **words})


def test_the_scale_of_y_does_not_matter() -> None:
    words = {"learning_rate_init": 0.01}  # of larger steps rounding makes more
    once = regressor(**words).fit(R, V)
    assert once.score(R, V) > 0.8
    for factor, shift in [(1e3, 0.0), (1e-6, 0.0), (-40.0, 1e5), (1e150, 0.0)]:
        other = regressor(**words).fit(R, factor * V + shift)
        np.testing.assert_allclose(
            other.predict(R), factor * once.predict(R) + shift, rtol=1e-3, atol=abs(factor) * 1e-3
        )


def test_each_column_of_y_is_normalized() -> None:
    y = np.stack([V, -1e6 * V, np.full(len(V), 7.0)], axis=1)
    net = regressor(max_epochs=400).fit(R, y)
    np.testing.assert_allclose(net._targets.scale, [V.std(), 1e6 * V.std(), 1.0])
    p = net.predict(R)
    np.testing.assert_allclose(p[:, 2], 7.0, atol=0.05)
    assert np.corrcoef(p[:, 1], y[:, 1])[0, 1] > 0.9


def test_weights_count_in_mean_and_variance() -> None:
    weight = np.r_[np.zeros(50), np.full(50, 2.0)]
    targets = regressor(max_epochs=1).fit(R, V, sample_weight=weight)._targets
    np.testing.assert_allclose([targets.center[0], targets.scale[0]], [V[50:].mean(), V[50:].std()])


def test_y_as_it_is() -> None:
    for words in ({"normalize_y": False}, {"loss": "poisson"}):
        assert not regressor(**words, max_epochs=1).fit(R, V)._targets.is_normalized


def test_losses_are_of_normalized_y_and_scores_of_y(capsys: pytest.CaptureFixture[str]) -> None:
    net = regressor(verbose=True).fit(R, 1e3 * V, X_val=R, y_val=1e3 * V)
    error = np.mean((net.predict(R) - 1e3 * V) ** 2) / 2 / np.var(1e3 * V)
    best = net.best_iter_ - 1
    assert net.validation_loss_curve_[best] == pytest.approx(error, rel=1e-3)
    assert net.validation_scores_[best] == pytest.approx(net.score(R, 1e3 * V), abs=1e-5)
    assert "loss of normalized y" in capsys.readouterr().out


def test_partial_fits_take_mean_and_variance_of_the_first() -> None:
    net = regressor().partial_fit(R[:50], 1e3 * V[:50])
    np.testing.assert_allclose(net._targets.scale, (1e3 * V[:50]).std())
    for _ in range(150):
        net.partial_fit(R[50:], 1e3 * V[50:])
    np.testing.assert_allclose(net._targets.scale, (1e3 * V[:50]).std())
    assert net.score(R[50:], 1e3 * V[50:]) > 0.8


def test_files_and_other_nets_know_the_units_of_y(tmp_path: Path) -> None:
    net = regressor().fit(R, 1e3 * V)
    net.save(tmp_path / "net.safetensors")
    again = fastdl.load(tmp_path / "net.safetensors")
    np.testing.assert_array_equal(again.predict(R), net.predict(R))
    assert chosen(again) == chosen(net)
    words = {"max_epochs": 1, "learning_rate_init": 1e-12, "weight_decay": 0.0, **SEED}
    for drop_head, near in ((False, True), (True, False)):
        after = NetRegressor(init_from=net, drop_head=drop_head, **words).fit(R[:9], V[:9])
        assert np.allclose(after.predict(R), net.predict(R), rtol=1e-4) == near


def test_constant_y() -> None:
    net = regressor().fit(R, np.full(len(R), 5e3))
    np.testing.assert_allclose(net.predict(R), 5e3, atol=0.1)
