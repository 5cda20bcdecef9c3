"""Answers to the exercises of helpers/lessons/regularizer.py, written in another way than there."""
import math

import torch


# decompose

def by_loops(predictions, truth, noise):
    M, N = predictions.shape
    middle = [sum(predictions[m, n].item() for m in range(M)) / M for n in range(N)]
    bias2 = sum((middle[n] - truth[n].item()) ** 2 for n in range(N)) / N
    variance = sum((predictions[m, n].item() - middle[n]) ** 2 for m in range(M) for n in range(N)) / (M * N)
    return bias2, variance, noise * noise


def by_torch(predictions, truth, noise):
    return torch.nn.functional.mse_loss(predictions.mean(0), truth), predictions.var(0, correction=0).mean(), noise ** 2


def by_difference(predictions, truth, noise):
    """The variance is what is left of the error."""
    bias2 = torch.dist(predictions.mean(0), truth) ** 2 / len(truth)
    return bias2, ((predictions - truth) ** 2).mean() - bias2, noise ** 2


def but(bias2=None, variance=None, noise_part=None):
    """The right answer with one part replaced."""
    def answer(predictions, truth, noise):
        right = by_torch(predictions, truth, noise)
        mine = [part and part(predictions, truth, noise) for part in (bias2, variance, noise_part)]
        return tuple(part if one is None else one for one, part in zip(mine, right))
    return answer


def rows(predictions, truth, noise):
    return ((predictions.mean(1) - truth) ** 2).mean(), predictions.var(1, correction=0).mean(), noise ** 2


def sums(predictions, truth, noise):
    bias2, variance, part = by_torch(predictions, truth, noise)
    return bias2 * len(truth), variance * len(truth), part


# average_of

def by_sum(M, bias2, variance, noise):
    return bias2, M * variance / M ** 2, noise


def by_deviation(M, bias2, variance, noise):
    return bias2, (math.sqrt(variance) / math.sqrt(M)) ** 2, noise


def scaled(a, b, c):
    return lambda M, bias2, variance, noise: (bias2 * a(M), variance * b(M), noise * c(M))


def one(M): return 1
def part(M): return 1 / M


# stopped

def by_index(validation, test):
    return test[validation.min(0).indices, torch.arange(test.shape[1])]


def by_columns(validation, test):
    return torch.stack([t[v.tolist().index(min(v.tolist()))] for v, t in zip(validation.T, test.T)])


def first_rise(validation, test):
    found = []
    for v, t in zip(validation.T.tolist(), test.T.tolist()):
        k = 0
        while k + 1 < len(v) and v[k + 1] <= v[k]: k += 1
        found.append(t[k])
    return torch.tensor(found)


right = {
    "decompose": [by_loops, by_torch, by_difference],
    "average_of": [by_sum, by_deviation],
    "stopped": [by_index, by_columns],
}

wrong = {
    "decompose": {
        "over_points": rows,
        "total_for_bias": but(bias2=lambda p, t, s: ((p - t) ** 2).mean()),
        "about_truth": but(variance=lambda p, t, s: ((p - t) ** 2).mean()),
        "all_together": but(variance=lambda p, t, s: p.var(correction=0)),
        "signed": but(bias2=lambda p, t, s: (p.mean(0) - t).mean() ** 2),
        "not_squared": but(bias2=lambda p, t, s: (p.mean(0) - t).mean()),
        "absolute": but(bias2=lambda p, t, s: torch.nn.functional.l1_loss(p.mean(0), t)),
        "deviation": but(variance=lambda p, t, s: p.std(0, correction=0).mean()),
        "unbiased": but(variance=lambda p, t, s: p.var(0).mean()),
        "noise_deviation": but(noise_part=lambda p, t, s: s),
        "summed": sums,
    },
    "average_of": {
        "unchanged": scaled(one, one, one),
        "all_of_it": scaled(part, part, part),
        "noise_lost": scaled(one, part, lambda M: 0),
        "noise_too": scaled(one, part, part),
        "bias_too": scaled(part, part, one),
        "by_root": scaled(one, lambda M: 1 / math.sqrt(M), one),
        "by_square": scaled(one, lambda M: 1 / M / M, one),
        "as_sum": scaled(one, lambda M: M, one),
    },
    "stopped": {
        "by_test": lambda validation, test: test.min(0).values,
        "validation_error": lambda validation, test: torch.amin(validation, 0),
        "one_for_all": lambda validation, test: test[int(validation.sum(1).argmin())],
        "never": lambda validation, test: test[len(test) - 1],
        "worst": lambda validation, test: by_index(-validation, test),
        "first_rise": first_rise,
    },
}
