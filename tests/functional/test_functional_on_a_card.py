"""Functions of arrays on a real GPU, fastdl's and torch's, beside what they give on the host.

`pytest -m cuda` on a machine that has one; elsewhere nothing here runs.
"""

import numpy as np
import pytest
from functional_calls import CPU_ONLY, as_tuple, cast, normal
from test_functional import CALLS, NAMES, backward_of

import fastdl.functional as F
from fastdl.functional import _device
from fastdl.program import gpus

pytestmark = pytest.mark.cuda


@pytest.fixture
def queue():
    why = gpus.absence(0, 'device="cuda"')
    if why:
        pytest.skip(why.long)
    return _device._queue(0)


@pytest.mark.parametrize(("f", "args", "options"), CALLS, ids=NAMES)
def test_functions(queue, f, args, options):
    if f.__name__ in CPU_ONLY:
        pytest.skip("runs on the CPU only")
    expected = f(*cast(args, np.copy), **options)
    dy = normal(*expected.shape, seed=5)
    gradients = backward_of(f)(dy, *args, **options)
    y = f(*cast(args, queue.send), **options)
    np.testing.assert_allclose(y.get(), expected, 1e-9, 1e-9)
    found = backward_of(f)(queue.send(dy), *cast(args, queue.send), **options)
    for grad, right in zip(as_tuple(found), as_tuple(gradients), strict=True):
        np.testing.assert_allclose(grad.get(), right, 1e-9, 1e-9)


def test_torch(queue):
    """Its stream is waited for, and what it makes of a result is the same memory."""
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("torch sees no GPU")
    with torch.cuda.stream(torch.cuda.Stream()):
        x = torch.randn(4000, 4000, device="cuda", dtype=torch.float64)
        for _ in range(20):  # still at work when the function is called
            x = x @ x
            x = x / x.abs().max()
        y = F.tanh(x)
        expected = torch.tanh(x)
    torch.cuda.synchronize()
    address = y.__cuda_array_interface__["data"][0]
    for theirs in (torch.from_dlpack(y), torch.as_tensor(y, device="cuda")):
        assert theirs.data_ptr() == address
        torch.testing.assert_close(theirs, expected)
    F.tanh(x, out=x)
    torch.testing.assert_close(x, expected)
