"""What a notebook runs on, in four lines."""
import os
import platform
from importlib.metadata import version

import torch

from . import data

PACKAGES = "torch", "torchvision", "numpy", "matplotlib", "ipywidgets"


def report():
    """Print versions, device, threads, and which data sets are at hand (of HELPERS_DATA only that it is set, not its path)."""
    print(f"Python {platform.python_version()}, " + ", ".join(f"{name} {version(name)}" for name in PACKAGES))
    cards = ", ".join(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))
    print(f"device: CPU, {torch.get_num_threads()} thread{'s' * (torch.get_num_threads() > 1)} in use" + (f"; also {cards}, which these notebooks do not need" if cards else ""))
    digits = data.load()
    print(f"digits: {len(digits.train.y):,} to train, {len(digits.test.y):,} to test" + (" (from HELPERS_DATA)" if os.environ.get("HELPERS_DATA") else " (embedded)"))
    here = [name for name in data.SOURCES if data.present(name)]
    print("full data sets at hand:", ", ".join(here) or "none; load(name, full=True) downloads one, and none is needed")
