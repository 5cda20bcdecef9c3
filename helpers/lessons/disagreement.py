"""Notebook 11: after dropout, BatchNorm stores the variance of train mode; eval mode meets a smaller one."""
import torch
from torch import nn

from ..checks.exercises import Exercise
from ..checks.predict import Question
from ..experiments.probes import inputs
from ..experiments.training import fit_many, last

train_over_eval = Question(
    "A unit adds up 500 independent inputs with random weights. Each input is the ReLU of a standard normal "
    "number. In train mode dropout with p = 0.5 acts on the inputs. The variance of the sum in train mode, "
    "divided by its variance in eval mode, is about",
    {"1": "Rescaling keeps the mean. But the masks are noise, and noise adds variance (notebook 07).",
     "1.5": "The masks alone add 1.47 times the variance of eval mode. But that variance is there too, so "
         "the ratio is larger by 1.",
     "2.5": "Relative to eval mode, the masks add p / (1 - p) times the mean square of an input over its "
         "variance. That is 0.5 / 0.34 = 1.47. So the ratio is 1 + 1.47.",
     "4": "Kept numbers are doubled, so their squares are four times as large. But only half of the numbers "
         "are kept."},
    "2.5")

first_only = Question(
    "A net has four hidden layers, each of Linear, BatchNorm and ReLU. One dropout, p = 0.5, stands after "
    "the first ReLU. Which BatchNorm layers have a stored ratio above 1.15?",
    {"none": "Rescaling keeps the mean, not the variance.",
     "the second": "BatchNorm 2 has the largest ratio. But BatchNorm 2 divides by too much, so layer 3 gets "
         "numbers that are too small. So BatchNorm 3 has a ratio above 1, too.",
     "the second and the third": "The noise of the masks reaches BatchNorm 2. BatchNorm 2 then divides by "
         "too much, so layer 3 gets numbers that are too small. BatchNorm 4 has a ratio near 1. We did not "
         "measure why.",
     "the second, the third and the fourth": "The ratio falls from BatchNorm 2 to BatchNorm 4. In "
         "BatchNorm 4 the ratio is near 1."},
    "the second and the third")

four_dropouts = Question(
    "A net with four hidden layers has a log loss of 0.29 without dropout. With one dropout (p = 0.5) after "
    "the first ReLU, the log loss is 0.38. With a dropout (p = 0.5) after each of the four ReLUs, the log "
    "loss is about",
    {"0.25": "More dropout is more regularization. But in 120 steps this net sees each image about twice. It "
         "has hardly begun to overfit (notebook 08).",
     "0.4": "Then the first dropout would make nearly all of the cost. But each further dropout adds noise.",
     "0.65": "This adds four times the cost of the first dropout. But each layer gets the noise of all the "
         "dropouts before it.",
     "1.05": "Four dropouts cost more than four times as much as the first alone. The ratio also grows from "
         "layer to layer."},
    "1.05")

comes_back = Question(
    "The log loss is about 1.05 with dropout after each ReLU, and 0.3 without dropout. We recalibrate the "
    "net with dropout. Its log loss is then about",
    {"0.3": "This would be so if dropout changed only the stored variance. But the weights, too, come from "
         "a training with dropout.",
     "0.6": "Then the wrong variance would cause most of the cost. But this error shrinks all units of a "
         "layer by about the same factor, so most decisions stay.",
     "0.9": "The wrong variance makes the net less sure. That is about a fifth of the cost. About four "
         "fifths remain.",
     "1.2": "The weights were trained with the larger variance. But in eval mode the noise is gone, so the "
         "smaller variance is the right one."},
    "0.9")

cost = Question(
    "Two hidden layers with BatchNorm and dropout 0.5, trained on 4,000 digits. The second BatchNorm "
    "stores too large a variance. We give it the right one, and the weights stay. By how much does the "
    "accuracy on new images rise?",
    {"about 10 points": "The variance is wrong by 40 %. But this changes few of the net's decisions.",
     "about 3 points": "The scores of all classes shrink together. So the largest score mostly stays the "
         "largest.",
     "less than a point": "All units of the layer shrink by about the same factor. That makes the net less "
         "sure, and changes few decisions.",
     "it falls by 3 points": "The weights were trained with the larger variance, but also with the noise "
         "that made it. In eval mode the noise is gone."},
    "less than a point")

order = Question(
    "Linear, ReLU, BatchNorm in place of Linear, BatchNorm, ReLU: the accuracy at three learning rates, "
    "after 120 steps, becomes",
    {"10 points better: ReLU cannot spoil the mean of 0":
         "Zero mean and unit variance then reach the next layer. But this is worth no 10 points here.",
     "the same within a few points": "Both orders normalize once a layer. Measured below, rate by rate.",
     "10 points worse: ReLU needs centred inputs":
         "Without BatchNorm before it a ReLU can also be on for part of the inputs: its bias sees to that.",
     "about 10 %, as if guessing: the papers' order is needed":
         "Both orders bring each layer's numbers to one scale, which is what keeps training alive."},
    "the same within a few points")


# Nets with four hidden layers

def train(net, split, p, seeds=8):
    """Nets (choices, seeds), trained for 120 steps. p (choices, 4): what net takes as p1 to p4."""
    p1, p2, p3, p4 = p.split(1, dim=1)                  # (choices, 1) each: all seeds share a row of p
    vary = dict(p1=p1, p2=p2, p3=p3, p4=p4)
    return last(fit_many(net, split, lr=0.1, steps=120, seeds=seeds, vary=vary)).nets


def ratios(nets, images):
    """Stored ratios (layers, ..., seeds) of all BatchNorm layers: running variance over the variance that
    eval mode meets in these images, the median over the units."""
    found = []
    for name, layer in nets.skeleton.named_children():  # the one module behind all nets
        if isinstance(layer, nn.BatchNorm1d):
            met = inputs(nets.eval(), name, images).var(-2)                      # (..., seeds, units)
            found.append(nets.buffers[f"{name}.running_var"].view_as(met) / met)
    return torch.stack(found).median(-1).values


# The lab

def _right(at): return ((at.ratio - 1).abs() <= 0.15).all()


lab_goals = {
    "p = 0.5, after ReLU 1: compare the four ratios with your prediction":
        lambda at: at.p == 0.5 and at.place == "after ReLU 1",
    "p = 0.7: a place where all four ratios lie between 0.85 and 1.15":
        lambda at: at.p == 0.7 and _right(at),
    "a layer with a stored ratio above 5": lambda at: (at.ratio > 5).any(),
}


# Exercise: the ratio of one unit

def ratio_of(x, weight, p, keeps=False, inverted=False, noise_only=False, one_mask=False, independent=False,
             centred=False, unsquared=False, unscaled=False, divided_once=False, summed=False, unbiased=False,
             no_weight=False, squared_means=False, parts_averaged=False, about_zero=False, mean_square=False,
             added_only=False,
             deviation=False):
    """x (N, C), weight (C,) -> variance of x @ weight in train mode over that in eval mode."""
    h, squares = x @ weight, weight.square()
    parts = (x - x.mean(0) if centred else x).square() @ (weight.abs() if unsquared else squares)
    noise = (h.square() if one_mask else parts).mean() * (len(x) if summed else 1)
    noise = (x.square().sum(1).mean() if no_weight else squares @ x.mean(0).square() if squared_means
             else noise)
    noise = noise / len(weight) if parts_averaged else noise
    factor = 1 / (1 - p) if mean_square else (1 - p) / p if keeps else p * (1 - p) if unscaled else (
        p if divided_once else p / (1 - p))
    calm = squares @ x.var(0, unbiased=False) if independent else h.var(unbiased=unbiased)
    calm = h.square().mean() if about_zero else calm
    if added_only:
        return calm + factor * noise
    ratio = factor * noise / calm + (0 if noise_only else 1)
    ratio = 1 / ratio if inverted else ratio
    return ratio.sqrt() if deviation else ratio


def variance_ratio_solution(x, weight, p):
    # eval mode: over the images
    calm = (x @ weight).var(unbiased=False)
    # train mode: the masks, one entry an input
    noise = p / (1 - p) * (weight ** 2 * (x ** 2).mean(0)).sum()
    return 1 + noise / calm


variance_ratio = Exercise(ratio_of, probes=[
    (torch.tensor([[1.0, 0], [2, 1], [0, 3]]), torch.tensor([1, 0.5]), 0.2),
    (torch.tensor([[2, 1, 0.5], [0, 3, 1], [1, 0, 4], [5, 2, 0]]), torch.tensor([0.5, -2, 3]), 0.75),
], names=("ratio",), mistakes={
    "keeps": "Here p is the probability to keep. In torch it is the probability to drop: the ratio must be 1 "
        "at p = 0.",
    "inverted": "This is eval over train. Asked for is train over eval.",
    "noise_only": "That is what the masks add. The variance over the images is there too: at p = 0 the ratio "
        "is 1, not 0.",
    "one_mask": "Here one draw drops or keeps all inputs together. Each input has a draw of its own, so "
        "their noises add up: square each input's part first, then add.",
    "independent": "In eval mode it adds up the inputs' variances, as if they were independent. Measure the "
        "variance of the sum itself, x @ weight: correlated inputs add up or cancel.",
    "centred": "The mask acts on x itself, not on x minus its mean: an input that is always 3 is noisy too "
        "once it is dropped. Take the mean square.",
    "unsquared": "The noise lacks the square of the weights: twice the weight is four times the variance.",
    "unscaled": "The noise is that without rescaling, p (1 - p). What is kept is divided by 1 - p, and so "
        "the variance by its square.",
    "no_weight": "The weights are missing in the noise: each input's part is weight * x.",
    "squared_means": "The inputs are averaged before they are squared. The noise of each image counts: "
        "square first, then average.",
    "parts_averaged": "The noises of the inputs are averaged. The output is a sum, so they add up.",
    "about_zero": "In eval mode it takes the mean square. The variance is taken about the mean.",
    "mean_square": "1 / (1 - p) is the mean square of the mask. Its variance is p / (1 - p).",
    "added_only": "That is the variance in train mode. Asked for is its ratio to that in eval mode.",
    "divided_once": "The noise is p (1 - p) for the mask. What is kept is divided by 1 - p, so the variance "
        "is divided by its square, which leaves p / (1 - p).",
    "summed": "The noise is added up over the images. It is averaged over them, as a variance is.",
    "unbiased": "The variance in eval mode divides by N - 1, the noise by N: take unbiased=False.",
    "deviation": "That is the ratio of the standard deviations, the root of what is asked for.",
}, hints=[
    "In eval mode only the image is random: the variance of `x @ weight` over the rows.",
    "Train mode adds the noise of the masks. For one image its variance is p / (1 - p) times the sum of "
        "the squares of weight · x.",
    "Average that noise over the images, and add it to the variance of eval mode.",
], solution=variance_ratio_solution, why="The masks are independent of each other and of the image, so their "
    "noise adds to the variance over the images. Only that part is gone in eval mode. Its share is small "
    "where the inputs, times their weights, rise and fall together.")


# Exercise: repair a network

def repairing(p, nothing_dropped=False, early=False, early_only=False, on_inputs=False, on_logits=False,
              no_norm=False, one_norm=False, other_norm=False, keeps=False, fixed=False, always=False):
    """20-16-16-4 with two BatchNorms, and dropout behind the last of them only."""
    def norm(): return [] if no_norm else [nn.LayerNorm(16) if other_norm else nn.BatchNorm1d(16)]
    rate = 1 - p if keeps else 0.5 if fixed else p
    drop = [nn.Dropout(rate)]  # times True: there, times False: not
    last = [_Always(rate)] if always else drop
    if nothing_dropped or early_only or on_inputs or on_logits:
        last = []
    return nn.Sequential(
        *drop * on_inputs, nn.Linear(20, 16), *norm(), nn.ReLU(), *drop * (early or early_only),
        nn.Linear(16, 16), *norm()[one_norm:], nn.ReLU(), *last, nn.Linear(16, 4), *drop * on_logits)


class _Always(nn.Dropout):
    """Dropout that knows no eval mode."""
    def forward(self, h): return nn.functional.dropout(h, self.p)


def repaired_solution(p):
    return nn.Sequential(
        nn.Linear(20, 16), nn.BatchNorm1d(16), nn.ReLU(),
        nn.Linear(16, 16), nn.BatchNorm1d(16), nn.ReLU(),
        nn.Dropout(p),  # no BatchNorm comes after it
        nn.Linear(16, 4))


def _inputs_of(net, kinds, x):
    """What layers of these kinds get in one pass, in the order in which they are called."""
    got = []
    hooks = [layer.register_forward_pre_hook(lambda _, args: got.append(args[0].detach()))
             for layer in net.modules() if isinstance(layer, kinds)]
    out = net(x).detach()
    for hook in hooks:
        hook.remove()
    return got, out


def _built(f, p=0.3):
    """What one sees of the net: its norms, the variances they meet, where it drops, if eval mode is calm."""
    net, x = f(p), torch.randn(2000, 20)
    with torch.no_grad():
        (*_, before), _ = _inputs_of(f(0.6), nn.Linear, x)
        net.train()
        for _ in range(45):  # fills the buffers
            net(x)
        wide, _ = _inputs_of(net, nn.BatchNorm1d, x)
        (*_, first), out = _inputs_of(net, nn.Linear, x)
        (*_, second), again = _inputs_of(net, nn.Linear, x)
        net.eval()
        narrow, calm = _inputs_of(net, nn.BatchNorm1d, x)
    alike = [abs((a.var(0) / b.var(0)).mean() - 1) < 0.1 for a, b in zip(wide, narrow)]
    others = sum(isinstance(layer, (nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)) for layer in net.modules())
    return {
        "both BatchNorm layers": (len(wide), others),  # BatchNorms, other norms
        "what every BatchNorm stores": all(alike),
        "the variance of the first BatchNorm": bool(alike) and alike[0],
        "the share dropped before the last linear layer": (second[first != 0] == 0).double().mean(),
        "the share of zeros before the last Linear": (before == 0).double().mean(),
        "dropout in train mode only": (not out.equal(again), calm.equal(net(x)), (out == 0).double().mean()),
    }


repair = Exercise(repairing, observe=_built, atol=0.04, mistakes={
    "nothing_dropped":
        "Nothing is dropped any more. That mends the variance, but dropout with p is asked for.",
    "early": "One BatchNorm still stores too large a variance. Find what adds noise to its input in train "
        "mode.",
    "early_only": "The dropout that is left is the one before a BatchNorm, and the other is gone. Keep the "
        "one that no BatchNorm follows.",
    "on_inputs": "Dropout on the net's input comes before both BatchNorms: both store too large a variance.",
    "on_logits":
        "Dropout on the net's output sets scores themselves to 0. Drop what the last linear layer gets.",
    "no_norm": "The BatchNorm layers are gone. That mends the variance, but both are to stay.",
    "other_norm":
        "Another norm stores nothing, so its variance is right. But here both BatchNorm layers are to stay.",
    "one_norm": "One BatchNorm is gone. Both are to stay: only a dropout moves.",
    "fixed": "It drops half, whatever p is: hand p on, nn.Dropout(p).",
    "keeps": "It drops with 1 - p. torch's nn.Dropout takes the probability to drop.",
    "always": "It drops in eval mode too. Use nn.Dropout, which knows the mode.",
}, hints=[
    "Follow the net from its input: which BatchNorm has a dropout somewhere before it?",
    "One of the two dropouts has no BatchNorm after it. Where does the other stand?",
], solution=repaired_solution, why="Dropout changes what every later BatchNorm stores. After the last one "
    "only linear layers and the loss are left, and they store no variance.")
