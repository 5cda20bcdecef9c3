"""Answers to the exercises of helpers/lessons/dropout.py, written in another way than there."""
from itertools import product

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
                lambda x, p, training: F.dropout(x, p, training), F.dropout],
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
        "drops_in_eval": lambda x, p, training: F.dropout(x, p),
        "downscaled": lambda x, p, training: x * (torch.rand_like(x) > p) if training else x * (1 - p),
        "no_rescale": lambda x, p, training: x.where(torch.rand_like(x) > p, 0.0) if training else x,
        "rescale_by_p": lambda x, p, training: F.dropout(x, p, training) * ((1 - p) / p if training else 1),
        "times": lambda x, p, training: F.dropout(x, p) * (1 - p) ** 2 if training else x,
        "scaled_in_eval": lambda x, p, training: F.dropout(x, p) if training else (1 - p) * x,
        "gradient_passes": data_only,
    },
    "expected_output": {
        "shrunk": lambda h, w, p: ((1 - p) * (h @ w), by_products(h, w, p)[1]),
        "doubled": lambda h, w, p: (h @ w / (1 - p), by_products(h, w, p)[1]),
        "one_coin": with_variance(lambda parts, p: p / (1 - p) * parts.sum() ** 2),
        "unsquared": with_variance(lambda parts, p: p / (1 - p) * parts.sum()),
        "keeps": with_variance(lambda parts, p: (1 / p - 1) * (parts ** 2).sum()),
        "mean_square": with_variance(lambda parts, p: (parts ** 2).sum() / (1 - p)),
        "unscaled": with_variance(lambda parts, p: p * (1 - p) * (parts ** 2).sum()),
        "deviation": with_variance(lambda parts, p: (p / (1 - p)) ** 0.5 * parts.norm()),
    },
}
