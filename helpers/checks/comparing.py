"""When two answers count as the same, how a value reads in short numbers, and where two first differ."""
import random
from contextlib import contextmanager
from numbers import Number

import numpy as np
import torch


@contextmanager
def same_draws(seed=0):
    """torch, numpy and random draw the same inside, each time; their own streams are left as they were."""
    numpy, python = np.random.get_state(), random.getstate()
    try:
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)  # torch.manual_seed would reseed a GPU, too
            np.random.seed(seed)
            random.seed(seed)
            yield
    finally:
        np.random.set_state(numpy)
        random.setstate(python)


UNASKED = object()  # what an answer need not have: the same as anything


class Share:
    """A share measured by n coins: the same as another that is no more than five standard errors away."""

    def __init__(self, value, n):
        self.value, self.n = value, n

    def near(self, other):
        q = (self.value * self.n + other.value * other.n) / (self.n + other.n)
        error = (q * (1 - q) * (1 / self.n + 1 / other.n)) ** 0.5
        return abs(self.value - other.value) <= 5 * error

    def __repr__(self): return f"{self.value:.2g}"


def tensor(value):
    """Numbers of any kind (tensor, array, nested list, number) as a float64 tensor; None of no block."""
    if isinstance(value, (list, tuple)) and value and all(torch.is_tensor(v) for v in value):
        value = torch.stack(tuple(value)) if len({v.shape for v in value}) == 1 else None
    if not isinstance(value, (torch.Tensor, np.ndarray, np.generic, Number, list, tuple)):
        return None
    try:
        value = torch.as_tensor(value).detach().cpu()
    except (TypeError, ValueError, RuntimeError):  # words in a list, rows of different length
        return None
    return None if value.is_complex() else value.to(torch.float64)


def whole(value):
    """Whether it counts: whole numbers are compared exactly, others to float precision."""
    if torch.is_tensor(value):
        return not (value.is_floating_point() or value.is_complex())
    if isinstance(value, list):
        return all(map(whole, value))
    return isinstance(value, (bool, int, np.integer))


def same(a, b, atol=1e-5):
    """Whether a is what was expected, b: equal structure and shapes, numbers to float precision or atol.

    A tuple is a tuple or list of its parts, a list of numbers any block of numbers; words, sets, keys equal.
    """
    if a is UNASKED:
        return True
    if isinstance(b, Share):
        return isinstance(a, Share) and a.near(b)
    if isinstance(b, dict):
        return isinstance(a, dict) and a.keys() == b.keys() and all(same(a[k], b[k], atol) for k in b)
    block = None if isinstance(b, tuple) else tensor(b)
    if block is None and isinstance(b, (tuple, list)):
        return (isinstance(a, (tuple, list)) and len(a) == len(b)
                and all(same(x, y, atol) for x, y in zip(a, b)))
    if block is None:
        return type(a) is type(b) and a == b
    a = tensor(a)
    return a is not None and a.shape == block.shape and not wrong(a, block, whole(b), atol).any()


def wrong(a, b, exact, atol):
    """Where tensors differ by more than float precision (1e-4) or atol; exact: at all."""
    rtol, atol = (0, 0) if exact else (1e-4, atol)
    return ~torch.isclose(a, b, rtol=rtol, atol=atol, equal_nan=True)


def short(number, digits=3):
    """A number as one writes it: three digits, whole numbers in full, thousands without a power of ten."""
    number = getattr(number, "item", lambda: number)()
    if isinstance(number, (bool, int)):
        return str(number)
    if number.is_integer() and abs(number) < 1e15:
        return str(int(number))
    text = f"{number:.{digits}g}"
    return f"{number:.0f}" if "e+" in text and abs(number) < 1e6 else text


def describe(value):
    """At most eight numbers are shown, more are described."""
    if isinstance(value, np.ndarray):
        value = value.tolist() if tensor(value) is None else torch.as_tensor(value)
    if torch.is_tensor(value):
        return describe(value.tolist()) if value.numel() <= 8 else f"a tensor {tuple(value.shape)}"
    if isinstance(value, (tuple, list)):
        return ("[%s]" if isinstance(value, list) else "(%s)") % ", ".join(map(describe, value))
    if isinstance(value, (Number, np.generic)) and not isinstance(value, complex):
        return short(value)
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def difference(name, a, b, atol=1e-5):
    """Where a first differs from what was expected, b, in a sentence; name is what a is called."""
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        key = next(key for key in b if not same(a[key], b[key], atol))
        return difference(f"{name}[{key!r}]", a[key], b[key], atol)
    got, want = tensor(a), None if isinstance(b, tuple) else tensor(b)
    if got is None or want is None:
        return f"{name} is {describe(a)}; expected {describe(b)}."
    if got.shape != want.shape:
        return f"{name} has shape {tuple(got.shape)}; expected {tuple(want.shape)}."
    at = tuple(wrong(got, want, whole(b), atol).nonzero()[0].tolist())
    here = name + (str(list(at)) if at else "")
    if not got[at].isfinite() and want[at].isfinite():
        share = f" ({int((~got.isfinite()).sum())} of {got.numel()} are not finite)" if at else ""
        return (f"{here} is {got[at].item()}; expected {short(want[at])}{share}: "
                "a division by zero, or the root of a negative number?")
    mine, right = apart(got[at].item(), want[at].item())
    coarse = torch.is_tensor(a) and not whole(b) and a.dtype not in (torch.float32, torch.float64)
    return f"{here} is {mine}; expected {right}{f' (its dtype is {a.dtype})' if coarse else ''}."


def apart(a, b):
    """Two different numbers in the fewest digits, three at least, that tell them apart."""
    for digits in range(3, 17):
        pair = short(a, digits), short(b, digits)
        if pair[0] != pair[1]:
            break
    return pair
