"""04 Gamma and beta: what can a normalized layer still represent?"""
import torch
from torch import nn

from ..checks.exercises import Exercise
from ..checks.predict import Question
from ..experiments.models import mlp
from ..experiments.seeds import generator
from ..experiments.training import accuracy, fit_many, last, outputs
from .batchnorm1d import spread

straight_line = Question(
    "Bell-shaped inputs with mean 0 and standard deviation 1 enter a sigmoid. How much of the variance of "
    "its outputs does the best straight line explain (R²)?",
    {"54 %": "No S around 0 does that. Even a step from 0 to 1, the sharpest bend there is, has 64 %.",
     "81 %": "The outer parts of the S are flat, and you may have counted on many inputs there. "
             "With inputs five times as wide it would be about this.",
     "98 %": "Only 5 % of the inputs lie outside −2 to 2, where the S begins to be flat. "
             "Between −1 and 1 its distance from a straight line is below 0.02."},
    "98 %")

other_batch = Question(
    "A new BatchNorm layer is in train mode (no net.eval() yet). Batch A enters the layer. Gamma and beta "
    "are set so that batch A comes out unchanged. Then batch B enters the layer. Both batches come from one "
    "distribution with sd 2, and have 64 samples of 5 units. Compare the 64 · 5 = 320 outputs of batch B "
    "with their inputs. The largest difference is about",
    {"0.000001": "This would be so if both batches were normalized with the same mean and sd. But batch B is "
         "normalized with the mean and sd of batch B. Gamma and beta give back those of batch A.",
     "0.01": "Not even the means of the two batches are so close. The mean of 64 values with sd 2 has a "
         "standard error of 2/√64 = 0.25.",
     "0.1": "The means of the two batches alone differ by about 0.3. "
         "And the question is about the largest of 320 differences.",
     "1": "The means of two batches differ by about 0.3, and their sds by about 0.2. "
         "For a value 3 sds from the mean, this can add up to 0.3 + 3 · 0.2 = 0.9."},
    "1")

eval_mode = Question(
    "A new BatchNorm layer has seen two batches in train mode. Its running mean and running variance are "
    "still far from those of the distribution. The layer is now in eval mode. Each unit gets one fixed gamma "
    "and one fixed beta. Can these undo the normalizing for every new batch?",
    {"yes: gamma = true sd, beta = true mean":
         "They would undo a layer that normalizes with them. In eval mode this layer normalizes with its "
         "running mean and running sd.",
     "yes: gamma = running sd, beta = running mean":
         "In eval mode the layer subtracts the running mean and beta adds it. The layer divides by the "
         "running sd and gamma multiplies by it. How far these are from the true values does not matter.",
     "no: each batch needs other values": "So it is in train mode, where each batch brings its own mean and "
         "sd. In eval mode no batch does.",
     "no: averages of only two batches leave an error":
         "The error would be in the normalized values. But the same two numbers are taken off "
         "and given back."},
    "yes: gamma = running sd, beta = running mean")

circle = Question(
    "Points are scattered around 0. Half of them lie inside a circle around 0. A net learns to say whether a "
    "point lies inside or outside. The net has one layer of 16 sigmoids. Before the sigmoids comes "
    "BatchNorm without gamma and beta (affine=False). The accuracy of the net is about",
    {"0.95, as with gamma and beta": "The weights can scale, but nothing can shift the inputs of the "
         "sigmoids. A bias is part of the mean, and BatchNorm subtracts the mean.",
     "0.75, some is lost": "Some weights have this accuracy. But the loss of these weights is higher than "
         "the loss of guessing, and training lowers the loss.",
     "0.5, guessing": "A sigmoid with output 0.9 at a point x has output 0.1 at the point −x. "
         "But both points have the same label."},
    "0.5, guessing")

zeros = Question(
    "A unit has gamma 1 and beta −1, and a ReLU follows. Its normalized values form a bell. "
    "How many of the outputs are 0?",
    {"16 %": "You counted the outputs that are not 0: 16 % of a bell lie above one standard deviation.",
     "50 %": "That is so for beta 0, which cuts the bell in the middle.",
     "84 %": "ĥ − 1 is negative for every ĥ below 1, and 84 % of a bell lie below one standard deviation."},
    "84 %")

zero_gamma = Question(
    "A block adds its result to its input: y = x + γ ĥ + β, where ĥ are the normalized outputs of a linear "
    "layer. Gamma and beta start at 0. Which numbers of the block get a gradient in the first step?",
    {"none: zero is dead": "Weights that are all 0 can be dead, where other zeros multiply their gradient. "
         "The gradient of gamma is multiplied by ĥ, which is not 0.",
     "gamma and beta only": "The gradients of gamma and beta do not contain gamma. After one step gamma is "
         "no longer 0, and the weights of the linear layer get a gradient too.",
     "these and the linear layer's weights":
         "On the way back to the linear layer the gradient is multiplied by gamma, which is 0."},
    "gamma and beta only")


def straightness(a):
    """R² of the best straight line through the outputs of a sigmoid with the inputs a (N,)."""
    return torch.corrcoef(torch.stack([a, torch.sigmoid(a)]))[0, 1] ** 2


squash_goals = {
    "gamma 1, beta 0: BatchNorm alone. Was your prediction right?":
        lambda at: at.gamma == 1 and at.beta == 0,
    "beta 0: a gamma at which the line explains a little less than 90 % (R² 0.89 to 0.90)":
        lambda at: at.beta == 0 and 0.89 <= straightness(at.a) < 0.9,
    "gamma 1: a beta that nearly turns the unit off (mean output 0.04 to 0.05)":
        lambda at: at.gamma == 1 and 0.04 < torch.sigmoid(at.a).mean() < 0.05,
}


silenced_goals = {
    "gamma 1: a beta at which 84 % of the outputs are 0":
        lambda at: at.gamma == 1 and 0.83 < (at.a <= 0).float().mean() < 0.85,
    "gamma 2: a beta at which 84 % are 0":
        lambda at: at.gamma == 2 and 0.83 < (at.a <= 0).float().mean() < 0.85,
    "beta 0: does gamma change how many are 0?": lambda at: at.beta == 0 and at.gamma != 2,
}


def bells(draws, n):
    """(draws, n) bell-shaped numbers, in each row of mean 0 and sd 1."""
    z = torch.randn(draws, n, generator=generator(2))
    return (z - z.mean(1, keepdim=True)) / z.std(1, unbiased=False, keepdim=True)


def three_clouds(n=300):
    """x (3, n), y (3, n): a parabola, a line with much noise, a line with little."""
    draw = generator()
    x = 4 * torch.rand(3, n, generator=draw) - 2
    noise = torch.randn(3, n, generator=draw)
    return x, torch.stack([x[0] ** 2, x[1] + noise[1], x[2] + noise[2] / 3])


def two_units(n=4000):
    """Raw values of two units, (n,) each: mean 3, sd 2, a long tail; mean -1, sd 2.5, two humps."""
    u, v = torch.rand(2, n, generator=generator(3))
    humps = torch.where(u < 0.5, -2.3, 2.3) + 2 * v - 1
    return [sd * (h - h.mean()) / h.std(unbiased=False) + mean
            for h, sd, mean in ((-v.log(), 2.0, 3.0), (humps, 2.5, -1.0))]


def _matched(at, target):
    y, to = at.y, at.target
    return at.target_is == target and abs(y.mean() - to.mean()) < 0.06 and abs(y.std() - to.std()) < 0.06


match_goals = {
    'target "its own values": a gamma above 0 and a beta that give blue the mean and sd of this target':
        lambda at: at.gamma > 0 and _matched(at, "its own values"),
    'target "its own values": a gamma below 0 and a beta that give blue the mean and sd of this target. '
    'What is the overlap (shared area)?':
        lambda at: at.gamma < 0 and _matched(at, "its own values"),
    'target "another shape": give blue the mean and sd of this target. What is the overlap?':
        lambda at: _matched(at, "another shape"),
}


def give_back(layer, mean, var):
    """Set gamma and beta of a BatchNorm layer so that they undo normalizing with mean (C,) and var (C,)."""
    with torch.no_grad():
        layer.weight.copy_(torch.sqrt(var + layer.eps))
        layer.bias.copy_(mean)


EDGE = 1.177                                                   # sqrt(2 ln 2): half of the points are inside
PLANE = torch.cartesian_prod(*2 * [torch.linspace(-3, 3, 101)])  # (10201, 2) points at which nets are asked


def points(n, seed, hole=0.0, edge=EDGE):
    """x (n, 2), a bell around 0, and y (n,): 1 within the edge and outside of the hole, else 0."""
    x = torch.randn(n, 2, generator=generator(seed))
    return x, ((x.norm(dim=1) >= hole) & (x.norm(dim=1) < edge)).long()


def regions(nets, *shape):
    """What the picture of the regions takes: of each kind of nets the answers at PLANE and the accuracy."""
    x, y = points(2000, 1, *shape)
    says = torch.stack([outputs(kind, PLANE).argmax(-1) for kind in nets])  # (kinds, K, 10201)
    return dict(x=x, inside=y, says=says.unflatten(-1, (101, 101)),
                accuracy=torch.stack([accuracy(kind, x, y) for kind in nets]))


def on_circle(norm, kinds):
    """Train nets 2-16-2 of sigmoids on the circle, eight of each kind; norm(C, gamma, beta): a layer.

    kinds: pairs of gamma and beta, yes or no. Returns what the picture of the regions takes."""
    def trained(gamma, beta):
        nets = fit_many(lambda: mlp(lambda C: norm(C, gamma, beta), (2, 16, 2), nn.Sigmoid),
                        points(2000, 0), lr=1.0, steps=400)
        return last(nets).nets
    return regions([trained(*kind) for kind in kinds])


def on_digits(digits, norms):
    """Accuracy on new images of nets 784-48-24-10 of ReLUs after 100 steps: (norms, 8), eight seeds each."""
    runs = [fit_many(lambda norm=norm: mlp(norm), digits.train, lr=0.1, steps=100) for norm in norms]
    return torch.stack([accuracy(last(run).nets, *digits.test) for run in runs])


def recovering(h, eps=1e-5, swapped=False, over_features=False, over_everything=False, variance=False,
        unbiased=False, no_eps=False, eps_outside=False, keeps_dim=False, absolute=False, scaled_mean=False,
        divided_mean=False, plain=False, median=False, by_range=False):
    """h (N, C) -> gamma (C,), beta (C,) that undo normalizing (Ioffe & Szegedy 2015, section 3)."""
    over = (0, 1) if over_everything else int(over_features)
    mean, var = h.mean(over, keepdim=keeps_dim), h.var(over, unbiased=unbiased, keepdim=keeps_dim)
    gamma = spread(var, eps, variance, no_eps, eps_outside)
    if plain:
        return torch.ones_like(mean), torch.zeros_like(mean)
    gamma = h.amax(0) - h.amin(0) if by_range else gamma
    mean = h.median(0).values if median else mean
    gamma = (h - mean).abs().mean(over) if absolute else gamma
    mean = mean * gamma if scaled_mean else mean / gamma if divided_mean else mean
    return (mean, gamma) if swapped else (gamma, mean)


def recover_solution(h, eps=1e-5):
    """h (N, C) -> gamma (C,), beta (C,)"""
    var = h.var(0, unbiased=False)           # (C,)
    return torch.sqrt(var + eps), h.mean(0)  # (C,), (C,)


# the second is so narrow that eps shows
_two_units = torch.tensor([[5.0, -0.98], [3.0, -1.01], [-1.0, -1.03], [2.0, -1.0]])

# the first is always 0, the last is narrow
_three_units = torch.tensor([[0, 4, -2.0], [0, -3, -2.03], [0, 1, -1.98], [0, 0, -2.01], [0, 7, -2.02]])

recover = Exercise(recovering, probes=[(_two_units, 1e-2), (_three_units, 4e-2)], names=(
    "gamma", "beta"), mistakes=dict(
    swapped="Look at what each of the two does: gamma multiplies, beta adds. Which one restores the spread, "
        "which one the mean?",
    over_features="Mean and variance run over the units of one sample; each unit has its own, "
        "over the batch.",
    over_everything="One mean for the whole batch: each unit has its own.",
    plain="1 and 0 leave the normalized value as it is. To undo: multiply by what the layer divided by, add "
        "what it subtracted.",
    scaled_mean="Beta is the mean times gamma. Gamma multiplies first, then beta is added: the mean alone.",
    divided_mean="Beta is the mean over gamma. Gamma multiplies first, then beta is added: the mean alone.",
    median="Beta is the median: the layer subtracted the mean.",
    by_range="Gamma is the range, from the smallest number to the largest. The layer divided by the root of "
        "the variance.",
    absolute="Gamma is the mean distance from the mean. The layer divided by the root of the mean square.",
    variance="Gamma is the variance: the layer divided by its root, so the root multiplies back.",
    unbiased="The variance divides by N - 1: BatchNorm normalizes with the one that divides by N.",
    no_eps="eps is missing: the layer divided by sqrt(var + eps).",
    eps_outside="eps is added after the root: the layer divided by sqrt(var + eps).",
    keeps_dim="The numbers are right, their shape is (1, C): one gamma and one beta a unit are (C,).",
), hints=[
    "The layer subtracted the mean and divided by the root. Which of the two numbers adds, which multiplies?",
    "To undo a division by sqrt(var + eps), multiply by exactly that; each unit has its own, "
        "over the batch: dim 0.",
], solution=recover_solution, why="Gamma multiplies by what the layer divided by, beta adds what it "
    "subtracted; the biased variance and eps inside the root, because the layer took these.")


def folding(gamma, beta, W, divided=False, unfolded=False, rows=False, beta_kept=False, beta_times=False,
            squared=False, beta_less=False, added=False, upside=False):
    """gamma (C,) > 0, beta (C,), W (out, C) -> beta', W': W relu(gamma h + beta) = W' relu(h + beta')."""
    scale = 1 / gamma if divided else torch.ones_like(gamma) if unfolded else gamma ** (2 if squared else 1)
    beta = beta if beta_kept else beta - gamma if beta_less else gamma / beta if upside else (
        beta * gamma) if beta_times else beta / gamma
    if added:
        return beta, W + gamma
    return beta, W * (scale[:, None] if rows else scale)


def fold_scale_solution(gamma, beta, W):
    return beta / gamma, W * gamma  # (C,), (out, C): column c of W reads unit c


_W = torch.tensor([[1.0, 4.0], [-3.0, 0.7]])

fold_scale = Exercise(folding, names=("beta", "W"), probes=[
    (*torch.tensor([[2.0, 0.5], [-1.0, 3.0]]), _W),
    (*torch.tensor([[1.5, 4.0, 0.25], [0.6, -2.0, 0.0]]),
     torch.tensor([[1.0, 0.0, -2.0], [0.5, -3.0, 1.5], [0.0, 2.0, 5.0]]))], mistakes=dict(
    divided="W is divided by gamma. Gamma is gone before the ReLU, "
        "so the next weights have to multiply by it.",
    unfolded="W is as it was: the factor gamma is lost. The next weights have to take it over.",
    added="Gamma is added to W: it multiplies what unit c gives, and so column c.",
    squared="W is multiplied by gamma twice: once is what the ReLU lets through.",
    rows="Gamma multiplies the rows of W. A row of W makes one output from all units; "
        "unit c is read by column c.",
    beta_kept="Beta stays as it is. gamma * h + beta = gamma * (h + beta / gamma): what is inside the "
        "brackets goes through the ReLU.",
    upside="It is gamma / beta. Take gamma out of gamma * h + beta: what is left is beta / gamma.",
    beta_less="Gamma is taken off beta. Take gamma out of gamma * h + beta: beta is divided by it.",
    beta_times="Beta is multiplied by gamma: take gamma out of gamma * h + beta, and beta is divided by it.",
), hints=[
    "A ReLU lets a positive factor through: relu(gamma * a) = gamma * relu(a). Write gamma * h + beta as "
        "gamma times something.",
    "gamma * h + beta = gamma * (h + beta / gamma). So beta / gamma stays before the ReLU, "
        "and gamma goes to what reads the unit.",
    "Output o is the sum over c of W[o, c] * relu(...)[c]: unit c is read by column c of W. `W * gamma` "
        "multiplies the columns.",
], solution=fold_scale_solution, why="A positive factor passes through a ReLU, so the next layer can do "
    "gamma's work. It cannot do beta's: beta is added before the bend.")
