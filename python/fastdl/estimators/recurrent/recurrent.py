"""Recurrent networks: recurrent layers over sequences of any length, then an output layer."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_regressor
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils.metaestimators import available_if

from fastdl import layers as L
from fastdl._sklearn import StrOptions
from fastdl.estimators.base.heads import Steps
from fastdl.estimators.base.net import Net, has_probabilities, is_stochastic
from fastdl.estimators.base.words import word
from fastdl.estimators.inputs import SequenceInput
from fastdl.estimators.inputs.forms import cut, in_form_of
from fastdl.estimators.inputs.symbols import are_integers
from fastdl.estimators.recurrent.words import RecurrentWords
from fastdl.fitting.job import Given, Job
from fastdl.layers import Layer
from fastdl.samples import Sequences, inside
from fastdl.validation import check_step_weights, is_of_steps


class Recurrent(RecurrentWords, Net):
    """What the recurrent networks share; `lengths` stands beside X wherever X is passed.

    Where every step has an answer of its own (the head is `Steps`), answers take the form of X.
    """

    bidirectional: bool = word(
        default=False,
        rule=["boolean"],
        kind="bool",
        text="Whether each layer also reads from the end, with weights of its own.",
    )
    integers: str = word(
        default="auto",
        rule=[StrOptions({"auto", "symbols", "values"})],
        kind='{"auto", "symbols", "values"}',
        text='What sequences of integers are: "symbols", such as the codes of words, each with a '
        'vector of its own (an embedding), or "values", one number a step. "auto": in lists of '
        "lists symbols, in arrays (n, steps) values, with a warning.",
    )

    @property
    def _inputs(self) -> SequenceInput:
        return SequenceInput(reading=self._reading, integers=self.integers)

    @property
    def _each_step(self) -> bool:
        """Whether there is an answer for every step, not one for a sequence."""
        return isinstance(self._head, Steps)

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
        """Fit the network.

        Parameters
        ----------
        X : list of n arrays (T_i, F), or array-like of shape (n, T, F) or (n, n_features)
            Training sequences; or a list of n strings or lists of tokens.
        y : array-like of shape (n,) or (n, n_outputs)
            Class labels or indicators, or real numbers. Where every step has its own, a list of n
            arrays (T_i,) or (T_i, n_outputs), or one array with a second axis for the steps, padded
            if X is.
        sample_weight : array-like of shape (n,), default=None
            The loss of a batch is its weighted mean. Where every step has a target, also a weight
            for each: a list of n array-likes (T_i,), or (n, T), padded if X is.
        lengths : array-like of int of shape (n,), default=None
            How many steps of each sequence in padded X are real; the others are never read.
        X_val, y_val : as X and y, default=None
            A validation set of your own: its loss and score are recorded after every epoch, and
            early stopping uses it instead of a held-out part of X.
        sample_weight_val, lengths_val : as sample_weight and lengths, default=None

        Returns
        -------
        self
        """
        return self._fit(
            Given(
                cut(X, lengths),
                self._cut_targets(y, lengths),
                self._cut_weights(sample_weight, lengths),
                cut(X_val, lengths_val),
                self._cut_targets(y_val, lengths_val),
                self._cut_weights(sample_weight_val, lengths_val),
            )
        )

    @available_if(is_stochastic)
    def partial_fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        classes: Any = None,
        *,
        lengths: Any = None,
    ) -> Self:
        """Go on for one epoch over the given sequences.

        Parameters
        ----------
        X, y, sample_weight, lengths : as in `fit`
            The first call learns the symbols of texts.
        classes : array-like of shape (n_classes,), default=None
            Of classifiers: all labels that may come, for the first call.

        Returns
        -------
        self
        """
        y, sample_weight = self._cut_targets(y, lengths), self._cut_weights(sample_weight, lengths)
        return super().partial_fit(cut(X, lengths), y, sample_weight, classes)

    def predict(
        self,
        X: Any,
        lengths: Any = None,
        *,
        dropout_samples: int | None = None,
        return_std: bool = False,
    ) -> Any:
        """Labels or values, shape (n,) or (n, n_outputs); of every step in the form of X.

        The form of X is a list of n arrays (T_i, ...) for a list, or one array (n, T, ...), zeros
        (or empty strings) past `lengths`. With `dropout_samples`, those of the mean of so many
        thinned networks; with `return_std`, of numbers, their standard deviation as well.
        """
        self._check_is_fitted()
        answers = super().predict(
            cut(X, lengths), dropout_samples=dropout_samples, return_std=return_std
        )
        if return_std:
            return tuple(self._in_form_of(X, lengths, values) for values in answers)
        return self._in_form_of(X, lengths, answers)

    @available_if(has_probabilities)
    def predict_proba(
        self, X: Any, lengths: Any = None, *, dropout_samples: int | None = None
    ) -> Any:
        """Probabilities of the classes, in their order; of every step in the form of X.

        With `dropout_samples`, the mean of so many thinned networks.

        Returns
        -------
        ndarray of shape (n, n_classes) or (n, T, n_classes), or list of n ndarrays (T_i, n_classes)
        """
        self._check_is_fitted()
        p = super().predict_proba(cut(X, lengths), dropout_samples=dropout_samples)
        return self._in_form_of(X, lengths, p)

    @available_if(has_probabilities)
    def predict_log_proba(self, X: Any, lengths: Any = None) -> Any:
        """Logarithms of `predict_proba`, in the same form."""
        self._check_is_fitted()
        return self._in_form_of(X, lengths, np.log(super().predict_proba(cut(X, lengths))))

    def score(self, X: Any, y: Any, sample_weight: Any = None, lengths: Any = None) -> float:
        """Accuracy, or R^2; of all steps that count where each has a target.

        Parameters
        ----------
        X, y, sample_weight, lengths : as in `fit`

        Returns
        -------
        float
        """
        self._check_is_fitted()
        X, y = cut(X, lengths), self._cut_targets(y, lengths)
        metric = r2_score if is_regressor(self) else accuracy_score
        if not self._each_step:
            return float(metric(y, self.predict(X), sample_weight=sample_weight))
        X, y = self._check(X, y, reset=False)
        weight = check_step_weights(self._cut_weights(sample_weight, lengths), y)
        outputs = self._predict(X, None)[y.inside[inside(y.lengths, y.shape[1])]]
        answers = self._targets.decode(outputs)
        return float(metric(y.steps, answers, sample_weight=y.of_steps(weight)))

    def transform(self, X: Any, layer: int | str | None = None, lengths: Any = None) -> Any:
        """The last hidden state, shape (n, units), or the outputs of a layer.

        Parameters
        ----------
        X : as in `fit`
        layer : int or str, default=None
            Which layer, by number or name as in `summary`; None is the last hidden one. Outputs of
            every step have as many steps as the network, zeros past a sequence's end.
        lengths : array-like of int of shape (n,), default=None

        Returns
        -------
        ndarray of shape (n, ...), or the states of every step in the form of `predict`
        """
        self._check_is_fitted()
        states = self._outputs(cut(X, lengths), self._layer_index(layer))
        return self._in_form_of(X, lengths, states)

    def fit_transform(
        self, X: Any, y: Any = None, sample_weight: Any = None, *, lengths: Any = None
    ) -> Any:
        """`fit`, then `transform`."""
        return self.fit(X, y, sample_weight, lengths=lengths).transform(X, lengths=lengths)

    # --- the network

    def _check(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        self._check_truncation(bidirectional=self.bidirectional)
        return super()._check(X, y, reset=reset)

    def _input_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        steps, n_features = shape[1:]
        return min(steps, self.truncate_bptt or steps), n_features

    def _layers(self, input_shape: tuple[int, ...], n_outputs: int) -> list[Layer]:
        hidden = self._recurrent_layers(bidirectional=self.bidirectional, each_step=self._each_step)
        return [*hidden, L.Dense(n_outputs, name="output")]

    def _start(self, job: Job) -> None:
        """From the vectors of `embedding`."""
        super()._start(job)
        self._start_embedding(self._network)

    # --- answers

    def _predict(self, X: Sequences, layer: int | None) -> NDArray[Any]:
        """As for any network; of every step, those of one sequence after the other."""
        outputs = super()._predict(X, layer)
        return outputs[inside(X.lengths, outputs.shape[1])] if self._each_step else outputs

    def _cut_targets(self, y: Any, lengths: Any) -> Any:
        """The targets of steps, without their padding."""
        if lengths is None or y is None or not self._each_step:
            return y
        return [of_one[:length] for of_one, length in zip(y, lengths, strict=False)]

    def _cut_weights(self, weight: Any, lengths: Any) -> Any:
        """Weights of steps, if they are such, without their padding."""
        return self._cut_targets(weight, lengths) if is_of_steps(weight) else weight

    def _in_form_of(self, X: Any, lengths: Any, answers: NDArray[Any]) -> Any:
        if not self._each_step:
            return answers
        inputs, of_symbols = self._inputs, are_integers(getattr(self, "symbols_", ()))
        return in_form_of(
            X,
            lengths,
            answers,
            rows_are_steps=inputs.rows_are_steps and not of_symbols,
            of_symbols=of_symbols,
            steps=inputs.steps,
        )

    @property
    def _n_features_out(self) -> int:
        top = [layer for layer in self._network.program.layers if layer.depth == 0]
        return int(top[self._layer_index(None)].output_shape[-1])
