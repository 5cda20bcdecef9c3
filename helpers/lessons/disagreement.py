"""Notebook 11: dropout widens what BatchNorm sees in training, and so what it stores; not in eval mode."""
import torch
from torch import nn

from ..checks.exercises import Exercise
from ..checks.predict import Question

train_over_eval = Question(
    "A unit adds up 500 independent inputs, each the ReLU of a standard normal number. Dropout with p = 0.5 "
    "acts on the inputs. How large is the variance of the unit in train mode, divided by that in eval mode?",
    {"1": "Rescaling keeps the mean. The coins are noise on top, and noise is variance (notebook 07).",
     "1.5": "1.47 is the mean square of an input over its variance: what the coins add. The variance over "
         "the images is there too, 1 more.",
     "2.5": "The coins add the mean square of the inputs to their variance: here 0.5 to 0.34.",
     "4": "Kept numbers are doubled, and their squares are four times as large. But only half of them are "
         "kept."},
    "2.5")

cost = Question(
    "Two hidden layers with dropout 0.5 and BatchNorm, trained on 4,000 digits. In eval mode the second "
    "BatchNorm divides by a variance that is too large. We give it the right one, weights untouched. By how "
    "much does the accuracy on new images rise?",
    {"about 10 points": "A real effect need not be a large one. All units of the layer shrink by about the "
         "same factor, which changes few decisions.",
     "about 3 points":
         "Still too many: a logit that shrinks like its rivals loses no rank, so few decisions change.",
     "less than a point": "All units of the layer shrink by about the same factor. That makes the net less "
         "sure, and changes few decisions.",
     "it falls by 3 points": "The weights were trained with the larger variance, but with the noise that "
         "made it. Without the noise nothing calls for it."},
    "less than a point")

order = Question(
    "Linear, ReLU, BatchNorm in place of Linear, BatchNorm, ReLU: the accuracy at three learning rates, "
    "after 150 steps, becomes",
    {"10 points better: ReLU cannot spoil the mean of 0":
         "Zero mean and unit variance then reach the next layer. But this is worth no 10 points here.",
     "the same within a few points": "Both orders normalize once a layer. Measured below, rate by rate.",
     "10 points worse: ReLU needs centred inputs":
         "Without BatchNorm before it a ReLU can also be on for part of the inputs: its bias sees to that.",
     "about 10 %, as if guessing: the papers' order is needed":
         "Both orders bring each layer's numbers to one scale, which is what keeps training alive."},
    "the same within a few points")


# The lab

def _ratio(at):
    """(L,) what each norm divides by over what it meets, in eval mode."""
    return at.used / at.eval


def _right(at): return at.p >= 0.3 and ((_ratio(at) - 1).abs() <= 0.1).all()


lab_goals = {
    "p at least 0.3, BatchNorm: every circle within 10 % of its square":
        lambda at: at.norm == "BatchNorm" and _right(at),
    "p at least 0.3, a triangle more than 10 % above its square, and yet no circle is 10 % off":
        lambda at: (at.train / at.eval > 1.1).any() and _right(at),
    "p = 0, and yet a circle at more than 5 times its square: what is missing?":
        lambda at: at.p == 0 and (_ratio(at) > 5).any(),
}


# Exercise: the ratio of one unit

def ratio_of(h, weight, p, keeps=False, inverted=False, noise_only=False, one_coin=False, independent=False,
             centred=False, unsquared=False, unscaled=False, deviation=False):
    """h (N, C), weight (C,) -> variance of h @ weight in train mode over that in eval mode."""
    z, squares = h @ weight, weight.square()
    parts = (h - h.mean(0) if centred else h).square() @ (weight.abs() if unsquared else squares)
    noise = (z.square() if one_coin else parts).mean()
    factor = (1 - p) / p if keeps else p * (1 - p) if unscaled else p / (1 - p)
    calm = squares @ h.var(0, unbiased=False) if independent else z.var(unbiased=False)
    ratio = factor * noise / calm + (0 if noise_only else 1)
    ratio = 1 / ratio if inverted else ratio
    return ratio.sqrt() if deviation else ratio


def variance_ratio_solution(h, weight, p):
    # eval mode: over the images
    calm = (h @ weight).var(unbiased=False)
    # train mode: the coins, one a unit
    noise = p / (1 - p) * (weight ** 2 * (h ** 2).mean(0)).sum()
    return 1 + noise / calm


variance_ratio = Exercise(ratio_of, probes=[
    (torch.tensor([[1.0, 0], [2, 1], [0, 3]]), torch.tensor([1, 0.5]), 0.2),
    (torch.tensor([[2, 1, 0.5], [0, 3, 1], [1, 0, 4], [5, 2, 0]]), torch.tensor([0.5, -2, 3]), 0.75),
], names=("ratio",), mistakes={
    "keeps": "Here p is the probability to keep. In torch it is the probability to drop: the ratio must be 1 "
        "at p = 0.",
    "inverted": "This is eval over train. Asked for is train over eval.",
    "noise_only": "That is what the coins add. The variance over the images is there too: at p = 0 the ratio "
        "is 1, not 0.",
    "one_coin": "One coin decides for all units. Each has a coin of its own, so their noises add up: square "
        "each unit's part first, then add.",
    "independent": "In eval mode it adds up the units' variances, as if they were independent. Measure the "
        "variance of the sum itself, h @ weight: units that go together add up or cancel.",
    "centred": "The coins act on h itself, not on h minus its mean: a unit that is always 3 is noisy too "
        "once it is dropped. Take the mean square.",
    "unsquared": "The noise lacks the square of the weights: twice the weight is four times the variance.",
    "unscaled": "The noise is that without rescaling, p (1 - p). What is kept is divided by 1 - p, and so "
        "the variance by its square.",
    "deviation": "That is the ratio of the standard deviations, the root of what is asked for.",
}, hints=[
    "In eval mode nothing is random but the image: the variance of `h @ weight` over the rows.",
    "Train mode adds the noise of the coins. For one image notebook 07 has it: p / (1 - p) times the sum of "
        "the squares of weight · h.",
    "Average that noise over the images, and add it to the variance of eval mode.",
], solution=variance_ratio_solution, why="The coins are independent of each other and of the image, so their "
    "noise adds to the variance over the images. Only that part is gone in eval mode. Its share is small "
    "where the inputs, times their weights, go together.")


# Exercise: repair a network

def repairing(p, nothing_dropped=False, early=False, early_only=False, on_inputs=False, on_logits=False,
              no_norm=False, other_norm=False, keeps=False, always=False):
    """20-16-16-4 with two BatchNorms, and dropout behind the last of them only."""
    def norm(): return [] if no_norm else [nn.LayerNorm(16) if other_norm else nn.BatchNorm1d(16)]
    rate = 1 - p if keeps else p
    drop = [nn.Dropout(rate)]  # times True: there, times False: not
    last = [_Always(rate)] if always else drop
    if nothing_dropped or early_only or on_inputs or on_logits:
        last = []
    return nn.Sequential(
        *drop * on_inputs, nn.Linear(20, 16), *norm(), nn.ReLU(), *drop * (early or early_only),
        nn.Linear(16, 16), *norm(), nn.ReLU(), *last, nn.Linear(16, 4), *drop * on_logits)


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
    return {
        "the number of BatchNorm layers": len(wide),
        "no norm of another kind":
            sum(isinstance(layer, (nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)) for layer in net.modules()),
        "one variance in both modes at every BatchNorm": all(alike),
        "one variance in both modes at the first BatchNorm": bool(alike) and alike[0],
        "share dropped before the last linear layer": (second[first != 0] == 0).double().mean(),
        "share of 0 there at p = 0.6": (before == 0).double().mean(),
        "no zeros in the output": (out == 0).double().mean(),
        "chance in train mode": not out.equal(again),
        "none in eval mode": calm.equal(net(x)),
    }


repair = Exercise(repairing, observe=_built, atol=0.05, mistakes={
    "nothing_dropped":
        "Nothing is dropped any more. That cures the variance, but dropout with p is asked for.",
    "early": "A dropout still comes before a BatchNorm, which stores the widened variance.",
    "early_only": "The dropout that is left is the one before a BatchNorm, and the other is gone. Keep the "
        "one that no BatchNorm follows.",
    "on_inputs": "Dropout on the net's input comes before both BatchNorms: they store widened variances.",
    "on_logits":
        "Dropout on the net's output sets scores themselves to 0. Drop what the last linear layer gets.",
    "no_norm": "The BatchNorm layers are gone. That cures the variance, but both are to stay.",
    "other_norm":
        "Another norm stores nothing, so the lab's second way works. Here both BatchNorm layers are to stay.",
    "keeps": "It drops with 1 - p. torch's nn.Dropout takes the probability to drop.",
    "always": "It drops in eval mode too. Use nn.Dropout, which knows the mode.",
}, hints=[
    "Follow the net from its input: which BatchNorm has a dropout somewhere before it?",
    "One of the two dropouts has no BatchNorm behind it. What of the other?",
], solution=repaired_solution, why="A BatchNorm is disturbed by dropout anywhere before it. Behind the last "
    "one only linear layers and the loss are left, and they store no variance.")
