"""What users of other libraries write first, and what it is here.

Specs, modules and names of values look here before they say that something is not known; the
parameters of estimators have a table of their own (`fastdl.estimators.parameters.names`).
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any, NoReturn

# Classes and functions, by module: a name of that module, or a sentence.
_ACTIVATIONS = {
    **{name: name.lower() for name in ("ELU", "GELU", "ReLU", "SELU", "Sigmoid", "Tanh")},
    **{"LeakyReLU": "leaky_relu", "SiLU": "swish", "Softplus": "softplus", "Swish": "swish"},
}
_AUGMENTS = {
    "RandomFlip RandomHorizontalFlip": 'flip="horizontal"',
    "RandomVerticalFlip": 'flip="vertical"',
    "RandomCrop RandomTranslation": "shift=4",
    "RandomRotation": "rotate=10",
    "RandomZoom RandomAffine": "scale=0.1",
    "RandomBrightness ColorJitter": "brightness=0.2",
    "RandomContrast": "contrast=0.2",
    "RandomErasing CutOut": "cutout=8",
    "MixUp": "mixup=0.2",
}
NAMES: dict[str, dict[str, str]] = {
    "layers": {
        **{name: f"Write Activation({function!r})." for name, function in _ACTIVATIONS.items()},
        **dict.fromkeys(["Linear", "FullyConnected", "LazyLinear"], "Dense"),
        "MaxPooling1D": "MaxPool1D",
        "AveragePooling1D": "AvgPool1D",
        "MaxPooling2D": "MaxPool2D",
        "AveragePooling2D": "AvgPool2D",
        **dict.fromkeys(["GlobalAveragePooling1D", "GlobalAveragePooling2D"], "GlobalAvgPool"),
        "AdaptiveAvgPool2d": "GlobalAvgPool",
        **dict.fromkeys(["GlobalMaxPooling1D", "GlobalMaxPooling2D"], "GlobalMaxPool"),
        "AdaptiveMaxPool2d": "GlobalMaxPool",
        **dict.fromkeys(["BatchNormalization", "BatchNorm1d", "BatchNorm2d"], "BatchNorm"),
        "LayerNormalization": "LayerNorm",
        "GroupNormalization": "GroupNorm",
        "InstanceNorm2d": "Write GroupNorm(groups=channels).",
        "LRN": "LocalResponseNorm",
        **dict.fromkeys(
            ["UnitNormalization", "LpNormalization", "Normalize", "normalize"], "UnitNorm"
        ),
        **dict.fromkeys(["SpatialDropout1D", "SpatialDropout2D", "Dropout2d"], "SpatialDropout"),
        "AlphaDropout": "Dropout",
        **dict.fromkeys(["weight_norm", "WeightNormalization"], "WeightNorm"),
        **dict.fromkeys(["depth_to_space", "DepthToSpace"], "PixelShuffle"),
        **dict.fromkeys(["GaussianNoise", "GaussianDropout", "Noise"], "Corrupt"),
        **dict.fromkeys(["UpSampling2D", "Upsample", "UpsamplingNearest2d"], "Upsample2D"),
        "ConvTranspose2d": "Conv2DTranspose",
        **dict.fromkeys(["ZeroPadding2D", "ZeroPad2d"], "Pad2D"),
        "ReflectionPad2d": 'Write Pad2D(mode="reflect").',
        "ReplicationPad2d": 'Write Pad2D(mode="edge").',
        **dict.fromkeys(["CenterCrop", "Cropping2D"], "Crop2D"),
        **dict.fromkeys(["Resize", "Resizing", "Interpolate"], "Resize2D"),
        "Permute": "Transpose",
        **dict.fromkeys(["Multiply", "Mul", "SqueezeExcite", "SqueezeExcitation"], "Gate"),
        "Concatenate": "Concat",
        "Add": "Residual",
        "SimpleRNN": "RNN",
        "TimeDistributed": "Leave it out: of sequences, Dense and others take step after step.",
        "Masking": "Leave it out: pass lengths=, or a list of sequences, to fit.",
        **dict.fromkeys(["Input", "InputLayer"], "Leave it out: the input's shape comes from X."),
        "Identity": "Leave it out.",
        **dict.fromkeys(["Softmax", "LogSoftmax"], "Leave it out: it belongs to the loss."),
        "Unflatten": "Reshape",
        **{
            name: f"Write Augment({option})."
            for names, option in _AUGMENTS.items()
            for name in names.split()
        },
        "ActivityRegularization": "ActivityL1",
    },
    "losses": {
        **dict.fromkeys(["MSE", "MSELoss", "MeanSquaredError", "L2Loss"], "SquaredError"),
        **dict.fromkeys(["MAE", "MeanAbsoluteError", "L1Loss"], "AbsoluteError"),
        **dict.fromkeys(["HuberLoss", "SmoothL1Loss"], "Huber"),
        **dict.fromkeys(["CrossEntropy", "CrossEntropyLoss", "LogLoss"], "SoftmaxCrossEntropy"),
        **dict.fromkeys(["NLLLoss", "CategoricalCrossentropy"], "SoftmaxCrossEntropy"),
        "SparseCategoricalCrossentropy": "SoftmaxCrossEntropy",
        **dict.fromkeys(["BCELoss", "BCEWithLogitsLoss"], "BinaryCrossEntropy"),
        **dict.fromkeys(["HingeLoss", "MultiMarginLoss", "CategoricalHinge"], "Hinge"),
        "PoissonNLLLoss": "Poisson",
        **dict.fromkeys(["Quantile", "QuantileLoss", "PinballLoss"], "Pinball"),
        **dict.fromkeys(["FocalLoss", "CategoricalFocalCrossentropy"], "Focal"),
        **dict.fromkeys(["SigmoidFocalLoss", "BinaryFocalCrossentropy"], "BinaryFocal"),
        **dict.fromkeys(["Brier", "BrierScore"], "SquaredError"),
    },
    "schedules": {
        **dict.fromkeys(["StepLR", "StepDecay", "MultiStepLR"], "Step"),
        **dict.fromkeys(["ExponentialLR", "ExponentialDecay"], "Exponential"),
        **dict.fromkeys(["CosineAnnealingLR", "CosineDecay"], "Cosine"),
        "OneCycleLR": "OneCycle",
        "ReduceLROnPlateau": "ReduceOnPlateau",
        "InverseTimeDecay": "InvScaling",
        "LinearLR": "WarmUp",
    },
    "initializers": {
        **{f"Xavier{kind}": f"Glorot{kind}" for kind in ("Normal", "Uniform")},
        **{f"Kaiming{kind}": f"He{kind}" for kind in ("Normal", "Uniform")},
        **{f"Random{kind}": kind for kind in ("Normal", "Uniform")},
        "Ones": "Write Constant(1.0).",
    },
    "callbacks": {
        "EarlyStopping": "Set early_stopping=True and n_iter_no_change in the estimator.",
        "ReduceLROnPlateau": 'Set learning_rate="reduce_on_plateau" in the estimator.',
        "LearningRateScheduler": "Set learning_rate in the estimator; see fastdl.schedules.",
        "ModelCheckpoint": "Write EpochEnd(lambda estimator, row: estimator.save(path)).",
        "LambdaCallback": "EpochEnd",
        "CSVLogger": "Leave it out: the estimator has history_.",
        "History": "Leave it out: the estimator has history_.",
    },
    "data": {
        **dict.fromkeys(["image_dataset_from_directory", "ImageDataGenerator"], "ImageFolder"),
        "DatasetFolder": "ImageFolder",
        **dict.fromkeys(["CocoDetection", "load_coco"], "boxes_from_coco"),
        "VOCDetection": "boxes_from_voc",
        "box_convert": "convert_boxes",
        "timeseries_dataset_from_array": "windows",
        "DataLoader": "Leave it out: fit takes arrays, mapped ones too, or an ImageFolder.",
    },
    "metrics": {
        **dict.fromkeys(["nms", "batched_nms"], "non_max_suppression"),
        **dict.fromkeys(["iou", "jaccard", "bbox_iou"], "box_iou"),
        **dict.fromkeys(["map", "mAP", "MeanAveragePrecision"], "mean_average_precision_score"),
        **dict.fromkeys(["psnr", "PeakSignalNoiseRatio"], "peak_signal_noise_ratio"),
        **dict.fromkeys(["ssim", "StructuralSimilarityIndexMeasure"], "structural_similarity"),
        **dict.fromkeys(["levenshtein", "word_error_rate", "wer"], "edit_distance"),
        "bleu": "bleu_score",
    },
    "optim": {},
    "": {
        **dict.fromkeys(["Sequential", "Model"], "Write NetClassifier(layers) or NetRegressor."),
        "MLP": "Write MLPClassifier or MLPRegressor.",
        "CNN": "Write CNNClassifier or CNNRegressor.",
        "LSTMClassifier": "Write RNNClassifier(cell='lstm').",
        "RBM": "Write BernoulliRBM or GaussianRBM.",
        "nn": "layers",
        "optimizers": "optim",
        "datasets": "data",
        "load_model": "load",
        "save": "Write estimator.save(path).",
    },
}

# Fields of specs: the fields they are here, of which a spec has the first that is meant.
_FIELDS: dict[str, tuple[str, ...]] = {
    "use_bias": ("bias",),
    "strides": ("stride",),
    "dilation_rate": ("dilation",),
    "kernel_initializer": ("weight_init",),
    "weight_initializer": ("weight_init",),
    "embeddings_initializer": ("weight_init",),
    "recurrent_initializer": ("recurrent_init",),
    "bias_initializer": ("bias_init",),
    "out_features": ("units",),
    "hidden_size": ("units",),
    "n_units": ("units",),
    "embedding_dim": ("units",),
    "output_dim": ("units",),
    "num_embeddings": ("n_symbols",),
    "vocab_size": ("n_symbols",),
    "input_dim": ("n_symbols",),
    "out_channels": ("filters",),
    "n_filters": ("filters",),
    "num_filters": ("filters",),
    "pool_size": ("size",),
    "kernel_size": ("size",),
    "scale_factor": ("factor",),
    "size": ("factor",),
    "mode": ("interpolation",),
    "p": ("rate", "probability"),
    **dict.fromkeys(["padding", "translate", "translation"], ("shift",)),
    **dict.fromkeys(["degrees", "angle", "rotation"], ("rotate",)),
    **dict.fromkeys(["zoom", "zoom_range"], ("scale",)),
    **dict.fromkeys(["fill_mode", "padding_mode"], ("fill",)),
    **dict.fromkeys(["horizontal_flip", "vertical_flip"], ("flip",)),
    "erasing": ("cutout",),
    "epsilon": ("eps",),
    "target_shape": ("shape",),
    "negative_slope": ("alpha",),
    "go_backwards": ("reverse",),
    "betas": ("beta1 and beta2",),
    "beta_1": ("beta1",),
    "beta_2": ("beta2",),
    "alpha": ("rho",),
    "history_size": ("memory",),
    "step_size": ("every",),
    "gamma": ("factor",),
    "min_lr": ("min_rate",),
    "threshold": ("min_delta",),
    "smoothing": ("label_smoothing",),
    **dict.fromkeys(["q", "tau"], ("quantile",)),
    "stddev": ("std",),
}
_SHAPE = "Leave it out: the shape of the input comes from X."
_PENALTY = "Penalties are parameters of the estimator: alpha, l1 and weight_decay."
_NOTES: dict[str, dict[str, str]] = {  # by module; {} is the value that was given
    "layers": {
        "activation": "Put Activation({}) after it.",
        **dict.fromkeys(["input_shape", "input_dim", "input_size", "in_features"], _SHAPE),
        **dict.fromkeys(["in_channels", "num_features", "normalized_shape"], _SHAPE),
        **dict.fromkeys(["kernel_regularizer", "bias_regularizer"], _PENALTY),
        "activity_regularizer": "Put ActivityL1(strength) after it.",
        "kernel_constraint": "The estimator has max_norm.",
        "dropout": "Dropout is a layer of its own: Dropout({}).",
        "num_layers": "Write one layer after the other.",
        "bidirectional": "Write Bidirectional(layer).",
        "batch_first": "Leave it out: sequences are (n, steps, features).",
        "data_format": "Leave it out: images are (n, height, width, channels).",
    },
    "optim": {
        **dict.fromkeys(
            ["lr", "learning_rate"], "The rate is a parameter of the estimator: "
            "learning_rate_init={}.",
        ),
        "momentum": "Write Momentum({}), or Nesterov.",
        "nesterov": "Write Nesterov(momentum).",
        "weight_decay": "It is a parameter of the estimator: weight_decay={}.",
        "decay": 'Set learning_rate="invscaling" or another schedule in the estimator.',
        **dict.fromkeys(["clipnorm", "clip_norm"], "It is a parameter of the estimator: "
            "clip_norm={}."),
        **dict.fromkeys(["clipvalue", "clip_value"], "It is a parameter of the estimator: "
            "clip_value={}."),
    },
    "losses": {
        "from_logits": "Leave it out: networks end in raw outputs, and the loss knows the link.",
        "reduction": "Leave it out: the loss of a batch is the mean over its samples.",
        "weight": "The estimator has class_weight, and its fit sample_weight.",
        "ignore_index": "Label None, or -1, what does not count in y.",
    },
}  # fmt: skip

# Names of losses, functions and starts that are values: what they are, the first that is a choice.
_VALUES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(["mse", "mean_squared_error", "squared_loss"], ("squared_error",)),
    **dict.fromkeys(["mae", "mean_absolute_error"], ("absolute_error",)),
    **dict.fromkeys(["huber_loss", "smooth_l1"], ("huber",)),
    **dict.fromkeys(["quantile", "quantile_loss", "pinball_loss"], ("pinball",)),
    **dict.fromkeys(["focal_loss", "categorical_focal_crossentropy"], ("focal",)),
    **dict.fromkeys(["brier", "brier_score"], ("squared_error",)),
    **dict.fromkeys(
        [
            *("cross_entropy", "crossentropy", "categorical_crossentropy", "nll", "log"),
            *("sparse_categorical_crossentropy", "binary_crossentropy", "bce"),
        ],
        ("log_loss", "cross_entropy"),
    ),
    "linear": ("identity",),
    "logistic": ("sigmoid",),
    "silu": ("swish",),
    "lrelu": ("leaky_relu",),
    "xavier": ("glorot_uniform",),
    "kaiming": ("he_uniform",),
    **{f"xavier_{kind}": (f"glorot_{kind}",) for kind in ("normal", "uniform")},
    **{f"kaiming_{kind}": (f"he_{kind}",) for kind in ("normal", "uniform")},
    "plateau": ("reduce_on_plateau",),
    "cosine_annealing": ("cosine",),
    "cosine_decay": ("cosine",),
    "exponential_decay": ("exponential",),
}


def meant(value: str, choices: list[str]) -> str | None:
    """Which of the choices is most likely meant by a name."""
    found = [name for name in _VALUES.get(value.lower(), ()) if name in choices]
    return next(iter(found or difflib.get_close_matches(value, choices, n=1)), None)


def about_field(cls: type, name: str, value: object, known: Iterable[str]) -> str | None:
    """What to write instead of a field that a spec does not have, if other libraries have it."""
    known = set(known)
    for here in _FIELDS.get(name, ()):
        parts = here.split(" and ")
        if known.issuperset(parts):
            return f"Did you mean {' and '.join(map(repr, parts))}?"
    notes = _NOTES.get(cls.__module__.split(".")[1] if "." in cls.__module__ else "", {})
    return notes[name].format(short(value)) if name in notes else None


def short(value: object) -> str:
    """How a value is shown in an example."""
    is_plain = isinstance(value, (str, bool, int, float, tuple, type(None)))
    return repr(value) if is_plain and len(repr(value)) <= 30 else "..."


def raiser(module: str, names: Iterable[str]) -> Callable[[str], NoReturn]:
    """A ``__getattr__`` for a module of specs: AttributeError with what to write instead."""
    public = [name for name in names if not name.startswith("_")]

    def missing(name: str) -> NoReturn:
        raise AttributeError(about_name(module, name, public))

    return missing


def about_name(module: str, name: str, public: list[str]) -> str:
    """The message for a name that a module does not have."""
    start = f"module {module!r} has no attribute {name!r}"
    if name.startswith("_"):
        return start
    there = NAMES.get(module.partition(".")[2], {}).get(name)
    if there is None:
        lower = {known.lower(): known for known in public}
        close = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.75)
        there = lower[close[0]] if close else None
    if there is None:
        return start
    if " " in there:
        return f"{start}. {there}"
    return f"{start}. Did you mean {there!r}?"


def about_top_level(name: str, public: list[str]) -> str:
    """The message for a name that `fastdl` itself does not have."""
    if name in NAMES[""]:
        return about_name("fastdl", name, public)
    for module, names in NAMES.items():
        is_there = module and isinstance(
            getattr(import_module(f"fastdl.{module}"), name, None), type
        )
        there = name if is_there else names.get(name)
        if there is not None:
            hint = there if " " in there else f"Write fastdl.{module}.{there}."
            return f"module 'fastdl' has no attribute {name!r}. {hint}"
    return about_name("fastdl", name, public)


def refuse_unknown(cls: type, given: dict[str, Any], known: Iterable[str]) -> None:
    """Raise TypeError for the first argument of a constructor that is none of its fields."""
    known = list(known)
    for name, value in given.items():
        if name not in known:
            hint = about_field(cls, name, value, known)
            if hint is None:
                close = difflib.get_close_matches(name, known, n=1)
                hint = f"Did you mean {close[0]!r}?" if close else _listed(known)
            raise TypeError(f"{cls.__name__} has no parameter {name!r}. {hint}")


def _listed(known: list[str]) -> str:
    return f"It has {', '.join(map(repr, known))}." if known else "It has none."
