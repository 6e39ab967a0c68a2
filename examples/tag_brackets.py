"""How deep in brackets is every character? A tagging task that is solved without a mistake.

    python examples/tag_brackets.py

Texts of letters and brackets are made, ten to forty characters long; the label of a character is
the number of brackets that are open after it, or "!" where a bracket closes that was never opened.
The tagger is tested on new texts of the same kind and on texts that are four times as long.
"""

import argparse
import time

import numpy as np

from fastdl import SequenceTagger

DEEPEST = 6


def make_text(length: int, random: np.random.RandomState) -> str:
    """Draw letters and brackets, never opening more than DEEPEST."""
    text, depth = "", 0
    for _ in range(length):
        character = random.choice(list("(((()))))abc"))
        if character == "(" and depth == DEEPEST:
            character = ")"
        depth = max(depth + {"(": 1, ")": -1}.get(character, 0), 0)
        text += character
    return text


def tag(text: str) -> list[str]:
    """The right answer, by counting."""
    labels, depth = [], 0
    for character in text:
        unmatched = character == ")" and depth == 0
        depth = max(depth + {"(": 1, ")": -1}.get(character, 0), 0)
        labels.append("!" if unmatched else str(depth))
    return labels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=30)
    arguments = parser.parse_args()

    random = np.random.RandomState(0)
    train = [make_text(random.randint(10, 41), random) for _ in range(arguments.texts)]
    test = [make_text(random.randint(10, 41), random) for _ in range(arguments.texts)]
    long = [make_text(160, random) for _ in range(arguments.texts)]

    tagger = SequenceTagger(
        (32,),
        cell="rnn",
        embedding_size=8,
        learning_rate="cosine",
        learning_rate_init=0.02,
        weight_decay=0,
        max_epochs=arguments.epochs,
        n_iter_no_change=arguments.epochs,
        random_state=0,
        verbose=True,
    )
    start = time.perf_counter()
    tagger.fit(train, [tag(text) for text in train])
    print(f"fitted in {time.perf_counter() - start:.0f} s")
    for name, texts in (("new texts", test), ("texts four times as long", long)):
        share = tagger.score(texts, [tag(text) for text in texts])
        print(f"{name}: {share:.4%} of {sum(map(len, texts))} labels are right")
    text = "a(b(c))b)(("
    print(text, "".join(tagger.predict([text])[0]), sep="\n")


if __name__ == "__main__":
    main()
