"""05: train mode answers by the batch, eval mode by the past; running statistics, recalibration, folding."""
import copy

import torch
from torch import nn

from ..checks.comparing import same_draws
from ..checks.exercises import Exercise
from ..checks.predict import Question
from .batchnorm1d import spread

company = Question(
    "A trained net with BatchNorm gets one image together with some others. Now the others are exchanged. "
    "Whose class scores for the one image change?",
    {"those of both modes":
         "In eval mode nothing is computed from the batch: the statistics were settled in training.",
     "those of train mode only":
         "Train mode measures the image against whoever is in its batch; eval mode against the past.",
     "those of eval mode only": "It is the other way round: eval mode looks at no companion.",
     "nobody's: images are independent":
         "They are in all other layers of this net. BatchNorm's mean and spread are shared by the batch."},
    "those of train mode only")

ten_batches = Question(
    "The running mean starts at 0, momentum is 0.1 as in torch. Ten batches come, each with mean 10. "
    "The running mean is then",
    {"1": "That is after the first batch. Each further one takes a tenth of the way that is left.",
     "6.5": "A tenth of the rest each time: 0.9¹⁰ = 0.35 of the way is left.",
     "9": "That would be one batch with the momentum read the other way round: "
          "in torch it weighs the new value, not the old.",
     "10": "That is a plain average of the batches. This one still remembers the 0 it started from."},
    "6.5")

sorted_batches = Question(
    "In train mode, test batches of 64 shuffled images give an accuracy of about 0.91. The same images come "
    "sorted by class, 64 at a time. The accuracy is about",
    {"0.9": "64 are enough to estimate a mean. But these batches have another mean: that of one class.",
     "0.7": "Some of the class survives, but much less than that.",
     "0.25": "What all images of a batch share is subtracted, and here they share the class.",
     "0.1": "That would be guessing. Batches where two classes meet, and differences within a class, "
            "leave a little more."},
    "0.25")

no_gradients = Question(
    "In train mode a batch goes through BatchNorm, (1) under torch.no_grad(), (2) with requires_grad_(False) "
    "on all parameters. The running mean",
    {"stays in both": "The update of the running mean is no gradient step. Only the mode decides about it.",
     "moves in (1), stays in (2)":
         "Frozen parameters are gamma and beta. The running mean is a buffer, not a parameter.",
     "moves in (2), stays in (1)": "no_grad() stops the recording of gradients, nothing else.",
     "moves in both": "Modes and gradients are separate switches. Only eval() stops the memory."},
    "moves in both")

accumulated = Question(
    "An untrained net with BatchNorm. The mean gradient of 8 batches of 8, added up before the step, against "
    "the gradient of one batch of the same 64. The two",
    {"are equal":
         "For a net without BatchNorm they are. With it, each 8 are normalized by their own mean and spread.",
     "differ a little, by rounding": "That is the difference without BatchNorm, about 10⁻⁷.",
     "differ by about a tenth": "So they might, if the means of 8 were good guesses at the mean of 64. The "
         "two layers pass the error on, and it grows.",
     "differ by almost their size":
         "A mean over 8 is off by a third of σ (1/√8), in both layers: other outputs, other gradients."},
    "differ by almost their size")


def _agree(at):
    """(draws,) whether train mode says the class that eval mode says."""
    return at.train.argmax(-1) == at.eval.argmax(-1)


company_goals = {
    "a draw where train mode says another class than eval mode": lambda at: not _agree(at)[-1],
    "digit 4, 3 companions: draw up to 20. In how many draws does train mode say another class than eval "
    "mode?":
        lambda at: at.digit == 4 and at.companions == 3 and at.draw == 20,
    "digit 4: so many companions that in all 20 draws the class is that of eval mode":
        lambda at: at.digit == 4 and at.draw == 20 and _agree(at).all(),
}


def noise(running):
    """running (T + 1, units) -> sd of the units about their common mean, over the last 100 batches."""
    return running[-100:].std(1).square().mean().sqrt()


memory_goals = {
    "batches of 64: the largest momentum with noise below 3 %. After how many batches is it 95 % there?":
        lambda at: at.batch == 64 and at.momentum >= 0.1 and noise(at.running) < 0.03,
    "batches of 8: the same. How many batches now, and how many samples?":
        lambda at: at.batch == 8 and at.momentum >= 0.012 and noise(at.running) < 0.03,
    "a momentum with no memory at all: the last batch is everything": lambda at: at.momentum == 1,
}


def updating(running_mean, running_var, h, momentum, over_features=False, added=False, averaged=False,
        reversed=False, deviation=False, around_running=False, biased=False):
    """running_mean, running_var (C,), h (N, C) -> both after this batch, as nn.BatchNorm1d keeps them."""
    over = int(over_features)
    keep, take = ((momentum, 1 - momentum) if reversed else (0.5, 0.5) if averaged
                  else (1 if added else 1 - momentum, momentum))
    mean, var = h.mean(over), h.var(over, unbiased=not biased)
    new_mean = keep * running_mean + take * mean
    if around_running:
        var = (h - new_mean).square().sum(over) / (len(h) if biased else len(h) - 1)
    return new_mean, keep * running_var + take * (var.sqrt() if deviation else var)


def update_solution(running_mean, running_var, h, momentum):
    mean, var = h.mean(0), h.var(0, unbiased=True)  # (C,), (C,)  divides by N - 1
    return ((1 - momentum) * running_mean + momentum * mean,
            (1 - momentum) * running_var + momentum * var)


_g = torch.Generator().manual_seed(5)
# both square, so that the wrong axis gives numbers too
_two, _three = torch.tensor([[1.0, 20.0], [5.0, 26.0]]), 3 * torch.randn(3, 3, generator=_g)

update_running = Exercise(updating, names=("running_mean", "running_var"), probes=[
    (*torch.tensor([[0.0, 10.0], [1.0, 4.0]]), _two, 0.1),
    (*torch.tensor([[1.0, -1.0, 0.0], [2.0, 0.5, 1.0]]), _three, 0.25)], mistakes=dict(
    over_features="The batch's statistics run over the units of one sample (a row). Each unit has its own, "
        "over the batch: axis 0.",
    added="The new value is added to the whole old one, so that the sum grows without end. The old one keeps "
        "the share 1 - momentum.",
    averaged="It takes the middle of old and new, whatever the momentum: that is momentum 0.5.",
    reversed="Momentum weighs the old value. So it does in Keras (0.99) and Paddle (0.9); "
        "torch's 0.1 is the share of the new one.",
    deviation="The buffer holds a variance, not its root.",
    around_running="The variance is taken about the running mean. It is that of the batch alone, "
        "about the batch's own mean.",
    biased="The variance divides by N. The one that normalizes the batch does; the one that is remembered "
        "divides by N - 1, since it stands for all data.",
), hints=[
    "Two numbers for each unit: the mean and the variance of this batch, over axis 0.",
    "new = (1 - momentum) * old + momentum * batch, for the mean and for the variance.",
    "`h.var(0)` divides by N - 1 if you say nothing; that is the one to remember.",
], solution=update_solution, why="A batch is a sample of all data; its variance about its own mean is too "
    "small by (N - 1) / N on average. For new images the better estimate counts.")


def _norms(net):
    return [layer for layer in net.modules() if isinstance(layer, nn.BatchNorm1d)]


def recalibrating(net, batches, in_eval=False, keeps_momentum=False, no_reset=False, last_only=False,
        momentum_lost=False, left_in_train=False):
    """net, a list of batches (N, D) -> net in eval mode, its running statistics the mean of the batches'."""
    layers, old = _norms(net), [layer.momentum for layer in _norms(net)]
    for layer in layers:
        if not no_reset:
            layer.reset_running_stats()
        if not keeps_momentum:
            layer.momentum = 1.0 if last_only else None
    net.train(not in_eval)
    with torch.no_grad():
        for batch in batches:
            net(batch)
    for layer, momentum in zip([] if momentum_lost else layers, old):
        layer.momentum = momentum
    return net.train(left_in_train)


def recalibrate_solution(net, batches):
    layers = [layer for layer in net.modules() if isinstance(layer, nn.BatchNorm1d)]
    before = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()  # forget the past ...
        layer.momentum = None        # ... and weigh all batches alike
    net.train()                      # only train mode takes statistics
    with torch.no_grad():
        for batch in batches:
            net(batch)
    for layer, momentum in zip(layers, before):
        layer.momentum = momentum
    return net.eval()


def _stale_net(inputs=3, units=2, momentum=0.1, scales=(1, 2, 3, 4)):
    """A small net whose running statistics are from other data, and a batch of each scale."""
    g = torch.Generator().manual_seed(3)
    with same_draws(3):
        net = nn.Sequential(nn.Linear(inputs, units), nn.BatchNorm1d(units, momentum=momentum), nn.ReLU(),
                            nn.Linear(units, 2), nn.BatchNorm1d(2, momentum=0.2))
        for _ in range(3):
            net(5 + torch.randn(8, inputs, generator=g))
    return net, [torch.randn(6, inputs, generator=g) * k - k for k in scales]


def _recalibrated(f):
    other, fewer = _stale_net(4, 3, 0.3, (2, 0.5))
    other.eval()
    f(other, fewer)
    net, batches = _stale_net()
    weights = [p.detach().clone() for p in net.parameters()]
    out = f(net, copy.deepcopy(batches))
    first, second = _norms(out)
    return {"running mean of the first BatchNorm": first.running_mean,
            "running variance of the first": first.running_var,
            "running mean of the second": second.running_mean,
            "running variance of the second": second.running_var,
            "those of another net": [buffer for norm in _norms(other) for buffer in norm.buffers()][:2],
            "its momentum": [norm.momentum for norm in _norms(other)] == [0.3, 0.2],
            "weights as they were": all(torch.equal(a, b) for a, b in zip(weights, out.parameters())),
            "momentum as it was": [first.momentum, second.momentum] == [0.1, 0.2],
            "left in eval mode": not any(m.training for m in out.modules())}


recalibrate = Exercise(recalibrating, observe=_recalibrated, mistakes=dict(
    in_eval="The past is forgotten and nothing new is taken: mean 0, variance 1. Let the batches pass, in "
        "train mode: eval mode takes no statistics.",
    last_only="Momentum 1 keeps the last batch alone. All batches count alike: momentum = None.",
    keeps_momentum="The momentum is the old one, so the last batches count most and the start is not "
        "forgotten. momentum = None averages.",
    no_reset="The old statistics still count: reset_running_stats() first, "
        "which also puts the count of batches to 0.",
    left_in_train="The net is left in train mode: end with net.eval().",
    momentum_lost="momentum stays None: if training goes on, the net would average over all its past. "
        "Put the old one back.",
), hints=[
    "Three things: forget, look at all batches, go back to eval mode. "
        "In which mode does BatchNorm take statistics?",
    "`layer.reset_running_stats()` forgets; `layer.momentum = None` makes the running statistics plain "
        "averages. Keep the old momentum to put it back.",
    "`isinstance(layer, nn.BatchNorm1d)` finds the layers among `net.modules()`; no gradient is needed: "
        "`with torch.no_grad()`.",
], solution=recalibrate_solution, why="The weights stay. Only the memory is made anew, with the weights as "
    "they are now, from as many batches as you like.")


def folding(weight, bias, gamma, beta, mean, var, eps, columns=False, variance=False, bias_left_out=False,
        bias_unscaled=False, mean_unscaled=False, mean_left_out=False, no_beta=False, no_gamma=False,
        no_eps=False, eps_outside=False, weight_left=False):
    """weight (out, in), bias (out,), then BatchNorm's gamma ... var (out,) -> one layer's weight, bias."""
    scale = (1 if no_gamma else gamma) / spread(var, eps, variance, no_eps, eps_outside)
    b = 0 if bias_left_out else bias if bias_unscaled else bias * scale
    m = 0 if mean_left_out else mean if mean_unscaled else mean * scale
    rows = 1 if weight_left else scale if columns else scale[:, None]
    return weight * rows, b - m + (0 if no_beta else beta)


def fold_solution(weight, bias, gamma, beta, mean, var, eps):
    scale = gamma / torch.sqrt(var + eps)  # (out,)
    return scale[:, None] * weight, scale * (bias - mean) + beta


# square, so that the wrong axis gives numbers too
_square = torch.tensor([[1.0, 2.0], [3.0, -1.0]])
_larger = torch.tensor([[0.0, 1.5, -2.0], [4.0, 0.0, 1.0], [-1.0, 3.0, 0.5]])

fold = Exercise(folding, names=("weight", "bias"), probes=[
    (_square, *torch.tensor([[0.5, -1.0], [2.0, 0.5], [1.0, 3.0], [4.0, -2.0], [0.25, 0.01]]), 1e-2),
    (_larger, *torch.tensor([[1.0, 0.0, -2.0], [0.5, -3.0, 1.5], [0.0, 2.0, -1.0], [3.0, 0.0, -5.0],
                             [9.0, 0.0, 0.04]]), 5e-2),
], mistakes=dict(
    weight_left="The weight is as it was: what BatchNorm multiplies by goes into it, too.",
    columns="The scale multiplies columns: each *output* unit has its own, "
        "which is a row of the weight. Write scale[:, None].",
    variance="It divides by the variance: eval mode divides by its root.",
    bias_left_out="The layer's own bias is lost. BatchNorm receives W x + b, so b is scaled as well.",
    bias_unscaled="BatchNorm scales what it receives, the bias too: scale * (bias - mean) + beta.",
    mean_unscaled="The mean is subtracted before the scaling: scale * (bias - mean) + beta.",
    mean_left_out="The running mean is missing: eval mode subtracts it.",
    no_beta="Beta is missing in the bias.",
    no_gamma="Gamma is missing: the scale is gamma / sqrt(var + eps).",
    no_eps="eps is missing: sqrt(var + eps).",
    eps_outside="eps belongs to the variance, inside the root.",
), hints=[
    "In eval mode BatchNorm is h -> scale * (h - mean) + beta. What is scale?",
    "Put h = W x + b into it and sort by what multiplies x.",
    "`scale = gamma / torch.sqrt(var + eps)`; the new weight is `scale[:, None] * weight`.",
], solution=fold_solution, why="Two straight-line functions one after the other are one. It works in eval "
    "mode only: in train mode mean and variance depend on the batch.")
