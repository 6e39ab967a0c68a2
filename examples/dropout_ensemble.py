"""Dropout as an ensemble: is the net with weights times 1-p the mean of all thinned nets?

    python examples/dropout_ensemble.py

Nets with dropout on the units of their first hidden layer, on scikit-learn's digits. With M such
units there are 2^M thinned nets; all of them are counted here, each with its probability. The rule
of dropout, one net with the weights times 1-p, gives their mean exactly where what follows is
linear. Where it is not, it is near: how near, and what a few sampled nets give instead
(``predict_proba(X, dropout_samples=50)``), is the table.

N. Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR
2014, sections 1 and 7.5; P. Baldi and P. Sadowski, "Understanding dropout", NIPS 2013.
"""

import argparse
import itertools

import numpy as np
from scipy.special import expit, softmax
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from fastdl import NetClassifier
from fastdl import layers as L

PIECES = 3
FUNCTIONS = {  # of the second hidden layer, for its linear maps z
    "linear": lambda z: z,
    "relu": lambda z: np.maximum(z, 0),
    "maxout": lambda z: z.reshape(*z.shape[:-1], -1, PIECES).max(axis=-1),
    "sigmoid": expit,
}


def make_net(function: str, units: int, rate: float, epochs: int) -> NetClassifier:
    """`units` linear units with dropout, then 30 of the function."""
    second = [L.Dense(30), L.Activation({"linear": "identity"}.get(function, function))]
    layers = [
        L.Dense(units, name="first"),
        L.Dropout(rate),
        *([L.Maxout(30, PIECES)] if function == "maxout" else second),
    ]
    return NetClassifier(layers, max_epochs=epochs, learning_rate_init=3e-3, random_state=0)


def thinned_outputs(net: NetClassifier, X: np.ndarray, function: str, rate: float) -> np.ndarray:
    """What every thinned net gives before the softmax, (2^M, n, classes)."""
    weights = net.get_weights()
    second = "maxout_1" if function == "maxout" else "dense_2"
    hidden = X @ weights["first.weight"] + weights["first.bias"]
    outputs = []
    for mask in masks(hidden.shape[1]):
        # Training divides what is kept by 1-p: so the net as it is has the weights of the rule.
        kept = hidden * mask / (1 - rate)
        z = FUNCTIONS[function](kept @ weights[f"{second}.weight"] + weights[f"{second}.bias"])
        outputs.append(z @ weights["output.weight"] + weights["output.bias"])
    return np.array(outputs)


def masks(units: int) -> np.ndarray:
    """All 2^units masks."""
    return np.array(list(itertools.product([0.0, 1.0], repeat=units)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--units", type=int, default=12, help="that may be dropped: M")
    parser.add_argument("--rate", type=float, default=0.5, help="p")
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--samples", type=int, default=200, help="of the test set")
    arguments = parser.parse_args()
    units, rate = arguments.units, arguments.rate

    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X / 16, y, random_state=0)
    X_test, y_test = X_test[: arguments.samples], y_test[: arguments.samples]
    kept = masks(units).sum(axis=1)
    chances = (1 - rate) ** kept * rate ** (units - kept)

    print(f"{2**units:,} thinned nets: how far from their mean, on average, and test accuracy")
    columns = ["rule: outputs", "probabilities", "50 nets: prob.", "rule", "mean", "50 nets"]
    print(f"{'':10}" + "".join(f"{column:>15}" for column in columns))
    for function in FUNCTIONS:
        net = make_net(function, units, rate, arguments.epochs).fit(X_train, y_train)
        each = thinned_outputs(net, X_test, function, rate)
        mean = np.tensordot(chances, each, axes=1)
        mean_p = np.tensordot(chances, softmax(each, axis=2), axes=1)
        rule, rule_p = net.program_.predict(X_test), net.predict_proba(X_test)
        some_p = net.predict_proba(X_test, dropout_samples=50)
        pairs = [(rule, mean), (rule_p, mean_p), (some_p, mean_p)]
        figures = [f"{abs(a - b).mean():15.2g}" for a, b in pairs]
        figures += [
            f"{(p.argmax(axis=1) == y_test).mean():15.1%}" for p in (rule_p, mean_p, some_p)
        ]
        print(f"{function:10}" + "".join(figures))


if __name__ == "__main__":
    main()
