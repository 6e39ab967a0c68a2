"""Cases of layers that work together: autoencoders, in place, augmented, frozen, whole nets."""

from fastdl import layers as L

from .case import IMAGE, Case, act

# fmt: off
NETWORKS = [
    # --- autoencoders: tied weights, corruption, penalties ----------------------------------------
    Case("tied_dense",        [L.Dense(4, name="a"), act("tanh"), L.TiedDense("a")], (7,)),
    Case("tied_dense_deep",   [L.Dense(20, name="a"), act("sigmoid"), L.Dense(5, name="b"),
                               L.TiedDense("b", bias=False), act("sigmoid"), L.TiedDense("a")],
         (33,)),
    Case("tied_dense_frozen", [L.Dense(3, name="a", trainable=False), L.TiedDense("a"),
                               L.Dense(4, name="b"), L.TiedDense("b", trainable=False)], (6,)),
    Case("corrupt",           [L.Corrupt("masking", 0.4)], (70,)),
    Case("corrupt_none",      [L.Corrupt(rate=0.0)], (7,)),
    Case("corrupt_gaussian",  [L.Corrupt("gaussian", 1.5)], (70,)),
    Case("corrupt_salt",      [L.Dense(9), L.Corrupt("salt_and_pepper", 0.5), L.Dense(3)], (7,)),
    Case("corrupt_image",     [L.Corrupt("masking", 0.2), L.Corrupt("gaussian", 0.1),
                               L.Corrupt("salt_and_pepper", 0.2)], IMAGE),
    Case("kl_sparsity",       [L.Dense(5), act("sigmoid"), L.KLSparsity(0.1), L.Dense(3)], (6,)),
    Case("activity_l1",       [L.Dense(5), act("relu"), L.ActivityL1(0.1), L.Dense(3)], (6,)),
    Case("contractive",       [L.Contractive([L.Dense(5), act("sigmoid")]), L.Dense(3)], (6,)),
    Case("penalties_residual", [L.Residual([L.Contractive([L.Dense(5), act("tanh")])]),
                                L.Residual([L.KLSparsity()]), L.Residual([L.ActivityL1(0.1)],
                                                                         shortcut=[L.Dense(5)])],
         (5,)),

    # --- layers that work in place, and what must stop them --------------------------------------
    Case("in_place_branch",   [L.Dense(6), L.Residual([act("relu")])], (6,)),
    Case("in_place_branch_2", [L.Dense(6), act("tanh"), L.Residual([act("relu"), act("swish")]),
                               act("relu")], (6,)),
    Case("in_place_shortcut", [L.Dense(6), L.Residual([L.Dense(6), act("relu")],
                                                      shortcut=[act("tanh")])], (6,)),
    Case("in_place_chain",    [L.Dense(6), act("sigmoid"), act("tanh"), L.Dropout(0.3),
                               act("softplus"), act("softmax"), act("elu"), act("swish"),
                               act("sigmoid"), L.Dropout(0.3), L.Dropout(0.3)], (5,)),
    Case("in_place_chain_2",  [L.Conv2D(4, 3), act("tanh"), act("sigmoid"), L.Dropout(0.3),
                               act("softmax"), act("elu"), L.Dropout(0.3)], IMAGE),
    Case("in_place_rows",     [L.Dense(6), act("gelu"), act("tanh"), L.PReLU(), L.Dropout(0.3),
                               act("softplus"), L.BatchNorm(), act("relu"), L.LayerNorm(),
                               act("sigmoid"), L.Dense(2)], (5,), (3, 5, 16, 19)),
    Case("in_place_images",   [L.Conv2D(4, 3), act("swish"), act("relu"), L.MaxPool2D(2),
                               act("elu"), L.AvgPool2D(2), L.PReLU(), L.Dropout(0.3),
                               act("tanh"), L.GlobalAvgPool(), act("relu")], (10, 10, 2)),
    Case("in_place_shapes",   [L.Dense(12), L.Reshape((2, 3, 2)), act("relu"), L.Flatten(),
                               act("tanh"), L.Reshape((2, 3, 2)), act("selu"),
                               L.GlobalMaxPool(), act("sigmoid")], (5,)),

    # --- images changed in training -------------------------------------------------------------
    Case("augment",           [L.Augment(flip="both", shift=(1, 2), rotate=30, scale=0.2, shear=10,
                                         brightness=0.3, contrast=0.4, saturation=0.5, hue=0.2,
                                         noise=0.1, cutout=(2, 3), mixup=0.4)], IMAGE),
    Case("augment_whole",     [L.Augment(flip="horizontal", shift=2, crop=(4, 5), fill="reflect"),
                               L.Conv2D(2, 3), act("relu")], IMAGE),
    Case("augment_edge",      [L.Augment(mixup=1.5, rotate=180, fill="edge", probability=0.7,
                                         contrast=0.5), L.Dropout(0.3)], (6, 5, 2)),
    Case("augment_grey",      [L.Augment(crop=3, shear=20, scale=0.5, fill="reflect"),
                               L.BatchNorm(), L.Flatten(), L.Dense(2)], (5, 7, 1)),

    # --- frozen layers ---------------------------------------------------------------------------
    Case("frozen_first",      [L.Dense(5, trainable=False), act("relu"), L.Dense(3)], (4,)),
    Case("frozen_last",       [L.Dense(5), act("relu"), L.Dense(3, trainable=False)], (4,)),
    Case("frozen_norms",      [L.Conv2D(4, 3, trainable=False), L.BatchNorm(trainable=False),
                               L.PReLU(trainable=False), L.LayerNorm(trainable=False),
                               L.Flatten(), L.Dense(2)], IMAGE),

    # --- whole nets ------------------------------------------------------------------------------
    Case("lenet",             [L.Conv2D(4, 5, padding="same"), act("tanh"), L.AvgPool2D(2),
                               L.Conv2D(6, 3), act("tanh"), L.AvgPool2D(2), L.Flatten(),
                               L.Dense(10), act("tanh"), L.Dense(3)], (12, 12, 1)),
    Case("convnet",           [L.Conv2D(5, 3, padding="same"), L.BatchNorm(), act("relu"),
                               L.MaxPool2D(2), L.Conv2D(7, 3), act("relu"), L.GlobalAvgPool(),
                               L.Maxout(6, pieces=2), L.Dropout(0.5), L.Dense(3)], (8, 8, 2)),
]
# fmt: on
