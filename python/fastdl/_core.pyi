"""The seam between Python and C++: everything that crosses it stands here."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__version__: str

class BackendInfo(NamedTuple):
    name: str  # "cpu:avx512"
    available: bool  # on this machine
    lanes: int  # float32 lanes

class ParameterInfo(NamedTuple):
    name: str  # "conv2d_1.weight"
    shape: tuple[int, ...]
    fan_in: int
    fan_out: int
    role: str  # "weight" "bias" "gain" "shift"
    trainable: bool
    offset: int  # in the flat block
    size: int

class StateInfo(NamedTuple):
    name: str  # "batch_norm_1.running_mean"
    size: int

class LayerInfo(NamedTuple):
    name: str
    title: str  # "Conv2D"
    depth: int  # 0 at the top level, 1 inside a container ...
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    n_parameters: int

class EpochResult(NamedTuple):
    loss: float  # mean over samples of the batch losses, penalty included
    penalty: float  # the part of it that is L1, L2 and penalties of layers
    n_batches: int  # done
    status: str  # "done" "diverged" "interrupted"
    sides: tuple[float, ...]  # mean losses of side heads, in the layers' order; not in `loss`

def backends() -> list[BackendInfo]: ...  # best first

# Which kernel table this build has; a backend of another module is taken if its own is the same.
table_fingerprint: int

def backend_capsule(name: str) -> object: ...  # for modules that make backends of others
def add_backend(
    capsule: object,
) -> str: ...  # from now on Program takes it by the name that this gives
def layer_fields() -> dict[str, list[str]]: ...  # kind -> fields, as registered in C++
def max_threads() -> int: ...  # what OpenMP would use now

# The parameters and states that a Program of these layers (from layers.to_dict) would have; takes no memory for them.
def outline(
    layers: list[dict[str, Any]], input_shape: tuple[int, ...]
) -> tuple[list[ParameterInfo], list[StateInfo]]: ...

# The layers and parameters of such a Program, and the bytes of its blocks with one thread: as Program.memory(), without
# "optimizer" and "prediction". Takes no memory for them.
def survey(
    layers: list[dict[str, Any]], input_shape: tuple[int, ...], *, dtype: str, batch_size: int
) -> tuple[list[LayerInfo], list[ParameterInfo], dict[str, int]]: ...
def n_moments(kind: str) -> int: ...  # arrays beside the weights that an optimizer keeps: 0, 1 or 2

# --- arrays on a device, of fastdl.functional

class DeviceArray:
    """C-contiguous values in a GPU's memory; whoever has one finds its values there, no stream is to be waited for."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    ndim: int
    size: int
    nbytes: int
    device: str  # "cuda:0"
    def get(self) -> NDArray[Any]: ...  # a copy on the host
    def reshape(self, *shape: int | Sequence[int]) -> DeviceArray: ...  # the same values
    def __len__(self) -> int: ...
    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: Any = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> object: ...
    def __dlpack_device__(self) -> tuple[int, int]: ...
    @property
    def __cuda_array_interface__(self) -> dict[str, Any]: ...  # version 3
    def _part(
        self, first: int, shape: Sequence[int]
    ) -> DeviceArray: ...  # a view of the flat array
    def _overlaps(self, other: DeviceArray) -> bool: ...
    def _is(self, other: DeviceArray) -> bool: ...  # the same memory

class DeviceQueue:
    """A device, by its backend and number, and a queue of it, which one thread uses; all calls wait until all is done."""

    def __init__(self, backend: str, number: int) -> None: ...
    number: int
    def wait_for(self, stream: int) -> None: ...  # of another library's, or 1: the default one
    def new(self, dtype: np.dtype[Any], shape: Sequence[int]) -> DeviceArray: ...  # zeros
    def send(self, host: NDArray[Any]) -> DeviceArray: ...
    def assign(
        self, to: DeviceArray, values: DeviceArray
    ) -> None: ...  # of one shape and float dtype
    def sum(self, array: DeviceArray) -> float: ...
    # The values at an address, for as long as the owner lives.
    def wrap(
        self, address: int, dtype: np.dtype[Any], shape: Sequence[int], owner: object
    ) -> DeviceArray: ...

# Takes a capsule 'dltensor': (address, shape, strides in elements or None, (code, bits, lanes), what keeps the values).
def open_dlpack(
    capsule: object,
) -> tuple[int, tuple[int, ...], tuple[int, ...] | None, tuple[int, int, int], object]: ...

class Program:
    """A network made ready: shapes, memory, kernels, weights, optimizer state.

    X everywhere: C-contiguous uint8, int32, float32 or float64 of shape (n, *input_shape), or a CSR triple
    (data, indices int32, indptr int64) of 2-D X. Sequences: lengths int32 (n,) or None for all steps; what stands
    at or past a length is not read, outputs there are zero. stateful: recurrent layers start from the states in
    which the batch before left its samples, row by row (then lengths may be 0), and not from zeros.
    """

    def __init__(
        self,
        # from layers.to_dict: {"kind", "title", "name", field: value ...}
        layers: list[dict[str, Any]],
        input_shape: tuple[int, ...],
        *,
        dtype: str = "float32",
        backend: str = "",  # "" = best available, or FASTDL_BACKEND
        batch_size: int = 64,  # the largest batch
        threads: int = 1,
        seed: int = 0,  # of the counter-based generator
        input_gradient: bool = False,  # whether backward gives dX
        convolution: str = "auto",  # "direct": no 3x3 layer by Winograd; FASTDL_CONVOLUTION=direct: none of all
        precision: str = "float32",  # of products on a device: or "tf32", "bf16"
        # Of a device, instead of a backend: predict, forward, backward and what sets and gets values take and give
        # DeviceArrays of the program's dtype; lengths are the host's. It does not train.
        queue: DeviceQueue | None = None,
    ) -> None: ...

    backend: str
    dtype: str
    threads: int
    batch_size: int
    convolution: str  # "auto" or "direct", FASTDL_CONVOLUTION considered
    precision: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    parameters: list[ParameterInfo]
    states: list[StateInfo]
    layers: list[LayerInfo]

    def set_threads(self, threads: int) -> None: ...  # at most the number compiled for
    def team_size(self, n: int) -> int: ...  # threads that a batch of n samples is worth

    # --- weights, in the user's layout; one flat block in the order of .parameters
    def get_parameter(self, name: str) -> NDArray[Any]: ...
    def set_parameter(self, name: str, value: NDArray[Any]) -> None: ...
    def get_gradient(self, name: str) -> NDArray[Any]: ...
    def get_state(self, name: str) -> NDArray[Any]: ...
    def set_state(self, name: str, value: NDArray[Any]) -> None: ...
    def get_weights(self) -> NDArray[Any]: ...  # copy of the flat parameter block
    def set_weights(self, flat: NDArray[Any]) -> None: ...
    def get_gradients(self) -> NDArray[Any]: ...
    def get_states(self) -> NDArray[Any]: ...
    def set_states(self, flat: NDArray[Any]) -> None: ...
    def get_optimizer(self) -> NDArray[Any]: ...  # (2, n_parameters): first and second moments
    def set_optimizer(self, moments: NDArray[Any], steps: int) -> None: ...
    optimizer_steps: int
    least_steps: tuple[int, str]  # that a sequence must have, and the layer that needs them

    # --- training
    def set_loss(self, kind: str, param: float = 0.0, cap: float = float("inf")) -> None: ...
    # function(pred (rows, outputs), y like it or int32 codes (rows,), weight (rows,), norm, wants_gradient)
    # -> (sum of the weighted losses, its gradient over norm or None), once a batch, by the thread of the call
    def set_own_loss(self, function: Callable[..., Any], codes: bool) -> None: ...
    def set_optimizer_rule(
        self,
        kind: str,
        *,
        momentum: float = 0.9,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        l1: float = 0.0,
        l2: float = 0.0,  # both divided by the batch's sum of weights, as scikit-learn's alpha
        max_norm: float = float("inf"),
        clip_value: float = float("inf"),
        clip_norm: float = float("inf"),
        # one for each of .parameters, times the layer's own
        lr_multipliers: Sequence[float] | None = None,
        # likewise, of the decoupled decay alone; None: the rate's for weights, 0 for all else
        decay_multipliers: Sequence[float] | None = None,
    ) -> None: ...
    def train_epoch(
        self,
        X: Any,
        # int32 codes (n,), targets (n, n_outputs) of the program's dtype, or None: X itself; of sequences
        # (n, steps ...); of a decoder codes (n, steps of the longest answer), -1 past the end of each; of objects
        # in images (n, room, 5) of the dtype: code, x1, y1, x2, y2, with a code below 0 behind the last
        y: NDArray[Any] | None,
        order: NDArray[np.int64],  # (m,) indices into X: the epoch's samples in order
        rates: NDArray[np.float64],  # (1,) or one for each batch
        *,
        sample_weight: NDArray[Any] | None = None,  # (n,), or of steps (n, steps) like y
        batch_size: int = 0,  # 0 = the largest
        epoch: int = 0,  # for the counter-based generator
        # asked between batches, at most every 50 ms; True interrupts
        poll: Callable[[], bool] | None = None,
        lengths: NDArray[np.int32] | None = None,
        stateful: bool = False,
        # (1,) or one for each batch: factors, from 0 to 1, of the rates of dropout and of the decoupled decay
        regularisation: NDArray[np.float64] | None = None,
        # not 0: calls with the same one have the same samples in arrays that stay as they are, all but `order`; a
        # device does not copy them again
        version: int = 0,
        # How y moves along with the pixels of X ("nearest", "bilinear"). "": where the network gives images, codes
        # the one way and numbers the other; rows do not
        sampling: str = "",
    ) -> EpochResult: ...
    # Loss (data and penalty apart) and gradients over all of X in batches; no update. Gradients by get_gradients().
    # evaluation=True: inference mode, no gradients.
    def loss_and_grads(
        self,
        X: Any,
        y: NDArray[Any] | None,
        *,
        sample_weight: NDArray[Any] | None = None,
        evaluation: bool = False,
        lengths: NDArray[np.int32] | None = None,
        stateful: bool = False,
        sampling: str = "",
    ) -> tuple[float, float]: ...
    # Of side heads, without their weights: in the last loss_and_grads, whose gradients are of these losses too.
    @property
    def side_losses(self) -> tuple[float, ...]: ...

    # --- use
    # Output of a layer (index into the top level; -1 = the last) in inference mode, after the link ("" "softmax" "sigmoid" "exp").
    def predict(
        self,
        X: Any,
        *,
        link: str = "",
        layer: int = -1,
        out: NDArray[Any] | None = None,
        lengths: NDArray[np.int32] | None = None,
        stateful: bool = False,
    ) -> NDArray[Any]: ...
    # One batch, for functional, tests and special losses.
    def forward(
        self,
        X: Any,
        *,
        training: bool = False,
        epoch: int = 0,
        lengths: NDArray[np.int32] | None = None,
        stateful: bool = False,
    ) -> NDArray[Any]: ...
    # Of a network whose last layer is a decoder: codes (n, n_best, max_length), -1 past their ends, the best first, and
    # log-likelihoods (n, n_best), ends included, -inf where there is no answer. Compared by log-likelihood over
    # (length + 1) ** length_penalty.
    def search(
        self,
        X: Any,
        *,
        lengths: NDArray[np.int32] | None = None,
        beam_size: int = 1,
        length_penalty: float = 0.0,
        max_length: int = 100,
        n_best: int = 1,  # at most beam_size
    ) -> tuple[NDArray[np.int32], NDArray[np.float64]]: ...
    # Of answers y as in train_epoch: (n,), and weights (n, steps of the longest answer, steps).
    def log_likelihoods(
        self, X: Any, y: NDArray[np.int32], *, lengths: NDArray[np.int32] | None = None
    ) -> NDArray[np.float64]: ...
    def attention(
        self, X: Any, y: NDArray[np.int32], *, lengths: NDArray[np.int32] | None = None
    ) -> NDArray[Any]: ...
    def reset_states(self) -> None: ...  # what stateful starts from, to zero
    # dX where input_gradient; parameters by get_gradient.
    def backward(self, dy: NDArray[Any]) -> NDArray[Any] | None: ...
    # The bytes of each block that training takes: "parameters" "gradients" "optimizer" "values" "saved" "scratch"; and
    # "prediction", the last three where nothing is trained. Blocks grow with the first pass that learns.
    def memory(self) -> dict[str, int]: ...
    def poison(self) -> None: ...  # fills values, saved and scratch with NaN (tests)

class Rbm:
    """A restricted Boltzmann machine made ready; the weights stay in the caller's arrays.

    X as for Program, of shape (n, visible). weights: writable C-contiguous arrays of the machine's dtype, w (visible,
    hidden), b (visible,) and c (hidden,).
    """

    def __init__(
        self,
        visible: int,
        hidden: int,
        *,
        gaussian: bool = False,  # visible units with variance 1
        dtype: str = "float32",
        backend: str = "",
        batch_size: int = 64,  # the most rows, and chains, at a time
        threads: int = 1,
        precision: str = "float32",  # as of Program
    ) -> None: ...
    def train_epoch(  # changes weights, velocity, chain and activity; "done" or "interrupted"
        self,
        X: Any,
        order: NDArray[np.int64],
        weights: tuple[NDArray[Any], NDArray[Any], NDArray[Any]],
        *,
        rate: float,
        batch_size: int,
        steps: int = 1,  # k of CD-k
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        target: float = 0.0,  # of the hidden units' mean activity, pulled there by cost
        cost: float = 0.0,
        velocity: tuple[NDArray[Any], NDArray[Any], NDArray[Any]]
        | None = None,  # as weights; momentum needs it
        chain: NDArray[Any]
        | None = None,  # (chains, hidden): persistent; None: contrastive divergence
        activity: NDArray[Any] | None = None,  # (hidden,) running means; None: no target
        bit_generator: object = None,  # NumPy's capsule, of uniform draws in its order; None: counter-based
        seed: int = 0,
        epoch: int = 0,
        poll: Callable[[], bool] | None = None,
    ) -> str: ...
    def hidden(
        self, X: Any, weights: tuple[NDArray[Any], NDArray[Any], NDArray[Any]]
    ) -> NDArray[Any]: ...  # P(h = 1 | v)
    def visible(
        self, H: Any, weights: tuple[NDArray[Any], NDArray[Any], NDArray[Any]]
    ) -> NDArray[Any]: ...  # E(v | h)
    def free_energy(
        self, X: Any, weights: tuple[NDArray[Any], NDArray[Any], NDArray[Any]]
    ) -> NDArray[Any]: ...
    # Rounds of h ~ P(h | v), v ~ P(v | h); mean: the last v as expectations.
    def gibbs(
        self,
        X: Any,
        weights: tuple[NDArray[Any], NDArray[Any], NDArray[Any]],
        *,
        rounds: int = 1,
        mean: bool = False,
        seed: int = 0,
    ) -> NDArray[Any]: ...

# --- plain functions for functional; arrays C-contiguous of one dtype, results written to given arrays; with a queue
# DeviceArrays, and codes that were looked at. loss gives the sum of `value`
def loss(
    kind: str,
    pred: NDArray[Any],
    target: NDArray[Any],
    weight: NDArray[Any] | None,
    norm: float,
    param: float,
    value: NDArray[np.float64],
    dpred: NDArray[Any] | None,
    queue: DeviceQueue | None = None,
) -> float: ...
def update(
    kind: str,
    params: NDArray[Any],
    grads: NDArray[Any],
    first: NDArray[Any] | None,
    second: NDArray[Any] | None,
    *,
    step: int,
    rate: float,
    momentum: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    l1: float,
    l2: float,
    clip_value: float,
    queue: DeviceQueue | None = None,
) -> None: ...

# One Augment as plain data, X (n, h, w, c) -> (y, draws by name); with targets of pixels, int32 codes (n, h, w) or numbers
# (n, h, w, k) of the dtype of weights (n, h, w), "targets" is what they and their weights become.
def augment(
    layers: Sequence[dict[str, Any]],
    X: NDArray[Any],
    *,
    seed: int,
    epoch: int,
    dtype: str,
    targets: NDArray[Any] | None = None,
    weights: NDArray[Any] | None = None,
) -> tuple[NDArray[Any], dict[str, Any]]: ...
def im2col(
    x: NDArray[Any],
    cols: NDArray[Any],
    size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    queue: DeviceQueue | None = None,
) -> None: ...
def col2im(
    cols: NDArray[Any],
    x: NDArray[Any],
    size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    queue: DeviceQueue | None = None,
) -> None: ...

# Arrays (steps, n, ...) in the order of the steps done: x w_ih w_hh b peepholes h0 c0 h gates extra
# (peepholes, h0, c0 or None; gates and extra empty for an RNN; h, gates and extra are written);
# backward takes them again, then dh dc (or None), and writes dx dw_ih dw_hh db dpeepholes dh0 dc0.
def recurrent_forward(
    cell: str, lengths: NDArray[np.int32], *arrays: NDArray[Any] | None
) -> None: ...
def recurrent_backward(
    cell: str, lengths: NDArray[np.int32], *arrays: NDArray[Any] | None
) -> None: ...

# score, lengths, then q k v w weights y, (steps, n, ...); backward also dy dq dk dv dw.
def attention(score: str, lengths: NDArray[np.int32], *arrays: NDArray[Any] | None) -> None: ...

# Skip-gram over sentences, tokens[starts[i]:starts[i + 1]] (int32, starts int64); noise int32 (any,): each word as often
# as it is drawn; vectors and contexts float32 (words, size) are changed. Gives the loss, summed over pairs, and their
# number. The rate is that of tokens[0], which stands at `first` in the epoch, and falls by `fall` from token to token.
def skip_gram(
    tokens: NDArray[np.int32],
    starts: NDArray[np.int64],
    noise: NDArray[np.int32],
    vectors: NDArray[np.float32],
    contexts: NDArray[np.float32],
    *,
    window: int,
    negative: int,
    rate: float,
    fall: float,
    seed: int,
    epoch: int,
    first: int,
) -> tuple[float, int]: ...

# The boxes that non-maximum suppression keeps, as indices in `order`: float64 (n, 4) x1 y1 x2 y2, order int64 (n,), groups
# int32 (n,), of which each is by itself.
def suppress_boxes(
    boxes: NDArray[np.float64],
    order: NDArray[np.int64],
    groups: NDArray[np.int32],
    *,
    threshold: float,
    most: int,
) -> NDArray[np.int64]: ...

# Boxes, classes int32 (n,) and starts int64 (n_images + 1,) of true ones and of answers; order int64 (n_found,): answers
# by falling score. Gives hits int8 (n_found, n_thresholds): 1 found, 0 not, -1 does not count.
def match_boxes(
    truth: tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.int64]],
    found: tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.int64]],
    order: NDArray[np.int64],
    *,
    n_classes: int,
    thresholds: Sequence[float],
    most: int,
) -> NDArray[np.int8]: ...
