"""fastdl's layers as PyTorch modules with the same weights, and the work that they are."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn

from fastdl import layers as L
from fastdl.layers._window import window

ACTIVATIONS = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}


class Residual(nn.Module):
    def __init__(self, inside: nn.Module, shortcut: nn.Module) -> None:
        super().__init__()
        self.inside, self.shortcut = inside, shortcut

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inside(x) + self.shortcut(x)


class Concat(nn.Module):
    def __init__(self, branches: Sequence[nn.Module]) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([branch(x) for branch in self.branches], 1)


class GlobalAvgPool(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean(tuple(range(2, x.ndim)))


class Outputs(nn.Module):
    """A recurrent module's, of all steps or the last; one bias learns, as in fastdl, but GRU's."""

    def __init__(self, inside: nn.RNNBase, all_steps: bool) -> None:
        super().__init__()
        self.inside, self.all_steps = inside, all_steps
        if not isinstance(inside, nn.GRU):
            nn.init.zeros_(inside.bias_hh_l0).requires_grad_(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        outputs = self.inside(x)[0]
        return outputs if self.all_steps else outputs[:, -1]


class TorchNet:
    """A module built from a list of layers.

    Attributes
    ----------
    module : nn.Module
        Takes (n, features); of images (n, channels, height, width); of sequences (n, T, features)
        or, where a convolution comes first, (n, features, T).
    parameters : list
        (fastdl's name, the module's parameter, fastdl's layout -> PyTorch's).
    states : dict
        fastdl's name -> the module's buffer.
    macs : list of int
        Multiply-adds of each layer for one sample, in the order of the layers.
    """

    def __init__(self, layers: Sequence[L.Layer], input_shape: tuple[int, ...]) -> None:
        self.parameters: list[tuple[str, nn.Parameter, Callable[[np.ndarray], np.ndarray]]] = []
        self.states: dict[str, torch.Tensor] = {}
        self.macs: list[int] = []
        self._flattened: tuple[int, ...] | None = (
            None  # (h, w, c) that the next Dense sees as a row
        )
        self.module, _ = self._sequence(L.with_names(layers), input_shape)
        self._turned = len(input_shape) == 3 or layers[0].kind == "conv1d"

    def input(self, X: np.ndarray) -> torch.Tensor:
        """X as the module takes it."""
        x = torch.from_numpy(X)
        return x.movedim(-1, 1).contiguous() if self._turned else x

    @property
    def flops(self) -> float:
        """Of one sample forward."""
        return 2.0 * sum(self.macs)

    @property
    def training_flops(self) -> float:
        """Of one sample's step: forward, and both gradients but the one of the input."""
        return 2.0 * (3 * sum(self.macs) - self.macs[0])

    def load(self, weights: Callable[[str], np.ndarray]) -> None:
        """Take over fastdl's weights by name."""
        with torch.no_grad():
            for name, parameter, layout in self.parameters:
                value = torch.from_numpy(np.ascontiguousarray(layout(weights(name))))
                if value.shape != parameter.shape:  # copy_ would broadcast
                    raise ValueError(f"{name} has {value.shape}, PyTorch's {parameter.shape}")
                parameter.copy_(value)

    def load_states(self, states: Callable[[str], np.ndarray]) -> None:
        """Take over fastdl's running statistics by name."""
        for name, buffer in self.states.items():
            buffer.copy_(torch.from_numpy(states(name)))

    def _sequence(self, layers: Sequence[L.Layer], shape: tuple[int, ...]):
        modules = []
        for layer in layers:
            module, shape = getattr(self, f"_{layer.kind}")(layer, shape)
            modules.append(module)
        return nn.Sequential(*modules), shape

    def _add(self, layer: L.Layer, module: nn.Module, **layouts) -> None:
        for (ours, layout), theirs in zip(layouts.items(), ("weight", "bias"), strict=False):
            self.parameters.append((f"{layer.name}.{ours}", getattr(module, theirs), layout))

    def _dense(self, layer: L.Dense, shape):
        (n,) = shape
        hwc, self._flattened = self._flattened or (1, 1, n), None

        def layout(w: np.ndarray) -> np.ndarray:  # rows (h, w, c) -> columns (c, h, w)
            return w.reshape(*hwc, -1).transpose(3, 2, 0, 1).reshape(-1, n)

        module = nn.Linear(n, layer.units)
        self._add(layer, module, weight=layout, bias=np.asarray)
        self.macs.append(n * layer.units)
        return module, (layer.units,)

    def _conv2d(self, layer: L.Conv2D, shape):
        c, groups = shape[-1], layer.groups
        plain = layer.to_dict()
        at = window(
            layer.who,
            shape,
            *(plain[key] for key in ("kernel_size", "stride", "padding", "dilation")),
        )
        top, bottom, left, right = at.padding
        even = (top, left) == (bottom, right)
        module = nn.Conv2d(
            c,
            layer.filters,
            tuple(at.size),
            tuple(at.stride),
            (top, left) if even else 0,
            groups=groups,
            bias=layer.bias,
        )
        bias = {"bias": np.asarray} if layer.bias else {}
        self._add(layer, module, weight=lambda w: w.transpose(3, 2, 0, 1), **bias)
        out = (*at.output, layer.filters)
        self.macs.append(math.prod(out) * math.prod(at.size) * c // groups)
        return module if even else nn.Sequential(
            nn.ZeroPad2d((left, right, top, bottom)), module
        ), out

    def _upsample2d(self, layer: L.Upsample2D, shape):
        h, w, c = shape
        return nn.Upsample(scale_factor=layer.factor), (h * layer.factor, w * layer.factor, c)

    def _pixel_shuffle(self, layer: L.PixelShuffle, shape):
        (h, w, c), k = shape, layer.factor
        return nn.PixelShuffle(k), (h * k, w * k, c // k**2)

    def _conv1d(self, layer: L.Conv1D, shape):
        if layer.padding != "same" or layer.stride != 1:
            raise NotImplementedError(layer)
        (steps, c), k = shape, layer.kernel_size
        module = nn.Conv1d(c, layer.filters, k, padding=k // 2)
        self._add(layer, module, weight=np.transpose, bias=np.asarray)
        self.macs.append(steps * layer.filters * k * c)
        return module, (steps, layer.filters)

    def _batch_norm(self, layer: L.BatchNorm, shape):
        module = nn.BatchNorm2d(shape[-1], layer.eps, layer.momentum)
        self._add(layer, module, gain=np.asarray, shift=np.asarray)
        self.states[f"{layer.name}.running_mean"] = module.running_mean
        self.states[f"{layer.name}.running_var"] = module.running_var
        return module, shape

    def _rnn(self, layer: L.RNN, shape):
        return self._recurrent(layer, nn.RNN, shape)

    def _lstm(self, layer: L.LSTM, shape):
        return self._recurrent(layer, nn.LSTM, shape)

    def _gru(self, layer: L.GRU, shape):
        return self._recurrent(layer, nn.GRU, shape)

    def _recurrent(self, layer: L.RNN | L.LSTM | L.GRU, make: type[nn.RNNBase], shape):
        steps, features = shape
        module = make(features, layer.units, batch_first=True)
        name = layer.name
        self.parameters += [
            (f"{name}.weight_ih", module.weight_ih_l0, np.transpose),
            (f"{name}.weight_hh", module.weight_hh_l0, np.transpose),
            (f"{name}.bias", module.bias_ih_l0, lambda b: b[0] if b.ndim == 2 else b),
        ]
        if layer.kind == "gru":
            self.parameters.append((f"{name}.bias", module.bias_hh_l0, lambda b: b[1]))
        self.macs += [steps * n * layer.units * layer.gates for n in (features, layer.units)]
        out = (steps, layer.units) if layer.return_sequences else (layer.units,)
        return Outputs(module, layer.return_sequences), out

    def _activation(self, layer: L.Activation, shape):
        return ACTIVATIONS[layer.function](), shape

    def _max_pool2d(self, layer: L.MaxPool2D, shape):
        k, s, p = layer.size, layer.stride or layer.size, layer.padding
        high, wide = ((side + 2 * p - k) // s + 1 for side in shape[:2])
        return nn.MaxPool2d(k, s, p), (high, wide, shape[2])

    def _avg_pool2d(self, layer: L.AvgPool2D, shape):
        k, s, p = layer.size, layer.stride or layer.size, layer.padding
        high, wide = ((side + 2 * p - k) // s + 1 for side in shape[:2])
        return nn.AvgPool2d(k, s, p), (high, wide, shape[2])

    def _dropout(self, layer: L.Dropout, shape):
        return nn.Dropout(layer.rate), shape

    def _global_avg_pool(self, layer: L.GlobalAvgPool, shape):
        return GlobalAvgPool(), shape[-1:]

    def _flatten(self, layer: L.Flatten, shape):
        self._flattened = shape
        return nn.Flatten(), (math.prod(shape),)

    def _concat(self, layer: L.Concat, shape):
        found = [self._sequence(branch, shape) for branch in layer.branches]
        channels = sum(out[-1] for _, out in found)
        return Concat([module for module, _ in found]), (*found[0][1][:-1], channels)

    def _residual(self, layer: L.Residual, shape):
        inside, out = self._sequence(layer.layers, shape)
        shortcut, _ = self._sequence(layer.shortcut or (), shape)
        return Residual(inside, shortcut), out
