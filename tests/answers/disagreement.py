"""Answers to the exercises of helpers/lessons/disagreement.py, written in another way than there."""
from itertools import product

import torch
from torch import nn
from torch.nn import functional as F

# variance_ratio

def by_all_masks(x, weight, p):
    masks = torch.tensor([*product([0, 1], repeat=x.shape[1])]).to(x)
    chance = (p ** (1 - masks) * (1 - p) ** masks).prod(1)
    h = masks @ (x * weight).T / (1 - p)                         # (masks, N)
    chance = chance[:, None].expand_as(h) / len(x)
    mean = (chance * h).sum()
    return (chance * (h - mean) ** 2).sum() / torch.var(x @ weight, correction=0)


def by_covariance(h, weight, p):
    noise = p / (1 - p) * sum(w ** 2 * (column ** 2).mean() for w, column in zip(weight, h.T))
    calm = weight @ torch.cov(h.T, correction=0) @ weight
    return (calm + noise) / calm


def parts(h, weight, p):
    """factor, noise, calm: the ratio is 1 + factor * noise / calm."""
    return p / (1 - p), ((h * weight) ** 2).mean(0).sum(), (h @ weight).var(correction=0)


def variances(terms):
    return terms.var(0, correction=0)


def with_parts(change):
    def answer(h, weight, p):
        return change(h, weight, p, *parts(h, weight, p))
    return answer


# repair

class Class(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.p, self.a, self.b, self.c = p, nn.Linear(20, 16), nn.Linear(16, 16), nn.Linear(16, 4)
        self.norm_a, self.norm_b = nn.BatchNorm1d(16), nn.BatchNorm1d(16)

    def forward(self, x):
        h = self.norm_b(self.b(self.norm_a(self.a(x)).relu())).relu()
        return self.c(F.dropout(h, self.p, self.training))


class Forgetful(Class):
    def forward(self, x):
        return self.c(F.dropout(self.norm_b(self.b(self.norm_a(self.a(x)).relu())).relu(), self.p))


def before_the_relu(p):
    return nn.Sequential(nn.Linear(20, 16), nn.BatchNorm1d(16), nn.ReLU(),
                         nn.Linear(16, 16), nn.BatchNorm1d(16), nn.Dropout(p), nn.ReLU(), nn.Linear(16, 4))


def built(*, first=(), inner=(), last=(), end=(), norm=nn.BatchNorm1d):
    """The net with more layers at four places."""
    norms = [[norm(16)] if norm else [] for _ in range(2)]
    return nn.Sequential(*first, nn.Linear(20, 16), *norms[0], nn.ReLU(),
                         *inner, nn.Linear(16, 16), *norms[1], nn.ReLU(), *last, nn.Linear(16, 4), *end)


right = {
    "variance_ratio": [by_all_masks, by_covariance],
    "repair": [Class, before_the_relu],
}

wrong = {
    "variance_ratio": {
        "keeps": with_parts(lambda h, w, p, f, noise, calm: 1 + noise / calm / f),
        "inverted": with_parts(lambda h, w, p, f, noise, calm: calm / (calm + f * noise)),
        "noise_only": with_parts(lambda h, w, p, f, noise, calm: f * noise / calm),
        "one_mask": with_parts(lambda h, w, p, f, noise, calm: 1 + f * ((h * w).sum(1) ** 2).mean() / calm),
        "independent": with_parts(lambda h, w, p, f, noise, calm: 1 + f * noise / variances(h * w).sum()),
        "centred": with_parts(lambda h, w, p, f, noise, calm: 1 + f * variances(h * w).sum() / calm),
        "unsquared": with_parts(lambda h, w, p, f, noise, calm: 1 + f * (h ** 2 @ abs(w)).mean() / calm),
        "unscaled": with_parts(lambda h, w, p, f, noise, calm: 1 + p * (1 - p) * noise / calm),
        "no_weight": with_parts(lambda h, w, p, f, noise, calm: 1 + f * (h ** 2).mean(0).sum() / calm),
        "squared_means": with_parts(
            lambda h, w, p, f, noise, calm: 1 + f * ((h * w).mean(0) ** 2).sum() / calm),
        "parts_averaged": with_parts(lambda h, w, p, f, noise, calm: 1 + f * ((h * w) ** 2).mean() / calm),
        "about_zero": with_parts(lambda h, w, p, f, noise, calm: 1 + f * noise / ((h @ w) ** 2).mean()),
        "mean_square": with_parts(lambda h, w, p, f, noise, calm: 1 + noise / calm / (1 - p)),
        "added_only": with_parts(lambda h, w, p, f, noise, calm: calm + f * noise),
        "divided_once": with_parts(lambda h, w, p, f, noise, calm: 1 + p * noise / calm),
        "summed": with_parts(lambda h, w, p, f, noise, calm: 1 + f * ((h * w) ** 2).sum() / calm),
        "unbiased": with_parts(lambda h, w, p, f, noise, calm: 1 + f * noise / (h @ w).var()),
        "deviation": with_parts(lambda h, w, p, f, noise, calm: (1 + f * noise / calm) ** 0.5),
    },
    "repair": {
        "nothing_dropped": lambda p: built(),
        "early": lambda p: built(inner=[nn.Dropout(p)], last=[nn.Dropout(p)]),
        "early_only": lambda p: built(inner=[nn.Dropout(p)]),
        "on_inputs": lambda p: built(first=[nn.Dropout(p)]),
        "on_logits": lambda p: built(end=[nn.Dropout(p)]),
        "no_norm": lambda p: built(norm=None, last=[nn.Dropout(p)]),
        "other_norm": lambda p: built(norm=nn.LayerNorm, last=[nn.Dropout(p)]),
        "one_norm": lambda p: nn.Sequential(
            *[m for k, m in enumerate(built(last=[nn.Dropout(p)])) if k != 4]),
        "fixed": lambda p: built(last=[nn.Dropout()]),
        "keeps": lambda p: built(last=[nn.Dropout(1 - p)]),
        "always": Forgetful,
    },
}
