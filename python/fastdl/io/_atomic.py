"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from os import PathLike
from typing import BinaryIO, cast

from fastdl.io._sources import File, is_path


def write(file: File, parts: Iterable[bytes | memoryview]) -> None:
    """Write the parts one after the other, over an old file whole or not at all.

    An object is written to as it is.

    Raises
    ------
    OSError
        Of the system; then an old file is as it was.
    """
    target = replacing(file) if is_path(file) else nullcontext(cast(BinaryIO, file))
    with target as out:
        for part in parts:
            out.write(part)


@contextmanager
def replacing(path: str | PathLike[str]) -> Iterator[BinaryIO]:
    """Open a new file that takes the place of `path` when the block ends without an error.

    Until then, and after an error, what stood at `path` is untouched: the bytes go to a temporary
    file in the same folder, are flushed to the disk, and are renamed. The new file has the
    permissions and the owner of the old one. Symbolic links are followed. What is no regular file,
    such as a pipe, is written to directly.

    Raises
    ------
    OSError
        Of the system, under the name `path`: no such folder, no permission, disk full.
    """
    target = os.path.realpath(path)
    try:
        old = os.stat(target) if os.path.exists(target) else None
        if old and not stat.S_ISREG(old.st_mode):
            with open(target, "wb") as file:
                yield file
            return
        folder, name = os.path.split(target)
        beside = os.path.join(folder, f".{name[:100]}.{secrets.token_hex(8)}.tmp")
        # 0o666 less the user's umask, as for any new file.
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            with open(descriptor, "wb") as file:
                yield file
                file.flush()
                if old:
                    _resemble(descriptor, old)
                os.fsync(descriptor)
            os.replace(beside, target)
        except BaseException:
            with suppress(OSError):
                os.unlink(beside)
            raise
    except OSError as error:
        error.filename = os.fspath(path)
        raise
    _flush_folder(folder)


def _resemble(descriptor: int, old: os.stat_result) -> None:
    """Give an open file the owner, if that is allowed, and the permissions of another."""
    new = os.fstat(descriptor)
    if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
        with suppress(OSError):
            os.fchown(descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(old.st_mode))


def _flush_folder(folder: str) -> None:
    """Put the new name on the disk, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
