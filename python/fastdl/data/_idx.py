"""MNIST and its file formats: IDX, gzip, NumPy archives."""

import gzip
import math
import os
import zipfile
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

# The third byte of the magic number; values are stored big-endian.
_IDX_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}

_NPZ_KEYS = ("x_train", "y_train", "x_test", "y_test")
_IDX_STEMS = ("train-images", "train-labels", "t10k-images", "t10k-labels")


def load_idx(path: str | os.PathLike[str]) -> NDArray[Any]:
    """Read an IDX file, the format of the original MNIST.

    Parameters
    ----------
    path : path-like
        The file, plain or gzipped (told by its content, not by its name).

    Returns
    -------
    ndarray
        The array as stored, in the machine's byte order.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is not IDX, or is shorter or longer than its header says.

    References
    ----------
    Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits", section
    "File formats".
    """
    try:
        with open(path, "rb") as file:
            if file.peek(2)[:2] != b"\x1f\x8b":
                return _read_idx(path, file)
            with gzip.open(file) as unpacked:
                return _read_idx(path, unpacked)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"{path} is a damaged gzip file ({error}). Fetch it again.") from error


def _read_idx(path: str | os.PathLike[str], file: BinaryIO | gzip.GzipFile) -> NDArray[Any]:
    """The header first, then what it asks for: a small file may unpack to gigabytes."""
    head = file.read(4)
    if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in _IDX_TYPES:
        raise ValueError(
            f"{path} is not an IDX file: it starts with bytes {head.hex(' ') or '(none)'}, "
            "expected 00 00, a type (08 09 0b 0c 0d 0e) and the number of dimensions."
        )
    dtype, n_dims = np.dtype(_IDX_TYPES[head[2]]), head[3]
    sizes = file.read(4 * n_dims)
    start, found = 4 + 4 * n_dims, 4 + len(sizes)
    if found < start:
        raise ValueError(
            f"{path} is truncated: its header of {n_dims} dimensions needs {start} bytes, "
            f"the file has {found}. Fetch it again."
        )
    shape = tuple(np.frombuffer(sizes, ">u4").tolist())
    expected = math.prod(shape) * dtype.itemsize
    values = _read_up_to(file, expected + 1)
    if len(values) != expected:
        seen = "more" if len(values) > expected else start + len(values)
        raise ValueError(
            f"{path} is {'truncated' if len(values) < expected else 'too long'}: shape {shape} of "
            f"{dtype.name} needs {start + expected} bytes, the file has {seen}. Fetch it again."
        )
    try:
        array = np.frombuffer(values, dtype).reshape(shape)
    except ValueError as error:  # more dimensions than NumPy's, or a 0 beside huge ones
        raise ValueError(f"{path} is damaged: {error}. Fetch it again.") from error
    return array.astype(dtype.newbyteorder("="), copy=False)


def _read_up_to(file: BinaryIO | gzip.GzipFile, count: int) -> bytearray:
    """At most so many bytes; takes no more memory than there are."""
    data = bytearray()
    while len(data) < count and (piece := file.read(min(count - len(data), 1 << 20))):
        data += piece
    return data


def load_mnist(
    path: str | os.PathLike[str],
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Read MNIST, or a set in its format (Fashion-MNIST, KMNIST), from disk.

    Parameters
    ----------
    path : path-like
        Either a NumPy archive with the arrays ``x_train``, ``y_train``, ``x_test``, ``y_test``
        (Keras' ``mnist.npz``), or a folder with the four IDX files
        ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``, ``t10k-images-idx3-ubyte``,
        ``t10k-labels-idx1-ubyte``, each plain or ``.gz``, with dashes or dots in its name.

    Returns
    -------
    X_train, y_train, X_test, y_test : ndarray
        Images (n, height, width) and labels (n,), as stored (uint8 in the originals).

    Raises
    ------
    FileNotFoundError
        If `path` does not exist or the folder lacks one of the four files.
    ValueError
        If a file is damaged or of another kind, or images and labels do not belong together.
    """
    path = Path(path)
    if path.is_dir():
        names = [str(path / stem) for stem in _IDX_STEMS]
        arrays = [load_idx(_find_idx(path, stem)) for stem in _IDX_STEMS]
    else:
        names = [f"{path}: {key}" for key in _NPZ_KEYS]
        arrays = _load_npz(path)
    for i in (0, 2):
        _check_pair(names[i], arrays[i], names[i + 1], arrays[i + 1])
    X_train, y_train, X_test, y_test = arrays
    return X_train, y_train, X_test, y_test


def _find_idx(folder: Path, stem: str) -> Path:
    kind = "idx3-ubyte" if stem.endswith("images") else "idx1-ubyte"
    for separator in "-.":
        for ending in ("", ".gz"):
            file = folder / f"{stem}{separator}{kind}{ending}"
            if file.is_file():
                return file
    raise FileNotFoundError(
        f"{folder} has no {stem}-{kind} (also looked for '.{kind}' and '.gz'). "
        "A folder of MNIST holds all four IDX files; or give the path of an mnist.npz."
    )


def _load_npz(path: Path) -> list[NDArray[Any]]:
    if path.exists() and not zipfile.is_zipfile(path):
        raise ValueError(
            f"{path} is not a complete .npz archive. Give an mnist.npz or the folder of the four "
            "IDX files; a single IDX file is read by load_idx."
        )
    with np.load(path, allow_pickle=False) as archive:
        missing = [key for key in _NPZ_KEYS if key not in archive]
        if missing:
            raise ValueError(
                f"{path} has no array {', '.join(map(repr, missing))}; it holds "
                f"{', '.join(map(repr, archive.files)) or 'none'}. "
                f"Expected {', '.join(_NPZ_KEYS)}."
            )
        try:
            for key in _NPZ_KEYS:
                _check_size(archive.zip, f"{key}.npy")
            return [archive[key] for key in _NPZ_KEYS]
        except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise ValueError(f"{path} is damaged ({error}). Fetch it again.") from error


def _check_size(archive: zipfile.ZipFile, name: str) -> None:
    """Raise ValueError for an array that is not as long as its header says, before it is read."""
    with archive.open(name) as member:
        version = np.lib.format.read_magic(member)
        read = np.lib.format.read_array_header_1_0
        if version != (1, 0):
            read = np.lib.format.read_array_header_2_0
        shape, _, dtype = read(member)
        expected = math.prod(shape) * dtype.itemsize
        found = archive.getinfo(name).file_size - member.tell()
    if found != expected and not dtype.hasobject:  # objects are refused when read
        raise ValueError(f"{name} of shape {shape} needs {expected} bytes, but has {found}")


def _check_pair(x_name: str, x: NDArray[Any], y_name: str, y: NDArray[Any]) -> None:
    if x.ndim != 3:
        raise ValueError(f"{x_name} has shape {x.shape}, expected images (n, height, width).")
    if y.ndim != 1:
        raise ValueError(f"{y_name} has shape {y.shape}, expected labels (n,).")
    if len(x) != len(y):
        raise ValueError(f"{x_name} has {len(x)} images, but {y_name} has {len(y)} labels.")
