"""What the estimators of pictures say when something does not fit; test_errors.py runs it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fastdl import SuperResolver
from fastdl import layers as L

PICTURE = (np.arange(48 * 48) % 251).reshape(48, 48).astype(np.uint8)
_FORMS = (
    "SuperResolver takes a list of uint8 images (height, width), (height, width, 1) or (height, "
    "width, 3), which may differ in size, or an array of them."
)
_SHAPES = "SuperResolver takes images (height, width), (height, width, 1) or (height, width, 3)."
_PATHS = (
    "SuperResolver takes images. fastdl.data.ImageFolder makes images of paths, to be passed as X."
)


def fit(X: Any = PICTURE, *args: Any, **params: Any) -> Callable[[], object]:
    params = {"max_epochs": 1, "n_jobs": 1, **params}
    return lambda: SuperResolver(*args, **params).fit(X)


def fitted() -> SuperResolver:
    return fit()()  # type: ignore[return-value]


# fmt: off
PICTURES = [
    (fit("a.png"), ValueError, f"X is a path or text, 'a.png'; {_PATHS}"),
    (fit(["a.png"]), ValueError, f"X[0] is a path or text, 'a.png'; {_PATHS}"),
    (fit(np.array(["a.png"])), ValueError, f"X[0] is a path or text, 'a.png'; {_PATHS}"),
    (fit([PICTURE, Path("a.png")]), ValueError, f"X[1] is a path or text, 'a.png'; {_PATHS}"),
    (fit([b"PNG"]), ValueError, f"X[0] is bytes; {_PATHS}"),
    (fit(None), ValueError, f"X is None; {_FORMS}"),
    (fit([]), ValueError, f"X holds no image; {_FORMS}"),
    (fit(np.zeros((0, 9, 9), np.uint8)), ValueError, f"X holds no image; {_FORMS}"),
    (fit([PICTURE, None]), ValueError, f"X[1] is None; {_FORMS}"),
    (fit([PICTURE, PICTURE / 255]), ValueError,
     "X[1] holds float64; SuperResolver takes uint8, from 0 to 255. Use (255 * "
     "x).round().astype(np.uint8), if they are from 0 to 1."),
    (fit(PICTURE.astype(int)), ValueError,
     "X holds int64; SuperResolver takes uint8, from 0 to 255. Use x.astype(np.uint8)."),
    (fit([PICTURE, PICTURE[0]]), ValueError, f"X[1] has shape (48,); {_SHAPES}"),
    (fit([np.dstack([PICTURE] * 4)]), ValueError, f"X[0] has shape (48, 48, 4); {_SHAPES}"),
    (fit(np.zeros((2, 3, 4, 5, 3), np.uint8)), ValueError,
     f"X has shape (2, 3, 4, 5, 3); {_FORMS}"),
    (fit([PICTURE, PICTURE[:0]]), ValueError,
     "X[1] has shape (0, 48), without a pixel; SuperResolver takes images of one or more. Leave "
     "it out."),
    (fit(Image.new("RGBA", (60, 60))), ValueError,
     "X is an image of mode 'RGBA'; SuperResolver takes \"L\" and \"RGB\". Use "
     'image.convert("RGB").'),
    (fit([PICTURE, PICTURE[:40]]), ValueError,
     "X[1] has 40x48 pixels, but a patch has 48x48. Leave it out, or set a smaller patch_size."),
    (fit(scale=1), ValueError,
     "The 'scale' parameter of SuperResolver must be an int in the range [2, 16]. Got 1 instead."),
    (fit(network="srcnn"), ValueError,
     "SuperResolver: network='srcnn' is not known. Did you mean 'srcnn-9-5-5'? Choose from "
     "'srcnn-9-1-5', 'srcnn-9-5-5', 'espcn'."),
    (fit(network=[L.Conv2D(4, 3), L.Flatten()]), ValueError,
     "SuperResolver: the layers of network do not lead from an image to an image. Use "
     "convolutions, and nothing that makes rows."),
    (fit(network=[L.Conv2D(4, 3, 2)]), ValueError,
     "SuperResolver: Conv2D(4, 3, stride=2, name='conv2d_1') gives nothing that has a place in the "
     "image. Use convolutions and poolings of stride 1, PixelShuffle, Upsample2D, "
     "Conv2DTranspose, and what leaves the pixels where they are."),
    (fit(network=[L.Conv2D(8, 3), L.PixelShuffle(2)]), ValueError,
     "SuperResolver: the layers enlarge images 2 times, but scale=3. Let them enlarge 3 times, or "
     "not at all: then bicubic does, and they sharpen."),
    (fit(network=[L.Conv2D(8, 2)]), ValueError,
     "SuperResolver: the layers leave out 1 rows and 1 columns, an odd number: then pixels lie "
     'between those of the input. Use odd kernel sizes, or padding="same".'),
    (fit(network=[L.Conv2D(4, 3, name="scale")]), ValueError,
     "SuperResolver: a layer is called 'scale', as a parameter is. Choose another name."),
    (lambda: fitted().score([PICTURE, PICTURE[:8]]), ValueError,
     "X[1] has 8x48 pixels; nothing is left of it without a border of 3: score needs 9 at least."),
]
