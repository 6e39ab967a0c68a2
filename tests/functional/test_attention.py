"""fastdl.functional.attention: by its formula, on padding, in fastdl.autodiff; messages."""

from pathlib import Path

import numpy as np
import pytest

import fastdl.functional as F
from fastdl.autodiff import grad
from fastdl.testing import check_gradients


def _draw(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape) for shape in shapes]


Q, K, V, W = _draw((3, 2, 5), (3, 4, 5), (3, 4, 6), (5,))
LENGTHS = np.array([4, 0, 3])


def by_formula(i: int, n: int, score: str) -> tuple[np.ndarray, np.ndarray]:
    q, k = Q[i][:, np.newaxis], K[i, :n]
    scores = (q * k).sum(axis=2) if score == "dot" else np.tanh(q + k) @ W
    weights = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return weights, weights @ V[i, :n]


@pytest.mark.parametrize("score", ["dot", "additive"])
def test_formula(score: str) -> None:
    """What stands past a length has weight 0, and is not read."""
    k, v = K.copy(), V.copy()
    for i, n in enumerate(LENGTHS):
        k[i, n:], v[i, n:] = np.nan, np.nan
    w = None if score == "dot" else W
    y, weights = F.attention(Q, k, v, w, lengths=LENGTHS, score=score, return_weights=True)
    for i, n in enumerate(LENGTHS):
        expected, mean = by_formula(i, n, score)
        np.testing.assert_allclose(weights[i, :, :n], expected, atol=1e-14)
        np.testing.assert_array_equal(weights[i, :, n:], 0)
        np.testing.assert_allclose(y[i], mean if n else 0, atol=1e-14)
    gradients = F.attention_backward(np.ones_like(y), Q, k, v, w, LENGTHS, score)
    for d in gradients[1:3]:
        assert d is not None
        assert not d[1].any()
        assert not d[2, 3].any()


def test_pytorch() -> None:
    """Its `scaled_dot_product_attention(scale=1)`: tests/data/torch/make_seq2seq.py."""
    path = Path(__file__).parents[1] / "data" / "torch" / "seq2seq.npz"
    with np.load(path) as stored:
        q, k, v, dy, y, *expected = (
            stored[f"attention/{name}"] for name in ("q", "k", "v", "dy", "y", "dq", "dk", "dv")
        )
        lengths = stored["lengths"]
    np.testing.assert_allclose(F.attention(q, k, v, lengths=lengths), y, rtol=0, atol=1e-13)
    found = F.attention_backward(dy, q, k, v, lengths=lengths)
    for d, e in zip(found, expected, strict=False):
        np.testing.assert_allclose(d, e, rtol=0, atol=1e-13)


@pytest.mark.parametrize("score", ["dot", "additive"])
def test_gradients(score: str) -> None:
    """By central differences; float32, strides and out= as everywhere."""
    w = () if score == "dot" else (W,)
    options = {"lengths": np.array([4, 1, 3]), "score": score}
    arrays = (Q, K, V, *w)
    check_gradients(
        lambda *a: F.attention(*a, **options),
        list(arrays),
        backward=lambda dy, *a: F.attention_backward(dy, *a, **options),
    )
    y = F.attention(*arrays, **options)
    single = F.attention(*(a.astype(np.float32) for a in arrays), **options)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, y, atol=1e-5)
    out = np.empty_like(y)
    strided = F.attention(*map(np.asfortranarray, arrays), **options, out=out)
    assert strided is out
    np.testing.assert_array_equal(out, y)
    needs = (True, False, True, False)[: len(arrays)]
    some = F.attention_backward(np.ones_like(y), *arrays, **options, needs=needs)
    assert [d is not None for d in some] == list(needs)
    empty = F.attention(*(a[:0] for a in arrays[:3]), *w, score=score)
    assert empty.shape == (0, 2, 6)


@pytest.mark.parametrize("score", ["dot", "additive"])
def test_autodiff(score: str) -> None:
    """The rule of fastdl.autodiff agrees with the backward of the core."""
    w = () if score == "dot" else (W,)
    weight = np.random.default_rng(1).normal(size=(3, 2, 6))
    lengths = np.array([4, 1, 3])

    def f(*arrays: np.ndarray) -> np.ndarray:
        return (F.attention(*arrays, lengths=lengths, score=score) * weight).sum()

    arrays = (Q, K, V, *w)
    expected = F.attention_backward(weight, *arrays, lengths=lengths, score=score)
    for i, d in enumerate(expected):
        np.testing.assert_allclose(grad(f, argnums=i)(*arrays), d, atol=1e-12)


BAD = [
    (
        lambda: F.attention(Q, K, V, score="cosine"),
        "attention(): score='cosine' is not known. Choose from 'dot', 'additive'.",
    ),
    (lambda: F.attention(Q, K, V, W), "attention(): score='dot' takes no w."),
    (lambda: F.attention(Q, K, V, score="additive"), "score='additive' needs w, of shape (size,)."),
    (lambda: F.attention(Q, K[:2], V), "attention(): k has shape (2, 4, 5); expected (3, 4, 5)."),
    (lambda: F.attention(Q[0], K, V), "attention(): q has shape (2, 5); expected"),
    (lambda: F.attention(Q, K, V, lengths=[5, 1, 1]), "lengths[0] is 5, but k has 4 steps"),
    (
        lambda: F.attention(Q, K, V, lengths=[1, 1]),
        "expected 3 integers, one for each sequence of k",
    ),
]


@pytest.mark.parametrize(("call", "text"), BAD, ids=range(len(BAD)))
def test_messages(call: object, text: str) -> None:
    with pytest.raises(ValueError, match=".") as caught:
        call()  # type: ignore[operator]
    assert text in str(caught.value)
