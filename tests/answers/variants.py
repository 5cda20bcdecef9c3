"""Answers to the exercises of helpers/lessons/variants.py, written in another way than there."""
import torch
from torch.nn import functional as F

# spatial_dropout

def by_torch(h, p, training=True):
    return F.dropout2d(h, p, training)


def by_bernoulli(h, p, training=True):
    if not training:
        return h
    heads = torch.bernoulli(torch.full(h.shape[:2], 1.0 - p))
    return torch.einsum("nchw,nc->nchw", h, heads) / (1 - p)


def as_long_as(axes):
    """Dropout with coins along these axes, whole along the others."""
    def f(h, p, training=True):
        if not training:
            return h
        coins = [size if axis in axes else 1 for axis, size in enumerate(h.shape)]
        return h * F.dropout(torch.ones(coins), p, True)
    return f


def keeping(h, p, training=True):
    return F.dropout2d(h, 1 - p, training)


def not_rescaled(h, p, training=True):
    return F.dropout2d(h, p, training) * (1 - p if training else 1)


def over_p(h, p, training=True):
    return F.dropout2d(h, p, training) * ((1 - p) / p if training else 1)


def always(h, p, training=True):
    return F.dropout2d(h, p)


# which_variant

SEEN = {"A": "dropblock", "B": "rnndrop", "C": "One mask for the batch",
        "D": "dropout", "E": "gaussian", "F": "dropout2d"}


def by_branches(letter):
    if letter == "A":
        return "DropBlock"
    if letter == "B":
        return "RNNDrop"
    if letter == "C":
        return "one mask for the batch"
    if letter == "F":
        return "Dropout2d"
    return "Gaussian" if letter == "E" else "Dropout"


def mixed(one, other):
    """Two letters taken for each other."""
    return lambda letter: SEEN[{one: other, other: one}.get(letter, letter)]


right = {
    "spatial_dropout": [by_torch, by_bernoulli],
    "which_variant": [SEEN.__getitem__, by_branches],
}

wrong = {
    "spatial_dropout": {
        "pixels": lambda h, p, training=True: F.dropout(h, p, training),
        "batch": as_long_as((1,)),
        "images": as_long_as((0,)),
        "places": as_long_as((0, 2, 3)),
        "keeps": keeping,
        "no_rescale": not_rescaled,
        "by_p": over_p,
        "in_eval": always,
    },
    "which_variant": {
        "batch": mixed("C", "D"),
        "maps": mixed("D", "F"),
        "blocks": mixed("A", "F"),
        "time": mixed("B", "F"),
        "noise": mixed("D", "E"),
    },
}
