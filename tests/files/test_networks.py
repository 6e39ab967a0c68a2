"""`fastdl.Network`: the network of every estimator, with NumPy alone."""

import copy
import pickle
import re
import subprocess
import sys

import numpy as np
import pytest

import fastdl
import models
from fastdl import layers as L
from fastdl.io import ModelFileError
from models import MODELS

NO_NETWORK = {"NDScaler", "Seq2Seq", "SequenceScaler", "WordVectors"}
OF_PIECES = {"SuperResolver", "TextGenerator"}  # below, and test_super_resolver.py
NAMES = [name for name in MODELS if name not in NO_NETWORK and not name.endswith("pretrained")]


def saved(name, folder):
    estimator = MODELS[name]()
    fastdl.io.save(estimator, folder / "model")
    return estimator, fastdl.load_network(folder / "model")


def samples(estimator):
    """What the estimator takes, and what its network takes."""
    name = type(estimator).__name__
    if hasattr(estimator, "symbols_") and name != "TextGenerator":
        codes = estimator._inputs.check(estimator, models.TEXTS, reset=False)
        return models.TEXTS, (codes.values, codes.lengths)
    X = models.samples_of(name)
    X = X.round(1) if name == "TabularRegressor" else X
    return X, (X, None)


def flat(answers, lengths):
    """Answers of steps as one array, as lists of them have them."""
    if isinstance(answers, list):
        return np.concatenate(answers)
    if lengths is not None:
        return np.concatenate([a[:n] for a, n in zip(answers, lengths, strict=True)])
    return answers


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OF_PIECES])
def test_answers_of_the_estimator(name, tmp_path):
    estimator, net = saved(name, tmp_path)
    X, (x, lengths) = samples(estimator)
    real = lengths if name == "SequenceTagger" else None
    is_machine = "RBM" in name or name == "DBN"
    for method in ("predict", "predict_proba", "reconstruct"):
        if hasattr(estimator, method) and not is_machine:
            if name == "ObjectDetector":  # it reads boxes from what the network gives
                expected = estimator.transform(X, layer=-1)
            else:
                expected = flat(getattr(estimator, method)(X), None)
            found = getattr(net, method.replace("reconstruct", "predict"))(x, lengths)
            np.testing.assert_array_equal(flat(found, real), expected)
            assert found.dtype == expected.dtype
    if hasattr(estimator, "transform"):
        found = flat(net.transform(x, lengths=lengths), real)
        rtol = 1e-5 if is_machine else 0  # machines add in another order
        np.testing.assert_allclose(found, flat(estimator.transform(X), None), rtol=rtol)


def test_a_text_generator_answers_for_every_step(tmp_path):
    estimator, net = saved("TextGenerator", tmp_path)
    codes = estimator._inputs.check(estimator, "abra", reset=False)
    p = net.predict(codes.values, codes.lengths)
    np.testing.assert_array_equal(p.reshape(-1, p.shape[-1]), estimator.predict_proba("abra"))


@pytest.mark.parametrize("name", ["CNNClassifier", "SequenceTagger", "TabularRegressor", "DBN"])
def test_saved_as_a_network(name, tmp_path):
    estimator, net = saved(name, tmp_path)
    _, (x, lengths) = samples(estimator)
    net.save(tmp_path / "net")
    for load in (fastdl.load, fastdl.load_network):
        again = load(tmp_path / "net")
        assert type(again) is fastdl.Network
        assert (again.layers, again.input_shape) == (net.layers, net.input_shape)
        np.testing.assert_array_equal(again.predict(x, lengths), net.predict(x, lengths))
    again.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "net").read_bytes()


@pytest.mark.parametrize("name", sorted(NO_NETWORK))
def test_no_network(name, tmp_path):
    fastdl.io.save(MODELS[name](), tmp_path / "model")
    message = f"'{name}' in it is no network. Read it with fastdl.load.$"
    with pytest.raises(ModelFileError, match=message):
        fastdl.load_network(tmp_path / "model")


def test_not_fitted(tmp_path):
    fastdl.MLPClassifier().save(tmp_path / "model")
    with pytest.raises(ModelFileError, match="'MLPClassifier' in it is not fitted"):
        fastdl.load_network(tmp_path / "model")


def test_nothing_but_numpy_is_imported(tmp_path):
    """And little is read: 50 MB and 0.1 s, of which memory and modules stand for both here."""
    estimator, _ = saved("CNNClassifier", tmp_path)
    np.save(tmp_path / "x.npy", models.IMAGES)
    code = """if True:
        import resource, sys
        import numpy as np
        x = np.load("x.npy")
        def peak():
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        before = peak()
        import fastdl
        net = fastdl.load_network("model")
        p = net.predict_proba(x)
        used = peak() - before
        net.save("again")
        assert (fastdl.load("again").predict_proba(x) == p).all()
        foreign = ["sklearn", "scipy", "pandas", "joblib", "safetensors", "onnx"]
        np.save("p.npy", p)
        print([name for name in foreign if name in sys.modules], used < 50, used)
    """
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("[] True")
    np.testing.assert_array_equal(
        np.load(tmp_path / "p.npy"), estimator.predict_proba(models.IMAGES)
    )


# --- made by hand

WEIGHTS = {"dense_1.weight": np.eye(3), "dense_1.bias": np.zeros(3)}


def net_of(**options):
    return fastdl.Network([L.Dense(3)], (3,), WEIGHTS, **options)


def test_layers_and_weights():
    net = net_of(dtype="float64")
    x = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(net.predict(x), x)
    np.testing.assert_array_equal(net.set_weights({"dense_1.bias": [1, 1, 1]}).predict(x), x + 1)
    assert net.get_weights()["dense_1.bias"].tolist() == [1, 1, 1]
    assert [layer.name for layer in net.layers] == ["dense_1"]
    assert "Input 3, 12 parameters." in net.summary()
    assert net.output_shape == (3,)


def test_classes():
    net = net_of(link="softmax", classes=["a", "b", "c"])
    assert net.predict(np.eye(3)).tolist() == ["a", "b", "c"]
    np.testing.assert_allclose(net.predict_proba(np.eye(3)).sum(axis=1), 1, rtol=1e-6)
    assert "3 classes: ['a', 'b', 'c']" in net.summary()
    with pytest.raises(ValueError, match="gives numbers and no probabilities"):
        net_of().predict_proba(np.eye(3))


def test_channels_first():
    layers = [L.Conv2D(2, 3, padding="same", name="conv")]
    last = fastdl.Network(layers, (5, 4, 3), random_state=0)
    first = fastdl.Network(
        layers,
        (5, 4, 3),
        last.get_weights(),
        input_axes=(0, 2, 3, 1),
        output_axes=(0, 3, 1, 2),
    )
    x = np.random.default_rng(0).normal(size=(2, 3, 5, 4)).astype(np.float32)
    expected = last.predict(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(first.predict(x), expected)
    with pytest.raises(ValueError, match=r"x has shape \(2, 5, 4, 3\); this network takes \(n, 3,"):
        first.predict(x.transpose(0, 2, 3, 1))


def test_drawn_weights_are_those_of_a_fit():
    a, b = (fastdl.Network([L.Dense(4)], (3,), random_state=7).get_weights() for _ in range(2))
    assert np.std(a["dense_1.weight"]) > 0
    np.testing.assert_array_equal(a["dense_1.weight"], b["dense_1.weight"])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: net_of(link="tanh"), "link='tanh'; expected one of '', 'sigmoid'"),
        (
            lambda: net_of(classes=["a"]),
            r"classes has shape \(1,\); expected a label for",
        ),
        (lambda: net_of(input_axes=(0, 2)), r"axes=\(0, 2\); expected each of 0 to 1 once"),
        (lambda: net_of(dtype="int8"), "dtype='int8'; expected 'float32' or 'float64'"),
        (
            lambda: fastdl.Network([L.Dense(2)], (3,), WEIGHTS),
            r"'dense_1.weight' has shape \(3, 3\) in the weights, but \(3, 2\) in the network",
        ),
        (
            lambda: net_of().predict(np.zeros((2, 4))),
            r"x has shape \(2, 4\); this network takes \(n, 3\)",
        ),
        (lambda: net_of().transform(np.zeros((2, 3)), "x"), "layer='x'; expected a number below 1"),
        (
            lambda: net_of(link="sigmoid", classes=list("abc")),
            "link='sigmoid' with 3 classes and 3 outputs; it is for one output and two classes",
        ),
        (
            lambda: net_of(link="exp", classes=list("abc")),
            "link='exp' with 3 classes and 3 outputs; it is for numbers, without classes",
        ),
        (
            lambda: net_of().predict(np.zeros((2, 3)), lengths=[1, 1]),
            r"lengths belongs to padded sequences, .*; this network takes \(n, 3\). Leave it out",
        ),
        (
            lambda: fastdl.Network([L.Conv2D(2, 3)], (5, 4, 1)).transform(
                np.zeros((2, 5, 4)), lengths=[1, 1]
            ),
            r"lengths belongs to .*; this network takes \(n, 5, 4, 1\). Leave it out",
        ),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("x", "lengths", "message"),
    [
        ("ab", None, r"x has the dtype <U2; this network takes \(n, steps, 3\), of numbers"),
        (
            [np.zeros((3, 3)), np.zeros((4, 3))],
            None,
            r"parts of several lengths; this network takes \(n, steps, 3\). Pad .* pass lengths",
        ),
        (np.zeros((2, 4, 2)), None, r"x has shape \(2, 4, 2\); this network takes \(n, steps, 3\)"),
        (np.zeros((2, 4, 3)), [1], r"lengths has shape \(1,\) and dtype int64; expected 2 integ"),
        (np.zeros((2, 4, 3)), [1, 5], "lengths has values outside 0 to 4, the steps of x"),
    ],
)
def test_sequences_that_are_none(x, lengths, message):
    net = fastdl.Network([L.LSTM(4)], (5, 3), random_state=0)
    with pytest.raises(ValueError, match=message):
        net.predict(x, lengths)


@pytest.mark.parametrize(
    ("after", "takes", "size"),
    [
        ([L.LastStep()], "(n, steps, 3)", "5x3 (any number of steps)"),
        ([L.Flatten(), L.Dense(2)], "(n, 5, 3)", "5x3"),
        ([L.Flatten(), L.Reshape((5, 4, 1)), L.Conv2D(2, 3)], "(n, 5, 3)", "5x3"),
    ],
    ids=["any", "weights", "shape"],
)
def test_steps_of_any_number_are_said_to_be(after, takes, size):
    net = fastdl.Network([L.LSTM(4, return_sequences=True), *after], (5, 3), random_state=0)
    assert f"\nInput {size}, " in net.summary()
    for x in ("ab", np.zeros((2, 4, 2)), [np.zeros((3, 3)), np.zeros((4, 3))]):
        with pytest.raises(ValueError, match=re.escape(f"; this network takes {takes}")):
            net.predict(x)


def test_a_sequence_shorter_than_a_kernel_is_named_as_it_was_given():
    """And not by its place among those sorted by length."""
    net = fastdl.Network([L.Conv1D(2, 3), L.GlobalAvgPool()], (6, 2), random_state=0)
    with pytest.raises(ValueError, match=r"X\[0\] has 1 steps, but layer 'conv1d_1'"):
        net.predict(np.zeros((3, 6, 2)), lengths=[1, 6, 5])


def test_a_table_has_no_lengths(tmp_path):
    _, net = saved("TabularClassifier", tmp_path)
    with pytest.raises(ValueError, match="this network takes a table. Leave it out"):
        net.predict(models.samples_of("TabularClassifier"), lengths=[1])


def test_rows_of_steps():
    """However many; whatever was asked before."""
    net = fastdl.Network([L.LSTM(4)], (5, 3), random_state=0)
    x = np.random.default_rng(0).normal(size=(2, 9, 3))
    np.testing.assert_array_equal(net.predict(x.reshape(2, 27)), net.predict(x))
    np.testing.assert_array_equal(net.predict(x[:, :5].reshape(2, 15)), net.predict(x[:, :5]))


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda n: pickle.loads(pickle.dumps(n))]
)
def test_copies(copied, tmp_path):
    _, net = saved("CNNClassifier", tmp_path)
    again = copied(net)
    np.testing.assert_array_equal(
        again.predict_proba(models.IMAGES), net.predict_proba(models.IMAGES)
    )
    np.testing.assert_array_equal(again.classes, net.classes)


def test_trained_on():
    """`init_from` takes a network as it takes an estimator."""
    first = fastdl.NetClassifier([L.Dense(8), L.Activation("relu")], max_epochs=2, random_state=0)
    first.fit(models.ROWS, models.CLASSES)
    net = fastdl.Network(
        first._network.layers, (6,), first.get_weights(), link="softmax", classes=[0, 1, 2]
    )
    options = {"max_epochs": 2, "random_state": 0}
    ours, theirs = (
        fastdl.NetClassifier(init_from=source, **options).fit(models.ROWS, models.CLASSES)
        for source in (net, first)
    )
    np.testing.assert_array_equal(
        ours.predict_proba(models.ROWS), theirs.predict_proba(models.ROWS)
    )


def test_lists_keep_the_types_of_their_values(tmp_path):
    """A number among texts is the category that it was in fit."""
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame({"a": np.linspace(0, 1, 40), "b": list("xy") * 20, "c": [1, 2, 3, 4] * 10})
    table["c"] = table["c"].astype("category")
    y = np.arange(40) % 4 // 2
    model = fastdl.TabularClassifier(max_epochs=1, random_state=0, n_jobs=1).fit(table, y)
    model.save(tmp_path / "model")
    found = fastdl.load_network(tmp_path / "model").predict_proba(table.to_numpy(object).tolist())
    np.testing.assert_array_equal(found, model.predict_proba(table))


def test_two_classes_of_one_output_need_a_sigmoid():
    with pytest.raises(ValueError, match="expected a label for each of 1 outputs"):
        fastdl.Network([L.Dense(1)], (4,), link="softmax", classes=["a", "b"])
