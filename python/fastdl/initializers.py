"""Initial weights: how the values of a parameter are drawn.

Every initialiser draws float64 from a NumPy RandomState, so that the same `random_state` gives the
same network everywhere; the program rounds to its dtype. The normal ones are not truncated.
`fan_in` and `fan_out` count the inputs to, and the outputs from, one unit: ``in`` and ``out`` of a
dense layer; of a convolution, kernel height times width times the channels (of one group) on that
side.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fastdl._other_names import raiser
from fastdl._rules import NOT_NEGATIVE, NUMBER, POSITIVE, Rule, optional
from fastdl._spec import Spec, lookup

Random: TypeAlias = np.random.RandomState
Shape: TypeAlias = tuple[int, ...]
Draw: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Initializer(Spec):
    """Base of the initialisers."""

    def draw(self, random: Random, shape: Shape, fan_in: int, fan_out: int) -> Draw:
        """Initial values.

        Parameters
        ----------
        random : numpy.random.RandomState
            Source of the draws; it moves on.
        shape : tuple of int
            Of the parameter, in the user's layout: units last.
        fan_in, fan_out : int
            Inputs and outputs of one unit.

        Returns
        -------
        ndarray of float64, of the given shape
        """
        return self._draw(random, shape, fan_in, fan_out)

    def _draw(self, random: Random, shape: Shape, fan_in: int, fan_out: int) -> Draw:
        raise NotImplementedError


@dataclass(frozen=True, repr=False)
class Zeros(Initializer):
    """All zero; what biases start from."""

    def _draw(self, random: Random, shape: Shape, fan_in: int, fan_out: int) -> Draw:
        return np.zeros(shape)


@dataclass(frozen=True, repr=False)
class Constant(Initializer):
    """All the same.

    Parameters
    ----------
    value : float, default=0.0
    """

    value: float = 0.0
    rules: ClassVar[Mapping[str, Rule]] = {"value": NUMBER}

    def _draw(self, random: Random, shape: Shape, fan_in: int, fan_out: int) -> Draw:
        return np.full(shape, float(self.value))


@dataclass(frozen=True, repr=False)
class Normal(Initializer):
    """Normal with mean 0.

    Parameters
    ----------
    std : float, default=0.05
        Standard deviation.
    """

    std: float = 0.05
    rules: ClassVar[Mapping[str, Rule]] = {"std": NOT_NEGATIVE}

    def _draw(self, random: Random, shape: Shape, fan_in: int, fan_out: int) -> Draw:
        return random.normal(0.0, self.std, shape)


@dataclass(frozen=True, repr=False)
class Uniform(Initializer):
    """Uniform in [-limit, limit).

    Parameters
    ----------
    limit : float, default=0.05
    """

    limit: float = 0.05
    rules: ClassVar[Mapping[str, Rule]] = {"limit": NOT_NEGATIVE}

    def _draw(self, random: Random, shape: Shape, fan_in: int, fan_out: int) -> Draw:
        return random.uniform(-self.limit, self.limit, shape)


@dataclass(frozen=True, repr=False)
class _Gained(Initializer):
    gain: float = 1.0
    rules: ClassVar[Mapping[str, Rule]] = {"gain": POSITIVE}


@dataclass(frozen=True, repr=False)
class GlorotUniform(_Gained):
    """Uniform with limit gain * sqrt(6 / (fan_in + fan_out)), for sigmoid-like units.

    Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks",
    AISTATS 2010, equation 16. scikit-learn's MLPs start so (with gain sqrt(1/3) before logistic
    units).

    Parameters
    ----------
    gain : float, default=1.0
    """

    def _draw(self, random: Random, shape: Shape, fan_in: int, fan_out: int) -> Draw:
        limit = self.gain * math.sqrt(6 / (fan_in + fan_out))
        return random.uniform(-limit, limit, shape)


@dataclass(frozen=True, repr=False)
class GlorotNormal(_Gained):
    """Normal with standard deviation gain * sqrt(2 / (fan_in + fan_out)).

    Glorot and Bengio, AISTATS 2010, equation 12.

    Parameters
    ----------
    gain : float, default=1.0
    """

    def _draw(self, random: Random, shape: Shape, fan_in: int, fan_out: int) -> Draw:
        return random.normal(0.0, self.gain * math.sqrt(2 / (fan_in + fan_out)), shape)


@dataclass(frozen=True, repr=False)
class HeUniform(_Gained):
    """Uniform with limit gain * sqrt(6 / fan_in), for rectified units.

    He, Zhang, Ren and Sun, "Delving deep into rectifiers", ICCV 2015: the variance 2 / fan_in of
    equation 10.

    Parameters
    ----------
    gain : float, default=1.0
    """

    def _draw(self, random: Random, shape: Shape, fan_in: int, fan_out: int) -> Draw:
        limit = self.gain * math.sqrt(6 / fan_in)
        return random.uniform(-limit, limit, shape)


@dataclass(frozen=True, repr=False)
class HeNormal(_Gained):
    """Normal with standard deviation gain * sqrt(2 / fan_in), for rectified units.

    He, Zhang, Ren and Sun, ICCV 2015, equation 10.

    Parameters
    ----------
    gain : float, default=1.0
    """

    def _draw(self, random: Random, shape: Shape, fan_in: int, fan_out: int) -> Draw:
        return random.normal(0.0, self.gain * math.sqrt(2 / fan_in), shape)


@dataclass(frozen=True, repr=False)
class LeCunUniform(_Gained):
    """Uniform with limit gain * sqrt(3 / fan_in).

    LeCun, Bottou, Orr and Mueller, "Efficient BackProp", 1998, section 4.6: the variance 1 /
    fan_in.

    Parameters
    ----------
    gain : float, default=1.0
    """

    def _draw(self, random: Random, shape: Shape, fan_in: int, fan_out: int) -> Draw:
        limit = self.gain * math.sqrt(3 / fan_in)
        return random.uniform(-limit, limit, shape)


@dataclass(frozen=True, repr=False)
class LeCunNormal(_Gained):
    """Normal with standard deviation gain * sqrt(1 / fan_in); the start of self-normalising nets.

    LeCun et al. 1998, equation 16; Klambauer et al., "Self-normalizing neural networks", NIPS 2017,
    ask for it before selu.

    Parameters
    ----------
    gain : float, default=1.0
    """

    def _draw(self, random: Random, shape: Shape, fan_in: int, fan_out: int) -> Draw:
        return random.normal(0.0, self.gain * math.sqrt(1 / fan_in), shape)


@dataclass(frozen=True, repr=False)
class Orthogonal(_Gained):
    """A random orthogonal matrix times gain.

    The parameter is seen as a matrix (everything but the units, units); its columns are
    orthonormal, or its rows where there are more columns than rows. Saxe, McClelland and Ganguli,
    "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks", ICLR
    2014. The signs of R's diagonal are divided out, which makes the matrix uniform among the
    orthogonal ones (Mezzadri 2007).

    Parameters
    ----------
    gain : float, default=1.0
    """

    def _draw(self, random: Random, shape: Shape, fan_in: int, fan_out: int) -> Draw:
        columns = shape[-1]
        rows = math.prod(shape[:-1])
        normal = random.normal(size=(max(rows, columns), min(rows, columns)))
        q, r = np.linalg.qr(normal)
        q *= np.sign(np.diag(r))
        return (self.gain * (q if rows >= columns else q.T)).reshape(shape)


@dataclass(frozen=True, repr=False)
class Identity(_Gained):
    """The identity matrix times gain, ones on the diagonal where it is not square.

    The start of recurrent weights under relu: Le, Jaitly and Hinton, "A simple way to initialize
    recurrent networks of rectified linear units", 2015.

    Parameters
    ----------
    gain : float, default=1.0
    """

    def _draw(self, random: Random, shape: Shape, fan_in: int, fan_out: int) -> Draw:
        matrix: Draw = self.gain * np.eye(math.prod(shape[:-1]), shape[-1])
        return matrix.reshape(shape)


@dataclass(frozen=True, repr=False)
class ByGate(Initializer):
    """Each of the gates, which stand side by side in the last axis, drawn by itself.

    Parameters
    ----------
    gates : int
    start : Initializer
    """

    gates: int
    start: Initializer

    def _draw(self, random: Random, shape: Shape, fan_in: int, fan_out: int) -> Draw:
        one = (*shape[:-1], shape[-1] // self.gates)
        drawn = [self.start.draw(random, one, fan_in, fan_out) for _ in range(self.gates)]
        return np.concatenate(drawn, axis=-1)


@dataclass(frozen=True, repr=False)
class Raised(Initializer):
    """Another start with a constant added to one of the gates side by side in the last axis.

    Parameters
    ----------
    gate, gates : int
        Which, of how many.
    value : float
    start : Initializer
    """

    gate: int
    gates: int
    value: float
    start: Initializer

    def _draw(self, random: Random, shape: Shape, fan_in: int, fan_out: int) -> Draw:
        drawn = self.start.draw(random, shape, fan_in, fan_out)
        size = shape[-1] // self.gates
        drawn[..., self.gate * size : (self.gate + 1) * size] += self.value
        return drawn


BY_NAME: dict[str, type[Initializer]] = {
    "zeros": Zeros,
    "constant": Constant,
    "normal": Normal,
    "uniform": Uniform,
    "glorot_uniform": GlorotUniform,
    "glorot_normal": GlorotNormal,
    "he_uniform": HeUniform,
    "he_normal": HeNormal,
    "lecun_uniform": LeCunUniform,
    "lecun_normal": LeCunNormal,
    "orthogonal": Orthogonal,
    "identity": Identity,
}


def get(value: str | Initializer, parameter: str = "weight_init") -> Initializer:
    """The initialiser that a name stands for, or `value` itself.

    Raises
    ------
    ValueError, TypeError
        For an unknown name; for anything else.
    """
    return lookup(value, BY_NAME, Initializer, parameter)


# For the fields of layers. As plain data it is None: C++ gets its weights drawn.
RULE = optional(
    Rule(
        "the name of an initialiser or one of fastdl.initializers",
        lambda v: isinstance(v, Initializer) or (isinstance(v, str) and v in BY_NAME),
        lambda v: None,
        tuple(BY_NAME),
    )
)


if not TYPE_CHECKING:  # checkers of types know what is there
    __getattr__ = raiser(__name__, globals())
