"""Small images made large: SRCNN and ESPCN learn from 91 images, and enlarge those of Set5.

    python examples/super_resolution.py --data t91.npz --test set5.npz --pictures pictures

Each file holds images of uint8, (height, width, 3), under any names. Peak signal-to-noise ratios
are of the luminance, as in the papers: C. Dong et al., "Image super-resolution using deep
convolutional networks", TPAMI 2016; W. Shi et al., "Real-time single image and video
super-resolution using an efficient sub-pixel convolutional neural network", CVPR 2016.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from PIL import Image

from fastdl import SuperResolver
from fastdl.metrics import peak_signal_noise_ratio


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="images to learn from, as .npz")
    parser.add_argument("--test", required=True, help="images to enlarge, as .npz")
    parser.add_argument("--scales", type=int, nargs="+", default=[3])
    parser.add_argument("--networks", nargs="+", default=["srcnn-9-1-5", "espcn"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--epochs", type=int, help="otherwise the default")
    parser.add_argument("--jobs", type=int, help="threads")
    parser.add_argument("--pictures", type=Path, help="a folder for pictures")
    arguments = parser.parse_args()
    images, test = (list(np.load(file).values()) for file in (arguments.data, arguments.test))
    names = np.load(arguments.test).files

    for scale in arguments.scales:
        bicubic = [psnr_of_bicubic(image, scale) for image in test]
        print(f"x{scale} {'bicubic':12} {np.mean(bicubic):.2f} dB", flush=True)
        for network in arguments.networks:
            for seed in arguments.seeds:
                sr = SuperResolver(scale, network, random_state=seed, n_jobs=arguments.jobs)
                sr.set_params(max_epochs=arguments.epochs or "auto")
                start = time.perf_counter()
                sr.fit(images)
                seconds, gain = time.perf_counter() - start, sr.score(test)
                print(
                    f"x{scale} {network:12} {np.mean(bicubic) + gain:.2f} dB, seed {seed}: "
                    f"{sr.n_parameters_:,} parameters, {sr.n_iter_} epochs, {seconds:.0f} s",
                    flush=True,
                )
            if arguments.pictures:
                arguments.pictures.mkdir(parents=True, exist_ok=True)
                for name, image in zip(names, test, strict=True):
                    path = arguments.pictures / f"{name}_x{scale}_{network}.png"
                    beside(sr, image).save(path)


def luminance(image: np.ndarray) -> np.ndarray:
    """BT.601, from 16 to 235, in whole grey levels."""
    return np.round(16 + image @ np.array([65.481, 128.553, 24.966]) / 255)


def psnr_of_bicubic(image: np.ndarray, scale: int) -> float:
    """Made small and large again by Pillow, the border left out."""
    height, width = (side // scale * scale for side in image.shape[:2])
    large = luminance(image)[:height, :width].astype(np.float32)
    small = Image.fromarray(large).resize((width // scale, height // scale), Image.BICUBIC)
    made = np.asarray(small.resize((width, height), Image.BICUBIC)).round().clip(0, 255)
    return peak_signal_noise_ratio(large, made, data_range=255, border=scale)


def beside(sr: SuperResolver, image: np.ndarray) -> Image.Image:
    """The image that bicubic makes of the small one, the network's, and the large one."""
    height, width = (side // sr.scale_ * sr.scale_ for side in image.shape[:2])
    large = Image.fromarray(image[:height, :width])
    small = large.resize((width // sr.scale_, height // sr.scale_), Image.BICUBIC)
    blurred = small.resize(large.size, Image.BICUBIC)
    return Image.fromarray(np.hstack([blurred, sr.predict(small), large]))


if __name__ == "__main__":
    main()
