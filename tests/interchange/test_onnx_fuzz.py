"""Damaged and made-up ONNX models are refused with one of two errors."""

import pytest

import fuzz_onnx


@pytest.mark.slow
def test_mutated_onnx_models() -> None:
    seen = fuzz_onnx.run(0, 1000)
    assert seen["problems"] == 0
    assert seen["refused"] > 400
    assert seen["read"] > 50
