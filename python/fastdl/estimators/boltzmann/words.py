"""The words of the Boltzmann machines and of the deep belief nets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from fastdl._rules import Rule
from fastdl._saved import TEXT, VECTOR, listed
from fastdl._sklearn import Interval, StrOptions
from fastdl.estimators.boltzmann.standardised import mean_and_std
from fastdl.estimators.parameters.training_words import (
    COUNT,
    DEVICE,
    NOT_NEGATIVE,
    PART,
    POSITIVE,
    PRECISION,
    RATE,
)
from fastdl.estimators.parameters.words import fitted, word
from fastdl.fitting.defaults import Defaults, or_auto
from fastdl.validation import float_dtype

if TYPE_CHECKING:
    from fastdl.estimators.boltzmann.rbm import BaseRBM


def _is_fitted_machine(value: Any) -> bool:
    return hasattr(value, "components_") and hasattr(value, "free_energy")


_MACHINE = Rule("a fitted restricted Boltzmann machine", _is_fitted_machine, lambda v: v)

_OF_LAYER = Defaults(updates=400, least_epochs=10)
EPOCHS = Interval(Integral, 0, None, closed="left")


@dataclass(eq=False, repr=False, kw_only=True)
class RbmWords:
    """What a machine is and how it is trained: scikit-learn's words in its order, then others."""

    n_components: int = word(
        default=256, rule=[COUNT], kind="int", text="Hidden units.", kw_only=False
    )
    learning_rate: float = word(
        default=0.1, rule=[POSITIVE], kind="float", text="The same for all steps."
    )
    batch_size: int = word(
        default=10,
        rule=[COUNT],
        kind="int",
        text="Samples of a step; also the number of persistent chains.",
    )
    n_iter: int | str = word(default=10, rule=[EPOCHS], kind="int", text="Epochs.")
    verbose: int = word(
        default=0, rule=["verbose"], kind="int", text="Whether each epoch prints a line."
    )
    random_state: int | np.random.RandomState | None = word(
        default=None,
        rule=["random_state"],
        kind="int, RandomState or None",
        text="Of weights and all draws. The same number gives the same bytes for any `n_jobs`.",
    )
    k: int = word(
        default=1,
        rule=[COUNT],
        kind="int",
        text="Rounds of Gibbs sampling between two updates.",
    )
    persistent: bool = word(
        default=True,
        rule=["boolean"],
        kind="bool",
        text="Whether the model's samples go on from update to update (persistent contrastive "
        "divergence, Tieleman 2008), or start at the data each time (contrastive divergence, "
        "Hinton 2002; visible units are then expectations).",
    )
    momentum: float = word(default=0.0, rule=[RATE], kind="float", text="Of the steps.")
    weight_decay: float = word(
        default=0.0,
        rule=[NOT_NEGATIVE],
        kind="float",
        text="Of the weights, not of the intercepts: ``- learning_rate * weight_decay * w`` in "
        "each step.",
    )
    sparsity_target: float | None = word(
        default=None,
        rule=[PART, None],
        kind="float or None",
        text="What share of the samples should activate a hidden unit. Its running mean is pulled "
        "there with strength `sparsity_cost` (Hinton 2010, section 11).",
    )
    sparsity_cost: float = word(
        default=0.1, rule=[NOT_NEGATIVE], kind="float", text="Strength of `sparsity_target`."
    )
    n_jobs: int | None = word(
        default=None,
        rule=[Integral, None],
        kind="int or None",
        text="Threads. None obeys OMP_NUM_THREADS, threadpoolctl, joblib and the limits of the "
        "process; the result is the same for any number.",
    )
    device: str = word(default="cpu", like=DEVICE)
    precision: str = word(default="float32", like=PRECISION)


@dataclass(eq=False, repr=False, kw_only=True)
class BeliefWords:
    """The hidden layers of a deep belief net, and how they are pretrained."""

    hidden_layer_sizes: int | Sequence[int] = word(
        default=(256, 256),
        rule=["array-like", COUNT],
        kind="int or sequence of int",
        text="Units of each hidden layer.",
        kw_only=False,
    )
    visible: str = word(
        default="auto",
        rule=[StrOptions({"auto", "bernoulli", "gaussian"})],
        kind='{"auto", "bernoulli", "gaussian"}',
        text="Units of the first layer. Bernoulli units stand for values from 0 to 1; Gaussian "
        "ones for any, which are standardised for them. "
        '"auto" takes Bernoulli units if all of X is in that range.',
    )
    k: int = word(
        default=1,
        rule=[COUNT],
        kind="int",
        text="Rounds of Gibbs sampling between two updates of the pretraining.",
    )
    persistent: bool = word(
        default=False,
        rule=["boolean"],
        kind="bool",
        text="Persistent contrastive divergence, or contrastive divergence; see `BernoulliRBM`.",
    )
    pretrain_epochs: int | str = word(
        default="auto",
        rule=[StrOptions({"auto"}), EPOCHS],
        kind='int or "auto"',
        text='Of each layer; "auto" is 10, or as many as give 400 steps.',
    )
    pretrain_learning_rate: float | str = word(
        default="auto",
        rule=[StrOptions({"auto"}), Interval(Real, 0, None, closed="neither")],
        kind='float or "auto"',
        text='Of the pretraining; "auto" is 0.05, and 0.005 for Gaussian units.',
    )
    pretrain_momentum: float = word(
        default=0.5, rule=[RATE], kind="float", text="Of the pretraining."
    )
    pretrain_weight_decay: float = word(
        default=2e-4, rule=[NOT_NEGATIVE], kind="float", text="Of the pretraining."
    )
    rbms_: list[BaseRBM] = fitted(
        "list of BernoulliRBM and GaussianRBM",
        "The machines from the bottom to the top, as they were after pretraining.",
        saved=listed(_MACHINE, "fitted restricted Boltzmann machines"),
    )
    visible_: str = fitted('{"bernoulli", "gaussian"}', "Units of the first layer.", saved=TEXT)
    center_: NDArray[Any] = fitted(
        "ndarray of shape (n_features,)",
        "The means of X where the units are Gaussian: they see ``(X - center_) / scale_``. Else 0.",
        saved=VECTOR,
    )
    scale_: NDArray[Any] = fitted(
        "ndarray of shape (n_features,)",
        "The standard deviations, likewise; 1 where X does not vary.",
        saved=VECTOR,
    )
    pretrain_history_: list[dict[str, list[float]]] = fitted(
        "list of dict of list",
        "A table for each layer: epoch, reconstruction_error, seconds.",
    )

    def _sizes(self) -> list[int]:
        sizes: Any = self.hidden_layer_sizes
        sizes = list(sizes) if hasattr(sizes, "__iter__") else [sizes]
        if not sizes or any(size <= 0 for size in sizes):
            raise ValueError(
                f"hidden_layer_sizes={self.hidden_layer_sizes!r}; expected the units of each "
                "hidden layer, one layer or more."
            )
        return [int(size) for size in sizes]

    def sample(self, n_samples: int = 1, *, n_steps: int = 1000, mean: bool = True) -> NDArray[Any]:
        """Draw from the machines: Gibbs sampling in the top one, then one pass down.

        Parameters
        ----------
        n_samples : int, default=1
        n_steps : int, default=1000
            Rounds of Gibbs sampling, from random units.
        mean : bool, default=True
            Give the visible units as expectations, or as draws.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
        """
        check_is_fitted(self, "rbms_")
        *below, top = self.rbms_
        H = top.sample(n_samples, n_steps=n_steps, mean=mean and not below)
        for i, rbm in reversed(list(enumerate(below))):
            H = rbm._draw_visible(H, mean=mean and i == 0)
        return self._as_given(H)

    def _as_seen(self, X: NDArray[Any]) -> NDArray[Any]:
        """X as the visible units see it."""
        return X if self.visible_ == "bernoulli" else (X - self.center_) / self.scale_

    def _as_given(self, V: NDArray[Any]) -> NDArray[Any]:
        """Visible units in the units of X."""
        if self.visible_ == "bernoulli":
            return V
        return (V * self.scale_ + self.center_).astype(V.dtype, copy=False)

    def _scale_by(self, X: NDArray[Any], weight: NDArray[Any] | None = None) -> None:
        """Set `center_` and `scale_` by X."""
        dtype, n_features = float_dtype(X), X.shape[1]
        self.center_, self.scale_ = np.zeros(n_features, dtype), np.ones(n_features, dtype)
        if self.visible_ == "gaussian":
            mean, std = mean_and_std(X, weight)
            varies = std > 10 * np.finfo(dtype).eps * np.abs(mean)
            self.center_ = mean.astype(dtype)
            self.scale_ = np.where(varies, std, 1.0).astype(dtype)

    def _pretrain_epochs(self, n_samples: int) -> int:
        """Of each layer."""
        auto = _OF_LAYER.epochs(n_samples, self._pretrain_batch(n_samples))
        return int(or_auto(self.pretrain_epochs, auto))

    def _pretrain_batch(self, n_samples: int) -> int:
        """Samples of a step."""
        net: Any = self
        return min(int(or_auto(net.batch_size, _OF_LAYER.batch_size)), n_samples)

    def _restore_machines(self) -> None:
        """Set what follows from the machines; older files have Gaussian units that see X itself."""
        self.pretrain_history_ = [rbm.history_ for rbm in self.rbms_]
        if not hasattr(self, "scale_"):
            n_features = self.rbms_[0].components_.shape[1]
            self.center_, self.scale_ = np.zeros(n_features), np.ones(n_features)
