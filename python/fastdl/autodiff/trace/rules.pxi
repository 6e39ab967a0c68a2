# What is known of a function; element-wise rules.

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

    cdef int backward(self, Node node, object dy, dict slots, bint owned) except -1:
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
            kept[key] = frozen(value)
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


cdef inline bint has_derivative(Rule rule, object y) except -1:
    """Whether y is of floats, and not of integers or bools, which stay plain (dtype=int asked for them).

    Complex numbers are refused where they arise: what becomes of them (sign, abs, eigenvalues ...) has other rules.
    """
    if type(y) is float or type(y) is Traced:
        return True
    if type(y) is cnp.ndarray:
        if cnp.PyArray_ISCOMPLEX(<cnp.ndarray>y):
            raise of_complex_numbers(rule.name)
        return cnp.PyArray_ISFLOAT(<cnp.ndarray>y)
    if isinstance(y, complex_numbers):
        raise of_complex_numbers(rule.name)
    return not isinstance(y, whole_numbers)


def of_complex_numbers(str who):
    """The error about them."""
    return TypeError(
        f"{who}: complex numbers. fastdl.autodiff takes derivatives of real ones only: keep real and imaginary parts in "
        "arrays of their own, or take value_of(x) where no derivative is wanted."
    )


cdef inline object value_at(object a, Trace trace):
    """What stands for an argument in this trace; other arrays than NumPy's own count as those, or are refused."""
    if type(a) is Traced:
        return (<Traced>a).value if (<Traced>a).trace is trace else a
    if type(a) is cnp.ndarray or type(a) is float or type(a) is int:
        return a
    return operand(a)


cdef object operand(object a):
    if isinstance(a, (np.generic, str)) or not hasattr(a, "__array__"):
        return a
    masked = sys.modules.get("numpy.ma")  # NumPy imports it when it is needed
    if isinstance(a, np.matrix) or (masked is not None and isinstance(a, masked.MaskedArray)):
        raise TypeError(
            f"an operand is a {type(a).__name__}, which NumPy's functions treat in a way of its own. Take a plain array in "
            "the function that is differentiated: np.asarray(a), or a.filled(0) and the mask beside it."
        )
    return np.asarray(a)


cdef inline object factor(object a):
    """A list of numbers as an array."""
    return np.asarray(a) if type(a) is list else a


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
            values = (factor(value_at(args[0], trace)), factor(value_at(args[1], trace)))
        else:
            values = tuple([factor(value_at(a, trace)) for a in args])
        y = f(*values)
        if not has_derivative(self, y):
            return y
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
                dy = term if dy is None else plus(dy, term)
        if dy is not None and shape(dy) != shape(y):
            dy = broadcast_to(dy, shape(y))
        return dy

    cdef int backward(self, Node node, object dy, dict slots, bint owned) except -1:
        cdef tuple saved = restore(node)
        cdef Py_ssize_t i, n = len(node.parents), last = n - 1
        while node.parents[last] is None:
            last -= 1
        for i in range(last + 1):
            parent = node.parents[i]
            if parent is None:
                continue
            partial = self.partials[i]
            if type(partial) is int and partial == 0:
                continue
            if type(partial) is int and partial == 1:
                add_to(slots, parent, dy, OWNED if owned and i == last else SHARED)
                owned = owned and (<Slot>slots[parent]).g is not dy
                continue
            if callable(partial):
                partial = partial(*saved)
            # The last use of dy may write over it, where nobody else has it.
            if owned and i == last and is_plain(partial) and Py_REFCNT(<PyObject*>dy) == 1:
                add_to(slots, parent, multiply_into(dy, partial, dy), OWNED)
            else:
                add_to(slots, parent, dy * partial)
        return 0


cdef object plus(object dy, object term):
    """dy + term, into dy where nobody else has it."""
    if (type(dy) is cnp.ndarray and type(term) is cnp.ndarray and cnp.PyArray_SAMESHAPE(dy, term)
            and <object>cnp.PyArray_DESCR(dy) is <object>cnp.PyArray_DESCR(term) and is_plain_memory(dy)
            and Py_REFCNT(<PyObject*>dy) == 1):
        return add_into(dy, term, dy)
    return dy + term


cdef inline bint is_plain(object a):
    return type(a) is cnp.ndarray or type(a) is float or type(a) is int or isinstance(a, np.generic)


cdef object view_of(Traced x, Traced y):
    """Let y share the storage of x if its memory does."""
    if (type(y.value) is cnp.ndarray and cnp.PyArray_BASE(y.value) != NULL and type(x.value) is cnp.ndarray
            and np.may_share_memory(x.value, y.value)):
        if x.storage is None:
            x.storage = Storage.__new__(Storage)
        y.storage = x.storage
    return y
