"""Rules of numpy.linalg."""

import numpy as np

from .arrays import A, S, V, mask

spd = np.array([[3.0, 0.5, 0.2], [0.5, 2.0, 0.3], [0.2, 0.3, 1.5]])


def symmetric(a):
    return a + np.swapaxes(a, -1, -2)


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
