"""13 Deeper: wrong modes, wrong statistics. What a mended program does is observed; the switches are the
fault as it was and the usual wrong repairs."""
import copy

import torch
from torch import nn
from torch.nn import functional as F

from ..checks.coins import factor
from ..checks.comparing import Share
from ..checks.exercises import Exercise
from ..checks.predict import Question
from .layer_programs import layers, seen

# ---- Which mode?

switched_off = Question(
    "A net with this Drop trains, is validated, and trains on. Where does Drop not do what it should?",
    {"in training before": "Until the first validation p is what it was, and half of the units fall.",
     "in validation": "In eval mode nothing is to be dropped, and with p = 0 nothing is.",
     "in training after": "p = 0 stays. From the first validation on, the net trains without dropout.",
     "nowhere": "So it looks if each mode is tried once. The order train, eval, train shows it."},
    "in training after")

keeps = Question(
    "A model is copied from a framework in which 0.8 is the share that is kept: nn.Dropout(0.8). How large "
    "is a number that comes through?",
    {"as it was": "In train mode torch scales what is kept, so that the mean stays.",
     "1.25 times": "That is 1/0.8, as the author meant it. torch reads 0.8 as the share to drop.",
     "5 times": "torch drops 80 % and multiplies what is left by 1/(1 − 0.8).",
     "0.8 times":
         "That is weight scaling, of the eval mode of the first paper on dropout. torch scales in training."},
    "5 times")

scored = Question(
    "A score is taken under torch.no_grad(), and nobody calls eval(). What does it change in the net?",
    {"nothing: no gradients":
         "Gradients are not the only thing a net writes. BatchNorm writes in the forward pass.",
     "the weights": "Weights move by gradients and an optimizer. There is neither.",
     "the running statistics": "In train mode they move in each forward pass, with or without gradients.",
     "the mode": "no_grad() does not touch modes, which is the fault."},
    "the running statistics")


class _Drops(nn.Module):
    """relu, dropout in train mode only, linear."""

    def __init__(self, C, p=0.5, always=False, never=False, reverse=False, stuck=False, half=False,
                 as_p=False, fixed=False, again=False):
        super().__init__()
        self.out, self.p = nn.Linear(C, 4), 1 - p if as_p else 0.5 if fixed else p
        self.always, self.never, self.reverse, self.again = always, never, reverse, again
        self.stuck, self.half = stuck, half

    def forward(self, h):
        on = self.always or not self.never and self.training != self.reverse
        if not self.training and (self.stuck or self.half):
            self.p = 0.0 if self.stuck else 0.5
        out = F.dropout(h.relu(), self.p, on)
        return self.out(out * (1 - self.p) if self.again and on else out)


def _dropping(*nets):
    """What the linear layers of nets get when numbers above 0 come in: train, eval, train."""
    rows = {"train mode": [], "eval mode": [], "train mode after eval mode": []}
    scales, whole = {"train mode": [], "eval mode": []}, []
    for net, C in nets:
        got, x = [], 1 + torch.rand(4000, C)
        linear = layers(net, nn.Linear)[0]
        hook = linear.register_forward_pre_hook(lambda _, args, got=got: got.append(args[0].detach()))
        for mode in rows:
            whole.append(bool((seen(net, x, mode != "eval mode") != 0).all()))
            rows[mode].append(Share((got[-1] == 0).double().mean().item(), x.numel()))
            if mode in scales:
                scales[mode].append(factor(got[-1][None], x) if got[-1].any() else "nothing comes")
        hook.remove()
    return {f"share dropped in {mode}": tuple(shares) for mode, shares in rows.items()} | {
        f"factor on what is kept in {mode}": tuple(found) for mode, found in scales.items()} | {
        "no score is set to 0": all(whole)}


def _head(C, always=False, never=False, reverse=False):
    return _Drops(C, 0.5, always, never, reverse)


class head_solution(nn.Module):
    def __init__(self, C):
        super().__init__()
        self.out = nn.Linear(C, 4)

    def forward(self, h):
        return self.out(F.dropout(h.relu(), 0.5, training=self.training))


mend_head = Exercise(_head, observe=lambda f: _dropping((f(6), 6), (f(3), 3)), mistakes=dict(
    always="It still drops in eval mode. F.dropout and an nn.Dropout that is built within forward() start "
    "in train mode, and eval() does not reach them.",
    never="Now nothing is dropped in training either. Ask the mode: self.training.",
    reverse="It drops in eval mode and not in train mode: the modes are exchanged.",
), hints=["What does eval() change in a module? One attribute.",
    "`training=self.training`, or an nn.Dropout that is built in __init__."],
    solution=head_solution, why="F.dropout knows no module: its `training` is True unless it is told "
    "otherwise.")


def _drop(C, p, stuck=False, always=False, half=False):
    return _Drops(C, p, always=always, stuck=stuck, half=half)


class switch_solution(nn.Module):
    def __init__(self, C, p):
        super().__init__()
        self.out, self.p = nn.Linear(C, 4), p

    def forward(self, h):
        p = self.p if self.training else 0.0                         # asked anew at each call
        return self.out(F.dropout(h.relu(), p, training=True))


mend_switch = Exercise(_drop, observe=lambda f: _dropping((f(6, 0.3), 6), (f(3, 0.6), 3)), mistakes=dict(
    stuck="After eval mode it still drops nothing in train mode: p stays what eval mode made of it.",
    always="Now it drops in eval mode, too.",
    half="After eval mode p is 0.5, whatever it was before. Leave self.p alone.",
), hints=["Which attribute is written in forward()?", "A name of its own: `p = self.p if self.training else "
    "0.0`."],
    solution=switch_solution, why="What depends on the mode is asked at each call and is not stored.")


def _keeping(C, keep, as_p=False, fixed=False, again=False):
    return _Drops(C, 1 - keep, as_p=as_p, fixed=fixed, again=again)


def keep_solution(C, keep):
    return nn.Sequential(nn.ReLU(), nn.Dropout(1 - keep), nn.Linear(C, 4))


mend_keep = Exercise(_keeping, observe=lambda f: _dropping((f(6, 0.8), 6), (f(3, 0.4), 3)), mistakes=dict(
    as_p="`keep` still stands where torch takes the probability to drop.",
    fixed="One rate is written in. It should follow `keep`: at 0.4, 60 % are dropped.",
    again="What is kept is multiplied by `keep`, too. nn.Dropout has scaled it already, in train mode.",
), hints=["What does p mean in nn.Dropout?"],
    solution=keep_solution, why="TensorFlow 1 named the share that is kept, torch, Keras and TensorFlow 2 "
    "name the share that is dropped.")


def _scored(net, x, y, in_train=False, momentum=False, left=False):
    modes = {m: m.training for m in net.modules()}
    net.train(in_train or momentum)
    if momentum:
        for m in net.modules():
            m.momentum = 0.0
    with torch.no_grad():
        right = (net(x).argmax(1) == y).float().mean().item()
    for m, mode in {} if left else modes.items():
        m.training = mode
    return right


def score_solution(net, x, y):
    net.eval()
    with torch.no_grad():
        right = (net(x).argmax(1) == y).float().mean().item()
    net.train()
    return right


def _scoring(f):
    found = {}
    for N, every in (400, 5), (300, 3):
        net = nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))
        for _ in range(30):
            net(torch.randn(50, 5))
        x, kept = 1 + 2 * torch.randn(N, 5), net[1]
        y = seen(net, x, False).argmax(1)
        y[::every] = (y[::every] + 1) % 3
        before = kept.running_mean.clone(), kept.running_var.clone()
        found[f"the score of what eval mode answers, {N} images"] = float(f(net.train(), x, y))
        found["running statistics as they were"] = all(map(
            torch.equal, before, (kept.running_mean, kept.running_var)))
        found["in train mode afterwards"] = all(m.training for m in net.modules())
    return found


mend_score = Exercise(_scored, observe=_scoring, mistakes=dict(
    in_train="The net still answers in train mode: the score hangs on the batch, and the statistics move.",
    momentum="With momentum 0 the statistics stay. But the net still answers by the batch: call eval().",
    left="The score is right. But the net is left in eval mode, and goes on training there.",
), hints=["Two switches: gradients, and the mode.", "`net.eval()` before, `net.train()` after."],
    solution=score_solution, why="no_grad() saves memory, eval() changes the answer. A score needs both.")


# ---- Who moves the statistics?

undone = Question(
    "A backbone is frozen in __init__: requires_grad_(False) and eval(). The training loop calls "
    "net.train(). What moves in the backbone?",
    {"nothing":
         "So it would be without the call. train() goes through all modules inside, the backbone, too.",
     "its weights and biases": "requires_grad_(False) still holds: train() does not touch it.",
     "its running statistics": "train() has put the backbone into train mode, and there they move.",
     "both": "Two switches were set. train() undoes one of them."},
    "its running statistics")

averaged = Question(
    "Why is the averaged net worse than the net itself?",
    {"its weights lag behind": "They do, by about 20 steps. That is the purpose of an average.",
     "its running statistics": "They are buffers, not parameters. They stand where the copy was made.",
     "its gamma and beta": "They are parameters, and are averaged with the weights.",
     "a mean of nets is no net":
         "It would be so for nets from different starts. These are one net at 250 steps."},
    "its running statistics")


class _Frozen(nn.Module):
    """A backbone that stays as it is, and a head that learns."""

    def __init__(self, backbone, head, undone=False, head_too=False, hidden=False, free=False,
                 returns_none=False):
        super().__init__()
        self.hidden = [backbone]
        if not hidden:
            self.backbone = backbone
        self.head, self.undone, self.head_too, self.returns_none = head, undone, head_too, returns_none
        backbone.requires_grad_(free).eval()

    def train(self, mode=True):
        super().train(mode and not self.head_too)
        if not self.undone:
            self.hidden[0].eval()
        return None if self.returns_none else self

    def forward(self, x): return self.head(self.hidden[0](x))


def _freezing(f):
    backbone = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU())
    for _ in range(3):
        backbone(torch.randn(20, 4))
    held = *backbone.parameters(), backbone[1].running_mean, backbone[1].running_var
    kept = [t.clone() for t in held]
    met, stored = [], copy.deepcopy(backbone).eval()
    head, x = nn.Sequential(nn.Linear(6, 5), nn.Dropout(0.5), nn.Linear(5, 2)), 1 + torch.randn(30, 4)
    net = f(backbone, head)
    returned = net.train() is net
    free = [p for p in net.parameters() if p.requires_grad]
    head[0].register_forward_pre_hook(lambda _, args: met.append(args[0].detach()))
    net(x)
    rate = torch.optim.SGD(free, 0.1)
    for _ in range(2):
        loss = net(x).square().sum()
        rate.zero_grad()
        loss.backward()
        rate.step()
        net.eval()
        net(x)
        net.train()
    return {"the backbone's weights as they were": all(map(torch.equal, kept[:4], held[:4])),
            "its running statistics as they were": all(map(torch.equal, kept[4:], held[4:])),
            "it answers by them": bool((met[0] - seen(stored, x, False)).abs().max() < 1e-5),
            "the head learns": len(free) == 4 or len(free) == 8,
            "the head in train mode": all(m.training for m in head.modules()),
            "the backbone's numbers are saved with the net": len(net.state_dict()) == 4 + 7,
            "train() returns the net": returned}


class frozen_solution(nn.Module):
    def __init__(self, backbone, head):
        super().__init__()
        self.backbone, self.head = backbone.requires_grad_(False).eval(), head

    def train(self, mode=True):
        super().train(mode)          # all modules inside ...
        self.backbone.eval()         # ... but for this one
        return self

    def forward(self, x):
        return self.head(self.backbone(x))


mend_frozen = Exercise(_Frozen, observe=_freezing, mistakes=dict(
    undone="The statistics of the backbone still move: after train() it is in train mode.",
    head_too="The head is in eval mode as well, so its dropout is off in training.",
    hidden="train() does not find the backbone any more, nor does state_dict(): its numbers are not saved.",
    free="The statistics stay, but the weights move: requires_grad_(False) is gone.",
    returns_none="All is as it should be, but train() returns nothing: `net.train().to(device)` stops.",
), hints=["train() of an nn.Module goes through all modules inside. A class may have its own.",
    "Call super().train(mode), then self.backbone.eval(), and return self."],
    solution=frozen_solution, why="A mode is set from outside at each epoch. What is to stay frozen must "
    "answer that call itself.")


def _norm(C, copied=False, zero=False, untracked=False):
    """A BatchNorm1d whose running statistics arrive and are quiet."""
    return nn.BatchNorm1d(C, momentum=0.99 if copied else 0.0 if zero else 0.01,
                          track_running_stats=not untracked)


def _settling(f):
    norm, C = f(200), 200
    quiet, there = [], []
    for mean in 5, -3:
        norm = f(C)
        for _ in range(500):
            norm(mean + torch.randn(16, C))
        off = norm.running_mean - mean if norm.running_mean is not None else torch.full((C,), torch.nan)
        quiet.append(off.std().item() < 0.1)
        there.append(off.mean().abs().item() < 0.1)
    return {"a running mean is kept": norm.running_mean is not None, "it is quiet": all(quiet),
            "it has arrived": all(there)}


def momentum_solution(C):
    return nn.BatchNorm1d(C, momentum=0.01)                          # 1 - 0.99


mend_momentum = Exercise(_norm, observe=_settling, mistakes=dict(
    copied="The last batch still counts for nearly all: torch's momentum is the weight of the new value.",
    zero="A momentum of 0, or close to 0, never leaves the start: mean 0, variance 1.",
    untracked="Nothing is kept any more, so eval mode answers by the batch.",
), hints=["In torch: running = (1 - momentum) * running + momentum * batch.", "0.99 there is 0.01 here."],
    solution=momentum_solution, why="Keras, Paddle and Darknet weigh the old value, torch the new one.")


def _averaging(average, net, keep, left=False, copied=False, reverse=False, counts=False):
    """One step of the average of a net, kept in another net of the same build."""
    weight = 1.0 if copied else keep if reverse else 1 - keep
    with torch.no_grad():
        for a, p in zip(average.parameters(), net.parameters()):
            a.lerp_(p, weight)
        for a, b in [] if left else zip(average.buffers(), net.buffers()):
            a.copy_(0 * b if counts else b)
    return average


def average_solution(average, net, keep):
    with torch.no_grad():
        for a, p in zip(average.parameters(), net.parameters()):
            a.mul_(keep).add_(p, alpha=1 - keep)
        for a, b in zip(average.buffers(), net.buffers()):
            a.copy_(b)                                               # running statistics
    return average


def _averages(f):
    net, average = [nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2)) for _ in range(2)]
    for _ in range(20):
        net(4 + torch.randn(30, 3))
    before, own = [p.clone() for p in average.parameters()], [t.clone() for t in net.state_dict().values()]
    first = f(average, net, 0.8)
    want = [0.8 * a + 0.2 * b for a, b in zip(before, net.parameters())]
    weights = [(a - b).abs().max().item() < 1e-5 for a, b in zip(first.parameters(), want)]
    step = (first[0].weight - before[0]) / (net[0].weight - before[0])
    for _ in range(100):
        first = f(first, net, 0.8)
    norm, other = first[1], net[1]
    pairs = (norm.running_mean, other.running_mean), (norm.running_var, other.running_var)
    return {"the weights after one step": all(weights), "the share of the new ones": step.median().item(),
            "the running statistics after many": all((a - b).abs().max() < 1e-3 for a, b in pairs),
            "the net as it was": all(map(torch.equal, own, net.state_dict().values()))} | {
            "the statistics that are left": "zeros" if not norm.running_var.any() else
            "those of the start" if norm.running_var.eq(1).all() else "others"}


mend_average = Exercise(_averaging, observe=_averages, mistakes=dict(
    left="The running statistics of the average are still those of the copy: they are buffers.",
    copied="The weights are copied now, so nothing is averaged.",
    reverse="The shares are exchanged: `keep` is the share of the old average.",
    counts="The running statistics are overwritten, but not with those of the net.",
), hints=["What does parameters() leave out? Look into state_dict().", "Copy the buffers, or average the "
    "ones that are floats."], solution=average_solution, why="The statistics belong to the weights. Copied, "
    "averaged or taken again: all three do better than none.")
