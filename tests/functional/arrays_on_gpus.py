"""Arrays of other libraries' on the emulated GPU, for the tests of functions that take them."""

import threading

import numpy as np
import pytest
from functional_calls import TOLERANCE, as_tuple

import backends
from fastdl._core import DeviceArray, DeviceQueue

pytest.importorskip("fastdl._test_backends")


class Theirs:
    """A library's array: what it says of itself by ``__cuda_array_interface__``."""

    def __init__(self, values, *, number=0, **says):
        self.memory = DeviceQueue(backends.EMULATED, number).send(np.asarray(values))
        self.says = says

    @property
    def __cuda_array_interface__(self):
        return self.memory.__cuda_array_interface__ | {"stream": None} | self.says

    def get(self):
        return self.memory.get()


class Lent:
    """A library's array that gives DLPack's capsules alone."""

    def __init__(self, values, *, number=0, device=2):
        self.memory = DeviceQueue(backends.EMULATED, number).send(np.asarray(values))
        self.device = device
        self.streams = []

    def __dlpack_device__(self):
        return self.device, self.memory.__dlpack_device__()[1]

    def __dlpack__(self, *, stream=None):
        self.streams.append(stream)
        return self.memory.__dlpack__()

    def get(self):
        return self.memory.get()


class TheirsOfVersion2(Theirs):
    """Which knew no streams."""

    @property
    def __cuda_array_interface__(self):
        says = super().__cuda_array_interface__ | {"version": 2}
        del says["stream"]
        return says


class Torchs(Lent):
    """Which has both, and the interface without a stream."""

    @property
    def __cuda_array_interface__(self):
        return self.memory.__cuda_array_interface__ | {"version": 2}


class Again:
    """What another library makes of a capsule: it keeps nothing else."""

    def __init__(self, a):
        self.capsule = a.__dlpack__(stream=1, max_version=(1, 0), dl_device=(2, 0), copy=False)

    def __dlpack_device__(self):
        return 2, 0

    def __dlpack__(self, *, stream):
        return self.capsule


def read_only(values):
    a = Theirs(values)
    a.says = {"data": (a.__cuda_array_interface__["data"][0], True)}
    return a


def in_a_thread(work):
    """What it gives, by a thread whose programs and queues end with it."""
    found = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    return found[0]


def host(value):
    """Results on the host: arrays of fastdl's are copied, one after the other in tuples."""
    if isinstance(value, tuple):
        return tuple(map(host, value))
    return value.get() if isinstance(value, DeviceArray) else value


def close(found, expected, dtype):
    tolerance = TOLERANCE[dtype]
    for got, right in zip(as_tuple(host(found)), as_tuple(expected), strict=True):
        assert got.dtype == right.dtype
        np.testing.assert_allclose(got, right, tolerance, tolerance)
