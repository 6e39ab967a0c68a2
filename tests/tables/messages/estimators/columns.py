"""What estimators say when something does not fit: tables with categories."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from fastdl import (
    TabularClassifier,
    TabularRegressor,
)

from .calls import ROWS, Y

FRAME = pd.DataFrame({"a": ROWS[:, 0], "b": ["x", "y"] * 10})


def table(X: Any = FRAME, **params: Any) -> Callable[[], object]:
    return lambda: TabularRegressor(max_epochs=1, n_jobs=1, **params).fit(X, Y)


# fmt: off
TABLES = [
    (table(categorical_features=[7]), ValueError,
     "categorical_features has 7, which is no column of X: it has 2, 'a' .... Give numbers or "
     "names of columns, or a mask of one bool for each."),
    (table(ROWS[:, :3], categorical_features=["a"]), ValueError,
     "categorical_features has 'a', which is no column of X: it has 3. Give numbers or names of "
     "columns, or a mask of one bool for each."),
    (table(FRAME.assign(a=pd.Timestamp("2020-01-01").as_unit("s"))), ValueError,
     "Column 'a' of X is of type datetime64[s]; expected numbers. Turn it into some, such as days "
     "since a date, or into text if its values are names."),
    (table(FRAME.assign(a=pd.Timestamp("2020-01-01").as_unit("s")), categorical_features=["a"]),
     ValueError,
     "Column 'a' of X is of type datetime64[s], which is no category. Turn it into text."),
    (table(FRAME.assign(a=np.inf)), ValueError,
     "Input X contains infinity or a value too large for dtype('float64')."),
    (table(FRAME[["b"]].assign(b=pd.Categorical([None] * 20))), ValueError,
     "X holds nothing to learn from: all of its values are missing."),
    (lambda: TabularClassifier(n_jobs=1).fit(FRAME[:0], Y[:0]), ValueError,
     "Found array with 0 sample(s) (shape=(0,)) while a minimum of 1 is required by "
     "TabularClassifier."),
]
# fmt: on
