"""What kernels/cuda/cublaslt.hpp declares is what NVIDIA declares, where its header is there."""

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def include_folders() -> list[Path]:
    """Folders of CUDA's headers: of the toolkit, and of NVIDIA's wheels."""
    toolkit = Path(os.environ.get("CUDA_HOME", "/usr/local/cuda"))
    spec = importlib.util.find_spec("nvidia")
    wheels = [
        f
        for place in (spec.submodule_search_locations or [] if spec else [])
        for f in Path(place).glob("*/include")
    ]
    return [folder for folder in [*wheels, toolkit / "include"] if folder.is_dir()]


@pytest.mark.parametrize(
    "change",
    [
        None,
        ("CUBLASLT_EPILOGUE_BIAS", "CUBLASLT_EPILOGUE_RELU"),
        ("cublasLtMatmulAlgoGetHeuristic", "cublasLtMatmul"),
    ],
)
def test_declarations_are_those_of_cublaslt(change: tuple[str, str] | None, tmp_path: Path) -> None:
    folders, compiler = include_folders(), shutil.which("g++")
    if compiler is None or not any((f / "cublasLt.h").is_file() for f in folders):
        pytest.skip("needs cublasLt.h and g++")
    text = (ROOT / "tests/cuda/check_cublaslt.cpp").read_text()
    if change:
        text = text.replace(f", {change[0]})", f", {change[1]})")
    source = tmp_path / "check.cpp"
    source.write_text(text)
    cpp = ROOT / "src/cpp"
    flags = [
        "-std=c++20",
        "-fsyntax-only",
        "-DFASTDL_ISA=cuda",
        f"-I{cpp}",
        f"-I{cpp / 'kernels/cuda'}",
    ]
    command = [compiler, *flags, *(f"-I{f}" for f in folders), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == (change is None), done.stderr
