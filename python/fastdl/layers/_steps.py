"""Convolution and pooling over the steps of sequences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from fastdl._rules import POSITIVE_INTEGER, Rule, choice, optional
from fastdl.layers._spec import Form, Layer, WeightedLayer

PADDINGS = choice("valid", "same", "causal")


def steps_before(reach: int, stride: int) -> int | None:
    """Steps of padding that "same" puts before a sequence; None where that depends on its length.

    Of T steps ceil(T / stride) windows are left, which stand out by `q + reach - stride`, q the
    steps that the last stride lacks: half of them, rounded down, stand before the beginning.
    """
    least, most = (max(q + reach - stride, 0) // 2 for q in (0, stride - 1))
    return least if least == most else None


@dataclass(frozen=True, repr=False)
class Conv1D(WeightedLayer):
    """Cross-correlation of sequences with `filters` kernels over time.

    ``y[t, f] = b[f] + sum_{u, c} x[t stride + u dilation - before, c] w[u, c, f]``, zeros outside
    of the sequence. Input (steps, features), output (out_steps, filters). Every sequence is
    convolved from its own beginning to its own end, whatever stands beside it in a batch: of its T
    steps ``(T - dilation * (kernel_size - 1) - 1) // stride + 1`` are left with "valid" and
    ``ceil(T / stride)`` with the other paddings. Parameters: weight (kernel_size, features /
    groups, filters), bias (filters,). Waibel et al., "Phoneme recognition using time-delay neural
    networks", 1989.

    Parameters
    ----------
    filters : int
        Output features.
    kernel_size : int
        Steps.
    stride : int, default=1
    padding : {"valid", "same", "causal"}, default="valid"
        Steps of zeros around each sequence: none; as many at either end, the odd one at the end; or
        all of them before the beginning, so that no output sees a later step.
    dilation : int, default=1
        Distance of the kernel's taps (van den Oord et al., "WaveNet", 2016).
    groups : int, default=1
        The features are split into so many groups that do not meet.
    bias : bool, default=True
    weight_init, bias_init : str or Initializer, optional
        None: weights by the activation that follows, biases zero.
    trainable : bool, default=True
    lr_multiplier : float, default=1.0
    name : str, optional
    """

    kind: ClassVar[str] = "conv1d"
    forms: ClassVar[Mapping[Form, Form]] = {"sequences": "sequences"}
    linear: ClassVar[bool] = True
    weight_axis: ClassVar[int | None] = -1
    filters: int
    kernel_size: int
    stride: int = 1
    padding: str = "valid"
    dilation: int = 1
    groups: int = 1
    rules: ClassVar[Mapping[str, Rule]] = {
        "filters": POSITIVE_INTEGER,
        "kernel_size": POSITIVE_INTEGER,
        "stride": POSITIVE_INTEGER,
        "padding": PADDINGS,
        "dilation": POSITIVE_INTEGER,
        "groups": POSITIVE_INTEGER,
        **WeightedLayer.rules,
    }

    def check(self) -> None:
        super().check()
        if self.filters % self.groups:
            raise ValueError(
                f"{self.who}: filters={self.filters} cannot be split into groups={self.groups}; "
                "expected a multiple of groups."
            )

    @property
    def recurrent(self) -> bool:
        """Unless it takes step after step, each by itself."""
        return self.kernel_size > 1 or self.stride > 1

    @property
    def reads_backwards(self) -> bool:
        """Unless the padding is "causal", or there is one step in a window."""
        return self.kernel_size > 1 and self.padding != "causal"


@dataclass(frozen=True, repr=False)
class _Pool1D(Layer):
    forms: ClassVar[Mapping[Form, Form]] = {"sequences": "sequences"}
    size: int = 2
    stride: int | None = None
    padding: str = "valid"
    rules: ClassVar[Mapping[str, Rule]] = {
        "size": POSITIVE_INTEGER,
        "stride": optional(POSITIVE_INTEGER),
        "padding": PADDINGS,
    }

    def to_dict(self) -> dict[str, Any]:
        plain = super().to_dict()
        plain["stride"] = plain["stride"] or plain["size"]
        return plain

    @property
    def recurrent(self) -> bool:
        """Unless it takes step after step, each by itself."""
        return self.size > 1 or (self.stride or 1) > 1

    @property
    def reads_backwards(self) -> bool:
        """Unless the padding is "causal", or there is one step in a window."""
        return self.size > 1 and self.padding != "causal"


@dataclass(frozen=True, repr=False)
class MaxPool1D(_Pool1D):
    """The largest value of each window over time, feature by feature.

    Input (steps, features), output (out_steps, features). Windows slide over each sequence from its
    own beginning to its own end; of its T steps ``(T - size) // stride + 1`` are left with "valid"
    and ``ceil(T / stride)`` with the other paddings. Padding is never the largest. Among equal
    values the first gets the gradient.

    Parameters
    ----------
    size : int, default=2
        Steps of the window.
    stride : int, optional
        None: windows side by side (the stride is the size).
    padding : {"valid", "same", "causal"}, default="valid"
        As in `Conv1D`.
    name : str, optional
    """

    kind: ClassVar[str] = "max_pool1d"


@dataclass(frozen=True, repr=False)
class AvgPool1D(_Pool1D):
    """The mean of each window over time, feature by feature.

    Input (steps, features), output (out_steps, features). Windows slide over each sequence from its
    own beginning to its own end; of its T steps ``(T - size) // stride + 1`` are left with "valid"
    and ``ceil(T / stride)`` with the other paddings. The mean is of the steps that there are:
    padding does not count.

    Parameters
    ----------
    size : int, default=2
        Steps of the window.
    stride : int, optional
        None: windows side by side (the stride is the size).
    padding : {"valid", "same", "causal"}, default="valid"
        As in `Conv1D`.
    name : str, optional
    """

    kind: ClassVar[str] = "avg_pool1d"
