"""Every estimator's fit with `device="cuda"`, on the emulated GPU: as on the CPU, and in any order.

Device memory is hidden from the host, and streams work as late as they may.
"""

import gc
import pickle
from typing import Any

import numpy as np
import pytest

import backends
from promises import CASES, Case, answers, facts

test_backends = pytest.importorskip("fastdl._test_backends")
pytestmark = pytest.mark.usefixtures("emulated_gpu")

# BatchNorm takes biases before it away: their gradients are rounding, which Adam makes steps of.
LIMITS = {"NetClassifier": 1e-2, "SuperResolver-pictures": 1e-2}
ON_GPUS = [case for case in CASES if "device" in case.estimator.get_params()]


def flat(value: Any) -> np.ndarray:
    """An answer, or answers of several lengths, as numbers side by side."""
    parts = value if isinstance(value, list) else [value]
    return np.concatenate([np.ravel(part) for part in parts])


def numbers(estimator: Any, case: Case) -> dict[str, np.ndarray]:
    """What it says of its data in numbers, and its losses."""
    found = {"losses": np.ravel(getattr(estimator, "loss_curve_", []))}
    if not case.name.startswith("ObjectDetector"):  # gives boxes, of which there may be fewer
        found |= {name: flat(value) for name, value in answers(estimator, case.X).items()}
    return {name: value for name, value in found.items() if value.dtype.kind in "fu"}


@pytest.mark.share(10)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=pytest.mark.slow) if case.name.startswith("SuperRes") else case
        for case in ON_GPUS
    ],
    ids=lambda case: case.name,
)
def test_fit(case: Case) -> None:
    expected = numbers(case.fitted(), case)
    first = None
    for order in ("forward", "random"):
        test_backends.emulate(order=order, hide=True, late=True)
        fitted = case.fitted(device="cuda")
        assert fitted.device_ == "cuda:0"
        found = numbers(fitted, case)
        first = first or facts(found)
        assert facts(found) == first, f"threads in {order} order"
        limit = LIMITS.get(case.name, 1e-5)
        for name, value in expected.items():
            scale = np.max(np.abs(value.astype(float)), initial=1e-3)
            np.testing.assert_allclose(
                found[name].astype(float), value.astype(float), 0, limit * scale, err_msg=name
            )
        del fitted
    gc.collect()
    assert test_backends.allocated_bytes() == 0


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.name.startswith("Seq2Seq")], ids=lambda case: case.name
)
def test_answers_of_a_decoder(case: Case) -> None:
    """With all that is known of them; and those of what a pickle brings back, on either device."""
    test_backends.emulate(hide=True, late=True)
    cpu, gpu = case.fitted(), case.fitted(device="cuda")
    y = cpu.predict(case.X)
    copy, moved = (pickle.loads(pickle.dumps(gpu)) for _ in range(2))
    assert copy.program_.backend == backends.EMULATED
    for fitted in gpu, copy, moved.set_params(device="cpu"):
        np.testing.assert_array_equal(fitted.predict(case.X), y)
    for mine, other in zip(gpu.translate(case.X[0], 3), cpu.translate(case.X[0], 3), strict=True):
        assert mine.y == other.y
        np.testing.assert_allclose(mine.log_likelihood, other.log_likelihood, rtol=1e-4)
    found, expected = (fitted.log_likelihood(case.X, case.y) for fitted in (gpu, cpu))
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    for a, b in zip(*(fitted.attention_weights(case.X) for fitted in (gpu, cpu)), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)
