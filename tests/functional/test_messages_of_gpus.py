"""What functions say of arrays on a GPU that they do not take."""

import gc

import numpy as np
import pytest
from arrays_on_gpus import Lent, Theirs, read_only
from functional_calls import BETA, CODES, GAMMA, MEAN, ROWS, TARGETS, VAR, X, Z, normal

import backends
import fastdl.functional as F
from fastdl import _core
from fastdl import layers as L
from fastdl._core import DeviceQueue
from fastdl.functional import _device, _layer
from fastdl.program import gpus

test_backends = pytest.importorskip("fastdl._test_backends")
pytestmark = pytest.mark.usefixtures("emulated_gpu")


W = normal(6, 3)
CONVERTED = "on a GPU nothing is converted. Use .astype() of CuPy, .to() of torch."
COPIED = "x.get() of CuPy and fastdl, x.cpu() of torch."
# fmt: off
BAD_CALLS = [
    (lambda: F.dense(Theirs(ROWS), W), TypeError,
     "dense(): x is on a GPU, but w is on the host (ndarray); expected both at one place. Copy w "
     f"to the GPU, or x to the host: {COPIED}"),
    (lambda: F.dense(ROWS, Lent(W)), TypeError,
     "dense(): w is on a GPU, but x is on the host (ndarray); expected both at one place. Copy x "
     "to the GPU, or w to the host: w.get() of CuPy and fastdl, w.cpu() of torch."),
    (lambda: F.dense(Theirs(ROWS), Theirs(W), [1.0, 2.0, 3.0]), TypeError,
     "dense(): x is on a GPU, but b is on the host (list); expected both at one place. Copy b to "
     f"the GPU, or x to the host: {COPIED}"),
    (lambda: F.hinge(Theirs(Z), CODES), TypeError,
     "hinge(): pred is on a GPU, but y is on the host (ndarray); expected both at one place. Copy "
     "y to the GPU, or pred to the host: pred.get() of CuPy and fastdl, pred.cpu() of torch."),
    (lambda: F.sgd_step([Theirs(W)], [W]), TypeError,
     "sgd_step(): params[0] is on a GPU, but grads[0] is on the host (ndarray); expected both at "
     "one place. Copy grads[0] to the GPU, or params[0] to the host: params[0].get() of CuPy and "
     "fastdl, params[0].cpu() of torch."),
    (lambda: F.dense(Theirs(ROWS), DeviceQueue(backends.EMULATED, 1).send(W)), TypeError,
     "dense(): x is on cuda:0, but w is on cuda:1; expected both on one GPU."),
    (lambda: F.dense(Theirs(ROWS), Theirs(np.float32(W))), TypeError,
     f"dense(): x has dtype float64, but w has float32; expected one dtype: {CONVERTED}"),
    (lambda: F.relu(Theirs(np.float16(ROWS))), TypeError,
     f"relu(): x has dtype float16; expected float32 or float64: {CONVERTED}"),
    (lambda: F.relu(Lent(CODES)), TypeError,
     f"relu(): x has dtype int64; expected float32 or float64: {CONVERTED}"),
    (lambda: F.relu(Theirs(ROWS, typestr="<V2")), TypeError,
     f"relu(): x has dtype |V2; expected float32 or float64: {CONVERTED}"),
    (lambda: F.relu(Theirs(ROWS, mask=1)), TypeError,
     "relu(): x is a masked array; expected an array without a mask."),
    (lambda: F.relu(Theirs(ROWS, strides=(8, 40))), ValueError,
     "relu(): x of shape (5, 6) has strides (8, 40) bytes; expected a C-contiguous array. Use "
     "cupy.ascontiguousarray(x), x.contiguous() of torch."),
    (lambda: F.relu(Theirs(ROWS, data=(20, False))), ValueError,
     "relu(): x begins in the middle of a float64, at 0x14. Copy it."),
    (lambda: F.relu(Theirs(ROWS, data=(ROWS.ctypes.data, False))), ValueError,
     "relu(): x has a __cuda_array_interface__, but no GPU's memory."),
    (lambda: F.softmax_cross_entropy(Theirs(Z), Theirs(TARGETS[:, 0])), TypeError,
     f"softmax_cross_entropy(): y has dtype float64; expected integers: {CONVERTED}"),
    (lambda: F.softmax_cross_entropy(Theirs(Z), Theirs(CODES + 1)), ValueError,
     "softmax_cross_entropy(): y has the code 4, but pred has the outputs 0 to 3."),
    (lambda: F.dense(Theirs(ROWS), Theirs(normal(5, 3))), ValueError,
     "dense(): x has 6 features, but w has shape (5, 3)."),
    (lambda: F.relu(Theirs(ROWS), out=np.empty((5, 6))), TypeError,
     "relu(): out is a ndarray on the host; expected an array on cuda:0, as the inputs are."),
    (lambda: F.relu(ROWS, out=Theirs(ROWS)), TypeError,
     "relu(): out is a Theirs; expected a NumPy array."),
    (lambda: F.relu(Theirs(ROWS), out=Theirs(W)), ValueError,
     "relu(): out has shape (6, 3); expected (5, 6)."),
    (lambda: F.relu(Theirs(ROWS), out=Theirs(np.float32(ROWS))), TypeError,
     "relu(): out is of float32 on cuda:0; expected float64 on cuda:0."),
    (lambda: F.relu(Theirs(ROWS), out=read_only(ROWS)), ValueError, "relu(): out is read-only."),
    (lambda: F.sgd_step(read_only(W), Theirs(W)), ValueError, "sgd_step(): params is read-only."),
    (lambda: F.sgd_step(Theirs(W), Theirs(W.T.copy())), ValueError,
     "sgd_step(): grads has shape (3, 6), but params has (6, 3)."),
    (lambda: F.sgd_step(Theirs(CODES), Theirs(CODES)), TypeError,
     f"sgd_step(): params has dtype int64; expected float32 or float64: {CONVERTED}"),
    (lambda: F.batch_norm(*map(Theirs, (X, GAMMA, BETA)), read_only(MEAN), Theirs(VAR),
                          training=True),
     ValueError, "batch_norm(): mean is read-only."),
    (lambda: F.max_pool2d(Theirs(X), 2, return_indices=True), TypeError,
     "max_pool2d() with return_indices runs on the CPU only, but x is on a GPU. Copy it to the "
     f"host: {COPIED}"),
    (lambda: F.embedding([0], Theirs(W)), TypeError,
     "embedding() runs on the CPU only, but table is on a GPU. Copy it to the host: table.get() "
     "of CuPy and fastdl, table.cpu() of torch."),
    (lambda: np.asarray(F.relu(Theirs(ROWS))), TypeError,
     "this DeviceArray is on cuda:0, where NumPy cannot read it. Copy it: .get()."),
    (lambda: np.add(F.relu(Theirs(ROWS)), 1), TypeError,
     "this DeviceArray is on cuda:0, where NumPy cannot read it. Copy it: .get()."),
    (lambda: F.relu(Theirs(ROWS)).reshape(4, -1), ValueError,
     "an array of shape (5, 6) cannot have shape (4, -1)."),
    (lambda: len(F.relu(Theirs(ROWS)).reshape(-1).reshape(30, 1)._part(0, ())), TypeError,
     "an array of shape () has no length."),
    (lambda: F.relu(Theirs(ROWS)).__dlpack__(dl_device=(1, 0)), BufferError,
     "this DeviceArray is on cuda:0; it goes to another device by .get()."),
    (lambda: F.relu(Theirs(ROWS)).__dlpack__(copy=True), BufferError,
     "this DeviceArray is lent without a copy; whoever takes it may copy it."),
]
# fmt: on


@pytest.mark.parametrize(("call", "error", "text"), BAD_CALLS, ids=range(len(BAD_CALLS)))
def test_messages(call, error, text):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == text
    caught.value.__traceback__ = None  # whose frames hold arrays


def test_types_that_numpy_has_not(monkeypatch):
    for kind, name in (((4, 16, 1), "bfloat16"), ((2, 32, 4), "DLPack's 2, 32 bits")):
        monkeypatch.setattr(_core, "open_dlpack", lambda _, kind=kind: (0, (2,), None, kind, None))
        with pytest.raises(TypeError, match=f"x has dtype {name}; expected float32 or float64"):
            F.relu(Lent(ROWS))


def test_without_the_build(monkeypatch):
    def module():
        raise ModuleNotFoundError

    x = Theirs(ROWS)
    monkeypatch.setattr(gpus, "module", module)
    for a in (x, Lent(ROWS)):
        with pytest.raises(RuntimeError) as caught:
            F.relu(a)
        assert str(caught.value) == (
            "relu() of an array on a GPU needs the CUDA build of fastdl and an NVIDIA driver; "
            "found neither. Or copy the array to the host."
        )


def test_without_room():
    x = Theirs(ROWS)
    F.unit_norm(x)
    for room in (8, 300):  # for nothing, and for a result alone
        _layer._of_thread.build.cache_clear()
        gc.collect()
        test_backends.emulate(hide=True, memory=test_backends.allocated_bytes() + room)
        with pytest.raises(MemoryError) as caught:
            F.unit_norm(x)
        assert str(caught.value) == (
            "unit_norm(): cuda:0 has no room for what this takes. Pass fewer samples at a time."
        )
        caught.value.__traceback__ = None


def test_programs_of_a_queue_do_not_train():
    """They are for functions; a network of symbols reads them on the host."""
    queue = _device._queue(0)
    program = _core.Program(L.to_dict([L.Dense(3)]), (6,), queue=queue, dtype="float64")
    with pytest.raises(ValueError, match=r"a program that shares a queue reads no targets\."):
        program.loss_and_grads(ROWS, ROWS[:, :3])
    with pytest.raises(TypeError, match=r"X must be an array of float64 on cuda:0, got .*ndarray"):
        program.predict(ROWS)
    with pytest.raises(TypeError, match=r"X must be .*, got float32 on cuda:0\."):
        program.predict(queue.send(np.float32(ROWS)))
    symbols = _core.Program(L.to_dict([L.Embedding(5, 2)]), (6, 1), queue=queue, dtype="float64")
    with pytest.raises(ValueError, match=r"symbols come from the host's memory\."):
        symbols.predict(queue.send(np.zeros((1, 6, 1))))
    with pytest.raises(ValueError, match=r"backend='cpu:generic' is no device's\."):
        DeviceQueue("cpu:generic", 0)
