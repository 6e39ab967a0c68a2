"""Steps of the optimizers, in place, and the embedding."""

import numpy as np
import pytest
from functional_calls import TOLERANCE, normal

import fastdl.functional as F

# fmt: off
TORCH_STEPS = [
    (F.sgd_step, "SGD", {}, {}),
    (F.adagrad_step, "Adagrad", {}, {"eps": 1e-8}),
    (F.adadelta_step, "Adadelta", {}, {"rho": 0.95}),
    (F.rmsprop_step, "RMSprop", {}, {"alpha": 0.9}),
    (F.adamw_step, "AdamW", {"weight_decay": 0.1}, {"weight_decay": 0.1}),
    (F.nadam_step, "NAdam", {}, {}),
]


# fmt: on


@pytest.mark.parametrize(("step", "name", "options", "theirs"), TORCH_STEPS)
def test_steps_are_pytorchs(step, name, options, theirs, dtype):
    torch = pytest.importorskip("torch")
    params = [normal(4, 3).astype(dtype), normal(5).astype(dtype)]
    tensors = [torch.tensor(p, requires_grad=True) for p in params]
    optimizer = getattr(torch.optim, name)(tensors, lr=0.01, **theirs)
    state = None
    for i in range(5):
        grads = [normal(*p.shape, seed=i + 1).astype(dtype) for p in params]
        for tensor, g in zip(tensors, grads, strict=True):
            tensor.grad = torch.tensor(g)
        optimizer.step()
        state = step(params, grads, state, lr=0.01, **options)
    assert state.steps == 5
    tolerance = max(
        TOLERANCE[dtype], 1e-7 if name == "NAdam" else 0
    )  # its product of mu is float32
    for p, tensor in zip(params, tensors, strict=True):
        np.testing.assert_allclose(p, tensor.detach().numpy(), rtol=tolerance)


@pytest.mark.parametrize("kind", ["momentum", "nesterov", "adam"])
def test_steps_are_scikit_learns(kind):
    optimizers = pytest.importorskip("sklearn.neural_network._stochastic_optimizers")
    w = normal(4, 3)
    theirs = [w.copy()]
    if kind == "adam":
        optimizer = optimizers.AdamOptimizer(theirs, 0.01)
    else:
        optimizer = optimizers.SGDOptimizer(theirs, 0.01, nesterov=kind == "nesterov")
    step, state = getattr(F, f"{kind}_step"), None
    for i in range(5):
        g = normal(4, 3, seed=i + 1)
        optimizer.update_params(theirs, [g])
        state = step(w, g, state, lr=0.01)
    np.testing.assert_allclose(w, theirs[0], rtol=1e-12)


@pytest.mark.parametrize("name", [name for name in F.__all__ if name.endswith("_step")])
def test_steps_in_place_and_strided(name):
    step = getattr(F, name)
    dense, strided = normal(6, 4), np.empty((6, 8))[:, ::2]
    strided[...] = dense
    states = None, None
    for i in range(3):
        g = normal(6, 4, seed=i + 1)
        states = step(dense, g, states[0], lr=0.1), step(strided, g.tolist(), states[1], lr=0.1)
    np.testing.assert_array_equal(strided, dense)


@pytest.mark.parametrize("name", [name for name in F.__all__ if name.endswith("_step")])
def test_steps_read_grads_that_are_read_only(name):
    step = getattr(F, name)
    params, grads = normal(6, 4), normal(6, 4)
    other = params.copy()
    state = step(other, grads, lr=0.1)
    grads.setflags(write=False)
    same = step(params, grads, lr=0.1)
    np.testing.assert_array_equal(params, other)
    step([params], (grads,), None)
    assert same.steps == state.steps == 1


def test_embedding_into_out():
    table, ids = normal(5, 3), np.array([[4, 0], [2, 4]])
    for out in (np.empty((2, 2, 3)), np.empty((2, 2, 6))[..., ::2]):
        assert F.embedding(ids, table, out=out) is out
        np.testing.assert_array_equal(out, table[ids])
    own = table.copy()
    F.embedding([4, 3, 2, 1, 0], own, out=own)
    np.testing.assert_array_equal(own, table[::-1])
