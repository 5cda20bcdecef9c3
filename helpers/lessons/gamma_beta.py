"""04 Gamma and beta: what can a normalized layer still represent?"""
import torch

from ..checks.exercises import Exercise
from ..checks.predict import Question
from .batchnorm1d import spread

straight_line = Question(
    "Bell-shaped inputs with mean 0 and standard deviation 1 enter a sigmoid. How much of the variance of "
    "its output does the best straight line explain (R²)?",
    {"50 %": "So little is not left on the line even by a step from 0 to 1, the sharpest bend there is.",
     "80 %": "That is what inputs five times as wide give.",
     "98 %": "Two thirds of the inputs lie between −1 and 1, where the curve leaves its tangent by less than "
             "0.02; the rest is not far out either."},
    "98 %")

other_batch = Question(
    "Gamma and beta are set so that one batch comes back: 64 samples of 5 units, sd 2. A second batch from "
    "the same source takes the same two, in train mode. The largest of its 320 errors is about",
    {"0.000001, as for the first": "That would be so if normalizing were a fixed map. Each batch is "
         "normalized by its own mean and spread, which gamma and beta do not know.",
     "0.01": "The mean of 64 values with sd 2 is itself uncertain by 2/√64 = 0.25, "
         "and two such means differ by more.",
     "0.1": "That would be little even for the means alone. The spreads differ too, by a tenth or so, which "
         "far out adds to it; and the largest of 320 is asked for.",
     "1": "Two batches differ by a few tenths in their means and by a tenth or so in their spreads. Far out "
         "that adds up, and the largest of 320 is asked for."},
    "1")

eval_mode = Question(
    "In eval mode BatchNorm normalizes every batch by the same stored mean and variance. Gamma and beta are "
    "now set from these two. For a batch that the layer has never seen, the largest error is about",
    {"0.1 or more": "In train mode it is: there each batch brings its own mean and spread. In eval mode they "
                    "are fixed, so the layer is one fixed straight line, and gamma and beta can undo it.",
     "0.01": "Nothing is left to differ from batch to batch: what the layer takes off and divides by is what "
             "beta and gamma put back.",
     "0.000001": "The same numbers are taken off and put back, so only rounding is left. "
                 "The layer is the identity."},
    "0.000001")

circle = Question(
    "Points in the plane, half of them inside a circle around 0. A net with one layer of 16 sigmoids is to "
    "tell inside from outside. Before the sigmoids stands BatchNorm with affine=False: no gamma, "
    "no beta. Its accuracy:",
    {"0.95, as with gamma and beta": "The weights before and after can scale. But nothing before the "
         "sigmoids can shift: BatchNorm takes every bias off.",
     "0.75, some of it is lost": "Some weights would come towards it: the inside right, the outside on one "
         "side only. But such a net loses more loss at one point of a mirrored pair than it gains at the "
         "other, so training does not end there.",
     "0.5, guessing": "The points lie symmetrically around 0, and nothing shifts them: each sigmoid treats x "
         "and −x oppositely, around 0.5. The circle treats them alike."},
    "0.5, guessing")

zeros = Question(
    "A unit has gamma 1 and beta −1, and a ReLU behind it. Its normalized values form a bell. "
    "How many of the outputs are 0?",
    {"16 %": "That is the share above 1, which stays alive: ĥ − 1 is positive only there.",
     "50 %": "That is beta 0: the bell is cut in the middle.",
     "84 %": "ĥ − 1 is negative for all ĥ below 1, and 84 % of a bell lie below one standard deviation."},
    "84 %")

zero_gamma = Question(
    "A block adds its result to its input: y = x + γ ĥ + β, where ĥ are the normalized outputs of a linear "
    "layer. Gamma and beta start at 0. In the first step, which numbers of the block get a gradient?",
    {"none: zero is dead": "What gamma multiplies, ĥ, is not 0: the gradient of gamma is the sum of ĥ times "
         "what comes from above.",
     "gamma and beta only": "Their gradients do not hold gamma. After one step gamma is no longer 0, and the "
         "weights before it follow.",
     "these and the linear layer's weights":
         "On the way to the weights the gradient is multiplied by gamma, which is 0."},
    "gamma and beta only")


def straightness(a):
    """R² of the best straight line through the outputs of a sigmoid with the inputs a (N,)."""
    return torch.corrcoef(torch.stack([a, torch.sigmoid(a)]))[0, 1] ** 2


squash_goals = {
    "beta 0: a gamma at which the line explains just less than 90 % (R² 0.89 to 0.90)":
        lambda at: at.beta == 0 and 0.89 <= straightness(at.a) < 0.9,
    "gamma 1: a beta that brings the mean output to between 0.04 and 0.05":
        lambda at: at.gamma == 1 and 0.04 < torch.sigmoid(at.a).mean() < 0.05,
}


def _matched(at, target):
    y, to = at.y, at.target
    return at.target_is == target and abs(y.mean() - to.mean()) < 0.06 and abs(y.std() - to.std()) < 0.06


match_goals = {
    "its own values: match mean and sd in two moves":
        lambda at: at.gamma > 0 and _matched(at, "its own values"),
    "its own values: a gamma below 0 with the same mean and sd. What is the overlap?":
        lambda at: at.gamma < 0 and _matched(at, "its own values"),
    "another shape: the same mean and sd. What is the overlap?": lambda at: _matched(at, "another shape"),
}


def recovering(h, eps=1e-5, swapped=False, over_features=False, over_everything=False, variance=False,
        unbiased=False, no_eps=False, eps_outside=False, keeps_dim=False):
    """h (N, C) -> gamma (C,), beta (C,) that undo normalizing (Ioffe & Szegedy 2015, section 3)."""
    over = (0, 1) if over_everything else int(over_features)
    mean, var = h.mean(over, keepdim=keeps_dim), h.var(over, unbiased=unbiased, keepdim=keeps_dim)
    gamma = spread(var, eps, variance, no_eps, eps_outside)
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
    swapped="Gamma and beta are exchanged: gamma multiplies, so it restores the spread; beta adds, "
        "so it restores the mean.",
    over_features="Mean and variance run over the units of one sample; each unit has its own, "
        "over the batch.",
    over_everything="One mean for the whole batch: each unit has its own.",
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


def folding(gamma, beta, W, divided=False, unfolded=False, rows=False, beta_kept=False, beta_times=False):
    """gamma (C,) > 0, beta (C,), W (out, C) -> beta', W': W relu(gamma h + beta) = W' relu(h + beta')."""
    scale = 1 / gamma if divided else torch.ones_like(gamma) if unfolded else gamma
    beta = beta if beta_kept else beta * gamma if beta_times else beta / gamma
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
    rows="Gamma multiplies the rows of W. A row of W makes one output from all units; "
        "unit c is read by column c.",
    beta_kept="Beta stays as it is. gamma * h + beta = gamma * (h + beta / gamma): what is inside the "
        "brackets goes through the ReLU.",
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
