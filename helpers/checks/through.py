"""What the numbers alone do not show: the gradient through a function, and how it does far from 0."""
import torch

from .comparing import UNASKED, same
from .watched import Told, parts


def gradient_through(f, h, *others):
    """Gradient in h of a weighted sum of f(h, *others); UNASKED of what has none: lists, numpy's arrays."""
    h = h.clone().requires_grad_()
    try:
        y = f(h, *others)
    except Told as told:
        if "numpy()" in told.args[1]:
            return UNASKED
        raise
    if not torch.is_tensor(y) or not y.requires_grad:
        return UNASKED
    weights = torch.linspace(-1, 2, y.numel()).cos().view_as(y)
    return torch.autograd.grad((weights * y).sum(), h)[0]


# so that sums and means are exact, also 1,000 further on, and squares are not
_fine = torch.tensor([[4, -1], [-3, 2], [1, 0], [0, -4], [-2, 3], [3, 1], [-4, -2], [1, 2]]) / 64


def as_well_far_off(f, shape=(8, 2)):
    """Whether f(h), one tensor or several, is the same for h + 1000, up to a hundredth."""
    h = _fine.reshape(shape)
    near, far = parts(f(h)), parts(f(h + 1000))
    return len(near) == len(far) and all(same(there, here, 1e-2) for here, there in zip(near, far))
