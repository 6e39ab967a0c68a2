"""The base of all estimators that learn: fit as a template, and what surrounds it."""

from __future__ import annotations

import copy
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, Self, dataclass_transform

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from fastdl._saved import NAMES, NATURAL, TEXT
from fastdl._sklearn import (
    CallbackSupportMixin,
    _fit_context,
    validate_parameter_constraints,
)
from fastdl._spec import Spec
from fastdl.estimators.base.saving import export_onnx, save
from fastdl.estimators.heads.head import Head
from fastdl.estimators.heads.itself import Nothing
from fastdl.estimators.inputs.scales import warn_of_other_scale
from fastdl.estimators.parameters.layer_params import set_layers, with_layers
from fastdl.estimators.parameters.names import (
    about_attribute,
    check_names,
    hint_for,
    with_hints,
)
from fastdl.estimators.parameters.words import complete, fitted, reword, word
from fastdl.fitting.job import Checked, Given, Job
from fastdl.fitting.random import generator
from fastdl.fitting.training import checkpoint
from fastdl.program import devices, dtype_name
from fastdl.program.devices import Device
from fastdl.samples import Sequences
from fastdl.validation import check_step_weights, check_weights

if TYPE_CHECKING:
    from fastdl.estimators.inputs import Input


@dataclass_transform(kw_only_default=True, field_specifiers=(word, reword, fitted))
class Estimator(CallbackSupportMixin, BaseEstimator):
    """Parameters from words, and a fit that leaves all as it was where it fails.

    A subclass says what its X is (`_inputs`) and what it does with a job (`_learn`).
    """

    n_features_in_: int = fitted("int", "Values in a sample.", saved=NATURAL)
    feature_names_in_: NDArray[Any] = fitted(
        "ndarray of shape (n_features_in_,)",
        "Names of the columns, where X was a data frame.",
        saved=NAMES,
    )
    device_: str = fitted(
        "str",
        'What did the work: "cpu" or "cuda:0"; of "auto" also why it was no GPU.',
        saved=TEXT,
    )

    _taken_as_is: ClassVar[tuple[str, ...]] = ()  # parameters that clones share: fitted estimators
    _layer_lists: ClassVar[tuple[str, ...]] = ()  # parameters that may be lists of layers

    def __sklearn_clone__(self) -> Self:
        """A clone learns from the same fitted estimators: they stay as they are."""
        bare = copy.copy(self)
        for name in self._taken_as_is:
            setattr(bare, name, None)
        new: Self = super(Estimator, bare).__sklearn_clone__()
        for name in self._taken_as_is:
            setattr(new, name, getattr(self, name))
        return new

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" not in cls.__dict__:  # a user's class may have one, as scikit-learn's do
            complete(cls)
        if "fit" in vars(cls):
            cls.fit = with_hints(cls.fit)

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Raise TypeError, with a hint, for parameters called as in other libraries."""
        check_names(cls, kwargs)
        return super().__new__(cls)

    if not TYPE_CHECKING:  # which knows what there is

        def __getattr__(self, name: str) -> Any:
            """Raise AttributeError, with a hint for what networks of other libraries have."""
            hint = about_attribute(self, name)
            if hint is None:
                return object.__getattribute__(self, name)  # raises what has led here
            raise AttributeError(hint)

    @classmethod
    def _get_param_names(cls) -> list[str]:
        """scikit-learn's, but constructors are not looked at, only a user's."""
        is_ours = "_defaults" in vars(cls)
        return sorted(cls._defaults) if is_ours else super()._get_param_names()

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters by name.

        With `deep`, also those of specs (``solver__beta1``), and of lists of layers each layer and
        its fields (``conv1``, ``conv1__filters``).
        """
        params: dict[str, Any] = super().get_params(deep=deep)
        return with_layers(self, self._layer_lists, params) if deep else params

    def set_params(self, **params: Any) -> Self:
        """Set parameters, those of specs (``solver__beta1``) and layers (``conv1__filters``) too.

        Specs and layers are immutable: the estimator gets changed ones.

        Returns
        -------
        estimator
            This object.

        Raises
        ------
        ValueError
            For a name that is no parameter; with a hint, where other libraries have it.
        """
        params = set_layers(self, self._layer_lists, params)
        for name in {key.partition("__")[0] for key in params}:
            hint = hint_for(type(self), name)
            if hint:
                raise ValueError(f"{type(self).__name__} has no parameter {name!r}. {hint}")
        for key in [key for key in params if "__" in key]:
            name, _, field = key.partition("__")
            spec = params.get(name, getattr(self, name, None))
            if isinstance(spec, Spec):
                params[name] = spec.set_params(**{field: params.pop(key)})
        super().set_params(**params)
        return self

    def __sklearn_tags__(self) -> Any:
        """Of X, as `_inputs` takes it."""
        tags = super().__sklearn_tags__()
        self._inputs.tag(tags.input_tags)
        return tags

    # --- what a subclass says

    @property
    def _inputs(self) -> Input:
        """What X is."""
        raise NotImplementedError

    def _learn(self, job: Job) -> None:
        """Do the job, and set the fitted attributes."""
        raise NotImplementedError

    @property
    def _head(self) -> Head:
        """What y is."""
        return Nothing()

    def _check(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        """Checked X and y."""
        return self._head.check(self, X, y, reset=reset)

    def _has_weights(self) -> bool:
        """Whether there is something to go on from."""
        return bool(self.__sklearn_is_fitted__())

    def __sklearn_is_fitted__(self) -> bool:
        raise NotImplementedError

    def _check_is_fitted(self) -> None:
        """Raise NotFittedError; scikit-learn's own function asks for tags first."""
        if not self.__sklearn_is_fitted__():
            check_is_fitted(self)

    def _validate_params(self) -> None:
        """scikit-learn's, for the parameters that are not their defaults."""
        if "_defaults" not in vars(type(self)):
            super()._validate_params()
            return
        values = vars(self)
        changed = {
            name: values[name]
            for name, default in self._defaults.items()
            if values.get(name, default) is not default
        }
        rate = changed.get("learning_rate")
        if isinstance(rate, Real) and "learning_rate_init" in values:
            raise ValueError(
                f"{type(self).__name__}: learning_rate={rate!r} is a number, but learning_rate is "
                f"the name of a schedule. Set learning_rate_init={rate!r}."
            )
        if changed:
            constraints = self._parameter_constraints
            validate_parameter_constraints(constraints, changed, type(self).__name__)
        if "dtype" in changed:
            dtype_name(changed["dtype"])

    # --- fit

    def _fit(self, given: Given, *, incremental: bool = False) -> Self:
        """Check everything, then learn: the fit of every estimator.

        Parameters
        ----------
        given : Given
        incremental : bool, default=False
            Whether this is a partial fit: one epoch from where it stands.
        """
        with checkpoint.fitting(self):
            return self._fit_guarded(given, incremental)

    @_fit_context(prefer_skip_nested_validation=True)  # within the guard: callbacks are torn down
    def _fit_guarded(self, given: Given, incremental: bool) -> Self:
        goes_on = self._has_weights() and (incremental or getattr(self, "warm_start", False))
        self._resolve_device()
        self._learn(self._job(given, not goes_on, incremental))
        self.device_ = self._works_on().said
        return self

    def _resolve_device(self) -> Device:
        """What `device` and `precision` stand for; raises where it is not there."""
        return devices.resolve(
            getattr(self, "device", "cpu"), getattr(self, "precision", "float32")
        )

    def _works_on(self) -> Device:
        """What did the work of the fit."""
        return self._resolve_device()

    def _job(self, given: Given, anew: bool, incremental: bool) -> Job:
        X, y = self._check(given.X, given.y, reset=anew)
        targets = self._head.targets(self, y, anew=anew, incremental=incremental)
        if targets is not None:
            self._targets = targets
        train, validation = self._weighted(X, y, given), None
        if given.validates:
            own = given.validation
            try:
                validation = self._weighted(*self._check(own.X, own.y, reset=False), own)
            except ValueError as error:
                raise ValueError(f"In the validation set: {error}") from error
            numbers = targets is not None and targets.kind == "continuous"
            y, y_val = (y, validation.y) if numbers else (None, None)
            if not getattr(self._inputs, "one_scale", False):
                warn_of_other_scale(self, X, y, validation.X, y_val)
        random_state = self._generator(incremental)
        return Job(train, validation, given.sample_weight, random_state, anew, incremental)

    def _weighted(self, X: Any, y: Any, given: Given) -> Checked:
        """Checked samples with their weights, those of classes multiplied in."""
        weight, class_weight = given.sample_weight, getattr(self, "class_weight", None)
        if isinstance(y, Sequences):
            weight = check_step_weights(weight, y, class_weight=class_weight)
            return Checked(X, y, weight, given.X)
        if weight is not None or class_weight is not None:
            weight = check_weights(weight, X, class_weight=class_weight, y=y)
        return Checked(X, y, weight, given.X)

    def _generator(self, incremental: bool) -> np.random.RandomState:
        """Where the draws of a fit come from."""
        return generator(self.random_state)

    def __getstate__(self) -> dict[str, Any]:
        """What copies, pickles and files get: during a fit, the end of the last epoch."""
        seen = checkpoint.seen_by_others(self)
        if seen is not None:
            return dict(seen.__getstate__())
        return checkpoint.whole_state(super().__getstate__())

    # --- model files

    def _restored(self) -> None:
        """Set the attributes that follow from those that a file holds."""

    save = save
    export_onnx = export_onnx


complete(Estimator)  # its subclasses are completed as they are made
