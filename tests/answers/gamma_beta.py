"""Answers to the exercises of helpers/lessons/gamma_beta.py, written in another way than there."""
import numpy as np
import torch


def from_moments(h, eps=1e-5):
    beta = h.sum(0) / len(h)
    return (((h - beta) ** 2).sum(0) / len(h) + eps) ** 0.5, beta


def from_std(h, eps=1e-5):
    beta = torch.einsum("nc->c", h) / h.shape[0]
    return torch.hypot(h.std(0, correction=0), torch.tensor(eps) ** 0.5), beta


def in_numpy(h, eps=1e-5):
    return [np.sqrt(np.var(h.numpy(), axis=0) + eps), np.mean(h.numpy(), axis=0)]


def transposed(h, eps):
    gamma = torch.stack([(row.var(unbiased=False) + eps).sqrt() for row in h])
    return gamma, torch.stack([row.mean() for row in h])


def by_loop(gamma, beta, W):
    shift = torch.stack([b / g for g, b in zip(gamma, beta)])
    return shift, torch.stack([g * column for g, column in zip(gamma, W.T)], 1)


def by_matrix(gamma, beta, W):
    return torch.linalg.solve(torch.diag(gamma), beta), W @ torch.diag(gamma)


def by_einsum(gamma, beta, W):
    return [beta * gamma ** -1, torch.einsum("oc,c->oc", W, gamma)]


right = {"recover": [from_moments, from_std, in_numpy], "fold_scale": [by_loop, by_matrix, by_einsum]}

wrong = {"fold_scale": {
    "divided": lambda gamma, beta, W: (beta / gamma, W / gamma),
    "unfolded": lambda gamma, beta, W: (beta / gamma, W),
    "rows": lambda gamma, beta, W: (beta / gamma, torch.diag(gamma) @ W),
    "added": lambda gamma, beta, W: (beta / gamma, gamma.expand_as(W) + W),
    "upside": lambda gamma, beta, W: ((beta / gamma) ** -1, W * gamma),
    "squared": lambda gamma, beta, W: (beta / gamma, W * gamma.square()),
    "beta_less": lambda gamma, beta, W: (beta - gamma, W * gamma),
    "beta_kept": lambda gamma, beta, W: (beta, by_loop(gamma, beta, W)[1]),
    "beta_times": lambda gamma, beta, W: (torch.diag(gamma) @ beta, W @ torch.diag(gamma)),
}, "recover": {
    "swapped": lambda h, eps: from_moments(h, eps)[::-1],
    "over_features": transposed,
    "over_everything": lambda h, eps: ((h.flatten().var(correction=0) + eps).sqrt(), h.flatten().mean()),
    "median": lambda h, eps: (from_moments(h, eps)[0], h.quantile(0.5, 0, interpolation="lower")),
    "by_range": lambda h, eps: (h.max(0).values - h.min(0).values, h.mean(0)),
    "plain": lambda h, eps: (torch.ones(h.shape[1]), torch.zeros(h.shape[1])),
    "scaled_mean": lambda h, eps: (from_moments(h, eps)[0], h.mean(0) * from_moments(h, eps)[0]),
    "divided_mean": lambda h, eps: (from_moments(h, eps)[0], h.mean(0) / from_moments(h, eps)[0]),
    "absolute": lambda h, eps: ((h - h.mean(0)).abs().mean(0), h.mean(0)),
    "variance": lambda h, eps: (from_moments(h, eps)[0] ** 2, h.mean(dim=0)),
    "unbiased": lambda h, eps: ((((h - h.mean(0)) ** 2).sum(0) / (len(h) - 1) + eps) ** 0.5, h.mean(0)),
    "no_eps": lambda h, eps: (h.std(0, correction=0), h.mean(0)),
    "eps_outside": lambda h, eps: (h.std(0, correction=0) + eps, h.mean(0)),
    "keeps_dim": lambda h, eps: (from_moments(h, eps)[0][None], h.mean(0)[None]),
}}
