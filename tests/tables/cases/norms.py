"""Cases of dropout, norms and maxout."""

from fastdl import layers as L

from .case import IMAGE, Case, act

# fmt: off
NORMS = [
    # --- dropout and norms -----------------------------------------------------------------------
    Case("dropout",           [L.Dropout(0.4)], (7,)),
    Case("dropout_image",     [L.Dropout(0.4)], IMAGE),
    Case("dropout_none",      [L.Dropout(0.0)], (7,)),
    Case("dropout_two",       [L.Dropout(0.5), L.Dense(6), L.Dropout(0.5)], (7,)),
    Case("spatial_dropout",   [L.SpatialDropout(0.4)], (7,)),
    Case("spatial_dropout_image", [L.SpatialDropout(0.4)], (3, 2, 70)),
    Case("spatial_dropout_none", [L.SpatialDropout(0.0)], IMAGE),
    Case("spatial_dropout_two", [L.SpatialDropout(0.5), L.Conv2D(4, 3), L.SpatialDropout(0.3)],
         IMAGE),
    Case("batch_norm",        [L.BatchNorm()], (7,), (3, 5, 16, 19)),
    Case("batch_norm_image",  [L.BatchNorm()], IMAGE),
    Case("batch_norm_momentum", [L.BatchNorm(momentum=0.5, eps=1e-2)], (4, 4, 2)),
    Case("layer_norm",        [L.LayerNorm()], (7,)),
    Case("layer_norm_eps",    [L.LayerNorm(eps=1e-1)], (33,)),
    Case("layer_norm_image",  [L.LayerNorm()], (3, 4, 5)),
    Case("group_norm",        [L.GroupNorm(2)], (3, 4, 6)),
    Case("group_norm_instance", [L.GroupNorm(5)], (3, 4, 5)),
    Case("group_norm_whole",  [L.GroupNorm(1, eps=1e-2)], IMAGE),
    Case("group_norm_rows",   [L.GroupNorm(3)], (39,)),
    Case("group_norm_narrow", [L.GroupNorm(9)], (18,)),
    Case("group_norm_between", [L.Conv2D(6, 3), L.GroupNorm(3), act("relu"),
                               L.Residual([L.GroupNorm(2, trainable=False)]), L.GlobalAvgPool(),
                               L.GroupNorm(2), L.Dense(2)], IMAGE),
    Case("local_response_norm", [L.LocalResponseNorm(3, 0.4, 0.6, 1.5)], (7,)),
    Case("local_response_norm_wide", [L.LocalResponseNorm(5, 0.4)], (39,)),
    Case("local_response_norm_image", [L.LocalResponseNorm(5, 0.5, k=2.0)], (3, 4, 19)),
    Case("local_response_norm_few", [L.LocalResponseNorm(7, 0.5)], IMAGE),
    Case("local_response_norm_one", [L.LocalResponseNorm(1, 0.3)], (33,)),
    Case("local_response_norm_between", [L.Conv2D(4, 3), L.LocalResponseNorm(3, 0.4),
                               act("relu"), L.Residual([L.LocalResponseNorm(3, 0.4)])], IMAGE),
    Case("unit_norm",         [L.UnitNorm()], (7,)),
    Case("unit_norm_wide",    [L.UnitNorm()], (39,)),
    Case("unit_norm_image",   [L.UnitNorm()], (3, 4, 5)),
    Case("unit_norm_one",     [L.Dense(1), L.UnitNorm(eps=1e-3)], (3,)),
    Case("unit_norm_between", [L.Conv2D(4, 3), L.UnitNorm(), act("relu"), L.Flatten(), L.Dense(5),
                               L.UnitNorm(), L.Dense(2)], IMAGE),

    # --- maxout ----------------------------------------------------------------------------------
    Case("maxout",            [L.Maxout(4)], (6,)),
    Case("maxout_3_pieces",   [L.Maxout(5, pieces=3)], (6,)),
    Case("maxout_1_piece",    [L.Maxout(3, pieces=1, bias=False)], (6,)),
]
# fmt: on
