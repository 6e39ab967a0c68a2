"""Names that users of other libraries try first."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from inspect import signature

_OTHER_NAMES = {  # the first that the estimator has is meant
    "epochs": ("max_iter", "max_epochs", "n_iter"),
    "n_epochs": ("max_iter", "max_epochs", "n_iter"),
    "max_epochs": ("max_iter", "n_iter"),
    "max_iter": ("max_epochs", "n_iter"),
    "lr": ("learning_rate_init", "learning_rate"),
    "n_hidden": ("n_components", "hidden_layer_sizes"),
    "optimizer": ("solver",),
    "patience": ("n_iter_no_change",),
    "min_delta": ("tol",),
    "validation_split": ("validation_fraction",),
    "hidden_layers": ("hidden_layer_sizes",),
    "activations": ("activation",),
    "dropout_rate": ("dropout",),
    "batchnorm": ("batch_norm",),
    "l2": ("alpha",),
    "clipnorm": ("clip_norm",),
    "clipvalue": ("clip_value",),
    "betas": ("beta_1 and beta_2",),
    "eps": ("epsilon",),
    "metrics": ("scoring",),
    "seed": ("random_state",),
    "n_threads": ("n_jobs",),
    "unknown_token": ("unknown",),
    "oov_token": ("unknown",),
    "tokenizer": ("analyzer",),
    "max_features": ("max_tokens",),
    "num_words": ("max_tokens",),
    "callbacks": ("set_callbacks()",),
}


@cache
def _parameters(estimator: type) -> frozenset[str]:
    return frozenset(signature(estimator).parameters)


def check_names(estimator: type, names: Iterable[str]) -> None:
    """Raise TypeError with a "did you mean" for names of parameters known from elsewhere."""
    known = _parameters(estimator)
    for name in names:
        for others in map(_split, _OTHER_NAMES.get(name, ())):
            if name not in known and all(o in known or o.endswith("()") for o in others):
                raise TypeError(
                    f"{estimator.__name__} has no parameter {name!r}. "
                    f"Did you mean {' and '.join(map(repr, others))}?"
                )


def _split(names: str) -> list[str]:
    return names.split(" and ")
