"""fastdl.data: real file formats, damaged files, ragged lists, text, batches by length."""

import gzip
import io
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from fastdl.data import Vocabulary, bucket_by_length, load_idx, load_mnist, pad_sequences

TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
IMAGES = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
LABELS = np.array([7, 2], dtype=np.uint8)


def idx_bytes(array, code=0x08):
    header = struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape)
    return header + array.astype(TYPES[code]).tobytes()


def write_folder(folder, separator="-", pack=lambda data: data, ending=""):
    for part in ("train", "t10k"):
        images, labels = (f"{part}-{kind}" for kind in ("images", "labels"))
        (folder / f"{images}{separator}idx3-ubyte{ending}").write_bytes(pack(idx_bytes(IMAGES)))
        (folder / f"{labels}{separator}idx1-ubyte{ending}").write_bytes(pack(idx_bytes(LABELS)))


# --- IDX


@pytest.mark.parametrize("code", TYPES)
def test_idx_types(tmp_path, code):
    file = tmp_path / "a"
    array = np.array([[1, 2, 3], [4, 5, 100]])
    file.write_bytes(idx_bytes(array, code))
    got = load_idx(file)
    np.testing.assert_array_equal(got, array)
    assert got.dtype == np.dtype(TYPES[code]).newbyteorder("=")
    assert got.flags.writeable


def test_idx_gzip_is_told_by_content(tmp_path):
    file = tmp_path / "no-ending"
    file.write_bytes(gzip.compress(idx_bytes(IMAGES)))
    np.testing.assert_array_equal(load_idx(file), IMAGES)


GOOD = idx_bytes(IMAGES)
DAMAGED_IDX = {
    "empty": (b"", "is not an IDX file: it starts with bytes (none), expected 00 00, a type"),
    "png": (b"\x89PNG\r\n", "is not an IDX file: it starts with bytes 89 50 4e 47"),
    "type": (b"\0\0\x07\x01", "is not an IDX file: it starts with bytes 00 00 07 01"),
    "header": (GOOD[:9], "is truncated: its header of 3 dimensions needs 16 bytes, the file has 9"),
    "values": (GOOD[:-1], "is truncated: shape (2, 3, 4) of uint8 needs 40 bytes, the file has 39"),
    "long": (
        GOOD + b"x",
        "is too long: shape (2, 3, 4) of uint8 needs 40 bytes, the file has more",
    ),
    "huge": (b"\0\0\x08\x04" + b"\xff" * 16, "is truncated: shape (4294967295, 4294967295"),
    "gzip cut": (gzip.compress(GOOD)[:-9], "is a damaged gzip file (Compressed file ended"),
    "ranks": (b"\0\0\x08\x7f" + struct.pack(">127I", *[1] * 127) + b"x", "is damaged: "),
    "0 and huge": (b"\0\0\x08\x04" + b"\xff" * 12 + bytes(4), "is damaged: "),
    "gzip long": (gzip.compress(GOOD + b"x"), "is too long: shape (2, 3, 4) of uint8 needs 40"),
    "gzip check": (gzip.compress(GOOD)[:-8] + bytes(8), "is a damaged gzip file (CRC check"),
    "gzip garbage": (b"\x1f\x8b" + bytes(20), "is a damaged gzip file"),
}


@pytest.mark.parametrize("case", DAMAGED_IDX)
def test_idx_damaged(tmp_path, case):
    data, message = DAMAGED_IDX[case]
    file = tmp_path / "damaged"
    file.write_bytes(data)
    with pytest.raises(ValueError) as info:  # noqa: PT011
        load_idx(file)
    assert str(info.value).startswith(f"{file} {message}")


@pytest.mark.parametrize("head", [b"hello", b"\0\0\x08\x01\0\0\0\x04"])
def test_a_small_file_that_unpacks_to_a_large_one_is_not_unpacked(tmp_path, head):
    """Neither what is no IDX, nor what is longer than its header says."""
    file = tmp_path / "bomb.gz"
    file.write_bytes(gzip.compress(head + bytes(50_000_000), 1))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="is not an IDX file|is too long"):
            load_idx(file)
        assert tracemalloc.get_traced_memory()[1] < 2e6
    finally:
        tracemalloc.stop()


def test_idx_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_idx(tmp_path / "nothing")


# --- MNIST


@pytest.mark.parametrize("separator", "-.")
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_mnist_folder(tmp_path, separator, ending):
    write_folder(tmp_path, separator, gzip.compress if ending else bytes, ending)
    X_train, y_train, X_test, y_test = load_mnist(tmp_path)
    for X in (X_train, X_test):
        np.testing.assert_array_equal(X, IMAGES)
    for y in (y_train, y_test):
        np.testing.assert_array_equal(y, LABELS)


def test_mnist_npz(tmp_path):
    file = tmp_path / "mnist.npz"
    np.savez_compressed(file, x_train=IMAGES, y_train=LABELS, x_test=IMAGES + 1, y_test=LABELS + 1)
    X_train, y_train, X_test, y_test = load_mnist(file)
    np.testing.assert_array_equal(X_train, IMAGES)
    np.testing.assert_array_equal(y_train, LABELS)
    np.testing.assert_array_equal(X_test, IMAGES + 1)
    np.testing.assert_array_equal(y_test, LABELS + 1)


def test_mnist_folder_lacks_a_file(tmp_path):
    write_folder(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(FileNotFoundError, match="has no t10k-labels-idx1-ubyte .*all four"):
        load_mnist(tmp_path)


def test_mnist_folder_counts(tmp_path):
    write_folder(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx_bytes(LABELS[:1]))
    with pytest.raises(ValueError, match="train-images has 2 images, but .*-labels has 1 labels"):
        load_mnist(tmp_path)


def test_mnist_folder_images_for_labels(tmp_path):
    write_folder(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx_bytes(IMAGES))
    with pytest.raises(ValueError, match=r"has shape \(2, 3, 4\), expected labels \(n,\)"):
        load_mnist(tmp_path)


def test_mnist_npz_lacks_an_array(tmp_path):
    file = tmp_path / "other.npz"
    np.savez(file, x_train=IMAGES, images=IMAGES)
    message = "has no array 'y_train', 'x_test', 'y_test'; it holds 'x_train', 'images'"
    with pytest.raises(ValueError, match=message):
        load_mnist(file)


def test_mnist_npz_runs_no_code(tmp_path):
    file = tmp_path / "objects.npz"
    objects = np.array([{}], dtype=object)
    np.savez(file, x_train=objects, y_train=objects, x_test=objects, y_test=objects)
    with pytest.raises(ValueError, match="is damaged .*allow_pickle"):
        load_mnist(file)


def test_mnist_npz_of_petabytes(tmp_path):
    """The size is compared with the header's before an array is made."""
    header, file = io.BytesIO(), tmp_path / "huge.npz"
    fields = {"descr": "|u1", "fortran_order": False, "shape": (10**5, 10**5, 10**5)}
    np.lib.format.write_array_header_1_0(header, fields)
    with zipfile.ZipFile(file, "w") as archive:
        for key in ("x_train", "y_train", "x_test", "y_test"):
            archive.writestr(f"{key}.npy", header.getvalue() + bytes(100))
    with pytest.raises(ValueError, match=r"is damaged \(x_train.npy of shape .* but has 100\)"):
        load_mnist(file)


@pytest.mark.parametrize("keep", [0, 10, -30])
def test_mnist_npz_truncated(tmp_path, keep):
    file = tmp_path / "cut.npz"
    np.savez(file, x_train=IMAGES, y_train=LABELS, x_test=IMAGES, y_test=LABELS)
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(ValueError, match=r"is not a complete \.npz archive"):
        load_mnist(file)


def test_mnist_npz_flipped_byte(tmp_path):
    file = tmp_path / "flipped.npz"
    np.savez(file, x_train=IMAGES, y_train=LABELS, x_test=IMAGES, y_test=LABELS)
    data = bytearray(file.read_bytes())
    data[data.index(IMAGES.tobytes())] ^= 1
    file.write_bytes(data)
    with pytest.raises(ValueError, match="is damaged .*Bad CRC"):
        load_mnist(file)


def test_mnist_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_mnist(tmp_path / "mnist.npz")


# --- ragged sequences


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pad_sequences(dtype):
    rng = np.random.default_rng(0)
    sequences = [rng.normal(size=(t, 3)) for t in (4, 0, 7, 1)]
    X, lengths = pad_sequences(sequences, dtype=dtype)
    assert X.dtype == dtype
    assert lengths.dtype == np.int64
    assert lengths.tolist() == [4, 0, 7, 1]
    for x, t, sequence in zip(X, lengths, sequences, strict=True):
        np.testing.assert_array_equal(x[:t], sequence.astype(dtype))
        assert not x[t:].any()


def test_pad_sequences_takes_views_and_lists():
    base = np.arange(12.0).reshape(6, 2)
    X, lengths = pad_sequences([base[::-2], base.T[:, :2], [[1, 2]], base.astype(np.int8)[:1]])
    assert lengths.tolist() == [3, 2, 1, 1]
    np.testing.assert_array_equal(X[0], base[::-2])
    np.testing.assert_array_equal(X[1, :2], base.T[:, :2])


@pytest.mark.parametrize(
    ("sequences", "message"),
    [
        ([], "sequences is empty"),
        ([np.ones((2, 3)), np.ones((2, 4))], r"sequences\[1\] has 4 features, but .* has 3"),
        ([np.ones((1, 2, 3))], r"sequences\[0\] has shape \(1, 2, 3\), expected \(steps"),
        ([1.0, 2.0], r"sequences\[0\] has shape \(\), expected"),
    ],
)
def test_pad_sequences_errors(sequences, message):
    with pytest.raises(ValueError, match=message):
        pad_sequences(sequences)


def test_pad_sequences_dtype():
    with pytest.raises(ValueError, match="dtype is int64, expected float32 or float64"):
        pad_sequences([[1.0]], dtype=int)


# --- text


def test_vocabulary_characters():
    texts = ["banana", "", "bé日"]
    vocabulary = Vocabulary.fit(texts)
    assert vocabulary.tokens == ("a", "b", "n", "é", "日")
    assert len(vocabulary) == 7
    codes, lengths = vocabulary.encode(texts)
    assert codes.dtype == np.int32
    assert lengths.tolist() == [6, 0, 3]
    assert codes[1].tolist() == [0] * 6
    assert ["".join(vocabulary.decode(c)) for c in codes] == texts


def test_vocabulary_tokens():
    texts = [["to", "be"], ("or", "not", "to", "be")]
    vocabulary = Vocabulary.fit(texts, max_tokens=2)
    assert vocabulary == Vocabulary(("to", "be"))
    codes, _ = vocabulary.encode(texts)
    assert codes.tolist() == [[2, 3, 0, 0], [1, 1, 2, 3]]
    assert vocabulary.decode(codes[1]) == [None, None, "to", "be"]


def test_vocabulary_errors():
    with pytest.raises(ValueError, match="tokens holds 'a' more than once"):
        Vocabulary(("a", "b", "a"))
    with pytest.raises(ValueError, match="texts is the string 'abc', expected a list"):
        Vocabulary(("a",)).encode("abc")
    with pytest.raises(ValueError, match="texts is empty"):
        Vocabulary(("a",)).encode([])


# --- batches by length


@pytest.mark.parametrize(("n", "batch_size"), [(0, 4), (3, 4), (64, 8), (1000, 7), (5000, 16)])
def test_bucket_by_length(n, batch_size):
    rng = np.random.default_rng(n)
    lengths, order = rng.integers(0, 200, n), rng.permutation(n)
    got = bucket_by_length(order, lengths, batch_size)
    full = n - n % batch_size
    np.testing.assert_array_equal(np.sort(got), np.arange(n))
    np.testing.assert_array_equal(got[full:], order[full:])

    # The same by NumPy: sorted within windows, batches in the order of their first members.
    position = np.arange(full)
    by_length = np.lexsort((position, lengths[order[:full]], position // (50 * batch_size)))
    batches = by_length.reshape(-1, batch_size)
    if full:
        batches = batches[np.argsort(batches.min(axis=1))]
    np.testing.assert_array_equal(got[:full], order[batches.ravel()])


def test_bucket_by_length_saves_padding():
    rng = np.random.default_rng(0)
    lengths, order = rng.integers(1, 100, 3200), rng.permutation(3200)

    def padded(order):
        return (lengths[order].reshape(-1, 32).max(axis=1) * 32).sum()

    assert padded(bucket_by_length(order, lengths, 32)) < 1.1 * lengths.sum() < padded(order) / 1.5


def test_bucket_by_length_errors():
    with pytest.raises(ValueError, match="batch_size is 0"):
        bucket_by_length([0], [1], 0)
    with pytest.raises(ValueError, match="negative entry -1"):
        bucket_by_length([0], [-1], 1)
    with pytest.raises(ValueError, match="order goes from 0 to 2, but there are 2 lengths"):
        bucket_by_length([0, 2], [1, 1], 1)
