"""The words of estimators that read text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastdl._saved import TEXT_OR_INTEGER, listed
from fastdl._sklearn import StrOptions
from fastdl.estimators.inputs.symbols import UNKNOWN, Reading
from fastdl.estimators.parameters.training_words import COUNT
from fastdl.estimators.parameters.words import Meaning, word

SYMBOLS = (  # what they leave, as `fitted` takes it
    "tuple of str or int",
    "Of texts and integers: the symbols that fit kept, the most frequent first, and `unknown`.",
)
SYMBOLS_FORM = listed(TEXT_OR_INTEGER, "texts or integers")._replace(plain=tuple)
INTEGERS = Meaning(
    rule=[StrOptions({"auto", "symbols", "values"})],
    kind='{"auto", "symbols", "values"}',
    text='What sequences of integers are: "symbols", such as the codes of words, each with a '
    'vector of its own (an embedding), or "values", one number a step. "auto": in lists of lists '
    "symbols, in arrays (n, steps) values, with a warning.",
)


@dataclass(eq=False, repr=False, kw_only=True)
class TextWords:
    """How strings become symbols, and which symbols are known."""

    analyzer: str | Callable[[str], list[str]] = word(
        default="char",
        rule=[StrOptions({"char", "word"}), callable],
        kind='{"char", "word"} or callable',
        text="What the symbols of a string are: its characters; its words, split at white space; "
        "or what a function from a string to a list of strings finds, such as "
        '``re.compile(r"\\w+|[^\\w\\s]").findall`` for words and punctuation marks. A model file '
        "cannot hold a function (pickle can). Lists of tokens are split already.",
    )
    lowercase: bool = word(
        default=False,
        rule=["boolean"],
        kind="bool",
        text="Whether symbols are made lower case, those of lists of tokens too.",
    )
    max_tokens: int | None = word(
        default=None,
        rule=[COUNT, None],
        kind="int or None",
        text="Of the symbols in fit, only so many are kept, the most frequent; the others are read "
        "as `unknown`. None: all.",
    )
    unknown: str = word(
        default=UNKNOWN,
        rule=[str],
        kind="str",
        text="The one symbol that all those are read as which fit did not see, or did not keep; "
        'it may, but need not, occur in X. "error": such symbols are an error.',
    )

    @property
    def _reading(self) -> Reading:
        return Reading(self.analyzer, self.lowercase, self.max_tokens, self.unknown)
