# Rules of any other function; several outputs.

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
        if not isinstance(y, tuple):
            if not has_derivative(self, y):
                return y
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
            if not has_derivative(self, part):
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
                dy = term if dy is None else plus(dy, term)
        if not isinstance(y, tuple):
            return new_traced(trace, y, None, dy)
        outs = [
            new_traced(trace, part, None, None if dy is None else dy[i]) if has_derivative(self, part) else part
            for i, part in enumerate(y)
        ]
        return tuple(outs) if type(y) is tuple else type(y)(*outs)

    cdef int backward(self, Node node, object dy, dict slots, bint owned) except -1:
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

    cdef int backward(self, Node node, object dy, dict slots, bint owned) except -1:
        cdef Slot slot = <Slot>slots[node.parents[0]]
        i, n = node.saved
        if slot.g is None:
            slot.g = [None] * n
        slot.g[i] = dy if slot.g[i] is None else slot.g[i] + dy
        return 0


cdef Rule PICK = Pick(None, "one output")
