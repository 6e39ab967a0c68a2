"""Every public function of NumPy has a rule, is constant, or raises: none is silently wrong."""

import inspect
import warnings

import numpy as np
import pytest

from fastdl.autodiff import grad
from fastdl.autodiff._trace import RULES, ConversionError, is_traced

# They take no array of numbers, or answer about the object and not about its values.
ABOUT_OBJECTS = """
    isscalar iterable info isdtype issubdtype get_include show_config show_runtime test
    printoptions set_printoptions get_printoptions seterr geterr errstate setbufsize
    getbufsize seterrcall geterrcall typename mintypecode format_parser from_dlpack fromfile
    load loadtxt genfromtxt memmap DataSource array2string get_array_wrap typecodes
    promote_types nested_iters broadcast_shapes einsum_path frompyfunc vectorize ndenumerate
    ndindex shape asmatrix bmat base_repr binary_repr save savez savez_compressed savetxt
    fftfreq rfftfreq row_stack in1d trapz busday_count busday_offset is_busday
    datetime_as_string datetime_data isnat fromregex fromstring fromiter frombuffer mask_indices
    fromfunction isfortran
    """
# They take integers, whose derivatives there are none of: numbers of rows, sizes, bits.
OF_INTEGERS = """
    bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift left_shift
    right_shift gcd lcm packbits unpackbits ravel_multi_index unravel_index bitwise_count
    bitwise_invert bitwise_not invert bartlett blackman hamming hanning identity eye tri indices
    tril_indices triu_indices diag_indices zeros ones empty
    """
MODULES = [np, np.linalg, np.fft]
FUNCTIONS = [
    (f"{module.__name__}.{name}", getattr(module, name))
    for module in MODULES
    for name in sorted(dir(module))
    if not name.startswith("_")
    and name not in (ABOUT_OBJECTS + OF_INTEGERS).split()
    and callable(getattr(module, name))
    and not inspect.isclass(getattr(module, name))
    and not inspect.ismodule(getattr(module, name))
]
X = np.array([[1.0, 0.5], [0.25, 2.0]])
# How functions without a rule are called: the first that NumPy takes.
CALLS = [
    lambda f, x: f(x),
    lambda f, x: f(x, x),
    lambda f, x: f(x, 2),
    lambda f, x: f(x[0]),
    lambda f, x: f(x[0], x[1]),
    lambda f, x: f(x[0], x[1], 1),
    lambda f, x: f(2, x[0, 0]),
    lambda f, x: f(x[0, 0]),
    lambda f, x: f(x, x[0]),
    lambda f, x: f(x.reshape(1, 2, 2)),
    lambda f, x: f(x.reshape(1, 1, 2, 2), 2),
    lambda f, x: f(x.reshape(1, 2, 1, 2), x[:, 0].reshape(1, 2)),
]


def a_call(name, f):
    """The first of the calls that works."""
    for call in CALLS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                call(f, X.copy())
            except Exception:
                continue
        return call
    raise AssertionError(f"{name}: none of the calls of this test works; add one that does")


@pytest.mark.parametrize(("name", "f"), FUNCTIONS, ids=[name for name, _ in FUNCTIONS])
def test_nothing_is_silent(name, f):
    if f in RULES:
        return
    call = a_call(name, f)
    seen = []

    def loss(x):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            y = call(f, x)
        seen.append(y)
        return np.sum(y) if is_traced(y) else 0.0

    refused = ""
    try:
        gradient = grad(loss)(X.copy())
    except ConversionError:
        return
    except NotImplementedError as error:
        refused = str(error)
    if refused:
        assert f.__name__ in refused
        return
    if is_traced(seen[-1]):  # composed of functions that have rules
        e = np.zeros_like(X)
        e[0, 0] = 1e-6
        difference = (np.sum(call(f, X + e)) - np.sum(call(f, X - e))) / 2e-6
        assert gradient[0, 0] == pytest.approx(difference, abs=1e-5)
    else:
        assert np.asarray(call(f, X)).dtype.kind not in "fc", (
            f"{name} gives numbers that have lost their derivative"
        )
