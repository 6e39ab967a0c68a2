"""scikit-learn's checks of estimators, collected faster."""

import functools
from typing import Any

import pytest
from sklearn.utils import estimator_checks


def parametrize_with_checks(estimators: list[Any]) -> pytest.MarkDecorator:
    """scikit-learn's, which prints an estimator anew for the name of each of its checks."""
    mark = estimator_checks.parametrize_with_checks(estimators)
    return mark.with_args(ids=functools.cache(mark.kwargs["ids"]))
