"""A network apart from the estimator that learnt it; NumPy alone.

`network` has it, from its layers to model files. It asks `samples` for x as the core takes it,
`answers` what the outputs mean, and `axes` in which order users want the axes of an array.
"""

from fastdl.network.network import Network

__all__ = ["Network"]
