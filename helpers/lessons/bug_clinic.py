"""13: the four scores that tell faults apart; seven nets with planted faults; the scores as a function."""
import copy
from typing import NamedTuple

import torch
from torch import nn

from ..checks.checkup import checkup
from ..checks.comparing import same_draws
from ..checks.exercises import Exercise
from ..checks.predict import Question
from ..experiments.seeds import generator
from ..experiments.training import cross_entropy, fit_many, mean_loss

few_images = Question(
    "A net with BatchNorm was trained on 100 images only. Which of its four scores are lower than those "
    "of a net trained on 4,000 images?",
    {"all but training data in train()":
         "Then eval() would be worse on the 100 images themselves. But BatchNorm has stored the statistics "
         "of these 100 images.",
     "validation data in both modes":
         "The weights fit 100 images and little else. No choice of mean and variance changes what the "
         "weights have learned.",
     "validation data in eval() only":
         "In train() BatchNorm takes the statistics of the validation data themselves. But the weights are "
         "the same in both modes, and they know only 100 images.",
     "all four": "The net has learned its 100 images: it names their digits in both modes."},
    "validation data in both modes")

small_momentum = Question(
    "The BatchNorm layers of a net have momentum 0.001. The net is trained for 150 steps. Which of its four "
    "scores are lower than those of a net with momentum 0.1?",
    {"both in eval()":
         "After 150 steps the running mean has gone 14 % of the way from 0 to the mean of the batches. "
         "The weights are good, and train() does not use the running mean.",
     "validation data in eval() only":
         "In eval() BatchNorm uses the same running mean for training data. It is wrong for them, too.",
     "both on validation data":
         "In train() BatchNorm takes the statistics of the batch. The running statistics do not matter "
         "there.",
     "all four": "The momentum changes the running statistics. Training never uses them."},
    "both in eval()")

one_class = Question(
    "A net with BatchNorm was trained on batches of a single class each. Now it is scored on mixed batches. "
    "Which of its four scores are lower than those of a net trained on mixed batches?",
    {"both in eval()":
         "It would be so if only the running statistics were wrong. But a batch of sevens gives the weights "
         "no classes to tell apart.",
     "both in train()":
         "The statistics of the mixed batches are good. But the weights are not.",
     "all four":
         "BatchNorm subtracts what the images of a batch have in common, here the class. The weights have "
         "learned nothing that tells the classes apart.",
     "none: the net has seen all images": "It has seen all of them. But BatchNorm hides from the weights "
         "what all images of a batch share."},
    "all four")


class Case(NamedTuple):
    """A net with its fault, over K seeds, and what its owner sees of it."""
    nets: object          # Nets of K seeds, as they are delivered
    train: list           # batches [(x (64, 1, 28, 28), y (64,)), ...] of training data to score
    val: list             # the same of validation data
    step: torch.Tensor    # (T,)
    loss: torch.Tensor    # (K, T) training loss, in train mode, in nats
    at: torch.Tensor      # (V,) steps at which ...
    val_loss: torch.Tensor  # (K, V) ... the loss of validation data was measured, in eval mode
    then: tuple = ()        # the nets at these steps, where they were kept


def batches(split, n=1000):
    """Up to n images of a split, in random order, in batches of 64: [(x, y), ...]."""
    rows = torch.randperm(len(split[1]), generator=generator(11))[:n]
    return [(split[0][some], split[1][some]) for some in rows.split(64)]


def loss_on(val, nets, n=500):
    """The loss of the first n images, in eval mode: enough for a curve."""
    return mean_loss(nets, val[0][:n], val[1][:n])


def trained(make, split, val, lr=0.3, scored=None, keep=False, **settings):
    """The Case of make() trained on a split, for 150 steps unless told; val: a split to validate on.

    settings as of fit_many; scored: the split from which training data are scored, where it is another;
    keep: whether to keep the nets as they were on the way, for `validated_on`.
    """
    at, losses, then = [], [], []
    settings = dict(steps=150) | settings
    for curve in fit_many(make, split, lr, every=settings["steps"] // 10, **settings):
        at.append(curve.step[-1])
        losses.append(loss_on(val, curve.nets))
        then += [copy.deepcopy(curve.nets)] * keep
    return Case(curve.nets, batches(scored or split), batches(val), curve.step, curve.loss,
                torch.stack(at), torch.stack(losses, 1), tuple(then))


def healthy(make, split, val):
    """The Case without a fault. It keeps its nets on the way, for `validated_on`."""
    return trained(make, split, val, keep=True)


def by_class(make, split, val, classes=1, **settings):
    """The Case of nets that met `classes` classes a batch: a sample of fit_many is here a batch of 64."""
    order = torch.randperm(len(split.y), generator=generator(12))
    order = order[(split.y[order] // classes).argsort(stable=True)]
    kinds = split.y[order] // classes
    rows = torch.cat([part[:len(part) // 64 * 64].view(-1, 64)
                      for k in kinds.unique() for part in [order[kinds == k]]])  # (batches, 64)
    return trained(lambda: nn.Sequential(nn.Flatten(0, 1), *make()), (split.x[rows], split.y[rows]), val,
                   scored=split, batch=1, loss=lambda h, y: cross_entropy(h, y.flatten()), **settings)


def forget(case, share=1.0):
    """The case with statistics on their way back to where they started: mean 0, variance 1."""
    nets = copy.deepcopy(case.nets)
    for name, values in nets.buffers.items():
        if "running" in name:
            values.lerp_(torch.full_like(values, float("var" in name)), share)
    return case._replace(nets=nets)


def validated_on(case, val):
    """The case with other validation data, from the first step on. It must have kept its nets."""
    losses = torch.stack([loss_on(val, nets) for nets in case.then], 1)
    return case._replace(val=batches(val), val_loss=losses)


def brighter(split, digits, by):
    """The split with so much added to each pixel of 0..1."""
    return split._replace(x=split.x + by / digits.std.view(-1, 1, 1))


def milder(make, digits, healthy):
    """{fault: Case}: the six faults again, each weaker; of four seeds what is trained anew.

    make(momentum=0.1) builds a net.
    """
    train, val = digits.train, digits.test
    four = dict(seeds=4)
    return {"statistics lost": forget(healthy, 0.85),
            "momentum 0.001": trained(lambda: make(momentum=0.002), train, val, **four),
            "shifted data": validated_on(healthy, brighter(val, digits, 0.15)),
            "overfit": trained(make, digits.few(200), val, **four),
            "batches of 2": trained(make, train, val, 0.03, batch=4, steps=300, **four),
            "one class a batch": by_class(make, train, val, classes=2, **four)}


def table(scores):
    """The mean scores of each fault, in lines: {fault: scores (K, 4)}."""
    lines = [f"mean of {len(next(iter(scores.values())))} nets     training data  validation data",
             "                 train()  eval()  train()  eval()"]
    for fault, found in scores.items():
        lines.append(f"{fault:17}" + "{:7.2f} {:7.2f} {:8.2f} {:7.2f}".format(*found.mean(0).tolist()))
    return "\n".join(lines)


def findings(case):
    """What checkup finds in each net, in eval mode, on a batch of its validation data.

    Returns how many findings (K,), and their kinds in words."""
    found = [checkup(net.eval(), case.val[0][0]).findings for net in case.nets]
    kinds = {finding.kind for one in found for finding in one}
    return torch.tensor([len(one) for one in found]), ", ".join(sorted(kinds)) or "nothing found"


# ---- the lab

DIAGNOSES = ["?", "batches", "statistics", "overfit", "other data", "healthy"]  # as the rule has them
def named_rightly(reading, scores):
    """For each net of {fault: scores (K, 4)}: whether reading(its four scores) is the cause of its fault."""
    return torch.tensor([reading(four) == CAUSE[fault] for fault, rows in scores.items() for four in rows])


CAUSE = {"healthy": "healthy", "statistics lost": "statistics", "momentum 0.001": "statistics",
         "shifted data": "other data", "overfit": "overfit", "batches of 2": "batches",
         "one class a batch": "batches"}
BEHIND = dict(zip("ABCDEFG", ["momentum 0.001", "overfit", "one class a batch", "shifted data",
                              "healthy", "statistics lost", "batches of 2"]))
IN_WORDS = {"statistics lost": "statistics lost in part", "momentum 0.001": "momentum 0.002",
            "overfit": "overfit, 200 images", "one class a batch": "two classes a batch",
            "batches of 2": "batches of 4"}


def named(net):
    """What was planted behind a letter, in words."""
    return IN_WORDS.get(BEHIND[net], BEHIND[net])


def shown(net, case, scores, diagnosis, seeds=4):
    """What the picture shows of the net behind a letter: its case and its scores (K, 4), of some seeds."""
    return dict(step=case.step, loss=case.loss[:seeds], at=case.at, val_loss=case.val_loss[:seeds],
                scores=scores[:seeds], net=net, diagnosis=diagnosis, cause=CAUSE[BEHIND[net]],
                fault=named(net))


def _diagnosed(net):
    return lambda at: (at.net, at.diagnosis) == (net, CAUSE[BEHIND[net]])


goals = {f"net {net}: the right diagnosis": _diagnosed(net) for net in BEHIND}


# ---- the exercise

def scoring(net, train, val, no_copy=False, copied_once=False, dropout_on=False, plain_only=False,
        always_eval=False, always_train=False, train_twice=False, splits_swapped=False, modes_swapped=False,
        modes_outside=False, by_batch=False, moved=False, left=False):
    """net, batches [(x, y), ...] of training and of validation data -> accuracies (4,): training data in
    train(), in eval(), validation data in train(), in eval(); dropout is off, the net stays as it was.
    """
    parts = [train, train if train_twice else val][::-1 if splits_swapped else 1]
    modes = [False, False] if always_eval else [True, True] if always_train else [True, False]
    modes = modes[::-1 if modes_swapped else 1]
    pairs = [(part, mode) for part in parts for mode in modes]
    if modes_outside:
        pairs = [(part, mode) for mode in modes for part in parts]
    scores, one = [], net if no_copy else copy.deepcopy(net)
    for part, mode in pairs:
        asked = one if no_copy or copied_once else copy.deepcopy(net)
        asked.train(mode)
        for layer in asked.modules():
            if "Dropout" in type(layer).__name__ and not dropout_on and (
                    not plain_only or isinstance(layer, nn.Dropout)):
                layer.eval()
        with torch.no_grad():
            right = [(asked(x).argmax(-1) == y).float() for x, y in part]
        scores.append(torch.stack([r.mean() for r in right]).mean() if by_batch else torch.cat(right).mean())
    for part, _ in pairs if moved else ():
        asked = copy.deepcopy(net).train()
        asked(part[0][0])
        net.load_state_dict(asked.state_dict())
    if left:
        net.train(net.training)
    return torch.stack(scores)


def four_scores_solution(net, train, val):
    scores = []
    for batches in train, val:
        for mode in True, False:
            asked = copy.deepcopy(net).train(mode)  # a new copy each time: train() moves statistics
            for layer in asked.modules():
                if "Dropout" in type(layer).__name__:  # Dropout2d, too
                    layer.eval()
            with torch.no_grad():
                right = torch.cat([asked(x).argmax(-1) == y for x, y in batches])
            scores.append(right.float().mean())
    return torch.stack(scores)


def _patients():
    """Two nets with statistics off their data, and batches; p = 1, so that chance has no part."""
    g = torch.Generator().manual_seed(8)
    for drop in nn.Dropout(1.0), nn.Dropout2d(1.0):
        with same_draws(2):
            net = nn.Sequential(nn.Conv2d(4, 8, 1), nn.BatchNorm2d(8, momentum=0.5), nn.ReLU(), drop,
                                nn.Flatten(), nn.Linear(8, 3)).eval()

        yield net, [*_known(net, 16, 0.5, g)], [*_known(net, 11, -0.5, g)]


def _known(net, n, shift, g):
    """Batches of n, n and 5; the net is right on most of them as long as they are not shifted by 0.7."""
    for k in (n, n, 5):
        x = shift + torch.randn(k, 4, 1, 1, generator=g)
        known = net(x).argmax(-1)
        yield x + 0.7, torch.where(torch.rand(k, generator=g) < 0.8, known, 0)


def _four(f):
    found, after = {}, []
    for words, (net, train, val) in zip(("", " of a net with Dropout2d"), _patients()):
        net.train()[1].eval()  # a frozen norm
        before, modes = [b.clone() for b in net.buffers()], [layer.training for layer in net.modules()]
        scores = f(net, train, val)
        scores = scores.flatten() if torch.is_tensor(scores) else scores  # or data by mode
        found["the four scores" + words] = tuple(float(score) for score in scores)
        kept = all(map(torch.equal, before, net.buffers()))
        after += ["with other running statistics"] * (not kept) + ["with layers in another mode"] * (
            modes != [layer.training for layer in net.modules()])
    return found | {"the net afterwards": after[0] if after else "as it was"}


four_scores = Exercise(scoring, observe=_four, mistakes=dict(
    no_copy="Your code scores the net that it gets, not a copy. A forward pass in train() moves the running "
        "statistics, so eval() then scores a changed net, and the four scores can hide the fault.",
    copied_once="One copy serves for several scores. Its running statistics move in train() before eval() "
        "asks for them. Take a new copy for each score.",
    dropout_on="Dropout is on in train(). Then both faults look alike: bad statistics and dropped units. "
        "Switch the dropout layers to eval(), after train(mode).",
    plain_only="nn.Dropout2d is left on: it is no nn.Dropout. Its class name holds the word Dropout, too.",
    always_eval="All scores are those of eval(). Hand the mode on: train(mode).",
    always_train="All scores are those of train(). Hand the mode on: train(mode).",
    train_twice="The training data stand in for the validation data: which batches does the loop take?",
    splits_swapped="The validation data come first. The order is training data, then validation data.",
    modes_swapped="eval() comes before train(). The order for both data is train(), then eval().",
    modes_outside="The order is by mode, then by data. It is training data in train(), in eval(), then "
        "validation data.",
    by_batch="It is the mean of the batches' means. The last batch is shorter, so its images count more. "
        "Take the mean over images.",
    moved="The scores are right, but the net is left with other running statistics. Score copies, or put "
        "them back.",
    left="The net is left with layers in another mode: a frozen norm in eval() may stand in a net in "
        "train(). Score copies, or put back the mode of each layer.",
), hints=[
    "What does a forward pass in train() change in the net?",
    "After import copy, copy.deepcopy(net) is a second net. Which of the loops must make it?",
    "Dropout in train() is a second difference between the modes. Which layers must be in eval()?",
], solution=four_scores_solution, why="A test that changes the net tests another net. With dropout off and a "
    "new copy for each score, the two modes differ in the statistics alone.")
