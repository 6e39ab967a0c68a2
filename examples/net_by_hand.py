"""A net of twenty lines: NumPy, value_and_grad and adam_step.

    python examples/net_by_hand.py [--epochs 30]

Digits of 8x8 pixels by a net with one hidden layer of 128 units, written as one would write the
equations; the gradient is fastdl's, the update too. 98 % of the held-out digits are right after 30
epochs, in a few seconds.
"""

import argparse

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import fastdl.functional as F
from fastdl.autodiff import value_and_grad


def scores(params, X):
    return np.maximum(X @ params["w1"] + params["b1"], 0) @ params["w2"] + params["b2"]


def loss(params, X, y):
    z = scores(params, X)
    return np.mean(np.logaddexp.reduce(z, axis=1) - z[np.arange(len(y)), y])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=30)
    epochs = parser.parse_args().epochs
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X / 16, y, random_state=0)
    rng = np.random.default_rng(0)
    params = {
        "w1": rng.normal(size=(64, 128)) * np.sqrt(2 / 64),
        "b1": np.zeros(128),
        "w2": rng.normal(size=(128, 10)) * np.sqrt(1 / 128),
        "b2": np.zeros(10),
    }
    state = None
    for epoch in range(epochs):
        order = rng.permutation(len(X_train))
        for batch in np.array_split(order, len(X_train) // 32):
            value, grads = value_and_grad(loss)(params, X_train[batch], y_train[batch])
            rate = 5e-3 * (1 - epoch / epochs)
            state = F.adam_step(list(params.values()), list(grads.values()), state, lr=rate)
        if epoch % 10 == 9 or epoch == epochs - 1:
            right = np.mean(np.argmax(scores(params, X_test), axis=1) == y_test)
            print(f"epoch {epoch + 1}: loss {value:.4f}, {100 * right:.2f} % of the test set right")


if __name__ == "__main__":
    main()
