"""The kernels' objects define tables of their instruction set and nothing that another could share.

The build itself refuses others (cmake/CheckSymbols.cmake). Here that check is checked, and run over
the objects of the last build where they are still there.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SETS = [  # the folders of objects, one for each instruction set
    path
    for cache in ROOT.glob("build/*/CMakeCache.txt")
    if "CMAKE_BUILD_TYPE:STRING=Release" in cache.read_text()
    for path in sorted(cache.parent.glob("**/kernels_*.dir"))
    if any(path.rglob("*.cpp.o"))
]
CMAKE = shutil.which("cmake", path=str(Path(sys.executable).parent)) or shutil.which("cmake")
NM = shutil.which("nm")

needs_cmake = pytest.mark.skipif(CMAKE is None, reason="cmake is not on the path")
needs_objects = pytest.mark.skipif(
    not (SETS and NM), reason="no release build under build/, or no nm"
)


def check(nm: Path | str, *objects: Path | str) -> subprocess.CompletedProcess[str]:
    listed = ";".join(map(str, objects))
    script = ROOT / "cmake" / "CheckSymbols.cmake"
    command = [CMAKE, f"-DNM={nm}", f"-DOBJECTS={listed}", "-P", script]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def fake_nm(tmp_path: Path) -> Path:
    """An nm whose objects are text files that hold its answer."""
    nm = tmp_path / "nm"
    nm.write_text('#!/bin/sh\nfor object; do :; done\ncat "$object"\n')
    nm.chmod(0o755)
    return nm


BACKEND = "0000000000000000 R _ZN6fastdl12backend_avx2E\n"
ROWS = (
    "0000000000000000 D _ZN6fastdl4avx29dense_f32E\n0000000000000000 R _ZN6fastdl4avx29tiles_f64E\n"
)
STRANGERS = {
    "weak function": "0000000000000000 W _ZN6fastdl4viceEi\n",
    "weak object": "0000000000000000 V _ZN6fastdl5tableE\n",
    "unique": "0000000000000000 u _ZZN6fastdl4viceEvE1x\n",
    "of the standard library": "0000000000000000 W _ZSt3minIiERKT_S2_S2_\n",
    "global function": "0000000000000000 T _ZN6fastdl4gemmEv\n",
    "global object": "0000000000000000 D _ZN6fastdl5tableE\n",
    "global function of the set": "0000000000000000 T _ZN6fastdl4avx24gemmEv\n",
    "weak table": "0000000000000000 V _ZN6fastdl4avx29dense_f32E\n",
    "table of no set": "0000000000000000 D _ZN6fastdl9dense_f32E\n",
}


@needs_cmake
def test_a_clean_object_passes(fake_nm: Path, tmp_path: Path) -> None:
    (tmp_path / "a.o").write_text(BACKEND)
    (tmp_path / "b.o").write_text(ROWS)
    result = check(fake_nm, tmp_path / "a.o", tmp_path / "b.o")
    assert result.returncode == 0, result.stderr


@pytest.mark.share(3)
@needs_cmake
@pytest.mark.parametrize("stranger", STRANGERS.values(), ids=STRANGERS)
def test_a_stranger_is_refused(fake_nm: Path, tmp_path: Path, stranger: str) -> None:
    (tmp_path / "a.o").write_text(BACKEND)
    (tmp_path / "b.o").write_text(BACKEND + stranger)
    result = check(fake_nm, tmp_path / "a.o", tmp_path / "b.o")
    assert result.returncode != 0
    assert stranger.strip() in result.stderr
    assert "internal linkage" in result.stderr


@needs_cmake
def test_an_empty_or_missing_object_is_refused(fake_nm: Path, tmp_path: Path) -> None:
    (tmp_path / "a.o").write_text("")
    assert check(fake_nm, tmp_path / "a.o").returncode != 0
    assert check(fake_nm, tmp_path / "b.o").returncode != 0
    assert check(fake_nm).returncode != 0


@needs_cmake
@needs_objects
@pytest.mark.parametrize("folder", SETS, ids=lambda path: str(path.relative_to(ROOT / "build")))
def test_objects_of_the_build(folder: Path) -> None:
    result = check(str(NM), *sorted(folder.rglob("*.cpp.o")))
    assert result.returncode == 0, result.stderr
