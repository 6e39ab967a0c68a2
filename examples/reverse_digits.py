"""Digits in reverse: does it still work for sequences longer than all that were learnt?

    python examples/reverse_digits.py --pictures digits

The answer to 3 1 4 1 5 is 5 1 4 1 3. Learnt with up to 12 digits, tested on new ones, and on 13 to
20. The picture shows the weights of attention, which run along the other diagonal.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from fastdl import Seq2Seq
from fastdl.plotting import AttentionDisplay


def digits(n: int, least: int, most: int, random: np.random.RandomState) -> list[str]:
    """Sequences of digits, of lengths from `least` to `most`."""
    lengths = random.randint(least, most + 1, n)
    return ["".join(map(str, random.randint(0, 10, length))) for length in lengths]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--units", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--pictures", type=Path)
    arguments = parser.parse_args()

    for seed in range(arguments.seeds):
        random = np.random.RandomState(seed)
        X = digits(arguments.pairs, 1, 12, random)
        net = Seq2Seq(
            (arguments.units,),
            learning_rate_init=0.005,
            learning_rate="cosine",
            max_epochs=arguments.epochs,
            batch_size=64,
            max_length=25,
            random_state=seed,
        )
        start = time.perf_counter()
        net.fit(X, [x[::-1] for x in X])
        print(f"seed {seed}: fitted in {time.perf_counter() - start:.0f} s")
        for least, most in [(1, 12), *((length, length) for length in range(13, 21))]:
            test = digits(500, least, most, random)
            share = net.score(test, [x[::-1] for x in test])
            print(f"{least} to {most} digits: {share:.1%} exact")
        if arguments.pictures:
            arguments.pictures.mkdir(parents=True, exist_ok=True)
            display = AttentionDisplay.from_estimator(net, "314159265358")
            display.figure_.savefig(arguments.pictures / "reverse.png")


if __name__ == "__main__":
    main()
