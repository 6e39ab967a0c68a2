"""The perceptrons when something goes wrong: errors, divergence, Ctrl-C."""

import _thread
import re
import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from fastdl import MLPClassifier, MLPRegressor
from fastdl.callbacks import Callback, EpochEnd
from perceptrons import new, some_digits, some_numbers, weights

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer:UserWarning")


@pytest.fixture(scope="module", name="digits")
def load() -> Any:
    return some_digits()


def snapshot(clf: Any) -> tuple[list[str], bytes, bytes]:
    X = np.eye(64)
    return sorted(vars(clf)), weights(clf).tobytes(), clf.predict_proba(X).tobytes()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda clf, X, y: clf.fit(np.where(X > 0, X, np.nan), y),
        lambda clf, X, y: clf.fit(X[:, :5], y[:-1]),
        lambda clf, X, y: clf.fit(X, y, X_val=X),
        lambda clf, X, y: clf.fit(X, y, X_val=X[:, :3], y_val=y),
        lambda clf, X, y: clf.set_params(device="cuda").fit(X, y),
        lambda clf, X, y: clf.partial_fit(X[:, :5], y),
        lambda clf, X, y: clf.partial_fit(X, y + 100),
        lambda clf, X, y: clf.partial_fit(X * 1e308, y),
        lambda clf, X, y: clf.set_params(warm_start=True).fit(X, y > 3),
        lambda clf, X, y: clf.set_callbacks(EpochEnd(lambda *_: 1 / 0)).fit(X, y),
        lambda clf, X, y: (
            clf.set_params(warm_start=True).set_callbacks(EpochEnd(lambda *_: 1 / 0)).fit(X, y)
        ),
    ],
)
def test_a_failed_fit_changes_nothing(digits: Any, spoil: Callable[..., Any]) -> None:
    X, y = digits
    clf = new().fit(X, y)
    before = snapshot(clf)
    with pytest.raises((ValueError, RuntimeError, ZeroDivisionError)):
        spoil(clf, X, y)
    clf.set_callbacks().set_params(device="cpu")
    assert snapshot(clf) == before


def interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_ctrl_c_keeps_finished_epochs(digits: Any, solver: str) -> None:
    stop = EpochEnd(lambda est, row: interrupt() if row["epoch"] == 3 else False)
    clf = new(solver=solver).set_callbacks(stop)
    with pytest.warns(UserWarning, match=re.escape("Training interrupted by user.")):
        clf.fit(*digits)
    assert len(clf.loss_curve_) == 3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        same = new(solver=solver, max_iter=3).fit(*digits)
    np.testing.assert_array_equal(weights(clf), weights(same))


class InTheEpoch(Callback):
    """Ctrl-C a moment after the first epoch has begun."""

    def on_fit_task_begin(self, estimator: Any, context: Any, **_: Any) -> None:
        if context.task_name == "epoch":
            threading.Timer(0.3, _thread.interrupt_main).start()


@pytest.mark.usefixtures("python_handles_ctrl_c")
def test_ctrl_c_is_answered_within_an_epoch() -> None:
    rng = np.random.RandomState(0)
    X, y = rng.rand(20000, 300).astype(np.float32), rng.randint(0, 2, 20000)
    clf = MLPClassifier((1000, 1000), batch_size=10, random_state=0)  # an epoch takes seconds
    with pytest.warns(UserWarning, match="interrupted by user"):
        clf.set_callbacks(InTheEpoch()).fit(X, y)
    assert clf.loss_curve_ == []
    assert np.isfinite(weights(clf)).all()


def test_divergence_keeps_finite_weights() -> None:
    X, y = some_numbers()
    reg = MLPRegressor(
        hidden_layer_sizes=(),
        solver="sgd",
        learning_rate_init=0.5,
        batch_size=20,
        max_iter=500,
        random_state=0,
        tol=0,
        n_iter_no_change=np.inf,
    )
    text = (
        r"loss became nan or inf in epoch (\d+), batch \d+ "
        r"\(solver='sgd', learning_rate_init=0\.5\)\. Weights of the end of epoch (\d+) are kept\. "
        r"Scale X, lower learning_rate_init, or set clip_norm\."
    )
    with pytest.warns(ConvergenceWarning, match=text) as warned:
        reg.fit(100 * X, y)
    epoch, kept = map(int, re.search(text, str(warned[0].message)).groups())
    assert epoch == kept + 1 == len(reg.loss_curve_) == reg.n_iter_
    assert reg.best_iter_ == kept
    assert np.isfinite(weights(reg)).all()
    assert np.isfinite(reg.loss_curve_[:-1]).all()
    assert np.isnan(reg.loss_curve_[-1])


ERRORS: list[tuple[str, Callable[[Any, Any], Any], type[Exception], str]] = [
    (
        "device",
        lambda X, y: new(device="cuda").fit(X, y),
        RuntimeError,
        'device="cuda" needs the CUDA build of fastdl and an NVIDIA driver; found neither. '
        'device="auto" falls back to the CPU.',
    ),
    (
        "activations",
        lambda X, y: new(activation=["relu"], hidden_layer_sizes=(5, 5)).fit(X, y),
        ValueError,
        "activation=['relu'] names 1 functions, but hidden_layer_sizes=(5, 5) has 2 layers. "
        "Give one name for all, or one for each hidden layer.",
    ),
    (
        "sizes",
        lambda X, y: new(hidden_layer_sizes=(5, 0)).fit(X, y),
        ValueError,
        "hidden_layer_sizes must be > 0, got [5, 0].",
    ),
    (
        "y_val",
        lambda X, y: new().fit(X, y, X_val=X),
        ValueError,
        "X_val and y_val belong together: give both or neither.",
    ),
    (
        "unseen y_val",
        lambda X, y: new().fit(X, y % 3, X_val=X, y_val=y % 4),
        ValueError,
        "In the validation set: `y` has classes not in `self.classes_`. `self.classes_` has "
        "[0 1 2]. 'y' has [0 1 2 3].",
    ),
    (
        "features of X_val",
        lambda X, y: new().fit(X, y, X_val=X[:, :3], y_val=y),
        ValueError,
        "In the validation set: X has 3 features, but MLPClassifier is expecting 64 features as "
        "input.",
    ),
    (
        "negative weights",
        lambda X, y: new().fit(X, y, -np.ones(len(y))),
        ValueError,
        "Negative values in data passed to `sample_weight`.",
    ),
    (
        "counts",
        lambda X, y: MLPRegressor("poisson").fit(X, y - 5.0),
        ValueError,
        "loss='poisson' is for counts, but y has negative values.",
    ),
    (
        "early stopping",
        lambda X, y: new(early_stopping=True).partial_fit(X, y, classes=range(10)),
        ValueError,
        "partial_fit does not support early_stopping=True",
    ),
    (
        "layer",
        lambda X, y: new(max_iter=1).fit(X, y).transform(X, layer=1),
        ValueError,
        "layer=1; this network has 1 hidden layers.",
    ),
    (
        "layer name",
        lambda X, y: new(max_iter=1).fit(X, y).transform(X, layer="dense"),
        ValueError,
        "layer='dense'; expected a number below 3 or one of 'dense_1', 'activation_1', 'dense_2'.",
    ),
    (
        "overwritten coefs_",
        lambda X, y: overwritten(new(max_iter=1).fit(X, y)).predict(X),
        ValueError,
        "parameter 'dense_1.weight' has shape (3, 3); expected (64, 20).",
    ),
    (
        "epochs",
        lambda X, y: MLPClassifier(epochs=3),
        TypeError,
        "MLPClassifier has no parameter 'epochs'. Did you mean 'max_iter'?",
    ),
    (
        "max_epochs",
        lambda X, y: MLPRegressor(max_epochs=3),
        TypeError,
        "MLPRegressor has no parameter 'max_epochs'. Did you mean 'max_iter'?",
    ),
    (
        "lr",
        lambda X, y: MLPClassifier(lr=0.1),
        TypeError,
        "MLPClassifier has no parameter 'lr'. Did you mean 'learning_rate_init'?",
    ),
    (
        "optimizer",
        lambda X, y: MLPClassifier(optimizer="adam"),
        TypeError,
        "MLPClassifier has no parameter 'optimizer'. Did you mean 'solver'?",
    ),
    (
        "patience",
        lambda X, y: MLPClassifier(patience=5),
        TypeError,
        "MLPClassifier has no parameter 'patience'. Did you mean 'n_iter_no_change'?",
    ),
]


def overwritten(clf: Any) -> Any:
    clf.coefs_[0] = np.zeros((3, 3))
    return clf


@pytest.mark.parametrize(
    ("call", "error", "text"), [e[1:] for e in ERRORS], ids=[e[0] for e in ERRORS]
)
def test_errors(digits: Any, call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as raised:
        call(*digits)
    assert str(raised.value) == text


def test_unknown_parameter() -> None:
    """What there is, unless a user's class takes any name."""

    class Painted(MLPClassifier):
        def __init__(self, **kwargs: Any) -> None:
            self.kwargs = kwargs

    with pytest.raises(TypeError, match="no parameter 'colour'. It has 'activation', 'alpha', "):
        MLPClassifier(colour="red")
    assert Painted(colour="red").kwargs == {"colour": "red"}


@pytest.mark.parametrize("method", ["predict", "predict_proba", "transform"])
def test_not_fitted(method: str) -> None:
    with pytest.raises(NotFittedError):
        getattr(MLPClassifier(), method)([[1.0]])
    with pytest.raises(NotFittedError):
        MLPClassifier().summary()
