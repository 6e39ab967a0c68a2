"""What saliency says of bad input."""

import re

import numpy as np
import pytest
from saliency_nets import CLASSES, TWO, WORDS, N, images, mlp, rows
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    PolynomialFeatures,
)

from fastdl import (
    Autoencoder,
    CNNClassifier,
    MLPRegressor,
    Network,
    RNNClassifier,
    Seq2Seq,
    SequenceTagger,
    TabularClassifier,
)
from fastdl import layers as L
from fastdl.inspection import saliency

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


def cnn(y=CLASSES):
    return CNNClassifier((2,), **WORDS).fit(images(4, 4), y)


def of_two():
    return MLPRegressor(hidden_layer_sizes=(2,), max_iter=1).fit(rows(), rows()[:, :2])


def tagger():
    return SequenceTagger((2,), max_epochs=1).fit(images(3, 2), TWO[:, None].repeat(3, 1))


# fmt: off
TEXTS = [
    (lambda: saliency(cnn(), images(4, 4), method="cam"),
     "method='cam' is not known. Choose from 'gradient', 'occlusion', 'grad_cam'."),
    (lambda: saliency(cnn(), images(4, 4), size=2),
     "size is for method='occlusion', not for method='gradient'."),
    (lambda: saliency(cnn(), images(4, 4), method="occlusion", layer=0),
     "layer is for method='grad_cam', not for method='occlusion'."),
    (lambda: saliency(cnn(), images(4, 4), method="grad_cam", lengths=[1]),
     "method='grad_cam' is for images, which have no lengths."),
    (lambda: saliency(mlp(), rows(), method="occlusion", size=2),
     "size=2, but columns are covered one by one. Leave it out."),
    (lambda: saliency(RNNClassifier((2,), **WORDS).fit(["ab"] * N, CLASSES), ["ab"], fill=0,
                      method="occlusion"),
     "fill=0, but symbols are left out, not covered. Leave it out."),
    (lambda: saliency(cnn(), images(4, 4), method="occlusion", size=2, stride=3),
     "stride=3 leaves places uncovered: size is 2. Use a stride of at most size."),
    (lambda: saliency(Network([L.Embedding(3, 2), L.GRU(2)], (4, 1)), np.zeros((2, 4), np.int32), 0,
                      method="occlusion"),
     "X holds codes of symbols, in whose place no other number can stand. Use "
     "method='gradient'."),
    (lambda: saliency(cnn(), images(4, 4), method="occlusion", stride=0),
     "stride=0; expected a positive integer."),
    (lambda: saliency(cnn(), images(4, 4), method="occlusion", fill=[1, 2]),
     "fill has shape (2,); expected a number, or 1 of them, one for each channel or feature."),
    (lambda: saliency(cnn(), images(4, 4), "d"),
     "y holds 'd', which is none of the classes of this CNNClassifier: 'a', 'b', 'c'."),
    (lambda: saliency(cnn(), images(4, 4), ["a"]),
     "y has shape (1,); expected one label for all samples, or (24,), one for each."),
    (lambda: saliency(cnn(), images(4, 4), method="grad_cam", layer="flatten_1"),
     "layer='flatten_1' gives no images for an answer; those that do: conv2d_1, "
     "activation_1, max_pool2d_1."),
    (lambda: saliency(mlp(), rows(), method="grad_cam"),
     "this MLPClassifier has no layer of images to look at: method='grad_cam' is for "
     "convolutional networks. Use method='gradient' or method='occlusion'."),
    (lambda: saliency(mlp(), rows()[:1], method="occlusion"),
     "X has one row, which is its own mean: pass fill, a value for all features or one for each."),
    (lambda: saliency(mlp(), rows(), image_shape=(2, 2)),
     "a row of X has 6 values: got image_shape=(2, 2), expected image_shape=(height, width) or "
     "(height, width, channels) of as many pixels."),
    (lambda: saliency(of_two(), rows()),
     "this MLPRegressor has 2 outputs: say which one you ask about, y=0 to y=1."),
    (lambda: saliency(of_two(), rows(), 2),
     "y=2; expected the number of an output of this MLPRegressor, 0 to 1, or one for each "
     "sample."),
    (lambda: saliency(Autoencoder(3, **WORDS).fit(rows()), rows()),
     "this Autoencoder has 3 units in its code: say which one you ask about, y=0 to y=2."),
    (lambda: saliency(LogisticRegression().fit(rows(), CLASSES), rows()),
     "LogisticRegression is no network of fastdl. There is no gradient to follow: use "
     "method='occlusion'."),
    (lambda: saliency(make_pipeline(PolynomialFeatures(), mlp()).fit(rows(), CLASSES), rows()),
     "the pipeline's PolynomialFeatures has a derivative that is not known here. Pass what comes "
     "after it (pipeline[-1] and pipeline[:-1].transform(X)), or use method='occlusion'."),
    (lambda: saliency(TabularClassifier(max_epochs=1).fit(rows(), CLASSES), rows()),
     "TabularClassifier prepares the columns of its tables before the network sees them. There is "
     "no gradient to follow: use method='occlusion'."),
    (lambda: saliency(tagger(), images(3, 2)),
     "this SequenceTagger has an answer for each of the steps of a sample; saliency is of one "
     "answer for each sample."),
    (lambda: saliency(Seq2Seq((2,), max_epochs=1).fit(["ab"] * 9, ["ba"] * 9), ["ab"]),
     "Seq2Seq answers with other things than classes and numbers; saliency is of one answer for "
     "each sample."),
]


# fmt: on


@pytest.mark.parametrize(("call", "text"), TEXTS, ids=[text[:40] for _, text in TEXTS])
def test_text(call, text):
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        call()


def test_occlusion_of_sequences_of_answers():
    """Whatever the method, steps and pixels have no one answer."""
    with pytest.raises(ValueError, match="an answer for each of the steps of a sample"):
        saliency(tagger(), images(3, 2), method="occlusion")
