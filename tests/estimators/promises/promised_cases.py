"""What the tests of promises share."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import pytest

from promises import (
    CASES,
    TEXT,
    Case,
    facts,
)


def promised(applies: Callable[[Case], bool] = lambda case: True) -> Callable[[Any], Any]:
    """Test a promise for every estimator that it applies to."""

    def mark(test: Any) -> Any:
        cases = [pytest.param(case, id=case.name) for case in CASES if applies(case)]
        return pytest.mark.parametrize("case", cases)(test)

    return mark


def has(*methods: str) -> Callable[[Case], bool]:
    return lambda case: all(hasattr(case.estimator, method) for method in methods)


def knows(parameter: str) -> Callable[[Case], bool]:
    return lambda case: parameter in case.estimator.get_params()


def is_text(case: Case) -> bool:
    return case.X is TEXT


def same(a: Any, b: Any) -> bool:
    return bool(facts(a) == facts(b))


def those_of(*libraries: str) -> list[str]:
    """Those that are there."""
    found = [name for name in libraries if find_spec(name)]
    return found or pytest.skip(f"needs one of {libraries}")
