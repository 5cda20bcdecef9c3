"""What the notebooks read off a training curve."""
import torch


def steps_to(loss, level, window=10):
    """loss (..., T), one number a step -> (...) float: the first step at which the mean of the last `window` losses is at most level.

    Never is inf; so is a curve that left the numbers before. Raises ValueError for a window below 1 or longer than the curve.
    """
    if not 1 <= window <= loss.shape[-1]:
        raise ValueError(f"window={window}: expected 1 to {loss.shape[-1]}, the steps of the curve")
    smooth = loss.double().unfold(-1, window, 1).mean(-1)                    # (..., T - window + 1)
    below = smooth <= level
    first = below.int().argmax(-1) + window
    return torch.where(below.any(-1), first.double(), torch.inf)
