"""A network's program, with what it was compiled for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from fastdl import program as programs
from fastdl.layers import Layer
from fastdl.program import devices
from fastdl.program.devices import Device

if TYPE_CHECKING:
    from fastdl._core import Program
    from fastdl.fitting.trainable.network import TrainableNetwork


class Compiled(NamedTuple):
    """A program, and what a network must still be like for it to serve."""

    program: Program
    threads: int  # the most it can use
    convolution: str  # as asked for
    layers: Sequence[Layer]  # which are replaced for longer answers
    asked: tuple[str, str]  # device and precision
    device: Device  # what does the work

    @classmethod
    def of(cls, network: TrainableNetwork, threads: int, batch_size: int) -> Compiled:
        """The network compiled, with its loss and optimizer but not its weights."""
        asked = network.device, network.precision
        device = devices.choose(*asked, network.layers, network.input_shape, network.dtype)
        try:
            program = _made(network, device, threads, batch_size)
        except (ValueError, MemoryError) as error:  # a layer that a GPU lacks; no room
            if network.device != "auto" or not device.is_gpu:
                raise
            device = devices.CPU._replace(reason=str(error).rstrip("."))
            program = _made(network, device, threads, batch_size)
        programs.set_loss(program, network.loss, cap=network.cap)
        programs.set_optimizer(program, network.optimizer, **network.options)
        return cls(program, threads, network.convolution, network.layers, asked, device)

    def serves(self, network: TrainableNetwork, threads: int, batch_size: int) -> bool:
        """Whether it will do for the network as it is now."""
        return (
            self.threads >= threads
            and self.program.batch_size >= batch_size
            and self.program.input_shape == network.input_shape
            and self.convolution == network.convolution
            and self.layers is network.layers
            and self.asked == (network.device, network.precision)
        )


def _made(network: TrainableNetwork, device: Device, threads: int, batch_size: int) -> Program:
    return programs.make(
        network.layers,
        network.input_shape,
        dtype=network.dtype,
        backend=device.backend,
        precision=device.precision,
        batch_size=batch_size,
        threads=threads,
        seed=network.seed,
        convolution=network.convolution,
    )
