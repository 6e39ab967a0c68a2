"""A recurrent network that learns which symbol of a text comes next."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if

from fastdl import layers as L
from fastdl import losses
from fastdl._rules import FLAG
from fastdl._saved import NATURAL, Saved
from fastdl.estimators.base.available import is_stochastic
from fastdl.estimators.base.net import Net
from fastdl.estimators.heads.itself import Itself
from fastdl.estimators.inputs.one_text import (
    END,
    FIRST,
    TextInput,
    of_similar_length,
    piece_length,
    pieces,
)
from fastdl.estimators.parameters.words import fitted, reword
from fastdl.estimators.recurrent.words import RecurrentWords
from fastdl.fitting.defaults import Defaults, or_auto
from fastdl.fitting.job import Checked, Given, Job
from fastdl.fitting.targets import Targets
from fastdl.fitting.trainable import windows
from fastdl.fitting.training.learning import data_of
from fastdl.layers import Layer
from fastdl.losses import Loss
from fastdl.optim import Optimizer
from fastdl.samples import Sequences, inside


class TextGenerator(RecurrentWords, Net):
    """Recurrent language model: how likely each symbol is to follow a text, and new text.

    X is one text, a string; or a list of documents, strings or lists of tokens. What the symbols of
    a string are, its characters or words, `analyzer` says. A text is cut into `batch_size` pieces
    that are read side by side, each as one long sequence: the state goes on from window to window
    of `truncate_bptt` symbols, the gradient is cut there (truncated back-propagation through time).
    Memory is that of a window, whatever the length of the text.

    Of documents, each is read by itself, from a state of zeros; long ones are cut into pieces, as a
    text is. After each comes a symbol for its end, "<end>", which is learnt as the others are, and
    ends what `sample` draws. A list of strings is a list of documents: one text of tokens is a list
    with one list in it.

    An `Embedding` of the symbols, recurrent layers, and an output for each symbol, trained on the
    cross-entropy. Bengio et al., "A neural probabilistic language model", JMLR 2003; Karpathy,
    "The unreasonable effectiveness of recurrent neural networks", 2015.

    Losses are nats per symbol, scores minus that.

    Examples
    --------
    >>> from fastdl import TextGenerator
    >>> text = "the quick brown fox jumps over the lazy dog. " * 40
    >>> lm = TextGenerator((32,), truncate_bptt=15, learning_rate_init=0.03, random_state=0)
    >>> lm.fit(text).sample("the qu", 9, temperature=0)
    'ick brown'
    >>> -lm.score(text) < 0.1  # nats per symbol
    True
    >>> names = ["anna", "hanna", "johanna"] * 20
    >>> lm = TextGenerator((16,), learning_rate_init=0.03, random_state=0).fit(names)
    >>> lm.sample("joh", temperature=0)  # to its end
    'anna'
    """

    hidden_layer_sizes: Sequence[int] = reword(
        RecurrentWords, "hidden_layer_sizes", default=(256,), kw_only=False
    )
    truncate_bptt: int | None = reword(
        RecurrentWords,
        "truncate_bptt",
        default=100,
        text="Symbols of a window: each is an update of the weights. None: whole pieces.",
    )
    learning_rate_init: float | str = reword(RecurrentWords, "learning_rate_init", default=5e-3)
    batch_size: int | str = reword(
        RecurrentWords,
        "batch_size",
        default="auto",
        text='Pieces of the text, read side by side; "auto" is as many as give ten windows each, '
        "but 16 at most.",
    )
    max_epochs: int | str = reword(
        RecurrentWords,
        "max_epochs",
        default="auto",
        text='How often the text is read at most; "auto" is 20, or as many as give 200 steps.',
    )
    _takes_string: bool = fitted(saved=Saved(FLAG, "takes_string"))
    _n_windows: int = fitted(saved=Saved(NATURAL, "n_windows"), default=320)  # of the first text

    shuffle: ClassVar[bool] = True  # type: ignore[misc]
    scoring: ClassVar[None] = None  # type: ignore[misc]

    @property
    def _auto(self) -> Defaults:
        return _OfText.of(self._n_windows)

    @property
    def _inputs(self) -> TextInput:
        return TextInput(self._reading)

    @property
    def _head(self) -> Itself:
        return _NextSymbol()

    def __sklearn_tags__(self) -> Any:
        """X is text; there is no y."""
        tags = super().__sklearn_tags__()
        tags.requires_fit = True
        return tags

    # --- text in, text out

    def fit(  # type: ignore[override]
        self, X: Any, y: Any = None, *, X_val: Any = None
    ) -> Self:
        """Learn which symbol comes next.

        Parameters
        ----------
        X : str, or list of str or of lists of str
            One text, or documents.
        y : None
            Ignored.
        X_val : as X, default=None
            A text to validate with: its loss and score are recorded after every epoch, and early
            stopping uses it instead of held-out pieces of X.

        Returns
        -------
        self
        """
        return self._fit(Given(X, X_val=X_val, y_val=X_val))

    @available_if(is_stochastic)
    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Go on for one epoch over a text or documents; the first call learns the symbols.

        Parameters
        ----------
        X : as in `fit`
        y : None
            Ignored.

        Returns
        -------
        self
        """
        return super().partial_fit(X)

    def score(self, X: Any, y: Any = None) -> float:
        """The mean log-likelihood of the symbols of a text: minus the nats per symbol.

        The larger the better, at most 0. Its negative is the cross-entropy in nats; divided by
        ln 2, bits per symbol; its exponential, the perplexity. A text, or each document, is read
        as one sequence, from a state of zeros; its first symbol counts, too, and, if documents were
        fitted, its end.

        Parameters
        ----------
        X : as in `fit`
        y : None
            Ignored.

        Returns
        -------
        float
        """
        self._check_is_fitted()
        documents = self._inputs.documents(self, X, reset=False)
        loss = 0.0
        for group in of_similar_length(documents):
            text, targets = pieces(group, max(map(len, group)))
            data = data_of(self, Checked(text, targets, None, None))
            mean = windows.mean_loss(self.program_, data.ready_for(self.program_).samples)
            loss += mean * sum(map(len, group))
        return -loss / sum(map(len, documents))

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
        """Draw symbols that follow a prompt, one after the other, but not the unknown one.

        Parameters
        ----------
        prompt : str or list of str, default=""
            How the text begins; "" is the beginning of a text.
        n : int, default=100
            How many; fewer where a document ends.
        temperature : float, default=1.0
            What logits are divided by: below 1 the draws keep to likely symbols, 0 takes the
            likeliest always.
        random_state : int, RandomState or None, default=None

        Returns
        -------
        str or list of str
            Without the prompt: a string if fit had strings, its words parted by spaces, otherwise
            a list of tokens.

        Raises
        ------
        ValueError
            For an unknown symbol in the prompt, and a number below 0.
        """
        self._check_is_fitted()
        if not temperature >= 0:
            raise ValueError(f"temperature={temperature!r}; expected a number of 0 or more.")
        if not (isinstance(n, Integral) and n >= 0):
            raise ValueError(f"n={n!r}; expected an integer of 0 or more.")
        random, found = check_random_state(random_state), []
        codes = self._inputs.begun(self, prompt)
        never = [i for i, symbol in enumerate(self.symbols_) if symbol == self.unknown]
        with windows.going_on(self.program_) as outputs:
            while len(found) < n:
                logits = outputs(codes.astype(np.int32)[:, np.newaxis])[-1]
                logits[never] = -np.inf
                symbol = _draw(logits, temperature, random)
                if self.symbols_[symbol] == END:
                    break
                found.append(self.symbols_[symbol])
                codes = np.array([symbol + FIRST])
        if not self._takes_string:
            return found
        return ("" if self.analyzer == "char" else " ").join(found)

    # --- the network

    def _check(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        documents = self._inputs.documents(self, X, reset=reset)
        if reset:
            window = self.truncate_bptt or max(map(len, documents))
            self._n_windows = sum(math.ceil(len(of_one) / window) for of_one in documents)
        n = int(or_auto(self.batch_size, self._auto.batch_size))
        if self._stops_early(own_validation=False):
            n = max(n, math.ceil(2 / self.validation_fraction))  # some are held out
        steps = piece_length(documents, n, least=self.truncate_bptt or 1)
        text, targets = pieces(documents, steps)
        if reset:
            self.input_shape_ = text.shape[1:]
        return text, targets

    def _layers(self, input_shape: tuple[int, ...], n_outputs: int) -> list[Layer]:
        hidden = self._recurrent_layers(bidirectional=False, each_step=True)
        return [*hidden, L.Dense(n_outputs, name="output")]

    def _start(self, job: Job) -> None:
        """From the vectors of `embedding`."""
        super()._start(job)
        self._start_embedding(self._network)

    def _predict(self, X: Sequences, layer: int | None) -> NDArray[Any]:
        """As for any network, of every step."""
        outputs = super()._predict(X, layer)
        return outputs[inside(X.lengths, outputs.shape[1])]

    @property
    def _n_features_out(self) -> int:
        return self._network.shape_after(self._layer_index(None))[-1]

    def _error_of_loss(self) -> float:
        """Nats per symbol are the loss."""
        return 1.0


@dataclass(frozen=True)
class _OfText(Defaults):
    """The rules of text, where each window of a batch is a step."""

    n_windows: int = 1

    @classmethod
    def of(cls, n_windows: int) -> _OfText:
        """For a text of so many windows: enough for ten steps in an epoch."""
        return cls(
            updates=200,
            batch_size=min(max(n_windows // 10, 1), 16),
            shrinkages=(),
            shrinkage=0.0,
            n_windows=n_windows,
        )

    def epochs(self, n_samples: int, batch_size: int, optimizer: Optimizer | None = None) -> int:
        """See `Defaults.epochs`; `n_samples` are pieces."""
        return super().epochs(self.n_windows, batch_size, optimizer)


@dataclass(frozen=True)
class _NextSymbol(Itself):
    """The symbol that comes next, for every step."""

    instead: ClassVar[str] = (
        "learns X itself. See its predict_proba, the probabilities of what comes next, and its "
        "sample"
    )

    def targets(self, estimator: Any, y: Any, *, anew: bool, incremental: bool) -> Targets:
        """See `Head.targets`."""
        return Targets("next", len(estimator.symbols_))

    def loss(self, estimator: Any, targets: Targets) -> Loss:
        """See `Head.loss`."""
        return losses.SoftmaxCrossEntropy()


def _draw(logits: NDArray[Any], temperature: float, random: np.random.RandomState) -> int:
    """One of the symbols, with the probabilities of the logits over the temperature."""
    if temperature == 0:
        return int(logits.argmax())
    z = (logits - logits.max()).astype(np.float64) / temperature
    total = np.exp(z).cumsum()
    return int(np.searchsorted(total, random.random_sample() * total[-1], side="right"))
