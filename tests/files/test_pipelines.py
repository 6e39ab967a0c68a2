"""Pipelines and the transformers of scikit-learn that may stand in a model file."""

import io
import json

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    LabelEncoder,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)

import fastdl
import models
from fastdl.io import ModelFileError, _safetensors

ROWS, CLASSES = models.ROWS, models.CLASSES
GAPS = np.where(ROWS < 0.1, np.nan, ROWS)
TEXTS = np.array([["a", "x"], ["b", "x"], ["a", "y"], ["c", "z"]] * 5, dtype=object)


def there_and_back(estimator):
    file = io.BytesIO()
    fastdl.io.save(estimator, file)
    file.seek(0)
    return fastdl.load(file), file.getvalue()


TRANSFORMERS = {
    "StandardScaler": (StandardScaler(), ROWS),
    "StandardScaler without": (StandardScaler(with_mean=False, with_std=False), ROWS),
    "MinMaxScaler": (MinMaxScaler((-1, 1), clip=True), ROWS),
    "MaxAbsScaler": (MaxAbsScaler(), ROWS),
    "RobustScaler": (RobustScaler(unit_variance=True), ROWS),
    "SimpleImputer": (SimpleImputer(add_indicator=True), GAPS),
    "SimpleImputer texts": (SimpleImputer(strategy="most_frequent", missing_values="c"), TEXTS),
    "SimpleImputer fill": (SimpleImputer(strategy="constant", fill_value=-1.0), GAPS),
    "OneHotEncoder": (OneHotEncoder(handle_unknown="ignore", sparse_output=False), TEXTS),
    "OneHotEncoder drop": (OneHotEncoder(drop="first"), TEXTS),
    "OneHotEncoder rare": (
        OneHotEncoder(max_categories=2, handle_unknown="infrequent_if_exist", dtype=np.float32),
        TEXTS,
    ),
    "OneHotEncoder numbers": (OneHotEncoder(categories=[[0, 1, 2]]), CLASSES[:, np.newaxis]),
    "OrdinalEncoder": (
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan),
        TEXTS,
    ),
    "OrdinalEncoder rare": (OrdinalEncoder(min_frequency=6, dtype="int64"), TEXTS),
    "FunctionTransformer": (FunctionTransformer(), ROWS),
    "NDScaler": (fastdl.NDScaler(), ROWS),
    "PCA": (PCA(2, random_state=0), ROWS),
    "PCA whiten": (PCA(0.9, whiten=True), ROWS),
    "LabelEncoder": (LabelEncoder(), models.WORDS),
    "ColumnTransformer": (
        ColumnTransformer(
            [
                ("a", StandardScaler(), [0, 2]),
                ("b", "passthrough", slice(1, 2)),
                ("c", "drop", [3]),
            ],
            remainder=MinMaxScaler(),
        ),
        ROWS,
    ),
}


def dense(values):
    return values.toarray() if hasattr(values, "toarray") else values


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_transformers(name):
    transformer, X = TRANSFORMERS[name]
    transformer.fit(X)
    loaded, content = there_and_back(transformer)
    assert type(loaded) is type(transformer)
    assert repr(loaded) == repr(transformer)
    np.testing.assert_array_equal(dense(loaded.transform(X)), dense(transformer.transform(X)))
    if hasattr(transformer, "get_feature_names_out"):
        names = loaded.get_feature_names_out().tolist()
        assert names == transformer.get_feature_names_out().tolist()
    assert there_and_back(loaded)[1] == content


def test_unfitted():
    pipe = make_pipeline(StandardScaler(), fastdl.MLPClassifier((4,)))
    loaded, _ = there_and_back(pipe)
    assert repr(loaded) == repr(pipe)
    loaded.set_params(mlpclassifier__max_iter=1)


def test_a_pipeline():
    pipe = make_pipeline(
        SimpleImputer(), StandardScaler(), fastdl.MLPClassifier((5,), tol=1.0, random_state=0)
    )
    pipe.fit(GAPS, models.WORDS)
    loaded, _ = there_and_back(pipe)
    np.testing.assert_array_equal(loaded.predict_proba(GAPS), pipe.predict_proba(GAPS))
    np.testing.assert_array_equal(loaded.predict(GAPS), pipe.predict(GAPS))
    loaded.fit(GAPS, models.WORDS)
    np.testing.assert_array_equal(loaded.predict_proba(GAPS), pipe.predict_proba(GAPS))


def test_a_pipeline_of_a_data_frame():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"n": np.arange(20.0), "text": TEXTS[:, 0], "m": np.arange(20) % 3})
    columns = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), ["n", "m"]),
            ("texts", OneHotEncoder(handle_unknown="ignore"), ["text"]),
        ]
    )
    pipe = Pipeline([("columns", columns), ("net", fastdl.NetRegressor([], max_epochs=1))])
    pipe.fit(frame, np.arange(20.0))
    loaded, content = there_and_back(pipe)
    np.testing.assert_array_equal(loaded.predict(frame), pipe.predict(frame))
    assert list(loaded.feature_names_in_) == ["n", "text", "m"]
    again = loaded.predict(frame[["m", "text", "n"]])  # by names
    np.testing.assert_array_equal(again, pipe.predict(frame))
    columns.set_params(texts="drop").set_output(transform="pandas").fit(frame)
    loaded, _ = there_and_back(columns)
    assert list(loaded.transform(frame).columns) == list(columns.get_feature_names_out())
    names = list(_safetensors.read(io.BytesIO(content))[0])
    assert "columns.numbers.standardscaler.scale_" in names
    assert "net.output.weight" in names


class Own(StandardScaler):
    pass


REFUSED = {
    "unknown": (
        lambda: make_pipeline(FeatureUnion([("a", StandardScaler())]), fastdl.NDScaler()),
        r"featureunion=FeatureUnion\(\) cannot be saved. Beside the estimators of fastdl a model",
    ),
    "deep": (
        lambda: Pipeline([("a", Pipeline([("b", FeatureUnion([]))]))]),
        r"a.b=FeatureUnion\(\) cannot be saved.*skops.io.dump",
    ),
    "function": (
        lambda: make_pipeline(FunctionTransformer(np.log1p)),
        r"functiontransformer=FunctionTransformer\(\) cannot be saved: its func is code",
    ),
    "subclass": (lambda: make_pipeline(Own()), r"own=Own\(\) cannot be saved: a subclass is code"),
    "memory": (
        lambda: Pipeline([("a", StandardScaler())], memory="cache"),
        "Pipeline cannot be saved: its memory is code, or belongs to one machine",
    ),
    "selector": (
        lambda: ColumnTransformer([("a", StandardScaler(), make_column_selector("n"))]),
        r"a=<sklearn.compose._column_transformer.make_column_selector .* cannot be saved",
    ),
    "routing": (
        lambda: vars(StandardScaler()).update() or _with_attribute(StandardScaler()),
        "StandardScaler cannot be saved: it has more_, which is not kept.",
    ),
    "other": (lambda: FeatureUnion([]), "FeatureUnion is no estimator of fastdl. Beside the est"),
}


def _with_attribute(estimator):
    estimator.more_ = 1
    return estimator


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name, tmp_path):
    make, message = REFUSED[name]
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(TypeError, match=message):
        fastdl.io.save(make(), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"old"


def changed(change):
    """A file of a pipeline in whose description something was changed."""
    file = io.BytesIO()
    fastdl.io.save(make_pipeline(FunctionTransformer(), StandardScaler()).fit(ROWS), file)
    tensors, metadata = _safetensors.read(io.BytesIO(file.getvalue()))
    description = json.loads(metadata["fastdl"])
    change(description["content"]["$sklearn"])
    file = io.BytesIO()
    _safetensors.write(file, tensors, {"fastdl": json.dumps(description)})
    return io.BytesIO(file.getvalue())


def _first(content):
    return content["parameters"]["steps"][0]["$tuple"][1]["$sklearn"]


DAMAGED = {
    "class": (lambda c: c.update({"class": "Popen"}), "it holds a 'Popen', which this version"),
    "parameter": (lambda c: c["parameters"].update(code=1), "Pipeline has a parameter 'code'"),
    "attribute": (lambda c: c["fitted"].update(predict=1), "Pipeline has an attribute 'predict'"),
    "memory": (
        lambda c: c["parameters"].update(memory="/tmp"),
        "Pipeline: memory is '/tmp'; expected None",
    ),
    "func": (
        lambda c: _first(c)["parameters"].update(func="os.system"),
        "FunctionTransformer: func is 'os.system'; expected None",
    ),
    "steps": (lambda c: c["parameters"].update(steps=[1]), r"Pipeline: steps is \[1\]; expected"),
    "slice": (
        lambda c: c["parameters"].update(verbose={"$slice": [1, 2.5, None]}),
        r"it holds \[1, 2.5, None\] in place of a slice",
    ),
    "parts": (lambda c: c.pop("fitted"), "in place of class, parameters, fitted"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged(name):
    change, message = DAMAGED[name]
    with pytest.raises(ModelFileError, match=message):
        fastdl.load(changed(change))


def test_no_network():
    with pytest.raises(ModelFileError, match="it holds a pipeline and no network"):
        fastdl.load_network(changed(lambda c: None))
