"""A recurrent network that learns which symbol of a text comes next."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from fastdl import losses
from fastdl._sklearn import _fit_context
from fastdl.estimators.base.heads import _check_incremental, is_stochastic
from fastdl.estimators.base.layered import keep
from fastdl.estimators.inputs.text import encode_texts, learn_symbols
from fastdl.estimators.recurrent.rnn import BaseRNN
from fastdl.fitting import job, windows
from fastdl.fitting.targets import Targets
from fastdl.losses import Loss
from fastdl.optim import Optimizer
from fastdl.samples import Data, Samples, Sequences, core_input, lengths_of
from fastdl.schedules import Schedule

_START = 0  # the code that comes before a text
_FIRST = 2  # the code of symbols_[0]


class TextGenerator(BaseRNN):
    """Recurrent language model: how likely each symbol is to follow a text, and new text.

    X is one string, a text of characters, or one list of tokens, which are strings. The text is cut
    into `batch_size` pieces that are read side by side, each as one long sequence: the state goes
    on from window to window of `truncate_bptt` symbols, the gradient is cut there (truncated
    back-propagation through time). Memory is that of a window, whatever the length of the text.

    An `Embedding` of the symbols, recurrent layers, and an output for each symbol, trained on the
    cross-entropy. Bengio et al., "A neural probabilistic language model", JMLR 2003; Karpathy,
    "The unreasonable effectiveness of recurrent neural networks", 2015.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int, default=(256,)
        Units of the recurrent layers.
    cell : {"lstm", "gru", "rnn", "irnn"}, default="lstm"
        As in `RNNClassifier`.
    dropout : float, default=0.0
        After each recurrent layer, the rate at which activations are dropped in training.
    recurrent_dropout : float, default=0.0
        Inside of them, the rate at which units of the state are hidden from the recurrent weights
        in training, the same ones at every step of a window.
    truncate_bptt : int, default=100
        Symbols of a window: each is an update of the weights. None: whole pieces.
    embedding_size : int, default=32
        Length of the vector that stands for a symbol.
    unknown_token : str, default=None
        The symbol that those which fit did not see are read as; it may, but need not, occur in X.
        None: unknown symbols are an error.
    batch_size : int or "auto", default="auto"
        Pieces of the text, read side by side; "auto" is 32.
    max_epochs : int, default=20
        Epochs at most.
    early_stopping : bool or "auto", default="auto"
        Whether training stops when the validation score does not improve, and ends with the best
        weights. "auto": with a validation text of your own. True without one holds out pieces of X.
        Otherwise the training loss is watched.
    solver, learning_rate, learning_rate_init, momentum, alpha, l1, weight_decay, max_norm, \
clip_value, clip_norm, validation_fraction, n_iter_no_change, tol, random_state, verbose, \
warm_start, n_jobs, device, dtype
        As in `RNNClassifier`.

    Attributes
    ----------
    symbols_ : tuple of str
        The symbols met in fit, the most frequent first, and `unknown_token`.
    input_shape_, n_iter_, best_iter_, loss_, loss_curve_, validation_loss_curve_, \
validation_scores_, history_, n_parameters_, device_, program_
        As in `RNNClassifier`. Losses are nats per symbol, scores minus that.

    Examples
    --------
    >>> from fastdl import TextGenerator
    >>> text = "the quick brown fox jumps over the lazy dog. " * 40
    >>> lm = TextGenerator((32,), truncate_bptt=15, learning_rate_init=0.03, random_state=0)
    >>> lm.fit(text).sample("the qu", 9, temperature=0)
    'ick brown'
    >>> -lm.score(text) < 0.1  # nats per symbol
    True
    """

    bidirectional: ClassVar[bool] = False  # type: ignore[misc]
    shuffle: ClassVar[bool] = False
    scoring: ClassVar[None] = None
    _takes_string: bool  # fitted with a string, not with tokens

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = (256,),
        *,
        cell: str = "lstm",
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        truncate_bptt: int | None = 100,
        embedding_size: int = 32,
        unknown_token: str | None = None,
        solver: str | Optimizer = "adam",
        learning_rate: str | Schedule = "constant",
        learning_rate_init: float = 2e-3,
        momentum: float = 0.9,
        batch_size: int | str = "auto",
        max_epochs: int = 20,
        alpha: float = 0.0,
        l1: float = 0.0,
        weight_decay: float | None = None,
        max_norm: float | None = None,
        clip_value: float | None = None,
        clip_norm: float | None = 1.0,
        early_stopping: bool | str = "auto",
        validation_fraction: float = 0.1,
        n_iter_no_change: float = 10,
        tol: float = 1e-4,
        random_state: int | np.random.RandomState | None = None,
        verbose: bool | int = False,
        warm_start: bool = False,
        n_jobs: int | None = None,
        device: str = "cpu",
        dtype: DTypeLike = "float32",
    ) -> None:
        keep(self, locals())

    def __sklearn_tags__(self) -> Any:
        """X is text."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = tags.input_tags.three_d_array = False
        tags.requires_fit, tags.target_tags.required = True, False
        return tags

    @property
    def _each_step(self) -> bool:
        return True

    # --- text in, text out

    @job.unchanged_on_error
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None, *, X_val: Any = None) -> Self:
        """Learn which symbol comes next.

        Parameters
        ----------
        X : str or list of str
            One text, of characters or of tokens.
        y : None
            Ignored.
        X_val : as X, default=None
            A text to validate with: its loss and score are recorded after every epoch, and early
            stopping uses it instead of held-out pieces of X.

        Returns
        -------
        self
        """
        job.fit(self, X, None, None, (X_val, X_val, None))
        return self

    @available_if(is_stochastic)
    @job.unchanged_on_error
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Go on for one epoch over a text; the first call learns the symbols.

        Parameters
        ----------
        X : str or list of str
        y : None
            Ignored.

        Returns
        -------
        self
        """
        _check_incremental(self)
        job.fit(self, X, None, incremental=True)
        return self

    def score(self, X: Any, y: Any = None) -> float:
        """The mean log-likelihood of the symbols of a text: minus the nats per symbol.

        The larger the better, at most 0. Its negative is the cross-entropy in nats; divided by
        ln 2, bits per symbol; its exponential, the perplexity. The text is read as one sequence,
        from a state of zeros, and its first symbol counts, too.

        Parameters
        ----------
        X : str or list of str
        y : None
            Ignored.

        Returns
        -------
        float
        """
        check_is_fitted(self)
        text, targets = self._pieces(self._codes(X, reset=False), 1)
        program, text = self.program_, self._with_room(text)
        samples = Samples(core_input(text), targets.values, None, lengths_of(text))
        return -windows.mean_loss(program, Data(samples, None, targets).ready_for(program).samples)

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Probabilities of each symbol of a text, and of the one that comes next.

        Parameters
        ----------
        X : str or list of n str
            "" and [] are texts that have not begun.

        Returns
        -------
        ndarray of shape (n + 1, n_symbols)
            Row t: of the symbol at t, given those before it; in the order of `symbols_`.
        """
        return self._outputs(X)

    def transform(self, X: Any, layer: int | str | None = None) -> NDArray[Any]:
        """The last hidden state after each symbol of a text, or the outputs of a layer.

        Parameters
        ----------
        X : str or list of n str
        layer : int or str, default=None
            Which layer, by number or name as in `summary`; None is the last hidden one.

        Returns
        -------
        ndarray of shape (n, units)
        """
        return super().transform(X, layer)[1:]

    def sample(
        self,
        prompt: Any = "",
        n: int = 100,
        *,
        temperature: float = 1.0,
        random_state: int | np.random.RandomState | None = None,
    ) -> Any:
        """Draw the n symbols that follow a prompt, one after the other.

        Parameters
        ----------
        prompt : str or list of str, default=""
            How the text begins; "" is the beginning of a text.
        n : int, default=100
        temperature : float, default=1.0
            What logits are divided by: below 1 the draws keep to likely symbols, 0 takes the
            likeliest always.
        random_state : int, RandomState or None, default=None

        Returns
        -------
        str or list of str
            Without the prompt: a string if fit had one, otherwise a list of tokens.

        Raises
        ------
        ValueError
            For an unknown symbol in the prompt, and a number below 0.
        """
        check_is_fitted(self)
        if not temperature >= 0:
            raise ValueError(f"temperature={temperature!r}; expected a number of 0 or more.")
        if not (isinstance(n, Integral) and n >= 0):
            raise ValueError(f"n={n!r}; expected an integer of 0 or more.")
        random, symbols = check_random_state(random_state), []
        codes = np.append(np.int32(_START), self._codes(prompt, reset=False, may_be_empty=True))
        with windows.going_on(self.program_) as outputs:
            for _ in range(n):
                logits = outputs(codes.astype(np.int32)[:, np.newaxis])[-1]
                symbols.append(_draw(logits, temperature, random))
                codes = np.array([symbols[-1] + _FIRST])
        found = [self.symbols_[symbol] for symbol in symbols]
        return "".join(found) if self._takes_string else found

    # --- what BaseNet asks

    def _check_X(self, X: Any) -> Sequences:
        codes = np.append(np.int32(_START), self._codes(X, reset=False, may_be_empty=True))
        return self._with_room(
            Sequences(codes[np.newaxis, :, np.newaxis], np.array([len(codes)], np.int32))
        )

    def _check_X_y(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        self._check_truncation()
        n = 32 if self.batch_size == "auto" else int(self.batch_size)
        text, targets = self._pieces(self._codes(X, reset=reset), n)
        if reset:
            self.input_shape_ = text.shape[1:]
            return text, targets
        return self._with_room(text), targets

    def _codes(self, X: Any, *, reset: bool, may_be_empty: bool = False) -> NDArray[np.int32]:
        """The codes of a text, shape (n,)."""
        name = type(self).__name__
        if not isinstance(X, str):
            X = X.tolist() if isinstance(X, np.ndarray) else X
            if not isinstance(X, (list, tuple)) or not all(isinstance(token, str) for token in X):
                raise ValueError(
                    f"X is {type(X).__name__}; {name} takes one text, a string or a list of tokens "
                    "that are strings."
                )
        if not len(X):
            if may_be_empty:
                return np.empty(0, np.int32)
            raise ValueError(f"X is an empty text; {name} needs at least one symbol.")
        if reset:
            self.symbols_ = learn_symbols([X], self.unknown_token)
            self._takes_string = isinstance(X, str)
        if isinstance(X, str) != self._takes_string:
            forms = ("a list of tokens", "a string")
            raise ValueError(
                f"X is {forms[isinstance(X, str)]}, but {name} was fitted with "
                f"{forms[self._takes_string]}. Pass text of that form."
            )
        return encode_texts(self, [X], alone=True).values[0, :, 0]

    def _pieces(self, codes: NDArray[np.int32], n: int) -> tuple[Sequences, Sequences]:
        """What is read, and what comes next: at most n pieces of a text, the last one shorter."""
        steps = math.ceil(len(codes) / n)
        n = math.ceil(len(codes) / steps)
        lengths = np.full(n, steps, np.int32)
        lengths[-1] = len(codes) - (n - 1) * steps
        read = np.zeros((2, n * steps), np.int32)
        read[0, 0], read[0, 1 : len(codes)] = _START, codes[:-1]
        read[1, : len(codes)] = codes - _FIRST
        text, targets = read.reshape(2, n, steps)
        return Sequences(text[:, :, np.newaxis], lengths), Sequences(targets, lengths)

    def _targets_of(self, y: Sequences, *, incremental: bool) -> Targets:
        return Targets("next", len(self.symbols_))

    def _loss(self) -> Loss:
        return losses.SoftmaxCrossEntropy()

    def _error_of_loss(self) -> float:
        """Nats per symbol are the loss."""
        return 1.0

    def _in_form_of(self, X: Any, lengths: Any, answers: NDArray[Any]) -> NDArray[Any]:
        return answers


def _draw(logits: NDArray[Any], temperature: float, random: np.random.RandomState) -> int:
    """One of the symbols, with the probabilities of the logits over the temperature."""
    if temperature == 0:
        return int(logits.argmax())
    z = (logits - logits.max()).astype(np.float64) / temperature
    total = np.exp(z).cumsum()
    return int(np.searchsorted(total, random.random_sample() * total[-1], side="right"))
