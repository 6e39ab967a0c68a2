"""Which of 18 languages does a surname come from? Read letter by letter.

    python examples/names_by_nationality.py --data names

The folder holds a text file for each language, a surname a line, "Arabic.txt" ... The languages
are very unequal (Russian is almost half), so the score is the macro-averaged F1. Beside the network
stands a logistic regression on the counts of all runs of one to four letters.

Data: S. Robertson's PyTorch tutorial "Classifying names with a character-level RNN".
"""

import argparse
import time
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from fastdl import RNNClassifier


def read(folder):
    """Names and languages, each pair once."""
    files = sorted(folder.glob("*.txt"))
    pairs = {(name, f.stem) for f in files for name in f.read_text(encoding="utf-8").split("\n")}
    names, languages = zip(*sorted((n.strip(), f) for n, f in pairs if n.strip()), strict=True)
    return list(names), np.array(languages)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, type=Path, help="the folder of the text files")
    parser.add_argument("--epochs", type=int, default=20)
    arguments = parser.parse_args()

    names, languages = read(arguments.data)
    train, test, y_train, y_test = train_test_split(
        names, languages, test_size=0.2, stratify=languages, random_state=0
    )
    ngrams = make_pipeline(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), lowercase=False, sublinear_tf=True),
        LogisticRegression(C=10, max_iter=1000, class_weight="balanced"),
    )
    rnn = RNNClassifier(
        (128,),
        cell="gru",
        bidirectional=True,
        dropout=0.5,
        recurrent_dropout=0.25,
        learning_rate="cosine",
        learning_rate_init=3e-3,
        weight_decay=0,
        max_epochs=arguments.epochs,
        batch_size=64,
        random_state=0,
    )
    print(f"{len(train)} names to learn from, {len(test)} to tell, {len(set(languages))} languages")
    for title, estimator in (
        ("letters, recurrent network", rnn),
        ("runs of letters, logistic regression", ngrams),
    ):
        start = time.perf_counter()
        estimator.fit(train, y_train)
        seconds, guess = time.perf_counter() - start, estimator.predict(test)
        f1 = f1_score(y_test, guess, average="macro")
        accuracy = accuracy_score(y_test, guess)
        print(f"{title:<37} macro F1 {f1:.3f}, accuracy {accuracy:.3f} ({seconds:.0f} s)")


if __name__ == "__main__":
    main()
