"""Answers to the exercises of helpers/lessons/layer_programs.py, written in another way than there."""
from contextlib import contextmanager, nullcontext

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

# mend_variance, mend_squares

class Torch(nn.BatchNorm1d):
    """What a learner may do as well: take torch's layer."""


class ByFactor(nn.Module):
    """The running variance from the batch's, by a factor."""

    def __init__(self, C, factor=lambda N: N / (N - 1), inner=lambda h: h.var(0, correction=0)):
        super().__init__()
        self.w, self.b = nn.Parameter(torch.ones(C)), nn.Parameter(torch.zeros(C))
        self.register_buffer("m", torch.zeros(C))
        self.register_buffer("v", torch.ones(C))
        self.factor, self.inner = factor, inner

    def forward(self, h):
        if not self.training:
            return self.w * (h - self.m) * (self.v + 1e-5) ** -0.5 + self.b
        mean, var = h.mean(0), self.inner(h)
        with torch.no_grad():
            self.m.lerp_(mean, 0.1)
            self.v.lerp_(self.factor(len(h)) * h.var(0, correction=0), 0.1)
        return self.w * (h - mean) * (var + 1e-5) ** -0.5 + self.b


def in_double(C):
    def inner(h):
        wide = h.double()
        return ((wide ** 2).mean(0) - wide.mean(0) ** 2).float()
    return ByFactor(C, inner=inner)


def by_squares(h):
    return (h * h).mean(0) - h.mean(0) * h.mean(0)


# mend_checkpoint

class Chain(nn.Sequential):
    def __init__(self, C, momentum=0.1):
        super().__init__(nn.Linear(C, C), nn.BatchNorm1d(C, momentum=momentum), nn.ReLU())

    def forward(self, x):
        return checkpoint(super().forward, x, use_reentrant=False)


def smaller_momentum(C):
    return Chain(C, 1 - 0.9 ** 0.5)


class StillSecondTime(Chain):
    """The second pass runs with a momentum of 0."""

    def forward(self, x):
        @contextmanager
        def still():
            self[1].momentum = 0.0
            yield
            self[1].momentum = 0.1
        return checkpoint(nn.Sequential(*self), x, use_reentrant=False,
                          context_fn=lambda: (nullcontext(), still()))


class Plain(Chain):
    def forward(self, x):
        return nn.Sequential.forward(self, x)


class Evaluated(Chain):
    def forward(self, x):
        self[1].eval()
        return super().forward(x)


# mend_positions, mend_features

class ByHand(nn.Module):
    def __init__(self, C):
        super().__init__()
        self.gamma, self.beta = nn.Parameter(torch.ones(C, 1)), nn.Parameter(torch.zeros(C, 1))

    def forward(self, x):
        centred = x - x.mean(1, keepdim=True)
        return self.gamma * centred / (centred.pow(2).mean(1, keepdim=True) + 1e-5).sqrt() + self.beta


class Moved(nn.Module):
    def __init__(self, norm):
        super().__init__()
        self.norm = norm

    def forward(self, x): return self.norm(x.movedim(1, -1)).movedim(-1, 1)


class Rows(nn.Module):
    """All steps of all samples as one long batch."""

    def __init__(self, L, C):
        super().__init__()
        self.norm = nn.BatchNorm1d(C)

    def forward(self, x): return self.norm(x.flatten(0, 1)).unflatten(0, x.shape[:2])


class Reshaped(nn.Module):
    def __init__(self, L, C):
        super().__init__()
        self.norm = nn.BatchNorm1d(C)

    def forward(self, x):
        N, L, C = x.shape
        return self.norm(x.view(N, C, L)).view(N, L, C)


# mend_prepare

def by_z(train, test):
    def z(x): return (x - train.mean(0)) / (train - train.mean(0)).pow(2).mean(0).sqrt()
    return z(train), z(test)


def by_loop(train, test):
    out = [torch.empty_like(train), torch.empty_like(test)]
    for k in range(train.shape[1]):
        column = train[:, k]
        for into, x in zip(out, (train, test)):
            into[:, k] = (x[:, k] - column.mean()) / column.std(correction=0)
    return out[0], out[1]


def z(x, mean, sd): return x.sub(mean).div(sd)


def own(train, test):
    return tuple(z(x, x.mean(0), x.var(0, correction=0).sqrt()) for x in (train, test))


def pooled(train, test):
    every = torch.vstack([train, test])
    return tuple(z(x, every.mean(0), every.std(0, correction=0)) for x in (train, test))


def own_mean(train, test):
    sd = train.std(0, correction=0)
    return z(train, train.mean(0), sd), z(test, test.mean(0), sd)


right = {
    "mend_variance": [Torch, ByFactor],
    "mend_squares": [Torch, in_double, ByFactor],
    "mend_checkpoint": [smaller_momentum, StillSecondTime],
    "mend_positions": [ByHand, lambda C: Moved(nn.LayerNorm(C))],
    "mend_features": [Rows, lambda L, C: Moved(nn.BatchNorm1d(C))],
    "mend_prepare": [by_z, by_loop],
}

wrong = {
    "mend_variance": {
        "biased": lambda C: ByFactor(C, lambda N: 1),
        "upside": lambda C: ByFactor(C, lambda N: (N - 1) / N),
        "everywhere": lambda C: ByFactor(C, inner=lambda h: h.var(0)),
    },
    "mend_squares": {
        "one_pass": lambda C: ByFactor(C, inner=by_squares),
        "cut": lambda C: ByFactor(C, inner=lambda h: by_squares(h).relu()),
    },
    "mend_checkpoint": {
        "twice": Chain,
        "halved": lambda C: Chain(C, 0.05),
        "in_eval": Evaluated,
        "kept": Plain,
    },
    "mend_positions": {
        "whole": lambda C: nn.GroupNorm(num_groups=1, num_channels=C, eps=1e-5),
        "channel": lambda C: nn.InstanceNorm1d(C, affine=True),
        "batch": lambda C: Moved(nn.Sequential(Moved(nn.BatchNorm1d(C)))),
    },
    "mend_features": {
        "steps": lambda L, C: nn.Sequential(nn.BatchNorm1d(L)),
        "scrambled": Reshaped,
        "token": lambda L, C: nn.Sequential(nn.LayerNorm([C])),
    },
    "mend_prepare": {"own": own, "pooled": pooled, "own_mean": own_mean},
}

others = {
    "mend_variance": {"nothing is kept": (lambda C: nn.BatchNorm1d(C, track_running_stats=False),
                                          "output in eval mode")},
    "mend_squares": {"a larger eps": (lambda C: nn.BatchNorm1d(C, eps=1.0), "a batch of mean 1")},
    "mend_positions": {"the channels are not moved": (nn.LayerNorm, "RuntimeError")},
}
