"""The same derivative in four ways: by hand, numerically, symbolically, automatically.

    python examples/four_derivatives.py [--iterations 10] [--parameters 10000] [--pictures FOLDER]

The logistic map x -> 4 x (1 - x), iterated, is a polynomial of degree 2^n with a short program.
Differences of it have an error of their own, in a V over the step: cut-off on one side, rounding
on the other. The symbolic derivative grows with every iteration (SymPy, where it is installed);
automatic differentiation costs a constant times the program.

Then the loss of a small net, with 2, 100 and 10,000 parameters: differences and forward mode need
a pass for each parameter, reverse mode one for all.
"""

import argparse
import time
from functools import partial
from pathlib import Path

import numpy as np

from fastdl.autodiff import grad, jvp
from fastdl.testing import numerical_gradient

X0 = 0.2


def logistic(x, n):
    """The map, n times."""
    for _ in range(n):
        x = 4 * x * (1 - x)
    return x


def by_hand(x, n):
    """The chain rule, written out for this function."""
    dx = 1.0
    for _ in range(n):
        x, dx = 4 * x * (1 - x), (4 - 8 * x) * dx
    return dx


def symbolic(n):
    """Operations in the derivative as SymPy expands it, and the derivative; None without SymPy."""
    try:
        import sympy
    except ImportError:
        return None
    x = sympy.Symbol("x")
    derivative = sympy.diff(logistic(x, n), x)
    return int(sympy.count_ops(derivative)), float(derivative.subs(x, X0))


def table_of_the_map(iterations):
    print(f"Derivative of the logistic map at {X0}: operations of the symbolic one, errors")
    ways = " ".join(f"{way:>9}" for way in ("central", "complex", "symbolic", "reverse", "forward"))
    print(f"{'times':>5} {'operations':>10} {ways}")
    for n in range(2, iterations + 1, 2):
        exact = by_hand(X0, n)
        found = symbolic(n)
        of_n = lambda x, n=n: logistic(x, n)  # noqa: E731
        ways = [
            float(numerical_gradient(of_n, X0)),
            float(numerical_gradient(of_n, X0, scheme="complex")),
            np.nan if found is None else found[1],
            grad(of_n)(X0),
            jvp(of_n, (X0,), (1.0,))[1],
        ]
        errors = " ".join(f"{abs(way - exact) / abs(exact):9.1e}" for way in ways)
        print(f"{n:5} {'-' if found is None else found[0]:>10} {errors}")


def errors_by_step(n=6):
    """Relative errors of differences for steps from 1 to 1e-15."""
    steps = 10.0 ** np.arange(0, -15.5, -0.5)
    exact = by_hand(X0, n)
    rows = {}
    for scheme in ("forward", "central", "complex"):
        found = [float(numerical_gradient(lambda x: logistic(x, n), X0, h, scheme)) for h in steps]
        rows[scheme] = np.abs(np.array(found) - exact) / abs(exact)
    return steps, rows


def loss_of_net(w, X, y):
    """Squared error of a net with one hidden layer; w holds all its weights."""
    units = max(1, w.size // (X.shape[1] + 1))
    first = w[: units * X.shape[1]].reshape(X.shape[1], units)
    return np.mean((np.tanh(X @ first) @ w[-units:] - y) ** 2)


def seconds(f, *args, repeats=5):
    """The best of some runs."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        f(*args)
        times.append(time.perf_counter() - start)
    return min(times)


def table_of_the_net(most):
    rng = np.random.default_rng(0)
    print("\nGradient of a net's loss, times that of the loss alone")
    print(f"{'parameters':>10} {'central':>10} {'forward':>10} {'reverse':>10}")
    for n in (2, 100, 10_000):
        if n > most:
            break
        X, y = rng.normal(size=(500, max(1, min(99, n // 2)))), rng.normal(size=500)
        f = partial(loss_of_net, X=X, y=y)
        w, direction = rng.normal(size=n) * 0.1, np.eye(n, 1)[:, 0]
        once = seconds(f, w, repeats=20)
        reverse = seconds(grad(f), w)
        forward = n * seconds(jvp, f, (w,), (direction,))
        print(f"{n:10} {2 * n:10.0f} {forward / once:10.0f} {reverse / once:10.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--iterations", type=int, default=8)
    parser.add_argument("--parameters", type=int, default=10_000)
    parser.add_argument("--pictures", type=Path)
    args = parser.parse_args()
    table_of_the_map(args.iterations)
    steps, rows = errors_by_step()
    print("\nSmallest relative error over steps from 1 to 1e-15, after 6 iterations")
    for scheme, errors in rows.items():
        print(f"{scheme:>8}: {errors.min():.1e} at a step of {steps[errors.argmin()]:.0e}")
    table_of_the_net(args.parameters)
    if args.pictures:
        import matplotlib.pyplot as plt

        args.pictures.mkdir(parents=True, exist_ok=True)
        fig, ax = plt.subplots(figsize=(5, 3.2), layout="constrained")
        for scheme, errors in rows.items():
            ax.loglog(steps, np.maximum(errors, 1e-17), label=scheme)
        ax.set(xlabel="step", ylabel="relative error")
        ax.legend(frameon=False)
        fig.savefig(args.pictures / "differences.png", dpi=100)


if __name__ == "__main__":
    main()
