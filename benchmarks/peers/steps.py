"""A training step in fastdl and in PyTorch: zero_grad, forward, loss, backward, optimizer step."""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional as tf

from benchmarks.nets import Net
from fastdl import losses, optim
from peers.harness import Contest, Run, repeated
from peers.torch_nets import TorchNet
from peers.torch_objects import objects_as_points, shown_by

STEPS_TO_AGREE = 3
# Adam starts with the signs of the gradients: those that round to the other side of 0 differ by all
# of their weights' change, and so does a whole unit if its input does.
TOLERANCE = 5e-2


def training_step(
    net: Net,
    threads: int,
    compiled: bool,
    tolerance: float = TOLERANCE,
    megabytes: Callable[[], dict[str, float]] = dict,
) -> Contest:
    """One batch through each, again and again."""
    program = net.compile(threads)
    sides = {"fastdl": steps_of(net, program), "torch eager": repeated(TorchStep(net, program))}
    if len(net.input_shape) == 3:
        sides["torch channels_last"] = repeated(TorchStep(net, program, channels_last=True))
    if compiled:
        sides["torch compile"] = repeated(TorchStep(net, program, compiled=True))
    return Contest(
        sides,
        lambda: difference_after(net, threads),
        tolerance,
        net.batch * TorchNet(net.layers, net.input_shape).training_flops,
        steps_of(net, net.compile(1)) if threads > 1 else None,
        megabytes,
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
        given, targets = net.data(net.batch)
        if net.loss.boxes:  # made once: PyTorch's side has its targets for nothing
            targets = shown_by(targets, net.input_shape, program.output_shape)
        X, y = self.net.input(given), torch.from_numpy(targets)
        if channels_last:
            X = X.contiguous(memory_format=torch.channels_last)
            module = module.to(memory_format=torch.channels_last)
        loss_of_output = LOSSES[type(net.loss)]
        self.batch = (X, y if y.is_floating_point() else y.long())

        def loss_of(X: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return loss_of_output(module(X), y)

        if compiled:
            torch.compiler.reset()  # or, after eight nets, it would quietly go on in eager mode
        self.loss_of = torch.compile(loss_of) if compiled else loss_of
        self.optimizer = torch_optimizer(net, list(module.parameters()))

    def __call__(self) -> None:
        self.optimizer.zero_grad()
        self.loss_of(*self.batch).backward()
        self.optimizer.step()


def half_squared_error(output: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return tf.mse_loss(output, y, reduction="sum") * (0.5 / len(output))


LOSSES = {
    losses.SoftmaxCrossEntropy: tf.cross_entropy,
    losses.SquaredError: half_squared_error,
    losses.ObjectsAsPoints: objects_as_points,
}


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
