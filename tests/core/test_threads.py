"""The same bytes for 1, 2 and 4 threads: weights, moments and running statistics after training."""

import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fastdl import layers as L
from fastdl._core import Program
from programs import assert_same_bytes, compiled, sample

LENET = [
    L.Conv2D(6, 5, padding="same"),
    L.BatchNorm(),
    L.Activation("relu"),
    L.MaxPool2D(2),
    L.Conv2D(16, 3),
    L.Activation("tanh"),
    L.AvgPool2D(2),
    L.Residual([L.Conv2D(16, 3, padding="same"), L.PReLU()]),
    L.Flatten(),
    L.Dropout(0.3),
    L.Dense(40),
    L.LayerNorm(),
    L.Activation("gelu"),
    L.Dense(10),
]
MLP = [
    L.Dense(150),
    L.BatchNorm(),
    L.Activation("sigmoid"),
    L.Dropout(0.5),
    L.Maxout(70, pieces=2),
    L.Dense(10),
]
TABULAR = [
    L.NumericEmbedding(40, frequencies=8),
    L.EmbedCategories((5, 9)),
    L.Scale(),
    L.Dense(128),
    L.ParametricActivation("mish"),
    L.Dropout(0.2),
    L.Dense(10),
]
OVER_TIME = [
    L.Conv1D(40, 3, padding="same"),  # fewer rows of weights than threads: they share out filters
    L.Activation("relu"),
    L.Conv1D(36, 2, stride=2, groups=4),
    L.Conv1D(17, 3, padding="causal"),
    L.GlobalAvgPool(),
    L.Dense(10),
]
POINTWISE = [
    L.Conv2D(100, 1, stride=2),
    L.BatchNorm(),
    L.Activation("relu"),
    L.Conv2D(98, 1),
    L.GlobalAvgPool(),
    L.Dense(10),
]
NETS = {
    "lenet": (LENET, (14, 14, 1)),
    "mlp": (MLP, (100,)),
    "tabular": (TABULAR, (50,)),
    "over time": (OVER_TIME, (20, 1)),
    "pointwise": (POINTWISE, (5, 6, 100)),
}
RULES = {
    "lenet": "adam",
    "mlp": "momentum",
    "tabular": "adamw",
    "over time": "adam",
    "pointwise": "momentum",
}


def trained(net: str, threads: int, **options: Any) -> tuple[Program, list[NDArray[Any]]]:
    layers, shape = NETS[net]
    program = compiled(layers, shape, batch_size=48, threads=threads, **options)
    assert program.team_size(48) == threads  # else this file tests nothing
    x = sample((150, *shape)).astype(program.dtype)
    y = np.random.default_rng(1).integers(10, size=150).astype(np.int32)
    weight = sample((150,), 2).astype(program.dtype) ** 2
    program.set_loss("softmax_cross_entropy")
    program.set_optimizer_rule(RULES[net], l1=1e-3, l2=1e-2, clip_norm=1.0, max_norm=2.0)
    losses = []
    for epoch in range(2):
        order = np.random.default_rng(epoch).permutation(150)  # the last batch has 6 samples
        rates = np.array([0.01])
        result = program.train_epoch(x, y, order, rates, sample_weight=weight, epoch=epoch)
        losses.append(result.loss)
    blocks = [program.get_weights(), program.get_states(), program.get_optimizer()]
    return program, [*blocks, program.predict(x), np.array(losses)]


@pytest.mark.parametrize("net", NETS)
def test_training(net: str, backend: str, dtype: str) -> None:
    _, one = trained(net, 1, backend=backend, dtype=dtype)
    assert np.isfinite(one[0]).all()
    for threads in (2, 4):
        _, more = trained(net, threads, backend=backend, dtype=dtype)
        for a, b in zip(more, one, strict=True):
            assert_same_bytes(a, b, f"{threads} threads")


@pytest.mark.parametrize("net", NETS)
def test_a_second_run_gives_the_same_bytes(net: str) -> None:
    for a, b in zip(trained(net, 2)[1], trained(net, 2)[1], strict=True):
        assert_same_bytes(a, b)


def test_the_seed_matters() -> None:
    """Dropout draws by it."""
    assert np.any(trained("mlp", 1, seed=1)[1][0] != trained("mlp", 1, seed=2)[1][0])


def test_fewer_threads_later() -> None:
    program, first = trained("mlp", 4)
    x = sample((150, 100)).astype(np.float32)
    program.set_threads(1)
    assert program.threads == 1
    assert program.team_size(48) == 1
    assert_same_bytes(program.predict(x), first[3])


def test_fits_at_once() -> None:
    """From several Python threads: they share the processors, not the results."""
    expected = trained("lenet", 1)[1]
    with ThreadPoolExecutor(4) as pool:
        for blocks in pool.map(lambda _: trained("lenet", 2)[1], range(8)):
            for found, wanted in zip(blocks, expected, strict=True):
                assert_same_bytes(found, wanted)


def test_the_environment_is_left_alone() -> None:
    """Loading the core sets OpenMP's spins for a moment."""
    ask = "import os; before = dict(os.environ); import fastdl; assert os.environ == before"
    for extra in ({}, {"GOMP_SPINCOUNT": "7"}, {"OMP_WAIT_POLICY": "active"}):
        subprocess.run([sys.executable, "-c", ask], env=os.environ | extra, check=True)


FORKED: list[Program] = []


def predicted_by_child() -> bytes:
    return FORKED[0].predict(sample((150, 100)).astype(np.float32)).tobytes()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_after_a_fork() -> None:
    """OpenMP's threads do not survive a fork; the child goes on alone, with the same bytes."""
    program, first = trained("mlp", 2)
    FORKED[:] = [program]
    fork = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(1, mp_context=fork) as children:
        assert children.submit(predicted_by_child).result(timeout=60) == first[3].tobytes()


# --- what a thread must not wait for --------------------------------------------------------------


def run(code: str, timeout: float = 120, **environment: str) -> subprocess.CompletedProcess[str]:
    """The code in a process of its own, which a hang cannot take along."""
    setup = (
        "import os, signal, sys, threading, time\nimport numpy as np\n"
        "from fastdl import layers as L\nfrom fastdl.program import compile\n"
        "net = compile([L.Dense(300), L.Activation('tanh'), L.Dense(300), L.Dense(10)], (200,),\n"
        "              random_state=0, batch_size=500, threads=1, loss='softmax_cross_entropy',\n"
        "              optimizer='adam')\n"
        "rng = np.random.default_rng(0)\n"
        "X = rng.normal(size=(20_000, 200)).astype('f4')\n"
        "y = rng.integers(10, size=20_000).astype('i4')\n"
        "def train():\n"
        "    net.train_epoch(X, y, np.arange(len(X)), np.array([1e-3]), poll=lambda: False)\n"
        "def in_child(work):\n"
        "    child = os.fork()\n"
        "    if child == 0:\n"
        "        signal.alarm(30)\n"  # ends a child that hangs
        "        try:\n            work()\n"
        "        except BaseException as error:\n"
        "            print(type(error).__name__, error, flush=True)\n            os._exit(1)\n"
        "        os._exit(0)\n"
        "    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])\n"
    )
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", setup + code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()")


@pytest.mark.slow
@needs_fork
def test_a_fork_while_another_thread_predicts() -> None:
    """The child answers, and as before."""
    done = run(
        "expected = net.predict(X[:100]).tobytes()\n"
        "stop = []\n"
        "def predict():\n    while not stop: net.predict(X)\n"
        "thread = threading.Thread(target=predict); thread.start()\n"
        "def child():\n    assert net.predict(X[:100]).tobytes() == expected\n"
        "    assert np.isfinite(net.get_weights()).all()\n"
        "    train()\n"
        "codes = [in_child(child) for _ in range(4)]\n"
        "stop.append(1); thread.join()\n"
        "print(codes)\n"
    )
    assert done.stdout.strip() == str([0] * 4), done.stdout + done.stderr


@pytest.mark.slow
@needs_fork
def test_a_fork_while_another_thread_trains() -> None:
    """The child is told that its weights may be half changed; the parent goes on."""
    done = run(
        "thread = threading.Thread(target=lambda: [train() for _ in range(6)]); thread.start()\n"
        "time.sleep(0.05)\n"
        "def ask():\n    net.predict(X[:100])\n"
        "def read():\n    net.get_weights()\n"
        "codes = [in_child(work) for work in (ask, read)]\n"
        "thread.join()\n"
        "assert np.isfinite(net.predict(X[:100])).all()\n"
        "print(codes)\n"
    )
    lines = done.stdout.strip().splitlines()
    assert lines[-1] == "[1, 1]", done.stdout + done.stderr
    for line in lines[:-1]:
        assert line == (
            "RuntimeError this process was forked while another thread trained this network, whose "
            "weights may be half changed here. Fork before or after the training, or start "
            "processes by 'spawn'."
        )


@pytest.mark.share(3)
@pytest.mark.parametrize("call", ["net.predict(X[:100])", "net.get_weights()", "train()"])
def test_a_signal_handler_that_uses_the_network_in_training(call: str) -> None:
    """An error, which ends the epoch as every error of a handler does."""
    done = run(
        f"signal.signal(signal.SIGALRM, lambda *_: {call})\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.1)\n"
        "try:\n    [train() for _ in range(50)]\n"
        "except RuntimeError as error:\n    print(error)\n"
        "assert np.isfinite(net.predict(X[:100])).all()\n"
    )
    assert done.stdout.strip() == (
        "this network is in use by the same thread: a signal handler or a callback cannot use it "
        "while it is trained or predicts. Let the handler set a flag, and a callback look at it "
        "after the epoch."
    ), done.stdout + done.stderr


@pytest.mark.slow
def test_a_signal_handler_while_another_thread_trains() -> None:
    """It waits for the epoch."""
    done = run(
        "answers = []\n"
        "signal.signal(signal.SIGALRM, lambda *_: answers.append(net.predict(X[:100])))\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.1)\n"
        "thread = threading.Thread(target=lambda: [train() for _ in range(5)]); thread.start()\n"
        "while not answers: time.sleep(0.01)\n"
        "thread.join()\nprint(np.isfinite(answers[0]).all())\n"
    )
    assert done.stdout.strip() == "True", done.stdout + done.stderr


def test_weights_are_read_and_written_between_epochs() -> None:
    """A reader never sees weights in the middle of a step: all were made by whole epochs."""
    layers = [L.Dense(40, bias=False), L.Dense(40, bias=False), L.Dense(3, bias=False)]
    program = compiled(layers, (30,), batch_size=10, threads=1)
    program.set_loss("squared_error")
    program.set_optimizer_rule("sgd")
    X, y = sample((500, 30)).astype(np.float32), sample((500, 3), 1).astype(np.float32)
    start = program.get_weights()

    def epochs() -> list[bytes]:
        program.set_weights(start)
        made = [program.get_weights().tobytes()]
        for _ in range(30):
            program.train_epoch(X, y, np.arange(500), np.array([1e-3]))
            made.append(program.get_weights().tobytes())
        return made

    expected, seen = set(epochs()), []

    def until_seen() -> None:
        while len(seen) < 6:
            assert set(epochs()) == expected

    with ThreadPoolExecutor(2) as pool:
        training = pool.submit(until_seen)
        while not training.done():
            seen.append(program.get_weights().tobytes())
    training.result()
    assert set(seen) <= expected


@pytest.mark.slow
@pytest.mark.skipif("asan" in os.environ.get("LD_PRELOAD", ""), reason="it needs room of its own")
def test_more_threads_than_the_system_gives() -> None:
    """Under a limit of memory a team is smaller, and the result the same."""
    done = run(
        "import resource\n"
        "expected = net.predict(X).tobytes()\n"
        "big = compile([L.Dense(300), L.Activation('tanh'), L.Dense(300), L.Dense(10)], (200,),\n"
        "              random_state=0, batch_size=500, threads=1)\n"
        "from fastdl._core import Program\n"
        "many = Program(L.to_dict(L.with_names([L.Dense(300), L.Activation('tanh'), L.Dense(300),\n"
        "               L.Dense(10)])), (200,), batch_size=500, threads=500)\n"
        "many.set_weights(net.get_weights())\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + (300 << 20),) * 2)\n"
        "assert 1 <= many.team_size(500) < 100, many.team_size(500)\n"
        "assert many.predict(X).tobytes() == expected\nprint('as before')\n"
    )
    assert done.stdout.strip() == "as before", done.stdout + done.stderr


def test_no_more_threads_than_processors() -> None:
    """`n_jobs` beyond them is not taken: threads would only wait for each other."""
    from fastdl.program import compile, count_threads

    processors = count_threads(-1)
    assert count_threads(1000) == count_threads(2**31 - 1) == processors
    assert compile([L.Dense(2)], (3,), threads=500).threads == processors
