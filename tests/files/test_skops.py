"""skops reads what it wrote of every estimator, with the list that fastdl gives it."""

import numpy as np
import pytest

import fastdl
from models import MODELS, OTHERS, answer

ALL = {**MODELS, **OTHERS}


@pytest.fixture(scope="module")
def skops():
    """Not imported by the module: it takes a second where fastdl is loaded."""
    return pytest.importorskip("skops.io")


@pytest.mark.share(4)
@pytest.mark.parametrize("name", [name for name in ALL if "pretrained" not in name])
def test_there_and_back(skops, name):
    estimator = ALL[name]()
    content = skops.dumps(estimator)
    assert skops.get_untrusted_types(data=content)
    loaded = skops.loads(content, trusted=fastdl.io.skops_trusted())
    np.testing.assert_array_equal(answer(loaded), answer(estimator))


def test_functions_are_not_trusted(skops):
    net = fastdl.NetRegressor(loss=np.maximum)
    untrusted = skops.get_untrusted_types(data=skops.dumps(net))
    assert not set(untrusted) - {"numpy.maximum"} - set(fastdl.io.skops_trusted())
