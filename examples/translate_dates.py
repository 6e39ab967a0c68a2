"""Dates as people write them into ISO: an encoder-decoder with attention, and without.

    python examples/translate_dates.py --pictures dates

Dates from 1900 to 2099 are written in twelve forms: "3 May 1979", "5/3/79", "Thursday, May 3,
1979" ... With --languages, months have French, German and Spanish names too. The network sees
characters and nothing else; it is tested on new dates. The picture shows where it looked.
"""

import argparse
import datetime
import time
from pathlib import Path

import numpy as np

from fastdl import Seq2Seq
from fastdl.plotting import AttentionDisplay

MONTHS = {
    "en": "January February March April May June July August September October November December",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre "
    "diciembre",
}
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def written(day: datetime.date, form: int, language: str) -> str:
    """A date in one of twelve forms; years of two digits are of 1970 to 2069."""
    month = MONTHS[language].split()[day.month - 1]
    d, m, y = day.day, day.month, day.year
    short = f"{y % 100:02d}" if 1970 <= y < 2070 else str(y)
    return (
        f"{d} {month} {y}",
        f"{month} {d}, {y}",
        f"{d} {month[:3]} {short}",
        f"{d:02d} {month[:3]} {y}",
        f"{m}/{d}/{short}",
        f"{m:02d}/{d:02d}/{y}",
        f"{d}.{m}.{y}",
        f"{y}{m:02d}{d:02d}",
        f"{DAYS[day.weekday()]}, {month} {d}, {y}",
        f"{DAYS[day.weekday()][:3]} {d} {month[:3]} {y}",
        f"{month[:3]} {d} {short}",
        f"{d}-{month[:3]}-{y}",
    )[form]


def pairs(n: int, languages: list[str], random: np.random.RandomState) -> tuple[list[str], ...]:
    """Dates as they are written, and in ISO's form."""
    X, y = [], []
    for _ in range(n):
        day = datetime.date(1900, 1, 1) + datetime.timedelta(int(random.randint(73049)))
        X.append(written(day, random.randint(12), languages[random.randint(len(languages))]))
        y.append(day.isoformat())
    return X, y


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--units", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--languages", nargs="*", default=["en"], choices=list(MONTHS))
    parser.add_argument("--pictures", type=Path)
    arguments = parser.parse_args()

    for seed in range(arguments.seeds):
        random = np.random.RandomState(seed)
        X, y = pairs(arguments.pairs, arguments.languages, random)
        X_test, y_test = pairs(1000, arguments.languages, random)
        for attention in ("additive", "general", None):
            net = Seq2Seq(
                (arguments.units,),
                attention=attention,
                learning_rate_init=0.005,
                learning_rate="cosine",
                max_epochs=arguments.epochs,
                batch_size=64,
                random_state=seed,
            )
            start = time.perf_counter()
            net.fit(X, y)
            seconds = time.perf_counter() - start
            share = net.score(X_test, y_test)
            print(f"seed {seed}, attention={attention!r}: {share:.1%} exact after {seconds:.0f} s")
            if attention and arguments.pictures:
                arguments.pictures.mkdir(parents=True, exist_ok=True)
                display = AttentionDisplay.from_estimator(net, "Thursday, May 3, 1979")
                display.figure_.savefig(arguments.pictures / f"{attention}.png")


if __name__ == "__main__":
    main()
