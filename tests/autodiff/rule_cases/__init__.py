"""One line for each use of a rule: a name, a function, the shapes or arrays of its arguments.

Shapes become normal numbers; "+" in front of the name asks for positive ones, "~" for numbers
inside (-0.9, 0.9).
"""

import numpy as np

from .elementwise import ELEMENTWISE
from .indexing import INDEXING
from .linear_algebra import LINALG
from .products import PRODUCTS
from .reductions import REDUCTIONS
from .shapes import SHAPES

CASES = ELEMENTWISE + PRODUCTS + REDUCTIONS + SHAPES + INDEXING + LINALG


def arguments(case):
    """Seeded numbers for the arguments of a case."""
    name, _, *likes = case
    rng = np.random.default_rng(len(name))
    args = []
    for like in likes:
        if isinstance(like, np.ndarray):
            args.append(like.copy())
            continue
        a = rng.normal(size=like)
        if name.startswith("+"):
            a = np.abs(a) + 0.3
        if name.startswith("~"):
            a = np.tanh(a) * 0.9
        args.append(a if like else float(a))
    return args


def name_of(case):
    return case[0].lstrip("+~")
