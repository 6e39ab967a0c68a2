"""PyTorch's side: the same step in TF32 with a fused optimizer, eager, compiled or as one graph."""

from collections.abc import Callable, Iterator

import torch
from torch.nn import functional as tf

from benchmarks.nets import Net
from fastdl import optim
from peers.cuda.timing import milliseconds
from peers.torch_nets import TorchNet

Side = tuple[str, Callable[[], float]]


def steps(net: Net, *, compiled: bool, rehearse: bool) -> Iterator[Side]:
    """A training step in each way that PyTorch has."""
    for form in ("channels_last", "") if len(net.input_shape) == 3 else ("",):
        for is_compiled in (False, True) if compiled else (False,):
            for graph in (False,) if rehearse else (True, False):
                words = ["torch", form, "compile" if is_compiled else "", "graph" if graph else ""]
                name = " ".join(word for word in words if word)
                yield (
                    name if graph or is_compiled else f"{name} eager",
                    lambda form=form, c=is_compiled, g=graph: _step(net, form, c, g, rehearse),
                )


def _step(net: Net, form: str, compiled: bool, graph: bool, rehearse: bool) -> float:
    fast_products()
    device = "cpu" if rehearse else "cuda"
    module = TorchNet(net.layers, net.input_shape).module.to(device)
    X, y = (torch.from_numpy(a).to(device) for a in net.data(net.batch))
    y = y.long()
    if X.ndim == 4:
        X = X.permute(0, 3, 1, 2).contiguous()
    if form:
        X = X.contiguous(memory_format=torch.channels_last)
        module = module.to(memory_format=torch.channels_last)
    optimizer = _optimizer(net, list(module.parameters()), capturable=graph)

    def loss_of(X: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return tf.cross_entropy(module(X), y)

    if compiled:
        torch.compiler.reset()
        loss_of = torch.compile(loss_of)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        loss_of(X, y).backward()
        optimizer.step()

    return timed(recorded(step) if graph else step, device)


def fast_products() -> None:
    """TF32 wherever PyTorch can, and the fastest of cuDNN's algorithms."""
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True


def _optimizer(net: Net, parameters: list, *, capturable: bool) -> torch.optim.Optimizer:
    parameters = [p for p in parameters if p.requires_grad]
    if isinstance(net.optimizer, optim.Adam):
        return torch.optim.Adam(parameters, lr=net.rate, fused=True, capturable=capturable)
    return torch.optim.SGD(parameters, lr=net.rate, momentum=0.9, fused=True)


def recorded(step: Callable[[], None]) -> Callable[[], None]:
    """The whole step as one CUDA graph."""
    beside = torch.cuda.Stream()
    beside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(beside):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(beside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def timed(step: Callable[[], object], device: str) -> float:
    """Milliseconds of one among many, to the end of the last."""

    def run(count: int) -> None:
        for _ in range(count):
            step()
        if device == "cuda":
            torch.cuda.synchronize()

    return milliseconds(run)


def adam(n: int, rehearse: bool) -> float:
    """Of an update of n parameters."""
    device = "cpu" if rehearse else "cuda"
    weights = torch.nn.Parameter(torch.randn(n, device=device))
    weights.grad = torch.randn(n, device=device)
    optimizer = torch.optim.Adam([weights], lr=1e-3, fused=True, capturable=not rehearse)
    return timed(optimizer.step if rehearse else recorded(optimizer.step), device)


def copy(rehearse: bool) -> float:
    """Of a copy of 1 GiB: what the memory gives."""
    device = "cpu" if rehearse else "cuda"
    source = torch.zeros((1 << 20 if rehearse else 1 << 28), device=device)
    target = torch.empty_like(source)
    return timed(lambda: target.copy_(source), device)
