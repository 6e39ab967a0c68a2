"""The backends of the test build, for the core to use; none without `fastdl._test_backends`."""

from fastdl import _core

try:
    from fastdl import _test_backends
except ImportError:
    _test_backends = None  # an installed fastdl has none

BEST = next(b.name for b in _core.backends() if b.available)
EMULATED = "cuda:emulated"  # the kernels for GPUs, on the host
GUARDED = (
    "cpu:guarded"  # the best of the CPU, whose values nothing but kernels and copies can touch
)


def add() -> list[str]:
    """Hand them to the core; their names."""
    if _test_backends is None:
        return []
    guarded = _test_backends.guarded(_core.backend_capsule(BEST))
    return [_core.add_backend(_test_backends.emulated()), _core.add_backend(guarded)]
