# cython: boundscheck=False, wraparound=False, initializedcheck=False, freethreading_compatible=True
"""Typed loops of fastdl.data. The callers in _sequences.py check the arguments."""

from cython cimport floating
from libc.stdint cimport int32_t, int64_t
from libc.string cimport memcpy


def fill_sequences(list sequences, floating[:, :, ::1] out):
    """Copy sequences[i] (T_i, F) to out[i, :T_i]."""
    cdef Py_ssize_t i
    cdef const floating[:, ::1] sequence
    for i in range(len(sequences)):
        sequence = sequences[i]
        if sequence.nbytes > 0:
            memcpy(&out[i, 0, 0], &sequence[0, 0], sequence.nbytes)


def fill_codes(list texts, dict codes, int32_t unknown, int32_t[:, ::1] out):
    """Write the code of texts[i][t] to out[i, t]."""
    cdef Py_ssize_t i, t
    for i in range(len(texts)):
        t = 0
        for token in texts[i]:
            out[i, t] = codes.get(token, unknown)
            t += 1


def bucket(const int64_t[::1] order, const int64_t[::1] lengths, Py_ssize_t batch_size,
           int64_t[::1] starts, int64_t[::1] rank, int64_t[::1] out):
    """Sort order (m,) by length (counting sort, stable) and cut it into batches, the batch of order[0] first.

    m is a multiple of batch_size; starts (longest + 2,) and rank (m / batch_size,) are scratch.
    """
    cdef Py_ssize_t p, place, batch, met = 0
    cdef int64_t length

    starts[:] = 0
    for p in range(order.shape[0]):
        starts[lengths[order[p]] + 1] += 1
    for length in range(starts.shape[0] - 1):
        starts[length + 1] += starts[length]

    rank[:] = -1
    for p in range(order.shape[0]):
        length = lengths[order[p]]
        place = starts[length]
        starts[length] += 1
        batch = place // batch_size
        if rank[batch] < 0:  # batches follow each other as the walk meets them: shuffled, as order is
            rank[batch] = met
            met += 1
        out[rank[batch] * batch_size + place % batch_size] = order[p]
