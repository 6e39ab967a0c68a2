"""Locks that stand a fork and a signal handler."""

from __future__ import annotations

import os
import threading
import weakref
from types import TracebackType
from typing import ClassVar, Self


class ForkSafeLock:
    """A re-entrant lock; in the child of a fork it is open, whoever held it in the parent.

    For what is published by one assignment in the end: then it does not matter that the thread that
    held it is not there in the child, nor that a signal handler enters while its thread is inside.
    """

    _all: ClassVar[weakref.WeakSet[ForkSafeLock]] = weakref.WeakSet()

    def __init__(self) -> None:
        self._lock, self._owner, self.depth = threading.RLock(), 0, 0
        self._all.add(self)

    def __enter__(self) -> Self:
        self._lock.acquire()
        self._owner, self.depth = threading.get_ident(), self.depth + 1
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.depth -= 1
        if self.depth == 0:
            self._owner = 0
        self._lock.release()

    @classmethod
    def open_all(cls) -> None:
        """After a fork, in the child: but for those which its own thread holds."""
        for lock in cls._all:
            if lock._owner != threading.get_ident():
                lock._lock, lock._owner, lock.depth = threading.RLock(), 0, 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=ForkSafeLock.open_all)
