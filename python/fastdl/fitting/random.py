"""NumPy's legacy generator of a seed, without the work that it throws away."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from numpy.random.bit_generator import ISeedSequence
from numpy.typing import NDArray
from sklearn.utils import check_random_state


class _Nothing(ISeedSequence):
    """The state of a generator that is seeded afterwards."""

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> NDArray[Any]:
        return np.zeros(n_words, dtype)


def generator(random_state: Any) -> np.random.RandomState:
    """What `sklearn.utils.check_random_state` gives, in 5 us for an integer.

    ``RandomState(seed)`` mixes 624 words of the system's entropy before it takes the seed, which
    are 115 of its 120 us, and a quarter of a partial fit of few samples.
    """
    if not isinstance(random_state, Integral):
        return check_random_state(random_state)
    random = np.random.RandomState(np.random.MT19937(_Nothing()))  # type: ignore[arg-type]
    random.seed(int(random_state))
    return random
