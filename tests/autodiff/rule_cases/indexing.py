"""Rules of indexing, of writing into arrays, and of sorting."""

import numpy as np

from .arrays import A, V, mask

index = np.array([[0, 2], [2, 2]])


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
