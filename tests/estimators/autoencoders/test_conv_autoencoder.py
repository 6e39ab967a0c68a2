"""ConvAutoencoder: codes of images, the encoder's mirror image, and what does not fit."""

import pickle
import tracemalloc
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

import fastdl
from checks import parametrize_with_checks
from fastdl import ConvAutoencoder, NDScaler
from fastdl import layers as L
from fastdl.estimators.autoencoders.mirror import mirror
from fastdl.program import compile
from images import some_digits

WIDE = "ignore:.*the network may learn to copy it:UserWarning"
RELU = L.Activation("relu")


def new(*lists: Any, **params: Any) -> ConvAutoencoder:
    """An autoencoder that is fitted in no time."""
    known = {"learning_rate_init": 0.01, "max_epochs": 3, "random_state": 0, "n_jobs": 1}
    return ConvAutoencoder(*lists, **{**known, **params})


POOLED = [
    *(L.Conv2D(6, 3, padding="same", name="c1"), L.BatchNorm(), RELU, L.MaxPool2D()),
    *(L.Conv2D(4, 3, padding="same"), RELU, L.MaxPool2D(), L.Dropout(0.1), L.Flatten(), L.Dense(9)),
]
UP = [L.Upsample2D(4, "bilinear"), L.Conv2D(1, 3, padding="same")]
KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "pooled": {"encoder": POOLED},
    "upsampling": {"decoder": UP},
    "to rows": {"decoder": [L.Flatten(), L.Dense(64)]},
    "cross-entropy": {"loss": "cross_entropy", "corruption": 0.3},
    "sigmoid": {"out_activation": "sigmoid", "noise": "gaussian", "corruption": 0.1},
    "sparse": {"activity_l1": 0.01},
    "lbfgs": {"solver": "lbfgs", "max_epochs": 10, "dtype": "float64"},
}


@parametrize_with_checks(
    [
        new(dtype="float64", max_epochs=20),
        new([L.Dense(3), L.Activation("tanh")], solver="lbfgs", max_epochs=20, dtype="float64"),
    ]
)
@pytest.mark.filterwarnings(WIDE, "ignore::sklearn.exceptions.ConvergenceWarning")
def test_scikit_learn_checks(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.fixture(scope="module", name="X")
def images() -> NDArray[np.float32]:
    return some_digits()[0]


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_kinds(X: Any, kind: dict[str, Any], tmp_path: Any) -> None:
    """Each learns; there and back gives what the error is measured by; it comes back as it was."""
    ae = new(**kind).fit(X)
    assert ae.loss_curve_[-1] < ae.loss_curve_[0]
    Z = ae.transform(X)
    back = ae.inverse_transform(Z)
    assert Z.ndim == 2
    assert back.shape == X.shape
    if kind.get("loss") == "cross_entropy":
        p = back.astype(np.float64)
        error = -(X * np.log(p) + (1 - X) * np.log(1 - p)).mean(axis=(1, 2))
    else:
        error = ((back - X) ** 2).mean(axis=(1, 2))
    np.testing.assert_allclose(ae.reconstruction_error(X), error, rtol=1e-4)
    assert ae.score(X) == pytest.approx(-error.mean(), rel=1e-4)
    ae.save(tmp_path / "ae.safetensors")
    for again in (pickle.loads(pickle.dumps(ae)), fastdl.load(tmp_path / "ae.safetensors")):
        np.testing.assert_array_equal(again.inverse_transform(again.transform(X)), back)
    same = clone(ae).fit(X)
    np.testing.assert_array_equal(same.program_.get_weights(), ae.program_.get_weights())


def test_it_learns_the_digits() -> None:
    """Better than as many principal components."""
    from sklearn.decomposition import PCA

    X = some_digits(1797)[0]
    rows = X.reshape(len(X), -1)
    pca = PCA(10).fit(rows)
    linear = ((pca.inverse_transform(pca.transform(rows)) - rows) ** 2).mean()
    encoder = [L.Conv2D(16, 3, 2, "same"), RELU, L.Flatten(), L.Dense(64), RELU, L.Dense(10)]
    ae = new(encoder, max_epochs=40, learning_rate_init=0.003, tol=0, n_jobs=None).fit(X)
    assert -ae.score(X) < 0.8 * linear


def test_forms_of_X(X: Any) -> None:
    """(n, h, w), (n, h, w, 1) and rows are the same images; codes go back to the form seen."""
    found = [new().fit(X), new().fit(X[..., None]), new(input_shape=(8, 8)).fit(X.reshape(-1, 64))]
    for ae, form in zip(found, [(8, 8), (8, 8, 1), (64,)], strict=True):
        np.testing.assert_array_equal(ae.program_.get_weights(), found[0].program_.get_weights())
        assert ae.inverse_transform(ae.transform(X[:3].reshape(3, *form))).shape == (3, *form)
        assert ae.input_shape_ == (8, 8, 1)


def test_memory_mapped_images_are_not_copied(X: Any, tmp_path: Any) -> None:
    np.save(tmp_path / "X.npy", np.tile((255 * X).astype(np.uint8), (300, 1, 1)))
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    tracemalloc.start()
    with pytest.warns(UserWarning, match="look like unscaled pixels"):
        ae = new(max_epochs=1).fit(mapped)
    ae.score(mapped)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < mapped.nbytes


def test_threads(X: Any) -> None:
    large = np.tile(X[:64], (1, 3, 3))
    decoder = [L.Upsample2D(), L.Conv2DTranspose(1, 3, padding="same")]
    weights = [
        new(POOLED[:4], decoder, n_jobs=n, max_epochs=1, corruption=0.1)
        .fit(large)
        .program_.get_weights()
        for n in (1, 2, 4)
    ]
    np.testing.assert_array_equal(weights[1], weights[0])
    np.testing.assert_array_equal(weights[2], weights[0])


def test_in_a_search_and_a_pipeline(X: Any) -> None:
    pipe = make_pipeline(NDScaler(), new(POOLED, max_epochs=1))
    search = GridSearchCV(pipe, {"convautoencoder__c1__filters": [3, 5]}, cv=2).fit(X)
    assert search.best_estimator_[-1].encoder[0].filters in (3, 5)
    assert list(pipe.fit(X)[-1].get_feature_names_out()[:1]) == ["convautoencoder0"]
    both = new([L.Conv2D(3, 3)], [L.Conv2DTranspose(1, 3, name="back")], corruption=0.1)
    both.set_params(back__padding=1, conv2d_1=L.Conv2D(5, 3, padding=1), max_epochs=2)
    assert both.encoder[0].filters == 5
    assert both.decoder[0].padding == 1
    assert both.fit(X).inverse_transform(both.transform(X)).shape == X.shape


GEOMETRIES = [
    ((7, 9, 2), [L.Conv2D(3, 3, stride=2, padding="same")]),
    ((8, 6, 1), [L.Conv2D(3, (2, 3), stride=(3, 2)), RELU, L.Conv2D(4, 2)]),
    ((9, 9, 2), [L.Conv2D(4, 3, dilation=2, padding=((1, 0), (2, 1)), groups=2, stride=2)]),
    ((6, 9, 2), [L.AvgPool2D((2, 3)), L.Conv2D(2, 3, padding="same"), L.Reshape((18,))]),
    ((12,), [L.Dense(6), L.PReLU(), L.Dense(3), L.Dropout(0.5)]),
]


@pytest.mark.parametrize(("shape", "encoder"), GEOMETRIES)
def test_a_mirror_image_gives_back_the_shape(shape: Any, encoder: Any) -> None:
    back = mirror(encoder, shape)
    assert compile([*encoder, *back], shape).output_shape == shape


def test_the_order_of_a_mirror_image() -> None:
    """What stands behind the first weights stands behind the second's way back."""
    tanh = L.Activation("tanh")
    encoder = [L.Conv2D(5, 3, name="c"), L.LayerNorm(), RELU, L.MaxPool2D(), L.Flatten(),
               L.Dense(7), tanh]  # fmt: skip
    assert mirror(encoder, (6, 6, 2)) == [
        L.Dense(20),
        L.LayerNorm(),
        RELU,
        L.Reshape((2, 2, 5)),
        L.Upsample2D([2, 2]),
        L.Conv2DTranspose(2, [3, 3], [1, 1], ((0, 0), (0, 0)), [0, 0], [1, 1]),
    ]


BAD = np.concatenate([some_digits(9)[0], np.full((1, 8, 8), 2.0)]).astype(np.float32)
# fmt: off
TEXTS = [
    (lambda X: new(decoder=[L.Upsample2D(), L.Conv2D(1, 3)]).fit(X), ValueError,
     "ConvAutoencoder: the decoder makes samples of shape (2, 2, 1) of a code of shape (2, 2, 8), "
     "but those of X have shape (8, 8, 1). Change it (see padding and output_padding of "
     "Conv2DTranspose), or leave decoder out for the encoder's mirror image."),
    (lambda X: new(decoder=[]).fit(X), ValueError,
     "ConvAutoencoder: the decoder makes samples of shape (2, 2, 8) of a code of shape (2, 2, 8), "
     "but those of X have shape (8, 8, 1). Change it (see padding and output_padding of "
     "Conv2DTranspose), or leave decoder out for the encoder's mirror image."),
    (lambda X: new([]).fit(X), ValueError,
     "ConvAutoencoder: encoder=[] has no layer; expected at least one."),
    (lambda X: new([L.Residual([RELU])]).fit(X), ValueError,
     "layer 'residual_1' (Residual) has no mirror image. Give a decoder of your own."),
    (lambda X: new([L.MaxPool2D(3)]).fit(X), ValueError,
     "layer 'max_pool2d_1' (MaxPool2D) has no mirror image: its windows of 3x3 overlap, or do not "
     "fill its input of 8x8. Give a decoder of your own."),
    (lambda X: new([L.Conv2D(2, 9)]).fit(X), ValueError,
     "layer 'conv2d_1' (Conv2D, kernel 9x9, padding 'valid') gets an input of 8x8. Use "
     'padding="same", or fewer poolings; see summary().'),
    (lambda X: new([L.Conv2D(2, 3, name="noise")]).fit(X), ValueError,
     "ConvAutoencoder: a layer is called 'noise', as a parameter is. Choose another name."),
    (lambda X: new(decoder=[*UP, L.Activation("sigmoid")], loss="cross_entropy").fit(X), ValueError,
     "ConvAutoencoder: loss='cross_entropy' has a sigmoid in it, and the decoder ends in another. "
     "Leave the decoder's out."),
    (lambda X: new(loss="cross_entropy").fit(BAD), ValueError,
     "ConvAutoencoder: loss='cross_entropy' takes X from 0 to 1, but column 0 goes from 0 to 2 "
     "(and 63 more do likewise). Scale X, for example by MinMaxScaler(clip=True), or use "
     "loss='squared_error'."),
    (lambda X: new([L.Conv2D(1, 3, padding="same")]).fit(X), UserWarning,
     "ConvAutoencoder: the code has 64 values for 64 of the input, so that the network may learn "
     "to copy it. Let the encoder end in fewer channels or units, or use corruption or "
     "activity_l1."),
    (lambda X: new(corruption=1.0).fit(X), ValueError,
     "layer 'corruption' (Corrupt): rate=1.0 is the share of values that are corrupted; expected a "
     "number from 0 to below 1."),
    (lambda X: new().fit(X).transform(X[:, :4]), ValueError,
     "X has shape (300, 4, 8), but ConvAutoencoder was fitted with images of shape (8, 8, 1). Crop "
     "or scale to 8x8, or fit on images of this size."),
    (lambda X: new().fit(X).inverse_transform(X[:, 0]), ValueError,
     "X has 8 features, but the code of this ConvAutoencoder has 32 units. inverse_transform takes "
     "what transform gives."),
    (lambda X: new().fit(np.where(X > 0.9, np.nan, X)), ValueError,
     "Input X contains NaN.\nConvAutoencoder does not accept missing values encoded as NaN "
     "natively. For supervised learning, you might want to consider "
     "sklearn.ensemble.HistGradientBoostingClassifier and Regressor which accept missing values "
     "encoded as NaNs natively. Alternatively, it is possible to preprocess the data, for instance "
     "by using an imputer transformer in a pipeline or drop samples with missing values. See "
     "https://scikit-learn.org/stable/modules/impute.html You can find a list of all estimators "
     "that handle NaN values at the following page: "
     "https://scikit-learn.org/stable/modules/impute.html#estimators-that-handle-nan-values"),
]
# fmt: on


@pytest.mark.parametrize(
    ("call", "kind", "text"), TEXTS, ids=lambda v: v if isinstance(v, str) else ""
)
def test_text(X: Any, call: Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind) as caught:  # warnings are errors in these tests
        call(X)
    assert str(caught.value) == text


def test_the_docstring_lists_every_parameter() -> None:
    assert [
        name for name in ConvAutoencoder().get_params() if name not in str(ConvAutoencoder.__doc__)
    ] == []


@pytest.mark.filterwarnings(WIDE)
@pytest.mark.parametrize(
    "options",
    [{}, {"shift": 2}, {"rotate": 20, "fill": "edge"}, {"noise": 0.1, "cutout": 3}, {"mixup": 0.3}],
    ids=str,
)
def test_augmented_images_learn_themselves(options: dict[str, Any]) -> None:
    X, _ = some_digits(60)
    hidden = [L.Augment(**options), L.Conv2D(3, 3, padding="same"), RELU]
    autoencoder = new(hidden, [L.Conv2D(1, 3, padding="same")], max_epochs=12).fit(X)
    first, *_, last = autoencoder.loss_curve_
    assert last < 0.8 * first
    assert autoencoder.reconstruct(X).shape == X.shape
