"""Damaged and made-up model files are refused with one kind of error, quickly, in little memory."""

import pytest

import fuzz


@pytest.mark.slow
def test_mutated_model_files():
    """3,000 of the 100,000 that `make fuzz` reads."""
    seen = fuzz.run(0, 3000)
    assert seen["problems"] == 0
    assert seen["refused"] > 1500
    assert seen["read"] > 100
