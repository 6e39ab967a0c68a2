"""The example scripts run; what they reach on real data is in docs/results.md."""

import runpy
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from sklearn.datasets import load_digits

mpl.use("Agg")

EXAMPLES = Path(__file__).parents[1] / "examples"
ARGUMENTS = {  # for a first look only; PICTURES stands for a new folder
    "adding_problem": "--steps 10 --samples 200 --epochs 1",
    "beijing_pm25": "--epochs 1",
    "cifar_augment": "--images 40 --epochs 1 --pictures PICTURES",
    "cifar_features": "--labels 20 --seeds 0 --filters 4 --epochs 1 --iterations 3",
    "cifar_transfer": "--labels 10 20 --seeds 0 --epochs 1 --steps 5 --pictures PICTURES",
    "detect_blood_cells": "--epochs 1 --pictures PICTURES",
    "detect_and_compare": "--scenes 20 --images 100 --test 3 --epochs 1 1",
    "digits_transfer": "--labels 10 20 --seeds 0 --epochs 1 --steps 5",
    "dropout_ensemble": "--units 4 --epochs 1 --samples 20",
    "forecast_series": "--length 8 --horizon 3 --period 7 --epochs 1",
    "four_derivatives": "--iterations 4 --parameters 100 --pictures PICTURES",
    "gradients_through_time": "--steps 10 --samples 100 --epochs 1 --pictures PICTURES",
    "japanese_vowels": "--epochs 1 --seeds 1",
    "mnist_by_rows": "--epochs 1",
    "mnist_dbn": "--sizes 20 10 --pretrain-epochs 1 --epochs 1 --pictures PICTURES",
    "mnist_few_labels": "--labels 20 --seeds 0 1 --sizes 20 10 --pretrain-epochs 1 --steps 5",
    "mnist_lenet": "--epochs 1",
    "mnist_maxout": "--units 10 --epochs 1",
    "mnist_self_taught": "--iterations 3 --pictures PICTURES",
    "mnist_softmax": "--iterations 3 --pictures PICTURES",
    "mnist_stacked_autoencoder": "--pretrain-epochs 1 --epochs 1 --pictures PICTURES",
    "names_by_nationality": "--epochs 1",
    "net_by_hand": "--epochs 1",
    "numbers_in_words": "--pairs 200 --units 8 --epochs 1",
    "own_loss": "--epochs 1",
    "parity": "--bits 2 3 --steps 100",
    "reverse_digits": "--pairs 100 --units 8 --epochs 1 --pictures PICTURES",
    "segment_shapes": "--images 40 --epochs 1 --pictures PICTURES",
    "super_resolution": "--epochs 1 --networks espcn --pictures PICTURES --test TEST",
    "tag_brackets": "--texts 50 --epochs 1",
    "tiny_shakespeare": "--units 8 --epochs 1",
    "translate_dates": "--pairs 100 --units 8 --epochs 1 --pictures PICTURES",
    "verify_digits": "--images 100 --test 60 --epochs 1 --seeds 0",
    "where_it_looks": "--images 200 --tests 20 --epochs 3 --pictures PICTURES",
    "why_deep_was_hard": "--epochs 1 --pictures PICTURES",
}


@pytest.fixture(scope="module")
def mnist(tmp_path_factory):
    """scikit-learn's digits of 8x8, dressed up as MNIST."""
    digits = load_digits()
    images = np.kron(digits.images[:400] * 15.9, np.ones((3, 3))).astype(np.uint8)
    images, labels = np.pad(images, ((0, 0), (2, 2), (2, 2))), digits.target[:400].astype(np.uint8)
    path = tmp_path_factory.mktemp("data") / "mnist.npz"
    np.savez(
        path, x_train=images[:300], y_train=labels[:300], x_test=images[300:], y_test=labels[300:]
    )
    return path


@pytest.fixture(scope="module")
def sequences(tmp_path_factory):
    """Files like those that the scripts about sequences read, by the scripts' names."""
    rng = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("sequences")
    vowels = {"x_train": rng.normal(size=(40, 9, 3)), "x_test": rng.normal(size=(20, 9, 3))}
    for part, n in (("train", 40), ("test", 20)):
        vowels |= {f"len_{part}": rng.integers(4, 10, n), f"y_{part}": np.arange(n) % 3}
    np.savez(folder / "vowels.npz", **vowels)
    hours = 375 * 24
    air = np.abs(rng.normal(size=(hours, 7))).astype(np.float32)
    air[50:60, 0] = np.nan
    wind = {"wind_direction": np.arange(hours) % 3, "wind_names": np.array(["N", "S", "W"])}
    np.savez(folder / "air.npz", values=air, **wind)
    dates = [f"day {t},{np.sin(t) + rng.normal():.2f}" for t in range(120)]
    (folder / "series.csv").write_text("\n".join(["date,value", *dates]))
    for i, language in enumerate(("Elvish", "Orcish")):
        names = {"".join(rng.choice(list("aeinlr" if i else "ugkzsh"), 5)) for _ in range(40)}
        (folder / f"{language}.txt").write_text("\n".join(sorted(names)), encoding="utf-8")
    photographs = rng.integers(0, 256, (60, 32, 32, 3)).astype(np.uint8)
    parts = {"x_train": photographs[:40], "x_test": photographs[40:]}
    classes = {"y_train": np.arange(40) % 4, "y_test": np.arange(20) % 4}
    np.savez(folder / "photographs.npz", **parts, **classes)
    cells = np.arange(9)
    np.savez(
        folder / "cells.npz",
        images=photographs[:9],
        boxes=np.array([[0.1, 0.2, 0.6, 0.7]] * 9),
        labels=cells % 2,
        image_index=cells,
        split=cells % 3,
        class_names=np.array(["red", "white"]),
    )
    np.savez(folder / "pictures.npz", *photographs[:2].repeat(2, axis=1).repeat(2, axis=2))
    (folder / "text.txt").write_text("ROMEO:\nBut soft, what light.\n" * 50)
    return {
        "cifar_augment": folder / "photographs.npz",
        "super_resolution": folder / "pictures.npz",
        "detect_blood_cells": folder / "cells.npz",
        "tiny_shakespeare": folder / "text.txt",
        "japanese_vowels": folder / "vowels.npz",
        "beijing_pm25": folder / "air.npz",
        "forecast_series": folder / "series.csv",
        "names_by_nationality": folder,
    }


@pytest.fixture(scope="module")
def cifar(tmp_path_factory):
    """Noise in ten classes, dressed up as CIFAR-10."""
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("images") / "cifar.npz"
    arrays = {"y_train": np.arange(100) % 10, "y_test": np.arange(40) % 10}
    for part in ("train", "test"):
        shape = (len(arrays[f"y_{part}"]), 32, 32, 3)
        arrays[f"x_{part}"] = rng.integers(0, 256, shape, dtype=np.uint8)
    np.savez(path, **arrays)
    return path


# Scripts that read no file.
MADE_HERE = (
    "adding_problem",
    "dropout_ensemble",
    "four_derivatives",
    "gradients_through_time",
    "net_by_hand",
    "numbers_in_words",
    "own_loss",
    "parity",
    "reverse_digits",
    "segment_shapes",
    "tag_brackets",
    "translate_dates",
    "where_it_looks",
)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # so few epochs
@pytest.mark.parametrize("name", ARGUMENTS)
def test_runs(name, mnist, cifar, sequences, tmp_path, monkeypatch, capsys):
    arguments = ARGUMENTS[name].replace("PICTURES", str(tmp_path / "pictures")).split()
    images = cifar if name.startswith("cifar") else mnist
    data = [] if name in MADE_HERE else ["--data", str(sequences.get(name, images))]
    arguments = [data[1] if word == "TEST" else word for word in arguments]
    monkeypatch.syspath_prepend(EXAMPLES)  # as for a script
    monkeypatch.setattr(sys, "argv", [name, *data, *arguments])
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    assert capsys.readouterr().out
    if "--pictures" in arguments:
        assert list((tmp_path / "pictures").glob("*.png"))
