"""Answers to the exercises of helpers/lessons/across_processes.py, written in another way than there."""
import torch

# union_stats

def by_moments(means, variances, counts):
    """By the mean square of all samples."""
    N = counts.sum()
    mean = counts.to(means) @ means / N
    return mean, counts.to(means) @ (variances + means ** 2) / N - mean ** 2


def one_by_one(means, variances, counts):
    """Chan's update: one process after the other joins those before."""
    n, mean, var = counts[0], means[0], variances[0]
    for m, v, k in zip(means[1:], variances[1:], counts[1:]):
        total = n + k
        step = m - mean
        var = (n * var + k * v) / total + n * k * step ** 2 / total ** 2
        mean, n = mean + k * step / total, total
    return mean, var


def remade(means, variances, counts):
    """Samples with just these statistics: half of each process's at mean - sd, half at mean + sd."""
    sd = variances.sqrt()
    ends = torch.stack([means - sd, means + sd], 1).repeat_interleave(counts, 0).flatten(0, 1)
    return ends.mean(0), ends.var(0, unbiased=False)


def plain(means, variances):
    mean = means.mean(0)
    return mean, variances.mean(0) + ((means - mean) ** 2).mean(0)


def two_parts(means, variances, counts):
    mean, _ = by_moments(means, variances, counts)
    weights = counts / counts.sum()
    within = torch.einsum("p,pc->c", weights, variances)
    between = torch.einsum("p,pc->c", weights, (means - mean) ** 2)
    return mean, within, between


def divided_by_processes(means, variances, counts):
    n = counts.unsqueeze(1)
    mean = (n * means).mean(0)
    return mean, (n * variances).mean(0) + (n * (means - mean) ** 2).mean(0)


def with_deviations(means, variances, counts):
    mean, _, between = two_parts(means, variances, counts)
    return mean, torch.einsum("p,pc->c", counts / counts.sum(), variances ** 0.5) ** 2 + between


def apart_uncounted(means, variances, counts):
    mean, within, _ = two_parts(means, variances, counts)
    return mean, within + ((means - means.mean(0)) ** 2).mean(0)


def not_squared(means, variances, counts):
    mean, within, _ = two_parts(means, variances, counts)
    return mean, within + torch.einsum("p,pc->c", counts / counts.sum(), (means - mean).abs())


def bent(change):
    """(within, between, counts, variances) -> the variance."""
    def answer(means, variances, counts):
        mean, within, between = two_parts(means, variances, counts)
        return mean, change(within, between, counts, variances)
    return answer


# backward_of_sum

def by_autograd(gradients):
    """Every process's loss is its row times the sum."""
    x = torch.zeros_like(gradients).requires_grad_()
    sum(row @ x.sum(0) for row in gradients).backward()
    return x.grad


def by_matrix(gradients):
    return torch.ones(len(gradients), len(gradients)) @ gradients


def zero_but_first(gradients):
    back = torch.zeros_like(gradients)
    back[0] = by_matrix(gradients)[0]
    return back


def means_summed(means, variances, counts):
    mean, share = counts.to(means) @ means, counts / counts.sum()
    return mean, share @ (variances + (means - mean) ** 2)


def mean_uncounted(means, variances, counts):
    share, mean = counts / counts.sum(), means.mean(0)
    return mean, share @ (variances + (means - mean) ** 2)


def apart_summed(means, variances, counts):
    share = counts / counts.sum()
    mean = share @ means
    return mean, share @ variances + ((means - mean) ** 2).sum(0)


right = {"union_stats": [by_moments, one_by_one, remade], "backward_of_sum": [by_autograd, by_matrix]}

wrong = {"union_stats": {
    "averaged": bent(lambda within, *_: within),
    "uncounted": lambda means, variances, counts: plain(means, variances),
    "summed": bent(lambda within, between, counts, variances: sum(variances) + between),
    "by_processes": divided_by_processes,
    "deviations": with_deviations,
    "apart_uncounted": apart_uncounted,
    "apart_unbiased": bent(lambda within, between, counts, _: within + between / (1 - 1 / len(counts))),
    "not_squared": not_squared,
    "means_summed": means_summed,
    "taken_off": bent(lambda within, between, *_: within - between),
    "share_squared": bent(lambda within, between, counts, variances: (
        (counts / counts.sum()) ** 2 @ variances + between)),
    "within_unbiased": bent(lambda within, between, counts, variances: (
        (counts - 1.0) @ variances / (counts.sum() - 1) + between)),
    "about_zero": lambda means, variances, counts: (
        counts / counts.sum() @ means, counts / counts.sum() @ (variances + means ** 2)),
    "mean_uncounted": mean_uncounted,
    "within_uncounted": bent(lambda within, between, counts, variances: variances.mean(0) + between),
    "apart_summed": apart_summed,
    "deviation": bent(lambda within, between, *_: (within + between) ** 0.5),
    "unbiased": bent(lambda within, between, counts, _: (within + between) / (1 - 1 / counts.sum())),
}, "backward_of_sum": {
    "own": lambda gradients: gradients.clone(),
    "others": lambda gradients: (1 - torch.eye(len(gradients))) @ gradients,
    "only_first": zero_but_first,
    "everything": lambda gradients: gradients.sum().expand_as(gradients),
    "own_too": lambda gradients: by_matrix(gradients) + gradients,
    "running": lambda gradients: torch.tril(torch.ones(len(gradients), len(gradients))) @ gradients,
    "only_last": lambda gradients: zero_but_first(gradients).flip(0),
    "ones": lambda gradients: gradients * 0 + 1,
    "own_times": lambda gradients: gradients * gradients.shape[0],
    "over_channels": lambda gradients: torch.stack([row.sum().repeat(len(row)) for row in gradients]),
    "averaged": lambda gradients: by_matrix(gradients) / len(gradients),
    "by_loss": lambda gradients: len(gradients) * by_matrix(gradients),
}}
