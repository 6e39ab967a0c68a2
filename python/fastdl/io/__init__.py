"""Model files: safetensors with the estimator's description as JSON in the header.

A file holds numbers, names and parameters, and no code: loading one runs nothing of it. The weights
stand under their own names ("conv2d_1.weight", in the layout of `fastdl.layers`), so that other
programs can read them.
"""

from __future__ import annotations

import json
from os import PathLike
from typing import Any

from fastdl._core import __version__
from fastdl.io import _safetensors
from fastdl.io._errors import ModelFileError

_FORMAT = 1

__all__ = ["ModelFileError", "load", "save"]


def save(estimator: Any, path: str | PathLike[str]) -> None:
    """Write an estimator into a file; ``estimator.save(path)`` does the same.

    The same estimator gives the same bytes. Callbacks are not saved.

    Parameters
    ----------
    estimator : fastdl estimator
        Fitted or not.
    path : str or path
        By custom ending in ".safetensors".

    Raises
    ------
    TypeError
        For anything but an estimator of fastdl, and if a parameter holds code, such as a function
        for `scoring`.
    OSError
        Of the system. The file is written whole or not at all: after an error an old one is as it
        was.
    """
    from fastdl.io._encode import ESTIMATORS, encode

    if type(estimator).__name__ not in ESTIMATORS:
        raise TypeError(
            f"{type(estimator).__name__} is not an estimator of fastdl. Save the estimators in it "
            "one by one, or pickle it."
        )
    tensors: _safetensors.Tensors = {}
    content = encode(estimator, tensors, "")
    description = {"format": _FORMAT, "version": __version__, "content": content}
    _safetensors.write(path, tensors, {"fastdl": json.dumps(description)})


def load(path: str | PathLike[str]) -> Any:
    """Read an estimator that `save` wrote.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    fastdl estimator
        As it was saved; it predicts the same and can be trained on.

    Raises
    ------
    ModelFileError
        If the file is truncated, of another format, or of a later version of fastdl.
    """
    from fastdl.io._encode import decode

    tensors, metadata = _safetensors.read(path)
    if "fastdl" not in metadata:
        raise ModelFileError(f"{path} holds arrays, but no fastdl estimator. Write it with save().")
    description = json.loads(metadata["fastdl"])
    if description["format"] > _FORMAT:
        raise ModelFileError(
            f"{path} was written by fastdl {description['version']}; this is {__version__}. "
            "Update fastdl to read it."
        )
    try:
        return decode(description["content"], tensors)
    except KeyError as error:
        raise ModelFileError(f"{path} cannot be read: {error} is missing.") from error
    except ValueError as error:
        raise ModelFileError(f"{path} cannot be read: {error}") from error
