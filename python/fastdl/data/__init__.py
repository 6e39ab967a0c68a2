"""Data on its way in: MNIST's file formats, ragged sequences, text.

``load_idx`` and ``load_mnist`` read files that the user has; nothing is downloaded.
``pad_sequences``, ``Vocabulary`` and ``bucket_by_length`` turn ragged lists and texts into padded
arrays, lengths and batches.
"""

from fastdl.data._idx import load_idx, load_mnist
from fastdl.data._sequences import Vocabulary, bucket_by_length, pad_sequences

__all__ = ["Vocabulary", "bucket_by_length", "load_idx", "load_mnist", "pad_sequences"]
