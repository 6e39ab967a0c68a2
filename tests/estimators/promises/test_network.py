"""Networks between fits: compiled once and whole, whoever asks first; larger when needed."""

import copy
import functools
import os
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import fastdl
from fastdl import layers as L
from fastdl import losses
from fastdl.fitting.trainable import TrainableNetwork
from fastdl.optim import Adam, Momentum
from fastdl.program import Snapshot, compile, part

N_THREADS = 6
ROWS = np.random.RandomState(0).rand(40, 16).astype(np.float32)
IMAGES = ROWS.reshape(40, 4, 4)
SEQUENCES = ROWS.reshape(40, 8, 2)
PICTURES = (255 * np.kron(IMAGES, np.ones((1, 3, 3)))).astype(np.uint8)
LABELS = np.arange(40) % 3
OBJECTS = [{"boxes": [[0, 1, 3, 4]], "labels": ["box"]}] * 40
TAGS = [np.arange(8) % 3] * 40

QUICK = {"max_epochs": 2, "random_state": 0}
CODE = {"hidden_layer_sizes": (5,), **QUICK}
TABLE = {
    "MLPClassifier": ({"hidden_layer_sizes": (5,), "max_iter": 30, "tol": 1.0}, ROWS, LABELS),
    "MLPRegressor": ({"hidden_layer_sizes": (5,), "max_iter": 30, "tol": 1.0}, ROWS, ROWS[:, :2]),
    "SoftmaxRegression": ({**QUICK, "solver": "adam"}, ROWS, LABELS),
    "ELMClassifier": ({"hidden_layer_sizes": (5,), "random_state": 0}, ROWS, LABELS),
    "ELMRegressor": ({"hidden_layer_sizes": (5,), "random_state": 0}, ROWS, ROWS[:, 0]),
    "TabularClassifier": (CODE, ROWS, LABELS),
    "TabularRegressor": (CODE, ROWS, ROWS[:, 0]),
    "CNNClassifier": (QUICK, IMAGES, LABELS),
    "CNNRegressor": (QUICK, IMAGES, ROWS[:, 0]),
    "NetClassifier": ({"layers": [L.Dense(4), L.BatchNorm()], **QUICK}, ROWS, LABELS),
    "Embedder": ({"layers": [L.Dense(4)], **QUICK}, ROWS, LABELS),
    "NetRegressor": ({"layers": [L.Dense(4)], **QUICK}, ROWS, ROWS[:, 0]),
    "RNNClassifier": (CODE, SEQUENCES, LABELS),
    "RNNRegressor": (CODE, SEQUENCES, ROWS[:, 0]),
    "SequenceTagger": (CODE, SEQUENCES, TAGS),
    "TextGenerator": (CODE, "so much depends upon a red wheel barrow", None),
    "Seq2Seq": (CODE, ["ab", "abc", "cab"] * 10, ["ba", "cba", "bac"] * 10),
    "SuperResolver": ({"patch_size": 9, **CODE}, PICTURES, None),
    "Autoencoder": (CODE, ROWS, None),
    "StackedAutoencoder": (CODE, ROWS, None),
    "StackedAutoencoderClassifier": (CODE, ROWS, LABELS),
    "StackedAutoencoderRegressor": (CODE, ROWS, ROWS[:, 0]),
    "ConvAutoencoder": (QUICK, IMAGES, None),
    "ObjectDetector": ({"network": [L.Conv2D(2, 2, 2)], **QUICK}, IMAGES, OBJECTS),
    "DBNClassifier": ({"n_iter": 1, **CODE}, ROWS, LABELS),
    "DBNRegressor": ({"n_iter": 1, **CODE}, ROWS, ROWS[:, 0]),
}


@functools.cache
def fitted(name):
    parameters, X, y = TABLE[name]
    known = set(getattr(fastdl, name)().get_params())
    parameters = {k: v for k, v in parameters.items() if k in known}
    return getattr(fastdl, name)(**parameters).fit(X, *() if y is None else (y,))


def answers(estimator):
    X = TABLE[type(estimator).__name__][1]
    if isinstance(X, str):
        return np.array(estimator.score(X))
    for method in ("predict_proba", "predict", "transform"):
        if isinstance(estimator, fastdl.ObjectDetector):
            return np.concatenate([found["boxes"] for found in estimator.predict(X)])
        if hasattr(estimator, method):
            return np.array(getattr(estimator, method)(X))
    raise AssertionError


def state_of(estimator):
    return b"".join(a.tobytes() for a in estimator._network.snapshot()[:3])


def at_once(calls):
    """The results of functions that begin at the same time, each in a thread of its own."""
    barrier = threading.Barrier(len(calls))

    def begin(call):
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(begin, calls))


def through_file(estimator, path):
    estimator.save(path)
    return lambda: fastdl.load(path)


@pytest.mark.share(8)
@pytest.mark.parametrize("name", TABLE)
@pytest.mark.parametrize("way", ["pickle", "copy", "file"])
def test_first_predictions_from_several_threads(name, way, tmp_path):
    estimator = fitted(name)
    blob = pickle.dumps(estimator)
    another = {
        "pickle": lambda: pickle.loads(blob),
        "copy": lambda: copy.deepcopy(estimator),
        "file": through_file(estimator, tmp_path / "model") if way == "file" else None,
    }[way]
    expected, state = answers(estimator), state_of(estimator)
    for _ in range(8):
        found = another()
        results = at_once([functools.partial(answers, found)] * N_THREADS)
        assert all(np.array_equal(result, expected) for result in results)
        assert state_of(found) == state


def test_growth_from_several_threads():
    """More threads, larger batches and longer sequences are asked for while others predict."""
    estimator = fitted("RNNClassifier")
    state = state_of(estimator)
    expected = estimator.predict_proba(SEQUENCES)
    longer = [np.tile(SEQUENCES, (1, k, 1)) for k in (1, 2, 3)]
    alone = [copy.deepcopy(estimator).predict_proba(X) for X in longer]

    def grow(i, found):
        for size in range(300 + i, 700, 97):
            found._network.ready(1 + i % 3, size)
            np.testing.assert_array_equal(found.predict_proba(longer[i % 3]), alone[i % 3])

    for _ in range(8):
        found = copy.deepcopy(estimator)
        at_once([functools.partial(grow, i, found) for i in range(N_THREADS)])
        assert state_of(found) == state
        np.testing.assert_array_equal(found.predict_proba(SEQUENCES), expected)


def a_network(**options):
    layers = [L.Dense(4), L.BatchNorm(), L.Dense(2)]
    return TrainableNetwork(layers, (3,), losses.get("squared_error"), dtype="float32", **options)


def test_a_network_that_trains_keeps_its_program():
    """Who needs a larger one meanwhile gets a copy; afterwards it is the network's."""
    network = a_network()
    with network.training(1, 4) as program:
        assert network.program is program
        larger = network.ready(1, 1000)
        assert larger is not program
        assert larger.batch_size == 1000
        np.testing.assert_array_equal(larger.get_weights(), program.get_weights())
        program.set_weights(program.get_weights() + 1)
        assert network.program is program
        assert network.ready(1, 4) is program
    network.ready(1, 1000)
    assert network.program is not program
    np.testing.assert_array_equal(network.program.get_weights(), program.get_weights())


def test_copies_hold_all_that_training_changes():
    network = a_network()
    network.set_optimizer(Adam())
    x, y = ROWS[:, :3].copy(), ROWS[:, 3:5].copy()
    network.program.train_epoch(x, y, np.arange(40), np.array([0.1]), batch_size=40)
    before = network.snapshot()
    for other in (copy.copy(network), copy.deepcopy(network), pickle.loads(pickle.dumps(network))):
        for _ in range(2):  # before and after it is compiled
            found = other.snapshot()
            assert found.steps == before.steps == 1
            assert all(map(np.array_equal, found[:3], before[:3]))
            assert other.program is not network.program
        other.program.train_epoch(x, y, np.arange(40), np.array([0.1]), batch_size=40)
    assert all(map(np.array_equal, network.snapshot()[:3], before[:3]))


def test_an_optimizer_that_is_refused_changes_nothing():
    network = a_network()
    network.set_optimizer(Momentum())
    before, options = network.optimizer, network.options
    with pytest.raises(ValueError, match="multipliers"):
        network.set_optimizer(Adam(), lr_multipliers=[1.0])
    assert (network.optimizer, network.options) == (before, options)
    Snapshot.of(network.program).load(copy.copy(network).program)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_fork_while_another_thread_compiles():
    """The lock of a network is copied locked; the child must not wait for a thread it lacks."""
    network = copy.copy(a_network())
    entered, leave = threading.Event(), threading.Event()

    def hold():
        with network._lock:
            entered.set()
            leave.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    entered.wait()
    child = os.fork()
    if child == 0:
        os._exit(0 if network.ready(1).get_weights().any() else 1)
    leave.set()
    thread.join()
    assert os.waitpid(child, 0)[1] == 0


def test_the_table_is_complete():
    """Every estimator that predicts by a network has a row."""
    without = {"BernoulliRBM", "GaussianRBM", "DBN", "NDScaler", "SequenceScaler", "WordVectors"}
    assert TABLE.keys() == set(fastdl.estimators.__all__) - without


@pytest.mark.parametrize("first", range(6))
def test_a_part_of_a_network(first):
    """Its outputs are those of the whole, from what the layer before it gives."""
    layers = L.with_names(
        [
            L.Dense(6, name="a"),
            L.BatchNorm(),
            L.KLSparsity(0.1, 1.0),
            L.Residual([L.Dense(6), L.Activation("tanh")]),
            L.TiedDense("a"),
            L.Dense(2),
        ]
    )
    program = compile(layers, (5,), dtype="float64", random_state=0)
    rng = np.random.RandomState(0)
    program.set_states(rng.rand(len(program.get_states())))
    x = rng.rand(9, 5)
    found = part(program, layers, first, batch_size=4, threads=1, input_gradient=True)
    below = program.predict(x, layer=first - 1) if first else x
    np.testing.assert_allclose(found.predict(below), program.predict(x), rtol=1e-13)
    assert found.batch_size == 4
    assert found.backward(found.forward(below[:4])).shape == below[:4].shape
    program.set_weights(program.get_weights() * 2)
    assert not np.allclose(found.predict(below), program.predict(x))
