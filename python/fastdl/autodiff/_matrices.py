"""Matrices of derivatives, and products with those of second ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastdl.autodiff._transforms import Argnums, Derivative, grad, jvp, places_of, vjp


class _Jacobian(Derivative):
    _name = "jacobian"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The matrix of derivatives."""
        argnums, mode = self._options["argnums"], self._options["mode"]
        places = places_of(argnums, len(args), "jacobian")
        parts = [_jacobian_of(self._f, args, kwargs, place, mode, "jacobian") for place in places]
        return tuple(parts) if isinstance(argnums, (tuple, list)) else parts[0]


def _jacobian_of(
    f: Any, args: tuple[Any, ...], kwargs: dict[str, Any], place: int, mode: str, who: str
) -> Any:
    x = args[place]
    if isinstance(x, (tuple, list, dict)):
        raise TypeError(
            f"{who}: the argument holds several arrays; join them by fastdl.autodiff.flatten first."
        )

    def of_x(value: Any) -> Any:
        return f(*args[:place], value, *args[place + 1 :], **kwargs)

    if mode == "forward":
        return _by_columns(of_x, x, None)
    y, pullback = vjp(of_x, x)
    if isinstance(y, (tuple, list, dict)):
        raise TypeError(f"{who}: the function returned containers; return one array.")
    if mode == "auto" and np.size(y) > 2 * np.size(x):
        return _by_columns(of_x, x, y)
    rows = [pullback(_unit(y, i))[0] for i in range(np.size(y))]
    if not rows:
        return np.zeros((*np.shape(y), *np.shape(x)))
    return np.reshape(np.stack(rows), (*np.shape(y), *np.shape(x)))


def _unit(like: Any, i: int) -> Any:
    """1 at place i, 0 elsewhere."""
    e = np.zeros(np.size(like), like.dtype if hasattr(like, "dtype") else float)
    e[i] = 1.0
    return e.reshape(np.shape(like)) if np.ndim(like) else e[0]


def _by_columns(of_x: Any, x: Any, y: Any) -> Any:
    columns = [jvp(of_x, (x,), (_unit(x, i),)) for i in range(np.size(x))]
    if not columns:
        y = of_x(x) if y is None else y
        return np.zeros((*np.shape(y), *np.shape(x)))
    shape = np.shape(columns[0][0])
    return np.reshape(np.stack([dy for _, dy in columns], axis=-1), (*shape, *np.shape(x)))


def jacobian(f: Callable[..., Any], argnums: Argnums = 0, *, mode: str = "auto") -> Any:
    """All derivatives of an array by an array.

    Parameters
    ----------
    f : callable
        Returns an array or a number.
    argnums : int or sequence of int, default=0
        By which arguments, arrays or floats.
    mode : {"auto", "reverse", "forward"}, default="auto"
        "reverse" needs a pass for each element of the value, "forward" one for each element of
        the argument; "auto" takes what is less work.

    Returns
    -------
    callable
        Called as f, it gives an array of the value's shape followed by the argument's.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdl.autodiff import jacobian
    >>> jacobian(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    if mode not in ("auto", "reverse", "forward"):
        raise ValueError(f'jacobian: mode={mode!r}; expected "auto", "reverse" or "forward".')
    return _Jacobian(f, argnums=argnums, mode=mode)


class _HessianVectorProduct(Derivative):
    _name = "hessian_vector_product"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The product; the last argument is the vector."""
        if len(args) < 2:
            raise TypeError(
                "hessian_vector_product: call it with the arguments of f, then the vector."
            )
        *args_, v = args
        place = places_of(self._options["argnums"], len(args_), self._name)[0]
        gradient = grad(self._f, place)

        def of_x(x: Any) -> Any:
            return gradient(*args_[:place], x, *args_[place + 1 :], **kwargs)

        return jvp(of_x, (args_[place],), (v,))[1]


def hessian_vector_product(f: Callable[..., Any], argnums: int = 0) -> Any:
    """The matrix of second derivatives times a vector, without the matrix: forward over reverse.

    Parameters
    ----------
    f : callable
        Returns one number.
    argnums : int, default=0
        By which argument.

    Returns
    -------
    callable
        ``(*args, v)``, v of the argument's form, gives the product in the same form.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdl.autodiff import hessian_vector_product
    >>> hessian_vector_product(lambda x: np.sum(x**3))(np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    array([ 6., 12.])
    """
    return _HessianVectorProduct(f, argnums=argnums)


class _Hessian(Derivative):
    _name = "hessian"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The matrix of second derivatives."""
        place = places_of(self._options["argnums"], len(args), "hessian")[0]
        gradient = grad(self._f, place)
        return _jacobian_of(gradient, args, kwargs, place, "forward", "hessian")


def hessian(f: Callable[..., Any], argnums: int = 0) -> Any:
    """All second derivatives of a number by an array.

    Parameters
    ----------
    f : callable
        Returns one number.
    argnums : int, default=0
        By which argument, an array or a float; join containers by `flatten`.

    Returns
    -------
    callable
        Called as f, it gives an array of the argument's shape, twice.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdl.autodiff import hessian
    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0]))
    array([[4., 2.],
           [2., 0.]])
    """
    return _Hessian(f, argnums=argnums)
