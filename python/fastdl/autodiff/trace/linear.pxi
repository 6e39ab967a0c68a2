# Linear and multilinear rules.

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
        if not has_derivative(self, y):
            return y
        if trace.forward:
            dy = None if x.tangent is None else self.f(x.tangent, *args[1:], **kwargs)
            return view_of(x, new_traced(trace, y, None, dy))
        if x.node is None:
            return view_of(x, new_traced(trace, y, None, None))
        node = new_node(self, (x.node,), args, kwargs if kwargs else None, y, trace)
        (<Node>node).saved = frozen(args[1:])
        return view_of(x, new_traced(trace, y, node, None))

    cdef int backward(self, Node node, object dy, dict slots, bint owned) except -1:
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
        values = [value_at(a, trace) if self.variadic else factor(value_at(a, trace)) for a in args]
        y = f(*values, **kwargs)
        if not has_derivative(self, y):
            return y
        if trace.forward:
            dy = None
            for i in range(n):
                a = args[i]
                if type(a) is Traced and (<Traced>a).trace is trace and (<Traced>a).tangent is not None:
                    others = list(values)
                    others[i] = (<Traced>a).tangent
                    term = f(*others, **kwargs)
                    dy = term if dy is None else plus(dy, term)
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

    cdef int backward(self, Node node, object dy, dict slots, bint owned) except -1:
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
