"""How long OpenMP's threads stay awake when their work is done."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

_SPINS = (
    "5000"  # some 50 microseconds, in which the next call finds them awake; GCC's default: 3 ms
)


@contextmanager
def short_spins() -> Iterator[None]:
    """While the core is loaded: GCC's OpenMP looks at the environment then, and never again."""
    said = os.environ.keys() & {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"}
    if not said:
        os.environ["GOMP_SPINCOUNT"] = _SPINS
    try:
        yield
    finally:
        if not said:
            del os.environ["GOMP_SPINCOUNT"]
