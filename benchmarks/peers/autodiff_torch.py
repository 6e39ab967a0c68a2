"""PyTorch under NumPy's names, as far as the models of `autodiff_models` go."""

from types import SimpleNamespace

import numpy as np
import torch

torch.set_num_threads(1)


def _arrays(x):
    if isinstance(x, (list, tuple)):
        return [_arrays(a) for a in x]
    return torch.as_tensor(np.asarray(x, dtype=float))


def _grad(f):
    def gradient(p):
        leaves = p if isinstance(p, list) else [p]
        for leaf in leaves:
            leaf.requires_grad_(True)
        return torch.autograd.grad(f(p), leaves)

    return gradient


def _logsumexp(x, axis):
    return torch.logsumexp(x, dim=axis)


_xp = SimpleNamespace(
    sin=torch.sin, tanh=torch.tanh, exp=torch.exp, log=torch.log, sum=torch.sum, mean=torch.mean,
    dot=torch.matmul, zeros=lambda shape: torch.zeros(shape, dtype=torch.float64),
    maximum=lambda a, b: torch.clamp(a, min=b), logsumexp=_logsumexp,
    softplus=torch.nn.functional.softplus,
)  # fmt: skip
TORCH = (_xp, _arrays, _grad)
