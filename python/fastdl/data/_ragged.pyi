from typing import Any

import numpy as np
from numpy.typing import NDArray

def fill_sequences(sequences: list[NDArray[Any]], out: NDArray[Any]) -> None: ...
def fill_codes(
    texts: list[Any], codes: dict[Any, int], unknown: int, out: NDArray[np.int32]
) -> None: ...
def bucket(
    order: NDArray[np.int64],
    lengths: NDArray[np.int64],
    batch_size: int,
    starts: NDArray[np.int64],
    rank: NDArray[np.int64],
    out: NDArray[np.int64],
) -> None: ...
