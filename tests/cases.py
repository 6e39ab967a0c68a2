"""THE table: every layer, alone and among others.

test_layers.py runs each line on every backend in both dtypes.
"""

from cases_recurrent import RECURRENT, Case
from fastdl import layers as L


def act(function: str, alpha: float | None = None) -> L.Activation:
    return L.Activation(function, alpha)


IMAGE = (5, 6, 3)

# fmt: off
CASES = [
    # --- dense: the GEMM's tiles and their remainders --------------------------------------------
    Case("dense",             [L.Dense(4)], (7,)),
    Case("dense-no-bias",     [L.Dense(4, bias=False)], (7,)),
    Case("dense-one-feature", [L.Dense(3)], (1,)),
    Case("dense-one-unit",    [L.Dense(1)], (6,)),
    Case("dense-one-one",     [L.Dense(1)], (1,)),
    Case("dense-tile",        [L.Dense(32)], (16,), (1, 5, 14, 28)),
    Case("dense-over-tile",   [L.Dense(33)], (17,), (1, 5, 15, 29)),
    Case("dense-wide",        [L.Dense(130)], (9,), (1, 5, 31)),
    Case("dense-deep",        [L.Dense(5)], (600,), (1, 5, 31)),
    Case("dense-tall",        [L.Dense(10)], (12,), (1, 5, 200)),
    Case("mlp",               [L.Dense(8), act("relu"), L.Dense(6), act("tanh"), L.Dense(3)], (9,)),

    # --- conv2d ----------------------------------------------------------------------------------
    Case("conv2d",            [L.Conv2D(4, 3)], IMAGE),
    Case("conv2d-no-bias",    [L.Conv2D(4, 3, bias=False)], IMAGE),
    Case("conv2d-same",       [L.Conv2D(4, 3, padding="same")], IMAGE),
    Case("conv2d-same-even",  [L.Conv2D(2, (2, 4), padding="same")], IMAGE),
    Case("conv2d-same-stride", [L.Conv2D(4, 3, stride=2, padding="same")], IMAGE),
    Case("conv2d-same-5x5",   [L.Conv2D(2, 5, padding="same")], (4, 3, 2)),
    Case("conv2d-same-1-pixel", [L.Conv2D(2, 3, padding="same")], (1, 1, 3)),
    Case("conv2d-pad-int",    [L.Conv2D(2, 3, padding=2)], (3, 4, 2)),
    Case("conv2d-pad-pair",   [L.Conv2D(2, 3, padding=(0, 2))], (3, 4, 2)),
    Case("conv2d-pad-explicit", [L.Conv2D(2, 3, padding=((1, 0), (2, 3)))], (3, 4, 2)),
    Case("conv2d-pad-reach",  [L.Conv2D(2, 2, padding=((2, 2), (2, 2)))], (2, 2, 2)),
    Case("conv2d-stride",     [L.Conv2D(3, 3, stride=2)], (7, 8, 2)),
    Case("conv2d-stride-pair", [L.Conv2D(3, (2, 3), stride=(3, 1))], (8, 5, 2)),
    Case("conv2d-stride-gaps", [L.Conv2D(3, 1, stride=3)], (7, 8, 2)),
    Case("conv2d-dilation",   [L.Conv2D(3, 3, dilation=2)], (6, 7, 2)),
    Case("conv2d-dilation-pair", [L.Conv2D(3, (3, 2), dilation=(1, 3), padding="same")], (5, 6, 2)),
    Case("conv2d-atrous-stride", [L.Conv2D(2, 3, padding="same", stride=2, dilation=2)], (7, 6, 2)),
    Case("conv2d-groups",     [L.Conv2D(6, 3, groups=2)], (4, 5, 4)),
    Case("conv2d-groups-stride", [L.Conv2D(6, 3, stride=2, padding="same", groups=3)], (5, 4, 6)),
    Case("conv2d-depthwise",  [L.Conv2D(3, 3, padding="same", groups=3)], IMAGE),
    Case("conv2d-depthwise-2", [L.Conv2D(6, 3, groups=3)], IMAGE),
    Case("conv2d-1x1",        [L.Conv2D(5, 1)], IMAGE),
    Case("conv2d-1x1-stride", [L.Conv2D(5, 1, stride=2)], IMAGE),
    Case("conv2d-whole-image", [L.Conv2D(4, (5, 6))], IMAGE),
    Case("conv2d-row",        [L.Conv2D(3, (1, 3))], (1, 9, 2)),
    Case("conv2d-column",     [L.Conv2D(3, (3, 1))], (9, 1, 2)),
    Case("conv2d-one-channel", [L.Conv2D(6, 5)], (9, 8, 1)),
    Case("conv2d-one-filter", [L.Conv2D(1, 3)], (5, 5, 4)),
    Case("conv2d-many-filters", [L.Conv2D(35, 3, padding="same")], (4, 5, 2)),
    Case("conv2d-many-channels", [L.Conv2D(3, 3, padding="same")], (4, 3, 35)),
    Case("conv2d-3x3-square", [L.Conv2D(16, 3, padding="same")], (8, 8, 16), (1, 5, 17)),
    Case("conv2d-3x3-odd",    [L.Conv2D(17, 3, padding="same")], (9, 7, 13), (1, 5, 17)),
    Case("conv2d-3x3-valid",  [L.Conv2D(12, 3)], (11, 6, 18), (1, 5, 17)),
    Case("conv2d-3x3-pads",   [L.Conv2D(20, 3, padding=((3, 0), (1, 4)))], (5, 8, 12), (1, 5, 17)),
    Case("conv2d-wide-image", [L.Conv2D(2, 3, padding="same")], (3, 41, 2)),
    Case("conv2d-two",        [L.Conv2D(3, 3), act("relu"), L.Conv2D(4, 3)], (7, 6, 2)),

    # --- pools -----------------------------------------------------------------------------------
    Case("max-pool2d",        [L.MaxPool2D(2)], (4, 6, 3)),
    Case("max-pool2d-remainder", [L.MaxPool2D(2)], (5, 7, 3)),
    Case("max-pool2d-overlap", [L.MaxPool2D(3, stride=1)], IMAGE),
    Case("max-pool2d-gaps",   [L.MaxPool2D(2, stride=3)], (8, 7, 2)),
    Case("max-pool2d-pair",   [L.MaxPool2D((1, 3), stride=(2, 1))], IMAGE),
    Case("max-pool2d-same",   [L.MaxPool2D(3, stride=2, padding="same")], IMAGE),
    Case("max-pool2d-padded", [L.MaxPool2D(3, stride=2, padding=1)], IMAGE),
    Case("avg-pool2d",        [L.AvgPool2D(2)], (4, 6, 3)),
    Case("avg-pool2d-remainder", [L.AvgPool2D(2)], (5, 7, 3)),
    Case("avg-pool2d-overlap", [L.AvgPool2D(3, stride=1)], IMAGE),
    Case("avg-pool2d-gaps",   [L.AvgPool2D(2, stride=3)], (8, 7, 2)),
    Case("avg-pool2d-padded", [L.AvgPool2D(3, stride=2, padding=1)], IMAGE),
    Case("avg-pool2d-count",  [L.AvgPool2D(3, 2, padding=1, count_include_pad=False)], IMAGE),
    Case("avg-pool2d-same",   [L.AvgPool2D(3, padding="same", count_include_pad=False)], IMAGE),
    Case("global-avg-pool",   [L.GlobalAvgPool()], IMAGE),
    Case("global-avg-pool-1", [L.GlobalAvgPool()], (1, 1, 4)),
    Case("global-max-pool",   [L.GlobalMaxPool()], IMAGE),
    Case("global-max-pool-1", [L.GlobalMaxPool()], (1, 1, 4)),

    # --- shapes ----------------------------------------------------------------------------------
    Case("flatten",           [L.Flatten()], IMAGE),
    Case("flatten-dense",     [L.Flatten(), L.Dense(3)], IMAGE),
    Case("reshape-to-image",  [L.Reshape((2, 3, 2))], (12,)),
    Case("reshape-to-row",    [L.Reshape((90,))], IMAGE),
    Case("reshape-image",     [L.Reshape((3, 5, 6))], IMAGE),
    Case("reshape-conv2d",    [L.Dense(18), L.Reshape((3, 3, 2)), L.Conv2D(3, 2)], (4,)),

    # --- activations -----------------------------------------------------------------------------
    Case("identity",          [act("identity")], (7,)),
    Case("sigmoid",           [act("sigmoid")], (7,)),
    Case("tanh",              [act("tanh")], (7,)),
    Case("relu",              [act("relu")], (7,)),
    Case("leaky-relu",        [act("leaky_relu")], (7,)),
    Case("leaky-relu-0.3",    [act("leaky_relu", 0.3)], (7,)),
    Case("elu",               [act("elu")], (7,)),
    Case("elu-0.5",           [act("elu", 0.5)], (7,)),
    Case("selu",              [act("selu")], (7,)),
    Case("softplus",          [act("softplus")], (7,)),
    Case("gelu",              [act("gelu")], (7,)),
    Case("swish",             [act("swish")], (7,)),
    Case("softmax",           [act("softmax")], (7,)),
    Case("softmax-one-class", [act("softmax")], (1,)),
    Case("softmax-image",     [act("softmax")], IMAGE),
    Case("swish-image",       [act("swish")], IMAGE),
    Case("tanh-image",        [act("tanh")], IMAGE),
    Case("prelu",             [L.PReLU()], (7,)),
    Case("prelu-image",       [L.PReLU()], IMAGE),

    # --- dropout and norms -----------------------------------------------------------------------
    Case("dropout",           [L.Dropout(0.4)], (7,)),
    Case("dropout-image",     [L.Dropout(0.4)], IMAGE),
    Case("dropout-none",      [L.Dropout(0.0)], (7,)),
    Case("dropout-two",       [L.Dropout(0.5), L.Dense(6), L.Dropout(0.5)], (7,)),
    Case("batch-norm",        [L.BatchNorm()], (7,), (3, 5, 16, 19)),
    Case("batch-norm-image",  [L.BatchNorm()], IMAGE),
    Case("batch-norm-momentum", [L.BatchNorm(momentum=0.5, eps=1e-2)], (4, 4, 2)),
    Case("layer-norm",        [L.LayerNorm()], (7,)),
    Case("layer-norm-eps",    [L.LayerNorm(eps=1e-1)], (33,)),
    Case("layer-norm-image",  [L.LayerNorm()], (3, 4, 5)),

    # --- maxout ----------------------------------------------------------------------------------
    Case("maxout",            [L.Maxout(4)], (6,)),
    Case("maxout-3-pieces",   [L.Maxout(5, pieces=3)], (6,)),
    Case("maxout-1-piece",    [L.Maxout(3, pieces=1, bias=False)], (6,)),

    # --- containers ------------------------------------------------------------------------------
    Case("sequential",        [L.Sequential([L.Dense(5), act("relu")]), L.Dense(3)], (6,)),
    Case("sequential-nested", [L.Sequential([L.Sequential([L.Conv2D(3, 3), act("elu")]),
                                             L.Flatten()])], IMAGE),
    Case("residual",          [L.Residual([L.Dense(6)])], (6,)),
    Case("residual-image",    [L.Residual([L.Conv2D(3, 3, padding="same")])], IMAGE),
    Case("residual-norms",    [L.Conv2D(4, 3, padding="same"), L.BatchNorm(),
                               L.Residual([L.Conv2D(4, 3, padding="same"), L.BatchNorm(),
                                           act("relu"), L.Conv2D(4, 3, padding="same"),
                                           L.BatchNorm()]),
                               act("relu")], IMAGE),
    Case("residual-shortcut", [L.Residual([L.Conv2D(4, 3, stride=2, padding="same"), act("relu"),
                                           L.Conv2D(4, 3, padding="same")],
                                          shortcut=[L.Conv2D(4, 1, stride=2)])], IMAGE),
    Case("residual-nested",   [L.Residual([L.Dense(5),
                                           L.Residual([act("tanh"), L.Dense(5)])])], (5,)),
    Case("residual-ends",     [L.Residual([L.Dense(5), L.Dropout(0.3)]),
                               L.Residual([L.Dense(5), act("relu")],
                                          shortcut=[L.Dense(5), L.Dropout(0.3)]),
                               L.Residual([L.Flatten()]), L.Residual([L.PReLU()]),
                               L.Residual([L.Residual([L.Dense(5), L.BatchNorm()])])],
         (5,), (3, 5, 16, 19)),
    Case("residual-frozen",   [L.Residual([L.Dense(4, trainable=False)], shortcut=[L.Dense(4)]),
                               L.Residual([L.Dense(4)]),
                               L.Residual([L.Dense(4)], shortcut=[L.Dense(4, trainable=False)])],
         (5,)),
    Case("residual-twice",    [L.Residual([L.Dense(5)]), L.Residual([L.Dense(5)])], (5,)),

    Case("concat",            [L.Dense(5), L.Concat([L.Dense(3), act("tanh")]), L.Dense(2)], (6,)),
    Case("concat-nested",     [L.Concat([L.Dense(7), L.Concat([act("sigmoid")]), L.Dense(9)])],
         (17,)),
    Case("concat-frozen",     [L.Dense(4), L.Concat([L.Dense(3, trainable=False), act("relu")]),
                               L.Dense(2)], (5,)),

    # --- autoencoders: tied weights, corruption, penalties ----------------------------------------
    Case("tied-dense",        [L.Dense(4, name="a"), act("tanh"), L.TiedDense("a")], (7,)),
    Case("tied-dense-deep",   [L.Dense(20, name="a"), act("sigmoid"), L.Dense(5, name="b"),
                               L.TiedDense("b", bias=False), act("sigmoid"), L.TiedDense("a")],
         (33,)),
    Case("tied-dense-frozen", [L.Dense(3, name="a", trainable=False), L.TiedDense("a"),
                               L.Dense(4, name="b"), L.TiedDense("b", trainable=False)], (6,)),
    Case("corrupt",           [L.Corrupt("masking", 0.4)], (70,)),
    Case("corrupt-none",      [L.Corrupt(rate=0.0)], (7,)),
    Case("corrupt-gaussian",  [L.Corrupt("gaussian", 1.5)], (70,)),
    Case("corrupt-salt",      [L.Dense(9), L.Corrupt("salt_and_pepper", 0.5), L.Dense(3)], (7,)),
    Case("corrupt-image",     [L.Corrupt("masking", 0.2), L.Corrupt("gaussian", 0.1),
                               L.Corrupt("salt_and_pepper", 0.2)], IMAGE),
    Case("kl-sparsity",       [L.Dense(5), act("sigmoid"), L.KLSparsity(0.1), L.Dense(3)], (6,)),
    Case("activity-l1",       [L.Dense(5), act("relu"), L.ActivityL1(0.1), L.Dense(3)], (6,)),
    Case("contractive",       [L.Contractive([L.Dense(5), act("sigmoid")]), L.Dense(3)], (6,)),
    Case("penalties-residual", [L.Residual([L.Contractive([L.Dense(5), act("tanh")])]),
                                L.Residual([L.KLSparsity()]), L.Residual([L.ActivityL1(0.1)],
                                                                         shortcut=[L.Dense(5)])],
         (5,)),

    # --- layers that work in place, and what must stop them --------------------------------------
    Case("in-place-branch",   [L.Dense(6), L.Residual([act("relu")])], (6,)),
    Case("in-place-branch-2", [L.Dense(6), act("tanh"), L.Residual([act("relu"), act("swish")]),
                               act("relu")], (6,)),
    Case("in-place-shortcut", [L.Dense(6), L.Residual([L.Dense(6), act("relu")],
                                                      shortcut=[act("tanh")])], (6,)),
    Case("in-place-chain",    [L.Dense(6), act("sigmoid"), act("tanh"), L.Dropout(0.3),
                               act("softplus"), act("softmax"), act("elu"), act("swish"),
                               act("sigmoid"), L.Dropout(0.3), L.Dropout(0.3)], (5,)),
    Case("in-place-chain-2",  [L.Conv2D(4, 3), act("tanh"), act("sigmoid"), L.Dropout(0.3),
                               act("softmax"), act("elu"), L.Dropout(0.3)], IMAGE),
    Case("in-place-rows",     [L.Dense(6), act("gelu"), act("tanh"), L.PReLU(), L.Dropout(0.3),
                               act("softplus"), L.BatchNorm(), act("relu"), L.LayerNorm(),
                               act("sigmoid"), L.Dense(2)], (5,), (3, 5, 16, 19)),
    Case("in-place-images",   [L.Conv2D(4, 3), act("swish"), act("relu"), L.MaxPool2D(2),
                               act("elu"), L.AvgPool2D(2), L.PReLU(), L.Dropout(0.3),
                               act("tanh"), L.GlobalAvgPool(), act("relu")], (10, 10, 2)),
    Case("in-place-shapes",   [L.Dense(12), L.Reshape((2, 3, 2)), act("relu"), L.Flatten(),
                               act("tanh"), L.Reshape((2, 3, 2)), act("selu"),
                               L.GlobalMaxPool(), act("sigmoid")], (5,)),

    # --- frozen layers ---------------------------------------------------------------------------
    Case("frozen-first",      [L.Dense(5, trainable=False), act("relu"), L.Dense(3)], (4,)),
    Case("frozen-last",       [L.Dense(5), act("relu"), L.Dense(3, trainable=False)], (4,)),
    Case("frozen-norms",      [L.Conv2D(4, 3, trainable=False), L.BatchNorm(trainable=False),
                               L.PReLU(trainable=False), L.LayerNorm(trainable=False),
                               L.Flatten(), L.Dense(2)], IMAGE),

    # --- whole nets ------------------------------------------------------------------------------
    Case("lenet",             [L.Conv2D(4, 5, padding="same"), act("tanh"), L.AvgPool2D(2),
                               L.Conv2D(6, 3), act("tanh"), L.AvgPool2D(2), L.Flatten(),
                               L.Dense(10), act("tanh"), L.Dense(3)], (12, 12, 1)),
    Case("convnet",           [L.Conv2D(5, 3, padding="same"), L.BatchNorm(), act("relu"),
                               L.MaxPool2D(2), L.Conv2D(7, 3), act("relu"), L.GlobalAvgPool(),
                               L.Maxout(6, pieces=2), L.Dropout(0.5), L.Dense(3)], (8, 8, 2)),

    # --- sequences: cases_recurrent.py ------------------------------------------------------------
    *RECURRENT,
]
# fmt: on
