"""Shapes and arrays that the cases take."""

import numpy as np

A = (3, 4)
S = (3, 3)
V = (5,)
mask = np.array([[True, False, True, True], [False, True, True, False], [True, True, False, True]])
