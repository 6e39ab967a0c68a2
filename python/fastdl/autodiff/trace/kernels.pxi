# Loops over blocks of numbers, for shapes in which NumPy spends more time between its inner loops than in them: sums over
# rows and over short last axes, and what belongs to the largest of a few. They add in NumPy's order.

ctypedef fused real:
    float
    double

cdef int SHORT = 8  # up to here NumPy adds one number after the other


cdef inline bint is_block(object a):
    """A plain array of float32 or float64, one number beside the next."""
    cdef int kind
    if type(a) is not cnp.ndarray or not cnp.PyArray_ISCARRAY_RO(<cnp.ndarray>a):
        return False
    kind = cnp.PyArray_TYPE(<cnp.ndarray>a)
    return kind == cnp.NPY_DOUBLE or kind == cnp.NPY_FLOAT


cdef inline bint is_double(object a):
    return cnp.PyArray_TYPE(<cnp.ndarray>a) == cnp.NPY_DOUBLE


cdef inline object new_like(object a, tuple shape):
    cdef cnp.npy_intp sides[64]
    cdef int i, n = len(shape)
    for i in range(n):
        sides[i] = shape[i]
    return cnp.PyArray_SimpleNew(n, sides, cnp.PyArray_TYPE(<cnp.ndarray>a))


cdef void add_rows(const real* a, real* y, Py_ssize_t rows, Py_ssize_t n) noexcept nogil:
    """y (n,): the sum of the rows of a (rows, n)."""
    cdef Py_ssize_t i, j
    memcpy(y, a, n * sizeof(real))
    for i in range(1, rows):
        a += n
        for j in range(n):
            y[j] += a[j]


cdef void add_short(const real* a, real* y, Py_ssize_t rows, Py_ssize_t n) noexcept nogil:
    """y (rows,): the sum of each row of a (rows, n)."""
    cdef Py_ssize_t i, j
    cdef real s
    for i in range(rows):
        s = a[0]
        for j in range(1, n):
            s += a[j]
        y[i] = s
        a += n


cdef void spread_short(const real* y, real* a, Py_ssize_t rows, Py_ssize_t n) noexcept nogil:
    """a (rows, n): each number of y (rows,) n times."""
    cdef Py_ssize_t i, j
    for i in range(rows):
        for j in range(n):
            a[j] = y[i]
        a += n


cdef void largest(const real* a, real* y, Py_ssize_t rows, Py_ssize_t n, real sign) noexcept nogil:
    """y (rows,): the largest of each row of a (rows, n), or nan; the smallest with sign -1."""
    cdef Py_ssize_t i, j
    cdef real m, v
    for i in range(rows):
        m = a[0]
        for j in range(1, n):
            v = a[j]
            if sign * v > sign * m or v != v:
                m = v
        y[i] = m
        a += n


cdef void shares_of(const real* a, const real* y, real* s, Py_ssize_t rows, Py_ssize_t n) noexcept nogil:
    """s (rows, n): 1 where a is y, shared where several are; 0 elsewhere."""
    cdef Py_ssize_t i, j, equal
    for i in range(rows):
        equal = 0
        for j in range(n):
            s[j] = <real>(a[j] == y[i])
            equal += a[j] == y[i]
        if equal > 1:
            for j in range(n):
                s[j] = s[j] / <real>equal
        a += n
        s += n


cdef void halves_of(const real* a, const real* b, real* s, Py_ssize_t n, Py_ssize_t step) noexcept nogil:
    """s (n,): 1 where a is larger than b (step 0: one number), a half where they are equal."""
    cdef Py_ssize_t i
    cdef real c = b[0]
    if step == 0:
        for i in range(n):
            s[i] = <real>0.5 * (<real>(a[i] > c) + <real>(a[i] >= c))
    else:
        for i in range(n):
            s[i] = <real>0.5 * (<real>(a[i] > b[i]) + <real>(a[i] >= b[i]))


cdef Py_ssize_t side_product(object a, int start, int end):
    cdef Py_ssize_t n = 1
    cdef int i
    for i in range(start, end):
        n *= cnp.PyArray_DIMS(<cnp.ndarray>a)[i]
    return n


cdef object sum_leading(object a, int axes, tuple shape):
    """The sum over the first `axes` axes of a block, in a shape of as many numbers as are left."""
    cdef Py_ssize_t rows = side_product(a, 0, axes), n = side_product(a, axes, cnp.PyArray_NDIM(a))
    cdef object y = new_like(a, shape)
    if rows == 0:
        y.fill(0)
    elif is_double(a):
        add_rows(<const double*>cnp.PyArray_DATA(a), <double*>cnp.PyArray_DATA(y), rows, n)
    else:
        add_rows(<const float*>cnp.PyArray_DATA(a), <float*>cnp.PyArray_DATA(y), rows, n)
    return y


cdef object sum_last(object a, tuple shape):
    """The sum over the last axis, of fewer than SHORT numbers, of a block."""
    cdef Py_ssize_t n = cnp.PyArray_DIMS(<cnp.ndarray>a)[cnp.PyArray_NDIM(a) - 1], rows = cnp.PyArray_SIZE(a) // n
    cdef object y = new_like(a, shape)
    if is_double(a):
        add_short(<const double*>cnp.PyArray_DATA(a), <double*>cnp.PyArray_DATA(y), rows, n)
    else:
        add_short(<const float*>cnp.PyArray_DATA(a), <float*>cnp.PyArray_DATA(y), rows, n)
    return y


cdef object sum_over(object a, object axis, bint keepdims, object dtype=None):
    """np.sum, without the way through NumPy's protocol."""
    cdef int n
    cdef tuple shape
    if type(a) is not cnp.ndarray:
        return np.sum(a, axis=axis, dtype=dtype, keepdims=keepdims)
    if dtype is None and axis is not None and is_block(a):
        n = cnp.PyArray_NDIM(a)
        if type(axis) is tuple and len(axis) == 1:
            axis = axis[0]
        if type(axis) is int and n > 1 and 0 < cnp.PyArray_SIZE(a):
            if axis == 0:
                shape = a.shape
                return sum_leading(a, 1, (1, *shape[1:]) if keepdims else shape[1:])
            if (axis == -1 or axis == n - 1) and cnp.PyArray_DIMS(<cnp.ndarray>a)[n - 1] < SHORT:
                shape = a.shape
                return sum_last(a, (*shape[:n - 1], 1) if keepdims else shape[:n - 1])
    return add_reduce(a, axis=axis, dtype=dtype, keepdims=keepdims)


cdef int spread_last(object y, object a) except -1:
    """Fill the last axis of a block with the numbers of another."""
    cdef Py_ssize_t n = cnp.PyArray_DIMS(<cnp.ndarray>a)[cnp.PyArray_NDIM(a) - 1], rows = cnp.PyArray_SIZE(y)
    if is_double(a):
        spread_short(<const double*>cnp.PyArray_DATA(y), <double*>cnp.PyArray_DATA(a), rows, n)
    else:
        spread_short(<const float*>cnp.PyArray_DATA(y), <float*>cnp.PyArray_DATA(a), rows, n)
    return 0


def sum_of(a, axis=None, dtype=None, out=None, keepdims=False):
    """np.sum."""
    return sum_over(a, axis, keepdims, dtype)


def extreme_of(a, axis, bint keepdims, int sign):
    """np.max (sign 1) or np.min (-1); None where NumPy does it as well."""
    cdef int n
    cdef Py_ssize_t side
    cdef tuple shape
    if type(axis) is not int or not is_block(a):
        return None
    n = cnp.PyArray_NDIM(a)
    if not (n > 1 and (axis == -1 or axis == n - 1)):
        return None
    side = cnp.PyArray_DIMS(<cnp.ndarray>a)[n - 1]
    if not 0 < side <= 4 * SHORT:
        return None
    shape = a.shape
    y = new_like(a, (*shape[:n - 1], 1) if keepdims else shape[:n - 1])
    if is_double(a):
        largest(<const double*>cnp.PyArray_DATA(a), <double*>cnp.PyArray_DATA(y), cnp.PyArray_SIZE(y), side, <double>sign)
    else:
        largest(<const float*>cnp.PyArray_DATA(a), <float*>cnp.PyArray_DATA(y), cnp.PyArray_SIZE(y), side, <float>sign)
    return y


def shares(a, y, Py_ssize_t side):
    """1 where a block is y, the extreme of `side` numbers, shared where several are; None: not such arrays."""
    if not (is_block(a) and is_block(y) and cnp.PyArray_TYPE(a) == cnp.PyArray_TYPE(y) and side):
        return None
    s = new_like(a, a.shape)
    if is_double(a):
        shares_of(<const double*>cnp.PyArray_DATA(a), <const double*>cnp.PyArray_DATA(y), <double*>cnp.PyArray_DATA(s),
                  cnp.PyArray_SIZE(y), side)
    else:
        shares_of(<const float*>cnp.PyArray_DATA(a), <const float*>cnp.PyArray_DATA(y), <float*>cnp.PyArray_DATA(s),
                  cnp.PyArray_SIZE(y), side)
    return s


def halves(a, b):
    """1 where a is larger than b, a half where they are equal; None: not two blocks of a shape, or one and a number."""
    cdef Py_ssize_t n, step = 1
    cdef double wide
    cdef float narrow
    if not is_block(a):
        return None
    n = cnp.PyArray_SIZE(a)
    s = new_like(a, a.shape)
    if type(b) is float or type(b) is int:
        if is_double(a):
            wide = b
            halves_of(<const double*>cnp.PyArray_DATA(a), &wide, <double*>cnp.PyArray_DATA(s), n, 0)
        else:
            narrow = b
            halves_of(<const float*>cnp.PyArray_DATA(a), &narrow, <float*>cnp.PyArray_DATA(s), n, 0)
        return s
    if not (is_block(b) and cnp.PyArray_TYPE(a) == cnp.PyArray_TYPE(b) and cnp.PyArray_SAMESHAPE(a, b)):
        return None
    if n == 0:
        return s
    if is_double(a):
        halves_of(<const double*>cnp.PyArray_DATA(a), <const double*>cnp.PyArray_DATA(b), <double*>cnp.PyArray_DATA(s), n, 1)
    else:
        halves_of(<const float*>cnp.PyArray_DATA(a), <const float*>cnp.PyArray_DATA(b), <float*>cnp.PyArray_DATA(s), n, 1)
    return s


cdef extern from "numpy/arrayobject.h":
    object PyArray_New(type subtype, int nd, const cnp.npy_intp* dims, int type_num, const cnp.npy_intp* strides,
                       void* data, int itemsize, int flags, PyObject* obj)


def broadcast_to(x, shape, subok=False):
    """np.broadcast_to, of which each call takes 5 us."""
    cdef cnp.npy_intp sides[64]
    cdef cnp.npy_intp strides[64]
    cdef int i, n, missing
    if (type(x) is not cnp.ndarray or type(shape) is not tuple or len(<tuple>shape) < cnp.PyArray_NDIM(x)
            or x.dtype is not float64):
        return np.broadcast_to(x, shape, subok=subok)
    n = len(<tuple>shape)
    missing = n - cnp.PyArray_NDIM(x)
    for i in range(n):
        sides[i] = shape[i]
        strides[i] = 0
        if i >= missing:
            if cnp.PyArray_DIMS(x)[i - missing] == sides[i]:
                strides[i] = cnp.PyArray_STRIDES(x)[i - missing]
            elif cnp.PyArray_DIMS(x)[i - missing] != 1:
                return np.broadcast_to(x, shape, subok=subok)  # which says what is wrong
        if sides[i] < 0:
            return np.broadcast_to(x, shape, subok=subok)
    y = PyArray_New(cnp.ndarray, n, sides, cnp.NPY_DOUBLE, strides, cnp.PyArray_DATA(x), 0, 0, NULL)
    cnp.set_array_base(y, x)
    return y
