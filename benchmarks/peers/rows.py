"""The rows of the table: training steps, optimizer updates, whole fits."""

import warnings
from collections.abc import Callable

import numpy as np
import torch

import fastdl.functional as F
from benchmarks.nets import NETS
from peers.harness import Contest, repeated
from peers.steps import STEPS_TO_AGREE, training_step

# --- updates


def adam_update(n: int) -> Contest:
    rng = np.random.default_rng(0)
    start, grads = (rng.standard_normal(n, dtype=np.float32) for _ in range(2))

    def ours():
        params = start.copy()
        state = F.adam_step(params, grads, lr=1e-3)

        def step() -> None:
            nonlocal state
            state = F.adam_step(params, grads, state, lr=1e-3)

        return params, step

    def theirs():
        params = torch.nn.Parameter(torch.from_numpy(start.copy()))
        params.grad = torch.from_numpy(grads.copy())
        optimizer = torch.optim.Adam([params], lr=1e-3, fused=True)
        optimizer.step()
        return params, optimizer.step

    def check() -> float:
        (a, step_a), (b, step_b) = ours(), theirs()
        for _ in range(STEPS_TO_AGREE - 1):
            step_a(), step_b()
        return float(np.linalg.norm(a - b.detach().numpy()) / np.linalg.norm(a - start))

    sides = {"fastdl": repeated(ours()[1]), "torch fused": repeated(theirs()[1])}
    return Contest(sides, check, 1e-2)


# --- whole fits


def mlp_fit(dtype: str) -> Contest:
    """MLPClassifier on scikit-learn's digits, 50 epochs, the same network by the same seed."""
    import sklearn.neural_network
    from sklearn.datasets import load_digits

    import fastdl

    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype(dtype)

    def fit(package):
        estimator = package.MLPClassifier((100,), max_iter=50, n_iter_no_change=50, random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # 50 epochs are not meant to converge
            return estimator.fit(X, y)

    def check() -> float:
        a, b = (fit(package).coefs_[0] for package in (fastdl, sklearn.neural_network))
        return float(np.abs(a - b).max() / np.abs(b).max())

    packages = {"fastdl": fastdl, "scikit-learn": sklearn.neural_network}
    sides = {name: repeated(lambda p=package: fit(p)) for name, package in packages.items()}
    return Contest(sides, check, 1e-6 if dtype == "float64" else 1e-2)


def rbm_fit() -> Contest:
    """BernoulliRBM on 10,000 samples as wide and as dark as MNIST's, 256 units, one epoch."""
    import sklearn.neural_network

    import fastdl

    X = (np.random.default_rng(0).random((10_000, 784)) < 0.19).astype(np.float32)

    def fit(package):
        return package.BernoulliRBM(256, n_iter=1, random_state=0).fit(X)

    def check() -> float:
        a, b = (fit(package).components_ for package in (fastdl, sklearn.neural_network))
        return float(np.abs(a - b).max() / np.abs(b).max())

    packages = {"fastdl": fastdl, "scikit-learn": sklearn.neural_network}
    sides = {name: repeated(lambda p=package: fit(p)) for name, package in packages.items()}
    return Contest(sides, check, 1e-1)  # a draw that falls between two roundings of p differs


def all_rows(threads: int, compiled: bool) -> dict[str, Callable[[], Contest]]:
    """Every row by name, made when asked for."""
    rows: dict[str, Callable[[], Contest]] = {}
    for name, net in NETS.items():
        rule = type(net.optimizer).__name__
        rows[f"{name} ({net.batch}, {rule})"] = lambda net=net: training_step(
            net, threads, compiled
        )
    for n, text in ((10_000, "10 k"), (1_000_000, "1 M"), (20_000_000, "20 M")):
        rows[f"Adam update, {text}"] = lambda n=n: adam_update(n)
    for dtype in ("float64", "float32"):
        rows[f"MLPClassifier.fit digits, {dtype}"] = lambda dtype=dtype: mlp_fit(dtype)
    rows["BernoulliRBM.fit 784-256, float32"] = rbm_fit
    return rows
