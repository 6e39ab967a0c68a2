# cython: boundscheck=False, wraparound=False, initializedcheck=False
"""Traced arrays: what stands for an array while a function is differentiated.

A transformation (`grad`, `jvp` ...) makes a `Trace`, with a number larger than all before, and hands traced arrays to
the function. NumPy's functions and operators find them through NumPy's protocols and look up the rule of the function.
In reverse mode the rule records a `Node`; in forward mode it computes a tangent. A rule is written in NumPy, so it may
meet traced arrays of older traces itself: derivatives of any order and mix of modes.

Nodes refer to nodes and to what their rule keeps, never to traced arrays or traces: no cycles.
"""

cimport cython
cimport numpy as cnp
from cpython.object cimport PyObject
from libc.stdint cimport uint64_t
from libc.string cimport memcpy

import operator
import sys
from contextvars import ContextVar

import numpy as np

cnp.import_array()

cdef extern from "Python.h":
    Py_ssize_t Py_REFCNT(PyObject* o)

RULES = {}  # by function: its rule
CHECKING = ContextVar("fastdl.autodiff.check_finite", default=False)

cdef dict rules = RULES
cdef uint64_t traces = 0
cdef object float64 = np.dtype("float64")
cdef object add_at = np.add.at


# --- traces and traced arrays

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


def spread_to(dy, Node like):
    """dy, of a shape that broadcasts, as an array of the shape of `like`."""
    if type(dy) is Traced:
        return np.broadcast_to(dy, like.shape)
    g = np.empty(like.shape, like.dtype)
    g[...] = dy
    return g


def is_traced(x):
    """Whether x is a traced array."""
    return type(x) is Traced


def any_traced(tuple args):
    """Whether one of them is, or holds one in a list or tuple."""
    for a in args:
        if type(a) is Traced or (isinstance(a, (list, tuple)) and any_traced(tuple(a))):
            return True
    return False


# --- constants that the tape keeps

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


cdef object keep(object a):
    cdef Kept kept
    if type(a) is not cnp.ndarray or not cnp.PyArray_ISWRITEABLE(a):
        return a
    if not (cnp.PyArray_IS_C_CONTIGUOUS(a) or cnp.PyArray_IS_F_CONTIGUOUS(a)):
        return a.copy()
    kept = Kept.__new__(Kept)
    kept.array = a
    kept.bytes_were = fingerprint(a)
    return kept


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


# --- gradients on their way back

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
    cdef int i, n = len(like.shape)
    if type(g) is cnp.ndarray and cnp.PyArray_NDIM(g) == n:
        for i in range(n):
            if cnp.PyArray_DIMS(g)[i] != <cnp.npy_intp>like.shape[i]:
                break
        else:
            if <object>cnp.PyArray_DESCR(g) is like.dtype:
                return g
            return g.astype(like.dtype)
    return fit_slowly(g, like.shape, like.dtype)


def fit_slowly(g, shape, dtype):
    """As `fit`, for numbers, traced arrays and broadcast ones."""
    if isinstance(g, (float, int)) and not isinstance(g, np.generic):
        g = np.float64(g)
    if g.shape != shape:
        extra = len(g.shape) - len(shape)
        if extra > 0:
            g = np.sum(g, axis=tuple(range(extra)))
        axes = tuple([i for i, (a, b) in enumerate(zip(g.shape, shape)) if a != b])
        if axes:
            g = np.sum(g, axis=axes, keepdims=True)
    if g.dtype != dtype:
        g = g.astype(dtype)
    return g


cdef int add_to(dict slots, Node parent, object g, bint computed=True) except -1:
    """Add a gradient to what a node has; not `computed`: it is the caller's own."""
    cdef Slot slot = <Slot>slots[parent]
    cdef object h
    if g is None:
        return 0
    h = fit(g, parent)
    if slot.g is None:
        # Two references, of the caller's call and of ours, when nothing else refers to it.
        slot.owned = is_plain_memory(h) and (h is not g or (computed and Py_REFCNT(<PyObject*>g) == 2))
        slot.g = h
    elif slot.owned and type(h) is cnp.ndarray:
        np.add(slot.g, h, out=slot.g)
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
            node.rule.backward(node, slot.g, slots)
            if node.where is not None:
                check_finite_gradients(node, slot.g, slots)
        slot.g = None
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


# --- rules

cdef class Rule:
    """What is known of a function: how to call it on traced arrays, and its derivatives.

    `f` is called with what the traced arrays hold, so that older traces see it in turn.
    """

    cdef readonly object f
    cdef readonly str name
    cdef readonly str kind
    cdef object keywords      # a frozenset of those that the rule knows; None: any
    cdef object names         # of the positional parameters, for arrays passed by keyword

    def __init__(self, f, str name, keywords=None, names=()):
        self.f = f
        self.name = name
        self.keywords = keywords
        self.names = names

    def __call__(self, *args, **kwargs):
        return self.call(args, kwargs)

    cdef object call(self, tuple args, dict kwargs):
        raise NotImplementedError

    cdef int backward(self, Node node, object dy, dict slots) except -1:
        raise NotImplementedError

    cdef object checked_keywords(self, dict kwargs):
        """The keywords without those that say nothing; raises for those that the rule does not know."""
        if self.keywords is None:
            return kwargs
        kept = {}
        for key, value in kwargs.items():
            if key in ("out", "where") and (value is None or value is True or (type(value) is tuple and value == (None,))):
                continue
            if key not in self.keywords or key == "out":
                raise NotImplementedError(
                    f"{self.name}: the keyword {key}= has no derivative rule in fastdl.autodiff."
                    + (WRITES if key == "out" else "")
                )
            kept[key] = value
        return kept

    def by_position(self, tuple args, dict kwargs):
        """Arguments with arrays that were passed by keyword in their places."""
        placed = list(args)
        for name in self.names[len(args):]:
            if name not in kwargs:
                break
            placed.append(kwargs.pop(name))
        return tuple(placed), kwargs

    def no_forward(self):
        """The error of a rule without forward mode."""
        return NotImplementedError(f"{self.name} has no rule for forward mode in fastdl.autodiff; use reverse mode.")


WRITES = (
    " A traced array cannot be written into a plain one: build the result with np.stack or np.concatenate, or write "
    "into np.zeros_like(x) of a traced x."
)


cdef object value_at(object a, Trace trace):
    return (<Traced>a).value if type(a) is Traced and (<Traced>a).trace is trace else a


cdef bint has_traced(tuple args):
    for a in args:
        if type(a) is Traced:
            return True
    return False


cdef class Elementwise(Rule):
    """One value of each position of its arguments. `partials`: a function (y, *args), or a number, for each."""

    cdef tuple partials
    cdef unsigned int keeps[4]   # bits of (y, *args) that a partial needs
    cdef object by_operator      # the same function as Python's operator, which is quicker

    def __init__(self, f, str name, tuple partials, tuple keeps, by_operator=None):
        super().__init__(f, name, frozenset())
        self.kind = "elementwise"
        self.partials = partials
        for i, bits in enumerate(keeps):
            self.keeps[i] = bits
        self.by_operator = by_operator

    cdef object call(self, tuple args, dict kwargs):
        if kwargs:
            kwargs = self.checked_keywords(kwargs)
        return self.apply(self.f, args)

    cdef object apply(self, object f, tuple args):
        cdef Trace trace = newest(args)
        cdef Py_ssize_t i, n = len(args)
        cdef Traced x
        cdef unsigned int bits = 0
        cdef bint depends = False
        cdef list parents
        cdef list saved
        cdef tuple values
        if trace is None:
            return f(*args)
        if n == 1:
            values = ((<Traced>args[0]).value,)
        elif n == 2:
            values = (value_at(args[0], trace), value_at(args[1], trace))
        else:
            values = tuple([value_at(a, trace) for a in args])
        y = f(*values)
        if trace.forward:
            return new_traced(trace, y, None, self.tangent(trace, args, values, y))
        parents = [None] * n
        for i in range(n):
            a = args[i]
            if type(a) is Traced and (<Traced>a).trace is trace and (<Traced>a).node is not None:
                parents[i] = (<Traced>a).node
                bits |= self.keeps[i]
                depends = True
        if not depends:
            return new_traced(trace, y, None, None)
        saved = [None] * (n + 1)
        if bits & 1:
            saved[0] = y
        for i in range(n):
            if bits & (2u << i):
                saved[i + 1] = kept_argument(args[i], values[i])
        return new_traced(trace, y, new_node(self, tuple(parents), tuple(saved), None, y, trace), None)

    cdef object tangent(self, Trace trace, tuple args, tuple values, object y):
        dy = None
        for i, a in enumerate(args):
            if type(a) is Traced and (<Traced>a).trace is trace and (<Traced>a).tangent is not None:
                partial = self.partials[i]
                dx = (<Traced>a).tangent
                if not isinstance(partial, (int, float)):
                    term = dx * partial(y, *values)
                elif partial == 1:
                    term = dx
                else:
                    term = dx * partial
                dy = term if dy is None else dy + term
        if dy is not None and np.shape(dy) != np.shape(y):
            dy = np.broadcast_to(dy, np.shape(y))
        return dy

    cdef int backward(self, Node node, object dy, dict slots) except -1:
        cdef tuple saved = restore(node)
        cdef Py_ssize_t i
        for i in range(len(node.parents)):
            parent = node.parents[i]
            if parent is None:
                continue
            partial = self.partials[i]
            if type(partial) is int:
                if partial == 1:
                    add_to(slots, parent, dy, False)
                elif partial == -1:
                    add_to(slots, parent, -dy)
            elif type(partial) is float:
                add_to(slots, parent, dy * partial)
            else:
                add_to(slots, parent, dy * partial(*saved))
        return 0


cdef object view_of(Traced x, Traced y):
    """Let y share the storage of x if its memory does."""
    if (type(y.value) is cnp.ndarray and cnp.PyArray_BASE(y.value) != NULL and type(x.value) is cnp.ndarray
            and np.may_share_memory(x.value, y.value)):
        if x.storage is None:
            x.storage = Storage.__new__(Storage)
        y.storage = x.storage
    return y


cdef class Linear(Rule):
    """Linear in its first argument. `transpose`: a function (dy, like, *others) of the gradient."""

    cdef object transpose
    cdef public object fallback   # a composed function for keywords that the rule does not know

    def __init__(self, f, str name, transpose, keywords, names):
        super().__init__(f, name, keywords, names)
        self.kind = "linear"
        self.transpose = transpose

    cdef object call(self, tuple args, dict kwargs):
        cdef Trace trace
        cdef Traced x
        if kwargs:
            if not args or type(args[0]) is not Traced:
                args, kwargs = self.by_position(args, kwargs)
            if self.fallback is not None and not self.keywords.issuperset(kwargs):
                return self.fallback(*args, **kwargs)
            kwargs = self.checked_keywords(kwargs)
        if not args or type(args[0]) is not Traced:
            return self.f(*args, **kwargs)
        for a in args[1:]:
            if type(a) is Traced:
                raise TypeError(f"{self.name}: only its first argument may be a traced array.")
        x = <Traced>args[0]
        trace = x.trace
        check_use(x)
        y = self.f(x.value, *args[1:], **kwargs)
        if trace.forward:
            dy = None if x.tangent is None else self.f(x.tangent, *args[1:], **kwargs)
            return view_of(x, new_traced(trace, y, None, dy))
        if x.node is None:
            return view_of(x, new_traced(trace, y, None, None))
        node = new_node(self, (x.node,), args, kwargs if kwargs else None, y, trace)
        (<Node>node).saved = args[1:]
        return view_of(x, new_traced(trace, y, node, None))

    cdef int backward(self, Node node, object dy, dict slots) except -1:
        parent = node.parents[0]
        if node.kwargs is None:
            add_to(slots, parent, self.transpose(dy, parent, *node.saved))
        else:
            add_to(slots, parent, self.transpose(dy, parent, *node.saved, **node.kwargs))
        return 0


cdef class Multilinear(Rule):
    """Linear in each array. `transposes`: a function (dy, like, *args) for each; or one for all, (i, dy, like, *args)."""

    cdef object transposes
    cdef bint variadic

    def __init__(self, f, str name, transposes, keywords, names):
        super().__init__(f, name, keywords, names)
        self.kind = "multilinear"
        self.transposes = transposes
        self.variadic = not isinstance(transposes, tuple)

    cdef object call(self, tuple args, dict kwargs):
        if kwargs:
            if not has_traced(args):
                args, kwargs = self.by_position(args, kwargs)
            kwargs = self.checked_keywords(kwargs)
        return self.apply(self.f, args, kwargs)

    cdef object apply(self, object f, tuple args, dict kwargs):
        cdef Trace trace = newest(args)
        cdef Py_ssize_t i, n = len(args), active = 0, last = -1
        cdef list values, parents, saved
        if trace is None:
            return f(*args, **kwargs)
        values = [value_at(a, trace) for a in args]
        y = f(*values, **kwargs)
        if trace.forward:
            dy = None
            for i in range(n):
                a = args[i]
                if type(a) is Traced and (<Traced>a).trace is trace and (<Traced>a).tangent is not None:
                    others = list(values)
                    others[i] = (<Traced>a).tangent
                    term = f(*others, **kwargs)
                    dy = term if dy is None else dy + term
            return new_traced(trace, y, None, dy)
        parents = [None] * n
        for i in range(n):
            a = args[i]
            if type(a) is Traced and (<Traced>a).trace is trace and (<Traced>a).node is not None:
                parents[i] = (<Traced>a).node
                active += 1
                last = i
        if not active:
            return new_traced(trace, y, None, None)
        saved = [None] * n
        for i in range(n):  # the partners of traced factors
            if active > 1 or i != last:
                saved[i] = kept_argument(args[i], values[i])
        return new_traced(
            trace, y, new_node(self, tuple(parents), tuple(saved), kwargs if kwargs else None, y, trace), None
        )

    cdef int backward(self, Node node, object dy, dict slots) except -1:
        cdef tuple args = restore(node)
        cdef dict kwargs = node.kwargs if node.kwargs is not None else {}
        cdef Py_ssize_t i
        for i in range(len(node.parents)):
            parent = node.parents[i]
            if parent is None:
                continue
            if self.variadic:
                add_to(slots, parent, self.transposes(i, dy, parent, *args, **kwargs))
            else:
                add_to(slots, parent, self.transposes[i](dy, parent, *args, **kwargs))
        return 0


cdef class Custom(Rule):
    """Any other function. `vjps`, `jvps`: a function (dy or dx, y, *args) for each argument, or None.

    `joint`: instead, one function (dy, needs, y, *args) that gives all gradients at once; `joint_jvp`: one function
    (tangents, y, *args), None where there is no tangent. `variadic`: the functions take the number of the argument first.
    """

    cdef object vjps, jvps, joint, joint_jvp
    cdef unsigned int keeps      # bits of (y, *args) to keep; the last bit stands for all further ones
    cdef bint variadic

    def __init__(self, f, str name, keywords, names, *, vjps=None, jvps=None, joint=None, joint_jvp=None,
                 unsigned int keeps=0xFFFFFFFFu, bint variadic=False):
        super().__init__(f, name, keywords, names)
        self.kind = "custom"
        self.vjps = vjps
        self.jvps = jvps
        self.joint = joint
        self.joint_jvp = joint_jvp
        self.keeps = keeps
        self.variadic = variadic

    cdef object call(self, tuple args, dict kwargs):
        cdef Trace trace
        cdef Py_ssize_t i, n
        cdef list values, parents, saved
        cdef bint depends = False
        if kwargs:
            if not has_traced(args):
                args, kwargs = self.by_position(args, kwargs)
            kwargs = self.checked_keywords(kwargs)
        trace = newest(args)
        if trace is None:
            return self.f(*args, **kwargs)
        n = len(args)
        values = [value_at(a, trace) for a in args]
        y = self.f(*values, **kwargs)
        if trace.forward:
            return self.with_tangent(trace, args, values, kwargs, y)
        parents = [None] * n
        for i in range(n):
            a = args[i]
            if type(a) is Traced and (<Traced>a).trace is trace and (<Traced>a).node is not None:
                parents[i] = (<Traced>a).node
                depends = True
        if not depends:
            return self.outputs(trace, y, None)
        saved = [None] * (n + 1)
        if self.keeps & 1:
            saved[0] = y
        for i in range(n):
            if self.keeps & (2u << (i if i < 30 else 30)):
                saved[i + 1] = kept_argument(args[i], values[i])
        node = new_node(self, tuple(parents), tuple(saved), kwargs if kwargs else None, y, trace)
        return self.outputs(trace, y, node)

    cdef object outputs(self, Trace trace, object y, Node node):
        """Traced arrays of what the function gave, which may be several."""
        if not isinstance(y, tuple):
            return new_traced(trace, y, node, None)
        outs = []
        for i, part in enumerate(y):
            if getattr(part, "dtype", float64).kind != "f":
                outs.append(part)
                continue
            pick = None if node is None else new_node(PICK, (node,), (i, len(y)), None, part, trace)
            outs.append(new_traced(trace, part, pick, None))
        return tuple(outs) if type(y) is tuple else type(y)(*outs)

    cdef object with_tangent(self, Trace trace, tuple args, list values, dict kwargs, object y):
        tangents = [
            (<Traced>a).tangent if type(a) is Traced and (<Traced>a).trace is trace else None for a in args
        ]
        if self.joint_jvp is not None:
            dy = self.joint_jvp(tangents, y, *values, **kwargs)
        elif self.jvps is None:
            raise self.no_forward()
        else:
            dy = None
            for i, dx in enumerate(tangents):
                if dx is None:
                    continue
                if self.variadic:
                    term = self.jvps(i, dx, y, *values, **kwargs)
                else:
                    term = self.jvps[i](dx, y, *values, **kwargs)
                dy = term if dy is None else dy + term
        if not isinstance(y, tuple):
            return new_traced(trace, y, None, dy)
        outs = [
            new_traced(trace, part, None, None if dy is None else dy[i])
            if getattr(part, "dtype", float64).kind == "f" else part
            for i, part in enumerate(y)
        ]
        return tuple(outs) if type(y) is tuple else type(y)(*outs)

    cdef int backward(self, Node node, object dy, dict slots) except -1:
        cdef tuple saved = restore(node)
        cdef dict kwargs = node.kwargs if node.kwargs is not None else {}
        cdef Py_ssize_t i
        if self.joint is not None:
            needs = tuple([p is not None for p in node.parents])
            gradients = self.joint(dy, needs, *saved, **kwargs)
            for i in range(len(node.parents)):
                if node.parents[i] is not None:
                    add_to(slots, node.parents[i], gradients[i])
            return 0
        for i in range(len(node.parents)):
            parent = node.parents[i]
            if parent is None:
                continue
            if self.variadic:
                add_to(slots, parent, self.vjps(i, dy, *saved, **kwargs))
            else:
                add_to(slots, parent, self.vjps[i](dy, *saved, **kwargs))
        return 0


cdef class Pick(Rule):
    """One of several outputs; the gradient of their node is a list."""

    cdef int backward(self, Node node, object dy, dict slots) except -1:
        cdef Slot slot = <Slot>slots[node.parents[0]]
        i, n = node.saved
        if slot.g is None:
            slot.g = [None] * n
        slot.g[i] = dy if slot.g[i] is None else slot.g[i] + dy
        return 0


cdef Rule PICK = Pick(None, "one output")


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
            node = new_node(self, (x.node,), (index,), None, y, x.trace)
        part = new_traced(x.trace, y, node, tangent)
        view_of(x, part)
        if part.storage is not None:
            part.place = index
        return part

    cdef int backward(self, Node node, object dy, dict slots) except -1:
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


# --- the traced array

cdef object refuse_conversion(str what):
    return TypeError(
        f"{what} of a traced array: its derivative would be lost. Use NumPy's functions (np.sin(x), np.stack([x[0], "
        "x[1]])) in the function that is differentiated, and fastdl.autodiff.value_of(x) where no derivative is wanted."
    )


class ConversionError(TypeError):
    """A traced array was to become a plain one."""


cdef object lost(str what):
    return ConversionError(str(refuse_conversion(what)))


cdef object binary(object ufunc, object a, object b):
    cdef Elementwise rule = <Elementwise>rules[ufunc]
    return rule.apply(rule.by_operator, (a, b))


cdef object add = np.add, subtract = np.subtract, multiply = np.multiply, divide = np.true_divide
cdef object power = np.power, matmul = np.matmul, negative = np.negative


@cython.final
@cython.no_gc
@cython.freelist(64)
cdef class Traced:
    """An array or number whose derivative is being taken.

    It is used like the array it stands for. Comparisons give plain arrays, so that control flow follows the value.
    """

    cdef Trace trace
    cdef object value         # an array or number, or a traced array of an older trace
    cdef Node node            # reverse mode: how it was computed; None: it is constant
    cdef object tangent       # forward mode: its derivative; None: 0
    cdef Storage storage      # shared by arrays that are views of the same memory
    cdef object place         # the index that gave this view
    cdef bint wrote           # this is the view that was changed in place

    __hash__ = None

    # what it looks like

    @property
    def shape(self):
        return shape(self.value)

    @property
    def ndim(self):
        return ndim(self.value)

    @property
    def size(self):
        return np.size(self.value)

    @property
    def dtype(self):
        return dtype_of(self.value)

    @property
    def itemsize(self):
        return self.dtype.itemsize

    @property
    def nbytes(self):
        return self.dtype.itemsize * self.size

    def __len__(self):
        return len(self.value)

    def __bool__(self):
        return bool(self.value)

    def __repr__(self):
        return f"traced({plain(self)!r})"

    def __str__(self):
        return str(plain(self))

    def __format__(self, spec):
        return format(plain(self), spec)

    def __iter__(self):
        if np.ndim(self.value) == 0:
            raise TypeError("iteration over a 0-d array")
        return iter([self[i] for i in range(len(self.value))])

    def __contains__(self, item):
        return plain(item) in plain(self)

    # NumPy's protocols

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        rule = rules.get(ufunc)
        if rule is None:
            rule = found_later(ufunc)
        if method == "__call__":
            if "out" in kwargs and kwargs["out"][0] is not None:
                raise lost("out=: writing into a plain array")
            if rule is None:
                raise NotImplementedError(missing(ufunc))
            return (<Rule>rule).call(inputs, kwargs)
        other = rules.get((ufunc, method))
        if other is None:
            if rule is not None and (<Rule>rule).kind == "constant":
                return getattr(ufunc, method)(*plain_of_all(inputs), **plain_of_all(kwargs))
            if method == "at":
                raise lost(f"np.{ufunc.__name__}.at: writing into a plain array")
            raise NotImplementedError(missing(ufunc, "." + method))
        return (<Rule>other).call(inputs, kwargs)

    def __array_function__(self, func, types, args, kwargs):
        rule = rules.get(func)
        if rule is None:
            raise NotImplementedError(missing(func))
        return (<Rule>rule).call(args, kwargs)

    def __array__(self, dtype=None, copy=None):
        raise lost("conversion to a plain array (np.array, np.asarray, writing into an array)")

    def __float__(self):
        raise lost("float(x)")

    def __int__(self):
        raise lost("int(x)")

    def __complex__(self):
        raise lost("complex(x)")

    def __index__(self):
        raise lost("an index (a[x])")

    def item(self, *args):
        raise lost("x.item()")

    def tolist(self):
        raise lost("x.tolist()")

    def __reduce__(self):
        raise lost("pickling")

    # operators

    def __add__(self, other):
        return binary(add, self, other)

    def __radd__(self, other):
        return binary(add, other, self)

    def __sub__(self, other):
        return binary(subtract, self, other)

    def __rsub__(self, other):
        return binary(subtract, other, self)

    def __mul__(self, other):
        return binary(multiply, self, other)

    def __rmul__(self, other):
        return binary(multiply, other, self)

    def __truediv__(self, other):
        return binary(divide, self, other)

    def __rtruediv__(self, other):
        return binary(divide, other, self)

    def __pow__(self, other, modulo):
        return binary(power, self, other)

    def __rpow__(self, other, modulo):
        return binary(power, other, self)

    def __matmul__(self, other):
        return (<Multilinear>rules[matmul]).apply(operator.matmul, (self, other), {})

    def __rmatmul__(self, other):
        return (<Multilinear>rules[matmul]).apply(operator.matmul, (other, self), {})

    def __mod__(self, other):
        return np.remainder(self, other)

    def __rmod__(self, other):
        return np.remainder(other, self)

    def __floordiv__(self, other):
        return np.floor_divide(plain(self), plain(other))

    def __rfloordiv__(self, other):
        return np.floor_divide(plain(other), plain(self))

    def __divmod__(self, other):
        return self // other, self % other

    def __neg__(self):
        return (<Elementwise>rules[negative]).apply(operator.neg, (self,))

    def __pos__(self):
        return np.positive(self)

    def __abs__(self):
        return np.absolute(self)

    def __round__(self, digits=None):
        return np.round(plain(self), digits or 0)

    def __lt__(self, other):
        return plain(self) < plain(other)

    def __le__(self, other):
        return plain(self) <= plain(other)

    def __gt__(self, other):
        return plain(self) > plain(other)

    def __ge__(self, other):
        return plain(self) >= plain(other)

    def __eq__(self, other):
        return plain(self) == plain(other)

    def __ne__(self, other):
        return plain(self) != plain(other)

    # in place: the traced array itself changes

    cdef int become(self, Traced new) except -1:
        self.trace, self.value, self.node, self.tangent = new.trace, new.value, new.node, new.tangent
        return 0

    cdef bint is_shared(self):
        return self.storage is not None and Py_REFCNT(<PyObject*>self.storage) > 1

    cdef object changed(self, object new):
        """This array after x += y and the like. Of a view, the arrays that share its memory are now out of date, until
        it is written back, as Python does for x[i] += y."""
        if np.ndim(self.value) == 0 and not isinstance(plain(self), np.ndarray):
            return new  # numbers do not change in place
        if np.shape(new) != np.shape(self.value):
            raise ValueError(
                f"in place: the result has shape {np.shape(new)}, but the array has shape {np.shape(self.value)}."
            )
        if new.dtype != self.dtype:
            new = new.astype(self.dtype)
        self.become(new)
        if self.is_shared():
            self.storage.written = True
            self.wrote = True
        return self

    cdef int write_back(self, object index, object value) except -1:
        """Before x[index] = value: raises where NumPy would change other arrays too."""
        cdef Traced part
        if type(value) is Traced:
            part = <Traced>value
            if part.wrote and part.storage is self.storage and (part.place is index or part.place == index):
                part.storage = None
                part.wrote = False
                if self.is_shared():  # by older views, which stay out of date
                    self.storage = None
                elif self.storage is not None:
                    self.storage.written = False
                return 0
        if self.is_shared():
            raise RuntimeError(
                "writing into a traced array of which another is a view: NumPy would change both. Write into a copy "
                "(x.copy()), or build the result with np.stack or np.where."
            )
        return 0

    def __iadd__(self, other):
        return self.changed(self + other)

    def __isub__(self, other):
        return self.changed(self - other)

    def __imul__(self, other):
        return self.changed(self * other)

    def __itruediv__(self, other):
        return self.changed(self / other)

    def __ipow__(self, other):
        return self.changed(self ** other)

    def __imatmul__(self, other):
        return self.changed(self @ other)

    def __getitem__(self, index):
        if type(index) is Traced or (type(index) is tuple and has_traced(index)):
            raise lost("an index (x[y])")
        return (<Rule>rules["index"]).call((self, index), {})

    def __setitem__(self, index, value):
        self.write_back(index, value)
        self.become(rules["set_index"](self, index, value))

    def __getattr__(self, name):
        method = METHODS.get(name)
        if method is None:
            raise AttributeError(
                f"a traced array has no {name!r}: fastdl.autodiff knows no derivative of it. value_of(x).{name} is that "
                "of the plain array."
            )
        return method(self)


LATER = []  # functions that look for the rule of a ufunc which the table does not have


cdef object found_later(object ufunc):
    for find in LATER:
        rule = find(ufunc)
        if rule is not None:
            return rule
    return None


METHODS = {}  # by name: what gives the attribute of a traced array


def missing(func, method=""):
    """The message for a function without a rule."""
    module = getattr(func, "__module__", None) or "numpy"
    name = f"{module.replace('numpy._core.', 'numpy.')}.{getattr(func, '__name__', func)}{method}"
    return (
        f"{name} has no derivative rule in fastdl.autodiff (rules() lists those that are there). Write it with other "
        "functions, give it one with fastdl.autodiff.rule, or call it with value_of(x) where no derivative is wanted."
    )


def traced_constant(like, value):
    """A traced array without a derivative, of the same trace as another: it may be written to."""
    return new_traced((<Traced>like).trace, value, None, None)


def trace_of(x):
    """The newest trace that x belongs to."""
    return (<Traced>x).trace


def lift(x, Trace trace):
    """x as a traced array of a trace that is newer than its own."""
    if type(x) is Traced and (<Traced>x).trace is trace:
        return x
    return new_traced(trace, x, None, None)
