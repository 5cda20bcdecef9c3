"""Throughputs of the training helpers, in model-samples a second. pytest does not collect it; from the root:

    python -m tests.experiments.bench_training [repeats [threads]]

MLP 784-48-24-10 with BatchNorm, batch 64, SGD; the median of 3. One thread: CPU time, so that a busy machine
disturbs little. More threads: by the clock, on an idle machine.
The yardstick is the loop tutorials teach: a Dataset that gives one sample at a time, a DataLoader,
torch.optim.SGD. Once with torchvision's MNIST, ToTensor and Normalize, once with samples that are tensors
already.
"""
import statistics
import sys
import time
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from torchvision import datasets, transforms

from helpers.experiments.data import load
from helpers.experiments.models import mlp
from helpers.experiments.training import fit, fit_many, last

ROOT = Path(__file__).parents[2]
STEPS, BATCH, SEEDS = 248, 64, 32                # four epochs of 62 batches


def tutorial(make, samples):
    net, loader = make(), DataLoader(samples, BATCH, shuffle=True, drop_last=True)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(STEPS // len(loader)):
        for x, y in loader:
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(x), y).backward()
            optimizer.step()


def seconds(run):
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    start = clock()
    run()
    return clock() - start


def medians(runs, repeats):
    """Seconds of each run, taken in turn."""
    times = [[seconds(run) for run in runs.values()] for _ in range(repeats)]
    return dict(zip(runs, map(statistics.median, zip(*times))))


def main(repeats=3, threads=1):
    torch.set_num_threads(threads)
    data = load()
    standardize = transforms.Normalize(data.mean, data.std)
    digits = datasets.MNIST(ROOT / "data", transform=transforms.Compose([transforms.ToTensor(), standardize]))

    def bn():
        return mlp(nn.BatchNorm1d)

    def dropping():
        return nn.Sequential(mlp(nn.BatchNorm1d, (784, 48, 24)), nn.Dropout(0.5), nn.Linear(24, 10))

    fresh = time.perf_counter()
    next(fit_many(bn, data.train))
    fresh = time.perf_counter() - fresh
    tutorial(bn, TensorDataset(*data.train))     # torch.optim loads torch's compiler once

    times = medians({
        "DataLoader, torchvision": lambda: tutorial(bn, digits),
        "DataLoader, tensors": lambda: tutorial(bn, TensorDataset(*data.train)),
        "fit": lambda: last(fit(bn, data.train, steps=STEPS)),
        "fit_many, 32 seeds": lambda: last(fit_many(bn, data.train, steps=STEPS, seeds=SEEDS)),
        "fit, dropout": lambda: last(fit(dropping, data.train, steps=STEPS)),
        "fit_many, dropout": lambda: last(fit_many(dropping, data.train, steps=STEPS, seeds=SEEDS)),
    }, repeats)
    base = times["DataLoader, torchvision"]
    for name, taken in times.items():
        models = SEEDS if name.startswith("fit_many") else 1
        print(f"{name:<24} {models * STEPS * BATCH / taken:9,.0f}   {models * base / taken:5.1f} times")
    later = medians({"": lambda: next(fit_many(bn, data.train))}, repeats)[""]
    print(f"first Curve of 8 seeds: {fresh * 1000:.0f} ms in a fresh process, {later * 1000:.0f} ms later")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
