# Gradients on their way back.

@cython.final
@cython.no_gc
@cython.freelist(64)
cdef class Slot:
    """The gradient of a node, as far as it is known."""

    cdef object g
    cdef bint owned           # g is an array of ours alone, to be added to
    cdef Py_ssize_t waiting   # nodes that will still add to it


cdef inline bint is_plain_memory(object g):
    return type(g) is cnp.ndarray and cnp.PyArray_BASE(g) == NULL and cnp.PyArray_ISWRITEABLE(g)


cdef object fit(object g, Node like):
    """A gradient in the shape and dtype of its value: summed where the value was broadcast."""
    cdef int i = 0, n = len(like.shape), sides
    if type(g) is cnp.ndarray:
        sides = cnp.PyArray_NDIM(g)
        while i < sides and i < n and has_side(g, sides - 1 - i, like.shape[n - 1 - i]):
            i += 1
        if i == n and i == sides:
            return g if <object>cnp.PyArray_DESCR(g) is like.dtype else g.astype(like.dtype)
        if is_block(g) and <object>cnp.PyArray_DESCR(g) is like.dtype and are_ones(like.shape, n - i):
            return sum_leading(g, sides - i, like.shape)
    elif n == 0 and like.dtype is float64 and (type(g) is float or type(g) is np_float64):
        return g
    return fit_slowly(g, like.shape, like.dtype)


cdef inline bint has_side(object g, int axis, Py_ssize_t side):
    return cnp.PyArray_DIMS(<cnp.ndarray>g)[axis] == <cnp.npy_intp>side


cdef bint are_ones(tuple shape, int n):
    cdef int i
    for i in range(n):
        if <Py_ssize_t>shape[i] != 1:
            return False
    return True


def fit_slowly(g, shape, dtype):
    """As `fit`, for numbers, traced arrays and broadcast ones."""
    if isinstance(g, (float, int)) and not isinstance(g, np.generic):
        g = np.float64(g)
    if g.shape != shape:
        extra = len(g.shape) - len(shape)
        if extra > 0:
            g = sum_over(g, tuple(range(extra)), False)
        axes = tuple([i for i, (a, b) in enumerate(zip(g.shape, shape)) if a != b])
        if axes:
            g = sum_over(g, axes, True)
    if g.dtype != dtype:
        g = g.astype(dtype)
    return g


cdef enum Owner:
    SHARED    # others may hold the array
    COMPUTED  # it may be new
    OWNED     # it is given away


cdef int add_to(dict slots, Node parent, object g, Owner owner=COMPUTED) except -1:
    """Add a gradient to what a node has."""
    cdef Slot slot = <Slot>slots[parent]
    cdef object h
    if g is None:
        return 0
    h = fit(g, parent)
    if slot.g is None:
        # Two references, of the caller's call and of ours, when nothing else refers to it.
        slot.owned = is_plain_memory(h) and (
            h is not g or owner == OWNED or (owner == COMPUTED and Py_REFCNT(<PyObject*>g) == 2)
        )
        slot.g = h
    elif slot.owned and type(h) is cnp.ndarray:
        add_into(slot.g, h, slot.g)
    else:
        slot.g = slot.g + h
        slot.owned = type(slot.g) is cnp.ndarray
    return 0


cdef int add_at_index(dict slots, Node parent, object index, object g, bint repeats) except -1:
    """Add the gradient of x[index] to that of x, without an array of zeros for each."""
    cdef Slot slot = <Slot>slots[parent]
    if not slot.owned:
        start = np.zeros(parent.shape, parent.dtype)
        slot.g = start if slot.g is None else start + slot.g
        slot.owned = True
    if repeats:
        add_at(slot.g, index, g)
    else:
        slot.g[index] += g
    return 0


def backward(Node out, dy, list wanted, bint release):
    """Gradients of the nodes in `wanted` (None: no path), from that of `out`.

    `release` drops what each node kept as soon as it was used.
    """
    cdef dict slots = {}
    cdef list stack = [out]
    cdef Node node, parent
    cdef Slot slot
    cdef tuple parents
    slots[out] = Slot.__new__(Slot)
    while stack:
        node = <Node>stack.pop()
        for p in node.parents:
            if p is None:
                continue
            slot = slots.get(p)
            if slot is None:
                slot = Slot.__new__(Slot)
                slots[p] = slot
                stack.append(p)
            slot.waiting += 1
    slot = slots[out]
    slot.g = dy
    stack.append(out)
    while stack:
        node = <Node>stack.pop()
        if node.rule is None:
            continue  # its gradient stays in its slot
        slot = <Slot>slots.pop(node)
        parents = node.parents
        if slot.g is not None:
            if node.saved is None:
                raise RuntimeError("this pullback has been used up.")
            g, slot.g = slot.g, None
            node.rule.backward(node, g, slots, slot.owned and node.where is None)
            if node.where is not None:
                check_finite_gradients(node, g, slots)
            g = None
        if release:
            node.saved = None
            node.parents = ()
        for p in parents:
            if p is not None:
                slot = <Slot>slots[p]
                slot.waiting -= 1
                if slot.waiting == 0:
                    stack.append(p)
    found = []
    for node in wanted:
        slot = slots.get(node)
        found.append(None if slot is None else slot.g)
    return found


cdef int check_finite_gradients(Node node, object dy, dict slots) except -1:
    cdef Slot slot
    if not np.all(np.isfinite(plain_of_all(dy if not isinstance(dy, list) else [g for g in dy if g is not None]))):
        return 0  # it was not finite before
    for p in node.parents:
        if p is not None:
            slot = <Slot>slots[p]
            if slot.g is not None and not isinstance(slot.g, list) and not np.all(np.isfinite(plain(slot.g))):
                raise FloatingPointError(
                    f"the derivative of {node.rule.name} is not finite, at {node.where}."
                )
    return 0
