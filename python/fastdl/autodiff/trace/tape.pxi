# Traces, nodes, and traced arrays as they begin and end.

@cython.final
@cython.no_gc
cdef class Trace:
    """One call of a transformation."""

    cdef readonly uint64_t number
    cdef readonly bint forward
    cdef bint is_open
    cdef bint checks

    def __cinit__(self, bint forward):
        global traces
        traces += 1
        self.number = traces
        self.forward = forward
        self.is_open = True
        self.checks = not forward and CHECKING.get()

    def close(self):
        """From now on its traced arrays are of no use."""
        self.is_open = False


@cython.final
@cython.no_gc
@cython.freelist(64)
cdef class Node:
    """A value that was computed in reverse mode: by which rule, of which values, and what the rule kept."""

    cdef Rule rule            # None: an argument of the differentiated function
    cdef tuple parents        # nodes, or None for what is constant, one for each positional argument
    cdef tuple saved          # (y, *args), None where the rule does not need it
    cdef dict kwargs
    cdef readonly tuple shape
    cdef readonly object dtype
    cdef str where            # file and line, under check_finite

    @property
    def ndim(self):
        return len(self.shape)

    @property
    def size(self):
        n = 1
        for side in self.shape:
            n *= side
        return n


cdef Node new_node(Rule rule, tuple parents, tuple saved, dict kwargs, object value, Trace trace):
    cdef Node node = Node.__new__(Node)
    node.rule = rule
    node.parents = parents
    node.saved = saved
    node.kwargs = kwargs
    node.shape = shape_of(value)
    node.dtype = dtype_of(value)
    if trace.checks and rule is not None:
        node.where = _line_of_user()
    return node


cdef tuple shape_of(object value):
    cdef int i, n
    if type(value) is cnp.ndarray:
        n = cnp.PyArray_NDIM(value)
        if n == 1:
            return (cnp.PyArray_DIMS(value)[0],)
        if n == 2:
            return (cnp.PyArray_DIMS(value)[0], cnp.PyArray_DIMS(value)[1])
    if type(value) is float:
        return ()
    return value.shape if not isinstance(value, (tuple, list)) else None


cdef object dtype_of(object value):
    if type(value) is cnp.ndarray:
        return <object>cnp.PyArray_DESCR(value)
    return float64 if isinstance(value, (float, tuple, list)) and type(value) is not np.float64 else value.dtype


def _line_of_user():
    frame = sys._getframe(1)
    while frame is not None and "fastdl" in frame.f_code.co_filename.replace("\\", "/").split("/"):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame is not None else "?"


@cython.final
@cython.no_gc
cdef class Storage:
    """The memory that views share; `written`: one of them was changed in place, and the others are out of date."""

    cdef bint written


cdef object out_of_date():
    return RuntimeError(
        "a traced array was changed in place through a view of it (v = x[0]; v += 1). Write x[0] += 1, or work on a "
        "copy (x[0].copy())."
    )


cdef int check_use(Traced x) except -1:
    if not x.trace.is_open:
        raise closed()
    if x.storage is not None and x.storage.written and not x.wrote:
        raise out_of_date()
    return 0


cdef object closed():
    return RuntimeError(
        "a traced array is used after its transformation ended. Return what you need from the differentiated function "
        "(has_aux=True), or take fastdl.autodiff.value_of(x) inside of it."
    )


cdef Trace newest(tuple args):
    """The newest trace among the arguments; None without traced arrays."""
    cdef Trace best = None
    cdef Trace trace
    for a in args:
        if type(a) is Traced:
            check_use(<Traced>a)
            trace = (<Traced>a).trace
            if best is None or trace.number > best.number:
                best = trace
    return best


cdef Traced new_traced(Trace trace, object value, Node node, object tangent):
    cdef Traced x = Traced.__new__(Traced)
    x.trace = trace
    x.value = value
    x.node = node
    x.tangent = tangent
    return x


def root(Trace trace, value):
    """A traced argument of reverse mode, and its node."""
    node = new_node(None, (), None, None, value, trace)
    return new_traced(trace, value, node, None), node


def dual(Trace trace, value, tangent):
    """A traced argument of forward mode."""
    return new_traced(trace, value, None, tangent)


def outcome(Trace trace, y):
    """Of what a function returned: the value, and its node or tangent (None: it does not depend on the arguments)."""
    if type(y) is Traced and (<Traced>y).storage is not None and (<Traced>y).storage.written and not (<Traced>y).wrote:
        raise out_of_date()
    if type(y) is Traced and (<Traced>y).trace is trace:
        return (<Traced>y).value, (<Traced>y).tangent if trace.forward else (<Traced>y).node
    return y, None


def plain(x):
    """The array or number below all traces."""
    while type(x) is Traced:
        x = (<Traced>x).value
    return x


def plain_of_all(x):
    """The same within lists, tuples and dicts."""
    if type(x) is Traced:
        return plain(x)
    if type(x) is list:
        return [plain_of_all(a) for a in x]
    if type(x) is tuple:
        return tuple([plain_of_all(a) for a in x])
    if type(x) is dict:
        return {key: plain_of_all(a) for key, a in x.items()}
    if isinstance(x, tuple):  # named
        return type(x)(*[plain_of_all(a) for a in x])
    return x


def shape(a):
    """np.shape, without the way through NumPy's protocol."""
    return a.shape if type(a) is cnp.ndarray or type(a) is Traced else np.shape(a)


def ndim(a):
    """np.ndim, likewise."""
    return a.ndim if type(a) is cnp.ndarray or type(a) is Traced else np.ndim(a)


def spread_to(dy, tuple sides, dtype, axis=None, bint keepdims=False):
    """What a reduction left, as an array of the shape that it came from."""
    cdef int n = len(sides)
    g = np.empty(sides, dtype)
    if (type(axis) is int and (axis == -1 or axis == n - 1) and is_block(dy) and is_block(g) and n
            and cnp.PyArray_TYPE(dy) == cnp.PyArray_TYPE(g)):
        spread_last(dy, g)
    else:
        g[...] = spread(dy, sides, axis, keepdims)
    return g


def spread(dy, tuple shape, axis, bint keepdims):
    """What a reduction left, as it stands beside the array that it came from."""
    if keepdims or axis is None or not shape:
        return dy
    axes = axis if isinstance(axis, tuple) else (axis,)
    kept = list(shape)
    for a in axes:
        kept[a] = 1
    return dy.reshape(kept)


def is_traced(x):
    """Whether x is a traced array."""
    return type(x) is Traced


def any_traced(tuple args):
    """Whether one of them is, or holds one in a list or tuple."""
    for a in args:
        if type(a) is Traced or (isinstance(a, (list, tuple)) and any_traced(tuple(a))):
            return True
    return False
