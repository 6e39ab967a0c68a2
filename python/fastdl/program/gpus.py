"""The GPUs of this machine: the backend of each, why there is none, and what goes wrong on them.

They belong to ``fastdl._cuda``, a module of its own that a build may lack. It is imported when a
GPU is asked for, never before, and hands its backends to the core, each once.
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from fastdl import _core
from fastdl._locks import ForkSafeLock
from fastdl.program.summary import as_bytes

if TYPE_CHECKING:
    from fastdl._core import Program

PRECISIONS = ("float32", "tf32", "bf16")

_DRIVER = "/proc/driver/nvidia/version"
FALLS_BACK = 'device="auto" falls back to the CPU.'
_SPAWN = (
    "CUDA cannot be used in a process that was forked after CUDA had been used. Start it by spawn "
    '(multiprocessing.set_start_method("spawn"), or joblib\'s loky), or set device="cpu".'
)

_lock = ForkSafeLock()
_backends: dict[int, str] = {}  # the names of those that the core knows, by their GPU's number
_users: list[int] = []  # the process that used CUDA first
_found: list[Any] = []  # the GPUs of this machine, counted once: each costs a context
_warned: set[str] = set()


class DeviceLostError(RuntimeError):
    """A GPU that answers no more; what was learnt up to the last epoch is on the host."""


class Absence(NamedTuple):
    """Why a GPU cannot be used, for `device_` and for an error; false where it can."""

    short: str = ""
    long: str = ""

    def __bool__(self) -> bool:
        return bool(self.short)


def module() -> Any:
    """``fastdl._cuda``; ImportError where it is not there, or cannot be loaded."""
    return importlib.import_module("fastdl._cuda")


def absence(number: int, asked: str) -> Absence:
    """Why the GPU of this number cannot be used, if so; `asked` says how it was asked for."""
    needs = f"{asked} needs the CUDA build of fastdl and an NVIDIA driver; found"
    if _users not in ([], [os.getpid()]):
        short = "this process was forked after CUDA had been used"
        return Absence(short, f"{asked}: {_SPAWN}")
    try:
        cuda = module()
    except ModuleNotFoundError:
        has_driver = os.path.exists(_DRIVER)
        found = "the driver, but no build (docs/cuda.md)" if has_driver else "neither"
        return Absence("fastdl was built without CUDA", f"{needs} {found}. {FALLS_BACK}")
    except ImportError as error:
        what = f"fastdl._cuda cannot be loaded: {error}"
        return Absence(what, f"{needs} the build, but {what}. {FALLS_BACK}")
    if cuda.__version__ != _core.__version__:
        what = f"that is of fastdl {cuda.__version__}, and this is {_core.__version__}"
        return Absence(f"the build {what[5:]}", f"{needs} a build, but {what}. {FALLS_BACK}")
    if (table := getattr(cuda, "table_fingerprint", None)) != _core.table_fingerprint:
        what = (
            "that is of other sources: the fingerprint of its kernel table is "
            f"{table}, expected {_core.table_fingerprint}; build it again (make cuda)"
        )
        return Absence(f"the build {what[5:]}", f"{needs} a build, but {what}. {FALLS_BACK}")
    if not _found:
        _users[:] = [os.getpid()]  # counting GPUs begins their use
        _found.extend(cuda.devices())
    if not _found:
        why = str(cuda.reason()).rstrip(".") or "there is no GPU"
        return Absence(why, f"{needs} the build, but {why}. {FALLS_BACK}")
    if number >= len(_found):
        names = ", ".join(f'"cuda:{i}" ({gpu.name})' for i, gpu in enumerate(_found))
        return Absence("no such GPU", f"{asked}: no such GPU. This machine has {names}.")
    gpu = _found[number]
    if gpu.problem:
        why = f"{gpu.name} (compute capability {gpu.capability}): {gpu.problem}"
        return Absence(why, f"{asked} cannot be used: {why}.")
    return Absence()


def backend(number: int) -> str:
    """The name of a GPU's backend, which the core knows from now on."""
    with _lock:
        if number not in _backends:
            _load_cublas()
            _backends[number] = _core.add_backend(module().backend(number))
        return _backends[number]


def _load_cublas() -> None:
    """Load cuBLASLt of the wheel nvidia-cublas, if it is there: the module takes what is loaded."""
    spec = importlib.util.find_spec("nvidia")
    for folder in (spec and spec.submodule_search_locations) or []:
        for file in sorted(Path(folder).glob("*/lib/libcublasLt.so.1[23]")):
            with suppress(OSError):  # of another system: there are products without it
                ctypes.CDLL(str(file))


def warn_of_absence(device: str, error: RuntimeError) -> None:
    """That the CPU works instead: once in a process."""
    from fastdl._warn import warn  # with scikit-learn, which programs do without

    if device not in _warned:
        _warned.add(device)
        warn(f"{str(error).removesuffix(FALLS_BACK).strip()} The CPU predicts instead.")


def describe() -> list[str]:
    """Lines about the GPUs of this machine, for reports of faults."""
    why = absence(0, 'device="cuda"')
    if why:
        return [f"GPUs: none ({why.short})"]
    cuda, lines = module(), ["GPUs:"]
    for number, gpu in enumerate(cuda.devices()):
        bytes_ = f"{as_bytes(gpu.free_bytes)} of {as_bytes(gpu.total_bytes)} free"
        facts = f"compute capability {gpu.capability}, {gpu.problem or bytes_}"
        lines.append(f"  cuda:{number}  {gpu.name}, {facts}")
    lines.append(f"  driver: CUDA {cuda.driver_version()}")
    lines.append(f"  build: CUDA {cuda.runtime_version()}, architectures {cuda.architectures}")
    return [*lines, f"  precision: {', '.join(PRECISIONS)}"]


# --- what goes wrong on them


@contextmanager
def room(name: str, memory: Callable[[], Mapping[str, int]]) -> Iterator[None]:
    """Say what a network takes of memory, a GPU's or the machine's, where that has no room for it.

    Parameters
    ----------
    name : str
        Of the backend.
    memory : callable
        Gives the bytes by purpose.
    """
    try:
        yield
    except MemoryError as error:
        of_core = str(error) == "std::bad_alloc" or name.startswith("cuda")
        if not of_core or type(error) is not MemoryError:  # NumPy has its own
            raise
        raise MemoryError(_no_room(name, memory())) from error


def _no_room(name: str, plan: Mapping[str, int]) -> str:
    parts = ", ".join(f"{what} {as_bytes(size)}" for what, size in plan.items() if size)
    whole = as_bytes(sum(plan.values()))
    if not name.startswith("cuda"):
        return (
            f"There is no room in memory for this network, which needs {whole}: {parts}. Take "
            "fewer units, or lower batch_size (values, saved, scratch)."
        )
    return (
        f"{name} has no room for X and this network, which needs {whole}: {parts}. "
        "Lower batch_size (values, saved, scratch; of sequences truncate_bptt, too), take fewer "
        'units, end other programs on that GPU, or set device="cpu".'
    )


def holds(program: Program) -> bool:
    """Whether a program's memory is a GPU's."""
    return program.backend.startswith("cuda")


def lost(program: Program, error: BaseException) -> DeviceLostError:
    """What to say of a GPU that answers no more."""
    return DeviceLostError(
        f"{program.backend} failed during the fit ({error}). The weights of the last whole epoch "
        'are kept on the host: save the estimator, or go on with set_params(device="cpu"). CUDA '
        "works again in a new process."
    )
