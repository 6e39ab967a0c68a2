"""What cannot be saved leaves the old file, and says why."""

import dataclasses

import numpy as np
import pytest
from fitted_models import MySchedule, X, Y

import fastdl
from fastdl import (
    NetClassifier,
    optim,
    schedules,
)
from fastdl import layers as L
from images import tiny


@dataclasses.dataclass(frozen=True, repr=False)
class MyLayer(L.Activation):
    pass


@dataclasses.dataclass(frozen=True, repr=False)
class MyOptimizer(optim.Adam):
    pass


class MyNet(NetClassifier):
    pass


def nested(depth):
    layer = L.Dense(3)
    for _ in range(depth):
        layer = L.Sequential([layer])
    return layer


NOT_SAVED = {
    "code": (
        lambda: tiny(scoring=lambda *_: 0.0),
        r"scoring=<function .* cannot be saved: a model file holds data and no code. Set it",
    ),
    "schedule": (
        lambda: tiny(learning_rate=MySchedule()).fit(X, Y),
        r"^learning_rate=MySchedule\(\) cannot be saved: MySchedule is not one of "
        r"fastdl.schedules, and a model file holds no code. Take one of fastdl.schedules, or",
    ),
    "schedule in one": (
        lambda: tiny(learning_rate=schedules.WarmUp(MySchedule())),
        r"^learning_rate.schedule=MySchedule\(\) cannot be saved: MySchedule is not one of fastdl",
    ),
    "schedule of the fit": (
        lambda: tiny(learning_rate=MySchedule()).fit(X, Y).set_params(learning_rate="constant"),
        r"^learning_rate.schedule=MySchedule\(\) cannot be saved: MySchedule is not one of fastdl",
    ),
    "layer": (
        lambda: NetClassifier([MyLayer("relu")]),
        r"^layers.0=MyLayer\(\) cannot be saved: MyLayer is not one of fastdl.layers, and",
    ),
    "optimizer": (
        lambda: tiny(solver=MyOptimizer()),
        r"^solver=MyOptimizer\(\) cannot be saved: MyOptimizer is not one of fastdl.optim, and a",
    ),
    "dtype": (
        lambda: NetClassifier(dtype=np.array([1j])),
        r"^dtype is an array of dtype complex128, which cannot be saved; numbers, texts and",
    ),
    "random state": (
        lambda: tiny(random_state=np.random.RandomState(np.random.PCG64())),
        r"^random_state is a RandomState of PCG64, which cannot be saved; one of MT19937, which",
    ),
    "subclass": (
        lambda: NetClassifier(init_from=MyNet()),
        r"^init_from=MyNet\(\) cannot be saved: it is not an estimator of fastdl, and a model file",
    ),
    "depth": (
        lambda: NetClassifier([nested(100)]),
        "^NetClassifier cannot be saved: something in it is nested too deeply, such as layers",
    ),
    "much depth": (
        lambda: NetClassifier([nested(400)]),
        "^NetClassifier cannot be saved: something in it is nested too deeply, such as layers",
    ),
}


@pytest.mark.parametrize("name", NOT_SAVED)
def test_what_cannot_be_saved_leaves_the_old_file(name, tmp_path):
    make, text = NOT_SAVED[name]
    path = tmp_path / "model"
    path.write_bytes(b"old")
    with pytest.raises(TypeError, match=text):
        fastdl.io.save(make(), path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
