"""Weights by name, out of a network and into one, for every estimator that is a network."""

import copy
import threading

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from test_network import TABLE, answers, fitted

from fastdl import DBN, BernoulliRBM, GaussianRBM, MLPClassifier, NetClassifier
from fastdl import layers as L
from fastdl.callbacks import EpochEnd

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = TABLE["MLPClassifier"][1:]


@pytest.mark.share(2)
@pytest.mark.parametrize("name", TABLE)
def test_weights_go_to_another(name):
    one, other = fitted(name), copy.deepcopy(fitted(name))
    weights = one.get_weights()
    assert all(isinstance(value, np.ndarray) for value in weights.values())
    other.set_weights({key: np.zeros_like(value) for key, value in weights.items()})
    assert not any(value.any() for value in other.get_weights().values())
    assert other.set_weights(weights) is other
    np.testing.assert_array_equal(answers(other), answers(one))
    for key, value in other.get_weights().items():
        np.testing.assert_array_equal(value, weights[key])
        value[...] = 0  # they are copies
    np.testing.assert_array_equal(answers(other), answers(one))


def test_names_are_those_of_the_summary():
    net = fitted("NetClassifier")
    assert {name: w.shape for name, w in net.get_weights().items()} == {
        "dense_1.weight": (16, 4),
        "dense_1.bias": (4,),
        "batch_norm_1.gain": (4,),
        "batch_norm_1.shift": (4,),
        "output.weight": (4, 3),
        "output.bias": (3,),
        "batch_norm_1.running_mean": (4,),
        "batch_norm_1.running_var": (4,),
    }


def test_attributes_show_what_was_set():
    clf = copy.deepcopy(fitted("MLPClassifier"))
    clf.set_weights({"dense_1.bias": np.arange(5)})
    np.testing.assert_array_equal(clf.intercepts_[0], np.arange(5))
    clf.coefs_[0][:] = 2  # and the other way round
    assert (clf.get_weights()["dense_1.weight"] == 2).all()
    np.testing.assert_array_equal(clf.get_weights()["dense_1.bias"], np.arange(5))


def test_training_goes_on_from_them():
    net = NetClassifier([L.Dense(4)], max_epochs=1, random_state=0, warm_start=True).fit(X, Y)
    before = net.set_weights({"output.bias": np.full(3, 50.0)}).get_weights()["output.bias"]
    after = net.fit(X, Y).get_weights()["output.bias"]
    assert 0 < np.abs(after - before).max() < 1


@pytest.mark.parametrize(
    ("weights", "text"),
    [
        ({"dense_9.bias": [0.0]}, "'dense_9.bias' of the weights is not in the network."),
        ({"dense_1.bias": [0.0]}, r"'dense_1.bias' has shape \(1,\) in the weights, but \(5,\)"),
        ({"dense_1.bias": [np.nan] * 5}, "'dense_1.bias' of the weights holds NaN or infinity."),
    ],
)
def test_wrong_weights_change_nothing(weights, text):
    clf = fitted("MLPClassifier")
    before = clf.get_weights()
    with pytest.raises(ValueError, match=f"^{text}"):
        clf.set_weights({"dense_1.weight": np.zeros((16, 5)), **weights})
    for name, value in clf.get_weights().items():
        np.testing.assert_array_equal(value, before[name])


def test_of_nothing_fitted():
    for call in (MLPClassifier().get_weights, lambda: MLPClassifier().set_weights({})):
        with pytest.raises(NotFittedError):
            call()


def test_while_another_thread_fits():
    """It reads those of the last epoch, and writes none."""
    found = []

    def look(net, row):
        def other():
            found.append(net.get_weights())
            with pytest.raises(RuntimeError, match="is being fitted in another thread"):
                net.set_weights({})
            found.append("refused")

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()

    net = NetClassifier([L.Dense(4)], max_epochs=3, random_state=0).set_callbacks(EpochEnd(look))
    net.fit(X, Y)
    assert found[1::2] == ["refused"] * 3
    np.testing.assert_array_equal(found[-2]["dense_1.weight"], net.get_weights()["dense_1.weight"])


MACHINES = {
    "BernoulliRBM": lambda: BernoulliRBM(3, n_iter=1, random_state=0).fit(SMALL),
    "GaussianRBM": lambda: GaussianRBM(3, n_iter=1, random_state=0).fit(SMALL.astype(np.float32)),
    "DBN": lambda: DBN((3, 2), pretrain_epochs=1, random_state=0).fit(SMALL),
}
SMALL = np.random.RandomState(0).random((20, 5))


@pytest.mark.parametrize("name", MACHINES)
def test_weights_of_machines(name):
    one, other = MACHINES[name](), MACHINES[name]()
    weights = one.get_weights()
    assert other.set_weights({key: 0 * value for key, value in weights.items()}) is other
    assert (other.transform(SMALL) == 0.5).all()
    other.set_weights(weights)
    np.testing.assert_array_equal(other.transform(SMALL), one.transform(SMALL))
    np.testing.assert_array_equal(other.reconstruct(SMALL), one.reconstruct(SMALL))
    for key, value in other.get_weights().items():
        assert value.dtype == weights[key].dtype
        value[...] = 0  # they are copies
    np.testing.assert_array_equal(other.transform(SMALL), one.transform(SMALL))


def test_names_of_machines():
    shapes = {name: value.shape for name, value in MACHINES["DBN"]().get_weights().items()}
    first = {"hidden_1.weight": (5, 3), "hidden_1.bias": (3,), "visible_1.bias": (5,)}
    assert shapes == first | {
        "hidden_2.weight": (3, 2),
        "hidden_2.bias": (2,),
        "visible_2.bias": (3,),
    }
    rbm = MACHINES["BernoulliRBM"]()
    weights = rbm.get_weights()
    np.testing.assert_array_equal(weights["hidden.weight"], rbm.components_.T)
    np.testing.assert_array_equal(weights["hidden.bias"], rbm.intercept_hidden_)
    np.testing.assert_array_equal(weights["visible.bias"], rbm.intercept_visible_)
    rbm.set_weights({"hidden.weight": np.ones((5, 3))}).partial_fit(SMALL)  # goes on from them
    np.testing.assert_allclose(rbm.components_, 1, atol=0.1)


@pytest.mark.parametrize(
    ("weights", "text"),
    [
        ({"hidden.weights": 0}, "'hidden.weights' of the weights is not in the machine, which has"),
        ({"hidden.bias": [0.0]}, r"'hidden.bias' has shape \(1,\) in the weights, but \(3,\) in"),
        ({"visible.bias": [np.inf] * 5}, "'visible.bias' of the weights holds NaN or infinity."),
    ],
)
def test_wrong_weights_of_machines_change_nothing(weights, text):
    rbm = MACHINES["BernoulliRBM"]()
    before = rbm.components_.copy()
    with pytest.raises(ValueError, match=f"^{text}"):
        rbm.set_weights({"hidden.weight": np.zeros((5, 3)), **weights})
    np.testing.assert_array_equal(rbm.components_, before)
    with pytest.raises(NotFittedError):
        BernoulliRBM().get_weights()


@pytest.mark.parametrize("estimator", [BernoulliRBM(3), GaussianRBM(3), DBN((3, 2))])
def test_summary_of_machines(estimator):
    text = str(estimator.summary(input_shape=(5,), n_outputs=4))
    assert " 18 " in text
    assert text.splitlines()[2].startswith("hidden")
    n = 8 if isinstance(estimator, DBN) else 5
    assert text.endswith(f"And {n} biases of visible units, for the way back.")
    with pytest.raises(NotFittedError):
        estimator.summary()
