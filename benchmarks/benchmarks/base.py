"""What every benchmark has: a table of cases as its one parameter, random float32 data."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np


class Benchmark:
    """Times one thing for every case of its table; `setup` makes the case ready."""

    cases: ClassVar[Mapping[str, Any]]
    param_names: ClassVar[list[str]] = ["case"]
    params: ClassVar[list[str]]
    timeout = 120

    def __init_subclass__(cls) -> None:
        cls.params = list(cls.cases)

    def setup(self, case: str) -> None:
        self.prepare(self.cases[case])

    def prepare(self, case: Any) -> None:
        raise NotImplementedError

    @staticmethod
    def random(*shape: int) -> np.ndarray:
        return np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
