"""Answers to the exercises of helpers/lessons/batchnorm1d.py, written in another way than there."""
import math

import numpy as np
import torch
from torch.nn.functional import batch_norm, layer_norm


def by_torch(h, gamma, beta, eps):
    return batch_norm(h, None, None, gamma, beta, training=True, eps=eps)


def by_columns(h, gamma, beta, eps):
    columns = []
    for column, g, b in zip(h.T, gamma, beta):
        centred = column - column.sum() / len(column)
        columns.append(g * centred / ((centred ** 2).mean() + eps) ** 0.5 + b)
    return torch.stack(columns, dim=1)


def forward(h, gamma, beta, spread):
    return gamma * ((h - h.mean(0)) / spread) + beta


def plain(h, eps):
    return batch_norm(h, None, None, training=True, eps=eps)


def whole_table(h, gamma, beta, eps):
    return gamma * (h - h.mean()) / torch.sqrt(h.var(unbiased=False) + eps) + beta


def deviation(h):
    return h.std(0, correction=0)


def one_pass(h):
    return h.pow(2).sum(0) / len(h) - h.mean(0).pow(2)


def without_grad(h, gamma, beta, eps):
    with torch.no_grad():
        var, mean = torch.var_mean(h, 0, correction=0)
    return (h - mean) * (var + eps).rsqrt() * gamma + beta


def from_data(h, gamma, beta, eps):
    return gamma * (h - h.data.mean(0)) / torch.sqrt(((h - h.mean(0)) ** 2).mean(0) + eps) + beta


def by_deviation_item(h, gamma, beta, eps):
    sd = torch.tensor([(c.var(unbiased=False).item() + eps) ** 0.5 for c in h.T])
    return gamma * (h - h.mean(0)) / sd + beta


def in_numpy(h, gamma, beta, eps):
    h, gamma, beta = h.numpy(), gamma.numpy(), beta.numpy()
    return gamma * (h - h.mean(0)) / np.sqrt(h.var(0) + eps) + beta


def in_lists(h, gamma, beta, eps):
    columns = []
    for column, g, b in zip(h.T.tolist(), gamma.tolist(), beta.tolist()):
        mean = math.fsum(column) / len(column)
        var = math.fsum((x - mean) ** 2 for x in column) / len(column)
        columns.append([g * (x - mean) / math.sqrt(var + eps) + b for x in column])
    return torch.tensor(columns).T


def as_fold(h, gamma, beta, eps):
    mean = torch.ones(1, len(h)) @ h / len(h)
    scale = gamma / torch.sqrt(torch.mean((h - mean) ** 2, dim=0) + eps)
    return scale * (h - mean) + beta


def by_layer_norm(h, gamma, beta, eps):
    return layer_norm(h.T, (len(h),), eps=eps).T * gamma + beta


def by_module(h, gamma, beta, eps):
    layer = torch.nn.BatchNorm1d(h.shape[1], eps=eps)
    layer.weight.data, layer.bias.data = gamma, beta
    return layer(h)


def column_sums(table, normalized):
    return 1 if any(abs(total) > 1e-2 for total in normalized.sum(0).tolist()) else 0


def by_doing(table, normalized):
    again = (table - table.mean(0)) / table.std(0, unbiased=False)
    return int(not torch.allclose(again, normalized, atol=1e-4))


def by_autograd(dy, h, gamma, eps, detach_mean=False, detach_var=False):
    h, gamma = h.clone().requires_grad_(), gamma.clone().requires_grad_()
    beta = torch.zeros_like(gamma, requires_grad=True)
    mean = h.mean(0)
    var = h.var(0, unbiased=False)
    if detach_mean:
        mean = mean.detach()
    if detach_var:
        var = var.detach()
    y = gamma * (h - mean) / torch.sqrt(var + eps) + beta
    return torch.autograd.grad(y, (h, gamma, beta), dy)


def step_by_step(dy, h, gamma, eps):
    n, centred = len(h), h - h.mean(0)
    inverse = (centred.square().mean(0) + eps) ** -0.5
    d_hat = dy * gamma
    d_var = (d_hat * centred).sum(0) * -0.5 * inverse ** 3
    d_mean = -(d_hat * inverse).sum(0)
    return d_hat * inverse + d_var * 2 * centred / n + d_mean / n, (dy * centred * inverse).sum(0), dy.sum(0)


def with_sums(dy, h, gamma, eps):
    sd = torch.sqrt(h.var(0, unbiased=False) + eps)
    h_hat = (h - h.mean(0)) / sd
    d_hat = gamma * dy
    d_h = (d_hat - d_hat.sum(0) - h_hat * (d_hat * h_hat).sum(0)) / sd
    return d_h, (dy * h_hat).sum(0), dy.sum(0)


def of_h(dy, h, gamma, eps):
    return step_by_step(dy, h, gamma, eps)[0], torch.einsum("nc,nc->c", dy, h), dy.sum(0)


def averaged(dy, h, gamma, eps):
    d_h, d_gamma, d_beta = step_by_step(dy, h, gamma, eps)
    return [d_h, d_gamma / len(h), d_beta / len(h)]


def by_jacobian(dy, h, gamma, eps):
    def y(h, gamma, beta): return by_columns(h, gamma, beta, eps)
    slopes = torch.autograd.functional.jacobian(y, (h, gamma, 0 * gamma))
    return [torch.tensordot(dy, slope, 2) for slope in slopes]


def by_projection(dy, h, gamma, eps):
    """Of each column take off its parts along 1 and along h_hat."""
    n, off = len(h), h - h.mean(0)
    std = (off.square().mean(0) + eps) ** 0.5
    take = torch.eye(n)[..., None] - 1 / n - torch.einsum("ic,jc->ijc", off / std, off / std) / n
    return torch.einsum("ijc,jc->ic", take, dy * gamma) / std, (dy * off / std).sum(0), dy.sum(0)


def by_samples(dy, h, gamma, eps):
    mean, std = h.mean(0), (h.var(0, correction=0) + eps).sqrt()
    d_gamma, d_beta = torch.zeros_like(gamma), torch.zeros_like(gamma)
    for row, out in zip(h, dy):
        d_gamma += out * (row - mean) / std
        d_beta += out
    n = len(h)
    return gamma / (n * std) * (n * dy - d_beta - (h - mean) / std * d_gamma), d_gamma, d_beta


def with_std(of):
    """The backward pass with this in place of the sd."""
    def answer(dy, h, gamma, eps):
        h_hat = (h - h.mean(0)) / of(h, eps)
        g = dy * gamma
        d_h = (g - g.mean(0) - h_hat * torch.einsum("nc,nc->c", g, h_hat) / len(h)) / of(h, eps)
        return d_h, torch.einsum("nc,nc->c", dy, h_hat), dy.sum(0)
    return answer


def in_h(change):
    """The backward pass with the gradient in h changed."""
    def answer(dy, h, gamma, eps):
        d_h, *others = by_autograd(dy, h, gamma, eps)
        return change(dy * gamma, d_h, (deviation(h) ** 2 + eps) ** 0.5), *others
    return answer


def in_all(change):
    """The right gradients but that in h, made of g, h_hat and the sd."""
    def f(dy, h, gamma, eps):
        sd = (deviation(h) ** 2 + eps).sqrt()
        return change(dy * gamma, (h - h.mean(0)) / sd, sd), *by_autograd(dy, h, gamma, eps)[1:]
    return f


def gamma_late(dy, h, gamma, eps):
    return in_all(lambda g, h_hat, sd: (g - dy.mean(0) - h_hat * (dy * h_hat).mean(0)) / sd)(
        dy, h, gamma, eps)


right = {
    "batchnorm_forward": [by_torch, by_columns, in_numpy, in_lists, as_fold, by_layer_norm, by_module],
    "which_axis": [column_sums, by_doing],
    "batchnorm_backward": [by_autograd, step_by_step, by_jacobian, by_projection, by_samples],
}

wrong = {
    "batchnorm_forward": {
        "over_features": lambda h, gamma, beta, eps: layer_norm(h, h.shape[1:], gamma, beta, eps),
        "over_everything": whole_table,
        "mean_over_features": lambda h, gamma, beta, eps: gamma * (h - h.mean(1)[:, None]) / (
            deviation(h) ** 2 + eps) ** 0.5 + beta,
        "variance_over_features": lambda h, gamma, beta, eps: forward(
            h, gamma, beta, (h.std(1, correction=0)[:, None] ** 2 + eps) ** 0.5),
        "variance": lambda h, gamma, beta, eps: forward(h, gamma, beta, deviation(h) ** 2 + eps),
        "no_affine": lambda h, gamma, beta, eps: plain(h, eps),
        "beta_first": lambda h, gamma, beta, eps: (plain(h, eps) + beta) * gamma,
        "no_eps": lambda h, gamma, beta, eps: forward(h, gamma, beta, deviation(h)),
        "eps_outside": lambda h, gamma, beta, eps: forward(h, gamma, beta, deviation(h) + eps),
        "unbiased": lambda h, gamma, beta, eps: forward(h, gamma, beta, (h.std(0) ** 2 + eps) ** 0.5),
        "one_pass": lambda h, gamma, beta, eps: forward(h, gamma, beta, (one_pass(h) + eps).sqrt()),
        "no_centre": lambda h, gamma, beta, eps: gamma * h * (deviation(h) ** 2 + eps) ** -0.5 + beta,
        "brackets": lambda h, gamma, beta, eps: gamma * (
            h - h.mean(0) / (deviation(h) ** 2 + eps) ** 0.5) + beta,
        "summed": lambda h, gamma, beta, eps: forward(
            h, gamma, beta, (len(h) * deviation(h) ** 2 + eps).sqrt()),
        "root_twice": lambda h, gamma, beta, eps: forward(h, gamma, beta, (deviation(h) + eps).sqrt()),
        "unnormalized": lambda h, gamma, beta, eps: h * gamma + beta,
        "plus_mean": lambda h, gamma, beta, eps: gamma * (h + h.mean(0)) * (
            deviation(h) ** 2 + eps) ** -0.5 + beta,
        "median": lambda h, gamma, beta, eps: gamma * (h - h.quantile(0.5, 0, interpolation="lower")) * (
            deviation(h) ** 2 + eps) ** -0.5 + beta,
        "by_range": lambda h, gamma, beta, eps: forward(
            h, gamma, beta, h.max(0).values - h.min(0).values + eps),
        "about_zero": lambda h, gamma, beta, eps: forward(
            h, gamma, beta, (h.square().mean(0) + eps).sqrt()),
        "absolute": lambda h, gamma, beta, eps: forward(
            h, gamma, beta, ((h - h.mean(0)).abs().mean(0) ** 2 + eps).sqrt()),
        "fixed_statistics": without_grad,
        "fixed_mean": from_data,
        "fixed_variance": by_deviation_item,
    },
    "which_axis": {
        "swapped": lambda table, normalized: 1 - column_sums(table, normalized),
        "always_rows": lambda table, normalized: 0 if abs(normalized.mean()) < 1e-3 else 1,
        "always_columns": lambda table, normalized: int(abs(normalized.mean()) < 1e-3),
        "raw": lambda table, normalized: int(table.mean(0).abs().max() >= table.mean(1).abs().max()),
        "first_column": lambda table, normalized: 0 if abs(normalized[:, 0].sum()) < 0.01 else 1,
        "first_row": lambda table, normalized: 1 if abs(normalized[0].sum()) < 0.01 else 0,
        "any_column": lambda table, normalized: 0 if (normalized.sum(0).abs() < 0.01).any() else 1,
        "unbiased_sd": lambda table, normalized: 1 - int(torch.allclose(
            normalized.std(0), torch.ones(normalized.shape[1]), atol=1e-3)),
        "exact": lambda table, normalized: 1 - int((normalized.sum(0) == 0).all()),
    },
    "batchnorm_backward": {
        "constant_statistics": lambda dy, h, gamma, eps: by_autograd(dy, h, gamma, eps, True, True),
        "constant_variance": lambda dy, h, gamma, eps: by_autograd(dy, h, gamma, eps, detach_var=True),
        "constant_mean": lambda dy, h, gamma, eps: by_autograd(dy, h, gamma, eps, detach_mean=True),
        "no_gamma": lambda dy, h, gamma, eps: by_autograd(dy, h, torch.ones_like(gamma), eps),
        "sums": with_sums,
        "of_h": of_h,
        "averaged": averaged,
        "plus_mean": in_all(lambda g, h_hat, sd: (g + g.mean(0) - h_hat * (g * h_hat).mean(0)) / sd),
        "plus_variance": in_all(lambda g, h_hat, sd: (g - g.mean(0) + h_hat * (g * h_hat).mean(0)) / sd),
        "no_h_hat": in_all(lambda g, h_hat, sd: (g - g.mean(0) - (g * h_hat).mean(0)) / sd),
        "by_variance": in_h(lambda g, d_h, sd: d_h / sd),
        "gamma_late": gamma_late,
        "gamma_too": lambda dy, h, gamma, eps: (
            by_autograd(dy, h, gamma, eps)[0], *(gamma * d for d in by_autograd(dy, h, gamma, eps)[1:])),
        "of_centred": lambda dy, h, gamma, eps: (
            by_autograd(dy, h, gamma, eps)[0], (dy * (h - h.mean(0))).sum(0), dy.sum(0)),
        "plus": in_h(lambda g, d_h, sd: 2 * g / sd - d_h),
        "undivided": in_h(lambda g, d_h, sd: d_h * sd),
        "multiplied": in_h(lambda g, d_h, sd: d_h * sd ** 2),
        "no_eps": with_std(lambda h, eps: deviation(h)),
        "eps_outside": with_std(lambda h, eps: deviation(h) + eps),
        "unbiased": with_std(lambda h, eps: (h.std(0) ** 2 + eps) ** 0.5),
        "one_pass": with_std(lambda h, eps: (one_pass(h) + eps) ** 0.5),
    },
}


def after(change):
    return lambda h, gamma, beta, eps: change(by_columns(h, gamma, beta, eps), gamma, beta)


def parts(change):
    return lambda dy, h, gamma, eps: change(*by_autograd(dy, h, gamma, eps))


# wrong answers that are not a mistake by name: what is told of them
others = {"batchnorm_forward": {
    "exchanged": (lambda h, gamma, beta, eps: by_torch(h, beta, gamma, eps), "gamma and beta are exchanged."),
    "gamma for both": (lambda h, gamma, beta, eps: by_torch(h, gamma, gamma, eps),
                       "gamma stands where beta belongs, too."),
    "no gamma": (after(lambda y, gamma, beta: (y - beta) / gamma + beta), "gamma is missing: as if it were"),
    "no beta": (after(lambda y, gamma, beta: y - beta), "beta is missing: as if it were 0."),
    "minus beta": (after(lambda y, gamma, beta: y - 2 * beta), "beta has the wrong sign."),
    "over gamma": (after(lambda y, gamma, beta: (y - beta) / gamma ** 2 + beta), "gamma divides where it"),
    "eps of torch": (lambda h, gamma, beta, eps: by_torch(h, gamma, beta, 1e-5), "eps is not used"),
    "averaged": (after(lambda y, gamma, beta: y.mean(0)), "is averaged over axis 0, which should"),
    "transposed": (after(lambda y, gamma, beta: y.T), "the result is transposed"),
    "sign": (after(lambda y, gamma, beta: -y), "the result has the wrong sign."),
    "too much": (lambda h, gamma, beta, eps: (by_torch(h, gamma, beta, eps), h.mean(0)),
                 "It returns 2 values, 1 is asked for."),
}, "batchnorm_backward": {
    "order": (parts(lambda d_h, d_gamma, d_beta: (d_h, d_beta, d_gamma)), "The parts are right, in another"),
    "not summed": (lambda dy, h, gamma, eps: (*by_autograd(dy, h, gamma, eps)[:2], dy),
                   "gradient in beta is not summed yet, over axis 0: shape (4, 2); expected (2,)."),
    "all summed": (parts(lambda d_h, d_gamma, d_beta: (d_h, d_gamma.sum(), d_beta)),
                   "gradient in gamma is summed over axis 0, which should stay: shape (); expected (2,)."),
    "sign": (parts(lambda d_h, d_gamma, d_beta: (-d_h, d_gamma, d_beta)), "gradient in h has the wrong"),
    "N times": (parts(lambda d_h, d_gamma, d_beta: (len(d_h) * d_h, d_gamma, d_beta)),
                "gradient in h is len(dy) times what is expected."),
    "in a dict": (parts(lambda *three: dict(zip("abc", three))), "They come in a dict"),
    "two of three": (parts(lambda *three: three[:2]), "expected three values"),
    "averaged beta": (parts(lambda d_h, d_gamma, d_beta: (d_h, d_gamma, d_beta / len(d_h))),
                      "Gamma and beta act on every sample"),
}}
