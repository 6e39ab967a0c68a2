"""Optimizers: how gradients become new weights.

In the equations w is a weight, g its gradient (penalties added, clipped), t the number of the step
from 1; m and v start at 0. The rate is not a field: a schedule gives it for every batch. The core
updates all weights in one pass over flat memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fastdl._other_names import raiser
from fastdl._rules import FRACTION, NOT_NEGATIVE, POSITIVE, POSITIVE_INTEGER, UNIT, Rule
from fastdl._spec import Spec, lookup

if TYPE_CHECKING:
    from fastdl._core import Program


@dataclass(frozen=True, repr=False)
class Optimizer(Spec):
    """Base of the optimizers."""

    kind: ClassVar[str]  # what the core calls the rule
    relative_rate: ClassVar[float] = 1.0  # what suits it, by what suits Adam

    def rule(self) -> dict[str, float]:
        """The fields as the named arguments of ``Program.set_optimizer_rule``."""
        return {key: float(value) for key, value in self.get_params().items()}


@dataclass(frozen=True, repr=False)
class SGD(Optimizer):
    """w <- w - rate g. Robbins and Monro, "A stochastic approximation method", 1951."""

    kind: ClassVar[str] = "sgd"
    relative_rate: ClassVar[float] = 10.0


@dataclass(frozen=True, repr=False)
class Momentum(Optimizer):
    """The step keeps a part of its velocity.

    m <- momentum m - rate g;  w <- w + m. Polyak, "Some methods of speeding up the convergence of
    iteration methods", 1964; as scikit-learn's SGD with ``nesterovs_momentum=False``.

    Parameters
    ----------
    momentum : float, default=0.9
    """

    kind: ClassVar[str] = "momentum"
    relative_rate: ClassVar[float] = 3.0
    momentum: float = 0.9
    rules: ClassVar[Mapping[str, Rule]] = {"momentum": UNIT}


@dataclass(frozen=True, repr=False)
class Nesterov(Optimizer):
    """Momentum that looks ahead.

    m <- momentum m - rate g;  w <- w + momentum m - rate g. Nesterov 1983 in the form of Sutskever
    et al., "On the importance of initialization and momentum in deep learning", ICML 2013; as
    scikit-learn's SGD.

    Parameters
    ----------
    momentum : float, default=0.9
    """

    kind: ClassVar[str] = "nesterov"
    relative_rate: ClassVar[float] = 3.0
    momentum: float = 0.9
    rules: ClassVar[Mapping[str, Rule]] = {"momentum": UNIT}


@dataclass(frozen=True, repr=False)
class AdaGrad(Optimizer):
    """Each weight's steps shrink with the squares of its gradients so far.

    m <- m + g^2;  w <- w - rate g / (sqrt(m) + eps). Duchi, Hazan and Singer, "Adaptive subgradient
    methods", JMLR 2011.

    Parameters
    ----------
    eps : float, default=1e-8
    """

    kind: ClassVar[str] = "adagrad"
    relative_rate: ClassVar[float] = 10.0
    eps: float = 1e-8
    rules: ClassVar[Mapping[str, Rule]] = {"eps": POSITIVE}


@dataclass(frozen=True, repr=False)
class AdaDelta(Optimizer):
    """Steps in the units of the weights; a rate of 1 is the paper's.

    m <- rho m + (1 - rho) g^2;  d = g sqrt(v + eps) / sqrt(m + eps);  v <- rho v + (1 - rho) d^2;
    w <- w - rate d. Zeiler, "ADADELTA", 2012, algorithm 1.

    Parameters
    ----------
    rho : float, default=0.95
    eps : float, default=1e-6
    """

    kind: ClassVar[str] = "adadelta"
    relative_rate: ClassVar[float] = 100.0
    rho: float = 0.95
    eps: float = 1e-6
    rules: ClassVar[Mapping[str, Rule]] = {"rho": FRACTION, "eps": POSITIVE}

    def rule(self) -> dict[str, float]:
        """Rho is called momentum there."""
        return {"momentum": float(self.rho), "eps": float(self.eps)}


@dataclass(frozen=True, repr=False)
class RMSprop(Optimizer):
    """The gradient divided by a running root of its mean square.

    m <- rho m + (1 - rho) g^2;  w <- w - rate g / (sqrt(m) + eps). Tieleman and Hinton, "Neural
    networks for machine learning", lecture 6e, 2012.

    Parameters
    ----------
    rho : float, default=0.9
    eps : float, default=1e-8
    """

    kind: ClassVar[str] = "rmsprop"
    rho: float = 0.9
    eps: float = 1e-8
    rules: ClassVar[Mapping[str, Rule]] = {"rho": FRACTION, "eps": POSITIVE}

    def rule(self) -> dict[str, float]:
        """Rho is called momentum there."""
        return {"momentum": float(self.rho), "eps": float(self.eps)}


@dataclass(frozen=True, repr=False)
class Adam(Optimizer):
    """Running means of the gradient and of its square, both corrected for their start at 0.

    m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) g^2;
    w <- w - rate sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + eps). Kingma and Ba, "Adam", ICLR
    2015, in the form at the end of section 2; as scikit-learn's.

    Parameters
    ----------
    beta1 : float, default=0.9
    beta2 : float, default=0.999
    eps : float, default=1e-8
    """

    kind: ClassVar[str] = "adam"
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    rules: ClassVar[Mapping[str, Rule]] = {"beta1": FRACTION, "beta2": FRACTION, "eps": POSITIVE}


@dataclass(frozen=True, repr=False)
class AdamW(Optimizer):
    """Adam with weight decay apart from the gradient.

    With m and v as in Adam: w <- w - rate m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps)
    - rate weight_decay w. Only weights decay, not biases, gains and shifts. Loshchilov and Hutter,
    "Decoupled weight decay regularization", ICLR 2019, algorithm 2.

    Parameters
    ----------
    beta1 : float, default=0.9
    beta2 : float, default=0.999
    eps : float, default=1e-8
    weight_decay : float, default=0.01
    """

    kind: ClassVar[str] = "adamw"
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.01
    rules: ClassVar[Mapping[str, Rule]] = {**Adam.rules, "weight_decay": NOT_NEGATIVE}


@dataclass(frozen=True, repr=False)
class Nadam(Optimizer):
    """Adam with Nesterov's look ahead.

    With mu_t = beta1 (1 - 0.96^(0.004 t) / 2) and m, v as in Adam:
    w <- w - rate (mu_{t+1} m / (1 - mu_1 ... mu_{t+1}) + (1 - mu_t) g / (1 - mu_1 ... mu_t))
    / (sqrt(v / (1 - beta2^t)) + eps). Dozat, "Incorporating Nesterov momentum into Adam", 2016.

    Parameters
    ----------
    beta1 : float, default=0.9
    beta2 : float, default=0.999
    eps : float, default=1e-8
    """

    kind: ClassVar[str] = "nadam"
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    rules: ClassVar[Mapping[str, Rule]] = Adam.rules


@dataclass(frozen=True, repr=False)
class LBFGS(Optimizer):
    """Limited-memory BFGS over all samples at once, by SciPy; for small data sets.

    `minimize` runs it. Liu and Nocedal, "On the limited memory BFGS method for large scale
    optimization", 1989.

    Parameters
    ----------
    memory : int, default=10
        Pairs of vectors that approximate the curvature.
    max_fun : int, default=15000
        Largest number of losses computed.
    """

    kind: ClassVar[str] = "sgd"  # the core's rule then only carries the penalties
    memory: int = 10
    max_fun: int = 15000
    rules: ClassVar[Mapping[str, Rule]] = {"memory": POSITIVE_INTEGER, "max_fun": POSITIVE_INTEGER}

    def rule(self) -> dict[str, float]:
        """Nothing: the steps are SciPy's."""
        return {}


def minimize(
    program: Program,
    X: Any,
    y: NDArray[Any],
    optimizer: LBFGS,
    *,
    sample_weight: NDArray[Any] | None = None,
    max_iter: int = 200,
    tol: float = 1e-4,
    callback: Callable[[NDArray[np.float64]], object] | None = None,
) -> Any:
    """Train with L-BFGS; the program ends with the best weights found.

    Parameters
    ----------
    program : Program
        With its loss set, and the penalties by `fastdl.program.set_optimizer`. Parameters that are
        not trainable stay.
    X, y, sample_weight
        As ``Program.loss_and_grads`` takes them.
    optimizer : LBFGS
    max_iter : int, default=200
    tol : float, default=1e-4
        Stop when no element of the gradient is larger (SciPy's gtol).
    callback : callable, optional
        Called after every iteration with the flat weights, as `scipy.optimize.minimize` does.

    Returns
    -------
    scipy.optimize.OptimizeResult
        With ``fun``, ``nit``, ``status`` and ``message``.
    """
    from scipy.optimize import minimize as scipy_minimize

    fixed = np.zeros(program.get_weights().shape, dtype=bool)
    for p in program.parameters:
        fixed[p.offset : p.offset + p.size] = not p.trainable

    def loss_and_gradient(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        program.set_weights(weights.astype(program.dtype))
        loss, penalty = program.loss_and_grads(X, y, sample_weight=sample_weight)
        gradient = program.get_gradients().astype(np.float64)
        gradient[fixed] = 0.0
        return loss + penalty, gradient

    result = scipy_minimize(
        loss_and_gradient,
        program.get_weights().astype(np.float64),
        method="L-BFGS-B",
        jac=True,
        callback=callback,
        options={
            "maxiter": max_iter,
            "maxfun": optimizer.max_fun,
            "maxcor": optimizer.memory,
            "gtol": tol,
        },
    )
    program.set_weights(result.x.astype(program.dtype))
    return result


BY_NAME: dict[str, type[Optimizer]] = {
    "sgd": SGD,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "adagrad": AdaGrad,
    "adadelta": AdaDelta,
    "rmsprop": RMSprop,
    "adam": Adam,
    "adamw": AdamW,
    "nadam": Nadam,
    "lbfgs": LBFGS,
}


def get(value: str | Optimizer, parameter: str = "solver") -> Optimizer:
    """The optimizer that a name stands for ("adam"), or `value` itself.

    Raises
    ------
    ValueError, TypeError
        For an unknown name; for anything else.
    """
    return lookup(value, BY_NAME, Optimizer, parameter)


if not TYPE_CHECKING:  # checkers of types know what is there
    __getattr__ = raiser(__name__, globals())
