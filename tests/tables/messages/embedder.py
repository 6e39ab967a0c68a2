"""What Embedder says of identities and pairs that it cannot compare; test_errors.py runs it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fastdl import Embedder, NetClassifier, losses
from fastdl import layers as L

X, IMAGES = (
    np.random.default_rng(0).random(shape).astype(np.float32) for shape in ((24, 6), (24, 6, 6))
)
Y = np.arange(24) % 3


def new(layers: Any = (), **params: Any) -> Embedder:
    return Embedder(list(layers), **{"n_components": 3, "max_epochs": 1, "n_jobs": 1, **params})


def fit(y: Any = Y, **params: Any) -> Callable[[], object]:
    return lambda: new(**params).fit(X, y)


def fitted() -> Embedder:
    return new().fit(X, Y, X_val=X, y_val=Y)


def of_images() -> Embedder:
    return new([L.Conv2D(2, 3)]).fit(IMAGES, Y, X_val=IMAGES, y_val=Y)


# fmt: off
EMBEDDER = [
    (fit(np.zeros(24, int)), ValueError,
     "Embedder compares samples of at least 2 identities, but y holds only one class: 0."),
    (fit(np.array(["Ada"] * 24)), ValueError,
     "Embedder compares samples of at least 2 identities, but y holds only one class: 'Ada'."),
    (fit(np.arange(24)), ValueError,
     "Embedder compares several samples of an identity, but each of the 24 labels of y has only "
     "one sample. Give two or more of some."),
    (fit(np.eye(3, dtype=int)[Y]), ValueError,
     "y has shape (24, 3); Embedder takes one label for each sample, that of its identity."),
    (lambda: new().fit(X, Y, X_val=X, y_val=0 * Y), ValueError,
     "In the validation set: Embedder compares samples of at least 2 identities, but y holds only "
     "one class: 0."),
    (lambda: fitted().score(X[:3], Y[:3]), ValueError,
     "Embedder compares several samples of an identity, but each of the 3 labels of y has only one "
     "sample. Give two or more of some."),
    (lambda: fitted().verify(X[:3], X[:2]), ValueError,
     "A has 3 samples, but B has 2; A[i] is compared with B[i]."),
    (lambda: fitted().decision_function(X, X[:, :5]), ValueError,
     "In B: X has 5 features, but Embedder is expecting 6 features as input."),
    (lambda: of_images().verify(IMAGES[:, :5], IMAGES), ValueError,
     "In A: X has shape (24, 5, 6), but Embedder was fitted with images of shape (6, 6, 1). Crop "
     "or scale to 6x6, or fit on images of this size."),
    (fit(np.array([1, "Ada"] * 12, dtype=object)), ValueError,
     "y holds labels of several types: y[0] is 1, and others are text. Embedder takes those of "
     "one: all numbers, or all text."),
    (fit(X[:, 0]), ValueError,
     "Unknown label type: continuous. Maybe you are trying to fit a classifier, which expects "
     "discrete classes on a regression target with continuous values."),
    (fit(batch_size=4), ValueError,
     "Embedder: a batch of batch_size=4 has no room for a second identity, of 4 samples each "
     "(samples_per_identity). Take a multiple of 4."),
    (fit(solver="lbfgs"), ValueError,
     "Embedder: solver='lbfgs' learns from all samples at once, but samples are compared batch by "
     "batch. Use 'adam' or another of fastdl.optim."),
    (fit(loss=losses.Triplet(margin=0)), ValueError,
     "Triplet: margin=0; expected a positive number."),
    (lambda: new([L.AuxHead([L.Dense(2)])]).fit(X, Y), ValueError,
     "Embedder: layer 'aux_head_1' (AuxHead) has outputs for classes, but Embedder has none. Leave "
     "it out."),
    (lambda: new([L.Augment(mixup=0.2), L.Conv2D(2, 3)]).fit(IMAGES, Y), ValueError,
     "Embedder: Augment(mixup=...) mixes samples of two identities, and what it makes is of "
     "neither. Leave mixup out."),
    (lambda: Embedder(init_from=NetClassifier([L.Dense(4)], max_epochs=1).fit(X, Y)).fit(X, Y),
     ValueError,
     "Embedder: the network of init_from does not end in vectors of length 1. Set drop_head=True "
     "for a new output layer."),
    (lambda: new().partial_fit(X, Y, classes=[0, 1, 2]), TypeError,
     "Embedder.partial_fit takes no classes: identities may be new in every part."),
    (lambda: fitted().predict(X), AttributeError,
     "This 'Embedder' has no attribute 'predict'"),
]
# fmt: on
