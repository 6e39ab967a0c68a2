"""A backend whose kernel table looks different is refused before anybody looks into it."""

import ctypes
import re
from collections.abc import Callable

import pytest

from fastdl import _core

NOWHERE = 1  # no address that can be read: whoever looks ends the process
REFUSED = (
    "The module of this backend was built from other sources than fastdl: the fingerprint of its "
    "kernel table is {}, expected {}. Build it again (make build; for GPUs make cuda)."
)
make = ctypes.pythonapi.PyCapsule_New
make.restype, make.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]


def guarded(capsule: object) -> object:
    return pytest.importorskip("fastdl._test_backends").guarded(capsule)


@pytest.mark.parametrize("take", [_core.add_backend, guarded])
@pytest.mark.parametrize(
    ("name", "seen"), [(b"fastdl.backend 12", "12"), (b"fastdl.backend", "none")]
)
def test_refused(take: Callable[[object], object], name: bytes, seen: str) -> None:
    text = REFUSED.format(seen, _core.table_fingerprint)
    with pytest.raises(ImportError, match=f"^{re.escape(text)}$"):
        take(make(NOWHERE, name, None))


@pytest.mark.parametrize("name", [b"another capsule", None])
def test_no_backend(name: bytes | None) -> None:
    with pytest.raises(ValueError, match=r"^add_backend takes a capsule of a backend\.$"):
        _core.add_backend(make(NOWHERE, name, None))


def test_of_this_build() -> None:
    assert _core.add_backend(_core.backend_capsule("cpu:generic")) == "cpu:generic"
