"""Autoencoder: codes, reconstructions, penalties, and what it says when something does not fit."""

import pickle
import tracemalloc
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline

import fastdl
from checks import parametrize_with_checks
from fastdl import Autoencoder, SoftmaxRegression
from fastdl.callbacks import EpochEnd

WIDE = "ignore:.*every hidden layer is wider than the input:UserWarning"


def some_rows(n: int = 300) -> NDArray[np.float32]:
    return np.ascontiguousarray(load_digits().data[:n] / 16, np.float32)


def new(**params: Any) -> Autoencoder:
    """An autoencoder that is fitted in no time."""
    known = {"hidden_layer_sizes": 16, "learning_rate_init": 0.01, "max_epochs": 5}
    return Autoencoder(**{**known, "random_state": 0, "n_jobs": 1, **params})


KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "deep": {"hidden_layer_sizes": (24, 8), "activation": "tanh"},
    "tied": {"hidden_layer_sizes": (24, 8), "tied_weights": True},
    "cross-entropy": {"loss": "cross_entropy", "tied_weights": True},
    "sigmoid": {"out_activation": "sigmoid"},
    "relu": {"out_activation": "relu", "activation": "relu"},
    "denoising": {"corruption": 0.3},
    "gaussian": {"corruption": 0.2, "noise": "gaussian"},
    "sparse": {"sparsity": 0.1},
    "l1": {"activity_l1": 0.01, "activation": "relu"},
    "contractive": {"contraction": 0.05},
    "lbfgs": {"solver": "lbfgs", "sparsity": 0.1, "tied_weights": True, "max_epochs": 20},
    "all": {
        **{"hidden_layer_sizes": (24, 8), "tied_weights": True, "loss": "cross_entropy"},
        **{"corruption": 0.1, "noise": "salt_and_pepper", "sparsity": 0.1, "contraction": 0.01},
        **{"activity_l1": 0.001, "alpha": 1e-4},
    },
}


# A float32 network meets the checks but for rounding: one of them asks for 1e-7.
EXACT: dict[str, Any] = {"dtype": "float64", "n_jobs": 1}


@parametrize_with_checks(
    [
        Autoencoder(5, max_epochs=20, **EXACT),
        Autoencoder(
            (6, 3), solver="lbfgs", tied_weights=True, sparsity=0.1, max_epochs=50, **EXACT
        ),
        Autoencoder(4, contraction=0.1, activity_l1=0.1, activation="tanh", max_epochs=20, **EXACT),
    ]
)
@pytest.mark.filterwarnings(WIDE, "ignore::sklearn.exceptions.ConvergenceWarning")
def test_scikit_learn_checks(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.fixture(scope="module", name="X")
def rows() -> NDArray[np.float32]:
    return some_rows()


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_kinds(X: Any, kind: dict[str, Any]) -> None:
    """Each learns; there and back gives what the error is measured by; it comes back as it was."""
    ae = new(**kind).fit(X)
    assert ae.loss_curve_[-1] < ae.loss_curve_[0]
    Z = ae.transform(X)
    assert Z.dtype == X.dtype
    back = ae.inverse_transform(Z)
    assert back.shape == X.shape
    if kind.get("loss") == "cross_entropy":
        p = back.astype(np.float64)
        error = -(X * np.log(p) + (1 - X) * np.log(1 - p)).mean(axis=1)
    else:
        error = ((back - X) ** 2).mean(axis=1)
    np.testing.assert_allclose(ae.reconstruction_error(X), error, rtol=1e-4)
    assert ae.score(X) == pytest.approx(-error.mean(), rel=1e-4)
    again = pickle.loads(pickle.dumps(ae))
    np.testing.assert_array_equal(again.inverse_transform(again.transform(X)), back)
    same = clone(ae).fit(X)
    np.testing.assert_array_equal(same.program_.get_weights(), ae.program_.get_weights())


@pytest.mark.parametrize("kind", ["tied", "all"])
def test_save_and_load(X: Any, kind: str, tmp_path: Any) -> None:
    ae = new(**KINDS[kind]).fit(X)
    ae.save(tmp_path / "ae.safetensors")
    again = fastdl.load(tmp_path / "ae.safetensors")
    np.testing.assert_array_equal(again.transform(X), ae.transform(X))
    np.testing.assert_array_equal(again.reconstruction_error(X), ae.reconstruction_error(X))


def test_it_learns_the_digits() -> None:
    """About as well as as many principal components, which no linear decoder can beat."""
    from sklearn.decomposition import PCA

    X = some_rows(1797)
    pca = PCA(16).fit(X)
    best = ((pca.inverse_transform(pca.transform(X)) - X) ** 2).mean()
    linear = new(activation="identity", max_epochs=60, tol=0).fit(X)
    assert -linear.score(X) == pytest.approx(best, rel=0.05)
    assert -linear.score(X) > best * (1 - 1e-4)
    assert -new(max_epochs=60, tol=0).fit(X).score(X) < 1.5 * best


def test_sparsity_is_met(X: Any) -> None:
    ae = new(sparsity=0.1, sparsity_weight=3.0, max_epochs=100, tol=0).fit(X)
    assert abs(ae.transform(X).mean() - 0.1) < 0.02
    assert new(max_epochs=100, tol=0).fit(X).transform(X).mean() > 0.3


def test_contraction_makes_the_code_flat(X: Any) -> None:
    words = {"max_epochs": 30, "learning_rate": "constant", "batch_size": 200}
    steps = [new(contraction=c, **words).fit(X).transform(X).std() for c in (0.0, 0.1, 1.0)]
    assert steps[0] > steps[1] > steps[2]


def test_denoising_gives_back_what_was_masked(X: Any) -> None:
    masked = X * (np.random.default_rng(0).random(X.shape) > 0.3)
    errors = []
    for corruption in (0.0, 0.3):
        ae = new(hidden_layer_sizes=50, corruption=corruption, max_epochs=100, tol=0).fit(X)
        errors.append(((ae.inverse_transform(ae.transform(masked)) - X) ** 2).mean())
    assert errors[1] < 0.9 * errors[0]


def test_lbfgs_sees_the_sparsity_of_all_samples(X: Any) -> None:
    ae = new(solver="lbfgs", sparsity=0.1, max_epochs=3, batch_size=20)
    with pytest.warns(Warning, match="lbfgs failed to converge"):
        ae.fit(X)
    code = ae.transform(X).astype(np.float64)
    m = code.mean(axis=0)
    penalty = 3 * np.sum(0.1 * np.log(0.1 / m) + 0.9 * np.log(0.9 / (1 - m)))
    error = 32 * ae.reconstruction_error(X).mean()
    assert ae.loss_ == pytest.approx(error + penalty, rel=1e-4)


@pytest.mark.parametrize("form", [sparse.csr_matrix, np.asfortranarray, lambda X: X.astype(float)])
def test_forms_of_X(X: Any, form: Any) -> None:
    ae = new(sparsity=0.1).fit(X)
    other = new(sparsity=0.1).fit(form(X))
    np.testing.assert_array_equal(other.program_.get_weights(), ae.program_.get_weights())
    np.testing.assert_allclose(other.reconstruction_error(form(X)), ae.reconstruction_error(X))


def test_memory_mapped_X_is_not_copied(X: Any, tmp_path: Any) -> None:
    np.save(tmp_path / "X.npy", np.tile(X, (100, 1)))
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    tracemalloc.start()
    ae = new(max_epochs=1, corruption=0.1).fit(mapped)
    ae.score(mapped)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < mapped.nbytes / 4
    inside = new(max_epochs=1, corruption=0.1).fit(np.array(mapped))
    np.testing.assert_array_equal(ae.transform(X), inside.transform(X))


def test_validation(X: Any) -> None:
    ae = new(max_epochs=8).fit(X[:200], X_val=X[200:])
    assert len(ae.validation_scores_) == 8
    assert ae.validation_scores_[-1] == pytest.approx(ae.score(X[200:]), rel=1e-5) or (
        ae.best_iter_ < 8
    )
    held_out = new(early_stopping=True, max_epochs=8).fit(X)
    assert max(held_out.validation_scores_) == held_out.validation_scores_[held_out.best_iter_ - 1]


def test_sample_weight(X: Any) -> None:
    """Samples of weight 0 are not there; a weight of 2 is a sample that comes twice."""
    part = new(solver="lbfgs", sparsity=0.1, max_epochs=5, dtype="float64")
    weight = np.ones(300)
    weight[200:] = 0
    weight[:10] = 2
    with pytest.warns(Warning, match="lbfgs failed to converge"):
        a = part.fit(X, sample_weight=weight).transform(X)
    with pytest.warns(Warning, match="lbfgs failed to converge"):
        b = part.fit(np.vstack([X[:200], X[:10]])).transform(X)
    np.testing.assert_allclose(a, b, rtol=1e-6)


def test_warm_start_callbacks_threads(X: Any) -> None:
    ae = new(max_epochs=2, warm_start=True, corruption=0.2)
    seen: list[float] = []
    ae.set_callbacks(EpochEnd(lambda estimator, row: seen.append(row["epoch"])))
    ae.fit(X).fit(X)
    assert seen == [1, 2, 3, 4]
    assert len(ae.history_["loss"]) == 4
    assert ae.history_["loss"][3] < ae.history_["loss"][0]
    many = [
        new(hidden_layer_sizes=200, corruption=0.2, n_jobs=n).fit(np.tile(X, (1, 8)))
        for n in (1, 2, 4)
    ]
    for other in many[1:]:
        np.testing.assert_array_equal(other.program_.get_weights(), many[0].program_.get_weights())


def test_in_a_pipeline(X: Any) -> None:
    y = load_digits().target[:300]
    pipe = make_pipeline(new(), SoftmaxRegression(alpha=0.01))
    assert pipe.fit(X, y).score(X, y) > 0.85
    assert list(pipe[:-1].get_feature_names_out()[:2]) == ["autoencoder0", "autoencoder1"]


BAD = np.vstack([some_rows(9), np.full((1, 64), 2.0)]).astype(np.float32)
# fmt: off
TEXTS = [
    (lambda X: new(loss="cross_entropy").fit(X - [*[0] * 60, 0.5, *[0] * 3]), ValueError,
     "Autoencoder: loss='cross_entropy' takes X from 0 to 1, but column 60 goes from -0.5 to 0.5. "
     "Scale X, for example by MinMaxScaler(clip=True), or use loss='squared_error'."),
    (lambda X: new(loss="cross_entropy").fit(X, X_val=BAD), ValueError,
     "In the validation set: Autoencoder: loss='cross_entropy' takes X from 0 to 1, but column 0 "
     "goes from 0 to 2 (and 63 more do likewise). Scale X, for example by MinMaxScaler(clip=True), "
     "or use loss='squared_error'."),
    (lambda X: new(out_activation="sigmoid").fit(BAD), UserWarning,
     "Autoencoder: out_activation='sigmoid' cannot give all of X: column 0 goes from 0 to 2 (and "
     "63 more do likewise). Scale X, or use out_activation='identity'."),
    (lambda X: new(loss="cross_entropy", out_activation="relu").fit(X), ValueError,
     "Autoencoder: loss='cross_entropy' compares probabilities, but out_activation='relu' gives "
     "none. Leave out_activation out, or use loss='squared_error'."),
    (lambda X: new(sparsity=0.05, activation="relu").fit(X), ValueError,
     "Autoencoder: sparsity=0.05 is a mean activation between 0 and 1, which activation='relu' "
     "does not keep to. Use activation='sigmoid', or activity_l1 instead of sparsity."),
    (lambda X: new(contraction=0.1, activation="elu").fit(X), ValueError,
     "layer 'code' (Contractive): layers=[Dense(16, name='encoder_1'), Activation(function='elu', "
     "name='activation_1')]; expected a Dense and an Activation of 'sigmoid', 'tanh', 'relu', "
     "'identity'."),
    (lambda X: new(corruption=1.0).fit(X), ValueError,
     "layer 'corruption' (Corrupt): rate=1.0 is the share of values that are corrupted; expected a "
     "number from 0 to below 1."),
    (lambda X: new(hidden_layer_sizes=()).fit(X), ValueError,
     "Autoencoder: hidden_layer_sizes=(); expected positive integers, at least one."),
    (lambda X: new(hidden_layer_sizes=(70, 65)).fit(X), UserWarning,
     "Autoencoder: every hidden layer is wider than the input of 64 features, so that the network "
     "may learn to copy it. Use fewer units, or corruption, sparsity, activity_l1 or contraction."),
    (lambda X: new().fit(X).inverse_transform(X), ValueError,
     "X has 64 features, but the code of this Autoencoder has 16 units. inverse_transform takes "
     "what transform gives."),
]
# fmt: on


@pytest.mark.parametrize(
    ("call", "kind", "text"), TEXTS, ids=lambda v: v if isinstance(v, str) else ""
)
def test_text(X: Any, call: Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind) as caught:  # warnings are errors in these tests
        call(X)
    assert str(caught.value) == text


def test_a_linear_decoder_may_be_sparse(X: Any) -> None:
    assert new(sparsity=0.05, out_activation="identity").fit(X).loss_ > 0


def test_a_failed_fit_changes_nothing(X: Any) -> None:
    ae = new().fit(X)
    before = ae.transform(X)
    with pytest.raises(ValueError, match="Input X contains NaN"):
        ae.fit(np.where(X > 0, X, np.nan))
    np.testing.assert_array_equal(ae.transform(X), before)


def test_the_docstring_lists_every_parameter() -> None:
    assert [
        name for name in Autoencoder().get_params() if name not in str(Autoencoder.__doc__)
    ] == []
