"""Strings, and lists of tokens, as codes of symbols."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastdl.data import Vocabulary
from fastdl.samples import Sequences


def items(X: Any) -> list[Any] | None:
    """What X holds, if it is a list, a tuple, or a column (NumPy, pandas, polars, pyarrow)."""
    if isinstance(X, (list, tuple)):
        return list(X)
    if getattr(X, "ndim", 1) != 1 or hasattr(X, "columns"):
        return None
    for name in ("tolist", "to_list", "to_pylist"):  # NumPy, pandas; polars; pyarrow
        if hasattr(X, name):
            return list(getattr(X, name)())
    return None


def unpacked(X: Any) -> Any:
    """A column of arrays, lists or texts as a list of them; else X itself."""
    found = None if isinstance(X, (list, tuple)) else items(X)
    return found if found and any(hasattr(x, "__len__") for x in found) else X


def as_texts(X: Any) -> list[Any] | None:
    """X as a list, if it holds strings or lists of tokens (strings); None if it does not."""
    texts = items(X)
    first = texts[0] if texts else None
    if isinstance(first, (list, tuple, np.ndarray)) and len(first):
        first = first[0]
    return texts if isinstance(first, str) else None


def learn_symbols(texts: list[Any], unknown_token: str | None) -> tuple[str, ...]:
    """The symbols of texts, the most frequent first, and the one that unknown ones are read as."""
    symbols = tuple(str(symbol) for symbol in Vocabulary.fit(texts).tokens)
    return symbols if unknown_token in (None, *symbols) else (*symbols, str(unknown_token))


def n_codes(symbols: Sequence[str]) -> int:
    """What an embedding needs: there are also code 0, padding, and code 1, which is not used."""
    return len(symbols) + 2


def check_texts(name: str, texts: list[Any]) -> None:
    """Raise ValueError for what is no text, or has no symbol; `name` of the estimator."""
    for i, text in enumerate(texts):
        other = [] if isinstance(text, str) else [None]
        if isinstance(text, (list, tuple, np.ndarray)):
            other = [token for token in text if not isinstance(token, str)]
        if other:
            what = type(text).__name__ if other[0] is None else f"a list with {other[0]!r} in it"
            raise ValueError(
                f"X[{i}] is {what}; {name} takes strings, or lists of tokens that are strings."
            )
        if not len(text):
            raise ValueError(
                f"X[{i}] is an empty sequence; {name} needs at least one step. Leave it out, in y "
                "too."
            )


def encode_texts(estimator: Any, texts: list[Any], *, alone: bool = False) -> Sequences:
    """Texts as codes (n, T, 1) of the estimator's `symbols_`; `alone`: X is one text.

    Raises
    ------
    ValueError
        For an unknown symbol, if the estimator has no `unknown_token`.
    """
    vocabulary = Vocabulary(estimator.symbols_)
    codes, lengths = vocabulary.encode(texts)
    unknown = codes == 1
    if unknown.any():
        token = estimator.unknown_token
        if token not in estimator.symbols_:
            i, t = (int(index) for index in np.argwhere(unknown)[0])
            who = "X" if alone else f"X[{i}]"
            raise ValueError(
                f"{who} has {texts[i][t]!r} at step {t}, a symbol that {type(estimator).__name__} "
                "did not see in fit. Set unknown_token, the symbol that others are read as, and "
                "fit again."
            )
        codes[unknown] = vocabulary.encode([[token]])[0][0, 0]
    return Sequences(codes[:, :, np.newaxis], lengths.astype(np.int32))
