"""Cases of layers that move, pool, resize and cut images."""

from fastdl import layers as L

from .case import IMAGE, Case, act

# fmt: off
IMAGES = [
    # --- pools -----------------------------------------------------------------------------------
    Case("max_pool2d",        [L.MaxPool2D(2)], (4, 6, 3)),
    Case("max_pool2d_remainder", [L.MaxPool2D(2)], (5, 7, 3)),
    Case("max_pool2d_overlap", [L.MaxPool2D(3, stride=1)], IMAGE),
    Case("max_pool2d_gaps",   [L.MaxPool2D(2, stride=3)], (8, 7, 2)),
    Case("max_pool2d_pair",   [L.MaxPool2D((1, 3), stride=(2, 1))], IMAGE),
    Case("max_pool2d_same",   [L.MaxPool2D(3, stride=2, padding="same")], IMAGE),
    Case("max_pool2d_padded", [L.MaxPool2D(3, stride=2, padding=1)], IMAGE),
    Case("avg_pool2d",        [L.AvgPool2D(2)], (4, 6, 3)),
    Case("avg_pool2d_remainder", [L.AvgPool2D(2)], (5, 7, 3)),
    Case("avg_pool2d_overlap", [L.AvgPool2D(3, stride=1)], IMAGE),
    Case("avg_pool2d_gaps",   [L.AvgPool2D(2, stride=3)], (8, 7, 2)),
    Case("avg_pool2d_padded", [L.AvgPool2D(3, stride=2, padding=1)], IMAGE),
    Case("avg_pool2d_count",  [L.AvgPool2D(3, 2, padding=1, count_include_pad=False)], IMAGE),
    Case("avg_pool2d_same",   [L.AvgPool2D(3, padding="same", count_include_pad=False)], IMAGE),
    Case("global_avg_pool",   [L.GlobalAvgPool()], IMAGE),
    Case("global_avg_pool_1", [L.GlobalAvgPool()], (1, 1, 4)),
    Case("global_max_pool",   [L.GlobalMaxPool()], IMAGE),
    Case("global_max_pool_1", [L.GlobalMaxPool()], (1, 1, 4)),

    Case("stochastic_pool2d", [L.StochasticPool2D(2)], (4, 6, 3)),
    Case("stochastic_pool2d_overlap", [L.StochasticPool2D(3, 1)], IMAGE),
    Case("stochastic_pool2d_gaps", [L.StochasticPool2D((1, 2), (2, 3))], (8, 7, 19)),
    Case("stochastic_pool2d_after", [L.Conv2D(4, 3), act("relu"), L.StochasticPool2D(2),
                               L.Dropout(0.3), L.StochasticPool2D((1, 2))], (9, 10, 2)),
    Case("spatial_pyramid_pool", [L.SpatialPyramidPool()], (6, 7, 3)),
    Case("spatial_pyramid_pool_small", [L.SpatialPyramidPool((4, 1))], (2, 3, 19)),
    Case("spatial_pyramid_pool_avg", [L.SpatialPyramidPool((1, 2, 3), "avg")], IMAGE),
    Case("spatial_pyramid_pool_after", [L.Conv2D(4, 3), act("relu"),
                               L.SpatialPyramidPool((2, 1)), L.Dense(3)], IMAGE),
    Case("pixel_shuffle",     [L.PixelShuffle(2)], (3, 4, 8)),
    Case("pixel_shuffle_3",   [L.Conv2D(18, 2), L.PixelShuffle(3), act("tanh"), L.Conv2D(2, 3)],
         (3, 4, 2)),

    # --- resize2d, pad2d, crop2d, transpose ------------------------------------------------------
    Case("resize2d",          [L.Resize2D((7, 3))], (3, 4, 3)),
    Case("resize2d_same_size", [L.Resize2D((3, 4))], (3, 4, 2)),
    Case("resize2d_one_axis", [L.Resize2D((3, 9)), act("relu")], (3, 4, 2)),
    Case("resize2d_corners",  [L.Resize2D((6, 7), coordinates="align_corners")], (3, 4, 2)),
    Case("resize2d_asymmetric", [L.Resize2D((5, 2), coordinates="asymmetric")], (3, 4, 2)),
    Case("resize2d_symmetric", [L.Resize2D((5, 7), coordinates="half_pixel_symmetric",
                                           height_scale=1.9, width_scale=1.9)], (3, 4, 2)),
    Case("resize2d_pytorch",  [L.Resize2D((1, 5), coordinates="pytorch_half_pixel")], (3, 4, 2)),
    *(Case(f"resize2d_{r}", [L.Resize2D((6, 3), "nearest", rounding=r)], (4, 6, 2))
      for r in ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")),
    Case("resize2d_bicubic",  [L.Resize2D((7, 9), "bicubic")], (5, 6, 2)),
    Case("resize2d_outside",  [L.Resize2D((9, 8), "bicubic", cubic=-0.5, exclude_outside=True)],
         (5, 6, 2)),
    Case("resize2d_antialias", [L.Resize2D((3, 2), antialias=True)], (7, 9, 2)),
    Case("resize2d_bicubic_antialias", [L.Resize2D((3, 8), "bicubic", antialias=True)], (7, 6, 2)),
    Case("resize2d_conv2d",   [L.Conv2D(3, 3), act("tanh"), L.Resize2D(5), act("relu"),
                               L.Conv2D(2, 1)], IMAGE),
    Case("pad2d",             [L.Pad2D()], IMAGE),
    Case("pad2d_value",       [L.Pad2D(((1, 0), (2, 3)), value=0.7), act("relu")], (3, 4, 2)),
    Case("pad2d_reflect",     [L.Pad2D((2, 3), "reflect")], (4, 4, 2)),
    Case("pad2d_reflect_far", [L.Pad2D(5, "reflect")], (3, 1, 2)),
    Case("pad2d_edge",        [L.Pad2D(((0, 2), (1, 0)), "edge"), L.Conv2D(3, 3)], (3, 4, 2)),
    Case("pad2d_wrap",        [L.Conv2D(2, 1), L.Pad2D((3, 1), "wrap")], (3, 4, 2)),
    Case("crop2d",            [L.Crop2D()], IMAGE),
    Case("crop2d_sides",      [L.Conv2D(4, 1), L.Crop2D(((0, 2), (3, 1))), act("relu"),
                               L.Dropout(0.3)], (4, 5, 2)),
    Case("transpose",         [L.Transpose((2, 0, 1))], IMAGE),
    Case("transpose_conv2d",  [L.Conv2D(4, 3), L.Transpose((1, 2, 0)), act("relu"),
                               L.Conv2D(2, 1)], IMAGE),

    # --- upsample2d ------------------------------------------------------------------------------
    Case("upsample2d",        [L.Upsample2D()], (3, 4, 3)),
    Case("upsample2d_pair",   [L.Upsample2D((3, 1))], (3, 4, 2)),
    Case("upsample2d_bilinear", [L.Upsample2D(2, "bilinear")], (3, 4, 3)),
    Case("upsample2d_bilinear_pair", [L.Upsample2D((3, 4), "bilinear")], (3, 2, 2)),
    Case("upsample2d_bilinear_pixel", [L.Upsample2D(2, "bilinear")], (1, 1, 3)),
    Case("upsample2d_conv2d", [L.Conv2D(4, 3), act("tanh"), L.Upsample2D(2), act("relu"),
                               L.Conv2D(2, 3, padding="same")], IMAGE),

    # --- shapes ----------------------------------------------------------------------------------
    Case("flatten",           [L.Flatten()], IMAGE),
    Case("flatten_dense",     [L.Flatten(), L.Dense(3)], IMAGE),
    Case("reshape_to_image",  [L.Reshape((2, 3, 2))], (12,)),
    Case("reshape_to_row",    [L.Reshape((90,))], IMAGE),
    Case("reshape_image",     [L.Reshape((3, 5, 6))], IMAGE),
    Case("reshape_conv2d",    [L.Dense(18), L.Reshape((3, 3, 2)), L.Conv2D(3, 2)], (4,)),
]
# fmt: on
