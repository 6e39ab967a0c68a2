"""Numbers in words and back: 90210 is "ninety thousand two hundred ten".

    python examples/numbers_in_words.py

Numbers from 0 to 999,999 in English, learnt from 10,000 pairs and tested on 1,000 new numbers:
digits to words, words (as tokens) to digits; greedy answers and the best of beams of five.
"""

import argparse
import time

import numpy as np

from fastdl import Seq2Seq

ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
ONES += ["eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"]
ONES += ["eighteen", "nineteen"]
TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def words(number: int) -> list[str]:
    """A number below a million."""
    if number < 20:
        return [ONES[number]]
    if number < 100:
        return [TENS[number // 10], *(words(number % 10) if number % 10 else [])]
    for size, name in ((1000, "thousand"), (100, "hundred")):
        if number >= size:
            rest = words(number % size) if number % size else []
            return [*words(number // size), name, *rest]
    raise AssertionError


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--units", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--seeds", type=int, default=1)
    arguments = parser.parse_args()

    for seed in range(arguments.seeds):
        random = np.random.RandomState(seed)
        # As many of each number of digits, or nearly all had six.
        sizes = random.randint(1, 7, 2 * arguments.pairs + 3000)
        drawn = [int(random.randint(10**size)) for size in sizes]
        numbers = list(dict.fromkeys(drawn))
        random.shuffle(numbers)
        test, train = numbers[:1000], numbers[1000 : 1000 + arguments.pairs]
        sides = {"digits": str, "words": words}
        for source, answer in (("digits", "words"), ("words", "digits")):
            net = Seq2Seq(
                (arguments.units,),
                learning_rate_init=0.005,
                learning_rate="cosine",
                max_epochs=arguments.epochs,
                batch_size=64,
                random_state=seed,
            )
            X, y = ([sides[side](number) for number in train] for side in (source, answer))
            X_test, y_test = ([sides[side](number) for number in test] for side in (source, answer))
            start = time.perf_counter()
            net.fit(X, y)
            print(f"seed {seed}, {source} to {answer}: {time.perf_counter() - start:.0f} s", end="")
            print(f", greedy {net.score(X_test, y_test):.1%} exact", end="")
            net.set_params(beam_size=5)
            print(f", beams of five {net.score(X_test, y_test):.1%}")


if __name__ == "__main__":
    main()
