"""Estimators within scikit-learn's, written as ONNX by skl2onnx."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fastdl.onnx
from models import CLASSES, IMAGES, ROWS, VALUES, WORDS
from programs import assert_close
from runtime import run

skl2onnx = pytest.importorskip("skl2onnx")
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of skl2onnx
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]
_OFTEN: dict[str, Any] = {"max_epochs": 2, "random_state": 0, "n_jobs": 1}


def mlp() -> Any:
    return fastdl.MLPClassifier((5,), tol=1.0, random_state=0)


CLASSIFIERS: dict[str, Callable[[], Any]] = {
    "alone": mlp,
    "pipeline": lambda: make_pipeline(StandardScaler(), mlp()),
    "bagging": lambda: BaggingClassifier(mlp(), 2, max_features=0.7, random_state=0),
    "voting": lambda: VotingClassifier(
        [("a", mlp()), ("b", LogisticRegression())], voting="soft", flatten_transform=False
    ),
    "stacking": lambda: StackingClassifier([("a", mlp()), ("b", LogisticRegression())], cv=2),
    "calibrated": lambda: CalibratedClassifierCV(mlp(), cv=2),
    "transformers": lambda: make_pipeline(
        make_column_transformer(
            (fastdl.NDScaler(), [0, 1, 2]), (fastdl.Autoencoder(2, **_OFTEN), [3, 4, 5])
        ),
        fastdl.GaussianRBM(3, n_iter=1, random_state=0),
        mlp(),
    ),
    "table": lambda: make_pipeline(StandardScaler(), fastdl.TabularClassifier((4,), **_OFTEN)),
    "rows as sequences": lambda: make_pipeline(
        StandardScaler(), fastdl.RNNClassifier((3,), **_OFTEN)
    ),
    "rows as images": lambda: make_pipeline(
        StandardScaler(),
        fastdl.CNNClassifier((3,), input_shape=(2, 3, 1), pool_size=1, **_OFTEN),
    ),
}


@pytest.mark.share(3)
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifier(name: str) -> None:
    X = ROWS.astype(np.float32)
    with np.errstate(all="ignore"):
        est = CLASSIFIERS[name]().fit(X, WORDS.astype(str))
    for sample in (X[:1], X[:1].astype(np.float64)):
        model = skl2onnx.to_onnx(est, sample, options={id(est): {"zipmap": False}})
        found = run(model, X=X)
        assert found["probabilities"].dtype == sample.dtype
        assert_close(found["probabilities"], est.predict_proba(X), 1e-5)
        assert found["label"].tolist() == est.predict(X).tolist()
    found = run(fastdl.to_onnx(est, opset=17), X=X)
    assert_close(found["probabilities"], est.predict_proba(X), 1e-5)


def test_options_of_classifiers() -> None:
    est = mlp().fit(ROWS, CLASSES)
    maps = run(skl2onnx.to_onnx(est, ROWS[:1].astype(np.float32)), X=ROWS)["output_probability"]
    assert [*maps[0]] == [0, 1, 2]
    options = {id(est): {"zipmap": "columns"}}
    columns = run(skl2onnx.to_onnx(est, ROWS[:1].astype(np.float32), options=options), X=ROWS)
    assert_close(columns["i1"], est.predict_proba(ROWS)[:, 1], 1e-5)


def test_regressors_and_images() -> None:
    reg = make_pipeline(StandardScaler(), fastdl.NetRegressor([], **_OFTEN)).fit(ROWS, VALUES)
    found = run(fastdl.to_onnx(reg), X=ROWS)["variable"]
    assert_close(found[:, 0], reg.predict(ROWS), 1e-5)
    cnn = make_pipeline(fastdl.NDScaler(), fastdl.CNNClassifier((3,), **_OFTEN))
    cnn.fit(IMAGES, CLASSES)
    found = run(fastdl.to_onnx(cnn), X=IMAGES)["probabilities"]
    assert_close(found, cnn.predict_proba(IMAGES), 1e-5)


def test_frames_need_the_types_of_their_columns() -> None:
    import pandas as pd

    frame = pd.DataFrame(ROWS, columns=list("abcdef"))
    est = make_pipeline(make_column_transformer((StandardScaler(), ["a", "b"])), mlp())
    est.fit(frame, CLASSES)
    with pytest.raises(ValueError, match=r"Call skl2onnx.to_onnx\(pipeline, X\[:1\]\)"):
        fastdl.to_onnx(est)
    columns = {name: frame[[name]].to_numpy() for name in frame}
    model = skl2onnx.to_onnx(
        est, frame[:1].astype(np.float32), options={id(est): {"zipmap": False}}
    )
    assert_close(run(model, **columns)["probabilities"], est.predict_proba(frame), 1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch": 3}, "Pipeline is written by skl2onnx, which has no batch=: leave it out"),
        ({"layout": "NCHW", "fold": True}, "which has no layout=, fold=: leave it out"),
        ({"opset": onnx.defs.onnx_opset_version()}, r"opset=\d+; skl2onnx .*knows those up to"),
    ],
)
def test_what_pipelines_do_not_take(options: dict[str, Any], message: str) -> None:
    if "opset" in options and options["opset"] <= skl2onnx.__max_supported_opset__:
        pytest.skip("skl2onnx knows the newest opset")
    est = make_pipeline(StandardScaler(), mlp()).fit(ROWS, CLASSES)
    with pytest.raises(ValueError, match=message):
        fastdl.to_onnx(est, **options)


def test_pipelines_that_are_not_fitted() -> None:
    with pytest.raises(NotFittedError, match="Pipeline instance is not fitted yet"):
        fastdl.to_onnx(make_pipeline(StandardScaler(), mlp()))


def test_pipelines_are_written_to_files(tmp_path: Path) -> None:
    est = make_pipeline(StandardScaler(), mlp()).fit(ROWS, CLASSES)
    model = fastdl.to_onnx(est, tmp_path / "m.onnx")
    assert onnx.load(tmp_path / "m.onnx") == model


@pytest.mark.slow
def test_ours_may_be_imported_first() -> None:
    """It waits for skl2onnx, and does not import it."""
    code = """
import sys
import fastdl.onnx
fastdl.onnx.to_onnx
assert "skl2onnx" not in sys.modules
from skl2onnx._supported_operators import sklearn_operator_name_map
assert fastdl.MLPClassifier in sklearn_operator_name_map
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)


def test_without_skl2onnx(monkeypatch: pytest.MonkeyPatch) -> None:
    est = make_pipeline(StandardScaler(), mlp()).fit(ROWS, CLASSES)
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(ImportError, match="Pipeline is scikit-learn's.*pip install skl2onnx"):
        fastdl.to_onnx(est)
