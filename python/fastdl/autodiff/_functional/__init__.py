"""Rules of `fastdl.functional`: its C++ backward is the vjp.

Linear maps, convolutions, activations and losses have forward mode and derivatives of any order;
pooling by maxima, norms and recurrent layers have reverse mode once. `rules` has the kinds of rule
and `call`; the other files fill the table with them.
"""

from fastdl.autodiff._functional import (  # noqa: F401 (they fill the table of rules)
    activations,
    layers,
    linear,
    losses,
    pair_losses,
)
from fastdl.autodiff._functional.rules import call

__all__ = ["call"]
