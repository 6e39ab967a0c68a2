"""Networks of Keras with their answers, for tests/files/weights/test_keras_weights.py.

Needs keras with the backend of PyTorch, and safetensors; writes into its own folder, or with
`--back FOLDER` looks whether Keras answers the same with what `save_weights(layout="keras")` has
written. Run once, by hand: the tests need neither.
"""

import sys
from pathlib import Path

import keras
import numpy as np
from keras import layers as K
from safetensors.numpy import load_file, save_file

HERE = Path(__file__).parent

MODELS = {
    "Rows": ((5,), [K.Dense(7), K.BatchNormalization(), K.Activation("tanh"), K.Dense(3)]),
    "Images": (
        (8, 9, 3),
        [
            K.Conv2D(6, 3, padding="same"),
            K.BatchNormalization(),
            K.Activation("relu"),
            K.DepthwiseConv2D(3, depth_multiplier=2),
            K.SeparableConv2D(5, 3, padding="same", use_bias=False),
            K.GroupNormalization(5),
            K.PReLU(shared_axes=[1, 2]),
            K.Conv2D(4, 3, groups=1, strides=2),
            K.Flatten(),
            K.Dense(4),
        ],
    ),
    "Larger": (
        (3, 4, 2),
        [K.Conv2DTranspose(3, 2, strides=2), K.Activation("relu"), K.Conv2D(6, 3, groups=3)],
    ),
    "Codes": (
        (7,),
        [
            K.Embedding(12, 4),
            K.Bidirectional(K.LSTM(5, return_sequences=True)),
            K.LSTM(4),
            K.Dense(3),
        ],
    ),
    "Sequences": (
        (9, 3),
        [
            K.Conv1D(6, 3, padding="causal"),
            K.MaxPooling1D(2),
            K.Bidirectional(K.GRU(3, return_sequences=True)),
            K.SimpleRNN(4, return_sequences=True),
            K.LayerNormalization(),
            K.GRU(5),
            K.Dense(2),
        ],
    ),
}


def model_of(name):
    shape, layers = MODELS[name]
    return keras.Sequential([keras.Input(shape), *layers])


def drawn(model, random):
    """Other weights than at the start, where biases, gains and statistics are zeros or ones."""
    for w in model.weights:
        values = random.normal(size=tuple(w.shape)) * 0.5
        if "variance" in w.path or "gamma" in w.path:
            values = random.uniform(0.5, 1.5, tuple(w.shape))
        w.assign(values.astype(np.float32))


def main():
    random, answers = np.random.default_rng(0), {}
    for name, (shape, _) in MODELS.items():
        model = model_of(name)
        drawn(model, random)
        x = random.normal(size=(4, *shape)).astype(np.float32)
        if name == "Codes":
            x = random.integers(12, size=(4, *shape)).astype(np.int32)
        answers[f"{name}.x"], answers[f"{name}.y"] = x, np.asarray(model(x).detach())
        save_file(arrays_of(model), HERE / f"{name}.safetensors")
        answers[f"{name}.order"] = np.array([w.path for w in model.weights])  # of get_weights()
    np.savez_compressed(HERE / "answers.npz", **answers)


def arrays_of(model):
    """All weights by name; those of a random generator are none."""
    return {w.path: np.array(w.value.detach(), order="C") for w in model.weights}


def back(folder):
    """Files of `save_weights`, by the names of the model's weights, give Keras' own answers."""
    answers = np.load(HERE / "answers.npz")
    for name in MODELS:
        model, arrays = model_of(name), load_file(Path(folder) / f"{name}.safetensors")
        model.set_weights([arrays[path] for path in answers[f"{name}.order"].tolist()])
        y = np.asarray(model(answers[f"{name}.x"]).detach())
        print(name, np.abs(y - answers[f"{name}.y"]).max())


if __name__ == "__main__":
    back(sys.argv[2]) if sys.argv[1:2] == ["--back"] else main()
