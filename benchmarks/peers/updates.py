"""An optimizer's update alone, in fastdl and in PyTorch."""

import numpy as np
import torch

import fastdl.functional as F
from peers.harness import Contest, repeated
from peers.steps import STEPS_TO_AGREE


def adam_update(n: int) -> Contest:
    """Adam on n parameters."""
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
