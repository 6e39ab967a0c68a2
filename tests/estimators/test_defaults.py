"""What "auto" stands for in the words of training; the rules stand in docs/defaults.md."""

import inspect
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris, load_wine, make_classification, make_friedman1
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.preprocessing import StandardScaler, scale

import fastdl
from fastdl import (
    CNNClassifier,
    DBNClassifier,
    MLPClassifier,
    NetClassifier,
    NetRegressor,
    RNNClassifier,
    SoftmaxRegression,
    StackedAutoencoderClassifier,
    optim,
    schedules,
)
from fastdl import layers as L
from fastdl.callbacks import EpochEnd
from fastdl.fitting.training.choosing import is_clearly_less
from promises import failing

SEED: dict[str, Any] = {"random_state": 0, "n_jobs": 1}
X, Y = make_classification(120, 6, n_informative=4, n_classes=3, random_state=0)
X = scale(X)
FEW = X[:40], Y[:40]  # too few to hold out from
SMALL = [L.Dense(8), L.Activation("relu")]


def chosen(estimator: Any) -> dict[str, Any]:
    """The numbers that "auto" came to, as parameters."""
    names = ("max_epochs", "batch_size", "learning_rate_init", "weight_decay")
    return {name: getattr(estimator, f"{name}_") for name in names}


def same(a: Any, b: Any, of: Any = X) -> bool:
    return bool(np.array_equal(a.predict(of), b.predict(of))) and a.loss_curve_ == b.loss_curve_


# --- the rules


@pytest.mark.parametrize(("n", "batch", "epochs"), [(40, 32, 750), (20, 20, 1500), (6000, 32, 20)])
def test_steps(n: int, batch: int, epochs: int) -> None:
    rows = np.resize(X, (n, 6))
    net = NetClassifier([], weight_decay=0.0, **SEED).fit(rows, np.arange(n) % 2)
    assert (net.batch_size_, net.max_epochs_, net.n_iter_) == (batch, epochs, epochs)


@pytest.mark.parametrize(
    ("layers", "rate"),
    [
        (SMALL, 0.01),
        ([L.Dense(400), L.Activation("relu")], 0.1 / 20),
        ([L.Dense(400), L.Activation("sigmoid")], 0.2 / 20),
        ([L.Dense(8), L.Activation("sigmoid")], 0.02),
    ],
)
def test_rate_by_width_and_activation(layers: list[L.Layer], rate: float) -> None:
    net = NetClassifier(layers, max_epochs=100, **SEED).fit(*FEW)
    assert net.learning_rate_init_ == pytest.approx(rate)
    lr = np.array(net.history_["lr"])
    rises = rate > 0.01 or len(layers) > 2 or layers[1].slope < 1
    assert lr.argmax() == (5 if rises else 0)  # 5 % of the epochs
    assert lr.max() == pytest.approx(rate, rel=0.3)
    assert lr[-1] < 0.01 * rate


def test_convolutional_and_recurrent_nets_have_rules_of_their_own() -> None:
    images = CNNClassifier((2,), hidden_layer_sizes=(), input_shape=(2, 3), **SEED).fit(X, Y)
    assert images.max_epochs_ == 600 / 4
    layers = [L.Conv2D(2, 3, padding="same"), L.Activation("relu"), L.MaxPool2D(2)]
    own = NetClassifier(layers, input_shape=(2, 3), **SEED).fit(X, Y)
    assert chosen(own) == chosen(images)
    assert RNNClassifier((2,), input_shape=(3, 2), **SEED).fit(X, Y).max_epochs_ == 1000 / 4


@pytest.mark.share(4)
@pytest.mark.parametrize("batch_size", ["auto", 7])
@pytest.mark.parametrize("n", [30, 49])
@pytest.mark.parametrize("learning_rate", ["auto", "constant"])
def test_weights_without_gradient_shrink_by_the_same_in_each_fit(
    batch_size: Any, n: int, learning_rate: str
) -> None:
    rows = np.hstack([X[:n], np.zeros((n, 1))])
    words = {"batch_size": batch_size, "learning_rate": learning_rate, "tol": 0.0, **SEED}
    words |= {"n_iter_no_change": np.inf}
    start = NetClassifier(SMALL, weight_decay=0.0, **words).fit(rows, Y[:n])
    shrunk = NetClassifier(SMALL, **words).fit(rows, Y[:n])
    w0, w = (net.program_.get_parameter("dense_1.weight")[-1] for net in (start, shrunk))
    np.testing.assert_allclose(w / w0, np.exp(-shrunk._shrinkage), rtol=0.1)


def test_the_decay_of_a_spec_and_numbers_are_obeyed() -> None:
    for words, decay in [
        ({"solver": optim.AdamW(weight_decay=0.3)}, 0.3),
        ({"weight_decay": 0.2}, 0.2),
        ({"solver": "adamw", "weight_decay": None}, 0.01),
        ({"weight_decay": None}, 0.0),
    ]:
        net = NetClassifier(SMALL, max_epochs=2, **words, **SEED).fit(X, Y)
        assert net.weight_decay_ == decay


NUMBERS = {"max_epochs": 7, "batch_size": 9, "learning_rate_init": 0.003, "weight_decay": 0.4}


@pytest.mark.share(3)
@pytest.mark.parametrize("names", [[n] for n in NUMBERS] + [list(NUMBERS), list(NUMBERS)[::2]])
def test_numbers_are_obeyed_alone_and_together(names: list[str]) -> None:
    given = {name: NUMBERS[name] for name in names}
    net = NetClassifier(SMALL, **given, **SEED).fit(*FEW)
    assert {name: chosen(net)[name] for name in names} == given
    assert same(net, NetClassifier(SMALL, **chosen(net), **SEED).fit(*FEW))


# --- shrinkage chosen by held-out samples


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


# --- partial fits


def test_partial_fit_has_a_constant_rate_and_no_decay() -> None:
    net = NetClassifier(SMALL, **SEED).partial_fit(X, Y, classes=[0, 1, 2])
    for _ in range(3):
        net.partial_fit(X[:20], Y[:20])
    assert chosen(net) == {
        "max_epochs": 1, "batch_size": 20, "learning_rate_init": 0.01, "weight_decay": 0.0,
    }  # fmt: skip
    assert net.history_["lr"] == [0.01] * 4
    by_hand = NetClassifier(
        SMALL, batch_size=32, learning_rate="constant", learning_rate_init=0.01, weight_decay=0.0,
        **SEED,
    ).partial_fit(X, Y, classes=[0, 1, 2])  # fmt: skip
    for _ in range(3):
        by_hand.partial_fit(X[:20], Y[:20])
    assert same(net, by_hand)


def test_partial_fit_goes_on_after_a_fit_at_a_rate_that_learns() -> None:
    net = NetClassifier(SMALL, max_epochs=5, **SEED).fit(X, Y)
    before = net.program_.get_weights()
    net.partial_fit(X, Y)
    assert net.history_["lr"][-1] == 0.01
    assert np.abs(net.program_.get_weights() - before).max() > 1e-3
    net.set_params(learning_rate_init=0.02).partial_fit(X, Y)
    assert net.history_["lr"][-1] == 0.02


def test_partial_fit_tells_of_a_schedule_that_is_over() -> None:
    net = NetClassifier(SMALL, learning_rate="cosine", max_epochs=3, **SEED).fit(X, Y)
    with pytest.warns(UserWarning, match=r"Cosine\(\), is over after its 3 epochs"):
        net.partial_fit(X, Y)
    net.set_params(learning_rate="constant").partial_fit(X, Y)


# --- tol


def test_tol_does_not_cut_a_schedule_that_ends_by_itself() -> None:
    words = {"max_epochs": 200, "learning_rate_init": 1e-9, "weight_decay": 0.0, **SEED}
    assert NetClassifier(SMALL, **words).fit(*FEW).n_iter_ == 200
    for asked in ({"tol": 1e-4}, {"n_iter_no_change": 10}, {"learning_rate": "constant"}):
        assert NetClassifier(SMALL, **asked, **words).fit(*FEW).n_iter_ < 200


# --- a warning where a fit was too short


def line() -> int:
    frame = inspect.currentframe()
    assert frame is not None
    assert frame.f_back is not None
    return frame.f_back.f_lineno


SHORT = [
    NetClassifier(SMALL, max_epochs=2, **SEED),
    CNNClassifier((2,), max_epochs=2, input_shape=(2, 3), **SEED),
    RNNClassifier((2,), max_epochs=2, **SEED),
    SoftmaxRegression(max_epochs=2, **SEED),
    SoftmaxRegression(solver="adam", max_epochs=2, **SEED),
    NetClassifier(SMALL, solver="lbfgs", max_epochs=2, **SEED),
    StackedAutoencoderClassifier((4,), max_epochs=2, pretrain_epochs=1, **SEED),
    MLPClassifier(max_iter=2, random_state=0),
    MLPClassifier(max_iter=2, solver="lbfgs", random_state=0),
]


@pytest.mark.filterwarnings("ignore:lbfgs failed", "ignore:Stochastic Optimizer", "default:max_ep")
@pytest.mark.parametrize("net", SHORT, ids=lambda net: type(net).__name__)
def test_a_fit_that_was_too_short_says_so(net: Any) -> None:
    here = line() + 2
    with pytest.warns(ConvergenceWarning) as found:
        clone(net).fit(X, Y)
    (warning,) = found
    assert (warning.filename, warning.lineno) == (__file__, here)
    name, other = ("max_iter", "max_epochs") if "max_iter" in net.get_params() else (
        "max_epochs", "max_iter",
    )  # fmt: skip
    text = str(warning.message)
    assert other not in text
    assert name in text or "Maximum iterations" in text


def test_through_scikit_learn_the_warning_is_of_the_same_line() -> None:
    from sklearn.model_selection import cross_val_score

    here = line() + 2
    with pytest.warns(ConvergenceWarning, match="max_epochs=2") as found:
        cross_val_score(NetClassifier(SMALL, max_epochs=2, **SEED), X, Y, cv=2)
    assert {warning.lineno for warning in found} == {here}


@pytest.mark.filterwarnings("error::sklearn.exceptions.ConvergenceWarning")
def test_no_warning_where_nothing_is_to_gain() -> None:
    NetClassifier(SMALL, **SEED).fit(*FEW)
    NetClassifier(SMALL, max_epochs=300, **SEED).fit(*FEW)
    NetClassifier(SMALL, max_epochs=2, **SEED).partial_fit(X, Y, classes=[0, 1, 2])


# --- y of regressors

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


# --- softmax regression


def test_softmax_regression_is_logistic_regression() -> None:
    for rows, labels in [(scale(load_iris().data), load_iris().target), (X, Y), (X, Y > 0)]:
        ours = SoftmaxRegression(dtype="float64", tol=1e-7).fit(rows, labels)
        theirs = LogisticRegression(tol=1e-9, max_iter=10_000).fit(rows, labels)
        np.testing.assert_allclose(ours.predict_proba(rows), theirs.predict_proba(rows), atol=1e-4)


def test_softmax_regression_by_steps() -> None:
    for words, labels in [({"solver": "adam"}, Y), ({"early_stopping": True}, Y)]:
        net = SoftmaxRegression(**words, **SEED).fit(X, labels)
        assert net._optimizer.schedule == schedules.Cosine()
    hinge = SoftmaxRegression(loss="hinge", **SEED).fit(X, Y)
    assert hinge.learning_rate_init_ == 0.01
    stream = SoftmaxRegression(**SEED)
    for _ in range(50):
        stream.partial_fit(X, Y, classes=[0, 1, 2])
    assert stream.score(X, Y) > SoftmaxRegression().fit(X, Y).score(X, Y) - 0.05
