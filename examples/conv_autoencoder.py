"""A convolutional autoencoder on MNIST: digits from 32 numbers, and from half of their pixels.

    python examples/conv_autoencoder.py --data mnist.npz --pictures pictures

The file is Keras' mnist.npz, or a folder with the four original IDX files. What 32 numbers keep of
a digit is measured beside principal components and a dense autoencoder: the mean squared error of
test digits, from 0 to 1, and what a linear classifier makes of the codes. The same layers, trained
on digits of which half of the pixels are masked, fill them in.

Masci et al., "Stacked convolutional auto-encoders for hierarchical feature extraction", ICANN 2011;
Vincent et al., "Stacked denoising autoencoders", JMLR 2010.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from sklearn.decomposition import PCA

from fastdl import Autoencoder, ConvAutoencoder, SoftmaxRegression
from fastdl import layers as L
from fastdl.data import load_mnist

ENCODER = [
    *(L.Conv2D(16, 3, stride=2, padding="same"), L.Activation("relu")),
    *(L.Conv2D(32, 3, stride=2, padding="same"), L.Activation("relu")),
    *(L.Flatten(), L.Dense(32)),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="mnist.npz, or the folder of the IDX files")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--pictures", type=Path, help="a folder for a picture; needs matplotlib")
    arguments = parser.parse_args()

    X_train, y_train, X_test, y_test = load_mnist(arguments.data)
    X_train, X_test = ((X / 255).astype(np.float32) for X in (X_train, X_test))
    X_train, X_test = (X.reshape(-1, 784) for X in (X_train, X_test))
    words = {"learning_rate": "cosine", "learning_rate_init": 2e-3, "batch_size": 100}
    words |= {"loss": "cross_entropy", "max_epochs": arguments.epochs, "random_state": 0}
    images = {"input_shape": (28, 28), **words}
    models = {
        "principal components": PCA(32, random_state=0),
        "dense, 784-256-32": Autoencoder((256, 32), activation="relu", **words),
        "convolutional": ConvAutoencoder(ENCODER, **images),
    }
    for name, model in models.items():
        start = time.perf_counter()
        codes = model.fit(X_train).transform(X_train)
        seconds = time.perf_counter() - start
        linear = SoftmaxRegression(alpha=0, max_epochs=200)
        scale = codes.std(axis=0) + 1e-6
        found = model.transform(X_test)
        score = linear.fit(codes / scale, y_train).score(found / scale, y_test)
        error = np.mean((model.inverse_transform(found) - X_test) ** 2)
        print(f"{name}: error {error:.4f}, accuracy on codes {score:.4f} ({seconds:.0f} s)")

    masked = X_test * (np.random.default_rng(0).random(X_test.shape) < 0.5)
    denoising = ConvAutoencoder(ENCODER, corruption=0.5, **images).fit(X_train)
    filled = denoising.inverse_transform(denoising.transform(masked))
    print(f"half of the pixels masked: error {np.mean((masked - X_test) ** 2):.4f}")
    print(f"filled in: error {np.mean((filled - X_test) ** 2):.4f}")

    if arguments.pictures:
        from matplotlib import pyplot as plt

        again = models["convolutional"].inverse_transform(found)
        figure, axes = plt.subplots(4, 10, figsize=(10, 4))
        for row, X in zip(axes, (X_test, again, masked, filled), strict=True):
            for ax, digit in zip(row, X, strict=False):
                ax.imshow(digit.reshape(28, 28), cmap="gray_r", vmin=0, vmax=1)
                ax.axis("off")
        arguments.pictures.mkdir(parents=True, exist_ok=True)
        figure.savefig(arguments.pictures / "conv_autoencoder.png", dpi=60, bbox_inches="tight")


if __name__ == "__main__":
    main()
