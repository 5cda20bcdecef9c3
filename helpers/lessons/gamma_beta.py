"""04 Gamma and beta: what can a normalized layer still represent?"""
import torch

from ..exercises import Exercise
from ..learn import Question

straight_line = Question(
    "Inputs with mean 0 and standard deviation 1 enter a sigmoid. How much of the output's variance does the best straight line explain (R²)?",
    {"50 %": "That would be a curve that is nearly a step; most of these inputs never reach the bends.",
     "80 %": "That is what inputs five times as wide give.",
     "98 %": "Two thirds of the inputs lie between -1 and 1, where the curve leaves its tangent by less than 0.02; the rest is not far out either."},
    "98 %")


def recovering(h, eps=1e-5, swapped=False, over_features=False, over_everything=False, variance=False, unbiased=False, no_eps=False, eps_outside=False,
               keeps_dim=False):
    """h (N, C) -> gamma (C,), beta (C,) that give h back from its normalized values (Ioffe & Szegedy 2015, section 3)."""
    over = (0, 1) if over_everything else 1 if over_features else 0
    mean, var = h.mean(over, keepdim=keeps_dim), h.var(over, unbiased=unbiased, keepdim=keeps_dim)
    inside, outside = (0, 0) if no_eps else (0, eps) if eps_outside else (eps, 0)
    gamma = (var + inside if variance else torch.sqrt(var + inside)) + outside
    return (mean, gamma) if swapped else (gamma, mean)


def recover_solution(h, eps=1e-5):
    """h (N, C) -> gamma (C,), beta (C,)"""
    var = h.var(0, unbiased=False)                       # (C,)
    return torch.sqrt(var + eps), h.mean(0)              # (C,), (C,)


_two_units = torch.tensor([[5.0, -0.98], [3.0, -1.01], [-1.0, -1.03], [2.0, -1.0]])      # the second is so narrow that eps shows

recover = Exercise(recovering, probes=[(_two_units, 1e-2)], names=("gamma", "beta"), mistakes={       # in order of gravity
    "swapped": "Gamma and beta are exchanged: gamma multiplies, so it restores the spread; beta adds, so it restores the mean.",
    "over_features": "Mean and variance run over the units of one sample; each unit has its own, over the batch.",
    "over_everything": "One mean for the whole batch: each unit has its own.",
    "variance": "Gamma is the variance: the layer divided by its root, so the root multiplies back.",
    "unbiased": "The variance divides by N - 1: BatchNorm normalizes with the one that divides by N.",
    "no_eps": "eps is missing: the layer divided by sqrt(var + eps).",
    "eps_outside": "eps is added after the root: the layer divided by sqrt(var + eps).",
    "keeps_dim": "The numbers are right, their shape is (1, C): one gamma and one beta a unit are (C,).",
}, hints=(
    "The layer subtracted the mean and divided by the root. Which of the two numbers adds, which multiplies?",
    "To undo a division by sqrt(var + eps), multiply by exactly that; each unit has its own, over the batch: dim 0.",
), solution=recover_solution, why="Gamma multiplies by what the layer divided by, beta adds what it subtracted; the biased variance and eps inside the root, because the layer took these.")
