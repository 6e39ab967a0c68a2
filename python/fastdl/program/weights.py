"""What training changes in a program: read, kept and written, whole or by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from fastdl._core import ParameterInfo, Program, StateInfo


class Snapshot(NamedTuple):
    """All that training changes in a program, as arrays of its own.

    Attributes
    ----------
    weights : ndarray of shape (n_parameters,)
        In the order of ``program.parameters``, each C-contiguous in the user's layout.
    states : ndarray of shape (n_states,)
        Running statistics, in the order of ``program.states``.
    moments : ndarray of shape (n_moments, n_parameters)
        Of the optimizer.
    steps : int
        That the optimizer has made.
    """

    weights: NDArray[Any]
    states: NDArray[Any]
    moments: NDArray[Any]
    steps: int

    @classmethod
    def of(cls, program: Program, weights: NDArray[Any] | None = None) -> Snapshot:
        """Copies out of a program, but for the weights where they are given."""
        return cls(
            program.get_weights() if weights is None else weights,
            program.get_states(),
            program.get_optimizer(),
            program.optimizer_steps,
        )

    @classmethod
    def of_named(
        cls,
        weights: Mapping[str, NDArray[Any]],
        outline: tuple[list[ParameterInfo], list[StateInfo]],
        dtype: np.dtype[Any],
    ) -> Snapshot:
        """Of arrays by name, before any step of an optimizer.

        Parameters
        ----------
        weights : dict of str to ndarray
            Parameters and states, in the user's layout.
        outline : parameters and states of the layers, from ``_core.outline``
        dtype : dtype of all of them

        Raises
        ------
        ValueError
            For names, shapes or types that are not those of the layers.
        """
        check(weights, *outline)
        for name, value in weights.items():
            if value.dtype != dtype:
                raise ValueError(f"network: {name!r} is {value.dtype}; expected {dtype}.")
        flat, states = (
            _joined([weights[p.name].ravel() for p in infos], dtype) for infos in outline
        )
        return cls(flat, states, np.empty((0, len(flat)), dtype), 0)

    def by_name(
        self, outline: tuple[list[ParameterInfo], list[StateInfo]]
    ) -> dict[str, NDArray[Any]]:
        """What `of_named` takes: views of the weights and states."""
        parameters, infos = outline
        weights = {
            p.name: self.weights[p.offset : p.offset + p.size].reshape(p.shape) for p in parameters
        }
        ends = np.cumsum([s.size for s in infos])
        states = np.split(self.states, ends)
        return {**weights, **{s.name: of for s, of in zip(infos, states, strict=False)}}

    def load(self, program: Program) -> None:
        """Put everything into a program with the same layers and optimizer."""
        program.set_weights(self.weights)
        program.set_states(self.states)
        program.set_optimizer(self.moments, self.steps)


def _joined(arrays: list[NDArray[Any]], dtype: np.dtype[Any]) -> NDArray[Any]:
    """One after the other; a view of them where they stand so in a mapped file.

    Then loading takes no memory, and the weights are copied once: into the program.
    """
    block = arrays[0].base if arrays else None
    if isinstance(block, np.ndarray) and block.dtype == np.uint8 and block.ndim == 1:
        start = place = arrays[0].ctypes.data
        for array in arrays:
            if array.base is not block or array.ctypes.data != place:
                break
            place += array.nbytes
        else:
            first = start - block.ctypes.data
            return block[first : first + place - start].view(dtype)
    return np.concatenate([np.empty(0, dtype), *arrays])


def get_state(program: Program) -> dict[str, NDArray[Any]]:
    """Copies of all parameters and states (running statistics) by name, in the user's layout."""
    state = {p.name: program.get_parameter(p.name) for p in program.parameters}
    return {**state, **{s.name: program.get_state(s.name) for s in program.states}}


def set_state(program: Program, state: Mapping[str, NDArray[Any]]) -> None:
    """Put back what `get_state` gave, of this program or one with the same layers.

    Raises
    ------
    ValueError
        If names or shapes do not match; then nothing is changed.
    """
    check(state, program.parameters, program.states)
    for p in program.parameters:
        program.set_parameter(p.name, np.asarray(state[p.name], dtype=program.dtype))
    for s in program.states:
        program.set_state(s.name, np.asarray(state[s.name], dtype=program.dtype))


def check(
    state: Mapping[str, NDArray[Any]],
    parameters: Sequence[ParameterInfo],
    states: Sequence[StateInfo],
) -> None:
    """Raise ValueError, which lists all of them, if names or shapes are not those of a network."""
    shapes = {p.name: tuple(p.shape) for p in parameters}
    shapes.update({s.name: (s.size,) for s in states})
    wrong = []
    for name in dict.fromkeys([*shapes, *state]):
        if name not in state:
            wrong.append(f"'{name}' of the network is missing in the weights")
        elif name not in shapes:
            wrong.append(f"'{name}' of the weights is not in the network")
        elif np.shape(state[name]) != shapes[name]:
            wrong.append(
                f"'{name}' has shape {np.shape(state[name])} in the weights, but {shapes[name]} in "
                "the network"
            )
    if wrong:
        raise ValueError(f"{'; '.join(wrong)}. {_OTHER_NET}")


_OTHER_NET = "Weights fit only a network with the layers they were taken from."
