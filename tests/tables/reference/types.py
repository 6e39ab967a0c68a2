"""Words of the annotations."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


Layer = dict[str, Any]  # {"kind": "conv2d", "name": "conv2d_1", "filters": 8, ...}
