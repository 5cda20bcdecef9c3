"""What of a random program does not hang on the draw: shares, whose coins are whose, factors."""
import torch

from .comparing import Share, same

MANY = "many different numbers"


def whose_coins(lost):
    """lost (...) of booleans -> Share lost, [for each axis: how the coins are shared along it].

    What shares a coin counts once. Of independent coins the number lost along an axis of length n varies by
    n q (1 - q): words are "each its own" where it does within five standard errors.
    """
    if lost.all() or not lost.any():
        return Share(lost.double().mean().item(), lost.numel()), ["all alike"] * lost.dim()
    lost = lost.float()
    for axis in range(lost.dim()):
        share = lost.mean(axis)
        if ((share == 0) | (share == 1)).all():
            lost = lost.narrow(axis, 0, 1)
    q = lost.double().mean().item()
    return Share(q, lost.numel()), [sharing(lost, axis, q) for axis in range(lost.dim())]


def sharing(lost, axis, q):
    n, counts = lost.shape[axis], lost.double().sum(axis)
    if n == 1:
        return "one for all"
    spread = (counts - n * q).square().mean().item() / (n * q * (1 - q))
    chance = 5 * (2 / counts.numel()) ** 0.5
    return "shared in part" if spread > 1 + chance else "too even" if spread < 1 - chance else "each its own"


def values(numbers):
    """The different ones among these numbers, up to rounding: a number, a list of up to four, or words."""
    numbers = numbers.detach().double().flatten()
    if not len(numbers):
        return "none"
    if not numbers.isfinite().all():
        return "nan or infinite"
    numbers = numbers.sort().values
    new = numbers.diff() > 1e-5 * numbers[1:].abs().clamp(min=1)
    found = numbers[torch.cat([torch.tensor([True]), new])].tolist()
    return found[0] if len(found) == 1 else found if len(found) <= 4 else MANY


def factor(outs, x):
    """outs (calls, ...), x (...) without zeros -> by what the numbers that are not lost were multiplied."""
    outs = outs.detach()
    kept = outs != 0
    found = values((outs / x)[kept])
    if found != MANY:
        return found
    if values(outs[kept]) != MANY:
        return "one and the same number comes out, whatever goes in"
    each = [values((out / x)[out != 0]) for out in outs]
    return "another one at each call" if all(isinstance(one, float) for one in each) else MANY


def alike(found):
    """What was found at each of some rates: one value if it is the same at all."""
    return found[0] if all(same(found[0], other) for other in found) else [*found]


def following(found):
    """The same of what should follow the rate: words where it does not, unless it is 0 or 1 or words."""
    one = alike(found)
    number = one.value if isinstance(one, Share) else one
    follows = isinstance(one, (list, str)) or any(same(number, known) for known in (0.0, 1.0))
    return one if follows else "the same at every rate"
