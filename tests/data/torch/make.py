"""Networks of PyTorch with their answers, for tests/files/weights/test_torch_weights.py.

Needs torch and safetensors; writes into its own folder. Run once, by hand: the tests need neither.
"""

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

HERE = Path(__file__).parent


class ConvNet(nn.Module):
    """The worked example of docs/from-pytorch.md."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 12, 3)
        self.fc1 = nn.Linear(12 * 2 * 3, 16)
        self.fc2 = nn.Linear(16, 4)

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        x = nn.functional.max_pool2d(x, 2)
        x = nn.functional.max_pool2d(torch.relu(self.conv2(x)), 2)
        x = torch.relu(self.fc1(x.flatten(1)))
        return self.fc2(x)


class Sentences(nn.Module):
    """An LSTM classifier of sequences of symbols: the other example."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(20, 6)
        self.lstm = nn.LSTM(6, 10, num_layers=2, batch_first=True)
        self.fc = nn.Linear(10, 3)

    def forward(self, x):
        states, _ = self.lstm(self.embedding(x))
        return self.fc(states[:, -1])


class Depthwise(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(4, 8, 3, groups=4, bias=False),
            nn.GroupNorm(2, 8),
            nn.PReLU(8),
            nn.Conv2d(8, 6, 3, stride=2, groups=2),
            nn.ConvTranspose2d(6, 5, 3, stride=2),
            nn.ConvTranspose2d(5, 10, 2, groups=5),
        )

    def forward(self, x):
        return self.features(x)


class Decoder(nn.Module):
    """A dense layer whose outputs become an image, channels first."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(5, 6 * 2 * 3)
        self.norm = nn.BatchNorm1d(36)
        self.up = nn.ConvTranspose2d(6, 2, 2, stride=2)

    def forward(self, x):
        return self.up(torch.tanh(self.norm(self.fc(x))).reshape(-1, 6, 2, 3))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(3, 4, batch_first=True, bidirectional=True)
        self.rnn = nn.RNN(8, 5, batch_first=True)
        self.norm = nn.LayerNorm(5)
        self.fc = nn.Linear(5, 2)

    def forward(self, x):
        x, _ = self.gru(x)
        x, _ = self.rnn(x)
        return self.fc(self.norm(x))


def answer(model, x):
    model.eval()
    with torch.no_grad():
        return model(x)


def main():
    torch.manual_seed(0)
    arrays = {}
    for model, x in (
        (ConvNet(), torch.randn(5, 3, 12, 16)),
        (Sentences(), torch.randint(20, (6, 7))),
        (Depthwise(), torch.randn(3, 4, 9, 9)),
        (Decoder(), torch.randn(4, 5)),
        (Recurrent(), torch.randn(4, 6, 3)),
    ):
        for module in model.modules():
            if hasattr(module, "running_mean"):
                module.running_mean.normal_()
                module.running_var.uniform_(0.5, 2)
            if isinstance(module, (nn.BatchNorm2d, nn.BatchNorm1d, nn.GroupNorm, nn.LayerNorm)):
                nn.init.normal_(module.weight)
                nn.init.normal_(module.bias)
        name = type(model).__name__
        save_file(model.state_dict(), HERE / f"{name}.safetensors")
        arrays[f"{name}.x"], arrays[f"{name}.y"] = x.numpy(), answer(model, x).numpy()
    np.savez_compressed(HERE / "answers.npz", **arrays)


if __name__ == "__main__":
    main()
