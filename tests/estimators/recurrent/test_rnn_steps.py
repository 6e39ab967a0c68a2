"""Answers for every step, truncated back-propagation, and text for the recurrent networks."""

import os
import pickle
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import r2_score
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import fastdl
from fastdl import RNNClassifier, RNNRegressor, optim
from fastdl import layers as L
from fastdl.fitting.trainable import windows
from fastdl.program import compile, set_optimizer
from images import weights

_TINY: dict[str, Any] = {
    "hidden_layer_sizes": (8,),
    "max_epochs": 3,
    "learning_rate": "constant",
    "learning_rate_init": 0.02,
    "weight_decay": None,
    "random_state": 0,
    "n_jobs": 1,
}


def regressor(**params: Any) -> RNNRegressor:
    return RNNRegressor(**{**_TINY, "return_sequences": True, **params})


def classifier(**params: Any) -> RNNClassifier:
    return RNNClassifier(**{**_TINY, **params})


@pytest.fixture(scope="module", name="data")
def running_sums():
    """Sequences of 2 to 9 steps, and what the first feature has come to at each."""
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(t, 2)).astype(np.float32) for t in rng.integers(2, 10, size=90)]
    return X, [x[:, 0].cumsum() for x in X]


def padded(sequences, steps, value=np.nan):
    arrays = [np.reshape(s, (len(s), -1)) for s in sequences]
    lengths = np.array([len(a) for a in arrays])
    out = np.full((len(arrays), steps, arrays[0].shape[1]), value)
    for a, row in zip(arrays, out, strict=True):
        row[: len(a)] = a
    return out, lengths


# --- a value for every step


def test_learns_running_sums(data):
    X, y = data
    reg = regressor(max_epochs=60).fit(X, y)
    predicted = reg.predict(X)
    assert [len(p) for p in predicted] == [len(x) for x in X]
    r2 = r2_score(np.concatenate(y), np.concatenate(predicted))
    assert reg.score(X, y) == pytest.approx(r2)
    assert r2 > 0.9
    last = RNNRegressor(**{**_TINY, "max_epochs": 60}).fit(X, [v[-1] for v in y])
    assert last.predict(X).shape == (len(X),)


def test_several_outputs_in_the_form_of_x(data):
    X, y = data
    y = [np.stack([v, -v, 0 * v + 1], axis=1) for v in y]
    reg = regressor(cell="gru", bidirectional=True).fit(X, y)
    listed = reg.predict(X)
    assert [p.shape for p in listed] == [v.shape for v in y]
    values, lengths = padded(X, 11)
    values = values.astype(np.float32)
    targets, _ = padded(y, 11)
    again = regressor(cell="gru", bidirectional=True).fit(values, targets, lengths=lengths)
    assert weights(again) == weights(reg)
    answers = again.predict(values, lengths=lengths)
    assert answers.shape == (len(X), 11, 3)
    for answer, of_one in zip(answers, listed, strict=True):
        np.testing.assert_array_equal(answer[: len(of_one)], of_one)
        np.testing.assert_array_equal(answer[len(of_one) :], 0)
    assert again.score(values, targets, lengths=lengths) == reg.score(X, y)
    full = np.ones((4, 5, 2), np.float32)
    assert reg.predict(full).shape == (4, 5, 3)
    assert reg.transform(full).shape == (4, 5, 16)
    assert [s.shape for s in reg.transform(X)[:2]] == [(len(x), 16) for x in X[:2]]


def test_one_array_without_lengths():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 6, 2)).astype(np.float32)
    y = X[:, :, 0].cumsum(axis=1)
    reg = regressor().fit(X, y)
    assert reg.predict(X).shape == y.shape
    assert weights(regressor().fit(list(X), list(y))) == weights(reg)
    rows = regressor().fit(X[:, :, 0], y)
    assert rows.predict(X[:, :, 0]).shape == y.shape


def test_weight_zero_is_absence(data):
    X, y = data
    weight = (np.arange(len(X)) < 60).astype(float)
    weighted = regressor(batch_size=len(X)).fit(X, y, sample_weight=weight)
    absent = regressor(batch_size=60).fit(X[:60], y[:60])
    for a, b in zip(weighted.predict(X), absent.predict(X), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)
    assert weighted.score(X, y, sample_weight=weight) == pytest.approx(
        weighted.score(X[:60], y[:60])
    )


@pytest.mark.parametrize("params", [{}, {"truncate_bptt": 4}])
def test_validation_sets(data, params):
    X, y = data
    reg = regressor(max_epochs=8, **params).fit(X[20:], y[20:], X_val=X[:20], y_val=y[:20])
    assert reg.score(X[:20], y[:20]) == pytest.approx(max(reg.validation_scores_))
    values, lengths = padded(X[:20], 30)
    targets = padded(y[:20], 30)[0][:, :, 0]
    again = regressor(max_epochs=8, **params)
    again.fit(X[20:], y[20:], X_val=values, y_val=targets, lengths_val=lengths)
    assert weights(again) == weights(reg)
    assert again.validation_loss_curve_ == reg.validation_loss_curve_
    held = regressor(early_stopping=True, loss="huber", scoring=mean_error, **params).fit(X, y)
    assert len(held.validation_scores_) == held.n_iter_


def mean_error(estimator: Any, X: Any, y: Any) -> float:
    predicted = estimator.predict(X)
    return -float(np.mean([np.abs(a - b).mean() for a, b in zip(predicted, y, strict=True)]))


def test_partial_fit_and_warm_start(data):
    X, y = data
    reg = regressor(loss="absolute_error")
    values, lengths = padded(X, 9)
    targets = padded(y, 9)[0][:, :, 0]
    for _ in range(20):
        reg.partial_fit(values, targets, lengths=lengths)
    listed = regressor(loss="absolute_error")
    for _ in range(20):
        listed.partial_fit(X, y)
    assert weights(reg) == weights(listed)
    assert reg.score(X, y) > 0.6
    warm = regressor(warm_start=True).fit(X, y)
    warm.fit([np.repeat(x, 3, axis=0) for x in X], [np.repeat(v, 3) for v in y])
    assert len(warm.loss_curve_) == 6


def test_partial_fit_of_padded_sequences_and_labels(data):
    X, _ = data
    y = np.array([int(x[0, 0] > 0) for x in X])
    values, lengths = padded(X, 12)
    a = classifier().partial_fit(values, y, classes=[0, 1], lengths=lengths)
    b = classifier().partial_fit(X, y, classes=[0, 1])
    assert weights(a) == weights(b)
    assert not hasattr(classifier(solver="lbfgs"), "partial_fit")


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
@pytest.mark.parametrize("solver", ["sgd", optim.RMSprop(rho=0.8), "lbfgs"])
def test_solvers(data, solver):
    reg = regressor(solver=solver, max_epochs=6).fit(*data)
    assert reg.loss_curve_[-1] < reg.loss_curve_[0]


# --- truncated back-propagation


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_a_window_for_the_longest_is_no_truncation(data, cell):
    X, y = data
    params = {"cell": cell, "dropout": 0.2}
    full = weights(regressor(**params).fit(X, y))
    for k in (9, 50):
        assert weights(regressor(truncate_bptt=k, **params).fit(X, y)) == full
    assert weights(regressor(truncate_bptt=4, **params).fit(X, y)) != full
    ends = [v[-1] for v in y]
    params = {"return_sequences": False, "cell": cell}
    assert weights(regressor(truncate_bptt=9, **params).fit(X, ends)) == weights(
        regressor(**params).fit(X, ends)
    )


@pytest.mark.parametrize("k", [1, 4])
def test_predictions_do_not_depend_on_windows(data, k):
    X, y = data
    reg = regressor(truncate_bptt=k, hidden_layer_sizes=(5, 5)).fit(X, y)
    assert reg.program_.input_shape == (k, 2)
    whole = regressor(hidden_layer_sizes=(5, 5), max_epochs=1).fit(X, y)
    whole.program_.set_weights(reg.program_.get_weights())
    for a, b in zip(reg.predict(X), whole.predict(X), strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(reg.transform(X, 0), whole.transform(X, 0), strict=True):
        np.testing.assert_array_equal(a, b)


def test_updates_window_by_window():
    """The same steps by hand: four sequences of six steps, in windows of two."""
    X = np.random.default_rng(0).normal(size=(4, 6, 2)).astype(np.float32)
    y = X.cumsum(axis=1)
    program = compile(
        [L.LSTM(8, return_sequences=True), L.Dense(2, name="output")],
        (2, 2),
        random_state=np.random.RandomState(0),
        loss="squared_error",
        optimizer=optim.Adam(),
        batch_size=4,
    )
    set_optimizer(program, optim.Adam(), clip_norm=1.0)
    random = np.random.RandomState(0)
    compile([L.LSTM(8), L.Dense(2)], (2, 2), random_state=random)  # draws as many weights
    order = np.arange(4)
    random.shuffle(order)
    for t in (0, 2, 4):
        window, targets = (np.ascontiguousarray(a[order, t : t + 2]) for a in (X, y))
        program.train_epoch(window, targets, np.arange(4), np.array([0.02]), stateful=True)
    reg = regressor(truncate_bptt=2, max_epochs=1, normalize_y=False).fit(X, y)
    np.testing.assert_array_equal(reg.program_.get_weights(), program.get_weights())


def test_truncated_fits_learn(data):
    X, y = data
    assert regressor(truncate_bptt=3, max_epochs=60).fit(X, y).score(X, y) > 0.85
    labels = np.array([int(x[-2:, 0].sum() > 0) for x in X])
    clf = classifier(truncate_bptt=3, max_epochs=60).fit(X, labels)
    assert clf.score(X, labels) > 0.9
    assert clf.program_.input_shape == (3, 2)


def test_the_last_window_sees_the_state_before():
    """Is the first number above 0? Gradients stop 3 steps from the end, knowledge does not."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(300, 6, 1)).astype(np.float32)
    X[:, 1:] *= 0.1
    y = (X[:, 0, 0] > 0).astype(int)
    clf = classifier(truncate_bptt=3, max_epochs=40, learning_rate_init=0.05).fit(X, y)
    assert clf.score(X, y) > 0.95


@pytest.mark.parametrize("each", [True, False])
def test_truncated_padding_threads_and_batches(data, each):
    X, y = data
    y = y if each else [v[-1] for v in y]
    values, lengths = padded(X, 14)
    targets = padded(y, 14)[0][:, :, 0] if each else y
    params = {"return_sequences": each, "truncate_bptt": 4, "dropout": 0.3, "batch_size": 20}
    expected = regressor(**params).fit(X, y)
    for n_jobs in (1, 2, 4):
        again = regressor(**{**params, "n_jobs": n_jobs})
        again.fit(values, targets, lengths=lengths)
        assert weights(again) == weights(expected)
    alone = [expected.predict([x])[0] for x in X[:10]]
    for a, b in zip(alone, expected.predict(X), strict=False):
        np.testing.assert_array_equal(a, b)


def test_memory_does_not_grow_with_the_length():
    rng = np.random.default_rng(0)
    sizes = []
    for steps in (30, 3000):
        X = rng.normal(size=(4, steps, 2)).astype(np.float32)
        reg = regressor(truncate_bptt=10, max_epochs=1).fit(X, X[:, :, 0])
        reg.predict(X)
        sizes.append(reg.program_.memory())
    assert sizes[0] == sizes[1]


def test_rates_move_from_window_to_window(data):
    X, y = data
    a = regressor(truncate_bptt=3, learning_rate="cosine").fit(X, y)
    b = regressor(truncate_bptt=3).fit(X, y)
    assert weights(a) != weights(b)
    assert a.history_["lr"][0] == b.history_["lr"][0]


def test_batches_begin_with_the_longest():
    order, lengths = np.array([4, 0, 1, 3, 2]), np.array([1, 5, 3, 3, 9], np.int32)
    assert windows.longest_first(order, lengths, 2).tolist() == [4, 0, 1, 3, 2]
    assert windows.longest_first(order, lengths, 3).tolist() == [4, 1, 0, 3, 2]
    assert windows.longest_first(order, None, 3).tolist() == order.tolist()


# --- text


NAMES = ["anna", "bob", "eve", "otto", "ann", "bo", "ivo", "ava", "max", "lea"] * 6
ENDS_IN_A = [int(name[-1] == "a") for name in NAMES]


def test_strings_are_sequences_of_characters():
    clf = classifier(max_epochs=30, embedding_size=4).fit(NAMES, ENDS_IN_A)
    assert clf.score(NAMES, ENDS_IN_A) == 1.0
    assert clf.symbols_[:2] == ("a", "o")
    assert clf.n_features_in_ == 1
    assert clf.summary().splitlines()[2].startswith("embedding_1 (Embedding)")
    for form in (tuple(NAMES), np.array(NAMES), np.array(NAMES, object), [list(n) for n in NAMES]):
        assert weights(classifier(max_epochs=30, embedding_size=4).fit(form, ENDS_IN_A)) == weights(
            clf
        )
        np.testing.assert_array_equal(clf.predict_proba(form), clf.predict_proba(NAMES))
    assert clf.predict_proba(NAMES).dtype == np.float32
    np.testing.assert_array_equal(clf.predict_proba(["anna"]), clf.predict_proba(NAMES)[:1])


def test_tokens_and_the_unknown_one():
    X = [["a", "dog"], ["the", "cat", "runs"], ["a", "cat"], ["the", "dog", "barks"]]
    clf = classifier(unknown="?").fit(X, [0, 1, 0, 1])
    assert clf.symbols_[-1] == "?"
    same = clf.predict_proba([["a", "bird"], ["a", "?"]])
    np.testing.assert_array_equal(same[0], same[1])
    seen = classifier(unknown="dog").fit(X, [0, 1, 0, 1])
    assert seen.symbols_.count("dog") == 1
    same = seen.predict_proba([["a", "bird"], ["a", "dog"]])
    np.testing.assert_array_equal(same[0], same[1])


def test_text_through_cross_validation_pipeline_and_files(tmp_path):
    y = np.array(ENDS_IN_A)
    pipe = make_pipeline(
        FunctionTransformer(lambda X: [x.lower() for x in X]), classifier(max_epochs=30)
    )
    assert cross_val_score(pipe, NAMES, y, cv=3).min() > 0.9
    clf = classifier(truncate_bptt=2, early_stopping=True).fit(NAMES, y)
    clf.save(tmp_path / "net.safetensors")
    for again in (pickle.loads(pickle.dumps(clf)), fastdl.load(tmp_path / "net.safetensors")):
        np.testing.assert_array_equal(again.predict_proba(NAMES), clf.predict_proba(NAMES))
    lengths = [float(len(name)) for name in NAMES]
    reg = regressor(return_sequences=False, max_epochs=30).fit(NAMES, lengths)
    assert reg.score(NAMES, lengths) > 0.8


def test_text_and_numbers_after_each_other(data):
    X, _ = data
    clf = classifier().fit(NAMES, ENDS_IN_A).fit(X, [0, 1] * 45)
    assert not hasattr(clf, "symbols_")
    assert clf.fit(NAMES, ENDS_IN_A).predict(["bob"]).shape == (1,)
    part = classifier().partial_fit(NAMES, ENDS_IN_A, classes=[0, 1]).partial_fit(["ann"], [0])
    assert part.t_ == len(NAMES) + 1


def test_long_sequences_take_turns_on_one_network_only() -> None:
    """Threads with the same network wait for each other; networks do not; one thread cannot."""
    programs = [compile([L.LSTM(3)], (4, 2), random_state=i, batch_size=8) for i in range(2)]
    X = np.random.RandomState(0).rand(20, 33, 2).astype(np.float32)
    lengths = np.full(20, 33, np.int32)
    expected = [windows.predict(p, X, lengths) for p in programs]
    with windows.going_on(programs[0]):
        np.testing.assert_array_equal(windows.predict(programs[1], X, lengths), expected[1])
        with pytest.raises(RuntimeError, match="middle of a sequence"):
            windows.predict(programs[0], X, lengths)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda i: windows.predict(programs[i % 2], X, lengths), range(40)))
    for i, outputs in enumerate(found):
        np.testing.assert_array_equal(outputs, expected[i % 2])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_fork_in_the_middle_of_a_sequence_of_another_thread() -> None:
    program = compile([L.LSTM(3)], (4, 2), random_state=0)
    X, lengths = np.ones((3, 9, 2), np.float32), np.full(3, 9, np.int32)
    expected = windows.predict(program, X, lengths)
    inside, leave = threading.Event(), threading.Event()

    def hold():
        with windows.going_on(program):
            inside.set()
            leave.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait()
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # a hang fails
        os._exit(0 if np.array_equal(windows.predict(program, X, lengths), expected) else 1)
    leave.set()
    thread.join()
    assert os.waitpid(child, 0)[1] == 0
