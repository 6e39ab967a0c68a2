"""What networks and autoencoders say of y that does not go with X.

test_errors.py runs it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fastdl import (
    Autoencoder,
    CNNClassifier,
    CNNRegressor,
    ConvAutoencoder,
    NetClassifier,
    NetRegressor,
    RNNClassifier,
    RNNRegressor,
)
from fastdl import layers as L

IMAGES = np.random.default_rng(0).random((8, 6, 5, 1)).astype(np.float32)
CLEAN = IMAGES[..., 0]
SEQUENCES = [np.ones((2 + i % 3, 2)) for i in range(8)]
STEPS = [np.arange(len(x)) % 2 for x in SEQUENCES]
LABELS = np.arange(8) % 2
CONV = [L.Conv2D(2, 3, padding="same")]
ONCE = {"max_epochs": 1, "n_jobs": 1}


def numbers(y: Any, *layers: Any, X: Any = IMAGES, **fit: Any) -> Callable[[], object]:
    return lambda: NetRegressor(list(layers) or CONV, **ONCE).fit(X, y, **fit)


def labels(y: Any, *layers: Any, X: Any = IMAGES, **fit: Any) -> Callable[[], object]:
    return lambda: NetClassifier(list(layers) or CONV, **ONCE).fit(X, y, **fit)


def later(y: Any) -> Callable[[], object]:
    """Scores a net of pixels."""
    return lambda: NetRegressor(CONV, **ONCE).fit(IMAGES, CLEAN).score(IMAGES, y)


def but(at: Any, value: float, of: Any = CLEAN) -> Any:
    changed = np.array(of)
    changed[at] = value
    return changed


def coder(y: Any, **params: Any) -> Callable[[], object]:
    return lambda: Autoencoder(4, **ONCE, **params).fit(CLEAN.reshape(8, 30), y)


def augmented(X: Any = IMAGES, y: Any = LABELS, layers: Any = CONV, **options: Any) -> Any:
    """A fit with an Augment of these options."""
    return lambda: NetClassifier(layers, augment=L.Augment(**options), **ONCE).fit(X, y)


# fmt: off
PIXELS = [
    (numbers(CLEAN[:5]), ValueError,
     "y has 5 images, but X has 8 samples; NetRegressor takes one for each."),
    (numbers(CLEAN[:, :3]), ValueError,
     "NetRegressor: the layers give images of 6x5, but those of y have 3x5. Convolve with "
     'padding="same", come back to the size with Upsample2D or Conv2DTranspose, or pass y of that '
     "size."),
    (numbers(CLEAN, L.Conv2D(2, 3)), ValueError,
     "NetRegressor: the layers give images of 4x3, but those of y have 6x5. Convolve with "
     'padding="same", come back to the size with Upsample2D or Conv2DTranspose, or pass y of that '
     "size."),
    (numbers([*CLEAN[:7], CLEAN[7, :2]]), ValueError,
     "y[7] has shape (2, 5), but y[0] has (6, 5); all images have one shape. Crop, scale or pad "
     "them."),
    (numbers(np.zeros((8, 6, 5, 2, 1))), ValueError,
     "y has shape (8, 6, 5, 2, 1); NetRegressor takes an image for every sample, (n, height, "
     "width) or (n, height, width, n_outputs)."),
    (numbers(but((2, 1, 4), np.inf)), ValueError,
     "Input y contains infinity: row 1, column 4 of y[2]. A pixel that does not count has NaN in "
     "all of its numbers."),
    (numbers(but((2, 1, 4, 0), np.nan, np.stack([CLEAN, CLEAN], axis=-1))), ValueError,
     "Input y contains NaN, in some of its numbers: row 1, column 4 of y[2]. A pixel that does not "
     "count has NaN in all of its numbers."),
    (numbers(CLEAN.astype(str)), ValueError,
     "y holds str1024; NetRegressor takes images of numbers. For a class for every pixel, use "
     "NetClassifier."),
    (labels(CLEAN), ValueError,
     "Unknown label type: continuous. Maybe you are trying to fit a classifier, which expects "
     "discrete classes on a regression target with continuous values."),
    (labels(np.zeros((8, 6, 5), int)), ValueError,
     "NetClassifier needs samples of at least 2 classes in the data, but the data contains only "
     "one class: 0"),
    (labels((CLEAN > 0.3).astype(int) - (CLEAN < 0.1)), UserWarning,
     "NetClassifier: y holds -1, 0 and 1. Pixels with -1 do not count: label them None to say so. "
     "If -1 is a class, call the classes otherwise, by strings."),
    (labels(np.full((8, 6, 5), -1)), ValueError,
     "y marks all pixels as ones that do not count, by -1; NetClassifier needs at least one that "
     "does."),
    (labels((CLEAN > 0.5).astype(int), sample_weight=np.ones((8, 6))), ValueError,
     "sample_weight has shape (8, 6); expected (8,), one for each image, or (8, 6, 5), one for "
     "each pixel."),
    (later(CLEAN[..., np.newaxis]), ValueError,
     "y has images of shape (6, 5, 1), but NetRegressor was fitted with (6, 5)."),
    (later(CLEAN[:, :5]), ValueError,
     "y has images of shape (5, 5), but NetRegressor was fitted with (6, 5)."),
]

OF_STEPS = [
    (labels([*STEPS[:7], STEPS[7][:1]], L.LSTM(3), X=SEQUENCES), ValueError,
     "y[7] has 1 values, but X[7] has 3 steps; NetClassifier takes one for every step."),
    (labels(STEPS, L.LSTM(3, return_sequences=True), L.GlobalAvgPool(), X=SEQUENCES), ValueError,
     "NetClassifier: y has a value for every step, but the layers give one for each sequence. "
     "Leave out what brings the steps together (LastStep, GlobalAvgPool, GlobalMaxPool, Flatten), "
     "or pass one value of y for each sequence."),
    (labels(STEPS, L.Conv1D(2, 1), L.BatchNorm(), X=SEQUENCES), ValueError,
     "layer 'batch_norm_1' (BatchNorm) takes rows or images, but its input is sequences of 4x2. "
     "Use LayerNorm() on sequences."),
    (labels(STEPS[:5], L.LSTM(3), X=SEQUENCES), ValueError,
     "Found input variables with inconsistent numbers of samples: [8, 5]"),
    (labels(LABELS, L.Embedding(3, 2), L.LSTM(3), X=list("abcdefgh")), ValueError,
     "NetClassifier: Embedding(3, 2) has fewer vectors than X has symbols; this X needs 11. Leave "
     "the embedding out for one that is made for X."),
    (lambda: NetClassifier([L.Dense(2), L.Flatten()], **ONCE).fit(SEQUENCES, LABELS).predict(
        [np.ones((9, 2)), np.ones((1, 2))]), ValueError,
     "X has sequences of 9 steps, but the layers are made for 4 at most: Flatten gives rows of all "
     "steps. Use LastStep or GlobalAvgPool, or fit on sequences as long."),
    (labels(LABELS, L.Conv2D(2, 1), X=[x[:, np.newaxis] for x in SEQUENCES]), ValueError,
     "X[1] has shape (3, 1, 2), but X[0] has (2, 1, 2); samples have one shape. Crop, scale or pad "
     "them."),
]

PAIRS = [
    (coder(CLEAN.reshape(8, 30)[:, :7]), ValueError,
     "y has shape (8, 7), but X has (8, 30); Autoencoder learns y in place of X where it has the "
     "shape of X, and X itself without y. For other targets, use NetRegressor."),
    (coder(CLEAN.reshape(8, 30)[:5]), ValueError,
     "y has shape (5, 30), but X has (8, 30); Autoencoder learns y in place of X where it has the "
     "shape of X, and X itself without y. For other targets, use NetRegressor."),
    (lambda: ConvAutoencoder(CONV, **ONCE).fit(IMAGES, CLEAN[:, :3]), ValueError,
     "y has shape (8, 3, 5), but X has (8, 6, 5, 1); ConvAutoencoder learns y in place of X where "
     "it has the shape of X, and X itself without y. For other targets, use NetRegressor."),
    (coder(CLEAN.reshape(8, 30) * 3, loss="cross_entropy"), ValueError,
     "Autoencoder: loss='cross_entropy' takes y from 0 to 1, but column 0 goes from "
     f"{CLEAN[:, 0, 0].min() * 3:g} to {CLEAN[:, 0, 0].max() * 3:g} (and 29 more do likewise). "
     "Scale y, for example by MinMaxScaler(clip=True), or use loss='squared_error'."),
]

OF_SAMPLES = [
    (lambda: RNNClassifier((2,), **ONCE).fit(SEQUENCES, STEPS), ValueError,
     "y holds a list for each sample; RNNClassifier takes one target for each, or as many for all. "
     "SequenceTagger learns a label for every step."),
    (lambda: RNNClassifier((2,), **ONCE).fit(CLEAN, CLEAN[..., 0].astype(str)), ValueError,
     "y has shape (8, 6); RNNClassifier learns one class for each sample, or indicators (0 and 1) "
     "of several. sklearn.multioutput.MultiOutputClassifier takes more. SequenceTagger learns a "
     "label for every step."),
    (lambda: RNNRegressor((2,), **ONCE).fit(SEQUENCES, STEPS), ValueError,
     "y holds a list for each sample; RNNRegressor takes one target for each, or as many for all. "
     "With return_sequences=True, every step has a number."),
    (lambda: RNNRegressor((2,), **ONCE).fit(CLEAN, CLEAN), ValueError,
     "y has shape (8, 6, 5); RNNRegressor takes one target for each, or as many for all. With "
     "return_sequences=True, every step has a number."),
    (lambda: CNNClassifier((2,), **ONCE).fit(IMAGES, CLEAN > 0.5), ValueError,
     "y has shape (8, 6, 5); CNNClassifier takes one target for each, or as many for all. "
     "NetClassifier learns a class for every pixel: see its `layers`."),
    (lambda: CNNRegressor((2,), **ONCE).fit(IMAGES, IMAGES), ValueError,
     "y has shape (8, 6, 5, 1); CNNRegressor takes one target for each, or as many for all. "
     "NetRegressor learns an image for every image: see its `layers`."),
    (lambda: CNNClassifier((2,), **ONCE).fit(SEQUENCES, LABELS), ValueError,
     "X[1] has shape (3, 2), but X[0] has (2, 2); samples have one shape. Crop, scale or pad them; "
     "sequences of any length go to RNNClassifier and RNNRegressor."),
    (lambda: CNNClassifier((2,), **ONCE).fit(["ab", "c"] * 4, LABELS), ValueError,
     "X holds text, such as 'ab'; CNNClassifier takes numbers. RNNClassifier, RNNRegressor and "
     "networks that begin with a recurrent layer read texts."),
    (lambda: CNNClassifier((2,), **ONCE).fit([Path("a.png")] * 8, LABELS), ValueError,
     "X holds text, such as 'a.png'; CNNClassifier takes numbers. RNNClassifier, RNNRegressor and "
     "networks that begin with a recurrent layer read texts. fastdl.data.ImageFolder makes images "
     "of paths, to be passed as X."),
]
ROWS = CLEAN.reshape(8, 30)
AUGMENTS = [
    (lambda: L.Augment(rotat=3), TypeError,
     "Augment has no parameter 'rotat'. Did you mean 'rotate'?"),
    (lambda: L.Augment(degrees=3), TypeError,
     "Augment has no parameter 'degrees'. Did you mean 'rotate'?"),
    (augmented(rotate=-3), ValueError,
     "layer 'augment' (Augment): rotate=-3; expected a number of degrees from 0 to 180."),
    (augmented(shear=90), ValueError,
     "layer 'augment' (Augment): shear=90; expected a number of degrees from 0 to below 90."),
    (augmented(brightness=1.5), ValueError,
     "layer 'augment' (Augment): brightness=1.5; expected a number from 0 to 1."),
    (augmented(fill="zeros"), ValueError,
     "layer 'augment' (Augment): fill='zeros' is not known. Choose from 'constant', 'edge', "
     "'reflect'."),
    (augmented(crop=0), ValueError,
     "layer 'augment' (Augment): crop=0; expected None or a positive integer or a pair of them."),
    (augmented(crop=9), ValueError,
     "layer 'augment' (Augment): crop=9x9 is larger than images of 6x5x1. Crop at most their size; "
     "shift=4 pads them by 4 pixels on each side before."),
    (augmented(hue=0.1), ValueError,
     "layer 'augment' (Augment): saturation and hue are of colours (red, green, blue), but its "
     "input is an image of 6x5x1. Leave them out; brightness and contrast are for any image."),
    (augmented(ROWS, flip="both"), ValueError,
     "layer 'augment' (Augment) takes images, but its input is rows, images of 1x30x1. Pass images "
     "(n, height, width, channels), or rows and input_shape=(height, width, channels)."),
    (augmented(ROWS, layers=[L.Dense(3)], flip="both"), ValueError,
     "layer 'augment' (Augment) takes images, but its input is rows, images of 1x30x1. Pass images "
     "(n, height, width, channels), or rows and input_shape=(height, width, channels)."),
    (labels(LABELS, *CONV, L.Augment(flip="both")), ValueError,
     "layer 'augment_1' (Augment) must be the first layer: it changes samples on their way into "
     "the network."),
    (labels(LABELS, L.Residual([L.Augment(flip="both")])), ValueError,
     "layer 'augment_1' (Augment) must be the first layer: it changes samples on their way into "
     "the network."),
    (augmented(layers=[L.Augment(shift=1), *CONV], flip="both"), ValueError,
     "NetClassifier: augment=Augment(flip='both', name='augment') is one too many: layers begin "
     "with Augment(shift=1). Give one of the two."),
    (lambda: NetClassifier(augment="flip").fit(IMAGES, LABELS), ValueError,
     "The 'augment' parameter of NetClassifier must be an instance of "
     "'fastdl.layers._augment.Augment' or None. Got 'flip' instead."),
    (augmented(y=(CLEAN > 0.5).astype(int), crop=4), ValueError,
     "layer 'augment' (Augment): crop lets the network see parts of X, and predictions are of the "
     "middle alone, but y has a value for every pixel. Leave crop out (shift moves a window of the "
     "whole size, and y along with it), or crop X and y alike before fit: "
     "fastdl.functional.augment(X, targets=y, crop=...)."),
    (lambda: ConvAutoencoder([L.Augment(crop=4), *CONV], **ONCE).fit(IMAGES, CLEAN), ValueError,
     "layer 'augment_1' (Augment): crop lets the network see parts of X, and predictions are of "
     "the middle alone, but y has a value for every pixel. Leave crop out (shift moves a window of "
     "the whole size, and y along with it), or crop X and y alike before fit: "
     "fastdl.functional.augment(X, targets=y, crop=...)."),
    (augmented(y=(CLEAN[:, 1:-1, 1:-1] > 0.5).astype(int), layers=[L.Conv2D(2, 3)], rotate=9),
     ValueError,
     "layer 'augment' (Augment) moves the pixels of X and those of y along with them, but images "
     "of X have 6x5 and those of y 4x3, where neither is a multiple of the other: where a pixel of "
     "y lies in X is not known. Pad or cut X and y to sizes of which one is a multiple of the "
     "other, or leave flip, shift, rotate, scale and shear out."),
]
# fmt: on

FORMS = [*AUGMENTS, *PIXELS, *OF_STEPS, *PAIRS, *OF_SAMPLES]
