"""A character language model of Shakespeare: below 1.6 nats a character in minutes on two cores.

    python examples/tiny_shakespeare.py --data tinyshakespeare.txt

The file is input.txt of karpathy/char-rnn, 1.1 million characters; any text will do. The last tenth
is kept for the score.

A. Karpathy, "The unreasonable effectiveness of recurrent neural networks" (2015).
"""

import argparse
import time
from pathlib import Path

from fastdl import TextGenerator


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="a text file")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--units", type=int, default=256)
    parser.add_argument("--temperature", type=float, default=0.7, help="of the sample")
    arguments = parser.parse_args()

    text = Path(arguments.data).read_text()
    n_train = int(0.9 * len(text))
    train, test = text[:n_train], text[n_train:]

    generator = TextGenerator(
        (arguments.units,),
        dropout=0.2,
        embedding_size=64,
        learning_rate="cosine",
        learning_rate_init=4e-3,
        max_epochs=arguments.epochs,
        random_state=0,
        verbose=True,
    )
    start = time.perf_counter()
    generator.fit(train)
    print(f"fitted in {time.perf_counter() - start:.0f} s")
    print(f"{-generator.score(test):.3f} nats per character on the last tenth")
    prompt = "ROMEO:\n"
    print(prompt + generator.sample(prompt, 500, temperature=arguments.temperature, random_state=0))


if __name__ == "__main__":
    main()
