"""What fastdl runs on, for reports of faults."""

import platform
from importlib import metadata

from fastdl import _core
from fastdl.program import gpus

_LIBRARIES = ("numpy", "scipy", "scikit-learn", "matplotlib", "pillow", "safetensors")


def describe() -> str:
    """Versions, backends (best first), the one that programs get by default, GPUs, threads."""
    flatten = {"kind": "flatten", "title": "Flatten", "name": "flatten_1"}
    chosen = _core.Program([flatten], (1,)).backend
    lines = [f"fastdl {_core.__version__}"]
    lines.append(f"Python {platform.python_version()}, {platform.platform()}")
    lines += [f"{library} {_version(library)}" for library in _LIBRARIES]
    lines.append("backends:")
    for backend in _core.backends():
        state = "" if backend.available else "not on this machine"
        if backend.name == chosen:
            state = "chosen"
        lines.append(f"  {backend.name:12} {backend.lanes:3} float32 lanes  {state}".rstrip())
    lines += gpus.describe()
    lines.append(f"threads: {_core.max_threads()}")
    return "\n".join(lines)


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "is not installed"


def show_versions() -> None:
    """Print versions, backends and threads: the first lines of a report of a fault.

    Raises
    ------
    ValueError
        If the environment's ``FASTDL_BACKEND`` names no backend.
    """
    print(describe())
