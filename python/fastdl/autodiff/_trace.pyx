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
cdef tuple complex_numbers = (complex, np.complexfloating), whole_numbers = (int, np.integer, np.bool_)
cdef object float64 = np.dtype("float64")
cdef object np_float64 = np.float64
cdef object add_at = np.add.at, add_reduce = np.add.reduce, multiply_into = np.multiply, add_into = np.add

include "trace/kernels.pxi"
include "trace/tape.pxi"
include "trace/kept.pxi"
include "trace/backward.pxi"
include "trace/rules.pxi"
include "trace/linear.pxi"
include "trace/custom.pxi"
include "trace/composed.pxi"
include "trace/traced.pxi"
