"""Calls of every function, and what the tests of functions share."""

import numpy as np

TOLERANCE = {"float64": 1e-9, "float32": 1e-4}


def normal(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape)


X = normal(3, 6, 7, 4)


ROWS = normal(5, 6)


STEPS = normal(3, 7, 4)


GAMMA, BETA = 1 + 0.3 * normal(4), normal(4, seed=1)


MEAN, VAR = normal(4, seed=2), 0.5 + normal(4, seed=3) ** 2


def is_floats(a):
    return isinstance(a, np.ndarray) and a.dtype.kind == "f"


def cast(args, change):
    return tuple(change(a) if is_floats(a) else a for a in args)


def as_tuple(value):
    return value if isinstance(value, tuple) else (value,)


Z = 2 * normal(6, 4)


CODES = np.array([0, 3, 1, 1, 2, 0])


TARGETS = normal(6, 4, seed=1)


CPU_ONLY = {
    "attention", "augment", "embedding", "gru", "log_softmax", "lstm", "maxout", "rnn",
    "weight_norm",
}  # fmt: skip
