"""Networks whose X may be sequences: lengths beside X, and answers in the form of X and y."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_regressor
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils.metaestimators import available_if

from fastdl._saved import NATURAL, Saved
from fastdl._warn import warn
from fastdl.estimators.base.available import (
    has_answers,
    has_probabilities,
    has_scores,
    is_stochastic,
)
from fastdl.estimators.base.net import Net
from fastdl.estimators.inputs.forms import Cut, cut
from fastdl.estimators.parameters.words import fitted
from fastdl.fitting.job import Given
from fastdl.samples import inside
from fastdl.validation import check_step_weights, is_of_steps


class SequenceNet(Net):
    """A network whose X may be sequences; `lengths` stands beside X wherever X is passed.

    Where every step or pixel has an answer of its own, answers take the form of X, or of y.
    """

    _padded_to: int = fitted(default=0, saved=Saved(NATURAL, "padded_to"))  # steps, in the fit

    # Where metadata is routed, lengths go wherever X goes.
    __metadata_request__fit: ClassVar[dict[str, Any]] = {"lengths": True}
    __metadata_request__partial_fit: ClassVar[dict[str, Any]] = {"lengths": True}
    __metadata_request__predict: ClassVar[dict[str, Any]] = {"lengths": True}
    __metadata_request__predict_proba: ClassVar[dict[str, Any]] = {"lengths": True}
    __metadata_request__predict_log_proba: ClassVar[dict[str, Any]] = {"lengths": True}
    __metadata_request__decision_function: ClassVar[dict[str, Any]] = {"lengths": True}
    __metadata_request__score: ClassVar[dict[str, Any]] = {"lengths": True}
    __metadata_request__transform: ClassVar[dict[str, Any]] = {"lengths": True}

    # --- what a subclass says

    @property
    def _answers_for(self) -> str:
        """What has an answer of its own: "samples", "steps" or "pixels"."""
        return self._targets.of

    def _is_of_steps(self, X: Any, y: Any, anew: bool) -> bool:
        """Whether y holds a value for every step of padded X."""
        return self._answers_for == "steps"

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
            Training sequences; or a list of n strings or lists of tokens. Images, where the class
            takes them.
        y : array-like of shape (n,) or (n, n_outputs)
            Class labels or indicators, or real numbers. Where every step has its own, a list of n
            arrays (T_i,) or (T_i, n_outputs), or one array with a second axis for the steps, padded
            if X is. Where every pixel has, (n, height, width) or (n, height, width, n_outputs).
        sample_weight : array-like of shape (n,), default=None
            The loss of a batch is its weighted mean. Where every step has a target, also a weight
            for each: a list of n array-likes (T_i,), or (n, T), padded if X is. Where every pixel
            has, (n, height, width).
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
        anew = not (self._has_weights() and self.warm_start)
        return self._fit(
            Given(
                *self._without_padding(X, y, sample_weight, lengths, anew),
                *self._without_padding(X_val, y_val, sample_weight_val, lengths_val, anew),
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
        """Go on for one epoch over the given samples: sequences, or whatever `fit` takes as X.

        Parameters
        ----------
        X, y, sample_weight, lengths : as in `fit`
            Rows, images, sequences or texts, and y of samples, steps or pixels, as the class takes
            them. The first call learns the symbols of texts, and what y has a value for.
        classes : array-like of shape (n_classes,), default=None
            Of classifiers: all labels that may come, for the first call. `SequenceTagger` takes
            None for those of this y.

        Returns
        -------
        self
        """
        anew = not self._has_weights()
        X, y, weight = self._without_padding(X, y, sample_weight, lengths, anew)
        return super().partial_fit(X, y, weight, classes)

    @available_if(has_answers)
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
        (or empty strings) past `lengths`. Where every pixel has an answer, (n, height, width) or
        (n, height, width, n_outputs), as y in fit. With `dropout_samples`, those of the mean of so
        many thinned networks; with `return_std`, of numbers, their standard deviation as well.
        """
        self._check_is_fitted()
        shape, answers = (
            self._targets.shape,
            super().predict(
                self._cut(X, lengths, "predict"),
                dropout_samples=dropout_samples,
                return_std=return_std,
            ),
        )
        if return_std:
            return tuple(self._formed(X, lengths, values, shape) for values in answers)
        return self._formed(X, lengths, answers, shape)

    @available_if(has_probabilities)
    def predict_proba(
        self, X: Any, lengths: Any = None, *, dropout_samples: int | None = None
    ) -> Any:
        """Probabilities of the classes, in their order; of every step in the form of X.

        With `dropout_samples`, the mean of so many thinned networks.

        Parameters
        ----------
        X, lengths : as in `fit`
        dropout_samples : int, default=None

        Returns
        -------
        ndarray of shape (n, n_classes), (n, T, n_classes) or (n, height, width, n_classes), or list
        of n ndarrays (T_i, n_classes)
        """
        self._check_is_fitted()
        p = super().predict_proba(
            self._cut(X, lengths, "predict_proba"), dropout_samples=dropout_samples
        )
        return self._formed(X, lengths, p, (*self._targets.shape[:2], p.shape[1]))

    @available_if(has_probabilities)
    def predict_log_proba(self, X: Any, lengths: Any = None) -> Any:
        """Logarithms of `predict_proba`, in the same form.

        Parameters
        ----------
        X, lengths : as in `fit`

        Returns
        -------
        As `predict_proba`.
        """
        self._check_is_fitted()
        p = np.log(super().predict_proba(self._cut(X, lengths, "predict_log_proba")))
        return self._formed(X, lengths, p, (*self._targets.shape[:2], p.shape[1]))

    @available_if(has_scores)
    def decision_function(self, X: Any, lengths: Any = None) -> Any:
        """Scores of the classes before the link, in the form of `predict_proba`.

        Of two classes one score, above 0 where the second is predicted.

        Parameters
        ----------
        X, lengths : as in `fit`

        Returns
        -------
        As `predict_proba`; of two classes without the last axis.
        """
        self._check_is_fitted()
        z = super().decision_function(self._cut(X, lengths, "decision_function"))
        return self._formed(X, lengths, z, z.shape[1:])

    def score(self, X: Any, y: Any, sample_weight: Any = None, lengths: Any = None) -> float:
        """Accuracy, or R^2; of all steps or pixels that count where each has a target.

        Parameters
        ----------
        X, y, sample_weight, lengths : as in `fit`

        Returns
        -------
        float
        """
        self._check_is_fitted()
        _, y, weight = self._without_padding(X, y, sample_weight, lengths, anew=False)
        X = self._cut(X, lengths, "score")
        if self._answers_for == "samples":
            return self._scored(y, super().predict(X), sample_weight)
        X, y = self._check(X, y, reset=False)
        weight = check_step_weights(weight, y)
        answers = self._targets.decode(self._predict(X, None)[y.counts_of_real])
        return self._scored(y.steps, answers, y.of_steps(weight))

    def _scored(self, y: Any, answers: NDArray[Any], weight: Any) -> float:
        if is_regressor(self):
            return float(r2_score(y, answers.astype(np.float64), sample_weight=weight))
        return float(accuracy_score(y, answers, sample_weight=weight))

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
        states = self._outputs(self._cut(X, lengths, "transform"), self._layer_index(layer))
        return self._formed(X, lengths, states, states.shape[1:])

    def fit_transform(
        self, X: Any, y: Any = None, sample_weight: Any = None, *, lengths: Any = None
    ) -> Any:
        """`fit`, then `transform`.

        Parameters
        ----------
        X, y, sample_weight, lengths : as in `fit`

        Returns
        -------
        As `transform`.
        """
        return self.fit(X, y, sample_weight, lengths=lengths).transform(X, lengths=lengths)

    # --- answers

    def _predict(self, X: Any, layer: int | None) -> NDArray[Any]:
        """As for any network; of steps one sequence after the other, and so of pixels."""
        outputs = super()._predict(X, layer)
        if self._answers_for == "steps":
            return outputs[inside(X.lengths, outputs.shape[1])]
        if self._answers_for == "pixels" and layer is None:
            return outputs.reshape(-1, outputs.shape[-1])
        return outputs

    def _check(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        checked = super()._check(X, y, reset=reset)
        if reset:
            self._padded_to = X.padded_to if isinstance(X, Cut) else 0
        return checked

    def _cut(self, X: Any, lengths: Any, method: str) -> Any:
        """`cut`, with a warning where lengths seem to be forgotten."""
        X = cut(X, lengths)
        is_padded = self._padded_to and getattr(X, "ndim", 0) > 1 and len(self.input_shape_) == 2
        if is_padded and lengths is None and X.shape[1] == self._padded_to:
            warn(
                f"{type(self).__name__} was fitted with lengths, and X is padded to as many steps, "
                f"{self._padded_to}, but {method} got no lengths: it reads the padding, too. Pass "
                "lengths=. For cross_val_score and searches, sklearn.set_config("
                "enable_metadata_routing=True) takes them to where the scores are computed, if "
                "they are called lengths there."
            )
        return X

    def _without_padding(
        self, X: Any, y: Any, weight: Any, lengths: Any, anew: bool
    ) -> tuple[Any, Any, Any]:
        """With lengths, X, y and weights without what they have for the padding."""
        if lengths is None:
            return X, y, weight
        sequences = cut(X, lengths)
        if y is not None and self._is_of_steps(X, y, anew):
            y = _first(y, lengths)
        return sequences, y, _first(weight, lengths) if is_of_steps(weight) else weight

    def _formed(self, X: Any, lengths: Any, answers: Any, shape: tuple[int, ...]) -> Any:
        """Answers in the user's form: of steps that of X; of pixels images of this shape."""
        if self._answers_for == "steps":
            return self._in_form_of(X, lengths, answers)
        return answers.reshape(-1, *shape) if self._answers_for == "pixels" else answers

    def _in_form_of(self, X: Any, lengths: Any, answers: NDArray[Any]) -> Any:
        """Answers for all steps in the form of X."""
        inputs: Any = self._inputs
        return inputs.in_form_of(self, X, lengths, answers)

    @property
    def _n_features_out(self) -> int:
        shape = self._network.shape_after(self._layer_index(None))
        return int(shape[-1] if len(shape) == 2 else math.prod(shape))


def _first(values: Any, lengths: Any) -> list[Any]:
    """Of each sequence's values, those of so many steps."""
    return [of_one[:length] for of_one, length in zip(values, lengths, strict=False)]
