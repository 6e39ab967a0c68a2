# The traced array: NumPy's protocols, operators, writing in place.

class ConversionError(TypeError):
    """A traced array was to become a plain one."""


cdef object lost(str what):
    library = asking()
    return ConversionError(
        f"{what} of a traced array{' in ' + library if library else ''}: its derivative would be lost. Use NumPy's functions "
        "(np.sin(x), np.stack([x[0], x[1]])) in the function that is differentiated, fastdl.autodiff.rule where another "
        "function has to be called, and fastdl.autodiff.value_of(x) where no derivative is wanted."
    )


def asking():
    """The function of an installed library by which the user's code asked: "scipy.linalg.expm"."""
    frame, name, package = sys._getframe(0), "", ""
    while frame is not None:
        module = frame.f_globals.get("__name__") or ""
        top = module.split(".")[0]
        if top != "fastdl" or name:
            if "site-packages" not in frame.f_code.co_filename or (package and top != package):
                break
            package = top
            function = frame.f_code.co_qualname.split(".__")[0]  # of an operator, its class
            if "<locals>" not in function:  # a wrapper says less than what it wraps
                public = "numpy" if top == "numpy" and hasattr(np, function) else module.split("._")[0]
                known = hasattr(sys.modules.get(public), function.split(".")[0])
                name = f"{public}.{function}".replace("numpy.", "np.", 1) if known else top
        frame = frame.f_back
    return name


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
        if method == "at" and ufunc in (add, subtract) and type(inputs[0]) is Traced:
            return (<Traced>inputs[0]).add_at(inputs[1], inputs[2] if ufunc is add else -inputs[2])
        if other is None:
            if rule is not None and (<Rule>rule).kind == "constant":
                return getattr(ufunc, method)(*plain_of_all(inputs), **plain_of_all(kwargs))
            if method == "at" and type(inputs[0]) is not Traced:
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

    def __copy__(self):
        return np.copy(self)

    def __deepcopy__(self, memo):
        return np.copy(self)

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

    cdef object add_at(self, object index, object value):
        """np.add.at(x, index, value): indices that are named twice add up."""
        if any_traced((index,)):
            raise lost("an index (np.add.at(x, y, v))")
        self.write_back(index, None)
        new = self + rules["scattered"](value, index, self.shape, self.dtype)
        self.become(new if new.dtype == self.dtype else new.astype(self.dtype))

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
    module = getattr(func, "__module__", None)
    if module is None:  # a ufunc
        module = "numpy" if hasattr(np, func.__name__) else "scipy.special"
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
