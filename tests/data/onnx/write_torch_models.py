"""Writes the models of this folder: three nets, by both exporters of PyTorch.

``python write_torch_models.py`` needs torch, onnx and onnxscript. The tests need none of them.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import nn

HERE = Path(__file__).parent


class ResNet(nn.Module):
    """Convolutions, batch norms, a residual block with a projection."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 12, 3, stride=2, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(12)
        self.conv3 = nn.Conv2d(12, 12, 3, padding=1)
        self.project = nn.Conv2d(8, 12, 1, stride=2)
        self.pool = nn.MaxPool2d(2)
        self.head = nn.Linear(12 * 2 * 2, 4)

    def forward(self, x: Any) -> Any:
        x = torch.relu(self.norm1(self.conv1(x)))
        y = self.conv3(torch.relu(self.norm2(self.conv2(x))))
        x = self.pool(torch.relu(y + self.project(x)))
        return self.head(torch.flatten(x, 1))


class Reader(nn.Module):
    """An LSTM in both directions, and the mean of its steps."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(5, 6, batch_first=True, bidirectional=True)
        self.gru = nn.GRU(12, 7, batch_first=True)
        self.head = nn.Linear(7, 3)

    def forward(self, x: Any) -> Any:
        x, _ = self.lstm(x)
        x, _ = self.gru(x)
        return self.head(x[:, -1])


class Wide(nn.Module):
    """Branches side by side, group norm, gelu and swish, a mean over pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Sequential(nn.Conv2d(3, 4, 1), nn.SiLU())
        self.three = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1, groups=3), nn.GELU())
        self.norm = nn.GroupNorm(2, 10)
        self.shrink = nn.AvgPool2d(2)
        self.norm2 = nn.LayerNorm(10)
        self.head = nn.Linear(10, 4)

    def forward(self, x: Any) -> Any:
        x = torch.cat([self.one(x), self.three(x)], 1)
        x = self.shrink(self.norm(x)).mean((2, 3))
        return torch.sigmoid(self.head(self.norm2(x)))


NETS = {
    "resnet": (ResNet, (2, 3, 8, 8)),
    "reader": (Reader, (2, 6, 5)),
    "wide": (Wide, (2, 3, 6, 6)),
}


def main() -> None:
    for name, (make, shape) in NETS.items():
        torch.manual_seed(0)
        net = make()
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.3)
                module.running_var.uniform_(0.5, 2)
        net.eval()
        x = torch.randn(5, *shape[1:])
        with torch.no_grad():
            y = net(x)
        np.savez(HERE / f"torch_{name}.npz", x=x.numpy(), y=y.numpy())
        torch.onnx.export(
            net,
            (torch.randn(*shape),),
            HERE / f"torch_{name}_old.onnx",
            input_names=["x"],
            dynamic_axes={"x": {0: "batch"}},
            opset_version=17,
            dynamo=False,
            training=torch.onnx.TrainingMode.PRESERVE,
            do_constant_folding=False,
        )
        batch = torch.export.Dim("batch")
        program = torch.onnx.export(
            net,
            (torch.randn(*shape),),
            dynamo=True,
            dynamic_shapes={"x": {0: batch}},
            verbose=False,
        )
        program.save(HERE / f"torch_{name}_new.onnx", external_data=False)
        for exporter in ("old", "new"):
            without_traces(HERE / f"torch_{name}_{exporter}.onnx")


def without_traces(path: Path) -> None:
    """Leave out where in which file each node comes from."""
    model = onnx.load(path)
    del model.metadata_props[:], model.graph.metadata_props[:]
    for node in (*model.graph.node, *model.graph.value_info, *model.graph.input):
        node.doc_string = ""
        del node.metadata_props[:]
    for tensor in model.graph.initializer:
        del tensor.metadata_props[:]
    onnx.save(model, path)


if __name__ == "__main__":
    main()
