"""Cases of onnx's own backend tests that the backend does not answer as onnx stores it, and why.

All others pass; the tests compare the two lists. What onnx's reference evaluator, the frame of the
backend, does itself is not fastdl's.
"""

_RANDOM = "draws at random"
_FRAME = "onnx's reference evaluator does not run it either"
_OLD = "an operator that later opsets, and the reference evaluator, do not have"

BACKEND: dict[str, str] = {
    "test_attention_4d_causal_fp16_expanded_cpu": "float16 is computed in float32",
    "test_bernoulli_cpu": _RANDOM,
    "test_bernoulli_double_cpu": _RANDOM,
    "test_bernoulli_double_expanded_cpu": _RANDOM,
    "test_bernoulli_expanded_cpu": _RANDOM,
    "test_bernoulli_seed_cpu": _RANDOM,
    "test_bernoulli_seed_expanded_cpu": _RANDOM,
    "test_if_opt_cpu": _FRAME,
    "test_loop16_seq_none_cpu": _FRAME,
    "test_range_bfloat16_type_positive_delta_expanded_cpu": _FRAME,
    "test_range_float16_type_positive_delta_expanded_cpu": _FRAME,
    "test_range_float_type_positive_delta_expanded_cpu": _FRAME,
    "test_range_int32_type_negative_delta_expanded_cpu": _FRAME,
    "test_scan_sum_cpu": _FRAME,
    "test_scatter_with_axis_cpu": _OLD,
    "test_scatter_without_axis_cpu": _OLD,
}
