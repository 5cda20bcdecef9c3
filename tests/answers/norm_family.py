"""Answers to the exercises of helpers/lessons/norm_family.py, written in another way than there."""
import torch
from torch.nn.functional import batch_norm

from helpers.lessons.norm_family import choose, choose_solution

# normalize

def by_columns(x, dims, eps):
    """The set as the columns of a table, then batch norm's own kernel."""
    axes = sorted(d % x.dim() for d in dims)
    stay = [d for d in range(x.dim()) if d not in axes]
    order = axes + stay
    moved = x.permute(order)
    rows = 1
    for d in axes:
        rows *= x.shape[d]
    table = batch_norm(moved.reshape(rows, -1), None, None, training=True, eps=eps)
    return table.reshape(moved.shape).permute([order.index(d) for d in range(x.dim())])


def by_var_mean(x, dims, eps):
    var, mean = torch.var_mean(x, dim=dims, correction=0, keepdim=True)
    return (x - mean) * (var + eps).rsqrt()


def by_moments(x, dims, eps):
    centred = x - torch.mean(x, dims, True)
    return centred / (centred ** 2).mean(dims, True).add(eps) ** 0.5


def rest(x, dims):
    named = {d % x.dim() for d in dims}
    return tuple(d for d in range(x.dim()) if d not in named)


def in_turn(x, dims, eps):
    for d in dims:
        x = by_moments(x, (d,), eps)
    return x


def over(x, dims, below):
    return (x - x.mean(dims, keepdim=True)) / below


def var(x, dims, **how):
    return x.var(dims, keepdim=True, **({"correction": 0} | how))


# choose

def with_word(name, word):
    return lambda: tuple(word if mine == name else given for mine, given in zip("abcdef", choose_solution()))


right = {
    "normalize": [by_columns, by_var_mean, by_moments],
    "choose": [lambda: ("group", "batch", "token", "instance", "batch", "token"),
               lambda: ["token", "batch", "instance", "instance", "batch", "token"]],
}

wrong = {
    "normalize": {
        "other_axes": lambda x, dims, eps: by_var_mean(x, rest(x, dims), eps),
        "everything": lambda x, dims, eps: (x - x.mean()) / (x.var(correction=0) + eps).sqrt(),
        "one_by_one": in_turn,
        "first_only": lambda x, dims, eps: by_moments(x, dims[0], eps),
        "not_kept": lambda x, dims, eps: (x - x.mean(dims)) / torch.sqrt(x.var(dims, unbiased=False) + eps),
        "var_not_kept": lambda x, dims, eps: over(x, dims, (x.var(dims, correction=0) + eps) ** 0.5),
        "variance": lambda x, dims, eps: over(x, dims, var(x, dims) + eps),
        "no_mean": lambda x, dims, eps: x * ((x * x).mean(dims, keepdim=True) + eps).rsqrt(),
        "about_zero": lambda x, dims, eps: over(x, dims, ((x * x).mean(dims, keepdim=True) + eps) ** 0.5),
        "batch_only": lambda x, dims, eps: by_moments(x, 0, eps),
        "last_axis": lambda x, dims, eps: by_moments(x, -1, eps),
        "last_only": lambda x, dims, eps: by_moments(x, dims[-1], eps),
        "undivided": lambda x, dims, eps: x - torch.mean(x, dims, True),
        "brackets": lambda x, dims, eps: x - x.mean(dims, keepdim=True) / (var(x, dims) + eps).sqrt(),
        "summed": lambda x, dims, eps: over(
            x, dims, ((x - x.mean(dims, keepdim=True)).square().sum(dims, keepdim=True) + eps).sqrt()),
        "absolute": lambda x, dims, eps: over(
            x, dims, ((x - x.mean(dims, keepdim=True)).abs().mean(dims, keepdim=True) ** 2 + eps).sqrt()),
        "no_eps": lambda x, dims, eps: over(x, dims, var(x, dims) ** 0.5),
        "eps_outside": lambda x, dims, eps: over(x, dims, var(x, dims) ** 0.5 + eps),
        "unbiased": lambda x, dims, eps: over(x, dims, (var(x, dims, correction=1) + eps) ** 0.5),
    },
    "choose": {switch: with_word(*switch.split("_")) for switch in choose.mistakes},
}
