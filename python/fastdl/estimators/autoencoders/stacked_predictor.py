"""What `StackedAutoencoderClassifier` and `StackedAutoencoderRegressor` share."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any, ClassVar

from sklearn.base import is_regressor

from fastdl import layers as L
from fastdl._sklearn import Interval, StrOptions
from fastdl.estimators.autoencoders import coding, pretraining
from fastdl.estimators.autoencoders.stacked import PretrainMixin
from fastdl.estimators.base.layered import BaseLayered
from fastdl.layers import Layer
from fastdl.validation import check_rows, check_rows_and_targets


class BaseStackedPredictor(PretrainMixin, BaseLayered):
    """Hidden layers learnt greedily, and an output layer for y."""

    _least_batch = 256
    _loss_word: ClassVar[str] = "reconstruction_loss"
    activation: str
    reconstruction_loss: str
    pretraining: str | None
    representation: str
    fine_tune: bool

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **{k: v for k, v in BaseLayered._parameter_constraints.items() if k != "input_shape"},
        **{k: v for k, v in coding.CONSTRAINTS.items() if k != "loss"},
        "reconstruction_loss": coding.CONSTRAINTS["loss"],
        "pretraining": [StrOptions({"unsupervised", "supervised"}), None],
        "pretrain_epochs": [Interval(Integral, 1, None, closed="left")],
        "representation": [StrOptions({"replace", "concatenate"})],
        "fine_tune": ["boolean"],
    }

    def __sklearn_tags__(self) -> Any:
        """X has two dimensions and may be sparse."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = False
        tags.input_tags.sparse = True
        return tags

    def _check_X(self, X: Any) -> Any:
        return check_rows(self, X)

    def _check_X_y(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        return check_rows_and_targets(self, X, y, reset=reset, y_numeric=is_regressor(self))

    def _batch_size(self, n_samples: int) -> int:
        return min(200 if self.batch_size == "auto" else int(self.batch_size), n_samples)

    def _hidden(self, input_shape: tuple[int, ...]) -> Sequence[Layer]:
        sizes = coding.sizes_of(self)
        hidden = coding.encoder(sizes, self.activation, trainable=self.fine_tune)
        return (
            [L.Concat(hidden, name="features")] if self.representation == "concatenate" else hidden
        )

    def _new_weights(self, program: Any, X: Any) -> None:
        """Images' warnings are not for rows."""

    def _pretrain(self, X: Any, y: Any, sample_weight: Any) -> None:
        found = self._given_pretraining()
        if found is None and self.pretraining == "unsupervised":
            coding.check_range(self, X)
            found = pretraining.from_autoencoders(self, X, sample_weight)
        elif found is None and self.pretraining == "supervised":
            found = pretraining.from_labels(self, X, y, sample_weight)
        if found is not None:
            pretraining.take_over(self, found)
