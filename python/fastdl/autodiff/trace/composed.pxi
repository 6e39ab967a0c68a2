# Indexing, and functions that are computed by others, or constant.

cdef class Index(Rule):
    """x[index]: linear in x, and its gradient is added into that of x in place."""

    cdef object transpose

    def __init__(self, f, transpose):
        super().__init__(f, "indexing")
        self.kind = "linear"
        self.transpose = transpose

    cdef object call(self, tuple args, dict kwargs):
        cdef Traced x
        cdef Node node
        if type(args[0]) is not Traced:
            return self.f(*args)
        x, index = args
        check_use(x)
        y = x.value[index]
        tangent = node = None
        if x.trace.forward:
            tangent = None if x.tangent is None else x.tangent[index]
        elif x.node is not None:
            node = new_node(self, (x.node,), (frozen(index),), None, y, x.trace)
        part = new_traced(x.trace, y, node, tangent)
        view_of(x, part)
        if part.storage is not None:
            part.place = index
        return part

    cdef int backward(self, Node node, object dy, dict slots, bint owned) except -1:
        index = node.saved[0]
        if isinstance(dy, Traced):
            add_to(slots, node.parents[0], self.transpose(dy, index, node.parents[0].shape, node.parents[0].dtype))
        else:
            add_at_index(slots, node.parents[0], index, dy, may_repeat(index))
        return 0


cpdef bint may_repeat(object index):
    """Whether an index may name an element twice: not where all of it is numbers, slices and masks."""
    if type(index) is tuple:
        for part in <tuple>index:
            if may_repeat(part):
                return True
        return False
    if index is None or index is Ellipsis or isinstance(index, (int, np.integer, slice)):
        return False
    return np.asarray(index).dtype != bool


cdef class Composed(Rule):
    """Computed by other functions that have rules."""

    def __init__(self, f, str name, keywords):
        super().__init__(f, name, keywords)
        self.kind = "composed"

    cdef object call(self, tuple args, dict kwargs):
        if kwargs:
            kwargs = self.checked_keywords(kwargs)
        return self.f(*args, **kwargs)


cdef class Dot(Composed):
    """np.dot of vectors and matrices is a product of matrices; other ranks are composed."""

    cdef object call(self, tuple args, dict kwargs):
        if not kwargs and len(args) == 2 and 1 <= ndim(args[0]) <= 2 and 1 <= ndim(args[1]) <= 2:
            return (<Multilinear>rules[matmul]).apply(operator.matmul, args, {})
        return Composed.call(self, args, kwargs)


cdef class Constant(Rule):
    """Where it has a derivative, it is 0: called with the plain arrays."""

    def __init__(self, f, str name):
        super().__init__(f, name)
        self.kind = "constant"

    cdef object call(self, tuple args, dict kwargs):
        return self.f(*plain_of_all(args), **plain_of_all(kwargs))
