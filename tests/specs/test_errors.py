"""What is said when something does not fit: (call, exception, exact text)."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fastdl import _core
from fastdl import layers as L
from fastdl._core import Program
from fastdl.program import compile
from messages.boxes import BOXES
from messages.embedder import EMBEDDER
from messages.estimators import ESTIMATORS
from messages.files import FILES
from messages.forms import FORMS
from messages.misleading import FINE, MISLEADING
from messages.names import OTHER_NAMES
from messages.objects import OBJECTS
from messages.pairs import PAIRS
from messages.pictures import PICTURES
from messages.refused import REFUSED
from messages.unsupervised import UNSUPERVISED


def net(*layers: L.Layer, shape: tuple[int, ...] = (4, 5, 3)) -> Callable[[], Program]:
    return lambda: compile(layers, shape)


def row_net(**options: Any) -> Program:
    """Five features to three outputs."""
    return compile([L.Dense(3)], (5,), batch_size=4, random_state=0, **options)


def with_loss(kind: str) -> Program:
    program = row_net()
    program.set_loss(kind)
    return program


def train(X: Any, y: Any, kind: str = "softmax_cross_entropy", **options: Any) -> object:
    options = {"order": np.arange(len(X)), "rates": np.ones(1)} | options
    return with_loss(kind).train_epoch(X, y, options.pop("order"), options.pop("rates"), **options)


def one_output() -> Program:
    return compile([L.Dense(1)], (5,), loss="hinge")


def sparse(data: Any, indices: Any, indptr: Any) -> object:
    triple = np.array(data, np.float32), np.array(indices, np.int32), np.array(indptr, np.int64)
    return row_net().predict(triple)


USABLE = ", ".join(b.name for b in _core.backends() if b.available)
X = np.ones((6, 5), np.float32)
CODES = np.array([0, 1, 2, 0, 1, 2], np.int32)
TARGETS = np.ones((6, 3), np.float32)

# fmt: off
SHAPES = [
    (net(L.Conv2D(8, 3), L.Conv2D(8, 3, name="conv2")), ValueError,
     "layer 'conv2' (Conv2D, kernel 3x3, padding 'valid') gets an input of 2x3. Use "
     'padding="same", or fewer poolings; see summary().'),
    (net(L.Conv2D(8, 3, dilation=2, padding=((0, 0), (1, 0)))), ValueError,
     "layer 'conv2d_1' (Conv2D, kernel 3x3, padding ((0, 0), (1, 0))) gets an input of 4x5. Use "
     'padding="same", or fewer poolings; see summary().'),
    (net(L.MaxPool2D(6)), ValueError,
     "layer 'max_pool2d_1' (MaxPool2D, window 6x6, padding ((0, 0), (0, 0))) gets an input of 4x5. "
     'Use padding="same", or fewer poolings; see summary().'),
    (net(L.AvgPool2D(2, padding=2)), ValueError,
     "layer 'avg_pool2d_1' (AvgPool2D): the padding is as large as its window, 2x2. Use a smaller "
     "padding."),
    (net(L.Conv2D(4, 3, groups=2)), ValueError,
     "layer 'conv2d_1' (Conv2D): groups=2 must divide both its 3 input channels and its 4 "
     "filters."),
    (net(L.Conv1D(4, 3)), ValueError,
     "layer 'conv1d_1' (Conv1D) takes sequences (steps, features), but its input is an image of "
     "4x5x3. Pass input_shape=(steps, features)."),
    (net(L.Conv1D(4, 3), L.MaxPool1D(4), L.LastStep(), shape=(5, 3)), ValueError,
     "layer 'max_pool1d_1' (MaxPool1D, window 4, padding 'valid') gets sequences of 3 steps. Use "
     'padding="same" or "causal", or fewer poolings; see summary().'),
    (net(L.Conv1D(4, 3, dilation=3), L.LastStep(), shape=(5, 3)), ValueError,
     "layer 'conv1d_1' (Conv1D, kernel 3, dilation 3, padding 'valid') gets sequences of 5 steps. "
     'Use padding="same" or "causal", or fewer poolings; see summary().'),
    (net(L.Conv1D(4, 3, padding="cuasal"), L.LastStep(), shape=(5, 3)), ValueError,
     "layer 'conv1d_1' (Conv1D): padding='cuasal' is not known. Did you mean 'causal'? Choose from "
     "'valid', 'same', 'causal'."),
    (net(L.Conv1D(4, 3, groups=2), L.LastStep(), shape=(5, 3)), ValueError,
     "layer 'conv1d_1' (Conv1D): groups=2 must divide both its 3 input features and its 4 "
     "filters."),
    (net(L.Conv1D(4, 3, groups=3), L.LastStep(), shape=(5, 3)), ValueError,
     "layer 'conv1d_1' (Conv1D): filters=4 cannot be split into groups=3; expected a multiple of "
     "groups."),
    (net(L.Residual([L.AvgPool1D(2)], [L.AvgPool1D(2, padding="same")]), L.LastStep(),
         shape=(6, 3)), ValueError,
     "layer 'residual_1' (Residual): its layers give 3x3, but its shortcut gives 3x3 with other "
     'steps of shorter sequences. Use padding="same" in both.'),
    (net(L.WeightNorm(L.BatchNorm())), ValueError,
     "layer 'weight_norm_1' (WeightNorm): layer=BatchNorm(name='batch_norm_1'); expected a layer "
     "with one weight: Dense, Conv1D, Conv2D, DepthwiseConv2D or Conv2DTranspose."),
    (net(L.DropConnect(L.SeparableConv2D(4, 3))), ValueError,
     "layer 'drop_connect_1' (DropConnect): layer=SeparableConv2D(4, 3, "
     "name='separable_conv2d_1'); expected a layer with one weight: Dense, Conv1D, Conv2D, "
     "DepthwiseConv2D or Conv2DTranspose."),
    (net(L.Flatten(), L.DropConnect(L.Dense(3), name="a"), L.TiedDense("a")), ValueError,
     "layer 'tied_dense_1' (TiedDense): tied_to='a' is no Dense before it."),
    (net(L.PixelShuffle(2)), ValueError,
     "layer 'pixel_shuffle_1' (PixelShuffle): factor=2 makes a pixel of 4 channels, but its input "
     "has 3. Use a multiple of 4 channels."),
    (net(L.StochasticPool2D(6)), ValueError,
     "layer 'stochastic_pool2d_1' (StochasticPool2D, window 6x6) gets an input of 4x5. Use fewer "
     "poolings; see summary()."),
    (net(L.SpatialPyramidPool(levels=())), ValueError,
     "layer 'spatial_pyramid_pool_1' (SpatialPyramidPool): levels=(); expected a sequence of "
     "positive integers."),
    (net(L.RReLU(0.5, 0.2)), ValueError,
     "layer 'rrelu_1' (RReLU): lower=0.5 is above upper=0.2; expected slopes from lower to upper."),
    (net(L.GroupNorm()), ValueError,
     "layer 'group_norm_1' (GroupNorm): groups=32 does not divide its 3 channels. Use groups=1."),
    (net(L.Flatten(), L.GroupNorm(40)), ValueError,
     "layer 'group_norm_1' (GroupNorm): groups=40 does not divide its 60 features. Use groups=20."),
    (net(L.GroupNorm(1), L.LastStep(), shape=(5, 3)), ValueError,
     "layer 'group_norm_1' (GroupNorm) takes rows or images, but its input is sequences of 5x3. "
     "Use LayerNorm() on sequences."),
    (net(L.LocalResponseNorm(4)), ValueError,
     "layer 'local_response_norm_1' (LocalResponseNorm): size=4; expected an odd positive "
     "integer."),
    (net(L.Conv2DTranspose(4, 3, groups=2)), ValueError,
     "layer 'conv2d_transpose_1' (Conv2DTranspose): groups=2 must divide both its 3 input channels "
     "and its 4 filters."),
    (net(L.Conv2DTranspose(4, 3, padding=((3, 3), (0, 0)))), ValueError,
     "layer 'conv2d_transpose_1' (Conv2DTranspose, kernel 3x3, padding ((3, 3), (0, 0))) leaves "
     "nothing of an input of 4x5: the output would be 0x7. Use less padding."),
    (net(L.Conv2DTranspose(4, 3, 2, output_padding=(1, 2))), ValueError,
     "layer 'conv2d_transpose_1' (Conv2DTranspose): output_padding=(1, 2) must be smaller than "
     "stride=2."),
    (net(L.Conv2DTranspose(4, 3, 2, "same", output_padding=1)), ValueError,
     "layer 'conv2d_transpose_1' (Conv2DTranspose): padding='same' gives stride times the input; "
     "output_padding=1 goes with numbers for padding."),
    (net(L.Upsample2D(), shape=(60,)), ValueError,
     "layer 'upsample2d_1' (Upsample2D) takes images (height, width, channels), but its input is "
     "rows of 60 features. Pass input_shape=(height, width, channels), or put Reshape((height, "
     "width, channels)) before it."),
    (net(L.Conv2D(4, 3), shape=(60,)), ValueError,
     "layer 'conv2d_1' (Conv2D) takes images (height, width, channels), but its input is rows of "
     "60 features. Pass input_shape=(height, width, channels), or put Reshape((height, width, "
     "channels)) before it."),
    (net(L.MaxPool2D(), shape=(60,)), ValueError,
     "layer 'max_pool2d_1' (MaxPool2D) takes images (height, width, channels), but its input is "
     "rows of 60 features. Pass input_shape=(height, width, channels), or put Reshape((height, "
     "width, channels)) before it."),
    (net(L.Flatten(), L.GlobalAvgPool()), ValueError,
     "layer 'global_avg_pool_1' (GlobalAvgPool) takes images (height, width, channels) or "
     "sequences (steps, features), but its input is rows of 60 features. Leave it out."),
    (net(L.Flatten(), L.GlobalMaxPool()), ValueError,
     "layer 'global_max_pool_1' (GlobalMaxPool) takes images (height, width, channels) or "
     "sequences (steps, features), but its input is rows of 60 features. Leave it out."),
    (net(L.Dense(3)), ValueError,
     "layer 'dense_1' (Dense) takes rows of features, but its input is an image of 4x5x3. Put "
     "Flatten() or GlobalAvgPool() before it."),
    (net(L.Maxout(3)), ValueError,
     "layer 'maxout_1' (Maxout) takes rows of features, but its input is an image of 4x5x3. Put "
     "Flatten() or GlobalAvgPool() before it."),
    (net(L.Flatten(), L.Reshape((2, 3, 9))), ValueError,
     "layer 'reshape_1' (Reshape) cannot make 2x3x9 (54 values) of an input of 60 (60 values)."),
    (net(L.Residual([L.Conv2D(4, 3, padding="same")])), ValueError,
     "layer 'residual_1' (Residual): its layers give 4x5x4, but its shortcut gives 4x5x3. Add "
     "shortcut=[Conv2D(filters, 1, stride=...)] (Dense(units) for rows) that gives the same "
     "shape."),
    (net(L.Sequential([L.Flatten(), L.Residual([L.Dense(3, name="inner")])])), ValueError,
     "layer 'residual_1' (Residual): its layers give 3, but its shortcut gives 60. Add "
     "shortcut=[Conv2D(filters, 1, stride=...)] (Dense(units) for rows) that gives the same "
     "shape."),
    (net(L.Gate([L.Conv2D(4, 3, padding="same")])), ValueError,
     "layer 'gate_1' (Gate): its layers give 4x5x4, but its shortcut gives 4x5x3. Let both give "
     "the same shape, or one of them 1 row, column or channel of an image, or rows of as many "
     "features as the image has channels."),
    (net(L.Crop2D((2, 1))), ValueError,
     "layer 'crop2d_1' (Crop2D): cropping=((2, 2), (1, 1)) leaves nothing of an image of 4x5x3. "
     "Take less away."),
    (net(L.Pad2D(), shape=(60,)), ValueError,
     "layer 'pad2d_1' (Pad2D) takes images (height, width, channels), but its input is rows of 60 "
     "features. Pass input_shape=(height, width, channels), or put Reshape((height, width, "
     "channels)) before it."),
    (net(L.Flatten(), L.Dense(3, name="a"), L.TiedDense("b")), ValueError,
     "layer 'tied_dense_1' (TiedDense): tied_to='b' is no Dense before it."),
    (net(L.Flatten(), L.Dense(3, name="a"), L.Dense(2), L.TiedDense("a")), ValueError,
     "layer 'tied_dense_1' (TiedDense): the weights of 'a' take rows of 3 features back to 60, but "
     "its input is 2."),
    (net(L.Flatten(), L.Dense(60, name="a"), L.TiedDense("a"), L.TiedDense("a")), ValueError,
     "layer 'tied_dense_2' (TiedDense): 'a' is tied to another layer already."),
    (net(L.Concat([[L.Conv2D(4, 3, padding="same")], [], [L.Conv2D(4, 3)]])), ValueError,
     "layer 'concat_1' (Concat): branch 1 gives an image of 4x5x4, but branch 3 gives an image of "
     "2x3x4. Side by side, they may differ in channels only: give all branches the same stride, "
     'with padding="same".'),
    (net(L.Concat([[L.Flatten()], []])), ValueError,
     "layer 'concat_1' (Concat): branch 1 gives rows of 60, but branch 2 gives an image of 4x5x3. "
     "Side by side, they may differ in features only: end all branches in images, in sequences or "
     "in rows."),
    (net(L.KLSparsity()), ValueError,
     "layer 'kl_sparsity_1' (KLSparsity) takes rows of features, but its input is an image of "
     "4x5x3. Put Flatten() or GlobalAvgPool() before it."),
    (net(L.ActivityL1(0.1)), ValueError,
     "layer 'activity_l1_1' (ActivityL1) takes rows of features, but its input is an image of "
     "4x5x3. Put Flatten() or GlobalAvgPool() before it."),
    (net(L.KLSparsity(), L.LastStep(), shape=(5, 3)), ValueError,
     "layer 'kl_sparsity_1' (KLSparsity) takes rows of features, but its input is sequences of "
     "5x3. Put Flatten() or a pooling over time before it."),
    (net(L.Contractive([L.Dense(4), L.Activation("tanh")]), L.LastStep(), shape=(5, 3)), ValueError,
     "layer 'contractive_1' (Contractive) takes rows of features, but its input is sequences of "
     "5x3. Put Flatten() or a pooling over time before it."),
    (net(L.Contractive([L.Dense(3), L.Activation("elu")])), ValueError,
     "layer 'contractive_1' (Contractive): layers=[Dense(3, name='dense_1'), "
     "Activation(function='elu', name='activation_1')]; expected a Dense and an Activation of "
     "'sigmoid', 'tanh', 'relu', 'identity'."),
    (net(L.Corrupt(rate=1.0)), ValueError,
     "layer 'corrupt_1' (Corrupt): rate=1.0 is the share of values that are corrupted; expected a "
     "number from 0 to below 1."),
]

BACKENDS = [
    (lambda: row_net(backend="cpu:mips"), ValueError,
     f"backend='cpu:mips' is not available here. Usable on this machine: {USABLE}."),
    (lambda: Program([], (3,)), ValueError, "a network needs at least one layer, got none."),
    (lambda: Program([{"kind": "ltsm", "title": "LTSM", "name": "ltsm_1"}], (3,)), ValueError,
     "layer 'ltsm_1': fastdl has no layer of kind 'ltsm'."),
    (lambda: Program([{"kind": "dense", "title": "Dense", "name": "d", "units": 2.5}], (3,)),
     ValueError, "layer 'd' (Dense): field 'units' is missing or of the wrong type."),
]

ARRAYS = [
    (lambda: row_net().predict(X[:, :4].copy()), ValueError,
     "X has shape (6, 4), but the network takes samples of 5."),
    (lambda: row_net().predict(X[0]), ValueError,
     "X has shape (5,), but the network takes samples of 5."),
    (lambda: row_net().predict(X[:, :, None]), ValueError,
     "X has shape (6, 5, 1), but the network takes samples of 5."),
    (lambda: row_net().predict(np.float32(3)), TypeError,
     "X must be a NumPy array or a CSR triple."),
    (lambda: row_net().predict(np.asfortranarray(X)), TypeError, "X must be C-contiguous."),
    (lambda: row_net().predict(X.astype(int)), TypeError,
     "X must be of dtype uint8, int32, float32 or float64, got int64."),
    (lambda: row_net().predict(X.astype(">f4")), TypeError,
     "X must be of dtype uint8, int32, float32 or float64, got >f4."),
    (lambda: row_net().predict(X, layer=1), ValueError, "layer=1; the network has 1 layers."),
    (lambda: row_net().predict(X, link="logit"), ValueError,
     "link='logit'; expected '', 'softmax', 'sigmoid' or 'exp'."),
    (lambda: row_net().predict(X, out=np.empty((6, 2), np.float32)), ValueError,
     "out has shape (6, 2); expected (6, 3)."),
    (lambda: row_net().predict(X, out=np.empty((6, 3))), TypeError,
     "out must be a C-contiguous array of float32, got float64."),
    (lambda: row_net().forward(X), ValueError,
     "forward() takes one batch: 6 samples, at most 4."),
    (lambda: row_net().backward(np.ones((4, 3), np.float32)), ValueError,
     "backward() follows a forward() of one batch; there was none."),
    (lambda: sparse([1], [5], [0, 1]), ValueError, "sparse X: a column index is out of range."),
    (lambda: sparse([1], [-1], [0, 1]), ValueError, "sparse X: a column index is out of range."),
    (lambda: sparse([1], [0], [0, 2]), ValueError, "sparse X: indptr points outside of data."),
    (lambda: sparse([1, 1], [0, 1], [0, 2, 1]), ValueError, "sparse X: indptr decreases."),
    (lambda: sparse([1, 1], [0], [0, 1]), ValueError,
     "sparse X: the lengths of data, indices and indptr differ."),
]

TRAINING = [
    (lambda: with_loss("log_loss"), ValueError, "loss 'log_loss' is not known to the core."),
    (lambda: one_output().train_epoch(X, CODES // 9, np.arange(6), np.ones(1)), ValueError,
     "the hinge loss compares classes, but there is one output."),
    (lambda: train(X, CODES[:5]), ValueError, "y has shape (5,); expected (6,)."),
    (lambda: train(X, CODES + 1), ValueError, "y has a code outside of 0..2."),
    (lambda: train(X, CODES - 1), ValueError, "y has a code outside of 0..2."),
    (lambda: train(X, CODES.astype(np.int64)), TypeError,
     "y must be a C-contiguous array of int32, got int64."),
    (lambda: train(X, TARGETS[:, 0].copy(), "squared_error"), ValueError,
     "y has shape (6,); expected (6, 3)."),
    (lambda: train(X, TARGETS[:, :1].copy(), "squared_error"), ValueError,
     "y has shape (6, 1); expected (6, 3)."),
    (lambda: train(X, None, "squared_error"), ValueError,
     "without y the network learns its input, rows of 5, but it gives rows of 3. The last layer "
     "must give rows of as many values; of sequences, pass y."),
    (lambda: train(X, CODES, order=np.array([6])), ValueError,
     "order has an index outside of X."),
    (lambda: train(X, CODES, order=np.array([-1])), ValueError,
     "order has an index outside of X."),
    (lambda: train(X, CODES, rates=np.ones(3)), ValueError,
     "rates must hold one value, or one for each of the 2 batches."),
    (lambda: train(X, CODES, batch_size=5), ValueError,
     "batch_size=5 is above the largest this program was compiled for, 4."),
    (lambda: train(X, CODES, batch_size=-1), ValueError,
     "batch_size=-1; expected a positive integer."),
    (lambda: train(X, CODES, sample_weight=np.ones(5, np.float32)), ValueError,
     "sample_weight has shape (5,); expected (6,)."),
    (lambda: row_net().set_optimizer_rule("adamax"), ValueError,
     "optimizer 'adamax' is not known to the core."),
    (lambda: row_net().set_optimizer_rule("adam", lr_multipliers=[1.0]), ValueError,
     "lr_multipliers must hold one value for each of the 2 parameters."),
]

WEIGHTS = [
    (lambda: row_net().get_parameter("dense_2.weight"), ValueError,
     "there is no parameter 'dense_2.weight'. Parameters: dense_1.weight, dense_1.bias."),
    (lambda: row_net().set_parameter("dense_1.weight", np.ones((3, 5))), ValueError,
     "parameter 'dense_1.weight' has shape (3, 5); expected (5, 3)."),
    (lambda: row_net().get_state("dense_1.running_mean"), ValueError,
     "there is no state 'dense_1.running_mean'."),
    (lambda: row_net().set_weights(np.ones(17)), ValueError,
     "the flat block has shape (17,); expected (18,)."),
    (lambda: row_net().set_optimizer(np.ones((2, 18)), 1), ValueError,
     "the optimizer's moments has shape (2, 18); expected (0, 18)."),
]
# fmt: on


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        *SHAPES,
        *BACKENDS,
        *ARRAYS,
        *TRAINING,
        *WEIGHTS,
        *BOXES,
        *FILES,
        *ESTIMATORS,
        *FORMS,
        *PAIRS,
        *PICTURES,
        *OBJECTS,
        *EMBEDDER,
        *REFUSED,
        *UNSUPERVISED,
        *OTHER_NAMES,
        *MISLEADING,
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_text(call: Callable[[], object], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == text


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("call", FINE)
def test_no_warning(call: Callable[[], object]) -> None:
    """Where nothing misleads: warnings are errors here."""
    call()


def test_backend_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """FASTDL_BACKEND is obeyed where none is given, and named when it cannot be."""
    monkeypatch.setenv("FASTDL_BACKEND", "cpu:generic")
    assert row_net().backend == "cpu:generic"
    monkeypatch.setenv("FASTDL_BACKEND", "cpu:mips")
    with pytest.raises(ValueError, match="^FASTDL_BACKEND='cpu:mips' is not available here"):
        row_net()
    assert row_net(backend="cpu:generic").backend == "cpu:generic"


def test_a_failed_call_changes_nothing() -> None:
    program = row_net()
    weights = program.get_weights()
    for call in (
        lambda: program.set_weights(np.ones(3)),
        lambda: program.set_parameter("dense_1.weight", np.ones((3, 5))),
        lambda: program.set_parameter("dense_1.weight", "five"),
        lambda: program.train_epoch(X, CODES, np.array([9]), np.ones(1)),
    ):
        with pytest.raises((ValueError, TypeError)):
            call()
    np.testing.assert_array_equal(program.get_weights(), weights)


def test_empty_input() -> None:
    """No samples: no outputs, no loss, no step."""
    program = with_loss("softmax_cross_entropy")
    assert program.predict(X[:0]).shape == (0, 3)
    weights = program.get_weights()
    result = program.train_epoch(X[:0], CODES[:0], np.arange(0), np.ones(1))
    assert (result.loss, result.n_batches, result.status) == (0.0, 0, "done")
    np.testing.assert_array_equal(program.get_weights(), weights)
