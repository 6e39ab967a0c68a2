"""The backends of the test build, for the core to use; none without `fastdl._test_backends`."""

import importlib
import importlib.util
import os
import sys
from collections import namedtuple
from types import SimpleNamespace
from typing import Any

from fastdl import _core


def _module() -> Any:
    """What this fastdl has, or the file that FASTDL_TEST_BACKENDS names."""
    name, path = "fastdl._test_backends", os.environ.get("FASTDL_TEST_BACKENDS")
    if path is None:
        return importlib.import_module(name) if importlib.util.find_spec(name) else None
    spec = importlib.util.spec_from_file_location(name, path)
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_test_backends = _module()

BEST = next(b.name for b in _core.backends() if b.available)
EMULATED = "cuda:emulated"  # the kernels for GPUs, on the host
GUARDED = (
    "cpu:guarded"  # the best of the CPU, whose values nothing but kernels and copies can touch
)


def cuda_module() -> SimpleNamespace:
    """``fastdl._cuda`` of a machine with one GPU, which is emulated."""
    info = namedtuple("DeviceInfo", "name capability total_bytes free_bytes problem")
    return SimpleNamespace(
        __version__=_core.__version__,
        table_fingerprint=_core.table_fingerprint,
        devices=lambda: [info("emulated", "9.0", 8 << 30, 8 << 30, "")],
        reason=lambda: "",
        backend=lambda number: _test_backends.emulated(),
        device_of=_test_backends.device_of,
    )


def add() -> list[str]:
    """Hand them to the core, which refuses those of a stale build; their names."""
    if _test_backends is None:
        return []
    emulated = _core.add_backend(_test_backends.emulated())
    return [emulated, _core.add_backend(_test_backends.guarded(_core.backend_capsule(BEST)))]
