"""What X can be: rows, images, sequences and text, each checked in one place.

An estimator holds one of these by what its words say, and asks it for checked X, tags and warnings.
`images`, `sequences` and `steps` (targets of steps) come from `rows`' checks; `text` turns symbols
into codes.
"""

from fastdl.estimators.inputs.images import ImageInput
from fastdl.estimators.inputs.rows import Input, RowInput
from fastdl.estimators.inputs.sequences import SequenceInput

__all__ = ["ImageInput", "Input", "RowInput", "SequenceInput"]
