"""Shrinkage and a larger rate, chosen by held-out samples."""

import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_wine
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.preprocessing import StandardScaler
from small_nets import SEED, SMALL, X, Y, chosen, same

from fastdl import (
    DBNClassifier,
    NetClassifier,
    NetRegressor,
)
from fastdl import layers as L
from fastdl.callbacks import EpochEnd
from fastdl.fitting.training.choosing import is_clearly_less
from promises import failing


def test_what_was_chosen_gives_the_same_net_by_hand() -> None:
    layers = [*SMALL, L.BatchNorm(), L.Dropout(0.2)]
    auto = NetClassifier(layers, **SEED).fit(X, Y)
    assert same(auto, NetClassifier(layers, **chosen(auto), **SEED).fit(X, Y))


def test_a_choice_is_a_choice() -> None:
    """Much shrinkage for noise, little for what is clear."""
    rng = np.random.default_rng(0)
    noise = NetClassifier(SMALL, **SEED).fit(X, rng.permutation(Y))
    Z = np.array([[a, b] for a in np.linspace(-1, 1, 20) for b in np.linspace(-1, 1, 20)])
    clear = NetClassifier(**SEED).fit(Z, Z[:, 0] * Z[:, 1] > 0)
    assert noise._shrinkage > clear._shrinkage


def spirals(n: int) -> tuple[Any, Any]:
    """Two arms of a turn and a half, with little noise."""
    rng = np.random.default_rng(0)
    y = np.arange(n) % 2
    t = np.sqrt(rng.random(n)) * 3 * np.pi
    Z = np.column_stack([t * np.cos(t + np.pi * y), t * np.sin(t + np.pi * y)])
    return (Z + rng.normal(0, 0.3, Z.shape)) / 5, y


def test_few_features_that_say_much_are_learnt_at_three_times_the_rate() -> None:
    Z, y = spirals(600)
    net = NetClassifier(**SEED).fit(Z[:300], y[:300])
    assert net.learning_rate_init_ == pytest.approx(0.03)
    assert net.score(Z[300:], y[300:]) > 0.97  # 0.95 at the rate of the rule
    again = clone(net).set_params(**chosen(net)).fit(Z[:300], y[:300])
    assert same(net, again, Z)
    given = clone(net).set_params(learning_rate_init=0.01).fit(Z[:300], y[:300])
    assert given.learning_rate_init_ == 0.01


def test_few_samples_do_not_choose_three_times_the_rate_by_chance() -> None:
    """Where all trials get nearly all of the 25 right, one that is surer of them is not better."""
    split = StratifiedShuffleSplit(3, train_size=0.7, random_state=0)
    wine, y = load_wine(return_X_y=True)
    *_, (train, test) = split.split(wine, y)
    scaler = StandardScaler().fit(wine[train])
    dbn = DBNClassifier(random_state=2, n_jobs=1).fit(scaler.transform(wine[train]), y[train])
    assert dbn.learning_rate_init_ == pytest.approx(0.0125)
    assert dbn.score(scaler.transform(wine[test]), y[test]) > 0.95  # 0.91 at three times the rate


def test_clearly_less_is_by_two_standard_errors() -> None:
    others = np.ones(100)
    gains = np.random.default_rng(0).normal(size=100)
    gains = (gains - gains.mean()) / gains.std(ddof=1) / np.sqrt(100)
    assert is_clearly_less(others - gains - 0.021, others)
    assert not is_clearly_less(others - gains - 0.019, others)
    assert not is_clearly_less(others, others)
    one, none = np.array([0.5]), np.array([np.inf])  # a mean is all that is known; it diverged
    assert is_clearly_less(one, 2 * one)
    assert is_clearly_less(others, none)
    assert not is_clearly_less(none, others)
    assert not is_clearly_less(none, none)


def test_a_warm_start_keeps_the_rate_that_was_chosen() -> None:
    Z, y = spirals(200)
    net = NetClassifier(warm_start=True, max_epochs=150, **SEED).fit(Z, y)
    first = chosen(net)
    assert first["learning_rate_init"] == pytest.approx(0.03)
    assert chosen(net.fit(Z, y)) == first


def test_only_the_last_fit_is_seen(capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[int] = []
    watch = EpochEnd(lambda estimator, row: seen.append(int(row["epoch"])))
    net = NetClassifier(SMALL, max_epochs=5, verbose=True, **SEED).set_callbacks(watch).fit(X, Y)
    assert net._shrinkage
    assert seen == net.history_["epoch"] == [1, 2, 3, 4, 5]
    assert len(capsys.readouterr().out.splitlines()) == 5
    assert net.t_ == 5 * len(X)


def test_an_own_validation_set_chooses_and_keeps_the_best_epoch() -> None:
    net = NetClassifier(SMALL, max_epochs=30, **SEED)
    rng = np.random.default_rng(0)
    opposite = net.fit(X, Y, X_val=X, y_val=rng.permutation(Y))
    assert opposite._shrinkage == max(opposite._auto.shrinkages)
    assert opposite.n_iter_ == 30  # which tol does not cut
    best = int(np.argmax(opposite.validation_scores_))
    assert opposite.best_iter_ == best + 1


def test_early_stopping_may_be_asked_for() -> None:
    words = {"early_stopping": True, "n_iter_no_change": 3, "random_state": 1, "n_jobs": 1}
    net = NetClassifier(SMALL, **words).fit(X, Y)
    assert net.n_iter_ < net.max_epochs_
    assert net.t_ == net.n_iter_ * 108  # a tenth is held out


def test_any_number_of_threads() -> None:
    nets = [NetClassifier(random_state=0, max_epochs=5, n_jobs=n).fit(X, Y) for n in (1, 2, 4)]
    assert all(same(nets[0], net) for net in nets)
    assert len({net.weight_decay_ for net in nets}) == 1


def test_weights_count_in_the_choice() -> None:
    weight = np.ones(len(X))
    weight[::2] = 0.0  # held-out samples of no weight, too
    net = NetClassifier(SMALL, max_epochs=5, **SEED).fit(X, Y, sample_weight=weight)
    assert np.isfinite(net.loss_)
    weight[:] = 0.0
    weight[:3] = 1.0
    net.fit(X, Y, sample_weight=weight)
    assert np.isfinite(net.loss_)


def test_a_class_with_one_sample() -> None:
    y = Y.copy()
    y[7] = 9
    assert 9 in NetClassifier(SMALL, max_epochs=2, **SEED).fit(X, y).classes_


@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt])
def test_an_error_in_a_trial_changes_nothing(error: type[BaseException]) -> None:
    net = NetClassifier(SMALL, max_epochs=3, **SEED).fit(X, Y)
    before = pickle.dumps(net)
    with failing(None) as count:
        clone(net).fit(X[::-1], Y[::-1])
    for at in range(10, count() // 2, count() // 12):  # most of them in the trials
        with pytest.raises(error), failing(error, at):
            net.fit(X[::-1], Y[::-1])
        assert pickle.dumps(net) == before


def test_no_trials_where_training_is_to_stop_early_and_no_longer_ones_than_the_rule() -> None:
    few: list[int] = []
    stop = EpochEnd(lambda estimator, row: few.append(1) or len(few) > 2)
    long = NetClassifier(SMALL, max_epochs=10**6, **SEED).set_callbacks(stop)
    assert long.fit(X, Y)._shrinkage != long._auto.shrinkage
    for asked in ({"n_iter_no_change": 5}, {"tol": 0.1}, {"early_stopping": True}):
        net = clone(long).set_params(**asked).set_callbacks(stop).fit(X, Y)
        assert net._shrinkage == net._auto.shrinkage


def test_a_diverging_trial_is_not_chosen() -> None:
    with pytest.raises(ValueError, match="non-finite"):
        NetRegressor(SMALL, solver="sgd", learning_rate_init=1e9, **SEED).fit(X, Y)


def test_warm_start_begins_the_schedule_again_and_shrinks_as_before() -> None:
    net = NetClassifier(SMALL, max_epochs=10, warm_start=True, **SEED).fit(X, Y)
    before, n = net.weight_decay_, net.history_["lr"]
    net.fit(X, Y)
    assert net.weight_decay_ == before
    assert net.history_["lr"] == n * 2
    assert n[0] == net.learning_rate_init_
