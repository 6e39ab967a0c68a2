"""One line for each use of a rule: a name, a function, the shapes or arrays of its arguments.

Shapes become normal numbers; "+" in front of the name asks for positive ones, "~" for numbers
inside (-0.9, 0.9).
"""

import numpy as np
import scipy.special as special
from numpy.lib.stride_tricks import sliding_window_view

A = (3, 4)
S = (3, 3)
V = (5,)
mask = np.array([[True, False, True, True], [False, True, True, False], [True, True, False, True]])
index = np.array([[0, 2], [2, 2]])
spd = np.array([[3.0, 0.5, 0.2], [0.5, 2.0, 0.3], [0.2, 0.3, 1.5]])
zeros = np.array([[1.0, 0.0, 2.0], [0.0, 3.0, 0.0], [1.5, -2.0, 0.5]])


def symmetric(a):
    return a + np.swapaxes(a, -1, -2)


ELEMENTWISE = [
    ("add", lambda a, b: a + b, A, A),
    ("add_broadcast", lambda a, b: a + b, A, (4,)),
    ("add_broadcast_both", lambda a, b: a + b, (3, 1), (1, 4)),
    ("add_number", lambda a: 2 + a, A),
    ("add_scalar_argument", lambda a, b: a + b, A, ()),
    ("subtract", lambda a, b: a - b, A, (3, 1)),
    ("rsubtract", lambda a: 1.0 - a, A),
    ("multiply", lambda a, b: a * b, A, (4,)),
    ("multiply_self", lambda a: a * a * a, A),
    ("+divide", lambda a, b: a / b, A, (4,)),
    ("+rdivide", lambda a: 1 / a, A),
    ("negative", lambda a: -a, A),
    ("positive", lambda a: +a, A),
    ("+power", lambda a, b: a**b, A, A),
    ("power_2", lambda a: a**2, A),
    ("power_3", lambda a: a**3, A),
    ("power_0", lambda a: a**0 + a, A),
    ("+power_half", lambda a: a**0.5, A),
    ("+rpower", lambda a: 2.0**a, A),
    ("power_of_zero", lambda a: (a * 0.0) ** 2 + a, A),
    ("+float_power", lambda a, b: np.float_power(a, b), A, A),
    ("+ldexp", lambda a: np.ldexp(a, np.array([1, 2, 0, -1])), A),
    ("absolute", lambda a: np.abs(a), A),
    ("abs_of_python", lambda a: abs(a), A),
    ("fabs", np.fabs, A),
    ("square", np.square, A),
    ("+reciprocal", np.reciprocal, A),
    ("+sqrt", np.sqrt, A),
    ("+cbrt", np.cbrt, A),
    ("exp", np.exp, A),
    ("exp2", np.exp2, A),
    ("expm1", np.expm1, A),
    ("+log", np.log, A),
    ("+log2", np.log2, A),
    ("+log10", np.log10, A),
    ("+log1p", np.log1p, A),
    ("sin", np.sin, A),
    ("cos", np.cos, A),
    ("~tan", np.tan, A),
    ("~arcsin", np.arcsin, A),
    ("~arccos", np.arccos, A),
    ("arctan", np.arctan, A),
    ("sinh", np.sinh, A),
    ("cosh", np.cosh, A),
    ("tanh", np.tanh, A),
    ("arcsinh", np.arcsinh, A),
    ("+arccosh", lambda a: np.arccosh(a + 1), A),
    ("~arctanh", np.arctanh, A),
    ("deg2rad", np.deg2rad, A),
    ("radians", np.radians, A),
    ("rad2deg", np.rad2deg, A),
    ("degrees", np.degrees, A),
    ("maximum", np.maximum, A, A),
    ("minimum", np.minimum, A, (4,)),
    ("fmax", np.fmax, A, A),
    ("fmin", np.fmin, A, A),
    ("max_of_python", lambda a: max(a[0, 0], a[0, 1], a[0, 2]), A),
    ("sum_of_python", lambda a: sum(a), A),
    ("sorted_of_python", lambda a: sorted(a)[1], V),
    ("hypot", np.hypot, A, A),
    ("arctan2", np.arctan2, A, A),
    ("logaddexp", np.logaddexp, A, (4,)),
    ("logaddexp_of_minus_inf", lambda a: np.logaddexp(-np.inf, a), A),
    ("logaddexp2", np.logaddexp2, A, A),
    ("copysign", lambda a: np.copysign(a, np.array([1.0, -1, 1, -1])), A),
    ("+remainder", lambda a, b: np.remainder(10 * a, b), A, A),
    ("+mod_operator", lambda a: (10 * a) % 3.0, A),
    ("+fmod", lambda a, b: np.fmod(10 * a, b), A, A),
    ("heaviside", lambda a, b: np.heaviside(a, b) + a * b, A, A),
    ("sinc", np.sinc, A),
    ("sinc_at_0", lambda a: np.sinc(a * 1e-3), A),
    ("real", lambda a: np.real(a), A),
    ("imag", lambda a: a * a + np.imag(a), A),
    ("angle", lambda a: a * np.cos(np.angle(a)), A),
    ("conjugate", lambda a: np.conjugate(a), A),
    ("nan_to_num", lambda a: np.nan_to_num(a), A),
    ("where", lambda a, b: np.where(mask, a, b), A, A),
    ("where_broadcast", lambda a, b: np.where(mask, a, b), A, (4,)),
    ("where_number", lambda a: np.where(mask, a * a, 0.0), A),
    ("where_double", lambda a: np.where(mask, np.log(np.where(mask, a * a + 0.1, 1.0)), 0.0), A),
    ("select", lambda a, b: np.select([mask, ~mask], [a * a, b]), A, A),
    ("clip", lambda a: np.clip(a, -0.5, 0.5), A),
    ("clip_method", lambda a: a.clip(-0.5, None), A),
    ("clip_bounds", lambda a, b: np.clip(a, b, b + 1.0), A, A),
    ("expit", special.expit, A),
    ("log_expit", special.log_expit, A),
    ("~logit", lambda a: special.logit((a + 1) / 2), A),
    ("erf", special.erf, A),
    ("erfc", special.erfc, A),
    ("~erfinv", special.erfinv, A),
    ("ndtr", special.ndtr, A),
    ("log_ndtr", special.log_ndtr, A),
    ("+gammaln", special.gammaln, A),
    ("+psi", special.psi, A),
    ("+gamma", special.gamma, A),
    ("+xlogy", special.xlogy, A, A),
    ("+xlog1py", special.xlog1py, A, A),
    ("+entr", special.entr, A),
    ("+log1p_of_scipy", special.log1p, A),
    ("expm1_of_scipy", special.expm1, A),
    ("round_has_none", lambda a: np.round(a) + np.floor(a) + np.sign(a) + a, A),
    ("add_outer", lambda a, b: np.add.outer(a, b), V, (3,)),
    ("multiply_outer", lambda a, b: np.multiply.outer(a, b), (2, 2), (3,)),
    ("numbers", lambda a, b: np.sin(a) * b + a**2 / b, (), ()),
]

PRODUCTS = [
    ("matmul", lambda a, b: a @ b, A, (4, 2)),
    ("matmul_vector", lambda a, b: a @ b, A, (4,)),
    ("matmul_of_vector", lambda a, b: a @ b, (3,), A),
    ("matmul_vectors", lambda a, b: a @ b, V, V),
    ("matmul_stack", lambda a, b: a @ b, (2, 3, 4), (2, 4, 2)),
    ("matmul_stack_by_one", lambda a, b: a @ b, (2, 3, 4), (4, 2)),
    ("matmul_one_by_stack", lambda a, b: a @ b, (3, 4), (2, 4, 2)),
    ("matmul_stack_broadcast", lambda a, b: a @ b, (2, 1, 3, 4), (3, 4, 2)),
    ("matmul_stack_vector", lambda a, b: a @ b, (2, 3, 4), (4,)),
    ("matmul_vector_stack", lambda a, b: a @ b, (3,), (2, 3, 4)),
    ("matmul_constant", lambda a: np.arange(6.0).reshape(2, 3) @ a, A),
    ("matmul_same", lambda a: a @ a, S),
    ("dot", np.dot, A, (4, 2)),
    ("dot_vectors", np.dot, V, V),
    ("dot_scalar", np.dot, (), A),
    ("dot_high", np.dot, (2, 3, 4), (2, 4, 2)),
    ("dot_method", lambda a, b: a.dot(b), A, (4, 2)),
    ("inner", np.inner, A, (2, 4)),
    ("inner_high", np.inner, (2, 3, 4), (2, 4)),
    ("outer", np.outer, V, (3,)),
    ("outer_of_matrices", np.outer, (2, 2), (3,)),
    ("vdot", np.vdot, A, A),
    ("vecdot", np.vecdot, A, A),
    ("tensordot_1", lambda a, b: np.tensordot(a, b, 1), A, (4, 2)),
    ("tensordot_2", lambda a, b: np.tensordot(a, b, 2), (2, 3, 4), (3, 4, 2)),
    ("tensordot_0", lambda a, b: np.tensordot(a, b, 0), V, (2,)),
    ("tensordot_axes", lambda a, b: np.tensordot(a, b, ([0, 2], [1, 0])), (2, 3, 4), (4, 2)),
    ("kron", np.kron, (2, 3), (2, 2)),
    ("kron_of_ranks", np.kron, (2,), (2, 2)),
    ("cross", np.cross, (4, 3), (4, 3)),
    ("cross_axis", lambda a, b: np.cross(a, b, axis=0), (3, 4), (3, 4)),
    ("multi_dot", lambda a, b, c: np.linalg.multi_dot([a, b, c]), (2, 3), (3, 4), (4, 2)),
    ("matrix_power_3", lambda a: np.linalg.matrix_power(a, 3), S),
    ("matrix_power_0", lambda a: np.linalg.matrix_power(a, 0) + a, S),
    ("matrix_power_negative", lambda a: np.linalg.matrix_power(a + 3 * np.eye(3), -2), S),
    ("trace", np.trace, A),
    ("trace_offset", lambda a: np.trace(a, 1), A),
    ("trace_stack", lambda a: np.trace(a, axis1=1, axis2=2), (2, 3, 4)),
    ("einsum_matmul", lambda a, b: np.einsum("ij,jk->ik", a, b), A, (4, 2)),
    ("einsum_implicit", lambda a, b: np.einsum("ij,jk", a, b), A, (4, 2)),
    ("einsum_trace", lambda a: np.einsum("ii", a), S),
    ("einsum_diagonal", lambda a: np.einsum("ii->i", a), S),
    ("einsum_lists", lambda a, b: np.einsum(a, [0, 1], b, [1, 2], [0, 2]), A, (4, 2)),
    ("einsum_lists_implicit", lambda a, b: np.einsum(a, [3, 1], b, [1, 2]), A, (4, 2)),
    ("einsum_lists_ellipsis", lambda a: np.einsum(a, [..., 1], [1, ...]), A),
    ("einsum_sum", lambda a: np.einsum("ij->j", a), A),
    ("einsum_all", lambda a: np.einsum("ij->", a), A),
    ("einsum_transpose", lambda a: np.einsum("ij->ji", a), A),
    ("einsum_ellipsis", lambda a, b: np.einsum("...ij,...jk->...ik", a, b), (2, 3, 4), (2, 4, 2)),
    ("einsum_ellipsis_broadcast", lambda a, b: np.einsum("...i,i->...", a, b), (2, 3, 4), (4,)),
    ("einsum_three", lambda a, b, c: np.einsum("i,ij,j", a, b, c, optimize=True), (3,), A, (4,)),
    ("einsum_one_sided", lambda a, b: np.einsum("ij,k->k", a, b), A, V),
    ("convolve", np.convolve, V, (3,)),
    ("convolve_same", lambda a, b: np.convolve(a, b, "same"), V, (3,)),
    ("convolve_valid", lambda a, b: np.convolve(a, b, "valid"), V, (3,)),
    ("convolve_longer", lambda a, b: np.convolve(a, b), (3,), V),
    ("correlate", np.correlate, V, (3,)),
    ("correlate_full", lambda a, b: np.correlate(a, b, "full"), V, (3,)),
    ("correlate_same", lambda a, b: np.correlate(a, b, "same"), V, (4,)),
    ("correlate_longer", lambda a, b: np.correlate(a, b, "full"), (3,), V),
]

REDUCTIONS = [
    ("sum", np.sum, A),
    ("sum_axis", lambda a: np.sum(a, axis=1), A),
    ("sum_negative_axis", lambda a: np.sum(a, -2), (2, 3, 4)),
    ("sum_axes", lambda a: np.sum(a, axis=(0, 2)), (2, 3, 4)),
    ("sum_keepdims", lambda a: np.sum(a, axis=0, keepdims=True), A),
    ("sum_where", lambda a: np.sum(a, axis=0, where=mask), A),
    ("sum_initial", lambda a: np.sum(a, initial=2.0), A),
    ("sum_method", lambda a: a.sum(1), A),
    ("sum_of_number", lambda a: np.sum(a), ()),
    ("mean", np.mean, A),
    ("mean_axis", lambda a: a.mean(axis=0), A),
    ("mean_keepdims", lambda a: a.mean(axis=(0, 1), keepdims=True), A),
    ("mean_where", lambda a: np.mean(a, axis=1, where=mask), A),
    ("prod", np.prod, A),
    ("prod_axis", lambda a: np.prod(a, axis=1), A),
    ("prod_axes", lambda a: np.prod(a, axis=(0, 2), keepdims=True), (2, 3, 2)),
    ("prod_with_zeros", lambda a: np.prod(a, axis=1), zeros),
    ("prod_all_with_zeros", lambda a: np.prod(a + 0.0), np.array([2.0, 0.0, 3.0])),
    ("max", np.max, A),
    ("max_axis", lambda a: np.max(a, axis=1), A),
    ("max_keepdims", lambda a: a.max(axis=0, keepdims=True), A),
    ("min", np.min, A),
    ("min_axis", lambda a: a.min(0), A),
    ("amax", np.amax, A),
    ("amin", lambda a: np.amin(a, 1), A),
    ("nanmax", lambda a: np.nanmax(np.where(mask, a, np.nan), axis=1), A),
    ("nanmin", lambda a: np.nanmin(a), A),
    ("ptp", lambda a: np.ptp(a, axis=1), A),
    ("var", np.var, A),
    ("var_axis", lambda a: np.var(a, axis=0, ddof=1), A),
    ("var_where", lambda a: np.var(a, where=mask), A),
    ("std", np.std, A),
    ("std_axis", lambda a: a.std(axis=1, keepdims=True), A),
    ("average", np.average, A),
    ("+average_weights", lambda a, w: np.average(a, axis=1, weights=w), A, (4,)),
    ("+average_all_weights", lambda a, w: np.average(a, weights=w), A, A),
    ("median", np.median, A),
    ("median_axis", lambda a: np.median(a, axis=1), A),
    ("median_axes", lambda a: np.median(a, axis=(0, 1), keepdims=True), A),
    ("quantile", lambda a: np.quantile(a, 0.3), A),
    ("quantiles", lambda a: np.quantile(a, [0.1, 0.8], axis=1), A),
    ("percentile", lambda a: np.percentile(a, 70, axis=0), A),
    ("cumsum", np.cumsum, A),
    ("cumsum_axis", lambda a: np.cumsum(a, axis=1), A),
    ("cumprod", lambda a: np.cumprod(a, axis=1), A),
    ("cumprod_flat", np.cumprod, V),
    ("cumprod_with_zeros", lambda a: np.cumprod(a, axis=1), zeros),
    ("nansum", lambda a: np.nansum(np.where(mask, a, np.nan), axis=1), A),
    ("nansum_dtype", lambda a: np.nansum(a, dtype=a.dtype), A),
    ("nancumsum", lambda a: np.nancumsum(np.where(mask, a, np.nan), axis=1), A),
    ("nancumprod", lambda a: np.nancumprod(np.where(mask, a, np.nan), axis=0), A),
    ("nanmedian", lambda a: np.nanmedian(np.where(mask, a, np.nan)), A),
    ("nanmedian_axis", lambda a: np.nanmedian(np.where(mask, a, np.nan), 0, keepdims=True), A),
    ("nanquantile", lambda a: np.nanquantile(np.where(mask, a, np.nan), [0.2, 0.7], axis=1), A),
    ("nanpercentile", lambda a: np.nanpercentile(np.where(mask, a, np.nan), 30, axis=0), A),
    ("nanprod", lambda a: np.nanprod(np.where(mask, a, np.nan), axis=1), A),
    ("nanmean", lambda a: np.nanmean(np.where(mask, a, np.nan), axis=0), A),
    ("nanvar", lambda a: np.nanvar(np.where(mask, a, np.nan)), A),
    ("nanstd", lambda a: np.nanstd(np.where(mask, a, np.nan)), A),
    ("diff", np.diff, A),
    ("diff_2", lambda a: np.diff(a, 2, axis=0), A),
    ("diff_prepend", lambda a: np.diff(a, prepend=0.0, append=a[-1:]), V),
    ("trapezoid", np.trapezoid, A),
    ("trapezoid_x", lambda y, x: np.trapezoid(y, np.cumsum(x * x)), V, V),
    ("trapezoid_dx", lambda a: np.trapezoid(a, dx=0.5, axis=0), A),
    ("gradient", np.gradient, V),
    ("gradient_axis", lambda a: np.gradient(a, 0.5, axis=0), A),
    ("gradient_uneven", lambda a: np.gradient(a, np.array([0.0, 1, 3, 4, 7])), V),
    ("gradient_both", lambda a: np.gradient(a)[1], A),
    ("cov", np.cov, A),
    ("cov_two", lambda a, b: np.cov(a, b, bias=True), V, V),
    ("cov_columns", lambda a: np.cov(a, rowvar=False, ddof=0), A),
    ("corrcoef", np.corrcoef, A),
    ("add_reduce", lambda a: np.add.reduce(a, axis=1), A),
    ("multiply_reduce", lambda a: np.multiply.reduce(a), A),
    ("maximum_reduce", lambda a: np.maximum.reduce(a), A),
    ("minimum_reduce", lambda a: np.minimum.reduce(a, axis=None), A),
    ("logaddexp_reduce", lambda a: np.logaddexp.reduce(a, axis=1), A),
    ("add_accumulate", lambda a: np.add.accumulate(a, axis=1), A),
    ("multiply_accumulate", lambda a: np.multiply.accumulate(a), A),
    ("maximum_accumulate", lambda a: np.maximum.accumulate(a), V),
    ("minimum_accumulate", lambda a: np.minimum.accumulate(a), V),
    ("logaddexp_accumulate", lambda a: np.logaddexp.accumulate(a), V),
    ("cumulative_sum", lambda a: np.cumulative_sum(a, axis=1, include_initial=True), A),
    ("cumulative_prod", lambda a: np.cumulative_prod(a, axis=1), A),
]

SHAPES = [
    ("reshape", lambda a: np.reshape(a, (2, 6)), A),
    ("reshape_order", lambda a: np.reshape(a, (2, 6), order="F"), A),
    ("reshape_method", lambda a: a.reshape(2, -1), A),
    ("ravel", np.ravel, A),
    ("ravel_order", lambda a: a.ravel("F"), A),
    ("flatten", lambda a: a.flatten(), A),
    ("transpose", lambda a: np.transpose(a, (2, 0, 1)), (2, 3, 4)),
    ("T", lambda a: a.T, (2, 3, 4)),
    ("transpose_method", lambda a: a.transpose(1, 0), A),
    ("swapaxes", lambda a: a.swapaxes(0, 2), (2, 3, 4)),
    ("moveaxis", lambda a: np.moveaxis(a, 0, -1), (2, 3, 4)),
    ("moveaxes", lambda a: np.moveaxis(a, (0, 1), (2, 0)), (2, 3, 4)),
    ("rollaxis", lambda a: np.rollaxis(a, 2), (2, 3, 4)),
    ("permute_dims", lambda a: np.permute_dims(a, (1, 0)), A),
    ("matrix_transpose", np.matrix_transpose, (2, 3, 4)),
    ("matrix_transpose_of_linalg", np.linalg.matrix_transpose, (2, 3, 4)),
    ("mT", lambda a: a.mT, (2, 3, 4)),
    ("expand_dims", lambda a: np.expand_dims(a, 1), A),
    ("squeeze", lambda a: np.squeeze(a, 1), (3, 1, 2)),
    ("squeeze_all", lambda a: a.squeeze(), (3, 1, 2)),
    ("atleast_1d", np.atleast_1d, ()),
    ("atleast_2d", np.atleast_2d, V),
    ("atleast_3d", np.atleast_3d, A),
    ("broadcast_to", lambda a: np.broadcast_to(a, (2, 3, 4)), A),
    ("broadcast_to_side", lambda a: np.broadcast_to(a, (3, 4)), (3, 1)),
    ("broadcast_arrays", lambda a, b: np.multiply(*np.broadcast_arrays(a, b)), (3, 1), (4,)),
    ("concatenate", lambda a, b: np.concatenate([a, b]), A, (2, 4)),
    ("concatenate_axis", lambda a, b: np.concatenate((a, b), axis=1), A, (3, 2)),
    ("concatenate_flat", lambda a, b: np.concatenate([a, b], axis=None), A, V),
    ("concatenate_constant", lambda a: np.concatenate([np.ones((1, 4)), a]), A),
    ("concat", lambda a, b: np.concat([a, b], axis=-1), A, (3, 2)),
    ("stack", lambda a, b: np.stack([a, b], axis=1), A, A),
    ("stack_numbers", lambda a: np.stack([a[0], a[1] * a[2]]), V),
    ("vstack", lambda a, b: np.vstack([a, b]), A, (4,)),
    ("hstack", lambda a, b: np.hstack([a, b]), A, (3, 2)),
    ("hstack_vectors", lambda a, b: np.hstack([a, b]), V, (2,)),
    ("dstack", lambda a, b: np.dstack([a, b]), A, A),
    ("column_stack", lambda a, b: np.column_stack([a, b]), V, (5, 2)),
    ("append", lambda a, b: np.append(a, b), A, V),
    ("append_axis", lambda a, b: np.append(a, b, axis=0), A, (1, 4)),
    ("block", lambda a, b: np.block([[a, b], [b, a]]), S, S),
    ("block_vectors", lambda a, b: np.block([a, b]), V, (2,)),
    ("split", lambda a: np.split(a, 2, axis=1)[1], A),
    ("split_at", lambda a: np.split(a, [1, 3], axis=1)[1], A),
    ("array_split", lambda a: np.array_split(a, 2)[0] * 2, V),
    ("vsplit", lambda a: np.vsplit(a, 3)[2], A),
    ("hsplit", lambda a: np.hsplit(a, 2)[0], A),
    ("dsplit", lambda a: np.dsplit(a, 2)[0], (2, 3, 4)),
    ("unstack", lambda a: np.unstack(a)[1], A),
    ("repeat", lambda a: np.repeat(a, 2, axis=1), A),
    ("repeat_flat", lambda a: np.repeat(a, 3), A),
    ("repeat_counts", lambda a: np.repeat(a, [1, 0, 2], axis=0), A),
    ("repeat_method", lambda a: a.repeat(2), V),
    ("tile", lambda a: np.tile(a, (2, 3)), A),
    ("tile_number", lambda a: np.tile(a, 2), A),
    ("tile_more", lambda a: np.tile(a, (2, 1, 2)), A),
    ("roll", lambda a: np.roll(a, 2), A),
    ("roll_axis", lambda a: np.roll(a, (1, -1), axis=(0, 1)), A),
    ("flip", np.flip, A),
    ("flip_axis", lambda a: np.flip(a, 1), A),
    ("flipud", np.flipud, A),
    ("fliplr", np.fliplr, A),
    ("rot90", np.rot90, A),
    ("rot90_twice", lambda a: np.rot90(a, 2, axes=(1, 2)), (2, 3, 4)),
    ("pad", lambda a: np.pad(a, 1), A),
    ("pad_uneven", lambda a: np.pad(a, ((0, 2), (1, 0)), constant_values=3.0), A),
    ("pad_edge", lambda a: np.pad(a, 2, mode="edge"), A),
    ("pad_reflect", lambda a: np.pad(a, 2, mode="reflect"), A),
    ("pad_symmetric", lambda a: np.pad(a, ((1, 2), (0, 1)), mode="symmetric"), A),
    ("pad_wrap", lambda a: np.pad(a, 1, mode="wrap"), A),
    ("diag_of_vector", np.diag, V),
    ("diag_of_vector_k", lambda a: np.diag(a, -2), V),
    ("diag_of_matrix", lambda a: np.diag(a, 1), A),
    ("diagonal", lambda a: np.diagonal(a, -1), A),
    ("diagonal_stack", lambda a: a.diagonal(0, 1, 2), (2, 3, 4)),
    ("diagonal_of_linalg", np.linalg.diagonal, (2, 3, 4)),
    ("diagflat", np.diagflat, (2, 2)),
    ("tril", np.tril, A),
    ("triu", lambda a: np.triu(a, 1), (2, 3, 4)),
    ("meshgrid", lambda a, b: np.multiply(*np.meshgrid(a, b)), V, (3,)),
    (
        "meshgrid_ij",
        lambda a, b: np.multiply(*np.meshgrid(a, b, indexing="ij", sparse=True)),
        V,
        (3,),
    ),
    ("copy", lambda a: a.copy() * a, A),
    ("np_copy", np.copy, A),
    ("astype", lambda a: a.astype("float64") * 2, A),
    ("np_astype", lambda a: np.astype(a, np.float64), A),
    ("sliding_window_view", lambda a: sliding_window_view(a, 3), V),
    ("sliding_window_view_2d", lambda a: sliding_window_view(a, (2, 2)), A),
    ("interp", lambda f: np.interp([-1.0, 0.3, 1.0, 2.5, 9.0], np.arange(5.0), f), V),
    ("interp_at", lambda x: np.interp(x * x, np.arange(5.0), np.arange(5.0) ** 2), V),
    ("zeros_like_written", lambda a: _written(np.zeros_like(a), a), A),
    ("ones_like", lambda a: np.ones_like(a) * a, A),
    ("empty_like_written", lambda a: _filled(np.empty_like(a), a), A),
    ("full_like_traced", lambda a: np.full_like(a, a[0, 0]), A),
]


def _written(z, a):
    z[0] = a[1] * 2
    z[:, 1] += a[:, 0]
    z += a * a
    return z


def _filled(z, a):
    z.fill(2.0)
    z[:] *= a
    return z


def _rows_written(a):
    a = a.copy()
    for i in range(1, len(a)):
        a[i] = np.tanh(a[i - 1]) + a[i]
    return a


INDEXING = [
    ("integer", lambda a: a[1], A),
    ("integers", lambda a: a[1, 2], A),
    ("negative_integer", lambda a: a[-1], A),
    ("slice", lambda a: a[1:, ::2], A),
    ("slice_backwards", lambda a: a[::-1, 3:0:-1], A),
    ("newaxis", lambda a: a[:, None, 1:], A),
    ("ellipsis", lambda a: a[..., 0], (2, 3, 4)),
    ("mask", lambda a: a[mask], A),
    ("mask_of_rows", lambda a: a[[True, False, True]], A),
    ("list", lambda a: a[[0, 2, 2]], A),
    ("repeats", lambda a: a[index], A),
    ("pairs", lambda a: a[[0, 0, 2], [1, 1, 3]], A),
    ("mixture", lambda a: a[1:, [0, 0, 2]], A),
    ("mixture_far", lambda a: a[[0, 1], :, [2, 2]], (2, 3, 4)),
    ("ix", lambda a: a[np.ix_([0, 2], [1, 1, 3])], A),
    ("value_decides", lambda a: a[np.argmax(a)] * a[a > 0].sum(), V),
    ("iteration", lambda a: sum(row[0] * row[1] for row in a), A),
    ("unpacking", lambda a: _unpacked(*a), (3,)),
    ("flat", lambda a: sum(x * x for x in a.flat), A),
    ("set", lambda a, b: _set(a, (1, slice(None)), b), A, (4,)),
    ("set_number", lambda a: _set(a, (slice(None), 0), 1.0), A),
    ("set_mask", lambda a: _set(a, mask, 0.0), A),
    ("set_list", lambda a, b: _set(a, ([0, 2],), b), A, (2, 4)),
    ("set_in_a_loop", _rows_written, A),
    ("add_at", lambda a, b: _added(a, index, b), A, (2, 2, 4)),
    ("add_at_slice", lambda a, b: _added(a, (slice(1, 3), [0, 0]), b), A, (2, 1)),
    ("subtract_at", lambda a, b: _added(a, [2, 0, 2], b, np.subtract), A, (3, 4)),
    ("add_at_zeros", lambda b: _added(np.zeros_like(b, shape=A), [2, 0, 2], b), (3, 4)),
    ("take", lambda a: np.take(a, index), A),
    ("take_axis", lambda a: a.take([0, 2, 2], axis=1), A),
    ("take_clip", lambda a: np.take(a, [0, 9, -3], mode="clip", axis=1), A),
    ("take_wrap", lambda a: np.take(a, [0, 9], mode="wrap"), A),
    ("take_along_axis", lambda a: np.take_along_axis(a, np.argsort(a, 1)[:, :2], 1), A),
    ("compress", lambda a: np.compress([True, False, True], a, axis=0), A),
    ("extract", lambda a: np.extract(mask, a), A),
    ("delete", lambda a: np.delete(a, 1, axis=1), A),
    ("delete_flat", lambda a: np.delete(a, [0, 3]), A),
    ("insert", lambda a, b: np.insert(a, 1, b), V, ()),
    ("insert_axis", lambda a, b: np.insert(a, [1, 2], b, axis=1), A, (3, 2)),
    ("insert_row", lambda a, b: np.insert(a, 1, b, axis=0), A, (4,)),
    ("sort", np.sort, A),
    ("sort_axis", lambda a: np.sort(a, axis=0), A),
    ("sort_flat", lambda a: np.sort(a, axis=None), A),
    ("sort_method", lambda a: _sorted_in_place(a), A),
    ("partition", lambda a: np.partition(a, 2)[..., 2], A),
]


def _unpacked(a, b, c):
    return a * b - c


def _added(a, place, b, ufunc=np.add):
    y = a * 1.0
    ufunc.at(y, place, b)
    return y


def _set(a, where, value):
    a = a * 1.0
    a[where] = value
    return a * a


def _sorted_in_place(a):
    a = a.copy()
    a.sort(axis=1)
    return a


LINALG = [
    ("solve", lambda a, b: np.linalg.solve(a + 3 * np.eye(3), b), S, (3, 2)),
    ("solve_vector", lambda a, b: np.linalg.solve(a + 3 * np.eye(3), b), S, (3,)),
    ("solve_stack", lambda a, b: np.linalg.solve(a + 3 * np.eye(3), b), (2, 3, 3), (2, 3, 2)),
    ("inv", lambda a: np.linalg.inv(a + 3 * np.eye(3)), S),
    ("inv_stack", lambda a: np.linalg.inv(a + 3 * np.eye(3)), (2, 3, 3)),
    ("det", np.linalg.det, S),
    ("det_stack", np.linalg.det, (2, 3, 3)),
    ("det_singular", np.linalg.det, np.array([[1.0, 2, 3], [2, 4, 6], [1, 0, 1]])),
    ("slogdet", lambda a: np.linalg.slogdet(a + 3 * np.eye(3)).logabsdet, S),
    ("cholesky", lambda a: np.linalg.cholesky(symmetric(a) + 9 * np.eye(3)), S),
    ("cholesky_stack", lambda a: np.linalg.cholesky(symmetric(a) + 9 * np.eye(3)), (2, 3, 3)),
    ("cholesky_of_a_triangle", lambda a: np.linalg.cholesky(a + 9 * np.eye(3)), S),
    ("cholesky_upper", lambda a: np.linalg.cholesky(a + 9 * np.eye(3), upper=True), S),
    ("pinv", np.linalg.pinv, (4, 2)),
    ("pinv_wide", np.linalg.pinv, (2, 4)),
    ("lstsq", lambda a, b: np.linalg.lstsq(a, b, rcond=None)[0], (5, 2), V),
    ("lstsq_residual", lambda a, b: np.linalg.lstsq(a, b, rcond=None)[1], (5, 2), V),
    ("norm", np.linalg.norm, A),
    ("norm_axis", lambda a: np.linalg.norm(a, axis=1), A),
    ("norm_keepdims", lambda a: np.linalg.norm(a, axis=1, keepdims=True), A),
    ("norm_1", lambda a: np.linalg.norm(a, 1, axis=0), A),
    ("norm_3", lambda a: np.linalg.norm(a, 3, axis=0), A),
    ("norm_inf", lambda a: np.linalg.norm(a, np.inf, axis=1), A),
    ("norm_minus_inf", lambda a: np.linalg.norm(a, -np.inf, axis=1), A),
    ("norm_fro", lambda a: np.linalg.norm(a, "fro"), A),
    ("norm_nuc", lambda a: np.linalg.norm(a, "nuc"), A),
    ("norm_2", lambda a: np.linalg.norm(a, 2), A),
    ("norm_minus_2", lambda a: np.linalg.norm(a, -2), A),
    ("norm_matrix_1", lambda a: np.linalg.norm(a, 1), A),
    ("norm_matrix_inf", lambda a: np.linalg.norm(a, np.inf), A),
    ("norm_stack", lambda a: np.linalg.norm(a, axis=(1, 2)), (2, 3, 4)),
    ("vector_norm", lambda a: np.linalg.vector_norm(a, axis=1), A),
    ("matrix_norm", np.linalg.matrix_norm, (2, 3, 4)),
    ("eigvalsh", lambda a: np.linalg.eigvalsh(symmetric(a)), S),
    ("eigvalsh_of_a_triangle", np.linalg.eigvalsh, S),
    ("eigvalsh_upper", lambda a: np.linalg.eigvalsh(a, "U"), S),
    ("eigh_values", lambda a: np.linalg.eigh(symmetric(a))[0], S),
    ("eigh_projector", lambda a: _projector(np.linalg.eigh(symmetric(a) + spd)), S),
    ("eigh_stack", lambda a: np.linalg.eigh(symmetric(a)).eigenvalues, (2, 3, 3)),
    ("svd_values", lambda a: np.linalg.svd(a, compute_uv=False), A),
    ("svdvals", np.linalg.svdvals, A),
    ("svd_rank_one", lambda a: _rank_one(np.linalg.svd(a, full_matrices=False)), A),
    ("svd_rank_one_tall", lambda a: _rank_one(np.linalg.svd(a, full_matrices=False)), (4, 3)),
    ("qr_r", lambda a: np.linalg.qr(a)[1], (4, 3)),
    ("qr_q", lambda a: np.linalg.qr(a).Q, (4, 3)),
    ("qr_mode_r", lambda a: np.linalg.qr(a, mode="r"), (4, 3)),
    ("linalg_matmul", np.linalg.matmul, A, (4, 2)),
    ("linalg_outer", np.linalg.outer, V, (3,)),
    ("linalg_trace", np.linalg.trace, (2, 3, 3)),
    ("linalg_tensordot", lambda a, b: np.linalg.tensordot(a, b, axes=1), A, (4, 2)),
    ("linalg_vecdot", np.linalg.vecdot, A, A),
    ("matvec", lambda a, b: np.matvec(a, b) if hasattr(np, "matvec") else a @ b, A, (4,)),
    ("vecmat", lambda a, b: np.vecmat(a, b) if hasattr(np, "vecmat") else a @ b, (3,), A),
    ("polyval", lambda p, x: np.polyval(p, x), (4,), A),
    ("polyval_in_numbers", lambda x: np.polyval([2.0, 1.0, -3.0], x), A),
    ("vander", np.vander, V),
    ("vander_increasing", lambda x: np.vander(x, 3, increasing=True), V),
    ("polyadd", np.polyadd, V, (3,)),
    ("polysub", np.polysub, (3,), V),
    ("polymul", np.polymul, V, (3,)),
    ("polyder", lambda p: np.polyder(p, 2), V),
    ("polyint", lambda p: np.polyint(p, 2, [1.0, 2.0]), V),
    ("linspace", lambda a, b: np.linspace(a, b, 4), (), ()),
    ("linspace_of_arrays", lambda a: np.linspace(a, 2.0, 4, endpoint=False, axis=-1), V),
    ("linspace_step", lambda a: np.linspace(a, 2.0, 4, retstep=True)[1], V),
    ("logspace", lambda a: np.logspace(a, 1.0, 4, base=2.0), V),
    ("+geomspace", lambda a, b: np.geomspace(a, b, 4), V, V),
    ("apply_along_axis", lambda a: np.apply_along_axis(lambda v: v[:2] * v[2], 1, a), A),
    ("apply_along_axis_to_numbers", lambda a: np.apply_along_axis(np.sum, 0, a), A),
    ("apply_along_axis_to_matrices", lambda a: np.apply_along_axis(np.diag, 0, a), A),
    ("apply_over_axes", lambda a: np.apply_over_axes(np.sum, a, [0, 2]), (2, 3, 4)),
    ("piecewise", lambda a: np.piecewise(a, [mask], [lambda v: v * v, lambda v: 2 * v]), A),
    ("piecewise_number", lambda a: np.piecewise(a, [mask, ~mask], [np.sin, 1.0]), A),
    ("choose", lambda a, b: np.choose(mask.astype(int), [a, b]), A, (4,)),
    ("modf", lambda a: np.modf(3 * a)[0], A),
    ("+divmod", lambda a, b: np.divmod(10 * a, b)[1], A, A),
    ("unwrap", lambda a: np.unwrap(4 * a, axis=0), A),
    ("real_if_close", np.real_if_close, A),
    ("fftshift", np.fft.fftshift, A),
    ("fftshift_axis", lambda a: np.fft.fftshift(a, axes=0), A),
    ("ifftshift", np.fft.ifftshift, (3, 5)),
    ("resize", lambda a: np.resize(a, (3, 3)), V),
    ("trim_zeros", lambda a: np.trim_zeros(np.pad(a, 2)), V),
    ("ediff1d", lambda a, b: np.ediff1d(a, to_end=b, to_begin=0.5), A, (2,)),
    ("linalg_cross", np.linalg.cross, (2, 3), (2, 3)),
]


def _projector(eigen):
    v = eigen[1][:, -1]
    return np.outer(v, v)


def _rank_one(svd):
    u, s, vt = svd
    return np.outer(u[:, 0] * s[0], vt[0])


CASES = ELEMENTWISE + PRODUCTS + REDUCTIONS + SHAPES + INDEXING + LINALG


def arguments(case):
    """Seeded numbers for the arguments of a case."""
    name, _, *likes = case
    rng = np.random.default_rng(len(name))
    args = []
    for like in likes:
        if isinstance(like, np.ndarray):
            args.append(like.copy())
            continue
        a = rng.normal(size=like)
        if name.startswith("+"):
            a = np.abs(a) + 0.3
        if name.startswith("~"):
            a = np.tanh(a) * 0.9
        args.append(a if like else float(a))
    return args


def name_of(case):
    return case[0].lstrip("+~")
