"""Answers to the exercises of helpers/lessons/variants.py, written in another way than there."""
import random

import torch
from torch.nn import functional as F

from helpers.lessons.variants import which_variant

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


def rated(share, times=lambda p: 1 / (1 - p), toss=torch.rand):
    """Maps fall where the coin is below share(p); what is kept is multiplied by times(p)."""
    return lambda h, p, training=True: (
        h * ~(toss(h.shape[:2])[..., None, None] < share(p)) * times(p) if training else h)


def seeded(h, p, training=True):
    keep = torch.rand(*h.shape[:2], 1, 1, generator=torch.Generator().manual_seed(1)) >= p
    return h * keep / (1 - p) if training else h


def by_share_kept(h, p, training=True):
    keep = (torch.rand(*h.shape[:2], 1, 1) > p).float()
    return h * keep / keep.mean() if training else h


def in_pairs(h, p, training=True):
    coins = torch.rand(len(h), (h.shape[1] + 1) // 2, 1, 1).repeat_interleave(2, 1)[:, :h.shape[1]]
    return h * (coins >= p) / (1 - p) if training else h


def by_columns(h, p, training=True):
    return h * F.dropout(torch.ones(*h.shape[:2], 1, h.shape[3]), p, training)


def map_by_map(h, p, training=True):
    if not training:
        return h
    out = h / (1 - p)
    for n in range(len(h)):
        for c in range(h.shape[1]):
            if random.random() < p:
                out[n, c] = 0
    return out


def by_flat_maps(h, p, training=True):
    if not training:
        return h
    maps = h.flatten(0, 1)
    lost = torch.rand(len(maps)) < p
    return maps.masked_fill(lost[:, None, None], 0.0).view_as(h) / (1 - p)


def by_repeating(h, p, training=True):
    if training:
        coins = torch.distributions.Bernoulli(1 - p).sample(h.shape[:2])
        h = h * coins.repeat_interleave(h[0, 0].numel(), 1).reshape(h.shape) * (1 / (1 - p))
    return h


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


def taken(letter, variant):
    """One letter taken for another variant."""
    return lambda asked: variant.replace("_", " ").lower() if asked == letter else SEEN[asked]


right = {
    "spatial_dropout": [by_torch, by_bernoulli, map_by_map, by_flat_maps, by_repeating],
    "which_variant": [SEEN.__getitem__, by_branches],
}

wrong = {
    "spatial_dropout": {
        "pixels": lambda h, p, training=True: F.dropout(h, p, training),
        "batch": as_long_as((1,)),
        "images": as_long_as((0,)),
        "places": as_long_as((0, 2, 3)),
        "nothing": lambda h, p, training=True: h.clone(),
        "eval_zero": lambda h, p, training=True: F.dropout2d(h, p) if training else h - h,
        "rows": lambda h, p, training=True: h * F.dropout(torch.ones(*h.shape[:3], 1), p, training),
        "columns": by_columns,
        "mask_keeps": rated(lambda p: 1 - p, lambda p: 1 / (1 - p)),
        "times": rated(lambda p: p, lambda p: 1 - p),
        "eval_scaled": lambda h, p, training=True: F.dropout2d(h, p) if training else h * (1 - p),
        "keeps": keeping,
        "fixed_share": rated(lambda p: 0.3),
        "normal": rated(lambda p: p - 1, toss=torch.randn),
        "same_again": seeded,
        "mask_only": lambda h, p, training=True: by_bernoulli(torch.ones_like(h), p) if training else h,
        "fixed_factor": rated(lambda p: p, lambda p: 1.5),
        "share_kept": by_share_kept,
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
        **{switch: taken(*switch.split("_", 1)) for switch in which_variant.mistakes if "_" in switch},
    },
}

SHARE = "the fraction it drops at p = 0.2 and 0.6: it gives "

# wrong answers that are not a mistake by name: what is told of them
others = {"spatial_dropout": {
    "0.3 written in": (rated(lambda p: 0.3, lambda p: 1 / 0.7), "The same share is dropped whatever p is"),
    "p - 0.035": (rated(lambda p: p - 0.035), SHARE),
    "3 p squared": (rated(lambda p: 3 * p * p), SHARE + "[0.12, 1]; expected [0.2, 0.6]."),
    "randn above p": (rated(lambda p: p, toss=torch.randn), SHARE),
    "in pairs": (in_pairs,
                 "whether two channels share mask entries: it gives 'shared in part'; "
                 "expected 'each its own'."),
    "rounded": (rated(lambda p: p, lambda p: round(1 / (1 - p), 1)),
                "by what it multiplies kept numbers: it gives [1.2, 2.5]"),
    "1 + p": (rated(lambda p: p, lambda p: 1 + p), "by what it multiplies kept numbers: it gives [1.2, 1.6]"),
    "eval by 0.95": (lambda h, p, training=True: F.dropout2d(h, p) if training else 0.95 * h,
                     "by what it multiplies in eval mode: it gives 0.95; expected 1."),
}, "which_variant": {
    "all Dropout": (
        lambda letter: "Gaussian" if letter == "E" else "Dropout", "A is not Dropout: that drops"),
    "two blocks": (
        lambda letter: "dropblock" if letter in "AB" else SEEN[letter], "B is not DropBlock: that"),
}}
