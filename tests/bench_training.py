"""Throughputs of the training helpers, in model-samples a second: python tests/bench_training.py [repeats]. Not collected by pytest.

MLP 784-48-24-10 with BatchNorm, batch 64, SGD, one thread; the median of 3. The yardstick is the loop tutorials teach: a Dataset
that gives one sample at a time, a DataLoader, torch.optim.SGD.
"""
import os
import statistics
import sys
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).parent.parent))

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from helpers.data import load
from helpers.models import mlp
from helpers.training import fit, fit_many, last

STEPS, BATCH = 248, 64                           # four epochs of 62 batches


class Samples(Dataset):
    def __init__(self, split):
        self.split = split

    def __len__(self):
        return len(self.split.y)

    def __getitem__(self, k):
        return self.split.x[k], self.split.y[k]


def tutorial(make, split):
    net, loader = make(), DataLoader(Samples(split), BATCH, shuffle=True, drop_last=True)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(STEPS * BATCH // len(split.y) + 1):
        for x, y in loader:
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(x), y).backward()
            optimizer.step()
            yield


def seconds(run, repeats):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main(repeats):
    torch.set_num_threads(1)
    split, make = load().train, lambda: mlp(nn.BatchNorm1d)
    first = seconds(lambda: next(fit_many(make, split)), 1), seconds(lambda: next(fit_many(make, split)), repeats)
    last(tutorial(make, split))                  # torch.optim loads torch's compiler once
    per_epoch = len(split.y) // BATCH * BATCH
    base = (STEPS * BATCH // len(split.y) + 1) * per_epoch / seconds(lambda: last(tutorial(make, split)), repeats)
    print(f"Dataset + DataLoader  {base:9,.0f}")
    for label, models, run in (("fit", 1, lambda: last(fit(make, split, steps=STEPS))),
                               ("fit_many, 8 seeds", 8, lambda: last(fit_many(make, split, steps=STEPS))),
                               ("fit_many, 32 seeds", 32, lambda: last(fit_many(make, split, steps=STEPS, seeds=32)))):
        rate = models * STEPS * BATCH / seconds(run, repeats)
        print(f"{label:<21} {rate:9,.0f}   {rate / base:4.1f} times")
    print(f"first Curve of 8 seeds: {first[0] * 1000:.0f} ms in a fresh process, {first[1] * 1000:.0f} ms later")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
