"""Model files: safetensors with the estimator's description as JSON in the header.

A file holds numbers, names and parameters, and no code: loading one runs nothing of it. The weights
stand under their own names ("conv2d_1.weight", in the layout of `fastdl.layers`), so that other
programs can read them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib import import_module
from inspect import signature
from typing import TYPE_CHECKING, Any, TypeVar

from fastdl._core import __version__
from fastdl._other_names import raiser
from fastdl.io import _safetensors
from fastdl.io._errors import ModelFileError, NoNetwork
from fastdl.io._sources import File

if TYPE_CHECKING:
    from fastdl.io._card import model_card as model_card
    from fastdl.io._skops import skops_trusted as skops_trusted
    from fastdl.io._values import Decoder
    from fastdl.io._weights import load_weights as load_weights
    from fastdl.io._weights import save_weights as save_weights
    from fastdl.network import Network

T = TypeVar("T")
_HOMES = {  # imported when first used
    "load_weights": "fastdl.io._weights",
    "model_card": "fastdl.io._card",
    "save_weights": "fastdl.io._weights",
    "skops_trusted": "fastdl.io._skops",
}
_FORMAT = 2  # 1 was that of the versions before the first release
_DEEPEST = 200  # lists and objects inside each other in a description

__all__ = [
    "ModelFileError",
    "load",
    "load_network",
    "load_weights",
    "model_card",
    "save",
    "save_weights",
    "skops_trusted",
]

_unknown = raiser(__name__, __all__)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    return _unknown(name)


def save(estimator: Any, path: File, *, optimizer: bool = True) -> None:
    """Write an estimator into a file; ``estimator.save(path)`` does the same.

    The same estimator gives the same bytes. Callbacks are not saved. A file is written whole or not
    at all: after an error, what stood at a path is as it was.

    Parameters
    ----------
    estimator : fastdl estimator or fastdl.Network
        Fitted or not.
    path : str, path or binary file object
        A path usually ends in ".safetensors". An object, such as an `io.BytesIO`, is written to
        where it stands.
    optimizer : bool, default=True
        Whether the state of the optimizer (moments, place in the schedule) is kept. Without it the
        file is a half to a third as large and predicts the same; a later `partial_fit` starts the
        optimizer anew.

    Raises
    ------
    TypeError
        For anything but an estimator of fastdl, and if a parameter holds code, such as a function
        for `scoring` or a schedule of your own.
    OSError
        Of the system.
    """
    from fastdl.io._values import Encoder

    encoder = Encoder(optimizer=optimizer)
    _check_known(estimator)
    try:
        content = encoder.encode(estimator, "")
    except RecursionError:
        content = None
    if content is None or _is_deep(content):
        raise TypeError(
            f"{type(estimator).__name__} cannot be saved: something in it is nested too deeply, "
            "such as layers inside layers."
        )
    description = {"format": _FORMAT, "versions": _versions(), "content": content}
    text = json.dumps(description, allow_nan=False)
    _safetensors.write(path, encoder.tensors, {"fastdl": text})


def load(path: File, *, device: str | None = None, mmap: bool = False) -> Any:
    """Read an estimator, or a network, that `save` wrote.

    Parameters
    ----------
    path : str, path or binary file object
        An object, such as an `io.BytesIO` or a member of an archive, is read to its end.
    device : str, optional
        Where the estimator is to work from now on, instead of where it did.
    mmap : bool, default=False
        Whether the file is mapped into memory: weights are read where they stand, when they are
        needed, and processes that map one file share them. Only for paths; the file must not be
        changed in place, but may be replaced, as `save` does.

    Returns
    -------
    fastdl estimator or fastdl.Network
        As it was saved; it predicts the same and can be trained on.

    Raises
    ------
    ModelFileError
        If the file is truncated, damaged, of another format, or of a later version of fastdl.
    OSError
        Of the system, if there is no such file.
    """

    def decode(decoder: Decoder, content: Any) -> Any:
        from fastdl.io import _networks  # noqa: F401 (it reads networks)

        if not (isinstance(content, dict) and "$network" in content):
            from fastdl.io import _estimators, _pipelines  # noqa: F401 (they read what needs it)
        found = decoder.decode(content)
        if not _is_known(found):
            raise ValueError("it holds no estimator.")
        return found

    model = _read(path, mmap, decode)
    if device is not None and "device" in signature(type(model)).parameters:
        model.set_params(device=device)
    return model


def load_network(path: File, *, mmap: bool = False) -> Network:
    """Read the network of a saved estimator, or one that was saved as such, with NumPy alone.

    Parameters
    ----------
    path : str, path or binary file object
    mmap : bool, default=False
        As in `load`.

    Returns
    -------
    fastdl.Network
        Its labels and probabilities are those of the estimator, byte for byte.

    Raises
    ------
    ModelFileError
        As `load`; also if there is no network in the file, as of a scaler.
    OSError
        Of the system, if there is no such file.
    """
    from fastdl.io._networks import network_of

    return _read(path, mmap, network_of)


def _read(path: File, mmap: bool, decode: Callable[[Decoder, Any], T]) -> T:
    """What `decode` makes of the content of a file."""
    from fastdl.io._values import Decoder

    with _safetensors.opened(path, mmap=mmap) as arrays:
        content = _content(arrays.name, arrays.metadata)
        try:
            return decode(Decoder(arrays), content)
        except ModelFileError:
            raise
        except NoNetwork as error:
            raise ModelFileError(f"{arrays.name} has no network to read: {error}") from error
        except (ValueError, TypeError, OverflowError, RuntimeError) as error:
            raise ModelFileError(
                f"{arrays.name} cannot be read: {error} Save the model again."
            ) from error


def _is_known(found: Any) -> bool:
    """Whether it is an estimator of fastdl itself, one of a pipeline, or a network."""
    from fastdl.io import _networks  # noqa: F401 (it stores networks)
    from fastdl.network import Network

    if type(found) is Network:
        return True
    from fastdl.io import _estimators, _pipelines

    return _estimators.is_known(found) or _pipelines.is_known(found)


def _check_known(model: Any) -> None:
    if not _is_known(model):
        from fastdl.io._pipelines import OTHERS

        raise TypeError(f"{type(model).__name__} is no estimator of fastdl. {OTHERS}")


def _versions() -> dict[str, str]:
    """Of what a file is written with; scikit-learn where it is in use."""
    import numpy as np

    found = {"fastdl": __version__, "numpy": np.__version__}
    if "sklearn" in sys.modules:
        found["scikit-learn"] = sys.modules["sklearn"].__version__
    return found


def _content(path: str, metadata: dict[str, str]) -> Any:
    """The description of the estimator, if it is one of this format."""
    if "fastdl" not in metadata:
        raise ModelFileError(f"{path} holds arrays, but no fastdl estimator. Write it with save().")
    try:
        description = _safetensors.parse(metadata["fastdl"])
    except (ValueError, RecursionError) as error:
        raise ModelFileError(
            f"{path} is damaged: its description is no JSON: {error}. Save the model again."
        ) from error
    made = description.get("format") if isinstance(description, dict) else None
    if type(made) is not int or made < 1:
        raise ModelFileError(f"{path} is damaged: it says no format. Save the model again.")
    if made == 1:
        raise ModelFileError(
            f"{path} is of format 1, which fastdl wrote before its first release and reads no "
            "more. Fit and save the model again."
        )
    if made > _FORMAT:
        versions = description.get("versions")
        version = str(versions.get("fastdl"))[:30] if isinstance(versions, dict) else "a later one"
        raise ModelFileError(
            f"{path} is of format {made}, written by fastdl {version}; this is {__version__}. "
            "Install that version, or a later one, to read it."
        )
    if "content" not in description or _is_deep(description):
        raise ModelFileError(
            f"{path} is damaged: its description has no content, or is nested too deeply. Save the "
            "model again."
        )
    return description["content"]


def _is_deep(value: Any) -> bool:
    """Whether lists and objects are nested deeper than the reader follows."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return False
    return True


def __dir__() -> list[str]:
    return sorted(__all__)
