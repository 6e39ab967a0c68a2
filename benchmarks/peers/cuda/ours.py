"""fastdl's side: whole epochs by one call each."""

import time
from collections.abc import Iterator

import numpy as np

from benchmarks.nets import Net
from fastdl.program import compile, devices
from peers.cuda.nets import N_SAMPLES
from peers.cuda.timing import milliseconds

N_BATCHES = 8  # that X holds: its way to the GPU is a row of its own


def backend(rehearse: bool) -> str:
    """Of the first GPU; RuntimeError where there is none."""
    return "" if rehearse else devices.resolve("cuda").backend


def made(net: Net, precision: str, rehearse: bool):
    return compile(
        net.layers,
        net.input_shape,
        backend=backend(rehearse),
        precision="float32" if rehearse else precision,
        batch_size=net.batch,
        threads=None if rehearse else 1,
        random_state=0,
        loss=net.loss,
        optimizer=net.optimizer,
    )


def step(net: Net, precision: str, rehearse: bool) -> float:
    """Milliseconds of a training step, as part of an epoch."""
    program = made(net, precision, rehearse)
    X, y = data(net, N_BATCHES * net.batch)
    rates = np.array([net.rate])

    def epoch(count: int) -> None:
        order = np.resize(np.arange(len(X)), count * net.batch)
        status = program.train_epoch(X, y, order, rates, version=1).status
        if status != "done":
            raise RuntimeError(f"the epoch {status}")

    return milliseconds(epoch, most=max(20, N_SAMPLES // net.batch))


def data(net: Net, n: int):
    """Random X and codes; of symbols codes, too."""
    if net.input_shape == (1, 1):
        rng = np.random.default_rng(0)
        X = rng.integers(0, net.layers[0].n_symbols, (n, 1, 1), dtype=np.int32)
        return X, rng.integers(0, 10, n, dtype=np.int32)
    return net.data(n)


def epochs(net: Net, rehearse: bool) -> Iterator[tuple[str, float]]:
    """Milliseconds of epochs over 60,000 images in the host's memory, or there since the last."""
    n = N_SAMPLES // (100 if rehearse else 1)
    X, y = net.data(n)
    rates = np.array([net.rate])
    for name, images in (("float32", X), ("bytes", (255 * X).astype(np.uint8))):
        program = made(net, "tf32", rehearse)
        for which, version in (
            ("first", 0),
            ("second", 0),
            ("third", 0),
            ("copied for later", 1),
            ("again", 1),
            ("once more", 1),
        ):
            order = np.random.default_rng(1).permutation(n)
            start = time.perf_counter()
            program.train_epoch(images, y, order, rates, version=version)
            yield f"{name}, {which}", 1e3 * (time.perf_counter() - start)
