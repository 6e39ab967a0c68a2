"""The rows of the table: training steps, updates, whole fits."""

import warnings
from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional as tf

import fastdl.functional as F
from benchmarks.nets import NETS, Net
from fastdl import losses, optim
from peers.harness import Contest, Run
from peers.torch_nets import TorchNet

STEPS_TO_AGREE = 3


def repeated(step: Callable[[], object]) -> Run:
    def run(count: int) -> None:
        for _ in range(count):
            step()

    return run


# --- training steps


def training_step(net: Net, threads: int, compiled: bool) -> Contest:
    """One batch through each: zero_grad, forward, loss, backward, optimizer step."""
    X, y = net.data(net.batch)
    program = net.compile(threads)
    rates, order = np.array([net.rate]), np.arange(net.batch)

    def fastdl_steps(count: int) -> None:
        program.train_epoch(X, y, np.tile(order, count), rates)

    sides = {"fastdl": fastdl_steps, "torch eager": repeated(torch_step(net, program)[0])}
    if len(net.input_shape) == 3:
        sides["torch channels_last"] = repeated(torch_step(net, program, channels_last=True)[0])
    if compiled:
        sides["torch compile"] = repeated(torch_step(net, program, compiled=True)[0])
    flops = net.batch * TorchNet(net.layers, net.input_shape).training_flops
    return Contest(sides, lambda: weights_after(net, threads), 1e-2, flops)


def torch_step(net: Net, program, channels_last: bool = False, compiled: bool = False):
    """One step in PyTorch from the program's present weights, and the net that it trains."""
    X, y = (torch.from_numpy(a) for a in net.data(net.batch))
    regression = isinstance(net.loss, losses.SquaredError)
    if X.ndim == 4:
        X = X.permute(0, 3, 1, 2).contiguous()
    torch_net = TorchNet(net.layers, net.input_shape)
    torch_net.load(program.get_parameter)
    module = torch_net.module
    if channels_last:
        X = X.contiguous(memory_format=torch.channels_last)
        module = module.to(memory_format=torch.channels_last)
    target = y if regression else y.long()

    def loss_of(X: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        out = module(X)
        if regression:
            return tf.mse_loss(out, target, reduction="sum") * (0.5 / len(X))
        return tf.cross_entropy(out, target)

    if compiled:
        torch.compiler.reset()  # or, after eight nets, it would quietly go on in eager mode
        loss_of = torch.compile(loss_of)
    optimizer = torch_optimizer(net, list(module.parameters()))

    def step() -> None:
        optimizer.zero_grad()
        loss_of(X, target).backward()
        optimizer.step()

    return step, torch_net


def torch_optimizer(net: Net, parameters: list[torch.nn.Parameter]) -> torch.optim.Optimizer:
    """The same rule, in PyTorch's fastest form."""
    if isinstance(net.optimizer, optim.Adam):
        return torch.optim.Adam(parameters, lr=net.rate, fused=True)
    momentum = getattr(net.optimizer, "momentum", 0.0)
    return torch.optim.SGD(parameters, lr=net.rate, momentum=momentum, fused=True)


def weights_after(net: Net, threads: int) -> float:
    """How far the weights' changes differ after three steps, relative to the changes."""
    X, y = net.data(net.batch)
    program = net.compile(threads)
    start = {p.name: program.get_parameter(p.name) for p in program.parameters}
    step, torch_net = torch_step(net, program)
    for _ in range(STEPS_TO_AGREE):
        step()
        program.train_epoch(X, y, np.arange(net.batch), np.array([net.rate]))
    apart = change = 0.0
    for name, (parameter, layout) in torch_net.parameters.items():
        theirs = parameter.detach().numpy()
        apart += float(np.square(layout(program.get_parameter(name)) - theirs).sum())
        change += float(np.square(layout(start[name]) - theirs).sum())
    return (apart / change) ** 0.5


# --- updates


def adam_update(n: int) -> Contest:
    rng = np.random.default_rng(0)
    start, grads = (rng.standard_normal(n, dtype=np.float32) for _ in range(2))

    def ours():
        params = start.copy()
        state = F.adam_step(params, grads, lr=1e-3)
        return params, lambda: F.adam_step(params, grads, state, lr=1e-3)

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
        change = a - start
        return float(np.abs(a - b.detach().numpy()).max() / np.abs(change).max())

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
    return rows
