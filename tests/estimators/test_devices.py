"""What `device` and `precision` stand for, with a stand-in for ``fastdl._cuda``.

Its GPUs are the generic kernels of the CPU: what they compute, tests/core says.
"""

import os
import pickle
import re
import sys
import types
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import fastdl
from fastdl import DBN, BernoulliRBM, MLPClassifier, NetClassifier, NetRegressor, Seq2Seq, _core
from fastdl import layers as L
from fastdl.callbacks import EpochEnd
from fastdl.program import Snapshot, compile, devices, gpus

X = np.random.default_rng(0).normal(size=(60, 8)).astype(np.float32)
Y = (X[:, 0] > 0).astype(int)
NEEDS = "needs the CUDA build of fastdl and an NVIDIA driver; found"
FALLS_BACK = 'device="auto" falls back to the CPU.'
SMALL = [L.Dense(4), L.Activation("relu")]
LARGE = [L.Dense(250), L.Activation("relu"), L.Dense(250)]


class Gpu(NamedTuple):
    name: str
    capability: str
    total_bytes: int = 80_000_000_000
    free_bytes: int = 79_000_000_000
    problem: str = ""


class Machine:
    """What the stand-in says there is, and whether it was asked for a backend."""

    def __init__(self) -> None:
        self.gpus = [Gpu("NVIDIA H100", "9.0"), Gpu("NVIDIA L4", "8.9")]
        self.why = ""
        self.version = _core.__version__
        self.handed: list[int] = []

    def module(self) -> types.ModuleType:
        module: Any = types.ModuleType("fastdl._cuda")
        module.devices = lambda: self.gpus
        module.__version__ = self.version
        module.table_fingerprint = _core.table_fingerprint
        module.architectures = "80-real, 90"
        module.reason = lambda: self.why
        module.driver_version = lambda: "13.0"
        module.runtime_version = lambda: "13.0"
        module.backend = lambda number: self.handed.append(number)
        return module


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    """A build without CUDA, on a machine without a driver."""
    monkeypatch.setitem(sys.modules, "fastdl._cuda", None)
    monkeypatch.setattr(gpus, "_DRIVER", "/nowhere")
    monkeypatch.setattr(gpus, "_backends", {})
    monkeypatch.setattr(gpus, "_users", [])
    monkeypatch.setattr(gpus, "_found", [])
    monkeypatch.setattr(gpus, "_warned", set())


@pytest.fixture
def machine(without: None, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    monkeypatch.setitem(sys.modules, "fastdl._cuda", machine.module())
    monkeypatch.setattr(_core, "add_backend", lambda capsule: "cpu:generic", raising=False)
    return machine


def net(device: str, layers: Any = SMALL, **words: Any) -> NetClassifier:
    return NetClassifier(layers, max_epochs=2, random_state=0, device=device, **words)


# --- what does the work


def test_a_gpu(machine: Machine) -> None:
    clf = net("cuda").fit(X, Y)
    assert clf.device_ == "cuda:0"
    assert clf.program_.backend == "cpu:generic"
    again = net("cuda:1").fit(X, Y)
    assert again.device_ == "cuda:1"
    net("cuda:1").fit(X, Y)
    assert machine.handed == [0, 1]  # once each
    np.testing.assert_array_equal(clf.predict_proba(X), again.predict_proba(X))


def test_predictions_follow_the_device(machine: Machine) -> None:
    clf = net("cuda").fit(X, Y)
    expected = clf.predict_proba(X)
    clf.set_params(device="cpu")
    assert clf.program_.backend == compile(SMALL, (8,)).backend
    np.testing.assert_allclose(clf.predict_proba(X), expected, rtol=1e-5)
    assert clf.set_params(device="cuda").program_.backend == "cpu:generic"
    assert clf.partial_fit(X, Y).device_ == "cuda:0"


AUTO = [
    (SMALL, {}, "cpu (auto: 36 multiply-adds for a sample are too few for a GPU)"),
    (LARGE, {}, "cuda:0"),
    (LARGE, {"dtype": "float64"}, "cpu (auto: most GPUs are slow in float64)"),
    (
        [L.Lambda(np.tanh), *LARGE],
        {},
        "cpu (auto: layer 'lambda_1' (Lambda) runs on the CPU only)",
    ),
]


@pytest.mark.parametrize(("layers", "words", "said"), AUTO)
def test_auto(machine: Machine, layers: Any, words: Any, said: str) -> None:
    clf = net("auto", layers, **words).fit(X, Y)
    assert clf.device_ == said
    assert machine.handed == [0]
    assert (clf.program_.backend == "cpu:generic") == (said == "cuda:0")


def test_auto_without(without: None) -> None:
    assert net("auto", precision="tf32").fit(X, Y).device_ == (
        "cpu (auto: fastdl was built without CUDA)"
    )


@pytest.mark.parametrize("error", [ValueError, MemoryError])
def test_auto_where_a_gpu_cannot(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    """A layer whose rows it lacks, or no room: found when the network is made."""
    program = _core.Program

    def make(*args: Any, **words: Any) -> Any:
        if words["backend"]:
            raise error("layer 'dense_1' (Dense): cuda:0 has no row 'dense'.")
        return program(*args, **words)

    monkeypatch.setattr(_core, "Program", make)
    clf = net("auto", LARGE).fit(X, Y)
    assert clf.device_ == "cpu (auto: layer 'dense_1' (Dense): cuda:0 has no row 'dense')"
    with pytest.raises(error, match="has no row 'dense'"):
        net("cuda", LARGE).fit(X, Y)


def test_machines(machine: Machine) -> None:
    rbm = BernoulliRBM(4, n_iter=1, device="cuda", random_state=0).fit(abs(X) / 10)
    assert rbm.device_ == "cuda:0"
    dbn = DBN((4,), pretrain_epochs=1, device="auto", visible="gaussian").fit(X)
    assert dbn.device_ == "cpu (auto: 32 multiply-adds for a sample are too few for a GPU)"
    assert dbn.rbms_[0].device_ == dbn.device_


def test_auto_of_a_decoder(machine: Machine) -> None:
    pairs, words = (["ab", "b"], ["ba", "b"]), {"max_epochs": 1, "device": "auto"}
    few = Seq2Seq((2,), embedding_size=1, **words).fit(*pairs)
    assert few.device_.endswith(" multiply-adds for a sample are too few for a GPU)")
    assert Seq2Seq((64,), **words).fit(*pairs).device_ == "cuda:0"


# --- without one


def test_a_model_of_a_gpu_elsewhere(machine: Machine, tmp_path: Any) -> None:
    clf = net("cuda").fit(X, Y)
    expected, pickled = clf.predict_proba(X), pickle.dumps(clf)
    clf.save(tmp_path / "model")
    sys.modules["fastdl._cuda"] = None  # type: ignore[assignment]
    for other in fastdl.load(tmp_path / "model"), pickle.loads(pickled):
        assert (other.device, other.device_) == ("cuda", "cuda:0")
        gpus._warned.clear()
        text = f'device="cuda" {NEEDS} neither. The CPU predicts instead.'
        with pytest.warns(UserWarning, match=f"^{text}$"):
            found = other.predict_proba(X)
        np.testing.assert_allclose(found, expected, rtol=1e-5)
        other.predict(X)  # without a warning: those are errors in tests
        with pytest.raises(RuntimeError, match=NEEDS):
            other.partial_fit(X, Y)
    moved = fastdl.load(tmp_path / "model", device="cpu")
    np.testing.assert_allclose(moved.predict_proba(X), expected, rtol=1e-5)
    assert moved.partial_fit(X, Y).device_ == "cpu"


def no_driver(machine: Machine) -> None:
    machine.gpus, machine.why = [], "no NVIDIA driver was found"


def old_driver(machine: Machine) -> None:
    machine.gpus, machine.why = [], "the driver (470.82) is too old for CUDA 13.0."


def another_version(machine: Machine) -> None:
    sys.modules["fastdl._cuda"].__version__ = "0.0.1"  # type: ignore[attr-defined]


def another_table(machine: Machine) -> None:
    sys.modules["fastdl._cuda"].table_fingerprint = 12  # type: ignore[attr-defined]


def another_architecture(machine: Machine) -> None:
    machine.gpus = [
        Gpu("Tesla K80", "3.7", problem="this build has no kernels for its architecture")
    ]


def forked(machine: Machine) -> None:
    gpus._users[:] = [os.getpid() + 1]


ABSENT: list[tuple[Callable[[Machine], None], str, str, str]] = [
    (
        no_driver,
        "cuda",
        f'device="cuda" {NEEDS} the build, but no NVIDIA driver was found. {FALLS_BACK}',
        "no NVIDIA driver was found",
    ),
    (
        old_driver,
        "cuda:1",
        f'device="cuda:1" {NEEDS} the build, but the driver (470.82) is too old for CUDA 13.0. '
        f"{FALLS_BACK}",
        "the driver (470.82) is too old for CUDA 13.0",
    ),
    (
        forked,
        "cuda",
        'device="cuda": CUDA cannot be used in a process that was forked after CUDA had been used. '
        'Start it by spawn (multiprocessing.set_start_method("spawn"), or joblib\'s loky), or set '
        'device="cpu".',
        "this process was forked after CUDA had been used",
    ),
    (
        another_version,
        "cuda",
        f'device="cuda" {NEEDS} a build, but that is of fastdl 0.0.1, and this is '
        f"{_core.__version__}. {FALLS_BACK}",
        f"the build is of fastdl 0.0.1, and this is {_core.__version__}",
    ),
    (
        another_table,
        "cuda",
        f'device="cuda" {NEEDS} a build, but that is of other sources: the fingerprint of its '
        f"kernel table is 12, expected {_core.table_fingerprint}; build it again (make cuda). "
        f"{FALLS_BACK}",
        "the build is of other sources: the fingerprint of its kernel table is 12, expected "
        f"{_core.table_fingerprint}; build it again (make cuda)",
    ),
    (
        another_architecture,
        "cuda",
        'device="cuda" cannot be used: Tesla K80 (compute capability 3.7): this build has no '
        "kernels for its architecture.",
        "Tesla K80 (compute capability 3.7): this build has no kernels for its architecture",
    ),
    (
        lambda machine: None,
        "cuda:7",
        'device="cuda:7": no such GPU. This machine has "cuda:0" (NVIDIA H100), "cuda:1" '
        "(NVIDIA L4).",
        "",
    ),
]


@pytest.mark.parametrize(("spoil", "device", "text", "said"), ABSENT)
def test_no_gpu(
    machine: Machine, spoil: Callable[[Machine], None], device: str, text: str, said: str
) -> None:
    spoil(machine)
    with pytest.raises(RuntimeError) as raised:
        net(device).fit(X, Y)
    assert str(raised.value) == text
    if said:
        assert net("auto").fit(X, Y).device_ == f"cpu (auto: {said})"


@pytest.mark.parametrize(
    ("driver", "found"),
    [("/nowhere", "neither"), (__file__, "the driver, but no build (docs/cuda.md)")],
)
def test_no_build(without: None, monkeypatch: pytest.MonkeyPatch, driver: str, found: str) -> None:
    monkeypatch.setattr(gpus, "_DRIVER", driver)
    with pytest.raises(RuntimeError) as raised:
        net("cuda").fit(X, Y)
    assert str(raised.value) == f'device="cuda" {NEEDS} {found}. {FALLS_BACK}'


def test_a_build_that_cannot_be_loaded(without: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def load() -> None:
        raise ImportError("libcudart.so.13: cannot open shared object file")

    monkeypatch.setattr(gpus, "module", load)
    with pytest.raises(RuntimeError, match=r"the build, but fastdl\._cuda cannot be loaded: libc"):
        net("cuda").fit(X, Y)


# --- words that do not go together, and layers that no GPU runs

REFUSED: list[tuple[Callable[[], Any], str]] = [
    (
        lambda: net("gpu").fit(X, Y),
        "device='gpu'; expected 'cpu', 'cuda', 'auto', or the number of a GPU, 'cuda:1'.",
    ),
    (
        lambda: net("cuda:x").fit(X, Y),
        "device='cuda:x'; expected 'cpu', 'cuda', 'auto', or the number of a GPU, 'cuda:1'.",
    ),
    (
        lambda: net("cpu", precision="tf32").fit(X, Y),
        "precision='tf32' is of GPUs, and device='cpu' multiplies float32 as it is. Set "
        "device='cuda', or leave precision at 'float32'.",
    ),
    (
        lambda: MLPClassifier(max_iter=1, device="cuda", precision="bf16").fit(X.astype(float), Y),
        "precision='bf16' is of networks of float32, and this one is of float64. Set "
        "dtype='float32' or give X as float32, or leave precision at 'float32'.",
    ),
    (
        lambda: net("cuda", [L.Residual([L.Lambda(np.tanh, name="own")])]).fit(X, Y),
        "layer 'own' (Lambda) runs on the CPU only. Set device='cpu' or 'auto'.",
    ),
]


@pytest.mark.parametrize(("act", "text"), REFUSED)
def test_refused(machine: Machine, act: Callable[[], Any], text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        act()


# --- what goes wrong on one


def test_no_room() -> None:
    plan = {"parameters": 4_000_000, "optimizer": 0, "values": 96_000_000_000}
    text = (
        r"cuda:0 has no room for X and this network, which needs 96 GB: parameters 4 MB, values "
        r"96 GB\. Lower batch_size .* or set device=.cpu.\."
    )
    with pytest.raises(MemoryError, match=text), gpus.room("cuda:0", lambda: plan):
        raise MemoryError("std::bad_alloc")
    text = (
        r"^There is no room in memory for this network, which needs 96 GB: parameters 4 MB, values "
        r"96 GB\. Take fewer units, or lower batch_size"
    )
    with pytest.raises(MemoryError, match=text), gpus.room("", lambda: plan):
        raise MemoryError("std::bad_alloc")
    with pytest.raises(MemoryError, match="^bad$"), gpus.room("cpu:avx2", lambda: plan):
        raise MemoryError("bad")


def test_a_gpu_that_is_lost(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The estimator is that of the last whole epoch, its weights on the host."""
    seen: list[dict[str, Any]] = []
    text = "the GPU: unspecified launch failure."

    def refuse(*_: Any) -> None:
        raise RuntimeError(text)

    def fail(estimator: Any, row: dict[str, float]) -> None:
        seen.append({"weights": estimator.get_weights(), **row})
        if len(seen) == 2:
            monkeypatch.setattr(Snapshot, "load", refuse)
            monkeypatch.setattr(gpus, "holds", lambda program: True)
            refuse()

    clf = net("cuda").set_params(max_epochs=5).set_callbacks(EpochEnd(fail))
    with pytest.raises(gpus.DeviceLostError) as raised:
        clf.fit(X, Y)
    assert f"failed during the fit ({text}). The weights of the last whole" in str(raised.value)
    assert isinstance(raised.value.__cause__, RuntimeError)
    monkeypatch.undo()
    clf.set_callbacks().set_params(device="cpu")
    assert clf.loss_curve_ == [of_one["loss"] for of_one in seen]
    for name, value in clf.get_weights().items():
        np.testing.assert_array_equal(value, seen[-1]["weights"][name])
    assert clf.partial_fit(X, Y).n_iter_ > 0


def test_described(machine: Machine) -> None:
    assert gpus.describe() == [
        "GPUs:",
        "  cuda:0  NVIDIA H100, compute capability 9.0, 79 GB of 80 GB free",
        "  cuda:1  NVIDIA L4, compute capability 8.9, 79 GB of 80 GB free",
        "  driver: CUDA 13.0",
        "  build: CUDA 13.0, architectures 80-real, 90",
        "  precision: float32, tf32, bf16",
    ]
    gpus._found.clear()
    no_driver(machine)
    assert gpus.describe() == ["GPUs: none (no NVIDIA driver was found)"]


def test_regression_goes_the_same_way(machine: Machine) -> None:
    assert NetRegressor(SMALL, max_epochs=1, device="cuda").fit(X, X[:, 0]).device_ == "cuda:0"
    assert devices.choose("cuda", "tf32", SMALL, (8,)).precision == "tf32"
