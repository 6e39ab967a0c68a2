"""Products of rows: the ways through them are chosen by their sizes, and give the same bytes."""

import numpy as np
import pytest

from fastdl import layers as L
from programs import EPS, arrays, assert_close, assert_same_bytes, compiled, sample

# Rows of weights 4 KiB apart (in float32 or float64), others, and what one vector has no room for.
WIDTHS = [(600, 1024), (515, 512), (520, 1000), (30, 2056), (700, 17)]


@pytest.mark.parametrize(("n_inputs", "units"), WIDTHS)
def test_rows_of_a_batch_of_any_size(n_inputs: int, units: int, backend: str, dtype: str) -> None:
    x = sample((250, n_inputs)).astype(dtype)
    program = compiled([L.Dense(units)], (n_inputs,), batch_size=250, dtype=dtype, backend=backend)
    whole = program.predict(x)
    weight, bias = arrays(program).values()
    assert_close(whole, x.astype(np.float64) @ weight + bias, EPS[dtype] * 10)
    for n in (1, 9, 15, 16, 17, 63, 64, 191, 192, 249):
        few = compiled([L.Dense(units)], (n_inputs,), batch_size=n, dtype=dtype, backend=backend)
        assert_same_bytes(few.predict(x[:n]), whole[:n], f"{n} rows")
