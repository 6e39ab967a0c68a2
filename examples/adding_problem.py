"""The adding problem: two of a hundred numbers are marked; what is their sum?

    python examples/adding_problem.py [--steps 100]

Each step has a number from 0 to 1 and a mark; one number of the first half and one of the second
are marked. Always to answer 1 has a mean squared error of 1/6 = 0.167: who does not carry a number
over the steps does not come below it. The data is made here.

S. Hochreiter, J. Schmidhuber, "Long short-term memory", Neural Computation 9 (1997), section 5.4;
in this form Q. V. Le, N. Jaitly, G. E. Hinton, "A simple way to initialize recurrent networks of
rectified linear units" (2015).
"""

import argparse
import time

import numpy as np

from fastdl import RNNRegressor


def adding_problem(n, steps, rng):
    """X (n, steps, 2), the number and its mark, and the sums y (n,)."""
    X = np.zeros((n, steps, 2), np.float32)
    X[:, :, 0] = rng.random((n, steps))
    half = steps // 2
    marked = np.stack([rng.integers(0, half, n), rng.integers(half, steps, n)], axis=1)
    np.put_along_axis(X[:, :, 1], marked, 1, axis=1)
    return X, (X[:, :, 0] * X[:, :, 1]).sum(axis=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--samples", type=int, default=20_000)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--cells", nargs="+", default=["rnn", "gru", "lstm"])
    arguments = parser.parse_args()

    rng = np.random.default_rng(0)
    X, y = adding_problem(arguments.samples, arguments.steps, rng)
    X_test, y_test = adding_problem(2000, arguments.steps, rng)
    print(f"mean squared error of the mean: {np.mean((y.mean() - y_test) ** 2):.4f}")
    for cell in arguments.cells:
        rnn = RNNRegressor(
            (64,),
            cell=cell,
            learning_rate="cosine",
            learning_rate_init=3e-3,
            weight_decay=0,
            normalize_y=False,
            max_epochs=arguments.epochs,
            random_state=0,
            tol=0.0,
            n_iter_no_change=np.inf,
        )
        start = time.perf_counter()
        rnn.fit(X, y)
        seconds = time.perf_counter() - start
        error = np.mean((rnn.predict(X_test) - y_test) ** 2)
        print(f"{cell:>4}: mean squared error {error:.5f} on new sequences ({seconds:.0f} s)")


if __name__ == "__main__":
    main()
