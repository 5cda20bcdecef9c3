"""Answers to the exercises of helpers/lessons/batchnorm1d.py, written in another way than there."""
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


right = {
    "batchnorm_forward": [by_torch, by_columns],
    "which_axis": [column_sums, by_doing],
    "batchnorm_backward": [by_autograd, step_by_step],
}

wrong = {
    "batchnorm_forward": {
        "over_features": lambda h, gamma, beta, eps: layer_norm(h, h.shape[1:], gamma, beta, eps),
        "over_everything": whole_table,
        "variance": lambda h, gamma, beta, eps: forward(h, gamma, beta, deviation(h) ** 2 + eps),
        "no_affine": lambda h, gamma, beta, eps: plain(h, eps),
        "beta_first": lambda h, gamma, beta, eps: (plain(h, eps) + beta) * gamma,
        "no_eps": lambda h, gamma, beta, eps: forward(h, gamma, beta, deviation(h)),
        "eps_outside": lambda h, gamma, beta, eps: forward(h, gamma, beta, deviation(h) + eps),
        "unbiased": lambda h, gamma, beta, eps: forward(h, gamma, beta, (h.std(0) ** 2 + eps) ** 0.5),
    },
    "which_axis": {
        "swapped": lambda table, normalized: 1 - column_sums(table, normalized),
        "always_rows": lambda table, normalized: 0 if abs(normalized.mean()) < 1e-3 else 1,
        "always_columns": lambda table, normalized: int(abs(normalized.mean()) < 1e-3),
    },
    "batchnorm_backward": {
        "constant_statistics": lambda dy, h, gamma, eps: by_autograd(dy, h, gamma, eps, True, True),
        "constant_variance": lambda dy, h, gamma, eps: by_autograd(dy, h, gamma, eps, detach_var=True),
        "constant_mean": lambda dy, h, gamma, eps: by_autograd(dy, h, gamma, eps, detach_mean=True),
        "no_gamma": lambda dy, h, gamma, eps: by_autograd(dy, h, torch.ones_like(gamma), eps),
        "sums": with_sums,
        "of_h": of_h,
        "averaged": averaged,
    },
}
