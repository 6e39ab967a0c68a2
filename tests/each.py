"""What a test takes one after the other, in one item of pytest's."""

import copy
import itertools
from inspect import signature

import numpy as np
import pytest


class Each(tuple):
    """The value of a fixture whose tests are called with each of its own."""


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Call a test that takes `backend`, `dtype` or another `Each` with each of its values.

    They are no parameters of pytest's, which spends more on a test than most of these calls do. A
    failure says with which it failed; the others are met all the same.
    """
    each = {name: v for name, v in pyfuncitem.funcargs.items() if isinstance(v, Each)}
    if not each:
        return None
    given = {name: pyfuncitem.funcargs[name] for name in signature(pyfuncitem.obj).parameters}
    failures: dict[str, BaseException] = {}
    skipped: list[BaseException] = []
    combinations = list(itertools.product(*each.values()))
    for values in combinations:
        own = {k: copy.deepcopy(v) for k, v in given.items() if isinstance(v, np.random.Generator)}
        try:
            pyfuncitem.obj(**given | own | dict(zip(each, values, strict=True)))
        except pytest.skip.Exception as skip:
            skipped.append(skip)
        except (Exception, pytest.fail.Exception) as error:
            failures[", ".join(getattr(v, "__name__", v) for v in values)] = error
    for error in failures.values():  # the first stands for all
        error.add_note(f"It fails with {'; '.join(failures)}.")
        raise error
    if len(skipped) == len(combinations):
        raise skipped[0]
    return True
