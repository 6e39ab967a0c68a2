"""Texts as symbols, and symbols as codes."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastdl._warn import warn
from fastdl.data import Vocabulary
from fastdl.samples import Sequences, with_steps

UNKNOWN = "<unknown>"
ERROR = "error"  # in its place: there is no such symbol

Symbols = Sequence[Hashable]  # of one text: a string is its characters


@dataclass(frozen=True)
class Reading:
    """How texts are read; see `TextWords`."""

    analyzer: str | Callable[[str], list[str]] = "char"
    lowercase: bool = False
    max_tokens: int | None = None
    unknown: str = UNKNOWN

    def symbols(self, text: Any) -> Symbols:
        """Of a string what the analyzer finds, of a list its own.

        Raises
        ------
        ValueError
            If the analyzer gives something else than a list of strings.
        """
        found: Symbols = text if isinstance(text, str) else list(text)
        if isinstance(text, str) and self.analyzer == "word":
            found = text.split()
        elif isinstance(text, str) and callable(self.analyzer):
            found = self.analyzer(text)
            if not _are_strings(found):
                raise ValueError(
                    f"analyzer={self.analyzer!r} makes {found!r} of {text[:20]!r}; expected a list "
                    "of strings."
                )
        if not self.lowercase:
            return found
        # One by one: "İ".lower() has two characters, and is one symbol all the same.
        return [symbol.lower() if isinstance(symbol, str) else symbol for symbol in found]

    def learn(self, texts: Sequence[Symbols]) -> tuple[Hashable, ...]:
        """The symbols of texts, the most frequent first, and the one that unknown ones are read as.

        Raises
        ------
        ValueError
            If `max_tokens` leaves some out, and they may not be unknown.
        """
        found = Vocabulary.fit(texts).tokens
        kept = tuple(_plain(symbol) for symbol in found[: self.max_tokens])
        if self.unknown == ERROR:
            if len(kept) < len(found):
                raise ValueError(
                    f"max_tokens={self.max_tokens} leaves out {found[len(kept)]!r} and "
                    f"{len(found) - len(kept) - 1} other symbols of X, but unknown='error' knows "
                    "nothing to read them as. Leave one of the two out."
                )
            return kept
        return kept if self.unknown in kept else (*kept, self.unknown)

    def encode(self, estimator: Any, texts: Sequence[Symbols], *, alone: bool = False) -> Sequences:
        """Texts as codes (n, T, 1) of the estimator's `symbols_`; `alone`: X is one text.

        Raises
        ------
        ValueError
            For an unknown symbol, if there is none to read it as.
        """
        vocabulary = Vocabulary(estimator.symbols_)
        codes, lengths = vocabulary.encode(texts)
        unknown = codes == 1
        if unknown.any():
            if self.unknown not in estimator.symbols_:
                i, t = (int(index) for index in np.argwhere(unknown)[0])
                who = "X" if alone else f"X[{i}]"
                raise ValueError(
                    f"{who} has {texts[i][t]!r} at step {t}, a symbol that "
                    f"{type(estimator).__name__} did not see in fit. Fit with "
                    f"unknown={UNKNOWN!r}, which is what such symbols are read as."
                )
            codes[unknown] = vocabulary.encode([[self.unknown]])[0][0, 0]
        codes = with_steps(codes, max(1, codes.shape[1]))  # where all texts are empty
        return Sequences(codes[:, :, np.newaxis], lengths.astype(np.int32))


CHARACTERS, WORDS = Reading("char"), Reading("word")


def warn_of_tokens(name: str, texts: Sequence[Any], symbols: Iterable[Hashable]) -> None:
    """Warn of texts for tokens: of what users wrote as lists, and has white space inside."""
    if all(isinstance(text, str) for text in texts):
        return
    for symbol in symbols:
        if isinstance(symbol, str) and len(symbol.split()) > 1:
            warn(
                f"X has the token {symbol[:40]!r}, with white space in it: {name} takes it for one "
                "symbol. Where it is a text, pass it as a string, not in a list of its own, and "
                "analyzer='word' for its words.",
            )
            return


def n_codes(symbols: Sequence[Hashable]) -> int:
    """What an embedding needs: there are also code 0, padding, and code 1, which is not used."""
    return len(symbols) + 2


def are_integers(symbols: Iterable[Hashable]) -> bool:
    """Whether `symbols_` are integers, but for the unknown one."""
    return any(not isinstance(symbol, str) for symbol in symbols)


def _are_strings(found: Any) -> bool:
    return isinstance(found, (list, tuple)) and all(isinstance(symbol, str) for symbol in found)


def _plain(symbol: Hashable) -> Hashable:
    """As Python has it: NumPy's strings are strings, too."""
    return str(symbol) if isinstance(symbol, str) else symbol
