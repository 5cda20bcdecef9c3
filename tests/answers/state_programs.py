"""Answers to the exercises of helpers/lessons/state_programs.py, written in another way than there."""
import copy

import torch
from torch import nn
from torch.nn import functional as F

# mend_head, mend_switch, mend_keep

class Head(nn.Module):
    """A module for the dropout, built in __init__."""

    def __init__(self, C, p=0.5):
        super().__init__()
        self.drop, self.last = nn.Dropout(p), nn.Linear(C, 4)

    def forward(self, h): return self.last(self.drop(F.relu(h)))


class ByMask(Head):
    def forward(self, h):
        h = h.relu()
        if self.training:
            q = 1 - self.drop.p
            h = h * torch.bernoulli(torch.full_like(h, q)) / q
        return self.last(h)


class Anew(Head):
    def forward(self, h): return self.last(nn.Dropout(self.drop.p)(h.relu()))


class Exchanged(Head):
    def forward(self, h): return self.last(F.dropout(h.relu(), self.drop.p, not self.training))


class Restored(Head):
    """Sets the rate to 0 in eval mode, and back."""

    def forward(self, h):
        before, self.drop.p = self.drop.p, self.drop.p if self.training else 0.0
        out = super().forward(h)
        self.drop.p = before
        return out


class Stuck(Head):
    def forward(self, h):
        if not self.training:
            self.drop = nn.Identity()
        return super().forward(h)


class Half(Head):
    def forward(self, h):
        if not self.training:
            self.drop = nn.Dropout(0.5).eval()
        return super().forward(h)


class Weighed(nn.Module):
    def __init__(self, C, keep):
        super().__init__()
        self.keep, self.head = keep, Head(C, 1 - keep)

    def forward(self, h):
        h = self.head.drop(h.relu())
        return self.head.last(h * self.keep if self.training else h)


# mend_score

def by_mode(net, x, y):
    was = net.training
    net.train(False)
    with torch.inference_mode():
        hits = net(x).argmax(-1).eq(y)
    net.train(was)
    return hits.double().mean().item()


def by_copy(net, x, y):
    other = copy.deepcopy(net).eval()
    return (other(x).detach().max(1).indices == y).sum().item() / len(y)


def share(net, x, y):
    with torch.no_grad():
        return net(x).argmax(1).eq(y).float().mean().item()


def left(net, x, y): return share(net.eval(), x, y)


def no_momentum(net, x, y):
    norm = net[1]
    before, norm.momentum = norm.momentum, 0.0
    out = share(net, x, y)
    norm.momentum = before
    return out


# mend_frozen

class Both(nn.Module):
    def __init__(self, backbone, head):
        super().__init__()
        self.backbone, self.head = backbone, head
        for p in backbone.parameters():
            p.requires_grad = False

    def forward(self, x):
        self.backbone.eval()
        with torch.no_grad():
            h = self.backbone(x)
        return self.head(h)


def deaf(backbone, head):
    """The backbone does not hear train()."""
    backbone.eval().requires_grad_(False)
    backbone.train = lambda mode=True: backbone
    return nn.Sequential(backbone, head)


class Undone(Both):
    def __init__(self, backbone, head):
        super().__init__(backbone, head)
        backbone.eval()

    def forward(self, x): return self.head(self.backbone(x))


class Always(Both):
    def train(self, mode=True): return super().train(False)


class Hidden(Both):
    def __init__(self, backbone, head):
        nn.Module.__init__(self)
        backbone.requires_grad_(False).eval()
        self.head, self.body = head, (backbone,)

    def forward(self, x): return self.head(self.body[0](x))


class Free(Both):
    def __init__(self, backbone, head):
        super().__init__(backbone, head)
        backbone.requires_grad_()

    def forward(self, x): return self.head(self.backbone.eval()(x))


class Unmoved(Both):
    """Momentum 0 keeps the statistics, but the batch's are used."""

    def __init__(self, backbone, head):
        super().__init__(backbone, head)
        backbone[1].momentum = 0.0

    def forward(self, x): return self.head(self.backbone(x))


class Silent(Both):
    def train(self, mode=True): super().train(mode), self.backbone.eval()


# mend_average

def mixed(average, net, keep, floats=True):
    """All of state_dict(), floats averaged."""
    new, state = net.state_dict(), average.state_dict()
    for name, old in state.items():
        state[name] = keep * old + (1 - keep) * new[name] if old.is_floating_point() else new[name]
    average.load_state_dict(state)
    return average


def buffers_first(average, net, keep, weight=None, buffers=lambda t: t):
    for mine, theirs in zip(average.buffers(), net.buffers()):
        mine.data = buffers(theirs.detach().clone())
    for mine, theirs in zip(average.parameters(), net.parameters()):
        share = keep if weight is None else weight
        mine.data = share * mine.data + (1 - share) * theirs.data
    return average


def weights_only(average, net, keep):
    kept = [b.clone() for b in average.buffers()]
    buffers_first(average, net, keep)
    for b, before in zip(average.buffers(), kept):
        b.data = before
    return average


right = {
    "mend_head": [Head, ByMask],
    "mend_switch": [Head, Restored],
    "mend_keep": [lambda C, keep: Head(C, 1 - keep), lambda C, keep: ByMask(C, 1 - keep)],
    "mend_score": [by_mode, by_copy],
    "mend_frozen": [Both, deaf],
    "mend_momentum": [nn.BatchNorm1d, lambda C: nn.BatchNorm1d(C, momentum=None)],
    "mend_average": [mixed, buffers_first],
}

wrong = {
    "mend_head": {
        "always": Anew,
        "never": lambda C: nn.Sequential(nn.ReLU(), nn.Linear(C, 4)),
        "reverse": Exchanged,
    },
    "mend_switch": {"stuck": Stuck, "always": Anew, "half": Half},
    "mend_keep": {
        "as_p": Head,
        "fixed": lambda C, keep: Head(C),
        "again": Weighed,
    },
    "mend_score": {"in_train": share, "momentum": no_momentum, "left": left},
    "mend_frozen": {"undone": Undone, "head_too": Always, "hidden": Hidden, "free": Free,
                    "returns_none": Silent},
    "mend_momentum": {
        "copied": lambda C: nn.BatchNorm1d(C, momentum=0.9),
        "zero": lambda C: nn.BatchNorm1d(C, momentum=1e-4),
        "untracked": lambda C: nn.BatchNorm1d(C, affine=False, track_running_stats=False),
    },
    "mend_average": {
        "left": weights_only,
        "copied": lambda average, net, keep: buffers_first(average, net, keep, 0.0),
        "reverse": lambda average, net, keep: buffers_first(average, net, 1 - keep),
        "counts": lambda average, net, keep: buffers_first(average, net, keep, buffers=torch.zeros_like),
    },
}

others = {
    "mend_head": {"scores are dropped": (
        lambda C: nn.Sequential(nn.ReLU(), nn.Linear(C, 4), nn.Dropout(0.5)), "share dropped in train mode"),
        "the layer is gone": (lambda C: nn.Sequential(nn.ReLU(), nn.Dropout()), "it holds no Linear layer")},
    "mend_frozen": {"no momentum": (Unmoved, "it answers by them")},
    "mend_keep": {"the rate is the share of the share": (lambda C, keep: Head(C, keep * (1 - keep)),
                                                         "share dropped in train mode")},
    "mend_score": {"the labels are not looked at": (lambda net, x, y: 1.0, "in train mode afterwards")},
}
