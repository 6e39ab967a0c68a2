"""A few nets for two small epochs on a GPU, beside the CPU: what compute-sanitizer looks at.

`python -m peers.cuda.small` in benchmarks/; ends with 1 where the two differ too much.
"""

import sys

import numpy as np

from benchmarks.nets import Net, conv, mlp
from fastdl import layers as L
from fastdl import optim
from fastdl.program import compile
from peers.cuda.ours import backend

N = 48
# Of the weights' changes relative to them, in float32; of outputs elsewhere: a coarser product may
# turn the sign of a gradient near 0, of which Adam makes a whole step.
LIMIT, COARSE = 1e-2, 1e-1
NETS = {
    "rows": Net((20,), mlp(16, 3), 16, optim.Adam(), 1e-2),
    "images": Net(
        (8, 8, 3),
        [*conv(8), L.BatchNorm(), L.MaxPool2D(2), L.Dropout(0.2), L.Flatten(), L.Dense(3)],
        16,
        optim.Momentum(),
        1e-2,
    ),
    "sequences": Net((6, 5), [L.LSTM(8), L.Dense(3)], 16, optim.Adam(), 1e-2),
    "symbols": Net((6, 1), [L.Embedding(9, 4), L.GRU(8), L.Dense(3)], 16, optim.Adam(), 1e-2),
    "answers": Net(
        (6, 5),
        [
            L.LSTM(8, return_sequences=True),
            L.Decoder(
                [L.Embedding(3, 4), L.Dense(8), L.GRU(8), L.Attention("additive", 7), L.Dense(3)],
                4,
                teacher_forcing=0.5,
            ),
        ],
        16,
        optim.Adam(),
        1e-2,
    ),
}


def learnt(net: Net, X, y, backend: str, precision: str):
    """The changes of the weights by two epochs, and predictions."""
    program = compile(
        net.layers,
        net.input_shape,
        backend=backend,
        precision=precision,
        batch_size=net.batch,
        threads=1,
        random_state=0,
        loss=net.loss,
        optimizer=net.optimizer,
    )
    start = program.get_weights()
    for epoch in range(2):
        program.train_epoch(X, y, np.arange(N), np.array([net.rate]), epoch=epoch)
    if isinstance(net.layers[-1], L.Decoder):
        program.search(X, beam_size=2, max_length=4)
        answers = np.exp(program.log_likelihoods(X, y))
    else:
        answers = program.predict(X, link="softmax")
    return program.get_weights() - start, answers


def main() -> int:
    """Each net in each precision."""
    rehearse, failed = "--rehearse" in sys.argv, False
    for name, net in NETS.items():
        rng = np.random.default_rng(0)
        X = rng.normal(size=(N, *net.input_shape)).astype(np.float32)
        if isinstance(net.layers[0], L.Embedding):
            X = rng.integers(0, 9, (N, *net.input_shape), dtype=np.int32)
        of_each = (4,) if isinstance(net.layers[-1], L.Decoder) else ()
        y = rng.integers(0, 3, (N, *of_each), dtype=np.int32)
        change, outputs = learnt(net, X, y, "cpu:generic", "float32")
        for precision in ("float32",) if rehearse else ("float32", "tf32", "bf16"):
            found, answers = learnt(net, X, y, backend(rehearse), precision)
            apart = np.linalg.norm(found - change) / np.linalg.norm(change)
            of_outputs = np.abs(answers - outputs).max()
            print(f"{name} {precision}: weights {apart:.1e}, outputs {of_outputs:.1e}", flush=True)
            fine = apart <= LIMIT if precision == "float32" else of_outputs <= COARSE
            failed = failed or not fine
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
