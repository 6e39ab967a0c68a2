"""Cases of activations, of columns of tables, and of functions of the user."""

import numpy as np

from fastdl import layers as L

from .case import IMAGE, Case, act, affine, of_all_pixels

# fmt: off
ACTIVATIONS = [
    # --- activations -----------------------------------------------------------------------------
    Case("activation_identity", [act("identity")], (7,)),
    Case("activation_sigmoid", [act("sigmoid")], (7,)),
    Case("activation_tanh", [act("tanh")], (7,)),
    Case("activation_relu", [act("relu")], (7,)),
    Case("activation_leaky_relu", [act("leaky_relu")], (7,)),
    Case("activation_leaky_relu_0.3", [act("leaky_relu", 0.3)], (7,)),
    Case("activation_elu", [act("elu")], (7,)),
    Case("activation_elu_0.5", [act("elu", 0.5)], (7,)),
    Case("activation_selu", [act("selu")], (7,)),
    Case("activation_softplus", [act("softplus")], (7,)),
    Case("activation_gelu", [act("gelu")], (7,)),
    Case("activation_swish", [act("swish")], (7,)),
    Case("activation_softmax", [act("softmax")], (7,)),
    Case("activation_softmax_one_class", [act("softmax")], (1,)),
    Case("activation_softmax_image", [act("softmax")], IMAGE),
    Case("activation_swish_image", [act("swish")], IMAGE),
    Case("activation_tanh_image", [act("tanh")], IMAGE),
    Case("activation_mish", [act("mish")], (7,)),
    Case("activation_mish_image", [act("mish")], IMAGE),
    *(Case(f"activation_{f}", [act(f)], (7,))
      for f in ("hard_sigmoid", "hard_swish", "gelu_tanh", "celu", "softsign", "thresholded_relu",
                "exp", "abs", "erf", "power")),
    Case("activation_celu_small", [act("celu", 0.4)], (7,)),
    Case("activation_power_3", [act("power", 3.0)], IMAGE),
    Case("activation_log_chain", [act("exp"), act("log")], (7,)),
    Case("activation_sqrt_chain", [act("exp"), act("sqrt")], (7,)),
    Case("activation_power_half", [act("exp"), act("power", -1.5)], (7,)),
    Case("activation_power_any", [act("exp"), act("power", 0.3)], (7,)),
    Case("activation_power_minus_2", [act("exp"), act("power", -2.0)], IMAGE),
    Case("prelu",             [L.PReLU()], (7,)),
    Case("prelu_image",       [L.PReLU()], IMAGE),

    Case("rrelu",             [L.RReLU()], (70,)),
    Case("rrelu_wide",        [L.RReLU(0.0, 0.9)], (7,)),
    Case("rrelu_one",         [L.RReLU(0.2, 0.2)], (7,)),
    Case("rrelu_image",       [L.RReLU()], IMAGE),
    Case("rrelu_two",         [L.Dense(9), L.RReLU(), L.Dense(5), L.RReLU(0.1, 0.3)], (5,)),

    *(Case(f"parametric_activation_{f}", [L.ParametricActivation(f)], (7,))
      for f in ("identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "softplus",
                "gelu", "mish")),
    Case("parametric_activation_swish", [L.ParametricActivation("swish", 0.7)], (33,)),
    Case("parametric_activation_image", [L.ParametricActivation("selu")], IMAGE),
    Case("parametric_activation_chain", [L.Dense(6), L.ParametricActivation("mish"), act("relu"),
                                         L.ParametricActivation(trainable=False),
                                         L.Dropout(0.3)], (5,)),

    # --- tables ----------------------------------------------------------------------------------
    Case("scale",             [L.Scale()], (7,)),
    Case("scale_wide",        [L.Dense(37), L.Scale(), act("tanh"), L.Dense(2)], (5,)),
    Case("scale_image",       [L.Scale()], IMAGE),
    # --- lambda ----------------------------------------------------------------------------------
    Case("lambda",            [L.Lambda(np.tanh)], (7,)),
    Case("lambda_weights",    [L.Dense(5), L.Lambda(affine, {"w": (5, 3), "b": 3}), act("tanh")],
         (6,)),
    Case("lambda_twice",      [L.Lambda(affine, {"w": (6, 4), "b": 4}),
                               L.Lambda(affine, {"w": (4, 3), "b": 3}, trainable=False)], (6,)),
    Case("lambda_image",      [L.Lambda(affine, {"w": (3, 4), "b": 4}), L.Conv2D(2, 3)], IMAGE),
    Case("lambda_image_rows", [L.Lambda(of_all_pixels, {"w": (90, 3)}, form="rows")], IMAGE),
    Case("lambda_frozen_first", [L.Lambda(np.tanh), L.Dense(3)], (7,)),
    Case("scale_frozen",      [L.Scale(trainable=False), L.Scale()], (7,)),
    Case("numeric_embedding", [L.NumericEmbedding()], (3,)),
    Case("numeric_embedding_one", [L.NumericEmbedding(1)], (1,), (1, 5, 40)),
    Case("numeric_embedding_some", [L.NumericEmbedding(2, units=3, frequencies=5)], (6,)),
    Case("numeric_embedding_two_units", [L.NumericEmbedding(units=2, frequencies=20)], (2,)),
    Case("numeric_embedding_between", [L.Dense(4), L.NumericEmbedding(3), L.Dense(2)], (5,)),
    Case("numeric_embedding_frozen", [L.Dense(4), L.NumericEmbedding(trainable=False)], (2,)),
    Case("embed_categories",  [L.EmbedCategories((4, 9))], (5,), codes=(4, 9)),
    Case("embed_categories_alone", [L.EmbedCategories((7,), units=3)], (1,), codes=(7,)),
    Case("embed_categories_unknown", [L.EmbedCategories((3, 2), units=17)], (3,), codes=(5, 4)),
    Case("embed_categories_net", [L.NumericEmbedding(2, frequencies=8), L.EmbedCategories((5, 4)),
                                  L.Scale(), L.Dense(6), L.ParametricActivation("selu"),
                                  L.Dropout(0.2), L.Dense(2)], (6,), codes=(5, 4)),
    Case("embed_categories_frozen", [L.NumericEmbedding(2), L.EmbedCategories((5,),
                                                                              trainable=False)],
         (4,), codes=(5,)),
]
# fmt: on
