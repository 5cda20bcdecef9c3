"""Every seed of a run, from one number: HELPERS_SEED (default 0)."""
import os

import torch


def base():
    """HELPERS_SEED as an int, 0 where it is not set. Raises ValueError unless it is 0 to 999999."""
    text = os.environ.get("HELPERS_SEED", "0")
    if not (text.isascii() and text.isdigit() and int(text) < 1_000_000):
        raise ValueError(
            f"HELPERS_SEED={text!r}: expected a whole number from 0 to 999999, e.g. HELPERS_SEED=7")
    return int(text)


def seeds(n):
    """n different seeds of this run; runs with another HELPERS_SEED share none (up to n = 1,000)."""
    return [1000 * base() + k for k in range(n)]


def generator(k=0):
    """The k-th torch.Generator of this run: draws from it leave torch's global stream alone."""
    return torch.Generator().manual_seed(1000 * base() + k)
