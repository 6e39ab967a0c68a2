"""How answers are searched for, and how codes are written in the form of y."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastdl.estimators.translation.pairs import CHARACTERS, TOKENS

if TYPE_CHECKING:
    from fastdl._core import Program

_MOST_KEPT = 1 << 20  # symbols of the answers that a search goes on with, of a source


def search(
    name: str,
    program: Program,
    values: NDArray[Any],
    lengths: NDArray[np.int32],
    *,
    beam_size: int,
    max_length: int,
    length_penalty: float,
    n_best: int,
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Codes (n, n_best, max_length), -1 past the ends, and log-likelihoods (n, n_best).

    Parameters
    ----------
    name : str
        Of the estimator, for messages.
    program : Program
    values, lengths : ndarrays of shape (n, T, ...) and (n,)
        The sources, with as many steps as the program.
    beam_size, max_length, length_penalty, n_best : see ``Program.search``

    Raises
    ------
    ValueError
        Where the search would keep more symbols than memory is meant for.
    """
    if beam_size * max_length > _MOST_KEPT:
        raise ValueError(
            f"{name}: {beam_size} answers of up to {max_length} symbols are more than the "
            f"{_MOST_KEPT} symbols that a search keeps for a source. Lower beam_size (or n_best) "
            "or max_length."
        )
    order = np.argsort(-lengths, kind="stable")  # short sources cost less together
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    codes, totals = program.search(
        np.ascontiguousarray(values[order]),
        lengths=lengths[order],
        beam_size=beam_size,
        length_penalty=length_penalty,
        max_length=max_length,
        n_best=n_best,
    )
    return codes[back], totals[back]


@dataclass(frozen=True)
class Writing:
    """How answers are written: which symbols codes stand for, and the form of y."""

    symbols: tuple[str, ...]
    form: str

    def symbols_of(self, codes: NDArray[np.int32]) -> list[list[str]]:
        """The symbols of answers (n, T), -1 past their ends."""
        return [[self.symbols[code] for code in row if code >= 0] for row in codes.tolist()]

    def joined(self, found: list[list[str]]) -> list[Any]:
        """Answers as lists of symbols, in the form of y."""
        if self.form == TOKENS:
            return list(found)
        between = "" if self.form == CHARACTERS else " "
        return [between.join(symbols) for symbols in found]

    def as_array(self, answers: list[Any]) -> NDArray[Any]:
        """Of shape (n,): strings, or lists of tokens as objects."""
        if self.form != TOKENS:
            return np.array(answers, str)
        formed = np.empty(len(answers), object)
        formed[:] = answers
        return formed
