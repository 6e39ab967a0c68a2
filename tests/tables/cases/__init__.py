"""THE table: every layer, alone and among others.

A line goes into the file of its kind; test_layers.py runs each on every backend in both dtypes.
"""

from .activations import ACTIVATIONS
from .case import Case
from .containers import CONTAINERS
from .images import IMAGES
from .networks import NETWORKS
from .norms import NORMS
from .products import PRODUCTS
from .recurrent import RECURRENT

CASES = [
    *PRODUCTS,
    *IMAGES,
    *ACTIVATIONS,
    *NORMS,
    *CONTAINERS,
    *NETWORKS,
    *RECURRENT,
]
__all__ = ["CASES", "Case"]
