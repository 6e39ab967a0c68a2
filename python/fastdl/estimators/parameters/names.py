"""Names that users of other libraries try first."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from functools import cache, wraps
from inspect import signature
from typing import Any

from fastdl._other_names import short

_OTHER_NAMES = {  # the first that the estimator has is meant
    "epochs": ("max_iter", "max_epochs", "n_iter", "pretrain_epochs"),
    **dict.fromkeys(
        ["epoch", "max_epoch"], ("max_epochs", "max_iter", "n_iter", "pretrain_epochs")
    ),
    "n_epochs": ("max_iter", "max_epochs", "n_iter", "pretrain_epochs"),
    "max_epochs": ("max_iter", "n_iter"),
    "max_iter": ("max_epochs", "n_iter"),
    "lr": ("learning_rate_init", "learning_rate"),
    "n_hidden": ("n_components", "hidden_layer_sizes"),
    **dict.fromkeys(
        ["units", "neurons", "n_units", "hidden_units", "hidden_size", "layer_sizes"],
        ("hidden_layer_sizes", "n_components", "layers"),
    ),
    **dict.fromkeys(["filters", "n_filters"], ("conv_layer_sizes", "layers")),
    "embedding_dim": ("embedding_size", "vector_size"),
    "vocab_size": ("max_tokens",),
    "optimizer": ("solver",),
    "patience": ("n_iter_no_change",),
    "min_delta": ("tol",),
    "validation_split": ("validation_fraction",),
    "hidden_layers": ("hidden_layer_sizes", "layers"),
    "hidden_layer_sizes": ("layers",),
    "activations": ("activation",),
    "dropout_rate": ("dropout",),
    "augmentation": ("augment",),
    "data_augmentation": ("augment",),
    "batchnorm": ("batch_norm",),
    **dict.fromkeys(["l2", "C", "penalty", "reg_lambda"], ("alpha",)),
    "clipnorm": ("clip_norm",),
    "clipvalue": ("clip_value",),
    "betas": ("beta_1 and beta_2",),
    "eps": ("epsilon",),
    "metrics": ("scoring",),
    **dict.fromkeys(["criterion", "loss_fn", "loss_function"], ("loss",)),
    "label_smoothing": ("loss",),
    "quantile": ("loss",),
    "seed": ("random_state",),
    "n_threads": ("n_jobs",),
    "unknown_token": ("unknown",),
    "oov_token": ("unknown",),
    "tokenizer": ("analyzer",),
    "max_features": ("max_tokens",),
    "num_words": ("max_tokens",),
    "callbacks": ("set_callbacks()",),
}

_LIKE = 0.75  # of names that are alike: "batchsize", not "filters" and "integers"

# Attributes that networks have elsewhere: what this estimator must have for a hint, and the hint.
_MODE = ("", "Leave it out: fit trains, and all else uses the network as it is in use.")
_DEVICE = ("", 'Write device="cuda" in the constructor, or set_params(device="cuda") before fit.')
_WEIGHTS = ("get_weights", "Write get_weights().")
_PARTS = ("partial_fit", "Write partial_fit(X, y) for each part, or fit(X, y): X may be mapped.")
_ATTRIBUTES: dict[str, tuple[tuple[str, str], ...]] = {
    "compile": (("", "Leave it out: loss and optimizer are parameters; fit makes the network."),),
    "evaluate": (("score", "Write score(X, y)."), ("score_samples", "Write score_samples(X).")),
    "forward": (("predict", "Write predict(X)."), ("transform", "Write transform(X).")),
    **dict.fromkeys(["train", "eval"], (_MODE,)),
    **dict.fromkeys(["to", "cuda", "cpu"], (_DEVICE,)),
    **dict.fromkeys(["state_dict", "parameters", "named_parameters"], (_WEIGHTS,)),
    "load_state_dict": (("set_weights", "Write set_weights(weights)."),),
    "fit_generator": (_PARTS, ("", "Write fit(X, y): X may be mapped.")),
    "train_on_batch": (("partial_fit", "Write partial_fit(X, y)."),),
}


def about_attribute(estimator: Any, name: str) -> str | None:
    """The message for an attribute that networks of other libraries have, and this has not."""
    for here, hint in _ATTRIBUTES.get(name, ()):
        if not here or hasattr(estimator, here):
            return f"{type(estimator).__name__!r} object has no attribute {name!r}. {hint}"
    return None


@cache
def _parameters(estimator: type) -> frozenset[str]:
    return frozenset(signature(estimator).parameters)


_OF_FIT = {  # arguments of other libraries' fit, and what fastdl's must have for the hint
    "validation_data": ("X_val", "Pass X_val and y_val."),
    "eval_set": ("X_val", "Pass X_val and y_val."),
    "X_valid": ("X_val", "Pass X_val and y_val."),
    "callbacks": ("", "Call set_callbacks(...) before it."),
    "sample_weights": ("sample_weight", "Did you mean 'sample_weight'?"),
}


def check_names(estimator: type, names: Iterable[str]) -> None:
    """Raise TypeError for names that are no parameters, with the one that may be meant, or all."""
    known = _parameters(estimator)
    for name in names:
        hint = hint_for(estimator, name)
        if hint is None and name not in known and not _takes_any(estimator):
            hint = f"It has {', '.join(map(repr, sorted(known)))}."
        if hint:
            raise TypeError(f"{estimator.__name__} has no parameter {name!r}. {hint}")


@cache
def _takes_any(estimator: type) -> bool:
    """Whether it is a user's class, with ``**kwargs`` in its constructor."""
    return any(p.kind is p.VAR_KEYWORD for p in signature(estimator).parameters.values())


def hint_for(estimator: type, name: str) -> str | None:
    """Which parameter may be meant by a name that is none; None where that cannot be said."""
    known = _parameters(estimator)
    if name in known:
        return None
    others = _meant(known, name) or difflib.get_close_matches(name, known, n=1, cutoff=_LIKE)
    return f"Did you mean {' and '.join(map(repr, others))}?" if others else None


def _meant(known: frozenset[str], name: str) -> list[str]:
    """The parameters for what another library calls by that name."""
    for others in _OTHER_NAMES.get(name, ()):
        names = others.split(" and ")
        if all(other in known or other.endswith("()") for other in names):
            return names
    return []


def with_hints(fit: Callable[..., Any]) -> Callable[..., Any]:
    """A fit that says where to put what other libraries' fit takes, and this one does not."""
    own = dict.fromkeys(signature(fit).parameters)

    @wraps(fit)
    def fit_or_hint(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not kwargs.keys() <= own.keys():
            _check_arguments(type(self), kwargs, own)
        return fit(self, *args, **kwargs)

    return fit_or_hint


def _check_arguments(estimator: type, given: Mapping[str, Any], own: Iterable[str]) -> None:
    known, own, called = _parameters(estimator), list(own), estimator.__name__
    for name, value in given.items():
        if name in own:
            continue
        needed, hint = _OF_FIT.get(name, ("", ""))
        parameters = [name] if name in known else _meant(known, name)
        if not hint and len(parameters) == 1 and parameters[0] in known:
            (parameter,) = parameters
            hint = f"It is a parameter: {called}({parameter}={short(value)})."
        if not hint or (needed and needed not in own):
            hint = f"It takes {', '.join(arg for arg in own if arg != 'self')}."
        raise TypeError(f"{called}.fit has no argument {name!r}. {hint}")
