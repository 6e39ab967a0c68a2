# Constants that the tape keeps, which a user may overwrite.

@cython.final
@cython.no_gc
@cython.freelist(16)
cdef class Kept:
    """A user's array, and what its bytes were: the function may overwrite it before backward reads it."""

    cdef object array
    cdef uint64_t bytes_were


cdef uint64_t fingerprint(cnp.ndarray a):
    """A hash of the bytes, at about the speed of memory."""
    cdef const char* p = <const char*>cnp.PyArray_DATA(a)
    cdef Py_ssize_t n = cnp.PyArray_NBYTES(a), i = 0
    cdef uint64_t k = 0x9E3779B97F4A7C15u, w
    cdef uint64_t h0 = 1, h1 = 2, h2 = 3, h3 = 4
    while i + 32 <= n:
        memcpy(&w, p + i, 8)
        h0 = (h0 ^ w) * k
        memcpy(&w, p + i + 8, 8)
        h1 = (h1 ^ w) * k
        memcpy(&w, p + i + 16, 8)
        h2 = (h2 ^ w) * k
        memcpy(&w, p + i + 24, 8)
        h3 = (h3 ^ w) * k
        i += 32
    while i < n:
        w = <unsigned char>p[i]
        h0 = (h0 ^ w) * k
        i += 1
    return h0 ^ (h1 >> 7) ^ (h2 >> 13) ^ (h3 >> 19)


cdef bint may_change(object a):
    """Whether somebody can write to the memory of an array: to itself, or to one that it is a view of."""
    while type(a) is cnp.ndarray:
        if cnp.PyArray_ISWRITEABLE(a):
            return True
        a = <object>cnp.PyArray_BASE(a) if cnp.PyArray_BASE(a) != NULL else None
    return a is not None and not isinstance(a, bytes)


cdef object keep(object a):
    cdef Kept kept
    if type(a) is not cnp.ndarray:
        return frozen(a)
    if not may_change(a):
        return a
    if not (cnp.PyArray_IS_C_CONTIGUOUS(a) or cnp.PyArray_IS_F_CONTIGUOUS(a)):
        return a.copy()
    kept = Kept.__new__(Kept)
    kept.array = a
    kept.bytes_were = fingerprint(a)
    return kept


cdef object frozen(object a):
    """An index, shape, axis ... as it is now: lists and arrays are copied, within tuples too."""
    if type(a) is tuple:
        for part in <tuple>a:
            if type(part) is list or type(part) is cnp.ndarray or type(part) is tuple:
                return tuple([frozen(part) for part in <tuple>a])
        return a
    if type(a) is list:
        return [frozen(part) for part in <list>a]
    return a.copy() if type(a) is cnp.ndarray else a


cdef object restored(object a, Node node):
    if type(a) is not Kept:
        return a
    if fingerprint((<Kept>a).array) != (<Kept>a).bytes_were:
        raise RuntimeError(
            f"an array that {node.rule.name} was computed from was overwritten afterwards, and its derivative needs "
            "the old values. Write into a copy, or make a new array."
        )
    return (<Kept>a).array


cdef tuple restore(Node node):
    cdef tuple saved = node.saved
    for a in saved:
        if type(a) is Kept:
            return tuple([restored(b, node) for b in saved])
    return saved


cdef inline object kept_argument(object arg, object value):
    """What a node keeps of an argument: results of traced operations are nobody else's to write to."""
    if type(arg) is Traced and ((<Traced>arg).node is None or (<Traced>arg).node.rule is not None):
        return value
    return keep(value)
