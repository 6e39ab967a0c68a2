"""Greedy layer-wise pretraining: each hidden layer on the frozen output of the one below.

Bengio, Lamblin, Popovici and Larochelle, "Greedy layer-wise training of deep networks", NIPS 2006.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from numpy.typing import NDArray
from sklearn.utils import check_random_state

from fastdl._sklearn import _fit_context
from fastdl.estimators.autoencoders import coding
from fastdl.estimators.autoencoders.autoencoder import Autoencoder
from fastdl.estimators.parameters.words import parameters
from fastdl.fitting.job import Job
from fastdl.fitting.progress import layer_line
from fastdl.fitting.training import checkpoint
from fastdl.samples import core_input


class Pretrained(NamedTuple):
    """What pretraining leaves.

    Attributes
    ----------
    weights : dict of ndarray
        By name: encoder_1.weight, encoder_1.bias, of autoencoders also decoder_1.bias ...
    histories : list of dict
        The history of each layer's training.
    """

    weights: dict[str, NDArray[Any]]
    histories: list[dict[str, list[float]]]


class _LayerAutoencoder(Autoencoder):
    """Of one layer. X, and how wide it is, are for the stack to speak of."""

    def _check(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        return self._inputs.check(self, X, reset=reset), None

    def _start(self, job: Job) -> None:
        pass


def from_autoencoders(estimator: Any, X: Any, sample_weight: Any) -> Pretrained:
    """Train an autoencoder for each hidden layer, of X that the estimator has checked.

    The first gives back X. Those above give back activations: their decoder ends in the
    activation, and the cross-entropy is only for those of a sigmoid.
    """
    e = estimator
    coding.check_sparsity(e)
    coding.warn_of_wide_layers(e, X.shape[1])
    words = {name: getattr(e, name) for name in _parameters(e) & _parameters(Autoencoder)}
    words |= _of_one_layer(e) | {"loss": getattr(e, e._loss_word)}
    above = {"out_activation": e.activation if e.activation in ("relu", "sigmoid") else "identity"}
    if e.activation != "sigmoid":
        above["loss"] = "squared_error"

    def layer(i: int) -> Autoencoder:
        return _LayerAutoencoder(**words if i == 1 else words | above)

    return _greedy(e, X, None, sample_weight, layer)


def from_labels(estimator: Any, X: Any, y: Any, sample_weight: Any) -> Pretrained:
    """Train a network with one hidden layer for each hidden layer; its output layer goes.

    Greedier than without labels (section 5 of the paper): a layer keeps only what they ask for.
    """
    e = estimator
    words = {name: getattr(e, name) for name in _parameters(e)} | _of_one_layer(e)
    words |= {"pretraining": None, "representation": "replace", "fine_tune": True}
    return _greedy(e, X, y, sample_weight, lambda i: type(e)(**words))


_ONE_LAYER = {"early_stopping": False, "scoring": None, "warm_start": False}


def _of_one_layer(estimator: Any) -> dict[str, Any]:
    """Words of the network of one layer: its weights shrink only where the user says so."""
    decay = estimator.weight_decay
    return {**_ONE_LAYER, "weight_decay": None if decay == "auto" else decay}


def _parameters(estimator: Any) -> set[str]:
    made = estimator if isinstance(estimator, type) else type(estimator)
    return {f.name for f in parameters(made)}


def _greedy(e: Any, X: Any, y: Any, sample_weight: Any, layer: Callable[[int], Any]) -> Pretrained:
    sizes = coding.sizes_of(e)
    seeds = check_random_state(e.random_state).randint(2**31 - 1, size=len(sizes))
    n_epochs = e._pretrain_epochs(X.shape[0])
    weights, histories = {}, []
    for i, (size, seed) in enumerate(zip(sizes, seeds, strict=True), 1):
        net = layer(i).set_params(
            hidden_layer_sizes=(size,), max_epochs=n_epochs, random_state=int(seed)
        )
        net._complains = False
        if e.verbose:
            print(layer_line(i, X.shape[1], size))
        net.fit(X, y, sample_weight)
        program = net.program_
        for p in program.parameters:
            if p.name.startswith(("encoder", "decoder")):
                name = p.name.replace("coder_1", f"coder_{i}")
                weights[name] = program.get_parameter(p.name)
        histories.append(net.history_)
        X = program.predict(core_input(X), layer=net._layer_index("code"))
    return Pretrained(weights, histories)


@_fit_context(prefer_skip_nested_validation=True)
def pretrain(self: Any, X: Any) -> Any:
    """Train the hidden layers one after the other, without labels.

    `fit` then starts from these weights, however often it is called; without `pretrain` it begins
    by pretraining on its own X. A clone has forgotten them.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)

    Returns
    -------
    self
    """
    with checkpoint.fitting(self):
        X = self._inputs.check(self, X, reset=True)
        coding.check_range(self, X)
        found = from_autoencoders(self, X, None)
        self._pretrained = found._asdict()
        self.pretrain_history_ = found.histories
    return self


def given(estimator: Any) -> Pretrained | None:
    """What `pretrain` left."""
    known = hasattr(estimator, "_pretrained")
    return Pretrained(**estimator._pretrained) if known else None


def take_over(estimator: Any, pretrained: Pretrained) -> None:
    """Start the estimator's new network from pretrained weights.

    Raises
    ------
    ValueError
        If they are of other sizes.
    """
    e, program = estimator, estimator._network.program
    name = type(e).__name__
    for p in program.parameters:
        value = pretrained.weights.get(p.name)
        if value is None and p.name.startswith("encoder"):
            raise ValueError(
                f"{name}: hidden_layer_sizes={e.hidden_layer_sizes!r} has more layers than were "
                "pretrained. Call pretrain again."
            )
        if value is None:
            continue
        if value.shape != tuple(p.shape):
            raise ValueError(
                f"{name}: pretrain saw {p.name} of shape {value.shape}, but fit needs "
                f"{tuple(p.shape)}. Pretrain on samples of as many features, with the same "
                "hidden_layer_sizes."
            )
        program.set_parameter(p.name, value.astype(program.dtype))
    e.pretrain_history_ = pretrained.histories
