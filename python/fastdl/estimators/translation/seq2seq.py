"""An encoder-decoder with attention: one sequence in, another of its own length out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.metaestimators import available_if

from fastdl import layers as L
from fastdl._rules import POSITIVE_INTEGER, unknown
from fastdl._sklearn import validate_parameter_constraints
from fastdl.estimators.base.available import is_stochastic
from fastdl.estimators.base.net import Net
from fastdl.estimators.inputs.forms import cut
from fastdl.estimators.inputs.text import items
from fastdl.estimators.translation.answers import Writing, search
from fastdl.estimators.translation.pairs import (
    ARRAYS,
    AnswerHead,
    SourceInput,
    Symbols,
)
from fastdl.estimators.translation.words import ATTENTIONS, TranslationWords
from fastdl.fitting.job import Given
from fastdl.fitting.progress import Settings
from fastdl.layers import Layer
from fastdl.metrics import exact_match_score
from fastdl.optim import Optimizer
from fastdl.samples import Data, Pairs, Sequences, as_given, core_input, with_answer_steps

if TYPE_CHECKING:
    from fastdl._core import Program

_OF_SEARCH = ("beam_size", "length_penalty", "max_length")


class Translation(NamedTuple):
    """An answer to a source.

    Attributes
    ----------
    y : str or list of str
    log_likelihood : float
        In nats, the end included.
    attention : ndarray of shape (len(y), len(x)) or None
        Where the decoder looked for each symbol; rows add up to one. None without attention.
    """

    y: Any
    log_likelihood: float
    attention: NDArray[Any] | None


class Seq2Seq(TranslationWords, Net):
    """Encoder-decoder with attention: learns to answer a sequence with another.

    X is a list of strings, of lists of tokens, or of arrays (T_i, F) of numbers, or one array (n,
    T, F) with `lengths`. y is a list of strings or of lists of tokens. Strings are read by
    characters; with ``level="word"`` at white space. Answers have the form of y.

    The encoder is an embedding of the symbols (or the numbers themselves) and recurrent layers. The
    decoder is an embedding of the symbol before, recurrent layers, whose first states are tanh of a
    dense layer of the encoder's last state, and an output for each symbol and for the end. With h_j
    the states of the encoder and s_t those of the decoder, it attends to

    - "additive": scores w tanh(s_{t-1} W + h_j U + b); the mean c_t of the h_j by the softmax of
      the scores goes into the cell, beside the symbol, and into the output, beside s_t. Bahdanau,
      Cho and Bengio, "Neural machine translation by jointly learning to align and translate", ICLR
      2015, without their maxout.
    - "dot": scores s_t h_j; "general": s_t (h_j W). The output sees tanh([s_t, c_t] W). Luong, Pham
      and Manning, "Effective approaches to attention-based neural machine translation", EMNLP 2015,
      global attention without input feeding.
    - None: nothing; the first state is all it has. Sutskever, Vinyals and Le, "Sequence to sequence
      learning with neural networks", NIPS 2014, who read sources from the end (`reverse_source`).

    Weights on padding are exactly 0. Training feeds each step with the symbol of y before it
    (teacher forcing), and minimises the mean cross-entropy of all symbols, ends included. Batches
    are of pairs of like length.

    Examples
    --------
    >>> from fastdl import Seq2Seq
    >>> X = ["abc", "cab", "bca", "ab", "ca", "bc"] * 20
    >>> y = [x[::-1] for x in X]
    >>> t = Seq2Seq((32,), learning_rate_init=0.01, random_state=0).fit(X, y)
    >>> t.predict(["cab"])
    array(['bac'], dtype='<U3')
    >>> t.translate("cab")[0].attention.shape
    (3, 3)
    """

    # Where metadata is routed, lengths go wherever X goes.
    __metadata_request__fit: ClassVar[dict[str, Any]] = {"lengths": True}
    __metadata_request__partial_fit: ClassVar[dict[str, Any]] = {"lengths": True}
    __metadata_request__predict: ClassVar[dict[str, Any]] = {"lengths": True}
    __metadata_request__score: ClassVar[dict[str, Any]] = {"lengths": True}
    __metadata_request__transform: ClassVar[dict[str, Any]] = {"lengths": True}

    # --- fit

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        lengths: Any = None,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        lengths_val: Any = None,
    ) -> Self:
        """Learn from pairs.

        Parameters
        ----------
        X : list of n str, of n lists of str, or of n arrays (T_i, F); or array of shape (n, T, F)
            Sources.
        y : list of n str, or of n lists of str
            Answers; empty ones too.
        sample_weight : array-like of shape (n,), default=None
            Of the pairs; the loss of a batch is the weighted mean over its symbols.
        lengths : array-like of int of shape (n,), default=None
            How many steps of each sequence in padded X are real; the others are never read.
        X_val, y_val : as X and y, default=None
            A validation set of your own: its loss, and its score, the share of answers that are
            exactly right, are recorded after every epoch, and early stopping uses the score. It is
            that of `score`, but for `replace_unknown`: there an `unknown_token` that the network
            writes stays, and is wrong where y has another symbol.
        sample_weight_val, lengths_val : as sample_weight and lengths, default=None

        Returns
        -------
        self
        """
        return self._fit(
            Given(
                cut(X, lengths), y, sample_weight,
                cut(X_val, lengths_val), y_val, sample_weight_val,
            )
        )  # fmt: skip

    @available_if(is_stochastic)
    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, lengths: Any = None
    ) -> Self:
        """Go on for one epoch over the given pairs; the first call learns the symbols.

        Parameters
        ----------
        X, y, sample_weight, lengths : as in `fit`

        Returns
        -------
        self
        """
        return super().partial_fit(cut(X, lengths), y, sample_weight)

    @property
    def _inputs(self) -> SourceInput:
        return SourceInput(self._symbols("X"), bool(self.reverse_source))

    @property
    def _head(self) -> AnswerHead:
        return AnswerHead(self._symbols("y"))

    def _symbols(self, side: str) -> Symbols:
        return Symbols(side, self.level, self.unknown_token)

    def _check(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        name = type(self).__name__
        if self.attention is not None and self.attention not in ATTENTIONS:
            raise ValueError(unknown("attention", self.attention, ATTENTIONS))
        if not self.hidden_layer_sizes:
            raise ValueError(
                f"{name}: hidden_layer_sizes={self.hidden_layer_sizes!r}; expected at least one "
                "recurrent layer."
            )
        last = self.hidden_layer_sizes[-1]
        is_odd = POSITIVE_INTEGER.accepts(last) and last % 2
        if self.attention == "dot" and self.bidirectional and is_odd:
            raise ValueError(
                f"{name}: attention='dot' with bidirectional=True needs an even number of units in "
                f"the last layer, not {last}. Use 'general', or one more."
            )
        if self.replace_unknown and (self.unknown_token is None or self.attention is None):
            raise ValueError(
                f"{name}: replace_unknown=True puts what the decoder looked at in the place of "
                "unknown_token: it needs an unknown_token and attention."
            )
        return super()._check(X, y, reset=reset)

    def _layers(self, input_shape: tuple[int, ...], n_outputs: int) -> list[Layer]:
        return [*self._encoder(), self._decoder(n_outputs)]

    def _settings(self, optimizer: Optimizer, n_samples: int, *, own_validation: bool) -> Settings:
        settings = super()._settings(optimizer, n_samples, own_validation=own_validation)
        return replace(settings, similar_lengths=bool(self.shuffle))

    def _show_weights(self, program: Any) -> None:
        """And how long an answer may be."""
        self.max_length_ = self._room_for_answers()

    def _room_for_answers(self) -> int:
        return int(self.max_length or int(1.5 * self._longest) + 5)

    # --- answers

    def predict(self, X: Any, lengths: Any = None) -> NDArray[Any]:
        """The likeliest answers that are found.

        Parameters
        ----------
        X : as in `fit`
        lengths : array-like of int of shape (n,), default=None

        Returns
        -------
        ndarray of shape (n,)
            Of strings, or of objects: lists of tokens.
        """
        given, X = X, self._sources(X, lengths)
        codes = self._found(X, self.beam_size, 1)[0][:, 0]
        return self._writing.as_array(self._texts(X, codes, given))

    def translate(self, x: Any, n_best: int | None = None) -> list[Translation]:
        """The best answers to one source, with what is known of them.

        Parameters
        ----------
        x : str, list of str, or array of shape (T, F)
        n_best : int, default=None
            How many; the search is as wide, if `beam_size` is less. None: `beam_size`.

        Returns
        -------
        list of Translation
            The best first; by log-likelihood, or as `length_penalty` says. Fewer where there are
            not so many.
        """
        if n_best is not None and not POSITIVE_INTEGER.accepts(n_best):
            raise ValueError(POSITIVE_INTEGER.complaint("n_best", n_best))
        X = self._sources([x], None)
        n = self.beam_size if n_best is None else n_best
        codes, totals = (found[0] for found in self._found(X, max(n, self.beam_size), n))
        codes, totals = codes[np.isfinite(totals)], totals[np.isfinite(totals)]
        weights: Sequence[Any] = [None] * len(codes)
        copies = X[np.zeros(len(codes), np.int64)]
        if self._attends and len(codes):
            weights = self._attention(copies, codes)
        answers = self._texts(copies, codes, [x] * len(codes))
        return [
            Translation(*of_one) for of_one in zip(answers, totals.tolist(), weights, strict=True)
        ]

    def log_likelihood(self, X: Any, y: Any, lengths: Any = None) -> NDArray[np.float64]:
        """How likely answers are, in nats: the sum over their symbols and the end.

        Parameters
        ----------
        X, y, lengths : as in `fit`

        Returns
        -------
        ndarray of shape (n,)
        """
        X, pairs = self._pairs(X, y, lengths)
        X, codes = self._with_all_room(X, pairs.codes)
        return self.program_.log_likelihoods(core_input(X), codes, lengths=X.lengths)

    def attention_weights(self, X: Any, y: Any = None, lengths: Any = None) -> list[NDArray[Any]]:
        """Where the decoder looks for each symbol of an answer.

        Parameters
        ----------
        X : as in `fit`
        y : as in `fit`, default=None
            Answers to look at; None: those of `predict`.
        lengths : array-like of int of shape (n,), default=None

        Returns
        -------
        list of n ndarrays of shape (len(y_i), len(x_i))
            Rows add up to one.
        """
        self._check_is_fitted()
        if not self._attends:
            raise ValueError(
                f"attention_weights: this {type(self).__name__} has attention=None. Fit one with "
                "attention='additive'."
            )
        if y is None:
            X = self._sources(X, lengths)
            return self._attention(X, self._found(X, self.beam_size, 1)[0][:, 0])
        X, pairs = self._pairs(X, y, lengths)
        end = len(self.target_symbols_)
        return self._attention(X, np.where(pairs.codes == end, -1, pairs.codes))

    def score(self, X: Any, y: Any, sample_weight: Any = None, lengths: Any = None) -> float:
        """The share of answers that are exactly right.

        Parameters
        ----------
        X, y, sample_weight, lengths : as in `fit`

        Returns
        -------
        float
        """
        self._check_is_fitted()
        texts = self._head.texts(self, y)
        return self._exact(texts, list(self.predict(X, lengths)), sample_weight)

    def transform(self, X: Any, lengths: Any = None) -> NDArray[Any]:
        """What the encoder makes of each source: its last state, of both directions.

        Parameters
        ----------
        X : as in `fit`
        lengths : array-like of int of shape (n,), default=None

        Returns
        -------
        ndarray of shape (n, units)
        """
        X = self._sources(X, lengths)
        states = self._predict(X, len(self._network.layers) - 2)
        half = states.shape[2] // 2 if self.bidirectional else states.shape[2]
        last = states[np.arange(len(states)), X.lengths - 1]
        return np.concatenate([last[:, :half], states[:, 0, half:]], axis=1)

    def fit_transform(
        self, X: Any, y: Any = None, sample_weight: Any = None, *, lengths: Any = None
    ) -> NDArray[Any]:
        """`fit`, then `transform`."""
        return self.fit(X, y, sample_weight, lengths=lengths).transform(X, lengths)

    @property
    def _n_features_out(self) -> int:
        return self._network.shape_after(-2)[-1]

    # --- on the way

    def _sources(self, X: Any, lengths: Any) -> Sequences:
        self._check_is_fitted()
        words = {name: getattr(self, name) for name in _OF_SEARCH}  # may have been set since fit
        validate_parameter_constraints(self._parameter_constraints, words, type(self).__name__)
        return self._inputs.check(self, cut(X, lengths), reset=False)

    def _pairs(self, X: Any, y: Any, lengths: Any) -> tuple[Sequences, Pairs]:
        self._check_is_fitted()
        return self._check(cut(X, lengths), y, reset=False)

    def _with_all_room(
        self, X: Sequences, codes: NDArray[np.int32]
    ) -> tuple[Sequences, NDArray[np.int32]]:
        """Sources and answers with as many steps as the network has, which grows to them."""
        X = self._with_room(X)
        return X, with_answer_steps(codes, self._network.lengthen_answers(codes.shape[1]))

    def _found(
        self, X: Sequences, beam_size: int, n_best: int
    ) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Codes (n, n_best, max_length_), -1 past the ends, and log-likelihoods (n, n_best)."""
        X = self._with_room(X)
        return self._search(self.program_, X.values, X.lengths, beam_size, n_best)

    def _search(
        self,
        program: Program,
        values: NDArray[Any],
        lengths: NDArray[np.int32],
        beam_size: int,
        n_best: int,
    ) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        return search(
            type(self).__name__,
            program,
            values,
            lengths,
            beam_size=int(beam_size),
            length_penalty=float(self.length_penalty),
            max_length=self._room_for_answers(),
            n_best=int(n_best),
        )

    def _share_of_right(self, program: Program, val: Data) -> float:
        """The score of a validation set, by the program that learns; unknown symbols stay."""
        assert val.samples.lengths is not None
        codes, _ = self._search(program, val.samples.X, val.samples.lengths, self.beam_size, 1)
        answers = self._writing.joined(self._writing.symbols_of(codes[:, 0]))
        return self._exact(list(as_given(val.y)), answers, val.samples.weight)

    def _exact(self, y: list[Any], answers: list[Any], weight: Any) -> float:
        """The share of answers that have the symbols of y, as the user gave both."""
        name, symbols = type(self).__name__, self._symbols("y")
        read, found = (symbols.read(name, texts, self._target_form) for texts in (y, answers))
        return exact_match_score(read, found, sample_weight=weight)

    def _attention(self, X: Sequences, codes: NDArray[np.int32]) -> list[NDArray[Any]]:
        """Of answers without an end (n, T), -1 past them: for each (len(y_i), len(x_i))."""
        n_steps = (codes >= 0).sum(axis=1)
        whole = with_answer_steps(codes, int(n_steps.max()) + 1)
        whole[np.arange(len(whole)), n_steps] = len(self.target_symbols_)
        X, whole = self._with_all_room(X, whole)
        weights = self.program_.attention(core_input(X), whole, lengths=X.lengths)
        found = [w[:n, :m] for w, n, m in zip(weights, n_steps, X.lengths, strict=True)]
        return [w[:, ::-1].copy() if self.reverse_source else w.copy() for w in found]

    def _texts(self, X: Sequences, codes: NDArray[np.int32], given: Any) -> list[Any]:
        """Answers (n, T), -1 past their ends, in the form of y; `given`: X as the user has it."""
        found = self._writing.symbols_of(codes)
        if self.replace_unknown and self._attends and self._source_form != ARRAYS:
            self._replace_unknown(X, codes, items(given) or [], found)
        return self._writing.joined(found)

    @property
    def _writing(self) -> Writing:
        return Writing(tuple(self.target_symbols_), self._target_form)

    def _replace_unknown(
        self, X: Sequences, codes: NDArray[np.int32], given: list[Any], found: list[list[str]]
    ) -> None:
        """Put what was looked at most, as the user wrote it, in the place of unknown symbols."""
        rows = [i for i, symbols in enumerate(found) if self.unknown_token in symbols]
        if not rows:
            return
        texts = [given[i] for i in rows]
        sources = self._symbols("X").read(type(self).__name__, texts, self._source_form)
        all_weights = self._attention(X[np.array(rows)], codes[rows])
        for i, source, weights in zip(rows, sources, all_weights, strict=True):
            for t, symbol in enumerate(found[i]):
                if symbol == self.unknown_token:
                    found[i][t] = source[int(weights[t].argmax())]

    def _symbols_of(self, x: Any, side: str) -> list[Any]:
        """The symbols of one source or answer; the numbers of the steps of an array."""
        form = self._source_form if side == "X" else self._target_form
        if form == ARRAYS:
            return list(range(len(x)))
        return list(self._symbols(side).read(type(self).__name__, [x], form)[0])

    @property
    def _attends(self) -> bool:
        attention = L.find(self._network.layers, "attention")
        return getattr(attention, "score", "none") != "none"
