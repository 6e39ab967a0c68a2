"""What a command found, for people and for programs."""

from __future__ import annotations

from typing import Any, NamedTuple


class Result(NamedTuple):
    """A text, and the same as plain data for JSON.

    Attributes
    ----------
    text : str
    facts : dict
    on_stderr : bool
        Whether the text is beside what the command is for, which may be on stdout.
    """

    text: str
    facts: dict[str, Any]
    on_stderr: bool = False
