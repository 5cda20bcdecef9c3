"""The images and the toy data of the notebooks: load("mnist"), two features of any scale, the noisy line."""
import hashlib
import math
import os
import socket
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from . import seeds

IDX = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte",
       "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
BATCHES = (*(f"data_batch_{k}" for k in range(1, 6)), "test_batch", "batches.meta")
WAIT = 30  # seconds a server may stay silent
LEAST = 100, 500  # what the notebooks take: training images of each class, test images
OR_OURS = "or leave out root= and HELPERS_DATA for the digits of the project"

# SHA-256 of the 5,000 digits that come with the project (data/README.md)
EMBEDDED = dict(zip(IDX, (
    "c19d6b72364fe159b01b1ce511c42948ccb91dd7596ec4901537481a76b92f31",
    "b16c22d78d8d13216948ab45edbe0591249eb6979ed9ce2eb9fd46c738a090a8",
    "d6fe0d56b526016df37ec3734a23eeb705cf9f12f9a34ac116af338d3bd79ba7",
    "a8b314af35e61e7f39a92a08f0af0dd42d6f65b09562d49fc01fd459fbcf3e48")))


class Source(NamedTuple):
    """A set of images as torchvision stores it below its root."""
    title: str
    kind: str  # torchvision.datasets' class
    folder: str
    names: tuple    # of the files in that folder
    sizes: tuple    # training and test images of the whole set
    megabytes: int  # to download


SOURCES = {
    "mnist": Source("MNIST", "MNIST", "MNIST/raw", IDX, (60_000, 10_000), 12),
    "fashion_mnist": Source("Fashion-MNIST", "FashionMNIST", "FashionMNIST/raw", IDX, (60_000, 10_000), 31),
    "cifar10": Source("CIFAR-10", "CIFAR10", "cifar-10-batches-py", BATCHES, (50_000, 10_000), 170),
}


class Split(NamedTuple):
    x: torch.Tensor  # (N, C, H, W) float32, standardized
    y: torch.Tensor  # (N,) int64, 0 to 9


@dataclass(frozen=True, eq=False)
class Data:
    """Images, standardized with the statistics of the training images, channel by channel.

    x = (pixels - mean) / std; mean, std: (C,) float32, of training pixels in 0..1.
    """
    name: str
    train: Split
    test: Split
    mean: torch.Tensor
    std: torch.Tensor

    def pixels(self, x):
        """Standardized x (..., C, H, W) as pixels in 0..1 again. Raises ValueError for another shape."""
        C = len(self.mean)
        if x.dim() < 3 or x.shape[-3] != C:
            raise ValueError(f"x has shape {tuple(x.shape)}: expected images (..., {C}, H, W), not flattened")
        return x * self.std.view(-1, 1, 1) + self.mean.view(-1, 1, 1)

    def few(self, n, seed=None):
        """Split of n training images drawn at random, as many of each class; a smaller n draws a part of it.

        Where a class has too few, the others give more. Raises ValueError unless n divides by the number of
        classes, or is that of all images.
        """
        x, y = self.train
        classes, most = len(y.unique()), len(y)
        if not 0 < n <= most or n % classes and n < most:
            raise ValueError(f"n={n}: expected a multiple of {classes}, at most {most} "
                             f"(all images, of {classes} classes)")
        draw = seeds.generator() if seed is None else torch.Generator().manual_seed(seed)
        order = torch.randperm(len(y), generator=draw)
        mine = torch.nn.functional.one_hot(y[order])
        nth = (mine.cumsum(0) * mine).sum(1)  # (N,) how many of its class up to here
        rows = order[nth.argsort(stable=True)[:n].sort().values]  # the first of each class, in their order
        return Split(x[rows], y[rows])


def load(name="mnist", full=False, root=None):
    """Data of "mnist", "fashion_mnist" or "cifar10"; fresh tensors at each call, so that they may be changed.

    By default the 5,000 digits that come with the project: 4,000 to train, 1,000 to test (data/README.md).
    full=True: the whole set, through torchvision. The first call downloads it, with progress, into ~/.cache
    (or XDG_CACHE_HOME); later ones need no network. root, or else the environment variable HELPERS_DATA: a
    folder in torchvision's layout; what lies there is taken, all of it or a part, and nothing is downloaded.
    Of MNIST's format: images of 28 x 28, labels 0 to 9, each there; never fewer images than LEAST.

    Raises ValueError (unknown name; nothing embedded; damaged or truncated file, wrong checksum; other
    images, too few; full=True where the folder holds a part), FileNotFoundError (folder without the files),
    ConnectionError (download failed), PermissionError (cache not writable).
    Sources: MNIST, LeCun et al. 1998; Fashion-MNIST, Xiao et al. 2017; CIFAR-10, Krizhevsky 2009.
    """
    source = known(name)
    if not isinstance(full, bool):
        raise TypeError(f"full={full!r}: expected True or False; a folder goes to root=")
    folder = named(root)
    if full and not folder:
        raw = fetched(name)
    elif folder or name == "mnist":
        raw = read_once(name, folder or embedded(), full)
    else:
        raise ValueError(
            f"{source.title} does not come with the project, 5,000 MNIST digits do: load({name!r}, full=True)"
            f" downloads it ({source.megabytes} MB, once); or root= (or HELPERS_DATA) names a folder that "
            "holds it in torchvision's layout")
    return standardized(name, *raw)


def present(name, root=None):
    """Whether load(name, full=True, root=root) needs no network. Raises ValueError for an unknown name."""
    return not absent(known(name), named(root) or cache())


def known(name):
    if name not in tuple(SOURCES):
        raise ValueError(f"unknown data {name!r}: expected one of {', '.join(map(repr, SOURCES))}")
    return SOURCES[name]


def named(root):
    """The folder the caller or HELPERS_DATA names, absolute; None where neither does."""
    folder = root or os.environ.get("HELPERS_DATA")
    return Path(folder).expanduser().resolve() if folder else None


def standardized(name, train, test):
    """Data from raw (images (N, C, H, W), labels (N,)), both uint8."""
    mean, std = statistics(train[0])
    if std.min() < 1e-6:
        raise ValueError(f"all training pixels of {SOURCES[name].title} are equal in a channel: "
                         "the files are damaged, put whole ones there")

    def split(images, labels):
        x = images.float().div_(255)
        return Split(x.sub_(mean.view(-1, 1, 1)).div_(std.view(-1, 1, 1)), labels.long())
    return Data(name, split(*train), split(*test), mean, std)


def statistics(images):
    """Mean and std (C,) in 0..1 of images (N, C, H, W) uint8: exact, since pixels have 256 levels."""
    levels = torch.arange(256, dtype=torch.float64) / 255
    shares = torch.stack([torch.bincount(c.flatten(), minlength=256) for c in images.unbind(1)]).double()
    shares /= shares.sum(1, keepdim=True)  # (C, 256)
    mean = shares @ levels
    std = (shares @ levels**2 - mean**2).clamp(min=0).sqrt()
    return mean.float(), std.float()


# Files -> raw images. Sizes and headers are checked: what broke off while unpacking looks like a whole file.

def read(name, folder, full):
    """[(images (N, C, H, W), labels (N,)) uint8 to train, the same to test]; folder: torchvision's root."""
    source = SOURCES[name]
    missing = absent(source, folder)
    if missing:
        more = f" and {len(missing) - 1} more" if missing[1:] else ""
        raise FileNotFoundError(
            f"no {source.title} in {folder}: {source.folder}/{missing[0]}{more} missing. "
            f"{nearby(source, folder, missing[0])}Expected torchvision's layout, unpacked; root= or "
            f"HELPERS_DATA names the folder that holds {source.folder}")
    splits = read_cifar(folder) if name == "cifar10" else read_mnist(folder / source.folder)
    for part, (_, labels), size in zip(("training", "test"), splits, source.sizes):
        if full and len(labels) != size:
            raise ValueError(f"{folder} holds {len(labels):,} {part} images, the whole of {source.title} "
                             f"has {size:,}: leave out full=True to take what is there")
    (_, labels), (_, of_test) = splits
    rarest = torch.bincount(labels).min()
    if rarest < LEAST[0] or len(of_test) < LEAST[1]:
        raise ValueError(
            f"{folder} holds {len(labels):,} training images, {rarest} of the rarest class, and "
            f"{len(of_test):,} test images. These notebooks take {LEAST[0]} of each class and {LEAST[1]} to "
            f"test, or more: add some, {OR_OURS}")
    return splits


# Once a process; the folder is in the key, so a change of HELPERS_DATA is seen.
read_once = lru_cache(maxsize=4)(read)


def absent(source, folder):
    return [name for name in source.names if not (folder / source.folder / name).is_file()]


def nearby(source, folder, name):
    """Where a missing file is to be found and what to do, as a sentence; nothing where it is not near."""
    home, parts = folder / source.folder, Path(source.folder).parts
    names = [spelt + end for spelt in (name, name.replace("-idx", ".idx")) for end in ("", ".gz")]
    for file in (place / spelt for place in (home, folder, folder / "raw") for spelt in names):
        if file.is_file():
            break
    else:
        return ""
    place, todo = file.parent, []
    if place.parts[-len(parts):] != parts:
        todo.append(f"move it and the others to {home}")
    elif place != home:
        todo.append(f"name {place.parents[len(parts) - 1]} instead")
    if file.suffix == ".gz":
        todo.append("unpack it and the others (gunzip)")
    if name not in file.name:
        todo.append(f"rename it to {name}, and the others alike")
    return f"There is {file}: {'; '.join(todo)}. "


def read_mnist(folder):
    """images (N, 1, 28, 28), labels (N,), uint8, twice."""
    return [read_split(folder, part) for part in ("train", "t10k")]


def read_split(folder, part):
    images = read_idx(folder / f"{part}-images-idx3-ubyte", 3)
    labels = read_idx(folder / f"{part}-labels-idx1-ubyte", 1)
    if len(images) != len(labels):
        raise ValueError(f"{folder}: {part} has {len(images):,} images and {len(labels):,} labels. "
                         "The files do not belong together: put whole ones there")
    found, todo = other_kind(images, labels.unique().tolist())
    if found:
        raise ValueError(f"{folder}: {part} has {found}. These notebooks take images of 28 × 28 with labels "
                         f"0 to 9, each of them there: {todo}, {OR_OURS}")
    return images[:, None], labels


def other_kind(images, there):
    """What whole files hold that the notebooks do not take, and what to do; there: the labels, in order."""
    _, high, wide = images.shape
    if (high, wide) != (28, 28):
        return f"images of {high} × {wide}", "scale or crop them"
    if there[-1] > 9:
        return f"{len(there)} classes, labels {there[0]} to {there[-1]}", "keep ten, and number them 0 to 9"
    missing = [str(label) for label in range(10) if label not in there]
    return f"no image with label {', '.join(missing)}" if missing else "", "add some"


def read_idx(path, axes):
    """uint8 tensor of an IDX file (LeCun et al. 1998): 0, 0, 8, axes; lengths, big-endian int32; bytes."""
    data = np.fromfile(path, dtype=np.uint8)
    head = 4 + 4 * axes
    if data[:2].tolist() == [0x1F, 0x8B]:
        raise ValueError(f"{path} is still packed, though its name does not say so: rename it to "
                         f"{path.name}.gz and unpack it (gunzip)")
    if len(data) < head or data[:4].tolist() != [0, 0, 8, axes]:
        raise ValueError(
            f"{path} begins with {data[:4].tolist()}, an IDX file of {axes} axes with [0, 0, 8, {axes}]: "
            "it is another file, or damaged. Delete it and put the unpacked original there")
    shape = data[4:head].view(">i4").tolist()
    if len(data) - head != math.prod(shape) or len(data) == head:
        raise ValueError(
            f"{path} holds {len(data):,} bytes, its header announces {head + math.prod(shape):,}: "
            "a download or an extraction broke off. Delete it and put the whole file there")
    return torch.from_numpy(data[head:]).view(shape)


def read_cifar(folder):
    """images (N, 3, 32, 32), labels (N,), uint8, twice. The published MD5 is checked before unpickling."""
    from torchvision.datasets import CIFAR10  # a second to import: only where it is needed
    from torchvision.datasets.utils import check_integrity
    meta = CIFAR10.meta["filename"], CIFAR10.meta["md5"]
    for name, md5 in (*CIFAR10.train_list, *CIFAR10.test_list, meta):
        path = folder / CIFAR10.base_folder / name
        if not check_integrity(path, md5):
            raise ValueError(f"{path} does not have the published checksum: damaged, or broken off while "
                             "unpacking. Delete it and unpack cifar-10-python.tar.gz again")
    sets = [CIFAR10(folder, train=train) for train in (True, False)]
    return [(torch.from_numpy(s.data).permute(0, 3, 1, 2), torch.tensor(s.targets, dtype=torch.uint8))
            for s in sets]


@lru_cache
def embedded():
    """The folder of the digits that come with the project, their checksums verified once a process."""
    here = Path(__file__).resolve().parents[1]
    places = here.parent / "data", here / "_embedded"
    folder = next((place for place in places if (place / "MNIST/raw").is_dir()), None)
    mend = ("Mend them with `git checkout data` or install the project again; "
            "for digits of your own set HELPERS_DATA")
    if not folder:
        raise FileNotFoundError(
            f"the digits of the project are neither in {places[0]} nor in {places[1]}. {mend}")
    for name, expected in EMBEDDED.items():
        path = folder / "MNIST/raw" / name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != expected:
            raise ValueError(f"{path} is missing or is not the file of the project (wrong checksum). {mend}")
    return folder


# Download: into a folder of its own, checked there, then moved. What lies in the cache is whole.

def cache():
    """Where whole sets are kept. XDG_CACHE_HOME counts where it is absolute, as its specification asks."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "normalization-and-dropout"


def fetched(name):
    """Raw images of the whole set from the cache; downloaded first where they are not there or not whole."""
    try:
        return read_once(name, cache(), True)
    except (FileNotFoundError, ValueError):
        download(name, cache())
        return read_once(name, cache(), True)


def download(name, folder):
    """Let torchvision fetch, check (MD5) and unpack into an unfinished folder; move files that read well."""
    from torchvision import datasets  # a second to import: only where it is needed
    source = SOURCES[name]
    with unfinished(folder) as part:
        print(f"Downloading {source.title}, {source.megabytes} MB, once.")
        try:
            with patience(WAIT):
                getattr(datasets, source.kind)(part, download=True)
        except (OSError, RuntimeError, HTTPException) as error:
            reason = str(error).strip().replace(
                "File not found or corrupted.", "wrong checksum: it broke off, or was changed on the way")
            raise ConnectionError(
                f"{source.title} could not be downloaded. {reason or type(error).__name__}\n"
                "Nothing unfinished was kept. Try again with a network; or put the unpacked files into a "
                f"folder in torchvision's layout and name it: load({name!r}, full=True, root=...)") from None
        read(name, part, True)
        here = folder / source.folder
        here.mkdir(parents=True, exist_ok=True)
        for file in source.names:
            os.replace(part / source.folder / file, here / file)


@contextmanager
def unfinished(folder):
    """A folder inside `folder`, on the same disk, that is gone afterwards however it ends."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part = tempfile.TemporaryDirectory(prefix="unfinished-", dir=folder)
    except OSError as error:
        raise PermissionError(
            f"cannot write to {folder}: {error.strerror}. Set XDG_CACHE_HOME to a folder you may write to, "
            "or name one that holds the data with root= or HELPERS_DATA") from None
    with part as path:
        yield Path(path)


@contextmanager
def patience(seconds):
    """A silent server is an error after so long; torchvision itself would wait for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


# Toy data. By default the same draws each time (seeds.generator()); another generator gives another sample.

def two_features(n=200, ranges=(200.0, 10.0), generator=None):
    """x (n, 2) float32: two features, each uniform within ± its range.

    Raises ValueError for n below 1 or a negative range.
    """
    expect(n >= 1, "n", n, "1 or more")
    expect(len(ranges) == 2 and min(ranges) >= 0, "ranges", ranges, "two numbers, 0 or more")
    normal = torch.randn(2, n, generator=generator or seeds.generator(), dtype=torch.float64).T
    return (torch.erf(normal / math.sqrt(2)) * torch.tensor(ranges, dtype=torch.float64)).float()


def noisy_line(n=50, noise=0.3, generator=None):
    """x (n, 1) uniform in -1..1, y (n, 1) = x + noise * N(0, 1), float32: the regression of notebook 08.

    Raises ValueError for n below 1 or negative noise.
    """
    expect(n >= 1, "n", n, "1 or more")
    expect(noise >= 0, "noise", noise, "0 or more")
    draw = generator or seeds.generator()
    x = 2 * torch.rand(n, 1, generator=draw) - 1
    return x, x + noise * torch.randn(n, 1, generator=draw)


def expect(good, name, got, of):
    if not good:
        raise ValueError(f"{name}={got!r}: expected {of}")
