"""Beijing's air one hour ahead, from the last 24 hours: windows over a series.

    python examples/beijing_pm25.py --data beijing_pm25.npz

The file holds values (hours, 7), whose first column is PM2.5 in ug/m3 (NaN where missing) and the
others weather; wind_direction (hours,), codes; wind_names. The last year is the test set. The
forecasts to beat are persistence, the next hour is like this one, and Ridge on the same windows.

X. Liang et al., "Assessing Beijing's PM2.5 pollution", Proceedings of the Royal Society A 471
(2015), for the data.
"""

import argparse
import time

import numpy as np
from sklearn.linear_model import Ridge

from fastdl import RNNRegressor
from fastdl.data import windows

HOURS, YEAR = 24, 365 * 24


def features(data):
    """What is known of each hour (hours, F), and PM2.5 (hours,), NaN where missing.

    Hours without a measurement have the last one before them, and a mark.
    """
    pm25, weather = data["values"][:, 0], data["values"][:, 1:].copy()
    missing = np.isnan(pm25)
    last = np.maximum.accumulate(np.where(missing, 0, np.arange(len(pm25))))
    known = np.nan_to_num(pm25[last])
    weather[:, 3:] = np.log1p(weather[:, 3:])  # wind, snow and rain are cumulated
    wind = np.eye(len(data["wind_names"]))[data["wind_direction"]]
    angle = 2 * np.pi * np.arange(len(pm25)) / 24
    X = np.column_stack([known, np.log1p(known), missing, np.sin(angle), np.cos(angle), weather])
    return np.hstack([X, wind]).astype(np.float32), pm25


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="an npz file with values, wind_direction ...")
    parser.add_argument("--epochs", type=int, default=15)
    arguments = parser.parse_args()

    X, pm25 = features(np.load(arguments.data))
    mean, std = X[:-YEAR].mean(axis=0), X[:-YEAR].std(axis=0)
    _, ahead = windows(pm25, HOURS)
    sequences, _ = windows((X - mean) / std, HOURS)
    now = pm25[HOURS - 1 : -1]  # the last hour of each
    usable = ~np.isnan(now) & ~np.isnan(ahead)
    train, test = (np.flatnonzero(usable[p]) + p.start for p in parts(len(ahead)))

    change = ahead - now  # what persistence does not know
    scale = np.std(change[train])
    rnn = RNNRegressor(
        (64,),
        cell="gru",
        dropout=0.2,
        learning_rate="cosine",
        learning_rate_init=2e-3,
        batch_size=64,
        weight_decay=0,
        max_epochs=arguments.epochs,
        random_state=0,
    )
    start = time.perf_counter()
    rnn.fit(sequences[train], change[train] / scale)
    seconds = time.perf_counter() - start
    lags = sequences.reshape(len(sequences), -1).astype(np.float64)
    ridge = Ridge().fit(lags[train], change[train] / scale)
    forecasts = {
        "persistence": now[test],
        "Ridge on lags": now[test] + scale * ridge.predict(lags[test]),
        f"recurrent network ({seconds:.0f} s)": now[test] + scale * rnn.predict(sequences[test]),
    }
    for name, forecast in forecasts.items():
        error = forecast - ahead[test]
        rmse, mae = np.sqrt(np.mean(error**2)), np.mean(np.abs(error))
        print(f"{name:<28} RMSE {rmse:.2f}, MAE {mae:.2f} ug/m3")


def parts(n):
    """All but the last year, and that year."""
    return slice(0, n - YEAR), slice(n - YEAR, n)


if __name__ == "__main__":
    main()
