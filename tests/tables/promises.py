"""Every public estimator in one table, small and fast, and what a test may ask of any of them.

A new estimator is one line in `CASES`; the tests of promises then ask it for every one.
"""

import inspect
import io
import pickle
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import clone

import fastdl.estimators as E
from fastdl import layers as L

_N = 24


def _draw() -> tuple[Any, ...]:
    rng = np.random.default_rng(0)
    rows, images = rng.random((_N, 6)), rng.random((_N, 6, 6)).astype(np.float32)
    sequences = [rng.random((3 + i % 4, 2)) for i in range(_N)]
    texts = ["".join(rng.choice(list("abcd"), 3 + i % 4)) for i in range(_N)]
    return rows, images, sequences, texts, rng.random(_N)


ROWS, IMAGES, SEQUENCES, TEXTS, VALUES = _draw()
SENTENCES = [" ".join(text) for text in TEXTS]
TEXT = "".join(TEXTS)
LABELS = np.arange(_N) % 3
OF_STEPS = [LABELS[: len(x)] for x in SEQUENCES]
ANSWERS = [text[::-1] for text in TEXTS]
OF_PIXELS = (IMAGES * 3).astype(int)
CLEAN = ROWS / 2
PICTURES = [
    (255 * np.resize(x, (6 + i % 3, 6, (1, 3)[i % 2]))).astype(np.uint8)
    for i, x in enumerate(IMAGES)
]
OBJECTS = [{"boxes": [[1, 1, 2 + i % 4, 5]], "labels": ["ab"[i % 2]]} for i in range(_N)]

_SEED = {"random_state": 0}
_NET = {"max_epochs": 2, "batch_size": 8, **_SEED}
_DBN = {"pretrain_epochs": 1, **_NET}
_STACK = {"pretrain_epochs": 1, **_NET}


@dataclass(frozen=True)
class Case:
    """An estimator that fits in milliseconds, and what it is fitted on."""

    estimator: Any
    X: Any
    y: Any = None

    @property
    def name(self) -> str:
        kinds = {id(SEQUENCES): "-sequences", id(TEXTS): "-texts", id(IMAGES): "-images"}
        kinds[id(PICTURES)] = "-pictures"
        answers = {id(OF_STEPS): "-steps", id(OF_PIXELS): "-pixels", id(CLEAN): "-pairs"}
        kind = kinds.get(id(self.X), "") + answers.get(id(self.y), "")
        return type(self.estimator).__name__ + kind

    @property
    def data(self) -> tuple[Any, ...]:
        """What `fit` takes."""
        return (self.X,) if self.y is None else (self.X, self.y)

    def part(self, indices: Any) -> tuple[Any, ...]:
        """Some of the data, as `fit` takes it."""
        return tuple(take(values, indices) for values in self.data)

    @property
    def has_rows(self) -> bool:
        return self.X is ROWS

    def new(self, **params: Any) -> Any:
        """Unfitted; `params` that it does not have are left out."""
        known = self.estimator.get_params()
        return clone(self.estimator).set_params(**{k: v for k, v in params.items() if k in known})

    def fitted(self, **params: Any) -> Any:
        return self.new(**params).fit(*self.data)


# fmt: off
CASES = [
    Case(E.MLPClassifier((4,), max_iter=2, batch_size=8, **_SEED), ROWS, LABELS),
    Case(E.MLPRegressor(hidden_layer_sizes=(4,), max_iter=2, batch_size=8, **_SEED), ROWS, VALUES),
    Case(E.SoftmaxRegression(**_NET), ROWS, LABELS),
    Case(E.TabularClassifier((4,), **_NET), ROWS, LABELS),
    Case(E.TabularRegressor((4,), frequencies=2, **_NET), ROWS, VALUES),
    Case(E.ELMClassifier(5, batch_size=8, **_SEED), ROWS, LABELS),
    Case(E.ELMRegressor(5, batch_size=8, **_SEED), ROWS, VALUES),
    Case(E.CNNClassifier((2,), hidden_layer_sizes=(4,), **_NET), IMAGES, LABELS),
    Case(E.CNNRegressor((2,), hidden_layer_sizes=(4,), **_NET), IMAGES, VALUES),
    Case(E.CNNClassifier((2,), hidden_layer_sizes=(4,), input_shape=(2, 3), **_NET), ROWS, LABELS),
    Case(E.NetClassifier([L.Dense(4), L.BatchNorm(), L.Activation("relu")], **_NET), ROWS, LABELS),
    Case(E.NetClassifier([L.Conv2D(2, 3), L.MaxPool2D()], **_NET), IMAGES, LABELS),
    Case(E.NetRegressor([L.Dense(4), L.Dropout(0.5)], **_NET), ROWS, VALUES),
    Case(E.NetClassifier([L.LSTM(4), L.LayerNorm()], **_NET), SEQUENCES, LABELS),
    Case(E.NetClassifier([L.LSTM(4), L.LayerNorm()], **_NET), SEQUENCES, OF_STEPS),
    Case(E.NetClassifier([L.GRU(4)], **_NET), TEXTS, LABELS),
    Case(E.NetClassifier([L.Conv2D(2, 3, padding="same")], **_NET), IMAGES, OF_PIXELS),
    Case(E.NetRegressor([L.Conv2D(2, 3, padding="same")], **_NET), IMAGES, IMAGES),
    Case(E.ObjectDetector([L.Conv2D(2, 3, 2, "same"), L.BatchNorm()], **_NET), IMAGES, OBJECTS),
    Case(E.Embedder([L.Conv2D(2, 3)], n_components=4, **_NET), IMAGES, LABELS),
    Case(E.Embedder([L.Dense(4)], n_components=3, loss="contrastive", **_NET), ROWS, LABELS),
    Case(E.Embedder([L.GRU(4)], n_components=3, **_NET), SEQUENCES, LABELS),
    Case(E.NDScaler(), IMAGES),
    Case(E.NDScaler(), ROWS),
    Case(E.SequenceScaler(), SEQUENCES),
    Case(E.SequenceScaler("minmax"), ROWS),
    Case(E.RNNClassifier((4,), **_NET), SEQUENCES, LABELS),
    Case(E.RNNClassifier((4,), embedding_size=3, cell="gru", **_NET), TEXTS, LABELS),
    Case(E.RNNClassifier((4,), input_shape=(3, 2), **_NET), ROWS, LABELS),
    Case(E.RNNRegressor((4,), bidirectional=True, **_NET), SEQUENCES, VALUES),
    Case(E.SequenceTagger((4,), truncate_bptt=2, **_NET), SEQUENCES, OF_STEPS),
    Case(E.SequenceTagger((4,), **_NET), ROWS, LABELS),
    Case(E.TextGenerator((4,), embedding_size=3, truncate_bptt=5, **_NET), TEXT),
    Case(E.Seq2Seq((4,), embedding_size=3, teacher_forcing=0.8, **_NET), TEXTS, ANSWERS),
    Case(E.Seq2Seq((4, 4), cell="lstm", attention="dot", beam_size=2, **_NET), SEQUENCES, ANSWERS),
    Case(E.Autoencoder(4, **_NET), ROWS),
    Case(E.Autoencoder(4, **_NET), ROWS, CLEAN),
    Case(E.ConvAutoencoder([L.Conv2D(2, 3), L.Activation("relu")], **_NET), IMAGES),
    Case(E.StackedAutoencoder((4, 3), **_STACK), ROWS),
    Case(E.StackedAutoencoderClassifier((4, 3), **_STACK), ROWS, LABELS),
    Case(E.StackedAutoencoderRegressor((4, 3), **_STACK), ROWS, VALUES),
    Case(E.BernoulliRBM(4, n_iter=2, batch_size=8, **_SEED), ROWS),
    Case(E.GaussianRBM(4, n_iter=2, batch_size=8, momentum=0.5, **_SEED), ROWS),
    Case(E.DBN((4, 3), pretrain_epochs=1, batch_size=8, **_SEED), ROWS),
    Case(E.DBNClassifier((4, 3), **_DBN), ROWS, LABELS),
    Case(E.DBNRegressor((4, 3), **_DBN), ROWS, VALUES),
    Case(E.SuperResolver(2, "espcn", patch_size=4, tile_size=8, **_NET), PICTURES),
    Case(E.WordVectors(4, min_count=1, sample=0, max_epochs=2, **_SEED), SENTENCES),
]
# fmt: on


def take(values: Any, indices: Any) -> Any:
    """Some samples of an array or a list; of a string, some of its characters."""
    if isinstance(values, str):
        return "".join(values[i] for i in indices)
    return [values[i] for i in indices] if isinstance(values, list) else values[indices]


# --- what an estimator is

_ANSWERS = ("predict", "predict_proba", "decision_function", "transform", "free_energy")


def answers(estimator: Any, X: Any) -> dict[str, Any]:
    """What it says of X, by method: an array, or a list of arrays."""
    of_pairs = hasattr(estimator, "verify")  # and so is its decision_function
    names = ("transform",) if of_pairs else _ANSWERS
    return {name: getattr(estimator, name)(X) for name in names if hasattr(estimator, name)}


_SPEED = {"seconds", "n_jobs", "_threads"}


def facts(value: Any) -> Any:
    """All that stands in an object, to be compared with ``==``; not how fast it was."""
    if isinstance(value, np.ndarray) and value.dtype.kind != "O":
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, dict):
        return {k: facts(v) for k, v in value.items() if k not in _SPEED}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [type(value).__name__, *map(facts, value)]
    if isinstance(value, np.random.RandomState):
        return facts(value.get_state(legacy=False))  # what it draws, not how it was seeded
    if isinstance(value, (float, complex)):
        return repr(value)  # nan equals nan
    if value is None or callable(value) or isinstance(value, (int, str, bytes)):
        return value
    return facts(value.__reduce_ex__(4)[:3])


def saved(estimator: Any) -> bytes:
    """The bytes of its model file."""
    from fastdl.io import save

    return _through_a_file(lambda path: save(estimator, path))


def loaded(content: bytes) -> Any:
    """The estimator of a model file."""
    from fastdl.io import load

    found: list[Any] = []
    _through_a_file(lambda path: (path.write_bytes(content), found.append(load(path))))
    return found[0]


def _through_a_file(work: Callable[[Path], object]) -> bytes:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = Path(folder, "model.safetensors")
        work(path)
        return path.read_bytes()


def by_joblib(estimator: Any) -> Any:
    import joblib

    file = io.BytesIO()
    joblib.dump(estimator, file)
    file.seek(0)
    return joblib.load(file)


def by_pickle(estimator: Any) -> Any:
    return pickle.loads(pickle.dumps(estimator))


def ways_to_fit(estimator: Any, case: Case) -> dict[str, Callable[[], Any]]:
    """Train on a part of the case's data: by fit and, where there is one, by partial_fit."""
    data = case.part(range(4, _N))
    ways = {"fit": partial(estimator.fit, *data)}
    if hasattr(estimator, "partial_fit"):
        has_classes = any(case.y is y for y in (LABELS, OF_STEPS, OF_PIXELS))
        has_classes &= not hasattr(estimator, "verify")  # whose labels may be new ones
        classes = {"classes": [0, 1, 2]} if has_classes else {}
        ways["partial_fit"] = partial(estimator.partial_fit, *data, **classes)
    return ways


def gone_on(estimator: Any, case: Case) -> Any:
    """The estimator after more training."""
    if "warm_start" in estimator.get_params():
        estimator.set_params(warm_start=True)
    return list(ways_to_fit(estimator, case).values())[-1]()


# --- errors at any place


@contextmanager
def failing(error: type[BaseException] | None, at: int = 0) -> Iterator[Callable[[], int]]:
    """Raise an error at the n-th call of one of fastdl's Python functions; gives their number."""
    calls, package = 0, str(Path(E.__file__).parents[1])

    def watch(frame: Any, event: str, argument: object) -> None:
        nonlocal calls
        code = frame.f_code
        tidies = code.co_flags & inspect.CO_GENERATOR or code.co_name == "__exit__"  # or may do so
        if event == "call" and code.co_filename.startswith(package) and not tidies:
            calls += 1
            if calls == at and error is not None:
                raise error("injected by a test")

    sys.setprofile(watch)
    try:
        yield lambda: calls
    finally:
        sys.setprofile(None)
