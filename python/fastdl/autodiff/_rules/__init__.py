"""The rules of NumPy's and SciPy's functions, a file for each kind, one line a rule.

Importing it fills the table, by the words of `table`. Files use what others derive: `constants`
calls `shapes`, which calls `indexing`; `linalg` and `statistics` call `reductions`.
"""

from fastdl.autodiff._rules import (  # noqa: F401 (they fill the table of rules)
    apply,
    constants,
    elementwise,
    indexing,
    linalg,
    polynomials,
    products,
    reductions,
    shapes,
    special,
    statistics,
    ufunc_methods,
)
