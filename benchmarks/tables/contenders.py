"""Who is compared; RealMLP where pytabkit is installed."""

from __future__ import annotations

import importlib.util
from typing import Any

import pandas as pd
from sklearn.compose import (
    TransformedTargetRegressor,
    make_column_selector,
    make_column_transformer,
)
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import fastdl

NAMES = ["Tabular", "MLP", "boosting"]
if importlib.util.find_spec("pytabkit"):
    NAMES.append("RealMLP")


def new(name: str, kind: str, seed: int) -> Any:
    """An estimator with the defaults of its library, on one thread."""
    of_classes = kind == "classes"
    if name == "Tabular":
        made = fastdl.TabularClassifier if of_classes else fastdl.TabularRegressor
        return made(random_state=seed, n_jobs=1)
    if name == "MLP":  # as its users are told to: all scaled, y too
        made = fastdl.MLPClassifier if of_classes else fastdl.MLPRegressor
        net = make_pipeline(_scaled(), made(random_state=seed))
        return net if of_classes else TransformedTargetRegressor(net, transformer=StandardScaler())
    if name == "boosting":
        made = HistGradientBoostingClassifier if of_classes else HistGradientBoostingRegressor
        return made(random_state=seed, categorical_features="from_dtype")
    return _real_mlp(of_classes, seed)


def _scaled() -> Any:
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    spread = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    is_number = make_column_selector(dtype_include="number")
    return make_column_transformer(
        (numbers, is_number), (spread, make_column_selector(dtype_exclude="number"))
    )


def _real_mlp(of_classes: bool, seed: int) -> Any:
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    made = RealMLP_TD_Classifier if of_classes else RealMLP_TD_Regressor
    return made(device="cpu", random_state=seed, n_cv=1, n_refit=0, n_threads=1, verbosity=0)


def prepared(name: str, X: pd.DataFrame) -> pd.DataFrame:
    """X as the contender takes it: only fastdl knows what to do with any of it."""
    if name == "Tabular":
        return X
    others = X.select_dtypes(exclude=["number"]).columns
    if name == "MLP":  # scikit-learn's encoder takes no pandas.NA
        return X.assign(**{c: X[c].astype(object).where(X[c].notna(), "missing") for c in others})
    # Numbers of categories: neither pytabkit nor boosting takes all kinds of text from pandas.
    codes = {c: X[c].astype("category").cat.codes.astype("category") for c in others}
    return (X.fillna(X.median(numeric_only=True)) if name == "RealMLP" else X).assign(**codes)
