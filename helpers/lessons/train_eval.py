"""05: train mode answers by the batch, eval mode by running statistics; recalibration, folding."""
import copy
from functools import cache

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from ..checks.comparing import same_draws
from ..checks.exercises import Exercise
from ..checks.predict import Question
from ..experiments.seeds import generator
from ..experiments.training import accuracy, cross_entropy
from .batchnorm1d import spread

batch_mates = Question(
    "A trained net with BatchNorm gives scores for one image in a batch of 64. You replace the others. "
    "In which mode do the scores of the one image change?",
    {"in both modes":
         "The layer normalizes in both modes, so this seems natural. But eval mode takes a stored mean and "
         "variance, and computes none from the batch.",
     "in train mode only":
         "Train mode normalizes with the mean and the variance of the batch. Other images in the batch make "
         "another mean, and so other scores.",
     "in eval mode only":
         "These are the modes the wrong way round: eval mode looks at no other image.",
     "in neither: a net treats images one by one":
         "All other layers of this net do. BatchNorm is the exception: its mean runs over the batch."},
    "in train mode only")

four_at_a_time = Question(
    "In eval mode, a trained net with BatchNorm has an accuracy of 92 % on test digits. In train mode each "
    "digit gets 3 batch mates at random. The accuracy is about",
    {"90 %": "Weights and images are the same, so this seems natural. But the mean of each unit now comes "
             "from four images, and three of them are there by chance.",
     "65 %": "A mean over 4 images is off by half an sd (1/√4), in both layers. Many digits keep their "
             "class, many lose it.",
     "35 %": "It is so low with a single batch mate. With three, a digit's own values count less in the mean "
             "that is subtracted from them.",
     "10 %": "That would be guessing. But the mates change a unit's mean and variance, not its weights."},
    "65 %")

ten_batches = Question(
    "The running mean starts at 0, the momentum is 0.1. Ten batches come, each with mean 10. "
    "The running mean is then",
    {"1.0": "That is the value after the first batch. Each further batch adds a tenth of the distance that "
            "is left.",
     "6.5": "Each batch leaves 0.9 of the distance to 10. Ten batches leave 0.9¹⁰ = 0.35 of it. "
            "So 3.5 is left.",
     "9.0": "One batch would lead to 9.0 if the old value had the weight 0.1. In torch the batch has the "
          "weight 0.1.",
     "10.0": "A plain average of ten batches would be 10. The exponential moving average also contains a "
             "share of the start, 0."},
    "6.5")

sorted_batches = Question(
    "In train mode, shuffled test batches of 64 images give an accuracy of about 0.91. Now the same images "
    "come sorted by class, again 64 a batch. The accuracy is about",
    {"0.90": "64 images are enough to estimate a mean. But the mean of a batch of sevens is not the mean of "
             "all digits.",
     "0.65": "This needs differences between classes in most batches. A batch of one class has none.",
     "0.25": "BatchNorm subtracts what the images of a batch share. The images of a sorted batch share "
            "their class.",
     "0.10": "That would be guessing. Some sorted batches hold two classes, and the "
             "difference between the two classes stays."},
    "0.25")

no_gradients = Question(
    "BatchNorm is in train mode. It gets one batch under torch.no_grad(). It gets another batch after "
    "requires_grad_(False) has frozen all parameters. In which case does the running mean move?",
    {"in neither": "That would be right if gradients changed it. But it is a moving average, updated in the "
         "forward pass.",
     "under no_grad() only":
         "requires_grad_(False) holds parameters: gamma and beta. The running mean is a buffer, not a "
         "parameter.",
     "with requires_grad_(False) only":
         "no_grad() stops the recording of gradients and nothing else. The forward pass is the same.",
     "in both": "Modes and gradients are separate switches. Only eval() stops the running mean."},
    "in both")

accumulated = Question(
    "An untrained net with BatchNorm. You take the mean of the gradients of 8 batches of 8. How far is this "
    "from the gradient of one batch of the same 64 images, as a share of that gradient's length?",
    {"0: they are equal":
         "That holds for a net without BatchNorm. With it, each batch of 8 is normalized by its own mean and "
         "variance.",
     "about 10⁻⁷": "That is rounding, and it is what a net without BatchNorm shows.",
     "about a tenth": "It would be if a mean over 8 images were close to the mean over 64. It is not, and "
         "the second layer adds to the error of the first.",
     "about nine tenths":
         "A mean over 8 is off by a third of the sd (1/√8), in both layers: other outputs, other gradients."},
    "about nine tenths")

where_it_falls = Question(
    "A net scores 0.95 on its training data in train mode, and 0.76 on the same training data in eval mode. "
    "What is wrong?",
    {"it overfits": "An overfitted net does badly on new data. Here the data are those it was trained on.",
     "the test data differ": "No test data are used here: both numbers come from the training data.",
     "the running statistics": "Weights and images are the same in both numbers. Only the mean and the "
         "variance that BatchNorm uses differ.",
     "the learning rate": "A bad learning rate gives weights that do badly in both modes."},
    "the running statistics")


def _agree(at):
    """(draws,) whether train mode says the class that eval mode says."""
    return at.train.argmax(-1) == at.eval.argmax(-1)


mates_goals = {
    "digit 4, 3 mates: move draw to 20. How many of the 20 squares are orange?":
        lambda at: at.digit == 4 and at.mates == 3 and at.draw == 20,
    "digit 4: leave draw at 20 and change mates until no square is orange":
        lambda at: at.digit == 4 and at.draw == 20 and _agree(at).all(),
    "1 mate: leave draw at 20 and find a digit with more than 10 orange squares":
        lambda at: at.mates == 1 and at.draw == 20 and (~_agree(at)).sum() > 10,
}


def with_mates(digits, digit, mates, draws):
    """A list of batches (1 + mates, 1, 28, 28): the first test image of a digit, then training images."""
    image = digits.test.x[(digits.test.y == digit).nonzero()[0]]  # (1, 1, 28, 28)
    orders = (torch.randperm(len(digits.train.y), generator=generator(k)) for k in range(draws))
    return [torch.cat([image, digits.train.x[rows[:mates]]]) for rows in orders]


def to_draw(digits, digit, batches, in_batch, alone):
    """What figures.two_answers draws: the newest batch, and softmax of the scores: in_batch, one (10,) each
    batch, and alone (10,).
    """
    return dict(images=digits.pixels(batches[-1])[:, 0], digit=digit, eval=alone.softmax(-1),
                train=torch.stack([scores.softmax(-1) for scores in in_batch]))


def with_statistics(nets, mean, variance):
    """A copy of the nets in which every running mean is `mean`, every running variance `variance`."""
    changed = copy.deepcopy(nets)
    for name, values in changed.buffers.items():  # (K, C)
        if "mean" in name:
            values.fill_(mean)
        if "var" in name:
            values.fill_(variance)
    return changed


def brighter(digits, by):
    """The test images with `by` added to every pixel, which lay in 0..1 before they were standardized."""
    return digits.test.x + by / digits.std.view(1, 1, 1, 1)


@cache
def _samples():
    return 1 + torch.randn(300 * 256, 32, generator=generator(1))  # (samples, units)


def batch_means(batch):
    """(300, 32): the means of 300 batches of this size, for 32 units with mean 1 and sd 1."""
    return _samples()[:300 * batch].view(300, batch, 32).mean(1)


def noise(running):
    """running (T + 1, units) -> sd of the units about their common mean, over the last 100 batches."""
    return running[-100:].std(1).square().mean().sqrt()


def _quiet(at):
    return noise(at.running) < 0.03


running_goals = {
    "batches of 8: find a momentum with noise below 3 % of σ. At which batch is the diamond then?":
        lambda at: at.batch == 8 and _quiet(at),
    "find a batch size and a momentum with noise below 3 % of σ and the diamond before batch 11":
        lambda at: _quiet(at) and 1 - (1 - at.momentum) ** 10 >= 0.95,
    "find a momentum at which only the last batch counts": lambda at: at.momentum == 1,
}


def accuracy_in_train_mode(nets, x, y, order, batch):
    """Share of x whose class eight nets name in train mode, in batches cut from order (N,): one number a net.

    The nets stay as they are: copies are asked.
    """
    asked = copy.deepcopy(nets).train()
    with torch.no_grad():
        right = [asked(x[rows]).argmax(-1) == y[rows] for rows in order.split(batch)]  # (K, batch) each
    return torch.cat(right, -1).float().mean(-1)  # (K,)


def by_test_batch(nets, x, y, sizes=(2, 4, 8, 32, 64, 256)):
    """What figures.against_test_batch draws, accuracies (sizes, K): in train mode, in batches of each size,
    shuffled and sorted by class; in eval mode, where the size does not matter.
    """
    orders = {"shuffled": torch.randperm(len(x), generator=generator(2)), "sorted": y.argsort(stable=True)}
    found = {name: torch.stack([accuracy_in_train_mode(nets, x, y, order, size) for size in sizes])
             for name, order in orders.items()}
    return dict(found, sizes=sizes, eval=accuracy(nets, x, y).expand(len(sizes), -1))


def moves(net, x):
    """Whether the running mean of the first BatchNorm layer moves as the batch x passes."""
    norm = _norms(net)[0]
    before = norm.running_mean.clone()
    net(x)
    return not torch.equal(before, norm.running_mean)


def go_on(net, split, rate, steps=60):
    """Plain steps of gradient descent on batches of 64, in the mode the net is in; returns the net."""
    for rows in torch.randint(len(split.y), (steps, 64), generator=generator()):
        loss = cross_entropy(net(split.x[rows]), split.y[rows])
        net.zero_grad()
        loss.backward()
        with torch.no_grad():
            for p in net.parameters():
                p -= rate * p.grad
    return net


def updating(running_mean, running_var, h, momentum, over_features=False, over_everything=False, added=False,
        averaged=False, reversed=False, deviation=False, around_running=False, about_zero=False,
        around_old=False, upside=False, twice=False, biased=False):
    """running_mean, running_var (C,), h (N, C) -> both after this batch, as nn.BatchNorm1d keeps them."""
    over = (0, 1) if over_everything else int(over_features)
    keep, take = ((momentum, 1 - momentum) if reversed else (0.5, 0.5) if averaged
                  else (1 if added else 1 - momentum, momentum))
    mean, var = h.mean(over), h.var(over, unbiased=not biased)
    new_mean = keep * running_mean + take * mean
    if around_running:
        var = (h - new_mean).square().sum(over) / (len(h) if biased else len(h) - 1)
    if around_old or about_zero:
        var = (h - (running_mean if around_old else 0)).square().sum(over) / (len(h) - (not about_zero))
    if upside or twice:
        var = h.var(over, unbiased=twice) * ((len(h) / (len(h) - 1)) ** (1 if twice else -1))
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
    over_everything="The batch's mean and variance run over all units at once. Each unit has its own: "
        "axis 0.",
    added="The new value is added to the whole old one, so that the sum grows without end. The old one keeps "
        "the share 1 - momentum.",
    averaged="It takes the middle of old and new, whatever the momentum: that is momentum 0.5.",
    reversed="Your code multiplies the old value by momentum, as the libraries Keras and Paddle do. "
        "torch's default is 0.1. Is 0.1 the weight of the old value or of the batch?",
    deviation="The buffer holds a variance, not its root.",
    around_running="The variance is taken about the running mean. It is that of the batch alone, "
        "about the batch's own mean.",
    around_old="The variance is taken about the old running mean. It is that of the batch alone, about the "
        "batch's own mean.",
    about_zero="That is the mean square of the batch. The variance is taken about the batch's mean.",
    twice="N / (N - 1) is there twice: var(0) divides by N - 1 already.",
    upside="The factor is upside down: from N to N - 1 it is N / (N - 1), which is above 1.",
    biased="The variance divides by N. That one normalizes the batch. The running variance takes the one "
        "that divides by N - 1, since it stands for all data.",
), hints=[
    "Two numbers for each unit: the mean and the variance of this batch, over axis 0.",
    "new = (1 - momentum) * old + momentum * batch, for the mean and for the variance.",
    "`h.var(0)` divides by N - 1 if you say nothing. That is the one for the running variance.",
], solution=update_solution, why="A batch is a sample of all data. Its variance about its own mean is too "
    "small by (N - 1) / N on average, so the running variance takes the unbiased estimate.")


def _norms(net):
    return [layer for layer in net.modules() if isinstance(layer, _BatchNorm)]


def recalibrating(net, batches, in_eval=False, keeps_momentum=False, no_reset=False, last_only=False,
        dropout_on=False, frozen_too=False, only_1d=False, left_in_train=False, momentum_lost=False,
        one_momentum=False):
    """net in train mode, a list of batches -> net in eval mode; the running statistics of all BatchNorm
    layers but those in eval mode are the mean of the batches', as met without dropout.
    """
    layers = [layer for layer in _norms(net) if layer.training or frozen_too]
    if only_1d:
        layers = [layer for layer in layers if isinstance(layer, nn.BatchNorm1d)]
    frozen = [layer for layer in _norms(net) if not layer.training and not frozen_too]
    old = [layer.momentum for layer in layers]
    net.train(dropout_on and not in_eval)
    for layer in layers:
        if not no_reset:
            layer.reset_running_stats()
        if not keeps_momentum:
            layer.momentum = 1.0 if last_only else None
        layer.train(not in_eval)
    for layer in frozen:
        layer.eval()
    with torch.no_grad():
        for batch in batches:
            net(batch)
    for layer, momentum in zip([] if momentum_lost else layers, old):
        layer.momentum = 0.1 if one_momentum else momentum
    return net.train(left_in_train)


def recalibrate_solution(net, batches):
    layers = [m for m in net.modules() if isinstance(m, _BatchNorm) and m.training]  # not the frozen ones
    before = [layer.momentum for layer in layers]
    net.eval()                       # dropout is off, frozen layers stay as they are
    for layer in layers:
        layer.reset_running_stats()  # forget the old statistics ...
        layer.momentum = None        # ... weigh all batches alike ...
        layer.train()                # ... and take new ones
    with torch.no_grad():
        for batch in batches:
            net(batch)
    for layer, momentum in zip(layers, before):
        layer.momentum = momentum
    return net.eval()


def _stale_net(inputs=3, units=4, momentum=0.1, scales=(1, 2, 3, 4)):
    """A small net with statistics from other data, its last BatchNorm frozen, and a batch of each scale."""
    g = torch.Generator().manual_seed(3)
    with same_draws(3):
        net = nn.Sequential(nn.Linear(inputs, units), nn.BatchNorm1d(units, momentum=momentum), nn.ReLU(),
                            nn.Dropout(0.5), nn.Unflatten(1, (1, 2, units // 2)),
                            nn.BatchNorm2d(1, momentum=0.2), nn.Flatten(), nn.Linear(units, 2),
                            nn.BatchNorm1d(2, momentum=0.3))
        for _ in range(3):
            net(5 + torch.randn(8, inputs, generator=g))
    net[8].eval()
    return net, [torch.randn(6, inputs, generator=g) * k - k for k in scales]


def _recalibrated(f):
    other, fewer = _stale_net(4, 6, 0.3, (2, 0.5))
    f(other, fewer)
    net, batches = _stale_net()
    weights = [p.detach().clone() for p in net.parameters()]
    frozen = [buffer.clone() for buffer in net[8].buffers()]
    out = f(net, copy.deepcopy(batches))
    first, images, last = _norms(out)
    return {"running mean of the BatchNorm1d": first.running_mean,
            "running variance of the BatchNorm1d": first.running_var,
            "running mean behind the dropout (BatchNorm2d)": images.running_mean,
            "running variance behind the dropout (BatchNorm2d)": images.running_var,
            "the frozen layer as it was": all(map(torch.equal, frozen, last.buffers())),
            "those of another net": [[n.running_mean, n.running_var] for n in _norms(other)[:2]],
            "its momentum": [norm.momentum for norm in _norms(other)],
            "weights as they were": all(torch.equal(a, b) for a, b in zip(weights, out.parameters())),
            "momentum as it was": [first.momentum, images.momentum, last.momentum],
            "left in eval mode": not any(m.training for m in out.modules())}


recalibrate = Exercise(recalibrating, observe=_recalibrated, mistakes=dict(
    in_eval="The old statistics are forgotten and no new ones are taken: mean 0, variance 1. BatchNorm takes "
        "statistics in train mode only.",
    last_only="Momentum 1 keeps the last batch alone. All batches count alike: momentum = None.",
    keeps_momentum="The momentum is the old one, so the last batches count most, and the starting values 0 "
        "and 1 still count. momentum = None averages.",
    no_reset="The old statistics still count: call reset_running_stats() first. "
        "It also puts the count of batches to 0.",
    dropout_on="Dropout is on while the statistics are taken, as it is in torch's update_bn. Dropout raises "
        "the variance, and in use it is off. Call net.eval(), then train() on the BatchNorm layers alone.",
    frozen_too="The frozen layer has lost its statistics. A BatchNorm layer that comes in eval mode stays as "
        "it is: look at layer.training before you switch modes.",
    only_1d="BatchNorm2d is left out. All of torch's BatchNorm layers are a _BatchNorm.",
    left_in_train="The net is left in train mode: end with net.eval().",
    one_momentum="All layers have momentum 0.1 afterwards. Each had one of its own: put that back.",
    momentum_lost="momentum stays None. If training goes on, the running statistics would average over all "
        "batches since. Put the old momentum back.",
), hints=[
    "Which layers need new statistics? Those that are a _BatchNorm and are in train mode as the net comes.",
    "`net.eval()`, then for each of those layers `layer.train()`: statistics are taken, dropout is off.",
    "`layer.reset_running_stats()` forgets. `layer.momentum = None` makes plain averages. Keep the old "
        "momentum to put it back.",
], solution=recalibrate_solution, why="The weights stay. Only the running statistics are taken anew, with "
    "the weights as they are now, and as the layers are used later: without dropout.")


def folding(weight, bias, gamma, beta, mean, var, eps, columns=False, variance=False, bias_left_out=False,
        bias_unscaled=False, mean_unscaled=False, mean_left_out=False, no_beta=False, no_gamma=False,
        no_eps=False, eps_outside=False, weight_left=False, beta_scaled=False, all_unscaled=False,
        multiplied=False):
    """weight (out, in), bias (out,), then BatchNorm's gamma ... var (out,) -> one layer's weight, bias."""
    scale = (1 if no_gamma else gamma) * spread(var, eps, variance, no_eps, eps_outside) ** (
        1 if multiplied else -1)
    b = 0 if bias_left_out else bias if bias_unscaled else bias * scale
    m = 0 if mean_left_out else mean if mean_unscaled else mean * scale
    rows = 1 if weight_left else scale if columns else scale[:, None]
    b, m = (bias, mean) if all_unscaled else (b, m)
    return weight * rows, b - m + (0 if no_beta else beta * scale if beta_scaled else beta)


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
    multiplied="It multiplies by the root. Eval mode divides by sqrt(var + eps).",
    bias_left_out="The layer's own bias is lost. BatchNorm receives W x + b, so b is scaled as well.",
    bias_unscaled="BatchNorm scales what it receives, the bias too: scale * (bias - mean) + beta.",
    mean_unscaled="The mean is subtracted before the scaling: scale * (bias - mean) + beta.",
    mean_left_out="The running mean is missing: eval mode subtracts it.",
    all_unscaled="Bias and mean are not scaled. BatchNorm scales what it receives: scale * (bias - mean) "
        "+ beta.",
    beta_scaled="Beta is scaled, too. It is added after the scaling: scale * (bias - mean) + beta.",
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
