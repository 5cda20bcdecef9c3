"""Answers to the exercises of helpers/lessons/programs.py, written in another way than there."""
import torch
from torch import nn
from torch.nn import functional as F

# mend_batches

def whole_only(x, size):
    """As drop_last does."""
    x = x[torch.randperm(len(x))]
    return list(x[:len(x) // size * size].view(-1, size, *x.shape[1:]))


def given_on(x, size):
    """One that is left over goes into the batch before."""
    order = torch.randperm(len(x)).tolist()
    parts = [order[k:k + size] for k in range(0, len(order), size)]
    if len(parts[-1]) == 1:
        parts[-2:] = [parts[-2] + parts[-1]]
    return [x[rows] for rows in parts]


def chunks(x, size):
    order = torch.randperm(len(x))
    return [x[order[k:k + size]] for k in range(0, len(x), size)]


def with_a_twin(x, size):
    *most, last = chunks(x, size)
    return [*most, torch.cat([last, last]) if len(last) == 1 else last]


# mend_called

class Chain(nn.Module):
    def __init__(self, C, *norm):
        super().__init__()
        self.all = nn.Sequential(nn.Linear(5, C), *norm, nn.ReLU(), nn.Linear(C, 3))

    def forward(self, x): return self.all(x)


class Functional(nn.Module):
    def __init__(self, C):
        super().__init__()
        self.first, self.bn, self.last = nn.Linear(5, C), nn.BatchNorm1d(C), nn.Linear(C, 3)

    def forward(self, x):
        h = self.first(x)
        bn = self.bn
        h = F.batch_norm(h, bn.running_mean, bn.running_var, bn.weight, bn.bias, bn.training)
        return self.last(F.relu(h))


class Spare(Chain):
    def __init__(self, C):
        super().__init__(C)
        self.bn = nn.BatchNorm1d(C)


class InVain(Spare):
    def forward(self, x):
        self.bn(self.all[0](x))
        return super().forward(x)


class EachTime(Spare):
    def forward(self, x):
        h = self.all[0](x)
        return self.all[2](self.all[1](nn.BatchNorm1d(h.shape[-1])(h)))


def behind(C):
    """The norm behind the ReLU."""
    return nn.Sequential(nn.Linear(5, C), nn.ReLU(), nn.BatchNorm1d(C), nn.Linear(C, 3))


# mend_start

def forked(make, n, seed):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make(), torch.randperm(n)


def two_streams(make, n, seed):
    order = torch.randperm(n, generator=torch.Generator().manual_seed(1000 + seed))
    torch.manual_seed(seed)
    return make(), order


def late(make, n, seed):
    net = make()
    torch.manual_seed(seed)
    return net, torch.randperm(n)


# mend_logits

def chain(*after): return lambda C: nn.Sequential(nn.Linear(5, C), nn.ReLU(), nn.Linear(C, 3), *after)


class Direct(nn.Module):
    def __init__(self, C):
        super().__init__()
        self.hidden, self.scores = nn.Linear(5, C), nn.Linear(C, 3)

    def forward(self, x): return self.scores(torch.clamp(self.hidden(x), min=0))


right = {
    "mend_batches": [whole_only, given_on],
    "mend_called": [lambda C: Chain(C, nn.BatchNorm1d(C)), Functional, behind],
    "mend_start": [forked, two_streams],
    "mend_logits": [chain(nn.Identity()), Direct],
}

wrong = {
    "mend_batches": {
        "one": chunks,
        "twice": with_a_twin,
        "drops": lambda x, size: chunks(x, size)[:-1],
        "sorted_": lambda x, size: [part for part in x.split(size) if len(part) > 1],
    },
    "mend_called": {"uncalled": Spare, "discarded": InVain, "fresh": EachTime},
    "mend_start": {"late": late, "fixed": lambda make, n, seed: forked(make, n, 3)},
    "mend_logits": {"cut": chain(nn.ReLU()), "leaky": chain(nn.LeakyReLU()), "soft": chain(nn.Softmax(-1))},
}

others = {
    "mend_called": {"without any norm": (Chain, "belongs to the net")},
    "mend_logits": {"no ReLU at all": (lambda C: nn.Sequential(nn.Linear(5, C), nn.Linear(C, 3)),
                                       "a ReLU between the layers")},
}
