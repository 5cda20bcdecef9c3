"""What a notebook runs on: the line at its top, and the report of notebook 00."""
import os
import platform
from importlib.metadata import version

import torch

from .experiments import data
from .experiments.seeds import base

PACKAGES = "torch", "torchvision", "numpy", "matplotlib", "ipywidgets"


def start():
    """First line of every notebook: one thread, this run's seed (HELPERS_SEED, or 0), and a line on both.

    Raises ValueError if the seed is no whole number.
    """
    torch.set_num_threads(1)  # small nets: on two busy cores two threads can take ten times as long
    torch.manual_seed(base())
    versions = ", ".join(f"{name} {version(name)}" for name in ("torch", "torchvision", "ipywidgets"))
    print(f"{versions}; seed {base()}, one thread")


def report():
    """Print versions, device, threads, and which data sets are at hand; of HELPERS_DATA not the path."""
    print(f"Python {platform.python_version()}, " + ", ".join(f"{name} {version(name)}" for name in PACKAGES))
    threads = torch.get_num_threads()
    cards = ", ".join(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))
    also = f"; also {cards}, which these notebooks do not need" if cards else ""
    print(f"device: CPU, {threads} thread{'s' * (threads > 1)} in use{also}")
    digits = data.load()
    origin = "from HELPERS_DATA" if os.environ.get("HELPERS_DATA") else "embedded"
    print(f"digits: {len(digits.train.y):,} to train, {len(digits.test.y):,} to test ({origin})")
    here = [name for name in data.SOURCES if data.present(name)]
    none = "none; load(name, full=True) downloads one, and none is needed"
    print("full data sets at hand:", ", ".join(here) or none)
