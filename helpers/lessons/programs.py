"""13 Deeper: what runs, and what does not. What a mended program does is observed; the switches are the
fault as it was and the usual wrong repairs."""
import torch
from torch import nn
from torch.nn import functional as F

from ..checks.exercises import Exercise
from ..checks.predict import Question
from .layer_programs import layers

# ---- What runs?

left_over = Question(
    "1,025 images in batches of 64, a net with BatchNorm1d in train mode, and a loader that drops nothing. "
    "Where does it stop?",
    {"at the first batch": "There are 64 images in it, which is enough.",
     "at the last batch":
         "1,025 = 16 · 64 + 1. A batch of one has no variance, and torch raises a ValueError.",
     "in validation": "In eval mode one image is welcome: the statistics are stored ones.",
     "nowhere": "So it is for 1,024 images, for 1,026, and for BatchNorm2d."},
    "at the last batch")

same_seed = Question(
    "A script builds its net, then calls torch.manual_seed(0), then shuffles and trains. You start it twice "
    "in one session. What is the same in both?",
    {"weights and order": "It would be if the seed came first. The weights are drawn when the net is built.",
     "the order only": "The order is drawn after the seed. The weights are drawn before.",
     "the weights only": "They are drawn before the seed is set, from wherever the stream was.",
     "neither": "What is drawn behind the seed repeats."},
    "the order only")


def _batches(x, size, one=False, twice=False, drops=False, sorted_=False):
    """x (N, ...) in random order, in batches of `size`, none of one sample alone."""
    order = torch.arange(len(x)) if sorted_ else torch.randperm(len(x))
    parts = list(order.split(size))
    if drops:
        parts = parts[:-1]
    elif not one and len(parts[-1]) == 1:
        parts = [*parts[:-1], parts[-1].repeat(2)] if twice else parts[:-1]
    return [x[rows] for rows in parts]


def batches_solution(x, size):
    parts = torch.randperm(len(x)).split(size)
    return [x[rows] for rows in parts if len(rows) > 1]


def _cut(f):
    found, kept = {}, {}
    for n, size in (129, 64), (31, 10), (128, 32), (90, 32):
        parts = [part.flatten().tolist() for part in f(torch.arange(n)[:, None], size)]
        every = [k for part in parts for k in part]
        kept[n] = (min(map(len, parts)), len(every) - len({*every}), len({*every}), max(map(len, parts)),
                   every == sorted(every))
    found["samples in the smallest batch, two or more"] = all(least > 1 for least, *_ in kept.values())
    found["no sample twice"] = not any(k[1] for k in kept.values())
    found["128 in batches of 32: all there"] = kept[128][2] == 128
    found["no more lost than a part of a batch"] = all(
        n - kept[n][2] < size for n, size in ((129, 64), (31, 10), (90, 32)))
    found["no batch above size + 1"] = all(
        kept[n][3] <= size + 1 for n, size in ((129, 64), (31, 10), (90, 32)))
    found["in random order"] = not any(k[4] for k in kept.values())
    return found


mend_batches = Exercise(_batches, observe=_cut, mistakes=dict(
    one="The last batch still holds one sample where N = 1 above a multiple of the size.",
    twice="The sample that is left over is taken twice. The variance of two equal samples is 0, and the "
    "output is beta.",
    drops="The last batch is dropped even where it is full.",
    sorted_="Now the order is always the same: shuffle.",
), hints=["What is N modulo the size?", "Leave the rest out, as drop_last does, or give it to the batch "
    "before."],
    solution=batches_solution, why="The order is new in each epoch, so another sample is left out each time.")


class _Called(nn.Module):
    """Linear, BatchNorm, ReLU, Linear."""

    def __init__(self, C, uncalled=False, discarded=False, fresh=False):
        super().__init__()
        self.a, self.norm, self.b = nn.Linear(5, C), nn.BatchNorm1d(C), nn.Linear(C, 3)
        self.uncalled, self.discarded, self.fresh = uncalled, discarded, fresh

    def forward(self, x):
        h = self.a(x)
        if self.fresh:
            h = nn.BatchNorm1d(h.shape[1])(h)
        elif self.discarded:
            self.norm(h)
        elif not self.uncalled:
            h = self.norm(h)
        return self.b(h.relu())


class called_solution(nn.Module):
    def __init__(self, C):
        super().__init__()
        self.a, self.norm, self.b = nn.Linear(5, C), nn.BatchNorm1d(C), nn.Linear(C, 3)

    def forward(self, x):
        return self.b(self.norm(self.a(x)).relu())


def _calling(f):
    found = []
    for C in 6, 9:
        net, x, met = f(C), 4 + 6 * torch.randn(40, 5), []
        norms = [m for m in net.modules() if isinstance(m, nn.BatchNorm1d)]
        last = layers(net, nn.Linear)[-1]
        last.register_forward_pre_hook(lambda _, args, met=met: met.append(args[0].detach()))
        net.train()(x).square().sum().backward()
        found.append((len(norms) == 1, any(n.running_mean.any().item() for n in norms),
                      any(n.weight.grad is not None for n in norms), bool(0.2 < (met[0] ** 2).mean() < 1.2)))
    return dict(zip(("a BatchNorm belongs to the net", "its running mean moves", "gamma gets a gradient",
                     "what comes behind is normalized"), zip(*found)))


mend_called = Exercise(_Called, observe=_calling, mistakes=dict(
    uncalled="The norm is still built and never called.",
    discarded="The norm is called, but nobody takes what it returns: h = self.norm(h).",
    fresh="A new norm is built in each forward pass. It never learns, and eval() does not reach it.",
), hints=["Follow h through forward().", "`h = self.norm(self.a(x))`"],
    solution=called_solution, why="What a net computes is decided in forward(), not by what __init__ builds.")


def _starting(make, n, seed, late=False, fixed=False, order_only=False):
    """A net and an order of n samples, the same again for the same seed."""
    net = make() if late or order_only else None
    g = torch.manual_seed(0 if fixed else seed) if not order_only else torch.Generator().manual_seed(seed)
    net = net or make()
    return net, torch.randperm(n, generator=g)


def start_solution(make, n, seed):
    torch.manual_seed(seed)          # before anything is drawn
    net = make()
    return net, torch.randperm(n)


def _starts(f):
    def make(): return nn.Linear(4, 3)
    torch.rand(1)
    (a, first), (b, second), (c, third) = f(make, 50, 7), f(make, 50, 7), f(make, 50, 8)
    torch.manual_seed(99)
    make()
    (d, fourth) = f(make, 50, 7)
    return {"same seed, same weights": a.weight.equal(b.weight) and a.weight.equal(d.weight),
            "same seed, same order": first.equal(second) and first.equal(fourth),
            "other seed, other weights": not a.weight.equal(c.weight),
            "other seed, other order": not first.equal(third)}


mend_start = Exercise(_starting, observe=_starts, mistakes=dict(
    late="The weights are still drawn before the seed is set.",
    fixed="One seed is written in: all seeds give one and the same run.",
), hints=["In which lines is something drawn?"],
    solution=start_solution, why="A seed decides what is drawn after it.")


class _Logits(nn.Module):
    """Linear, ReLU, Linear: scores of any sign."""

    def __init__(self, C, cut=False, leaky=False, soft=False):
        super().__init__()
        self.a, self.b, self.cut, self.leaky, self.soft = nn.Linear(5, C), nn.Linear(C, 3), cut, leaky, soft

    def forward(self, x):
        scores = self.b(self.a(x).relu())
        return (scores.relu() if self.cut else F.leaky_relu(scores) if self.leaky else
                scores.softmax(1) if self.soft else scores)


def logits_solution(C):
    return nn.Sequential(nn.Linear(5, C), nn.ReLU(), nn.Linear(C, 3))


def _scores(f):
    found = []
    for C in 8, 16:
        net, x = f(C), 3 * torch.randn(400, 5)
        with torch.no_grad():
            got, linear = [], layers(net, nn.Linear)
            hook = linear[-1].register_forward_hook(lambda _, args, out, got=got: got.extend([*args, out]))
            out = net(x)
            hook.remove()
        kept = (got[0] >= 0).all() and (got[0] == 0).any()
        found.append((bool(kept), bool((out < 0).any()), bool((out.sum(1) - 1).abs().max() > 1e-3),
                      bool((out - got[1]).abs().max() < 1e-5)))
    return dict(zip(("a ReLU between the layers", "scores below 0", "scores do not add up to 1",
                     "scores as the last layer gives them"), zip(*found)))


mend_logits = Exercise(_Logits, observe=_scores, mistakes=dict(
    cut="The scores are still cut off at 0. Where the right one is, it gets no gradient.",
    leaky="A leaky ReLU lets a gradient pass, but still shrinks scores below 0. Nothing belongs there.",
    soft="cross_entropy takes the softmax itself: it would be taken twice.",
), hints=["What does cross_entropy expect? Scores of any sign."],
    solution=logits_solution, why="The softmax of the loss turns scores of any sign into probabilities.")
