"""Every public function of NumPy has a rule, is constant, or raises: none is silently wrong."""

import inspect
import warnings

import numpy as np
import pytest

from fastdl.autodiff import grad
from fastdl.autodiff._trace import RULES, is_traced

# They take no array of numbers, or answer about the object and not about its values.
ABOUT_OBJECTS = """
    isscalar iterable info isdtype issubdtype get_include show_config show_runtime test
    printoptions set_printoptions get_printoptions seterr geterr errstate setbufsize
    getbufsize seterrcall geterrcall typename mintypecode format_parser from_dlpack fromfile
    load loadtxt genfromtxt memmap DataSource array2string get_array_wrap typecodes
    promote_types nested_iters broadcast_shapes einsum_path frompyfunc vectorize ndenumerate
    ndindex shape asmatrix bmat base_repr binary_repr save savez savez_compressed savetxt
    fftfreq rfftfreq row_stack in1d trapz
    """
MODULES = [np, np.linalg, np.fft]
FUNCTIONS = [
    (f"{module.__name__}.{name}", getattr(module, name))
    for module in MODULES
    for name in sorted(dir(module))
    if not name.startswith("_")
    and name not in ABOUT_OBJECTS.split()
    and callable(getattr(module, name))
    and not inspect.isclass(getattr(module, name))
    and not inspect.ismodule(getattr(module, name))
]


@pytest.mark.share(4)
@pytest.mark.parametrize(("name", "f"), FUNCTIONS, ids=[name for name, _ in FUNCTIONS])
def test_nothing_is_silent(name, f):
    if f in RULES:
        return
    seen = []

    def loss(x):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            y = f(x)
        seen.append(y)
        return np.sum(y) if is_traced(y) else 0.0

    x = np.array([[1.0, 0.5], [0.25, 2.0]])
    try:
        gradient = grad(loss)(x)
    except Exception:
        return
    if is_traced(seen[-1]):  # composed of functions that have rules
        e = np.zeros_like(x)
        e[0, 0] = 1e-6
        difference = (np.sum(f(x + e)) - np.sum(f(x - e))) / 2e-6
        assert gradient[0, 0] == pytest.approx(difference, abs=1e-5)
    else:
        assert np.asarray(f(x)).dtype.kind not in "fc", (
            f"{name} gives numbers that have lost their derivative"
        )
