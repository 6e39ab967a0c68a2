"""Time series: windows of it, and forecasts of what comes next."""

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import TimeSeriesSplit, cross_val_score

from fastdl import RNNRegressor
from fastdl.data import windows

WAVE = np.sin(np.arange(260) / 4)
BOTH = np.stack([WAVE, np.cos(np.arange(260) / 4)], axis=1)


def rnn(X: Any, y: Any, **params: Any) -> RNNRegressor:
    words = {"max_epochs": 1, "random_state": 0, "n_jobs": 1, **params}
    return RNNRegressor((8,), **words).fit(X, y)


@pytest.mark.parametrize("n_series", [None, 1, 3])
@pytest.mark.parametrize(("length", "horizon", "stride"), [(4, 1, 1), (4, 3, 1), (5, 2, 3)])
@pytest.mark.parametrize("others", [0, 2])
def test_windows_by_hand(
    n_series: Any, length: int, horizon: int, stride: int, others: int
) -> None:
    rng = np.random.default_rng(0)
    series = rng.random(20 if n_series is None else (20, n_series))
    exogenous = rng.random((20, others)) if others else None
    X, y = windows(series, length, horizon, stride, exogenous)
    table = series.reshape(20, -1)
    known = np.hstack([table, exogenous]) if others else table
    starts = range(0, 20 - length - horizon + 1, stride)
    np.testing.assert_array_equal(X, [known[i : i + length] for i in starts])
    ahead = [table[i + length : i + length + horizon].ravel() for i in starts]
    alone = n_series is None and horizon == 1
    np.testing.assert_array_equal(y, np.ravel(ahead) if alone else ahead)
    assert len(X) == (20 - length - horizon) // stride + 1
    assert X.flags.c_contiguous
    assert X.flags.writeable


def test_series_of_any_kind() -> None:
    pd, pl = pytest.importorskip("pandas"), pytest.importorskip("polars")
    X, y = windows(WAVE, 5)
    for form in (WAVE.tolist(), pd.Series(WAVE), pl.Series(WAVE)):
        for ours, theirs in zip(windows(form, 5), (X, y), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    X, y = windows(BOTH, 5)
    frame = pd.DataFrame(BOTH, columns=["a", "b"])
    for form in (frame, frame.astype(object), pl.DataFrame(frame)):
        np.testing.assert_array_equal(windows(form, 5)[0], X)
    np.testing.assert_array_equal(windows(BOTH[:, 0], 5, exogenous=frame["b"])[0], X)
    assert windows(WAVE.astype(np.float32), 5)[0].dtype == np.float32
    assert windows(np.arange(9), 5)[0].dtype == np.float64


def test_forecasts_go_on_from_their_own_answers() -> None:
    reg = rnn(*windows(WAVE, 12), max_epochs=40, learning_rate_init=0.02)
    found = reg.forecast(WAVE, 9)
    known = WAVE.tolist()
    for _ in range(9):
        known.append(float(reg.predict(np.array(known[-12:])[np.newaxis, :, np.newaxis])[0]))
    np.testing.assert_allclose(found, known[-9:], rtol=1e-6)
    assert np.abs(found - np.sin(np.arange(260, 269) / 4)).max() < 0.3


@pytest.mark.parametrize("n_steps", [1, 3, 4, 7])
def test_horizons_are_answered_at_once(n_steps: int) -> None:
    reg = rnn(*windows(BOTH, 6, horizon=3))
    found = reg.forecast(BOTH, n_steps)
    assert found.shape == (n_steps, 2)
    first = reg.predict(BOTH[np.newaxis, -6:])[0].reshape(3, 2)
    np.testing.assert_array_equal(found[:3], first[:n_steps])
    if n_steps > 3:
        known = np.vstack([BOTH, first])
        again = reg.predict(known[np.newaxis, -6:])[0].reshape(3, 2)
        np.testing.assert_array_equal(found[3:6], again[: n_steps - 3])


def test_what_else_is_known_of_later_steps() -> None:
    other = np.arange(270.0)[:, np.newaxis] / 270
    reg = rnn(*windows(WAVE, 6, exogenous=other[:260]))
    found = reg.forecast(WAVE, 4, exogenous=other)
    known = WAVE.tolist()
    for t in range(260, 264):
        window = np.stack([known[-6:], other[t - 6 : t, 0]], axis=1)
        known.append(float(reg.predict(window[np.newaxis])[0]))
    np.testing.assert_allclose(found, known[-4:], rtol=1e-6)
    np.testing.assert_array_equal(reg.forecast(WAVE, 1, exogenous=other[:260]), found[:1])


def test_a_value_for_every_step() -> None:
    """Where each step is followed by its target, the last one is the forecast."""
    X, y = windows(WAVE, 6)
    steps = np.concatenate([X[:, 1:, 0], y[:, np.newaxis]], axis=1)
    reg = rnn(X, steps, return_sequences=True)
    np.testing.assert_array_equal(
        reg.forecast(WAVE, 1), reg.predict(WAVE[np.newaxis, -6:, np.newaxis])[0, -1:]
    )


def test_beside_ridge_in_time_series_splits() -> None:
    X, y = windows(WAVE + 0.1 * np.random.default_rng(0).normal(size=260), 12)
    split = TimeSeriesSplit(3)
    reg = RNNRegressor((8,), max_epochs=20, learning_rate_init=0.02, random_state=0, n_jobs=1)
    assert cross_val_score(reg, X, y, cv=split).min() > 0.5
    assert cross_val_score(Ridge(), X.reshape(len(X), -1), y, cv=split).min() > 0.9


# fmt: off
TEXTS = [
    (lambda reg: windows(WAVE, 0), "length=0; expected a positive integer."),
    (lambda reg: windows(WAVE, 5, horizon=1.5), "horizon=1.5; expected a positive integer."),
    (lambda reg: windows(WAVE, 5, stride=0), "stride=0; expected a positive integer."),
    (lambda reg: windows(WAVE[:6], 5, 2),
     "series has 6 steps; a window of length=5 and what comes after it, horizon=2, need 7. Pass a "
     "longer series, or make them less."),
    (lambda reg: windows(["a", "b"], 1),
     "series has shape (2,) and dtype <U1; expected numbers, one for each step (T,) or several "
     "(T, F)."),
    (lambda reg: windows(np.zeros((9, 2, 2)), 1),
     "series has shape (9, 2, 2) and dtype float64; expected numbers, one for each step (T,) or "
     "several (T, F)."),
    (lambda reg: windows(WAVE, 5, exogenous=BOTH[:9]),
     "exogenous has 9 steps, but series has 260; expected a row for each."),
    (lambda reg: reg.forecast(WAVE, 0), "n_steps=0; expected a positive integer."),
    (lambda reg: reg.forecast(WAVE, 2),
     "series has 1 and exogenous 0 columns, but RNNRegressor was fitted with windows of 2 "
     "features. Pass what fastdl.data.windows had."),
    (lambda reg: reg.forecast(WAVE[:5], 2, exogenous=WAVE),
     "series has 5 steps, but RNNRegressor was fitted with windows of 6. Pass at least as many."),
    (lambda reg: reg.forecast(WAVE, 5, exogenous=WAVE),
     "exogenous has 260 steps; a forecast of 5 steps, 2 at a time, needs it for 264: the 260 of "
     "the series and 4 after it."),
    (lambda reg: reg.forecast(np.where(WAVE > 0, np.nan, WAVE), 5, exogenous=np.zeros(300)),
     "Input X contains NaN: step 0 of X[0]. Fill it in, or leave the step out."),
    (lambda reg: rnn(np.zeros((9, 4, 2)), np.zeros((9, 3))).forecast(BOTH, 1),
     "RNNRegressor was fitted with 3 numbers for each window, which is no number of steps of a "
     "series of 2 columns. Fit it on the y of fastdl.data.windows."),
    (lambda reg: rnn(["ab", "c"], [1.0, 2.0]).forecast(WAVE, 1),
     "RNNRegressor was fitted with symbols, of which there is no forecast."),
]
# fmt: on


@pytest.mark.parametrize(("call", "text"), TEXTS, ids=[text[:40] for _, text in TEXTS])
def test_text(call: Any, text: str) -> None:
    reg = rnn(*windows(WAVE, 6, horizon=2, exogenous=WAVE))
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        call(reg)
    assert str(caught.value) == text
