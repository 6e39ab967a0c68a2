"""Estimators as ONNX models."""

from __future__ import annotations

from os import PathLike
from typing import Any

import numpy as np
import onnx
from numpy.typing import DTypeLike

from fastdl._rules import choice
from fastdl._warn import warn
from fastdl.fitting.training import checkpoint
from fastdl.io import _atomic
from fastdl.onnx.writing.estimators import (
    Family,
    Piece,
    dtype_of,
    family_of,
    metadata_of,
    weights_of,
)
from fastdl.onnx.writing.folding import fold_batch_norms
from fastdl.onnx.writing.graph import Graph
from fastdl.onnx.writing.model import assemble, check_opset
from fastdl.onnx.writing.network import Options

_LAYOUT = choice("NHWC", "NCHW")


def to_onnx(
    est: Any,
    path: str | PathLike[str] | None = None,
    *,
    opset: int | None = None,
    input_name: str = "X",
    batch: str | int = "n",
    layout: str = "NHWC",
    input_dtype: DTypeLike | None = None,
    fold: bool = False,
) -> onnx.ModelProto:
    """Write a fitted estimator as an ONNX model.

    Classifiers give `label` (int64 or string) and `probabilities` (n, classes), or `scores` where
    the loss has no probabilities; regressors `variable` (n, outputs); transformers `variable`, and
    those that lead back to X `reconstruction`. Where steps or pixels have answers, so have the
    outputs. Networks of sequences take X (n, steps, features), or int64 token numbers (n, steps)
    where they were fitted with texts (`fastdl.data.Vocabulary(est.symbols_)` encodes them so), and
    `lengths`, int64 (n,). What acts in training only is left out.

    Parameters
    ----------
    est : estimator, Network, or scikit-learn Pipeline
        A pipeline, or another estimator of scikit-learn, needs skl2onnx, and takes neither `batch`,
        `layout` nor `fold`.
    path : str or path, optional
        Where to write the model, too.
    opset : int, optional
        Of ONNX's operators, from 13 to the newest that the installed onnx knows; None is 18.
    input_name : str, default="X"
    batch : str or int, default="n"
        The name of the batch axis, or its size.
    layout : {"NHWC", "NCHW"}, default="NHWC"
        Of images that go in.
    input_dtype : dtype, optional
        Of X, such as "uint8" for pixels; None is that of the network.
    fold : bool, default=False
        Fold batch norms into the weights before them.

    Returns
    -------
    onnx.ModelProto
        Checked by onnx, with the version of fastdl, classes, names of features and symbols in its
        metadata.

    Raises
    ------
    ImportError
        Without onnx, or skl2onnx where it is needed.
    TypeError
        For something else than an estimator.
    ValueError
        For an estimator that is not fitted, an opset that is not known, another batch, what
        pipelines do not take, and more than 2 GiB of weights.
    """
    opset, batch = check_opset(opset), _checked_batch(batch)
    if not _LAYOUT.accepts(layout):
        raise ValueError(_LAYOUT.complaint("layout", layout))
    family = family_of(est)
    if isinstance(est, type) or (family is None and not hasattr(est, "fit")):
        raise TypeError(f"{est!r:.80} is no estimator; expected one of fastdl or scikit-learn.")
    if hasattr(est, "fit"):
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(est)
    if family is None:
        given = {"batch": batch != "n", "layout": layout != "NHWC", "fold": bool(fold)}
        if any(given.values()):
            names = ", ".join(f"{name}=" for name, is_given in given.items() if is_given)
            raise ValueError(
                f"{type(est).__name__} is written by skl2onnx, which has no {names}: leave it out, "
                "or write the network of its last step alone."
            )
        from fastdl.onnx.pipelines.whole import pipeline_to_onnx

        return pipeline_to_onnx(
            est, path, opset=opset, input_name=input_name, input_dtype=input_dtype
        )
    seen = checkpoint.seen_by_others(est)
    est = est if seen is None else seen
    options = Options(input_name, batch, layout, input_dtype)
    graph, piece = written(est, family, options, opset)
    if fold:
        fold_batch_norms(graph)
    graph.name_outputs(piece.names)
    model = assemble(graph, piece.inputs, piece.outputs, metadata_of(est), type(est).__name__)
    if path is not None:
        _atomic.write(path, [model.SerializeToString()])
    return model


def _checked_batch(batch: Any) -> str | int:
    """A name or a size of the batch axis."""
    is_size = isinstance(batch, (int, np.integer)) and not isinstance(batch, bool)
    if isinstance(batch, str) and batch:
        return batch
    if not is_size or batch < 1:
        raise ValueError(f"batch={batch!r}; expected a name, or a size of at least 1.")
    return int(batch)


def written(
    est: Any, family: Family, options: Options, opset: int, dtype: Any = None, prefix: str = ""
) -> tuple[Graph, Piece]:
    """The graph of an estimator in its own dtype, or float32 where runtimes have no other."""
    graph = Graph(opset, dtype or dtype_of(est), weights_of(est), prefix)
    piece = family(graph, est, options)
    if graph.dtype == np.float64 and graph.is_float32_only:
        warn(
            f"{type(est).__name__} computes in float64, but runtimes have some of its ONNX "
            "operators in float32 alone: the model is written in float32."
        )
        return written(est, family, options, opset, np.float32, prefix)
    return graph, piece
