"""Parity of n bits: what depth saves.

    python examples/parity.py [--bits 4 6 8 10 12]

Parity is 1 where an odd number of bits is. First by hand: a hidden unit for each odd pattern takes
2^(n-1) units, a tree of XORs, of two relus each, 2(n-1). Circuits of AND and OR cannot do better
than exponential size at any fixed depth: J. Hastad, "Almost optimal lower bounds for small depth
circuits", STOC 1986; Bengio and LeCun, "Scaling learning algorithms towards AI", 2007, on what that
means for learning.

Then learnt: the fewest relus with which gradient descent gets 99 % of all 2^n patterns right, in
the best of three starts. One hidden layer could do with n units that count the bits, but they are
hard to find.
"""

import argparse

import numpy as np

import fastdl.functional as F
from fastdl import NetClassifier
from fastdl import layers as L

WIDTHS = [2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256]
BATCH, SEEDS = 64, 3
LEARNT = 0.99


def patterns(n: int) -> np.ndarray:
    """All of n bits, (2^n, n)."""
    return (np.arange(2**n)[:, np.newaxis] >> np.arange(n) & 1).astype(np.float32)


def with_a_unit_for_each_pattern(X: np.ndarray) -> tuple[np.ndarray, int]:
    """Parity of each row of bits by one hidden layer, and its units."""
    odd = patterns(X.shape[1])
    odd = odd[odd.sum(1) % 2 == 1]
    hidden = F.activation(F.dense(X, 2 * odd.T - 1, 1 - odd.sum(1)), "relu")  # 1 where X is it
    return hidden.sum(1), len(odd)


def with_a_tree(X: np.ndarray) -> tuple[np.ndarray, int]:
    """The same by layers of XORs: a xor b = relu(a + b) - 2 relu(a + b - 1)."""
    units = 0
    while X.shape[1] > 1:
        left_over = X[:, X.shape[1] // 2 * 2 :]
        sums = X[:, : X.shape[1] // 2 * 2].reshape(len(X), -1, 2).sum(2)
        X = F.activation(sums, "relu") - 2 * F.activation(sums - 1, "relu")
        units += 2 * X.shape[1]
        X = np.hstack([X, left_over])
    return X[:, 0], units


def narrowest(n: int, depth: int, steps: int) -> int | None:
    """Width at which `depth` hidden layers learn the parity of n bits."""
    X = patterns(n)
    X, y = 2 * X - 1, X.sum(1) % 2
    for width in WIDTHS:
        for seed in range(SEEDS):
            net = NetClassifier(
                [L.Dense(width), L.Activation("relu")] * depth,
                batch_size=min(BATCH, len(X)),
                learning_rate="cosine",
                learning_rate_init=0.01,
                weight_decay=0,
                max_epochs=max(1, steps * BATCH // len(X)),
                tol=0.0,
                n_iter_no_change=np.inf,
                random_state=seed,
            )
            if net.fit(X, y).score(X, y) >= LEARNT:
                return width
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bits", type=int, nargs="+", default=[4, 6, 8, 10, 12, 14])
    parser.add_argument("--steps", type=int, default=20_000, help="of gradient descent")
    arguments = parser.parse_args()

    print("                       units by hand    units learnt, in hidden layers")
    print("bits   one for each pattern     tree           one    three")
    for n in arguments.bits:
        X = patterns(n)
        (flat, n_flat), (tree, n_tree) = with_a_unit_for_each_pattern(X), with_a_tree(X)
        assert np.array_equal(flat, X.sum(1) % 2)
        assert np.array_equal(tree, X.sum(1) % 2)
        one, three = narrowest(n, 1, arguments.steps), narrowest(n, 3, arguments.steps)
        print(f"{n:4} {n_flat:22} {n_tree:8} {one or '-':>13} {three * 3 if three else '-':>8}")


if __name__ == "__main__":
    main()
