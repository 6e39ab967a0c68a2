"""How arrays on a GPU come in and go out: streams that are waited for, memory, capsules."""

import ctypes
import gc

import numpy as np
import pytest
from arrays_on_gpus import Again, Lent, Theirs, TheirsOfVersion2, Torchs, close, in_a_thread
from functional_calls import ROWS

import fastdl.functional as F
from fastdl import _core
from fastdl.functional import _device

test_backends = pytest.importorskip("fastdl._test_backends")
pytestmark = pytest.mark.usefixtures("emulated_gpu")


class Spy:
    """A queue that notes which streams it waits for."""

    def __init__(self, queue):
        self.queue, self.streams = queue, []

    def __getattr__(self, name):
        return getattr(self.queue, name)

    def wait_for(self, stream):
        self.streams.append(stream)


@pytest.mark.parametrize(
    ("theirs", "waits"),
    [
        (lambda: Theirs(ROWS, stream=7), [7]),
        (lambda: Theirs(ROWS, stream=None), []),
        (lambda: Theirs(ROWS, stream=None, version=2), []),
        (lambda: TheirsOfVersion2(ROWS), [1]),
        (lambda: Lent(ROWS), [1]),
        (lambda: Torchs(ROWS), [1]),
    ],
)
def test_streams_that_are_waited_for(monkeypatch, theirs, waits):
    with monkeypatch.context() as patch:
        spy = Spy(_device._queue(0))
        patch.setattr(_device, "_queue", lambda number: spy)
        a = theirs()
        np.testing.assert_array_equal(_device.take("f", "x", a).get(), ROWS)
        assert spy.streams == waits
    if isinstance(a, Lent):  # and the producer's own was to be waited for by it
        assert a.streams == [1]


def test_arrays_are_read_and_written_where_they_lie():
    x, out = Theirs(ROWS), Theirs(np.zeros_like(ROWS))
    F.tanh(x, out=out)
    close(out.get(), np.tanh(ROWS), "float64")
    y = F.tanh(x)
    assert y.__cuda_array_interface__ == {
        "shape": ROWS.shape,
        "typestr": "<f8",
        "data": (y.__cuda_array_interface__["data"][0], False),
        "strides": None,
        "stream": None,
        "version": 3,
    }
    assert test_backends.device_of(y.__cuda_array_interface__["data"][0]) == 0
    twice = F.tanh(Theirs(np.zeros(1), shape=y.shape, data=y.__cuda_array_interface__["data"]))
    close(twice, np.tanh(np.tanh(ROWS)), "float64")


def test_results_outlive_what_they_are_made_of():
    def work():
        before = test_backends.allocated_bytes()
        x = Theirs(ROWS)
        y = F.tanh(x)
        del x
        gc.collect()
        z = F.tanh(y)
        capsule = Again(y)
        del y
        gc.collect()
        close(z, np.tanh(np.tanh(ROWS)), "float64")
        close(F.tanh(capsule), np.tanh(np.tanh(ROWS)), "float64")
        del capsule
        gc.collect()
        return test_backends.allocated_bytes() - before, z

    _, z = in_a_thread(work)
    close(z, np.tanh(np.tanh(ROWS)), "float64")  # when its thread and queue have ended


def test_a_capsule_that_nobody_takes():
    before = test_backends.allocated_bytes()
    y = F.unit_norm(Theirs(ROWS)).reshape(-1)
    lent = y.__dlpack__()
    with_lent = test_backends.allocated_bytes()
    del y
    gc.collect()
    assert test_backends.allocated_bytes() == with_lent
    del lent
    gc.collect()
    assert before <= test_backends.allocated_bytes() < with_lent


def test_a_capsule_is_taken_once():
    again = Again(F.tanh(Theirs(ROWS)))
    F.tanh(again)
    with pytest.raises(TypeError, match="__dlpack__\\(\\) gave no fresh capsule 'dltensor'"):
        F.tanh(again)


def test_capsules_of_numpy():
    """Which are laid out by another's hand."""
    a = np.arange(24, dtype=np.float32).reshape(2, 3, 4)[:, ::2]
    address, shape, strides, kind, owner = _core.open_dlpack(a.__dlpack__())
    assert (address, shape, strides, kind) == (a.ctypes.data, (2, 2, 4), (12, 8, 1), (2, 32, 1))
    kept = ctypes.c_float.from_address(address)
    del a
    gc.collect()
    assert kept.value == 0.0
    del owner


def test_what_is_lent_to_others():
    y = F.tanh(Theirs(np.float32(ROWS)))
    address, shape, strides, kind, _ = _core.open_dlpack(y.__dlpack__())
    assert address == y.__cuda_array_interface__["data"][0]
    assert (shape, strides, kind) == (ROWS.shape, None, (2, 32, 1))
    assert y.__dlpack_device__() == (2, 0)


def test_arrays_of_no_gpu_go_numpys_way():
    class OnHost:
        def __dlpack_device__(self):
            return 1, 0  # kDLCPU, as a tensor of torch says

        def __array__(self, dtype=None, copy=None):
            return ROWS

    y = F.tanh(OnHost())
    assert isinstance(y, np.ndarray)
    np.testing.assert_array_equal(y, F.tanh(ROWS))


def test_a_device_array():
    y = F.tanh(Theirs(np.float32(ROWS)))
    assert (y.shape, y.ndim, y.size, y.nbytes, len(y)) == ((5, 6), 2, 30, 120, 5)
    assert y.dtype == np.float32
    assert repr(y) == "DeviceArray(shape=(5, 6), dtype=float32, device='cuda:0')"
    assert y.reshape(3, -1).shape == y.reshape((3, 10)).shape == (3, 10)
    np.testing.assert_array_equal(y.reshape(-1).get(), y.get().ravel())


def test_threads_have_queues_of_their_own():
    y = F.tanh(Theirs(ROWS))
    z = in_a_thread(lambda: F.tanh(y))
    close(F.tanh(z), np.tanh(np.tanh(np.tanh(ROWS))), "float64")
