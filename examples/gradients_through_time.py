"""How far gradients reach back in time: plain recurrent nets, ReLU from the identity, GRU, LSTM.

    python examples/gradients_through_time.py --pictures pictures

On the adding problem (examples/adding_problem.py; the data is made here), before and after
training: the norm of the gradient that reaches each step, as a share of the last step's. Where a
hundredth is left, nothing is learnt any more. A plain net with small recurrent weights bridges
about ten steps; orthogonal ones start better, and forget how.

Y. Bengio, P. Simard, P. Frasconi, "Learning long-term dependencies with gradient descent is
difficult", IEEE Transactions on Neural Networks 5 (1994).
"""

import argparse
import time
from pathlib import Path

import numpy as np
from adding_problem import adding_problem

from fastdl import RNNRegressor
from fastdl.inspection import gradient_norms_through_time

CELLS = {
    "RNN, tanh": "rnn",
    "RNN, ReLU, from the identity": "irnn",
    "GRU": "gru",
    "LSTM": "lstm",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--samples", type=int, default=5000)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--pictures", type=Path, help="a folder for the picture")
    arguments = parser.parse_args()

    X, y = adding_problem(arguments.samples, arguments.steps, np.random.default_rng(0))
    probe, target = adding_problem(256, arguments.steps, np.random.default_rng(1))
    print(f"{'net':<30} steps bridged, at the start and after training; mean squared error")
    found = {}
    for name, cell in CELLS.items():
        start = time.perf_counter()
        rnn = RNNRegressor(
            (64,),
            cell=cell,
            max_epochs=1,
            learning_rate="constant",
            learning_rate_init=1e-12,
            weight_decay=0,
            normalize_y=False,
            random_state=0,
            tol=0.0,
        )
        before = gradient_norms_through_time(rnn.fit(X[:32], y[:32]), probe, target)
        rnn.set_params(max_epochs=arguments.epochs, learning_rate_init=3e-3).fit(X, y)
        after = gradient_norms_through_time(rnn, probe, target)
        error = np.mean((rnn.predict(probe) - target) ** 2)
        seconds = time.perf_counter() - start
        print(f"{name:<30} {bridged(before):>5} {bridged(after):>5}  {error:.4f} ({seconds:.0f} s)")
        found[name] = before, after
    if arguments.pictures:
        arguments.pictures.mkdir(parents=True, exist_ok=True)
        draw(found, arguments.pictures / "gradients_through_time.png")


def bridged(display):
    """The steps over which a hundredth of the gradient is left."""
    lost = display.relative < 0.01
    return int(lost.argmax()) - 1 if lost.any() else len(lost) - 1


def draw(found, path):
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(11, 4), sharey=True, layout="constrained")
    for name, displays in found.items():
        for ax, display in zip(axes, displays, strict=True):
            display.plot(ax, name=name)
    for ax, title in zip(axes, ("at the start", "after training"), strict=True):
        ax.set(title=title, ylim=(1e-8, 1e4))
    axes[1].set_ylabel("")
    figure.savefig(path)


if __name__ == "__main__":
    main()
