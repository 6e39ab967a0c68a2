"""The rows of the table: training steps, updates, whole fits, predictions, imports."""

from collections.abc import Callable

import fastdl
from benchmarks.large_images import IMAGES
from benchmarks.nets import NETS, Net
from benchmarks.objects import SMALL
from benchmarks.predicted import PREDICTED, SAMPLES
from peers.augment import augmentation
from peers.calls import one_row, partial_fits
from peers.fits import digits_fit, mnist_fit, rbm_fit
from peers.footprint import imports, megabytes
from peers.harness import Contest
from peers.predictions import one_image, prediction
from peers.steps import TOLERANCE, training_step
from peers.translation import NETS as PAIR_NETS
from peers.translation import answers, step_of_pairs
from peers.updates import adam_update

# 57 layers with batch norm: 0.10 apart after three steps, where float64 gradients agree to 6e-14.
WIDER = {"googlenet": 0.2}


def all_rows(threads: int, compiled: bool) -> dict[str, Callable[[], Contest]]:
    """Every row by name, made when asked for."""
    rows: dict[str, Callable[[], Contest]] = {}
    for name, net in NETS.items():
        rows[f"{name} ({net.batch}, {type(net.optimizer).__name__})"] = _step(
            name, threads, compiled
        )
    rows["small detector, 96x96 (16, Adam)"] = lambda: training_step(SMALL, threads, compiled)
    for n, text in ((10_000, "10 k"), (1_000_000, "1 M"), (20_000_000, "20 M")):
        rows[f"Adam update, {text}"] = lambda n=n: adam_update(n)
    for dtype in ("float64", "float32"):
        rows[f"MLPClassifier.fit digits, {dtype}"] = lambda dtype=dtype: digits_fit(dtype)
    for dtype in ("float64", "float32"):
        rows[f"MLPClassifier.fit 784-100-10, {dtype}"] = lambda dtype=dtype: mnist_fit(dtype)
    rows["BernoulliRBM.fit 784-256, float32"] = rbm_fit
    for make in (fastdl.MLPClassifier, fastdl.NetClassifier, fastdl.SoftmaxRegression):
        rows[f"{make.__name__}.partial_fit, 32 rows"] = lambda make=make: partial_fits(make)
    for beside in ("scikit-learn", "its program"):
        rows[f"MLPClassifier.predict 1, {beside}"] = lambda beside=beside: one_row(beside)
    for name, net in PREDICTED.items():
        for n in SAMPLES:
            rows[f"predict {n}, {name}"] = _prediction(net, n, threads)
    for name, shown in IMAGES.items():
        rows[f"image, {name}"] = lambda shown=shown: one_image(shown, threads)
    for name in PAIR_NETS:
        rows[f"seq2seq {name}"] = lambda name=name: step_of_pairs(name, threads)
    for n, beam_size in ((1000, 1), (1000, 5), (1, 1)):
        rows[f"Seq2Seq.predict {n}, {'greedy' if beam_size == 1 else f'beam {beam_size}'}"] = (
            lambda n=n, beam_size=beam_size: answers(n, beam_size, threads)
        )
    rows["augment 32 images, crop and flip"] = lambda: augmentation(all_of_it=False)
    rows["augment 32 images, affine and colour"] = lambda: augmentation(all_of_it=True)
    rows["import"] = imports
    return rows


def _step(name: str, threads: int, compiled: bool) -> Callable[[], Contest]:
    tolerance = WIDER.get(name, TOLERANCE)
    return lambda: training_step(NETS[name], threads, compiled, tolerance, lambda: megabytes(name))


def _prediction(net: Net, n: int, threads: int) -> Callable[[], Contest]:
    return lambda: prediction(net, n, threads)
