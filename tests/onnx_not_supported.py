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

_ATTENTION = "a product of two matrices that depend on the input"
_FACTORS = "a product with more than a matrix of weights"
_GAPS = "the largest of windows with gaps"

# Cases that are networks, of which `from_onnx` says that no layers stand for them.
NETWORKS: dict[str, str] = {
    "test_flexattention_prob_mod_expanded_ver26": _ATTENTION,
    "test_flexattention_score_mod_expanded_ver26": _ATTENTION,
    "test_flexattention_soft_cap_expanded_ver26": _ATTENTION,
    "test_gather_2d_indices": "indices with axes of their own",
    "test_group_normalization_epsilon_expanded": "branches cross: the mean is used twice",
    "test_group_normalization_example_expanded": "branches cross: the mean is used twice",
    "test_matmul_4d": _FACTORS,
    "test_matmul_4d_1d": _FACTORS,
    "test_matmul_bcast": _FACTORS,
    "test_maxpool_2d_dilations": _GAPS,
    "test_MaxPool1d_stride_padding_dilation": _GAPS,
    "test_MaxPool2d_stride_padding_dilation": _GAPS,
    "test_pow_bcast_array": "exponents that differ",
    "test_resize_tf_crop_and_resize_axes_2_3": "a region of interest",
    "test_resize_tf_crop_and_resize_axes_3_2": "a region of interest",
    "test_slice_start_out_of_bounds": "nothing is left of the samples",
}
