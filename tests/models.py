"""A small fitted estimator of every class, for what model files promise; and what each is asked."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import fastdl
from fastdl import layers as L


def _draw(*shapes: tuple[int, ...]) -> list[Any]:
    random = np.random.RandomState(0)
    return [random.rand(*shape) for shape in shapes]


ROWS, IMAGES, SEQUENCES, VALUES = _draw((40, 6), (40, 6, 6, 1), (20, 5, 3), (40,))
IMAGES, SEQUENCES = IMAGES.astype(np.float32), SEQUENCES.astype(np.float32)
PICTURES = (255 * np.tile(IMAGES[:4], (2, 2, 3))).astype(np.uint8)
CLASSES = np.arange(40) % 3
WORDS = np.array(["no", "yes", "perhaps"], dtype=object)[CLASSES]
TEXTS = ["ab", "abba", "baab", "cab"] * 5
OBJECTS = [{"boxes": [[1, 1, 4, 2 + i % 4]], "labels": ["ab"[i % 2]]} for i in range(40)]
TAGS = [[symbol in "ab" for symbol in text] for text in TEXTS]

_OFTEN = {"random_state": 0, "n_jobs": 1}
_NET = {**_OFTEN, "max_epochs": 2}
_CNN = {**_NET, "hidden_layer_sizes": (4,)}
_LBFGS = {**_OFTEN, "max_epochs": 500, "tol": 0.1}
_RNN = {**_NET, "hidden_layer_sizes": (4,)}
_STACK = {**_NET, "pretrain_epochs": 1}

MODELS: dict[str, Callable[[], Any]] = {
    "Autoencoder": lambda: fastdl.Autoencoder(4, **_NET).fit(ROWS),
    "BernoulliRBM": lambda: fastdl.BernoulliRBM(4, n_iter=2, momentum=0.5, **_OFTEN).fit(ROWS),
    "CNNClassifier": lambda: fastdl.CNNClassifier((3,), batch_norm=True, **_CNN).fit(IMAGES, WORDS),
    "CNNRegressor": lambda: fastdl.CNNRegressor((3,), solver="sgd", **_CNN).fit(IMAGES, VALUES),
    "ConvAutoencoder": lambda: fastdl.ConvAutoencoder(
        [L.Conv2D(2, 3, padding="same"), L.Activation("relu"), L.MaxPool2D(2)], **_NET
    ).fit(IMAGES),
    "DBN": lambda: fastdl.DBN((4, 3), pretrain_epochs=1, **_OFTEN).fit(ROWS),
    "DBNClassifier": lambda: fastdl.DBNClassifier((4, 3), **_STACK).fit(ROWS, CLASSES),
    "DBNClassifier pretrained": lambda: fastdl.DBNClassifier((4, 3), **_STACK).pretrain(ROWS),
    "DBNRegressor": lambda: fastdl.DBNRegressor((4, 3), **_STACK).fit(ROWS, VALUES),
    "ELMClassifier": lambda: fastdl.ELMClassifier(5, **_OFTEN).fit(ROWS, CLASSES),
    "ELMRegressor": lambda: fastdl.ELMRegressor(5, **_OFTEN).fit(ROWS, VALUES),
    "Embedder": lambda: fastdl.Embedder([L.Dense(4)], n_components=3, **_NET).fit(
        ROWS, CLASSES, X_val=ROWS, y_val=CLASSES
    ),
    "GaussianRBM": lambda: fastdl.GaussianRBM(4, n_iter=2, sparsity_target=0.1, **_OFTEN).fit(ROWS),
    "MLPClassifier": lambda: fastdl.MLPClassifier((5,), tol=1.0, random_state=0).fit(ROWS, WORDS),
    "MLPRegressor": lambda: fastdl.MLPRegressor(
        hidden_layer_sizes=(5,), tol=1.0, early_stopping=True, random_state=0
    ).fit(ROWS, VALUES),
    "NDScaler": lambda: fastdl.NDScaler().fit(IMAGES),
    "NetClassifier": lambda: fastdl.NetClassifier(
        [L.Residual([L.Dense(6), L.PReLU()])], learning_rate="reduce_on_plateau", **_NET
    ).fit(ROWS, CLASSES),
    "NetClassifier from": lambda: fastdl.NetClassifier(
        init_from=fastdl.NetClassifier([L.Dense(4)], **_NET).fit(ROWS, CLASSES), **_NET
    ).fit(ROWS, CLASSES),
    "NetRegressor": lambda: fastdl.NetRegressor([L.Dense(2)], solver="lbfgs", **_LBFGS).fit(
        ROWS, VALUES
    ),
    "ObjectDetector": lambda: fastdl.ObjectDetector(
        [L.Conv2D(3, 3, stride=2, padding="same"), L.Activation("relu")], **_NET
    ).fit(IMAGES, OBJECTS),
    "RNNClassifier": lambda: fastdl.RNNClassifier(cell="gru", **_RNN).fit(SEQUENCES, CLASSES[:20]),
    "RNNClassifier texts": lambda: fastdl.RNNClassifier(**_RNN).fit(TEXTS, CLASSES[:20]),
    "RNNRegressor": lambda: fastdl.RNNRegressor(**_RNN).fit(SEQUENCES, VALUES[:20]),
    "Seq2Seq": lambda: fastdl.Seq2Seq(cell="lstm", unknown_token="?", **_RNN).fit(
        TEXTS, [text[::-1] for text in TEXTS]
    ),
    "SequenceScaler": lambda: fastdl.SequenceScaler().fit(SEQUENCES),
    "SequenceTagger": lambda: fastdl.SequenceTagger(**_RNN).fit(TEXTS, TAGS),
    "SoftmaxRegression": lambda: fastdl.SoftmaxRegression(**_NET, solver="adam").fit(ROWS, CLASSES),
    "StackedAutoencoder": lambda: fastdl.StackedAutoencoder((4, 3), **_STACK).fit(ROWS),
    "StackedAutoencoder pretrained": lambda: fastdl.StackedAutoencoder((4, 3), **_STACK).pretrain(
        ROWS
    ),
    "SuperResolver": lambda: fastdl.SuperResolver(
        2, [L.Conv2D(8, 3), L.PixelShuffle(2), L.Activation("relu")], patch_size=8, **_NET
    ).fit(PICTURES),
    "StackedAutoencoderClassifier": lambda: fastdl.StackedAutoencoderClassifier(
        (4, 3), **_STACK
    ).fit(ROWS, CLASSES),
    "StackedAutoencoderRegressor": lambda: fastdl.StackedAutoencoderRegressor((4, 3), **_STACK).fit(
        ROWS, VALUES
    ),
    "TabularClassifier": lambda: fastdl.TabularClassifier((4,), frequencies=2, **_NET).fit(
        ROWS, CLASSES
    ),
    "TabularRegressor": lambda: fastdl.TabularRegressor(
        (4,), categorical_features=[0, 1], max_one_hot=2, **_NET
    ).fit(ROWS.round(1), VALUES),
    "TextGenerator": lambda: fastdl.TextGenerator((4,), **_NET).fit("abracadabra" * 20),
    "WordVectors": lambda: fastdl.WordVectors(4, min_count=1, sample=0, random_state=0).fit(
        [TEXTS] * 5
    ),
}

# What else a file may hold.
OTHERS: dict[str, Callable[[], Any]] = {
    "Network": lambda: fastdl.Network(
        [L.Dense(3), L.Activation("tanh"), L.Dense(3)],
        (6,),
        link="softmax",
        classes=["a", "b", "c"],
        random_state=0,
    ),
    "Pipeline": lambda: make_pipeline(
        ColumnTransformer(
            [
                ("codes", OneHotEncoder(handle_unknown="ignore"), [0]),
                ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), slice(1, 6)),
            ]
        ),
        MODELS["MLPClassifier"]().set_params(hidden_layer_sizes=(2,)),
    ).fit(ROWS.round(1), WORDS),
}


def samples_of(name: str) -> Any:
    """What the model of a class was fitted on, but for texts."""
    data = {"CNN": IMAGES, "Conv": IMAGES, "NDS": IMAGES, "Obj": IMAGES, "RNN": SEQUENCES}
    data["Super"] = PICTURES
    return next((X for start, X in data.items() if name.startswith(start)), ROWS)


def answer(estimator: Any) -> Any:
    """What it says to data of the kind that it was fitted on."""
    name = type(estimator).__name__
    if name == "TextGenerator":
        return estimator.predict_proba("abra")
    if name == "SequenceScaler":
        return np.concatenate(estimator.transform(SEQUENCES))
    if name == "SequenceTagger":
        return np.concatenate(estimator.predict_proba(TEXTS))
    if name == "Seq2Seq":
        return estimator.log_likelihood(TEXTS, TEXTS)
    if name == "ObjectDetector":
        return estimator.transform(IMAGES, layer=-1)
    if name == "WordVectors":
        return np.concatenate(estimator.transform([TEXTS]))
    X = TEXTS if hasattr(estimator, "symbols_") else samples_of(name)
    ask = getattr(estimator, "predict_proba", None) or getattr(estimator, "predict", None)
    return (ask or estimator.transform)(X)


def write(folder: Path) -> None:
    """Files of all classes, and their answers, for `tests/files/test_old_files.py`.

    Of a class that the folder has already, the file stays: versions to come have to read it.
    """
    answers: dict[str, Any] = {}
    if (folder / "answers.npz").exists():
        with np.load(folder / "answers.npz") as known:
            answers = dict(known)
    for name, make in {**MODELS, **OTHERS}.items():
        if " " not in name and name not in answers:
            model = make()
            fastdl.io.save(model, folder / f"{name}.safetensors")
            answers[name] = answer(model)
    np.savez_compressed(folder / "answers.npz", **answers)


if __name__ == "__main__":  # tests/models.py tests/data/models/format-3
    write(Path(sys.argv[1]))
