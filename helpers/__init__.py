"""Plumbing of the notebooks: what a learner need not read. The layer being taught stands in the notebook, never here."""
from importlib.metadata import version

import torch

from .seeds import base

__all__ = ["start"]


def start():
    """First line of every notebook: one thread, the seed of this run, and a line that says with what it runs.

    HELPERS_SEED (default 0) moves every seed of the run. Raises ValueError if it is no whole number.
    """
    torch.set_num_threads(1)          # small nets: on two busy cores two threads can be ten times slower than one
    torch.manual_seed(base())
    print(f"torch {version('torch')}, torchvision {version('torchvision')}, ipywidgets {version('ipywidgets')}; seed {base()}, one thread")
