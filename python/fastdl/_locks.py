"""Locks that stand a fork and a signal handler."""

from __future__ import annotations

import _thread
import os
import weakref
from typing import Any, ClassVar


class ForkSafeLock(_thread.RLock):  # type: ignore[misc]  # final for typeshed only
    """A re-entrant lock; in the child of a fork it is open, whoever held it in the parent.

    For what is published by one assignment in the end: then it does not matter that the thread that
    held it is not there in the child, nor that a signal handler enters while its thread is inside.
    Entering and leaving are CPython's own, not Python code that an interrupt could cut in two.
    """

    _all: ClassVar[weakref.WeakSet[ForkSafeLock]] = weakref.WeakSet()

    def __init__(self) -> None:
        self._all.add(self)

    def is_mine(self) -> bool:
        """Whether the calling thread holds it."""
        lock: Any = self
        return bool(lock._is_owned())

    @classmethod
    def open_all(cls) -> None:
        """After a fork, in the child: but for those which its own thread holds."""
        lock: Any
        for lock in cls._all:
            if not lock.is_mine():
                lock._at_fork_reinit()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=ForkSafeLock.open_all)
