"""A training step in fastdl and in PyTorch: zero_grad, forward, loss, backward, optimizer step."""

import math

import numpy as np
import torch
from torch.nn import functional as tf

from benchmarks.nets import NETS, Net
from fastdl import losses, optim
from peers.footprint import megabytes
from peers.harness import Contest, Run, repeated
from peers.torch_nets import TorchNet

STEPS_TO_AGREE = 3
# Adam starts with the signs of the gradients: those that round to the other side of 0 differ by all
# of their weights' change, and so does a whole unit if its input does.
TOLERANCE = 5e-2
# 57 layers with batch norm: 0.10 apart after three steps, where float64 gradients agree to 6e-14.
WIDER = {"googlenet": 0.2}


def training_step(name: str, threads: int, compiled: bool) -> Contest:
    """One batch through each, again and again."""
    net = NETS[name]
    program = net.compile(threads)
    sides = {"fastdl": steps_of(net, program), "torch eager": repeated(TorchStep(net, program))}
    if len(net.input_shape) == 3:
        sides["torch channels_last"] = repeated(TorchStep(net, program, channels_last=True))
    if compiled:
        sides["torch compile"] = repeated(TorchStep(net, program, compiled=True))
    return Contest(
        sides,
        lambda: difference_after(net, threads),
        WIDER.get(name, TOLERANCE),
        net.batch * TorchNet(net.layers, net.input_shape).training_flops,
        steps_of(net, net.compile(1)) if threads > 1 else None,
        lambda: megabytes(name),
    )


def steps_of(net: Net, program) -> Run:
    X, y = net.data(net.batch)
    rates, order = np.array([net.rate]), np.arange(net.batch)
    return lambda count: program.train_epoch(X, y, np.tile(order, count), rates)


class TorchStep:
    """One step in PyTorch, starting from the program's present weights."""

    def __init__(self, net: Net, program, channels_last=False, compiled=False) -> None:
        self.net = TorchNet(net.layers, net.input_shape)
        self.net.load(program.get_parameter)
        module = self.net.module
        X, y = (torch.from_numpy(a) for a in net.data(net.batch))
        if X.ndim == 4:
            X = X.permute(0, 3, 1, 2).contiguous()
        if channels_last:
            X = X.contiguous(memory_format=torch.channels_last)
            module = module.to(memory_format=torch.channels_last)
        regression = isinstance(net.loss, losses.SquaredError)
        self.batch = (X, y if regression else y.long())

        def loss_of(X: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            if regression:
                return tf.mse_loss(module(X), y, reduction="sum") * (0.5 / len(X))
            return tf.cross_entropy(module(X), y)

        if compiled:
            torch.compiler.reset()  # or, after eight nets, it would quietly go on in eager mode
        self.loss_of = torch.compile(loss_of) if compiled else loss_of
        self.optimizer = torch_optimizer(net, list(module.parameters()))

    def __call__(self) -> None:
        self.optimizer.zero_grad()
        self.loss_of(*self.batch).backward()
        self.optimizer.step()


def torch_optimizer(net: Net, parameters: list[torch.nn.Parameter]) -> torch.optim.Optimizer:
    """The same rule, in PyTorch's fastest form."""
    if isinstance(net.optimizer, optim.Adam):
        return torch.optim.Adam(parameters, lr=net.rate, fused=True)
    momentum = getattr(net.optimizer, "momentum", 0.0)
    return torch.optim.SGD(parameters, lr=net.rate, momentum=momentum, fused=True)


def adam_eps(rule: optim.Adam, t: int) -> float:
    """For PyTorch, which adds it after the correction of v, scikit-learn before."""
    return rule.eps / math.sqrt(1 - rule.beta2**t)


def difference_after(net: Net, threads: int) -> float:
    """How far the weights' changes differ after three steps, relative to the changes."""
    X, y = net.data(net.batch)
    program = net.compile(threads)
    start = {p.name: program.get_parameter(p.name) for p in program.parameters}
    step = TorchStep(net, program)
    for t in range(1, STEPS_TO_AGREE + 1):
        for group in step.optimizer.param_groups:
            if "eps" in group:
                group["eps"] = adam_eps(net.optimizer, t)
        step()
        program.train_epoch(X, y, np.arange(net.batch), np.array([net.rate]))
    apart = change = 0.0
    for name, parameter, layout in step.net.parameters:
        theirs = parameter.detach().numpy()
        apart += float(np.square(layout(program.get_parameter(name)) - theirs).sum())
        change += float(np.square(layout(start[name]) - theirs).sum())
    return math.sqrt(apart / change)
