"""Notebook 02: BatchNorm on one batch, forward and backward, and which axis it runs over."""
import torch

from ..checks.exercises import Exercise
from ..checks.predict import Question
from ..checks.through import as_well_far_off, gradient_through
from ..experiments.training import steps_to

outlier = Question(
    "A batch has eight values. One of them moves further and further away from the others. Its normalized "
    "value",
    {"grows without limit": "This is what a fixed scale would do. Here the scale is not fixed: the value "
         "that moves out also widens the spread by which it is divided.",
     "stops near 0.94": "This divides by the root of the sum of the squared distances. The sd takes their "
         "mean, and so is √8 times smaller.",
     "stops near 2.65": "Far out, at v, the others count as 0. The mean is v/8, so v lies 7v/8 above it. "
         "The sd is √7 v/8. The ratio is √7 = 2.65.",
     "stops near 7.48": "This divides by the sd of the mean, which is √8 times smaller than the sd. "
         "BatchNorm divides by the sd of the values.",
     "does not change": "Ranks behave like this: the largest stays the largest. BatchNorm does not rank: "
         "the output moves, by less and less."},
    "stops near 2.65")

batch_of_two = Question(
    "A batch has two samples. For them, one unit computes two different values. The two normalized values",
    {"depend on the distance of the two": "The distance does enter, by the sd. But the sd of two numbers is "
         "half their distance. Dividing by it leaves only which value is larger.",
     "are +1 and −1": "Each value lies half the distance from the mean, and half the distance is the "
         "sd. What the two values were is lost.",
     "are +0.71 and −0.71": "This takes the sd that divides by N − 1. BatchNorm's sd divides by N, and is √2 "
         "times smaller.",
     "are both 0": "Subtracting the mean makes their sum 0. Both are 0 only where the two inputs are equal.",
     "cannot be computed: an error":
         "A batch of one has no spread, and torch refuses it in training. A batch of two has one."},
    "are +1 and −1")

spikes = Question(
    "A unit gives 1 for a tenth of the samples and 0 for the others. After BatchNorm its values form",
    {"a bell curve": "Mean 0 and sd 1 are those of the standard normal distribution, so many expect its "
         "shape as well. But subtracting and dividing keep the shape.",
     "two spikes, at 1 and −1": "So it is if one half of the samples gives 1. Here a tenth does, and the "
         "mean lies near the others: the tenth ends further out.",
     "two spikes, at 3 and −0.33":
         "Subtract the mean 0.1, divide by the sd 0.3: 0.9/0.3 and −0.1/0.3. Two values stay two values.",
     "two spikes, at 0.9 and −0.1": "This only subtracts the mean, 0.1. BatchNorm then divides by the sd, "
         "and values below −1 or above 1 are common."},
    "two spikes, at 3 and −0.33")

same_rate = Question(
    "At learning rate 0.1 both nets learn. Without BatchNorm the loss comes down to 0.5 after about 75 "
    "steps. With BatchNorm it takes about",
    {"7 steps": "BatchNorm is said to speed up training, and at rate 1 it decides everything. But the rate "
         "0.1 suits the other net too, and little is left to gain.",
     "35 steps": "Half the steps is what one can gain if each net trains at its own best rate. "
         "Here both have the same rate.",
     "70 steps": "At rate 0.1, which suits both nets, BatchNorm saves few steps.",
     "150 steps": "Each batch has another mean and sd. This is noise, and noise could cost steps. In batches "
         "of 64 it is small. (A step takes longer to compute, though.)"},
    "70 steps")

large_weights = Question(
    "All initial weights are 20 times too large, the rate is 0.1. With BatchNorm the accuracy is",
    {"0.92, as with the usual weights": "BatchNorm's output does not change when the weights before it are "
         "scaled. But the training does: a step of the same size turns larger weights less.",
     "about 0.7": "The values keep their size, so the nets learn something. They learn more slowly: a step "
         "is small beside weights that are 20 times larger.",
     "0.1: they guess": "So it is for the nets without BatchNorm, whose values grow by a factor of 20 at "
         "each layer. BatchNorm takes this factor off."},
    "about 0.7")

layout = Question(
    "A batch of sequences x has the shape (N, L, C) = (16, 6, 6): steps before features. You call "
    "nn.BatchNorm1d(6)(x) and expect each feature to be normalized. What happens?",
    {"an error: the axes stand in the wrong order": "torch compares the second axis with the 6 of the layer. "
         "There are 6 steps as well, so nothing is wrong to be seen.",
     "each feature is normalized": "torch cannot know which axis you call features: it takes the second.",
     "each step is normalized, not each feature": "The second axis counts as channels. Here it "
         "holds the steps.",
     "each sequence is normalized by itself": "LayerNorm and InstanceNorm work within a sample. "
         "BatchNorm's mean always runs over the samples."},
    "each step is normalized, not each feature")

move_goals = {
    "N = 8: bring the yellow sample's output as far from 0 as you can. Where are the other outputs then?":
        lambda at: at.N == 8 and abs(at.h_hat[0]) > 2.6,
    "N = 2: move the yellow sample below −20. Which outputs do you see?":
        lambda at: at.N == 2 and at.value < -20,
    "reach an output above 3.5 or below −3.5. How large must N be?": lambda at: abs(at.h_hat).max() > 3.5,
}


def at_best_rate(steps):
    """The steps at the rate with the smallest median: steps (R, K) -> (K,)."""
    return steps[steps.median(1).values.argmin()]


def _steps(losses):
    """Steps until the mean of all seeds is at most 0.5: losses (K, T)."""
    return steps_to(losses.mean(0), 0.5)


race_goals = {
    "a rate at which nets without BatchNorm reach loss 0.5 within 65 steps":
        lambda at: _steps(at.plain) <= 65,
    "a rate below 0.5 at which nets with BatchNorm reach loss 0.5 within 35 steps":
        lambda at: at.rate < 0.5 and _steps(at.bn) <= 35,
    "a rate that is too large for both kinds of nets":
        lambda at: at.progress == 1 and at.rate > 1 and _steps(at.plain) == _steps(at.bn) == torch.inf,
}

init_goals = {
    "an init at which only the nets with BatchNorm reach loss 0.5":
        lambda at: at.progress == 1 and _steps(at.bn) < _steps(at.plain) == torch.inf,
    "an init at which the nets without BatchNorm are the first to reach loss 0.5":
        lambda at: _steps(at.plain) < _steps(at.bn),
}


def three_units():
    """4,000 samples of three units: 1 for a tenth of them; skewed; two groups. -> (4000, 3)"""
    u, v = torch.rand(2, 4000)
    skewed = -5 * v.log()  # many small values, few large ones
    return torch.stack([(u < 0.1).float(), skewed, torch.where(u < 0.5, 7, 12) + v], 1)


def spread(var, eps, variance, no_eps, eps_outside):
    """What BatchNorm divides by, the root of var + eps; and the usual mistakes."""
    inside, outside = (0, 0) if no_eps else (0, eps) if eps_outside else (eps, 0)
    return (var + inside) ** (1 if variance else 0.5) + outside


def statistics(h, over, unbiased=False, one_pass=False, fixed_mean=False, fixed_var=False):
    """Mean and variance over these axes, kept as axes of length 1; and the usual mistakes."""
    mean, var = h.mean(over, keepdim=True), h.var(over, unbiased=unbiased, keepdim=True)
    if one_pass:
        n = h.numel() / var.numel()
        var = (h.square().mean(over, keepdim=True) - mean ** 2) * (n / (n - 1) if unbiased else 1)
    return mean.detach() if fixed_mean else mean, var.detach() if fixed_var else var


def forward(h, gamma, beta, eps, over_features=False, over_everything=False, mean_over_features=False,
        variance_over_features=False, variance=False, no_eps=False, eps_outside=False, unbiased=False,
        one_pass=False, beta_first=False, no_affine=False, no_centre=False, brackets=False, summed=False,
        root_twice=False, about_zero=False, absolute=False, median=False, by_range=False, unnormalized=False,
        plus_mean=False, fixed_statistics=False, fixed_mean=False,
        fixed_variance=False):
    """h (N, C), gamma (C,), beta (C,) -> y (N, C)."""
    over = (0, 1) if over_everything else int(over_features)
    mean, var = statistics(h, over, unbiased, one_pass, fixed_statistics or fixed_mean,
                           fixed_statistics or fixed_variance)
    if mean_over_features or variance_over_features:
        row_mean, row_var = statistics(h, 1, unbiased)
        mean, var = row_mean if mean_over_features else mean, row_var if variance_over_features else var
    var = (var * len(h) if summed else var.sqrt() if root_twice else h.square().mean(over) if about_zero
           else (h - mean).abs().mean(over).square() if absolute else var)
    sd = spread(var, eps, variance, no_eps, eps_outside)
    mean = h.median(0).values if median else -mean if plus_mean else mean
    sd = h.amax(0) - h.amin(0) + eps if by_range else sd
    h_hat = h if unnormalized else h / sd if no_centre else h - mean / sd if brackets else (h - mean) / sd
    return h_hat if no_affine else gamma * (h_hat + beta) if beta_first else gamma * h_hat + beta


def forward_solution(h, gamma, beta, eps):
    mean = h.mean(0)                            # (C,)  one a unit, over the batch
    var = h.var(0, unbiased=False)              # (C,)  divides by N
    h_hat = (h - mean) / torch.sqrt(var + eps)  # (N, C)
    return gamma * h_hat + beta                 # (N, C)


_g = torch.Generator().manual_seed(5)
# a narrow unit, so that eps shows
_h = torch.tensor([3.0, -1.0]) + torch.tensor([2.0, 0.05]) * torch.randn(4, 2, generator=_g)
_gamma, _beta = torch.tensor([[2.0, 0.5], [-1.0, 3.0]])
# zeros, a constant unit, a narrow one
_h3 = torch.tensor([[0, 4, -0.2], [5, 4, -0.21], [0, 4, -0.19], [-3, 4, -0.22], [0.5, 4, -0.2]])
_gamma3, _beta3 = torch.tensor([[1.5, -2.0, 0.25], [0.5, 0.0, -4.0]])

EPS = dict(
    no_eps="eps is missing: sqrt(var + eps).",
    eps_outside="eps is added after the root: it belongs to the variance, inside.",
)
ONE_PASS = dict(one_pass="Mean square minus squared mean is the variance on paper. Far from 0 it is the "
    "difference of two large, rounded numbers, and may come out below 0: take the mean of (h - mean)².")
FIXED = dict(
    fixed_statistics="The numbers are right, the gradient is not: mean and variance are cut off from it. "
        "They depend on h, so let autograd through: no no_grad(), detach() or .data.",
    fixed_mean="The numbers are right, the gradient is not: the mean is cut off from it.",
    fixed_variance="The numbers are right, the gradient is not: the variance is cut off from it.",
)


def _forward_seen(f):
    return {"gradient in h": gradient_through(f, _h, _gamma, _beta, 1e-2),
            "as well far from 0": as_well_far_off(lambda h: f(h, _gamma, _beta, 1e-4))}


batchnorm_forward = Exercise(forward, probes=[
    (_h, _gamma, _beta, 1e-2), (_h3, _gamma3, _beta3, 5e-2)], observe=_forward_seen, mistakes=dict(
    over_features="Your mean and variance run over the units of one sample (a row). BatchNorm takes them "
        "over the batch, one for each unit (a column).",
    over_everything="One mean for the whole table: each unit has its own, over the batch.",
    mean_over_features="The variance runs over the batch, but the mean over the units of one sample (a row): "
        "take axis 0 for both.",
    variance_over_features="The mean runs over the batch, but the variance over the units of one sample "
        "(a row): take axis 0 for both.",
    variance="It divides by the variance: take the root.",
    no_affine="Gamma and beta are missing: the normalized value is multiplied by gamma, then beta is added.",
    no_centre="The mean is not taken off: centre first, then divide.",
    brackets="Only the mean is divided: (h - mean) / sd needs its brackets.",
    summed="The squared distances are added up: the variance is their mean.",
    root_twice="The root is taken twice: under it stands the variance plus eps, not the standard deviation.",
    unnormalized="Nothing is normalized: gamma and beta come after (h - mean) / sqrt(var + eps).",
    plus_mean="The mean is added: it has to be taken off.",
    median="The median is taken off: BatchNorm takes the mean.",
    by_range="It divides by the range, from the smallest number to the largest: the spread is the root of "
        "the variance.",
    about_zero="The mean is taken off above the line, but below it stands the mean square about 0: the "
        "variance is taken about the mean.",
    absolute="It divides by the mean distance from the mean. The spread is the root of the mean *square*.",
    beta_first="Beta is added before gamma multiplies: it is gamma * h_hat + beta.",
    **EPS,
    unbiased="The variance divides by N - 1: "
        "BatchNorm normalizes with the one that divides by N, unbiased=False.",
    **ONE_PASS, **FIXED,
), hints=[
    "One mean and one variance for each of the C units: which axis has to go?",
    "`h.mean(0)` and `h.var(0, unbiased=False)` are both (C,).",
    "`(h - mean) / torch.sqrt(var + eps)`, then gamma and beta.",
], solution=forward_solution, why="Broadcasting lines (C,) up with the last axis of (N, C), "
    "so no loop over units is needed.")


def told_axis(table, normalized, swapped=False, always_rows=False, always_columns=False, raw=False,
              first_column=False, first_row=False, any_column=False, unbiased_sd=False, exact=False):
    """table (R, C), normalized (R, C) -> 0 if each column was normalized (over axis 0), 1 if each row was."""
    means = normalized.mean(0).abs()
    over_rows = ((normalized.std(0) - 1).abs().max() < 1e-3 if unbiased_sd
                 else means[0] < 1e-3 if first_column else means.min() < 1e-3 if any_column
                 else normalized[0].mean().abs() > 1e-3 if first_row
                 else table.mean(0).abs().max() < table.mean(1).abs().max() if raw
                 else means.max() == 0 if exact else means.max() < 1e-3)
    if always_rows or always_columns:
        return int(not always_rows)
    return int(over_rows == swapped)


def axis_solution(table, normalized):
    column_means = normalized.mean(0)  # (C,): all 0 if the mean ran over axis 0
    return 0 if column_means.abs().max() < 1e-3 else 1


def _normalized(table, axis):
    return (table - table.mean(axis, keepdim=True)) / table.std(axis, unbiased=False, keepdim=True)


_tables = [torch.tensor(rows) for rows in (
    [[1.0, 2, 3], [4, 5, 6], [7, 8, 9]], [[1.0, 2, 3], [4, 5, 6], [7, 8, 30]],
    [[1.0, 5], [2, -3], [6, 0], [4, 0]], [[1.0, 2, 3], [3, 1, 2]], [[1.0, 3], [2, 1], [3, 2]])]

which_axis = Exercise(told_axis, probes=[
    (t, _normalized(t, axis)) for t in _tables for axis in (0, 1)], mistakes=dict(
    swapped="It is the other way round: `mean(0)` runs over axis 0, the rows, "
        "and leaves one number for each column.",
    always_rows="It says 0 for every table. A mean over all numbers is 0 either way: look at the means of "
        "the columns one by one.",
    always_columns="It says 1 for every table. A mean over all numbers is 0 either way: look at the means of "
        "the columns one by one.",
    raw="It looks at the means of `table`. These do not say what was done with it: look at `normalized`.",
    first_column="It looks at the first column only, whose mean may be 0 by accident: look at all.",
    first_row="It looks at the first row only, whose mean may be 0 by accident: look at all columns.",
    any_column="One column of mean 0 is no sign, it may be so by accident: all of them have to be 0.",
    unbiased_sd="A column that was normalized has sd 1 only if one divides by N, as the norm did: "
        "std(0, unbiased=False). Its mean tells as much.",
    exact="It asks for a mean of exactly 0. Rounding leaves about 0.0000001: compare with a small number.",
), hints=[
    "What must be true of each column, if each column was normalized?",
    "Its mean is 0. `normalized.mean(0)` is (C,): are all of them 0, up to rounding?",
], solution=axis_solution, why="The mean along the axis that was normalized is 0 everywhere; along the other "
    "it is 0 only by accident.")


def backward(dy, h, gamma, eps, constant_statistics=False, constant_variance=False, constant_mean=False,
        sums=False, no_gamma=False, of_h=False, averaged=False, unbiased=False, no_eps=False,
        eps_outside=False, one_pass=False, plus=False, plus_mean=False, plus_variance=False, undivided=False,
        multiplied=False, by_variance=False, gamma_late=False, no_h_hat=False, gamma_too=False,
        of_centred=False):
    """dy (N, C), the loss's gradient in y -> its gradients in h (N, C), gamma (C,), beta (C,)."""
    mean, var = statistics(h, 0, unbiased, one_pass)
    std = spread(var, eps, False, no_eps, eps_outside)
    h_hat = (h - mean) / std
    g = dy if no_gamma else dy * gamma
    take, add = torch.sum if sums else torch.mean, torch.mean if averaged else torch.sum
    through_mean = 0 if constant_statistics or constant_mean else take(dy if gamma_late else g, 0)
    through_var = 0 if constant_statistics or constant_variance else (
        (1 if no_h_hat else h_hat) * take((dy if gamma_late else g) * h_hat, 0))
    through = through_mean * (-1 if plus_mean else 1) + through_var * (-1 if plus_variance else 1)
    d_h_hat = g + through if plus else g - through
    d_h = (d_h_hat if undivided else d_h_hat * std if multiplied else d_h_hat / std ** 2 if by_variance
           else d_h_hat / std)
    return d_h, add((g if gamma_too else dy) * (h if of_h else h - mean if of_centred else h_hat), 0), add(
        g if gamma_too else dy, 0)


def backward_solution(dy, h, gamma, eps):
    std = torch.sqrt(h.var(0, unbiased=False) + eps)  # (C,)
    h_hat = (h - h.mean(0)) / std                     # (N, C)
    g = dy * gamma                                    # (N, C)  the gradient in h_hat
    dh = (g - g.mean(0) - h_hat * (g * h_hat).mean(0)) / std
    return dh, (dy * h_hat).sum(0), dy.sum(0)  # (N, C), (C,), (C,)


_dy = torch.randn(4, 2, generator=_g)

_dy3 = torch.randn(5, 3, generator=_g)


def _backward_seen(f):
    dy = _h3.flatten()[:8].view(4, 2).repeat(2, 1)
    return {"as well far from 0": as_well_far_off(lambda h: f(dy, h, _gamma, 1e-4))}


batchnorm_backward = Exercise(backward, probes=[
    (_dy, _h, _gamma, 1e-2), (_dy3, _h3, _gamma3, 5e-2)], observe=_backward_seen, names=(
    "gradient in h", "gradient in gamma", "gradient in beta"), mistakes=dict(
    constant_statistics="Mean and variance are treated as constants. Both depend on every sample, "
        "so two terms are missing.",
    constant_variance="The path through the variance is missing: moving one sample also changes the spread "
        "that all are divided by.",
    constant_mean="The path through the mean is missing: moving one sample shifts all others.",
    plus="The two corrections are added: they take off what mean and variance undo.",
    plus_mean="The correction for the mean is added: it takes off what the mean undoes.",
    plus_variance="The correction for the variance is added: it takes off what the division undoes.",
    no_h_hat="The correction for the variance is h_hat * (g * h_hat).mean(0): its first h_hat is missing.",
    gamma_late="The two corrections are made of dy. They are made of the gradient in h_hat, dy * gamma.",
    undivided="The gradient in h is not divided by the sd, by which the layer divides h.",
    multiplied="The gradient in h is multiplied by the sd: the layer divides, and so does the gradient.",
    by_variance="The gradient in h is divided by the variance: the layer divides by its root.",
    gamma_too="The gradients in gamma and beta hold gamma. It stands behind neither: y = gamma * h_hat + "
        "beta, so take dy.",
    no_gamma="Gamma is missing in the gradient in h: it stands between h_hat and y.",
    sums="The two corrections are means over the batch, not sums: mean and variance hold 1/N.",
    of_h="The gradient in gamma takes h_hat, what gamma multiplies, not h.",
    of_centred="The gradient in gamma takes h_hat, which is divided by the sd, not h - mean.",
    averaged="Gamma and beta act on every sample: their gradients are sums over the batch, "
        "the loss has done the averaging.",
    **EPS,
    unbiased="The variance divides by N - 1: the layer divided by N, unbiased=False.",
    **ONE_PASS,
), hints=[
    "Start with the gradient in h_hat: it is dy * gamma, call it g.",
    "h acts three ways: directly, through the mean, through the variance. The mean takes the mean of g off.",
    "The variance takes h_hat * (g * h_hat).mean(0) off. Divide everything by the sd at the end.",
], solution=backward_solution, why="What is left of g has no mean and no part along h_hat: BatchNorm's "
    "output does not change when h is shifted or stretched.")
