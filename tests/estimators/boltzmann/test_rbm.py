"""Restricted Boltzmann machines: scikit-learn's answers, exact gradients, draws, bytes, errors."""

import copy
import itertools
import pickle
import re
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse, stats
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import BernoulliRBM as Theirs
from sklearn.preprocessing import scale

import fastdl
from fastdl import BernoulliRBM, GaussianRBM
from fastdl._core import Rbm
from fastdl.callbacks import Callback, EpochEnd
from versions import promised_for_1_9

KINDS = [BernoulliRBM, GaussianRBM]
DIGITS = load_digits().data[:300] / 16


def new(kind: Any, **params: Any) -> Any:
    return kind(**{"n_components": 20, "n_iter": 3, "random_state": 0, **params})


def weights(rbm: Any) -> bytes:
    arrays = (rbm.components_, rbm.intercept_visible_, rbm.intercept_hidden_, rbm.h_samples_)
    return b"".join(a.tobytes() for a in arrays)


# --- the drop-in


@promised_for_1_9
@pytest.mark.parametrize(("dtype", "close"), [("float64", 1e-9), ("float32", 1e-3)])
@pytest.mark.parametrize("params", [{}, {"batch_size": 7, "learning_rate": 0.02}], ids=str)
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
def test_scikit_learns_machine(dtype: str, close: float, params: Any, form: Any) -> None:
    X = form(DIGITS.astype(dtype))
    mine, theirs = new(BernoulliRBM, **params).fit(X), new(Theirs, **params).fit(X)
    for name in ("components_", "intercept_visible_", "intercept_hidden_", "h_samples_"):
        a, b = getattr(mine, name), getattr(theirs, name)
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=0, atol=close)
    np.testing.assert_array_equal(mine.gibbs(X), theirs.gibbs(X))
    np.testing.assert_allclose(mine.transform(X), theirs.transform(X), atol=close)
    np.testing.assert_allclose(mine.score_samples(X), theirs.score_samples(X), atol=100 * close)


@promised_for_1_9
def test_partial_fits_as_scikit_learn() -> None:
    mine, theirs = (new(kind, batch_size=10) for kind in (BernoulliRBM, Theirs))
    for batch in np.array_split(DIGITS, 23):
        mine.partial_fit(batch), theirs.partial_fit(batch)
    np.testing.assert_allclose(mine.components_, theirs.components_, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(mine.h_samples_, theirs.h_samples_)


@promised_for_1_9
def test_same_names_as_scikit_learn() -> None:
    params, wanted = BernoulliRBM().get_params(), Theirs().get_params()
    assert {key: params[key] for key in wanted} == wanted


# --- what a machine is, by enumeration of a small one


def states(n: int) -> NDArray[np.float64]:
    return np.array(list(itertools.product([0.0, 1.0], repeat=n)))


def small() -> BernoulliRBM:
    rbm = BernoulliRBM(4, n_iter=0, random_state=0).fit(states(3))
    rng = np.random.RandomState(1)
    rbm.components_, rbm.intercept_visible_, rbm.intercept_hidden_ = (
        rng.normal(size=shape) for shape in ((4, 3), 3, 4)
    )
    return rbm


def test_free_energy_and_gibbs_sampling() -> None:
    rbm, V, H = small(), states(3), states(4)
    energy = -(V @ rbm.intercept_visible_)[:, None] - H @ rbm.intercept_hidden_
    energy -= V @ rbm.components_.T @ H.T
    np.testing.assert_allclose(rbm.free_energy(V), -np.log(np.exp(-energy).sum(axis=1)))
    p = np.exp(-energy).sum(axis=1) / np.exp(-energy).sum()
    draws = rbm.sample(20_000, n_steps=30)
    counts = np.bincount((draws @ [4, 2, 1]).astype(int), minlength=8)
    assert stats.chisquare(counts, p * counts.sum()).pvalue > 1e-3


def test_gaussian_free_energy_and_draws() -> None:
    X = scale(DIGITS)
    rbm = new(GaussianRBM).fit(X)
    logits = X @ rbm.components_.T + rbm.intercept_hidden_
    wanted = 0.5 * np.square(X - rbm.intercept_visible_).sum(axis=1)
    wanted -= np.logaddexp(0, logits).sum(axis=1)
    np.testing.assert_allclose(rbm.free_energy(X), wanted)
    np.testing.assert_allclose(rbm.score_samples(X), -wanted)
    rbm.components_[:] = 0
    noise = rbm.gibbs(np.zeros((2000, 64))) - rbm.intercept_visible_
    assert stats.kstest(noise.ravel(), "norm").pvalue > 1e-3
    assert abs(np.corrcoef(noise[:, :4].T) - np.eye(4)).max() < 0.1


@pytest.mark.parametrize("gaussian", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_epoch_in_numpy(gaussian: bool, dtype: str, backend: str) -> None:
    """Contrastive divergence with momentum, weight decay and a sparsity target, step by step.

    Weights of hundreds make the hidden units certain, so that no draw matters.
    """
    rng = np.random.default_rng(0)
    X = rng.random((12, 5)).astype(dtype)
    w = np.asarray(rng.choice([-400.0, 400.0], (5, 3)), dtype)
    b, c, q = np.zeros(5, dtype), np.full(3, 7, dtype), np.full(3, 0.2, dtype)
    core, mine = [a.copy() for a in (w, b, c)], [a.astype(float) for a in (w, b, c)]
    velocity = [np.zeros_like(a) for a in core]
    activity, v = q.copy(), [np.zeros_like(a) for a in mine]
    machine = Rbm(5, 3, gaussian=gaussian, dtype=dtype, backend=backend, batch_size=5)
    options = {"rate": 0.1, "momentum": 0.5, "weight_decay": 0.01, "target": 0.3, "cost": 0.2}
    machine.train_epoch(
        X,
        np.arange(12),
        tuple(core),
        batch_size=5,
        velocity=tuple(velocity),
        activity=activity,
        **options,
    )

    def sigmoid(x: Any) -> Any:
        return 1 / (1 + np.exp(-np.clip(x, -700, 700)))

    for batch in (X[:5], X[5:10], X[10:]):
        w, b, c = mine
        h = sigmoid(batch @ w + c)
        again = h.round() @ w.T + b
        again = again if gaussian else sigmoid(again)
        h_again = sigmoid(again @ w + c)
        q = 0.9 * q + 0.1 * h.mean(axis=0)
        pulled = h + 0.2 * (0.3 - q)
        gradients = [
            batch.T @ pulled / len(batch) - again.T @ h_again / len(batch) - 0.01 * w,
            batch.mean(axis=0) - again.mean(axis=0),
            pulled.mean(axis=0) - h_again.mean(axis=0),
        ]
        v = [0.5 * old + 0.1 * g for old, g in zip(v, gradients, strict=True)]
        mine = [a + step for a, step in zip(mine, v, strict=True)]
    close = 1e-3 if dtype == "float32" else 1e-9
    for a, wanted in zip([*core, activity], [*mine, q], strict=True):
        np.testing.assert_allclose(a, wanted, rtol=close, atol=close)


# --- learning


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"k": 3},
        {"persistent": True},
        {"persistent": True, "k": 2},
        {"persistent": False, "momentum": 0.5, "weight_decay": 1e-3},
        {"sparsity_target": 0.1, "sparsity_cost": 1.0},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", KINDS)
def test_learns(kind: Any, params: Any) -> None:
    X = scale(DIGITS) if kind is GaussianRBM else DIGITS
    rbm = new(kind, n_iter=15, learning_rate=0.02, **params).fit(X)
    errors = rbm.history_["reconstruction_error"]
    assert len(errors) == 15
    assert errors[-1] < 0.95 * errors[0]
    np.testing.assert_allclose(errors[-1], np.square(X - rbm.reconstruct(X)).mean(), rtol=1e-6)
    if "sparsity_target" in params:
        assert rbm.transform(X).mean() < new(kind, n_iter=15).fit(X).transform(X).mean()


@pytest.mark.parametrize("made", [BernoulliRBM, GaussianRBM])
@pytest.mark.parametrize("way", ["fit", "partial_fit"])
def test_bytes_are_taken_as_they_are(made, way):
    X = np.random.default_rng(0).integers(0, 2, (50, 20), np.uint8)
    a, b = (getattr(made(8, n_iter=2, random_state=0), way)(x) for x in (X, X.astype(float)))
    np.testing.assert_array_equal(a.components_, b.components_)
    np.testing.assert_array_equal(a.score_samples(X), b.score_samples(X.astype(float)))
    assert a.components_.dtype == a.transform(X).dtype == np.float64


@pytest.mark.parametrize("n_jobs", [2, 4])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("persistent", [True, False])
def test_same_bytes_for_any_threads(kind: Any, n_jobs: int, persistent: bool) -> None:
    X = np.random.default_rng(0).random((120, 300), np.float32)
    params = {"n_components": 130, "batch_size": 50, "momentum": 0.5, "persistent": persistent}
    one, many = (new(kind, n_jobs=n, **params).fit(X) for n in (1, n_jobs))
    assert weights(one) == weights(many)
    assert one.transform(X).tobytes() == many.transform(X).tobytes()
    assert one.sample(70, n_steps=2).tobytes() == many.sample(70, n_steps=2).tobytes()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda rbm: pickle.loads(pickle.dumps(rbm))])
def test_copies_go_on_alike(kind: Any, copied: Any, tmp_path: Any) -> None:
    rbm = new(kind, momentum=0.5, sparsity_target=0.2).partial_fit(DIGITS)
    twin = copied(rbm)
    for one in (rbm, twin):
        one.partial_fit(DIGITS)
    assert weights(rbm) == weights(twin)
    rbm.save(tmp_path / "rbm.safetensors")
    loaded = fastdl.load(tmp_path / "rbm.safetensors")
    np.testing.assert_array_equal(loaded.transform(DIGITS), rbm.transform(DIGITS))
    np.testing.assert_array_equal(loaded.gibbs(DIGITS), rbm.gibbs(DIGITS))


@pytest.mark.parametrize("kind", KINDS)
def test_attributes_may_be_written(kind: Any) -> None:
    rbm = new(kind).fit(DIGITS)
    rbm.components_ = np.zeros((20, 64))
    rbm.intercept_hidden_ = np.full(20, 3.0)
    np.testing.assert_allclose(rbm.transform(DIGITS), 1 / (1 + np.exp(-3.0)))
    rbm.partial_fit(DIGITS)
    assert np.abs(rbm.intercept_hidden_ - 3).max() < 1


@pytest.mark.parametrize("kind", KINDS)
def test_sparse_is_dense(kind: Any) -> None:
    dense, thin = new(kind).fit(DIGITS), new(kind).fit(sparse.csr_matrix(DIGITS))
    assert weights(dense) == weights(thin)
    np.testing.assert_array_equal(thin.transform(sparse.csc_matrix(DIGITS)), thin.transform(DIGITS))


# --- what goes wrong


def test_divergence_keeps_finite_weights() -> None:
    rbm = GaussianRBM(20, learning_rate=10, n_iter=20, random_state=0)
    text = (
        r"GaussianRBM: weights became nan or inf in epoch \d+ \(learning_rate=10\)\. Weights of "
        r"the end of epoch (\d+) are kept\. Scale X, or lower learning_rate\."
    )
    with pytest.warns(ConvergenceWarning, match=text) as warned:
        rbm.fit(100 * scale(DIGITS))
    kept = int(re.search(text, str(warned[0].message))[1])
    assert len(rbm.history_["epoch"]) == kept
    assert np.isfinite(rbm.components_).all()


def test_ctrl_c_keeps_finished_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    from fastdl.estimators.boltzmann import training

    train, epochs = training._train, []

    def interrupted(*args: Any) -> None:
        epochs.append(1)
        train(*args)
        if len(epochs) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(training, "_train", interrupted)
    with pytest.warns(UserWarning, match=r"Training interrupted by user\."):
        rbm = new(GaussianRBM, n_iter=9).fit(DIGITS)
    monkeypatch.undo()
    same = new(GaussianRBM, n_iter=2).fit(DIGITS)
    np.testing.assert_array_equal(rbm.components_, same.components_)


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
def test_x_outside_of_the_unit_interval(form: Any) -> None:
    X = DIGITS.copy()
    X[5, 33] = 1.5
    text = (
        "X has values from 0 to 1.5 in column 33, but the visible units of BernoulliRBM stand for "
        "values from 0 to 1. Scale X with MinMaxScaler (pixels: X / 255), or use GaussianRBM."
    )
    with pytest.warns(UserWarning, match=re.escape(text)):
        new(BernoulliRBM).fit(form(X))


ERRORS: list[tuple[Any, type[Exception], str]] = [
    (
        lambda: BernoulliRBM(epochs=3),
        TypeError,
        "BernoulliRBM has no parameter 'epochs'. Did you mean 'n_iter'?",
    ),
    (
        lambda: new(GaussianRBM).fit(DIGITS).inverse_transform(DIGITS),
        ValueError,
        "H has shape (300, 64), but GaussianRBM has 20 hidden units: expected (n_samples, 20), as "
        "transform gives.",
    ),
    (
        lambda: new(GaussianRBM, device="cuda").fit(DIGITS),
        RuntimeError,
        'device="cuda" needs the CUDA build of fastdl and an NVIDIA driver; found neither. '
        'device="auto" falls back to the CPU.',
    ),
    (
        lambda: Rbm(0, 3),
        ValueError,
        "an RBM needs at least one visible and one hidden unit, got 0 and 3.",
    ),
    (
        lambda: Rbm(3, 2).hidden(np.ones((4, 3)), (np.ones((3, 2)), np.ones(3), np.ones(2))),
        TypeError,
        "weights[0] must be a C-contiguous array of float32, got float64.",
    ),
    (
        lambda: Rbm(3, 2, dtype="float64").hidden(
            np.ones((4, 3)), (np.ones((2, 3)), np.ones(3), np.ones(2))
        ),
        ValueError,
        "weights[0] has shape (2, 3); expected (3, 2).",
    ),
]


@pytest.mark.parametrize(("call", "error", "text"), ERRORS, ids=[text for *_, text in ERRORS])
def test_text(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == text


# --- a fit that fails


def everything(rbm: Any) -> bytes:
    """All that a further fit and draws depend on."""
    return pickle.dumps({k: v for k, v in vars(rbm).items() if k != "_compiled"})


@pytest.mark.parametrize("first", ["fit", "partial_fit"])
@pytest.mark.parametrize("again", ["fit", "partial_fit"])
@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt])
@pytest.mark.parametrize("kind", KINDS)
def test_a_failed_fit_changes_nothing(
    kind: Any, error: Any, again: str, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it fails by its X, or when it has changed weights already."""
    from fastdl.estimators.boltzmann import training

    rbm = getattr(new(kind, momentum=0.5, sparsity_target=0.2), first)(DIGITS)
    rbm.sample(2, n_steps=1)
    held, before = rbm.components_, everything(rbm)
    if again == "partial_fit":
        with pytest.raises(ValueError, match="X has 60 features, but"):
            rbm.partial_fit(DIGITS[:, :60])
    with pytest.raises(ValueError, match="contains NaN"):
        getattr(rbm, again)(np.full((4, 60), np.nan))
    with pytest.raises(ValueError, match="'k' parameter"):
        getattr(rbm.set_params(k=0), again)(DIGITS)
    rbm.set_params(k=1)
    assert everything(rbm) == before
    train = training._train

    def fails(*args: Any) -> None:
        train(*args)
        raise error

    monkeypatch.setattr(training, "_train", fails)
    if (again, error) == ("fit", KeyboardInterrupt):  # keeps finished epochs: see above
        return
    with pytest.raises(error):
        getattr(rbm, again)(DIGITS)
    assert everything(rbm) == before
    assert rbm.components_ is held


@pytest.mark.parametrize("kind", KINDS)
def test_callbacks_see_each_epoch(kind: Any) -> None:
    seen = []

    class Watch(Callback):
        def on_fit_task_end(self, estimator: Any, context: Any, *, fitted_estimator: Any) -> bool:
            seen.append((context.task_name, fitted_estimator))
            return len(seen) == 3

    rbm = new(kind, n_iter=9).set_callbacks(Watch()).fit(DIGITS)
    assert [name for name, _ in seen] == ["epoch"] * 3 + ["fit"]
    assert len(rbm.history_["epoch"]) == 3
    for n_iter, (_, then) in enumerate(seen[:3], 1):
        assert weights(then) == weights(new(kind, n_iter=n_iter).fit(DIGITS))
        assert then.history_["epoch"] == list(range(1, n_iter + 1))


def test_an_error_in_a_callback_changes_nothing() -> None:
    rbm = new(GaussianRBM).fit(DIGITS)
    before = weights(rbm), list(rbm.history_["seconds"])
    rbm.set_callbacks(EpochEnd(lambda estimator, row: 1 / 0))
    with pytest.raises(ZeroDivisionError):
        rbm.fit(DIGITS[:, :30])
    assert (weights(rbm), rbm.history_["seconds"]) == before
    assert rbm.n_features_in_ == 64
