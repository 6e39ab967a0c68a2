"""Update rules: f(g, m, v, t, s) -> (what is added to the weights, new m, new v)."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .types import Array


class Settings(NamedTuple):
    rate: float = 0.05
    momentum: float = 0.9  # rho of adadelta and rmsprop
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8


Moments = tuple[Array, Array, Array]


def sgd(g: Array, m: Array, v: Array, t: int, s: Settings) -> Moments:
    return -s.rate * g, m, v


def momentum(g: Array, m: Array, v: Array, t: int, s: Settings) -> Moments:
    m = s.momentum * m - s.rate * g
    return m, m, v


def nesterov(g: Array, m: Array, v: Array, t: int, s: Settings) -> Moments:
    m = s.momentum * m - s.rate * g
    return s.momentum * m - s.rate * g, m, v


def adagrad(g: Array, m: Array, v: Array, t: int, s: Settings) -> Moments:
    m = m + g**2
    return -s.rate * g / (np.sqrt(m) + s.eps), m, v


def adadelta(g: Array, m: Array, v: Array, t: int, s: Settings) -> Moments:
    m = s.momentum * m + (1 - s.momentum) * g**2
    d = g * np.sqrt(v + s.eps) / np.sqrt(m + s.eps)
    return -s.rate * d, m, s.momentum * v + (1 - s.momentum) * d**2


def rmsprop(g: Array, m: Array, v: Array, t: int, s: Settings) -> Moments:
    m = s.momentum * m + (1 - s.momentum) * g**2
    return -s.rate * g / (np.sqrt(m) + s.eps), m, v


def adam(g: Array, m: Array, v: Array, t: int, s: Settings) -> Moments:
    m, v = s.beta1 * m + (1 - s.beta1) * g, s.beta2 * v + (1 - s.beta2) * g**2
    rate = s.rate * np.sqrt(1 - s.beta2**t) / (1 - s.beta1**t)
    return -rate * m / (np.sqrt(v) + s.eps), m, v


def adamw(g: Array, m: Array, v: Array, t: int, s: Settings) -> Moments:
    """Its weight decay stands beside the rule."""
    m, v = s.beta1 * m + (1 - s.beta1) * g, s.beta2 * v + (1 - s.beta2) * g**2
    return -s.rate * m / (1 - s.beta1**t) / (np.sqrt(v / (1 - s.beta2**t)) + s.eps), m, v


def nadam(g: Array, m: Array, v: Array, t: int, s: Settings) -> Moments:
    m, v = s.beta1 * m + (1 - s.beta1) * g, s.beta2 * v + (1 - s.beta2) * g**2
    mu = [s.beta1 * (1 - 0.5 * 0.96 ** (0.004 * i)) for i in range(1, t + 2)]  # mu_1 .. mu_{t+1}
    ahead = mu[t] * m / (1 - np.prod(mu)) + (1 - mu[t - 1]) * g / (1 - np.prod(mu[:t]))
    return -s.rate * ahead / (np.sqrt(v / (1 - s.beta2**t)) + s.eps), m, v


UPDATES: dict[str, Callable[[Array, Array, Array, int, Settings], Moments]] = {
    "sgd": sgd,
    "momentum": momentum,
    "nesterov": nesterov,
    "adagrad": adagrad,
    "adadelta": adadelta,
    "rmsprop": rmsprop,
    "adam": adam,
    "adamw": adamw,
    "nadam": nadam,
}
