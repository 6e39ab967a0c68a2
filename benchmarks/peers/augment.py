"""A batch of images changed at random: fastdl, torch by hand, and libraries that are installed."""

from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional as tf

import fastdl.functional as F
from peers.harness import Contest, Run, repeated

N, SIDE, SHIFT, TURN, SCALE, COLOUR = 32, 32, 4, 15.0, 0.1, 0.2
MOVES = {"flip": "horizontal", "shift": SHIFT}
CHANGES = {
    "flip": "horizontal",
    "rotate": TURN,
    "scale": SCALE,
    "brightness": COLOUR,
    "contrast": COLOUR,
    "saturation": COLOUR,
}
GREY = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)


def augmentation(all_of_it: bool) -> Contest:
    """Crop and flip; or flip, an affine map and colours."""
    X = np.random.default_rng(0).random((N, SIDE, SIDE, 3), dtype=np.float32)
    options = CHANGES if all_of_it else MOVES
    epochs = iter(range(1 << 30))
    sides: dict[str, Run] = {
        "fastdl": repeated(lambda: F.augment(X, epoch=next(epochs), **options)),
        "torch by hand": repeated(
            lambda: by_hand(torch.from_numpy(X).permute(0, 3, 1, 2), options)
        ),
    }
    for name, make in (
        ("torchvision", _torchvision),
        ("albumentations", _albumentations),
        ("kornia", _kornia),
    ):
        try:
            sides[name] = repeated(make(X, all_of_it))
        except ImportError:
            print(f"without {name}, which is not installed")
    return Contest(sides, lambda: difference(X, options), 1e-4)


def by_hand(x: torch.Tensor, options: dict[str, object]) -> torch.Tensor:
    """As one would write it for a batch (n, c, h, w): each image with its own draws."""
    if "rotate" not in options:
        return mirrored_and_shifted(x)
    flips = torch.where(torch.rand(N) < 0.5, -1.0, 1.0)
    turn = torch.deg2rad(TURN * (2 * torch.rand(N) - 1))
    factor = 1 + SCALE * (2 * torch.rand(N) - 1)
    cosine, sine, zero = turn.cos() / factor, turn.sin() / factor, torch.zeros(N)
    theta = torch.stack(
        [
            torch.stack([flips * cosine, -flips * sine, zero], 1),
            torch.stack([sine, cosine, zero], 1),
        ],
        1,
    )
    factors = 1 + COLOUR * (2 * torch.rand(3, N, 1, 1, 1) - 1)
    return coloured(tf.grid_sample(x, tf.affine_grid(theta, x.shape, align_corners=False)), factors)


def mirrored_and_shifted(x: torch.Tensor) -> torch.Tensor:
    """(n, c, SIDE, SIDE), each mirrored or not and shifted by up to SHIFT: (n, SIDE, SIDE, c)."""
    n = len(x)
    places = torch.randint(0, 2 * SHIFT + 1, (2, n, 1, 1))
    rows = (torch.arange(SIDE).view(1, SIDE, 1) + places[0]).expand(n, SIDE, SIDE)
    columns = torch.arange(SIDE).view(1, 1, SIDE).expand(n, 1, SIDE)
    mirrored = torch.rand(n, 1, 1) < 0.5
    columns = torch.where(mirrored, SIDE - 1 - columns, columns) + places[1]
    padded = tf.pad(x, [SHIFT] * 4).permute(0, 2, 3, 1)
    return padded[torch.arange(n).view(n, 1, 1), rows, columns]


def coloured(x: torch.Tensor, factors: torch.Tensor) -> torch.Tensor:
    """Brightness, contrast and saturation of (n, c, h, w)."""
    x = factors[0] * x
    mean = (GREY * x).sum(1, keepdim=True).mean((2, 3), keepdim=True)
    x = mean + factors[1] * (x - mean)
    grey = (GREY * x).sum(1, keepdim=True)
    return grey + factors[2] * (x - grey)


def difference(X: np.ndarray, options: dict[str, object]) -> float:
    """Between fastdl and torch, given what fastdl drew."""
    y, draws = F.augment(X, return_draws=True, **options)
    place = torch.from_numpy(draws["map"]).float()
    pixels = torch.stack(torch.meshgrid(*[torch.arange(SIDE)] * 2, indexing="ij"), -1).float()
    at = torch.einsum("nab,ijb->nija", place[:, :, :2], pixels) + place[:, None, None, :, 2]
    grid = (2 * at.flip(-1) + 1) / SIDE - 1
    x = tf.grid_sample(torch.from_numpy(X).permute(0, 3, 1, 2), grid, align_corners=False)
    names = ("brightness", "contrast", "saturation")
    factors = torch.stack([torch.from_numpy(draws[name]).float() for name in names])
    x = coloured(x, factors.view(3, N, 1, 1, 1))
    return float(np.abs(x.permute(0, 2, 3, 1).numpy() - y).max())


def _torchvision(X: np.ndarray, all_of_it: bool) -> Callable[[], object]:
    from torchvision.transforms import v2

    moves = [v2.RandomCrop(SIDE, padding=SHIFT), v2.RandomHorizontalFlip()]
    affine = v2.RandomAffine(
        TURN, scale=(1 - SCALE, 1 + SCALE), interpolation=v2.InterpolationMode.BILINEAR
    )
    changes = [v2.RandomHorizontalFlip(), affine, v2.ColorJitter(COLOUR, COLOUR, COLOUR)]
    change = v2.Compose(changes if all_of_it else moves)
    images = torch.from_numpy(X).permute(0, 3, 1, 2).contiguous()
    return lambda: torch.stack([change(image) for image in images])


def _albumentations(X: np.ndarray, all_of_it: bool) -> Callable[[], object]:
    import albumentations as A

    moves = [A.PadIfNeeded(SIDE + 2 * SHIFT, SIDE + 2 * SHIFT), A.RandomCrop(SIDE, SIDE)]
    affine = A.Affine(scale=(1 - SCALE, 1 + SCALE), rotate=(-TURN, TURN), p=1)
    jitter = A.ColorJitter((1 - COLOUR, 1 + COLOUR), *[(1 - COLOUR, 1 + COLOUR)] * 2, hue=0, p=1)
    change = A.Compose([A.HorizontalFlip(), *([affine, jitter] if all_of_it else moves)])
    return lambda: np.stack([change(image=image)["image"] for image in X])


def _kornia(X: np.ndarray, all_of_it: bool) -> Callable[[], object]:
    import kornia.augmentation as K

    moves = [K.RandomCrop((SIDE, SIDE), padding=SHIFT)]
    jitter = K.ColorJitter(COLOUR, COLOUR, COLOUR, p=1)
    changes = [K.RandomAffine(TURN, scale=(1 - SCALE, 1 + SCALE), p=1), jitter]
    change = torch.nn.Sequential(K.RandomHorizontalFlip(), *(changes if all_of_it else moves))
    images = torch.from_numpy(X).permute(0, 3, 1, 2).contiguous()
    return lambda: change(images)
