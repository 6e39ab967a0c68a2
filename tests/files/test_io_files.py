"""What stands on the disk: written whole or not at all, read only if all bytes are described."""

import contextlib
import errno
import gzip
import io
import json
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
import time
import zipfile

import numpy as np
import pytest

from fastdl.io import ModelFileError, _safetensors
from fastdl.io._atomic import replacing

ARRAYS = {"a": np.arange(6, dtype="f4").reshape(2, 3), "b": np.arange(2, dtype="i8")}


# --- writing


def test_new_files_have_the_permissions_of_new_files(tmp_path):
    (tmp_path / "other").touch()
    _safetensors.write(tmp_path / "file", ARRAYS, {})
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.parametrize("mode", [0o600, 0o664])
def test_the_permissions_of_an_old_file_stay(mode, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(mode)
    _safetensors.write(path, ARRAYS, {})
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert _safetensors.read(path)[0].keys() == ARRAYS.keys()


def test_the_file_behind_a_link_is_replaced(tmp_path):
    (tmp_path / "folder").mkdir()
    target, link = tmp_path / "folder" / "file", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to(target)
    _safetensors.write(link, ARRAYS, {})
    assert link.is_symlink()
    assert _safetensors.read(target)[0].keys() == ARRAYS.keys()
    assert list((tmp_path / "folder").iterdir()) == [target]


def test_a_pipe_is_written_to(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    got = []
    reader = threading.Thread(target=lambda: got.append(path.read_bytes()))
    reader.start()
    _safetensors.write(path, ARRAYS, {})
    reader.join()
    assert stat.S_ISFIFO(path.stat().st_mode)
    _safetensors.write(tmp_path / "file", ARRAYS, {})
    assert got == [(tmp_path / "file").read_bytes()]


def test_an_error_while_writing_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), replacing(path) as file:
        file.write(b"%d" % (1 // 0))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_the_old_file(tmp_path):
    """A limit of a file's size stands for it; the error names the file that was asked for."""
    path = tmp_path / "file"
    _safetensors.write(path, ARRAYS, {})
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(OSError, match=r"file'") as error:
            _safetensors.write(path, {"a": np.zeros(10_000)}, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (error.value.errno, error.value.filename) == (errno.EFBIG, str(path))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("failing", ["open", "replace"])
def test_a_folder_that_may_not_be_written_leaves_the_old_file(failing, tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def refuse(*args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied", str(args[0]))

    monkeypatch.setattr(os, failing, refuse)
    with pytest.raises(PermissionError) as error:
        _safetensors.write(path, ARRAYS, {})
    monkeypatch.undo()
    assert error.value.filename == str(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["no/such/folder/file", "."])
def test_the_system_says_what_is_wrong_with_a_path(name, tmp_path):
    with pytest.raises(OSError, match=name):
        _safetensors.write(tmp_path / name if name != "." else name, ARRAYS, {})


KILLED = """
import os, sys
import numpy as np
from fastdl.io import _safetensors
for _ in range(100):
    child = os.fork()
    if not child:
        print(os.getpid(), flush=True)
        for i in range(1000):
            _safetensors.write(sys.argv[1], {"a": np.full(2_500_000, i)}, {})
    os.waitpid(child, 0)
"""


@pytest.mark.slow
def test_killed_while_writing_the_old_or_the_new_file_is_there(tmp_path):
    path, random = tmp_path / "file", np.random.default_rng(0)
    _safetensors.write(path, {"a": np.full(2_500_000, -1)}, {})
    command, seen = [sys.executable, "-c", KILLED, path], set()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        for line in parent.stdout:  # of each child that begins to write
            time.sleep(random.uniform(0, 0.05))
            with contextlib.suppress(ProcessLookupError):  # it may have ended
                os.kill(int(line), signal.SIGKILL)
            (array,) = _safetensors.read(path, mmap=True)[0].values()
            assert array.size == 2_500_000
            assert (array == array[0]).all()
            seen.add(int(array[0]))
            for litter in tmp_path.glob(".file.*.tmp"):
                litter.unlink()
    assert len(seen) > 1


# --- reading


def test_what_other_programs_write_can_be_read(tmp_path):
    safetensors = pytest.importorskip("safetensors.numpy")
    arrays = {f"a{dtype}": np.arange(6).reshape(2, 3).astype(dtype) for dtype in "fdeilbBH?"}
    arrays |= {"empty": np.zeros((0, 3)), "one": np.array(3.0)}
    safetensors.save_file(arrays, tmp_path / "file", metadata={"key": "value"})
    read, metadata = _safetensors.read(tmp_path / "file")
    assert metadata == {"key": "value"}
    assert set(read) == set(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(read[name], array)
        assert read[name].dtype == array.dtype
        assert read[name].shape == array.shape


class Stream(io.RawIOBase):
    """Bytes that come once and a few at a time, as through a pipe."""

    def __init__(self, data):
        self.data = io.BytesIO(data)

    def readable(self):
        return True

    def read(self, n=-1):
        return self.data.read(min(n, 5) if n >= 0 else 5)


def _of_archive(path):
    with zipfile.ZipFile(path.with_suffix(".zip"), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, "model")
    return zipfile.ZipFile(path.with_suffix(".zip")).open("model")


OBJECTS = {
    "BytesIO": lambda path: io.BytesIO(path.read_bytes()),
    "open file": lambda path: path.open("rb"),
    "unbuffered": lambda path: path.open("rb", buffering=0),
    "archive": _of_archive,
    "gzip": lambda path: gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(path.read_bytes()))),
    "stream": lambda path: Stream(path.read_bytes()),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_file_objects(name, tmp_path):
    _safetensors.write(tmp_path / "file", ARRAYS, {"key": "value"})
    with OBJECTS[name](tmp_path / "file") as file:
        read, metadata = _safetensors.read(file)
    assert metadata == {"key": "value"}
    for key, array in ARRAYS.items():
        np.testing.assert_array_equal(read[key], array)
        read[key][...] = 0  # they are the reader's own


@pytest.mark.parametrize("name", ["stream", "BytesIO"])
@pytest.mark.parametrize("cut", [4, 40, -1])
def test_truncated_file_objects(name, cut, tmp_path):
    _safetensors.write(tmp_path / "file", ARRAYS, {})
    (tmp_path / "cut").write_bytes((tmp_path / "file").read_bytes()[:cut])
    with OBJECTS[name](tmp_path / "cut") as file, pytest.raises(ModelFileError, match="truncated"):
        _safetensors.read(file)
    (tmp_path / "cut").write_bytes((tmp_path / "file").read_bytes() + b"x")
    with OBJECTS[name](tmp_path / "cut") as file, pytest.raises(ModelFileError, match="follow"):
        _safetensors.read(file)


def test_an_object_is_read_and_written_where_it_stands():
    file = io.BytesIO()
    file.write(b"before")
    _safetensors.write(file, ARRAYS, {})
    file.seek(6)
    np.testing.assert_array_equal(_safetensors.read(file)[0]["a"], ARRAYS["a"])


def test_files_open_for_text_and_other_things(tmp_path):
    with open(tmp_path / "file", "w") as file, pytest.raises(TypeError, match="mode 'wb'"):
        _safetensors.write(file, ARRAYS, {})
    with open(tmp_path / "file") as file, pytest.raises(TypeError, match="mode 'rb'"):
        _safetensors.read(file)
    for call in (lambda: _safetensors.read(3), lambda: _safetensors.write(3, ARRAYS, {})):
        with pytest.raises(TypeError, match="3 is neither a path nor a binary file object"):
            call()


def test_mapped(tmp_path):
    """Arrays are views of the file; what is written to them does not reach it."""
    path = tmp_path / "file"
    _safetensors.write(path, ARRAYS, {})
    before = path.read_bytes()
    read, _ = _safetensors.read(path, mmap=True)
    for key, array in ARRAYS.items():
        np.testing.assert_array_equal(read[key], array)
        assert not read[key].flags.owndata
        read[key][...] = 0
    assert path.read_bytes() == before
    _safetensors.write(path, {"a": np.ones(1)}, {})  # replaced: the map is of the old file
    assert (read["a"] == 0).all()
    with pytest.raises(ValueError, match="mmap=True maps a file of the disk"):
        _safetensors.read(io.BytesIO(before), mmap=True)


def test_arrays_at_odd_places_are_copied_out_of_a_map(tmp_path):
    header = {"a": one("U8", [1], (0, 1)), "b": one("F32", [2], (1, 9))}
    data = b"\1" + np.arange(2, dtype="f4").tobytes()
    (tmp_path / "file").write_bytes(packed(header, data))
    read, _ = _safetensors.read(tmp_path / "file", mmap=True)
    assert read["b"].flags.aligned
    assert read["b"].tolist() == [0, 1]


def test_bfloat16(tmp_path):
    bits = (np.array([1.5, -2.0], "f4").view("u4") >> 16).astype("u2")
    (tmp_path / "file").write_bytes(packed({"a": one("BF16", [2], (0, 4))}, bits.tobytes()))
    assert _safetensors.read(tmp_path / "file", foreign=True)[0]["a"].tolist() == [1.5, -2.0]
    with pytest.raises(ModelFileError, match="'BF16', which fastdl does not know"):
        _safetensors.read(tmp_path / "file")


def packed(header, data=b""):
    """A file of this header, bytes or what JSON makes of it."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def one(dtype="F32", shape=(2,), offsets=(0, 8), **more):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets), **more}


TWO = b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},'
REFUSED = {
    "empty": (b"", "is not a safetensors file, or it is truncated: it has 0 bytes, which do not"),
    "text": (b"hello", "it has 5 bytes, which do not begin with the length of a header. Fetch it"),
    "pickle": (b"\x80\x04" * 50, "a pickled model is read by pickle or joblib."),
    "long header": ((10**8 + 1).to_bytes(8, "little") + b"{}", "do not begin with the length"),
    "no JSON": (packed(b"{]"), "or its header is damaged: Expecting property name"),
    "no object": (packed(b"[]"), "its header is damaged: it is no JSON object. Fetch the file"),
    "no Unicode": (packed(b'{"\xff":1}'), "its header is damaged: 'utf-8' codec can't decode"),
    "nested": (packed(b"[" * 100_000), "its header is damaged: maximum recursion depth exceeded"),
    "half a character": (packed({"\ud800": one()}, bytes(8)), "surrogates not allowed"),
    "not a number": (packed(b'{"a": NaN}'), "its header is damaged: NaN is no JSON."),
    "metadata": (packed({"__metadata__": {"a": 1}}), "'__metadata__' holds something else than"),
    "no entry": (packed({"a": 1}), "the entry of array 'a' is not a dtype, a shape and two"),
    "more": (packed({"a": one(more=1)}, bytes(8)), "the entry of array 'a' is not a dtype"),
    "dtype": (packed({"a": one("F4")}, bytes(8)), "the dtype of array 'a' is 'F4', which fastdl"),
    "shape": (packed({"a": one(shape=[2.0])}, bytes(8)), "the shape of array 'a' is [2.0]."),
    "true": (packed({"a": one(shape=[True, 2])}, bytes(8)), "the shape of array 'a' is [True"),
    "negative": (packed({"a": one(shape=[-1, -2])}, bytes(8)), "the shape of array 'a' is [-1"),
    "ranks": (packed({"a": one(shape=[1] * 99)}, bytes(8)), "the shape of array 'a' is [1, 1"),
    "offsets": (packed({"a": one(offsets=[8])}, bytes(8)), "the offsets of array 'a' are [8]."),
    "backwards": (packed({"a": one(offsets=[8, 0])}, bytes(8)), "[8, 0], which do not fit F32 of"),
    "size": (packed({"a": one(shape=[3])}, bytes(8)), "[0, 8], which do not fit F32 of shape [3]"),
    "hole": (packed({"a": one(offsets=(4, 12))}, bytes(12)), "its arrays overlap, or leave holes."),
    "overlap": (
        packed({"a": one(), "b": one(offsets=(4, 12))}, bytes(12)),
        "its arrays overlap, or leave holes.",
    ),
    "the same": (packed({"a": one(), "b": one()}, bytes(8)), "its arrays overlap"),
    "after the end": (packed({"a": one()}, bytes(9)), "8 bytes of arrays, but 9 follow. Fetch"),
    "truncated": (packed({"a": one()}, bytes(7)), "is truncated: its header describes 8 bytes of"),
    "petabytes": (
        packed({"a": one(shape=[10**15], offsets=(0, 4 * 10**15))}, bytes(8)),
        "its header describes 4,000,000,000,000,000 bytes of arrays, but 8 follow.",
    ),
    "too many": (
        packed({"a": one(shape=[2**62, 2**62, 0], offsets=(0, 0))}),
        "is damaged: 'a' has shape (4611686018427387904, 4611686018427387904, 0).",
    ),
    "no boolean": (packed({"a": one("BOOL", [1], (0, 1))}, b"\5"), "neither False nor True"),
    "an array twice": (
        packed(TWO + TWO[1:-1] + b"}", b"\0"),
        "its header is damaged: 'a' stands twice in it.",
    ),
    "metadata twice": (
        packed(b'{"__metadata__":{},"__metadata__":{}}'),
        "its header is damaged: '__metadata__' stands twice in it.",
    ),
    "dtype twice": (
        packed(b'{"a":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}}', b"\0"),
        "its header is damaged: 'dtype' stands twice in it.",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_files(name, tmp_path):
    content, text = REFUSED[name]
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ModelFileError) as error:
        _safetensors.read(tmp_path / "file")
    assert str(error.value).startswith(f"{tmp_path / 'file'} ")
    assert text in str(error.value)


@pytest.mark.slow
def test_what_the_library_refuses_is_refused(tmp_path):
    """Random changes of the header, and of the bytes behind it."""
    safetensors = pytest.importorskip("safetensors")
    random = np.random.default_rng(0)
    _safetensors.write(tmp_path / "file", ARRAYS, {"key": "value"})
    good = (tmp_path / "file").read_bytes()
    refused = 0
    for _ in range(3000):
        content = bytearray(good)
        for _ in range(random.integers(1, 3)):
            at = random.integers(len(content))
            if random.random() < 0.7:
                content[at] = random.choice(list(b'0123456789{}[],:" -.eE\\abF'))
            elif random.random() < 0.5:
                del content[at : at + random.integers(1, 9)]
            else:
                content[at:at] = content[at : at + random.integers(1, 60)]
        (tmp_path / "file").write_bytes(content)
        try:
            safetensors.deserialize(bytes(content))
        except safetensors.SafetensorError:
            refused += 1
            with pytest.raises(ModelFileError):
                _safetensors.read(tmp_path / "file")
    assert refused > 1000
