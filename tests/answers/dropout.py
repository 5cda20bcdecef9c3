"""Answers to the exercises of helpers/lessons/dropout.py, written in another way than there."""
import math
import random
from itertools import product

import numpy as np
import torch
from torch.nn import functional as F

# dropout

def by_bernoulli(x, p, training):
    if training:
        mask = torch.bernoulli(torch.full_like(x, 1 - p))
        return mask * x / (1 - p)
    return x


def by_filling(x, p, training):
    return x.masked_fill(torch.rand_like(x) < p, 0.0) * (1 / (1 - p)) if training else x.clone()


def by_a_list(x, p, training):
    if not training:
        return x
    factors = torch.tensor([0.0, 1 / (1 - p)])
    choice = torch.distributions.Bernoulli(probs=1 - p).sample(x.shape).long()
    return x * factors[choice]


def convention_of_the_papers(x, p, training):
    return x * torch.bernoulli(torch.full_like(x, p)) / p if training else x


def drops_the_others(x, p, training):
    return torch.where(torch.rand_like(x) < p, x / (1 - p), torch.zeros_like(x)) if training else x


def exactly(x, p, training):
    if not training:
        return x
    some = torch.stack([torch.randperm(x.shape[1])[:round(p * x.shape[1])] for _ in x])
    return x.scatter(1, some, 0.0) / (1 - p)


def exactly_of_all(x, p, training):
    if not training:
        return x
    mask = torch.ones(x.numel())
    mask[torch.randperm(x.numel())[:round(p * x.numel())]] = 0
    return x * mask.view_as(x) / (1 - p)


def seeded(x, p, training):
    mask = torch.rand(x.shape, generator=torch.Generator().manual_seed(42)) >= p
    return x * mask / (1 - p) if training else x


def data_only(x, p, training):
    if not training:
        return x
    dropped = F.dropout(x.detach(), p)
    return x + dropped - x.detach()


def rated(share, times=lambda p: 1 / (1 - p), toss=torch.rand_like, eval_times=1):
    """Dropout that drops where a random number is below share(p), and multiplies by times(p)."""
    return lambda x, p, training: (x * ~(toss(x) < share(p)) * times(p) if training else eval_times * x)


def by_share_kept(x, p, training):
    if not training:
        return x
    mask = (torch.rand_like(x) > p).float()
    return x * mask * mask.numel() / mask.sum()


class ByRatio(torch.autograd.Function):
    """The mask is not kept but found again, as output over input."""
    @staticmethod
    def forward(ctx, x, p, at_zero):
        y = F.dropout(x, p)
        ctx.save_for_backward(x, y)
        ctx.at_zero = at_zero
        return y

    @staticmethod
    def backward(ctx, dy):
        x, y = ctx.saved_tensors
        return torch.where(x == 0, ctx.at_zero, y / x) * dy, None, None


MASKS = {}


def mask_kept(x, p, training):
    if not training:
        return x
    if (x.shape, p) not in MASKS:
        MASKS[x.shape, p] = torch.rand(x.shape) >= p
    return x * MASKS[x.shape, p] / (1 - p)


def in_pairs(x, p, training):
    drawn = torch.rand(len(x), (x.shape[1] + 1) // 2).repeat_interleave(2, 1)[:, :x.shape[1]]
    return x * (drawn >= p) / (1 - p) if training else x


def number_by_number(x, p, training):
    if not training:
        return x
    drawn = [[random.random() for _ in row] for row in x]
    return torch.where(torch.tensor(drawn) < p, torch.tensor(0.0), x / (1 - p))


def by_index(x, p, training):
    if training:
        x = x.clone() / (1 - p)
        x[torch.rand_like(x) <= p] = 0
    return x


def by_multinomial(x, p, training):
    if not training:
        return x
    faces = torch.multinomial(torch.tensor([p, 1 - p]), x.numel(), replacement=True)
    return x * (faces / (1 - p)).view(x.shape)


def by_exponential(x, p, training):
    return x * (torch.empty_like(x).exponential_() > -math.log(1 - p)) / (1 - p) if training else x


def with_numpy(x, p, training):
    keep = torch.from_numpy(np.random.default_rng().binomial(1, 1 - p, x.shape))
    return x * keep.to(x) / (1 - p) if training else x


# expected_output

def by_all_masks(h, weight, p):
    masks = torch.tensor([*product([0.0, 1.0], repeat=len(h))])
    chance = torch.where(masks > 0, 1 - p, p).prod(1)
    sums = (masks * h / (1 - p)) @ weight
    mean = (chance * sums).sum()
    return mean, (chance * (sums - mean) ** 2).sum()


def by_products(h, weight, p):
    return torch.dot(h, weight), torch.dot(h ** 2, weight ** 2) * (1 / (1 - p) - 1)


def with_variance(of):
    return lambda h, w, p: (h @ w, of(h * w, p))


right = {
    "dropout": [by_bernoulli, by_filling, by_a_list,
                lambda x, p, training: F.dropout(x, p, training), F.dropout,
                number_by_number, by_index, by_multinomial, by_exponential, with_numpy],
    "expected_output": [by_all_masks, by_products],
}

wrong = {
    "dropout": {
        "keeps": convention_of_the_papers,
        "mask_keeps": drops_the_others,
        "whole_samples": lambda x, p, training: x * F.dropout(torch.ones(len(x), 1), p, training),
        "one_mask": lambda x, p, training: x * F.dropout(torch.ones(x.shape[1]), p, training),
        "same_again": seeded,
        "exact": exactly,
        "nothing": lambda x, p, training: x.clone(),
        "one_coin": lambda x, p, training: x * F.dropout(torch.ones(1), p, training),
        "eval_zero": lambda x, p, training: F.dropout(x, p) if training else x - x,
        "eval_up": lambda x, p, training: F.dropout(x, p) if training else x / (1 - p),
        "drops_in_eval": lambda x, p, training: F.dropout(x, p),
        "downscaled": lambda x, p, training: x * (torch.rand_like(x) > p) if training else x * (1 - p),
        "fixed_share": rated(lambda p: 0.3),
        "normal": lambda x, p, training: x * (torch.randn(x.shape) <= 1 - p) / (1 - p) if training else x,
        "normal_above": rated(lambda p: p, toss=torch.randn_like),
        "mask_only": lambda x, p, training: F.dropout(torch.ones_like(x), p) if training else x,
        "fixed_factor": rated(lambda p: p, lambda p: 1.43),
        "share_kept": by_share_kept,
        "no_gradient": lambda x, p, training: F.dropout(x.data, p, training),
        "zeros_pass": lambda x, p, training: ByRatio.apply(x, p, 1.0) if training else x,
        "zeros_stop": lambda x, p, training: ByRatio.apply(x, p, 0.0) if training else x,
        "no_rescale": lambda x, p, training: x.where(torch.rand_like(x) > p, 0.0) if training else x,
        "rescale_by_p": lambda x, p, training: F.dropout(x, p, training) * ((1 - p) / p if training else 1),
        "times": lambda x, p, training: F.dropout(x, p) * (1 - p) ** 2 if training else x,
        "scaled_in_eval": lambda x, p, training: F.dropout(x, p) if training else (1 - p) * x,
        "gradient_passes": data_only,
    },
    "expected_output": {
        "shrunk": lambda h, w, p: ((1 - p) * (h @ w), by_products(h, w, p)[1]),
        "doubled": lambda h, w, p: (h @ w / (1 - p), by_products(h, w, p)[1]),
        "one_draw": with_variance(lambda parts, p: p / (1 - p) * parts.sum() ** 2),
        "unsquared": with_variance(lambda parts, p: p / (1 - p) * parts.sum()),
        "weight_once": lambda h, w, p: (h @ w, p / (1 - p) * (w * h ** 2).sum()),
        "no_weight": lambda h, w, p: (h @ w, p / (1 - p) * h @ h),
        "no_h": lambda h, w, p: (h @ w, p / (1 - p) * w @ w),
        "kept_share": with_variance(lambda parts, p: (1 - p) * parts @ parts),
        "h_once": lambda h, w, p: (h @ w, p / (1 - p) * (w ** 2 * h).sum()),
        "no_factor": with_variance(lambda parts, p: parts @ parts),
        "keeps": with_variance(lambda parts, p: (1 / p - 1) * (parts ** 2).sum()),
        "mean_square": with_variance(lambda parts, p: (parts ** 2).sum() / (1 - p)),
        "unscaled": with_variance(lambda parts, p: p * (1 - p) * (parts ** 2).sum()),
        "deviation": with_variance(lambda parts, p: (p / (1 - p)) ** 0.5 * parts.norm()),
    },
}

SHARE = "share dropped at p = 0.2 and 0.6: it gives "
EVAL = "the factor in eval mode: it gives "

# wrong answers that are not a mistake by name: what is told of them
others = {"dropout": {
    "kept mask": (mask_kept, "Each call drops the same numbers."),
    "0.25 written in": (rated(lambda p: 0.25, lambda p: 4 / 3), "It drops the same share whatever p is"),
    "p + 0.06": (rated(lambda p: p + 0.06), SHARE + "[0.26, 0.66]; expected [0.2, 0.6]."),
    "p - 0.06": (rated(lambda p: p - 0.06), SHARE + "[0.14, 0.54]; expected [0.2, 0.6]."),
    "p - 0.03": (rated(lambda p: p - 0.03), SHARE + "[0.17, 0.57]; expected [0.2, 0.6]."),
    "3 p squared": (rated(lambda p: 3 * p * p), SHARE + "[0.12, 1]; expected [0.2, 0.6]."),
    "p / (1 + p)": (rated(lambda p: p / (1 + p)), SHARE),
    "rounded": (rated(lambda p: p, lambda p: round(1 / (1 - p), 1)),
                "factor on what is kept: it gives [1.2, 2.5]; expected [1.25, 2.5]."),
    "1 + p": (rated(lambda p: p, lambda p: 1 + p), "factor on what is kept: it gives [1.2, 1.6]"),
    "squared": (rated(lambda p: p, lambda p: (1 - p) ** -2), "factor on what is kept is the square of what"),
    "eval by 0.95": (rated(lambda p: p, eval_times=0.95), EVAL + "0.95; expected 1."),
    "eval with noise": (lambda x, p, training: F.dropout(x, p) if training else x + torch.randn(x.shape),
                        EVAL + "'none: 0 does not stay 0'"),
    "eval by p": (lambda x, p, training: F.dropout(x, p) if training else x * p, EVAL + "[0.2, 0.6]"),
    "in pairs": (in_pairs, "a draw for each unit: it gives ('shared in part', 'varies')"),
}}
