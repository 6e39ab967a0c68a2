"""A network that fits train and estimators ask: specs, weights and, when needed, a program.

`network` has it; `compiled` makes its program, and says for how long it serves; `stored` writes it
to model files and reads it.
"""

from fastdl.fitting.trainable.network import TrainableNetwork

__all__ = ["TrainableNetwork"]
