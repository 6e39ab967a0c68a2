"""A time series some steps ahead: a recurrent network, Ridge on lags, and persistence.

    python examples/forecast_series.py --data monthly_sunspots.csv
    python examples/forecast_series.py --data daily_min_temperatures.csv --length 14 --period 365

The file has a header and two columns, date and value. Windows of the series are the network's
sequences and, laid flat, Ridge's lags; both forecast all steps of the horizon at once. The last
fifth is the test set. The period, if there is one, gives them the place in it, as sine and cosine.
Before, both are scored on the past alone, by `TimeSeriesSplit`: no fold learns from what comes
after it.
"""

import argparse
import csv
import time
from pathlib import Path

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.model_selection import TimeSeriesSplit, cross_val_score

from fastdl import RNNRegressor
from fastdl.data import windows


def read(path):
    """The second column."""
    with open(path, newline="", encoding="utf-8") as file:
        return np.array([float(value) for _, value in list(csv.reader(file))[1:]])


def place_in(period, n):
    """Sine and cosine of where each of n steps stands in the period."""
    angle = 2 * np.pi * np.arange(n) / period
    return np.stack([np.sin(angle), np.cos(angle)], axis=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, type=Path, help="a csv file: date, value")
    parser.add_argument("--length", type=int, default=48, help="steps of a window")
    parser.add_argument("--horizon", type=int, default=12, help="steps to forecast")
    parser.add_argument("--period", type=float, help="steps of a cycle that is known")
    parser.add_argument("--epochs", type=int, default=15)
    arguments = parser.parse_args()

    series, length, horizon = read(arguments.data), arguments.length, arguments.horizon
    n_train = int(0.8 * len(series))
    mean, std = series[:n_train].mean(), series[:n_train].std()
    z = (series - mean) / std
    known = None if arguments.period is None else place_in(arguments.period, len(series) + horizon)
    X, y = windows(z, length, horizon, exogenous=None if known is None else known[: len(z)])
    first = n_train - length  # the first window whose targets are all of the last fifth
    train, test = slice(0, first - horizon + 1), slice(first, None)

    rnn = RNNRegressor(
        (32,),
        cell="gru",
        dropout=0.2,
        learning_rate="cosine",
        learning_rate_init=5e-3,
        batch_size=32,
        weight_decay=0,
        max_epochs=arguments.epochs,
        random_state=0,
    )
    ridge, lags = Ridge(), X.reshape(len(X), -1)
    folds = TimeSeriesSplit(3, gap=horizon - 1)
    for name, estimator, inputs in (("network", rnn, X), ("Ridge", ridge, lags)):
        scores = cross_val_score(estimator, inputs[train], y[train], cv=folds)
        print(f"{name:<24} R2 in three folds of the past: {np.round(scores, 3)}")

    start = time.perf_counter()
    rnn.fit(X[train], y[train])
    seconds = time.perf_counter() - start
    forecasts = {
        "persistence": np.repeat(X[test, -1, :1], horizon, axis=1),
        "Ridge on lags": ridge.fit(lags[train], y[train]).predict(lags[test]),
        f"network ({seconds:.0f} s)": rnn.predict(X[test]),
    }
    for name, forecast in forecasts.items():
        error = std * np.sqrt(np.mean((forecast - y[test]) ** 2, axis=0))
        whole = std * np.sqrt(np.mean((forecast - y[test]) ** 2))
        print(f"{name:<24} RMSE {error[0]:.2f} one step ahead, {whole:.2f} over {horizon} steps")
    ahead = mean + std * rnn.forecast(z, 2 * horizon, exogenous=known)
    print(f"after the end: {np.round(ahead, 1)}")


if __name__ == "__main__":
    main()
