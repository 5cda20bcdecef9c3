"""Answers to the exercises of helpers/lessons/regularizer.py, written in another way than there."""
import math

import torch

# decompose

def by_loops(predictions, y, noise):
    M, N = predictions.shape
    middle = [sum(predictions[m, n].item() for m in range(M)) / M for n in range(N)]
    bias2 = sum((middle[n] - y[n].item()) ** 2 - noise * noise for n in range(N)) / N
    variance = sum((predictions[m, n].item() - middle[n]) ** 2 for m in range(M) for n in range(N)) / (M * N)
    return bias2, variance, noise * noise


def by_torch(predictions, y, noise):
    bias2 = torch.nn.functional.mse_loss(predictions.mean(0), y) - noise ** 2
    return bias2, predictions.var(0, correction=0).mean(), noise ** 2


def by_difference(predictions, y, noise):
    """Bias² is what is left of the error."""
    variance = predictions.var(0, correction=0).mean()
    return ((predictions - y) ** 2).mean() - variance - noise ** 2, variance, noise ** 2


def but(first=None, variance=None):
    """The right answer with one part replaced; first: what the noise is then taken from."""
    def answer(predictions, y, noise):
        bias2, spread, part = by_torch(predictions, y, noise)
        if first:
            bias2 = first(predictions, y) - noise ** 2
        if variance:
            spread = variance(predictions, y)
        return bias2, spread, part
    return answer


def rows(predictions, y, noise):
    bias2 = ((predictions.mean(1) - y) ** 2).mean() - noise ** 2
    return bias2, predictions.var(1, correction=0).mean(), noise ** 2


def sums(predictions, y, noise):
    bias2, variance, part = by_torch(predictions, y, noise)
    return (bias2 + part) * len(y) - part, variance * len(y), part


def noise_kept(predictions, y, noise):
    bias2, variance, part = by_torch(predictions, y, noise)
    return bias2 + part, variance, part


def noise_deviation(predictions, y, noise):
    bias2, variance, part = by_torch(predictions, y, noise)
    return bias2 + part - noise, variance, noise


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
        while k + 1 < len(v) and v[k + 1] <= v[k]:
            k += 1
        found.append(t[k])
    return torch.tensor(found)


right = {
    "decompose": [by_loops, by_torch, by_difference],
    "average_of": [by_sum, by_deviation],
    "stopped": [by_index, by_columns],
}

def moved(validation, test, by):
    at = (validation.argmin(0) + by).clamp(0, len(test) - 1)
    return test[at, torch.arange(test.shape[1])]


wrong = {
    "decompose": {
        "noise_kept": noise_kept,
        "over_points": rows,
        "total_for_bias": but(lambda p, y: ((p - y) ** 2).mean()),
        "about_points": but(variance=lambda p, y: ((p - y) ** 2).mean()),
        "all_together": but(variance=lambda p, y: p.var(correction=0)),
        "signed": but(lambda p, y: (p.mean(0) - y).mean() ** 2),
        "not_squared": but(lambda p, y: (p.mean(0) - y).mean()),
        "absolute": but(lambda p, y: torch.nn.functional.l1_loss(p.mean(0), y)),
        "deviation": but(variance=lambda p, y: p.std(0, correction=0).mean()),
        "unbiased": but(variance=lambda p, y: p.var(0).mean()),
        "noise_twice": lambda p, y, noise: (
            by_torch(p, y, noise)[0] - noise ** 2, *by_torch(p, y, noise)[1:]),
        "one_fit": but(lambda p, y: (p[0] - y).square().mean()),
        "noise_added": lambda p, y, noise: (
            (p.mean(0) - y).square().mean() + noise ** 2, *by_torch(p, y, noise)[1:]),
        "noise_off_variance": lambda p, y, noise: (
            by_torch(p, y, noise)[0], p.var(0, correction=0).mean() - noise ** 2, noise ** 2),
        "noise_deviation": noise_deviation,
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
        "rest": scaled(one, lambda M: 1 - 1 / M, one),
        "by_one_less": scaled(one, lambda M: 1 / (M - 1), one),
        "as_sum": scaled(one, lambda M: M, one),
    },
    "stopped": {
        "the_time": lambda validation, test: torch.argmin(validation, 0),
        "by_test": lambda validation, test: test.min(0).values,
        "validation_error": lambda validation, test: torch.amin(validation, 0),
        "one_for_all": lambda validation, test: test[int(validation.sum(1).argmin())],
        "never": lambda validation, test: test[len(test) - 1],
        "worst": lambda validation, test: by_index(-validation, test),
        "first_rise": first_rise,
        "start": lambda validation, test: test[0],
        "lowest_of_all": lambda validation, test: test[
            int((validation == validation.min()).any(1).nonzero()[0])],
        "later": lambda validation, test: moved(validation, test, 1),
        "earlier": lambda validation, test: moved(validation, test, -1),
        "best_net": lambda validation, test: torch.stack(
            [row[k] for row, k in zip(test, validation.argmin(1))]),
        "by_both": lambda validation, test: by_index(validation + test, test),
    },
}
