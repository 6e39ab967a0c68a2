"""A network that fits train and estimators ask: specs, weights and, when needed, a program.

`network` has it; `compiled` makes its program, and says for how long it serves; `stored` writes it
to model files and reads it. `windows` runs its program over sequences that are longer, in training
and when it is asked; `thinned` asks it with some of its units dropped.
"""

from fastdl.fitting.trainable.network import TrainableNetwork

__all__ = ["TrainableNetwork"]
