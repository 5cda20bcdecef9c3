"""Numbers on their way into a picture."""
import numpy as np


def array(numbers):
    """Torch tensor (with or without gradient), list or float -> float64 array."""
    return np.asarray(numbers.detach() if hasattr(numbers, "detach") else numbers, dtype=float)


def broken(*columns):
    """Many polylines as the data of one line: (n, k) of x and of y -> two (n * (k + 1),), parted by nan."""
    return [np.column_stack([c, np.full(len(c), np.nan)]).ravel() for c in map(np.asarray, columns)]


def smooth(values, window=10):
    """Running mean along the last axis, shorter at the start."""
    total = np.cumsum(values, axis=-1)
    total[..., window:] = total[..., window:] - total[..., :-window]
    return total / np.minimum(np.arange(1, values.shape[-1] + 1), window)


def jitter(n):
    """n numbers from -0.5 to 0.5, spread evenly (golden ratio) and the same each time."""
    return np.arange(n) * 0.618 % 1 - 0.5


def apart(places, least):
    """The places, moved up until neighbours are at least so far apart."""
    order, moved = np.argsort(places), np.array(places, float)
    for below, above in zip(order, order[1:]):
        moved[above] = max(moved[above], moved[below] + least)
    return moved


def best_line(h, y):
    """(R² of the best straight line of y over h, that line); nan where y does not vary."""
    if np.ptp(h) < 1e-6 or np.ptp(y) < 1e-6:
        return np.nan, lambda x: np.full(np.shape(x), y.mean())
    slope = np.mean((h - h.mean()) * (y - y.mean())) / h.var()
    return slope ** 2 * h.var() / y.var(), lambda x: y.mean() + slope * (x - h.mean())
