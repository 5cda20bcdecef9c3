"""Answers to the exercises of helpers/lessons/input_normalization.py, written in another way than there."""
import statistics

import numpy as np
import torch


def scaled(x, mean, spread):
    """A column at a time; a constant one is only centred."""
    return torch.stack([(column - m) / (s if s > 0 else 1) for column, m, s in zip(x.T, mean, spread)], dim=1)


def moments(x, correction=0):
    mean = x.sum(0) / len(x)
    return mean, ((x - mean).square().sum(0) / (len(x) - correction)).sqrt()


def by_columns(train, test):
    return scaled(train, *moments(train)), scaled(test, *moments(train))


def in_numpy(train, test):
    mean, sd = train.numpy().mean(0), train.numpy().std(0)
    sd[sd == 0] = 1
    return (train.numpy() - mean) / sd, (test.numpy() - mean) / sd


def rows(x):
    return torch.stack([(row - row.mean()) / row.std(unbiased=False) for row in x])


def together(train, test):
    return [scaled(x, *moments(torch.vstack([train, test]))) for x in (train, test)]


def squared(train, test):
    mean, sd = moments(train)
    return scaled(train, mean, sd * sd), scaled(test, mean, sd * sd)


def uncentred(train, test):
    return [scaled(x, [0] * 3, moments(train)[1]) for x in (train, test)]


def constant_forgotten(train, test):
    mean, sd = moments(train)
    return torch.div(train - mean, sd), torch.div(test - mean, sd)


def to_zero(train, test):
    mean, sd = moments(train)
    return [((x - mean) / sd).nan_to_num(0, 0, 0) for x in (train, test)]


def with_a_little(train, test, eps=1e-7):
    mean, sd = moments(train)
    return (train - mean) / (sd + eps), (test - mean) / (sd + eps)


def to_unit(train, test):
    low, high = train.aminmax(dim=0)
    span = [b - a or 1 for a, b in zip(low, high)]
    return scaled(train, low, span), scaled(test, low, span)


def without_brackets(train, test):
    mean, sd = moments(train)
    shift = mean / torch.where(sd > 0, sd, torch.ones_like(sd))
    return train - shift, test - shift


def by_mean_squares(train, test):
    mean = train.mean(0)
    sd = (train.square().mean(0) - mean.square()).sqrt()
    return scaled(train, mean, sd), scaled(test, mean, sd)


def by_var_mean(train, test):
    var, mean = torch.var_mean(train, 0, correction=0)
    return [(x - mean) * torch.where(var > 0, var.rsqrt(), 1) for x in (train, test)]


def in_lists(train, test):
    columns = []
    for a, b in zip(train.T.tolist(), test.T.tolist()):
        mean, sd = statistics.fmean(a), statistics.pstdev(a) or 1
        columns.append([[(x - mean) / sd for x in numbers] for numbers in (a, b)])
    return tuple(torch.tensor(numbers).T for numbers in zip(*columns))


def by_masked_divisor(train, test):
    centre, divisor = train.mean(dim=0, keepdim=True), train.std(dim=0, unbiased=False, keepdim=True)
    divisor[divisor < 1e-12] = 1
    return torch.sub(train, centre).div(divisor), torch.sub(test, centre).div(divisor)


def in_double(train, test):
    both = [x.double() for x in (train, test)]
    return tuple(scaled(x, *moments(both[0])) for x in both)


def by_power_iteration(X):
    w = torch.ones(X.shape[1], dtype=torch.float64)
    for _ in range(500):
        w = X.double().T @ (X.double() @ w)
        w = w / w.norm()
    return 1 / ((X.double() @ w).square().mean())


def by_autograd(X):
    def loss(w): return (X @ w).square().mean()
    hessian = torch.autograd.functional.hessian(loss, torch.zeros(X.shape[1]))
    return 2 / float(np.linalg.eigvalsh(hessian.numpy())[-1])


def eigenvalues(X):
    return torch.linalg.eigvalsh(X.T @ X)


right = {"standardize": [by_columns, in_numpy, by_var_mean, in_lists, by_masked_divisor, in_double],
         "largest_stable_rate": [by_power_iteration, by_autograd]}

wrong = {
    "standardize": {
        "own_statistics": lambda train, test: (scaled(train, *moments(train)), scaled(test, *moments(test))),
        "pooled": together,
        "over_samples": lambda train, test: (rows(train), rows(test)),
        "no_centre": uncentred,
        "variance": squared,
        "no_constant": constant_forgotten,
        "test_statistics": lambda train, test: [scaled(x, *moments(test)) for x in (train, test)],
        "test_raw": lambda train, test: (scaled(train, *moments(train)), test.clone()),
        "own_mean": lambda train, test: (scaled(train, *moments(train)), scaled(
            test, test.mean(0), moments(train)[1])),
        "own_sd": lambda train, test: (scaled(train, *moments(train)), scaled(
            test, train.mean(0), moments(test)[1])),
        "train_raw": lambda train, test: (train.clone(), scaled(test, *moments(train))),
        "max_abs": lambda train, test: [x / train.abs().max(0).values for x in (train, test)],
        "by_range": lambda train, test: [
            scaled(x, train.mean(0), train.max(0).values - train.min(0).values) for x in (train, test)],
        "clamped": lambda train, test: [
            (x - train.mean(0)) / train.std(0, correction=0).clamp(min=1) for x in (train, test)],
        "over_everything": lambda train, test: [
            (x - train.mean()) / train.std(correction=0) for x in (train, test)],
        "min_max": to_unit,
        "only_centred": lambda train, test: (train - train.mean(0), test.sub(train.mean(0))),
        "brackets": without_brackets,
        "zeroed": to_zero,
        "tiny": with_a_little,
        "epsilon": lambda train, test: with_a_little(train, test, 1e-5),
        "one_pass": by_mean_squares,
        "unbiased": lambda train, test: (scaled(train, *moments(train, 1)), scaled(test, *moments(train, 1))),
    },
    "largest_stable_rate": {
        "axes": lambda X: 1 / X.square().mean(0).max(),
        "smallest": lambda X: len(X) / eigenvalues(X)[0],
        "added": lambda X: 1 / X.square().sum(1).mean(),
        "no_square": lambda X: len(X) / torch.linalg.matrix_norm(X, 2),
        "centred": lambda X: 1 / torch.linalg.eigvalsh(torch.cov(X.T, correction=0)).max(),
        "summed": lambda X: 1 / eigenvalues(X)[-1],
        "no_two": lambda X: 2 * len(X) / eigenvalues(X)[-1],
        "averaged": lambda X: len(X) / eigenvalues(X).mean(),
        "best": lambda X: len(X) / (eigenvalues(X)[0] + eigenvalues(X)[-1]),
        "largest_only": lambda X: 2 * eigenvalues(X)[-1] / len(X),
        "by_features": lambda X: X.shape[1] / eigenvalues(X)[-1],
        "half": lambda X: 0.5 * len(X) / eigenvalues(X)[-1],
    },
}


def changed(change):
    return lambda train, test: change(*by_columns(train, test))


# wrong answers that are not a mistake by name: what is told of them
others = {"standardize": {
    "exchanged": (changed(lambda train, test: (test, train)), "in another order: return train, test."),
    "stacked": (changed(lambda train, test: {"train": train, "test": test}), "They come in a dict"),
    "joined": (changed(lambda train, test: torch.cat([train, test])),
               "The numbers are right. They are joined in one tensor: return them side by side"),
    "one bracket": (changed(lambda train, test: [(train, test)]), "They stand in one bracket too many"),
    "one of two": (changed(lambda train, test: train), "expected two values: train and test."),
    "sign": (lambda train, test: by_columns(-train, -test), "has the wrong sign"),
    "half": (changed(lambda train, test: (train / 2, test / 2)), "train is 1/2 of what is expected, every"),
    "transposed": (changed(lambda train, test: (train.T, test)), "train is transposed"),
    "summed": (changed(lambda train, test: (train, test.sum(0))), "test is summed over axis 0, which"),
    "median": (lambda train, test: [
        scaled(x, train.median(0).values, moments(train)[1]) for x in (train, test)],
               "For train = a tensor (6, 3)"),
}, "largest_stable_rate": {
    "upside down": (lambda X: 1 / by_power_iteration(X), "That is the largest curvature"),
    "all of them": (lambda X: len(X) / eigenvalues(X), "is not cut to its smallest yet, over axis 0"),
    "sign": (lambda X: -by_power_iteration(X), "has the wrong sign"),
    "N - 1": (lambda X: by_power_iteration(X) * (len(X) - 1) / len(X), "n / (n - 1), n = len(X)"),
}}
