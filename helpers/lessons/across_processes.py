"""Notebook 12: whose batch BatchNorm uses when several processes train a net, and how to share a mean."""
import torch
from torch import nn

from ..checks.exercises import Exercise
from ..checks.predict import Question

whose_mean = Question(
    "Four processes train one net with nn.BatchNorm1d and make every step together. A step takes 64 images, "
    "16 in each process. A BatchNorm layer takes its mean over how many images?",
    {"4": "That counts processes. A mean over one number from each would need an exchange between them.",
     "16": "In the forward pass no process sends anything. So the layer sees only the images of its process.",
     "64": "All 64 images count for the step, since gradients are averaged. But this happens after backward, "
         "too late for the mean."},
    "16")

averaged_variance = Question(
    "Four processes hold equally many samples. Each takes the mean and the variance of its own samples. "
    "Compared with the variance of all samples, the average of the four variances is usually",
    {"equal": "The means may be averaged, as the shares are equally large. But each variance is taken "
         "about another mean: that of its own process.",
     "too small": "Each variance measures distances from the mean of its own process. The distances between "
         "these means are in none of the four.",
     "too large": "Fewer samples make a variance less certain, not larger. Samples lie closer to the mean of "
         "their own process than to the mean of all."},
    "too small")

two_halves = Question(
    "Two processes with 32 samples each call normalize(h, plain_sum). Then each calls backward() on the sum "
    "of its own losses. Compare with one process that sums the losses of all 64. What is different?",
    {"nothing": "The numbers of the forward pass are right. But no gradient travels between processes unless "
         "a program sends it.",
     "the output and the gradient for h": "all_reduce gives the right sums. So mean, variance and output are "
         "those of all 64 samples.",
     "only the output": "The output is right, as all_reduce gives the sums of all 64 samples. But backward "
         "exchanges nothing.",
     "only the gradient for h": "The samples of process 0 move the mean that process 1 uses, too. So their "
         "gradient should have a part from the loss of process 1. This part never arrives."},
    "only the gradient for h")

whose_statistics = Question(
    "Two processes train nn.BatchNorm1d(1) with DistributedDataParallel. The data have mean 0 in process 0 "
    "and mean 10 in process 1. The running means start at 0, the momentum is 0.1. After 50 steps, the "
    "running mean of process 1 is about",
    {"0": "Each step starts near 0, with the running mean of process 0. But then process 1 moves it a tenth "
         "of the way to 10.",
     "1": "Before each step, DDP copies the buffers of process 0 over those of process 1. One batch then "
         "moves the running mean from 0 a tenth of the way to 10.",
     "5": "Gradients are averaged. Running statistics are buffers and have no gradient, so nothing averages "
         "them.",
     "10": "It would be so without DDP. With DDP, process 1 starts every step with the running mean of "
         "process 0."},
    "1")


share_goals = {
    "The yellow image in process 1: does 0.5 still become 1.50?":
        lambda at: at.process == 1 and not at.synchronized,
    "2 images in each process: what can the 0.5 become?":
        lambda at: at.images == 2 and not at.synchronized,
    "Synchronized: does it matter which process has the yellow image?":
        lambda at: at.process == 1 and at.synchronized,
    "8 processes, not synchronized: at how many images in each does the spread fall below 0.24?":
        lambda at: at.processes == 8 and not at.synchronized and at.yellow.std() < 0.24,
    "8 processes, synchronized: at how many images in each does the spread fall below 0.24?":
        lambda at: (at.processes, at.images, at.synchronized) == (8, 4, True) and at.yellow.std() < 0.24,
}


class OwnShare(nn.BatchNorm1d):
    """One process plays P: in train mode each of P shares is normalized by itself, by by_shares(h, P). The
    first share alone updates the running statistics, as if process 0 saved the net."""

    def __init__(self, C, P, by_shares):
        super().__init__(C)
        self.P, self.by_shares = P, by_shares

    def forward(self, h):                               # (P * n, C)
        if not self.training:
            return super().forward(h)
        first = h[:len(h) // self.P].detach()           # the share of process 0
        super().forward(first)                          # only to update the running statistics
        return self.weight * self.by_shares(h, self.P) + self.bias


# Exercise: the statistics of all, from those of each

def uniting(means, variances, counts, averaged=False, uncounted=False, summed=False, by_processes=False,
            deviations=False, apart_uncounted=False, apart_unbiased=False, not_squared=False, deviation=False,
            unbiased=False, about_zero=False, mean_uncounted=False, within_uncounted=False,
            apart_summed=False, means_summed=False, taken_off=False, share_squared=False,
            within_unbiased=False):
    """means, variances (P, C) of P processes' samples, counts (P,) of them
    -> mean and variance (C,) of all samples, dividing by their number."""
    n = (torch.ones_like(counts) if uncounted else counts)[:, None]
    P, N = len(n), n.sum()
    share = n / (P if by_processes else N)  # (P, 1)
    mean = (n * means).sum(0) if means_summed else means.mean(0) if mean_uncounted else (share * means).sum(0)
    within = (variances.mean(0) if within_uncounted
              else variances.sum(0) if summed else (share * variances.sqrt()).sum(0).square() if deviations
              else (share * variances).sum(0))
    off = means if about_zero else means - mean
    between = (means.var(0, unbiased=False) if apart_uncounted else off.square().sum(0) if apart_summed
               else (share * (off.abs() if not_squared else off.square())).sum(0))
    within = ((n - 1) * variances).sum(0) / (N - 1) if within_unbiased else within
    within = (share ** 2 * variances).sum(0) if share_squared else within
    between = -between if taken_off else between
    var = within + (0 if averaged else between * P / (P - 1) if apart_unbiased else between)
    var = var * N / (N - 1) if unbiased else var
    return mean, var.sqrt() if deviation else var


def union_stats_solution(means, variances, counts):
    share = counts[:, None] / counts.sum()          # (P, 1): its part of all samples
    mean = (share * means).sum(0)                   # (C,)
    within = (share * variances).sum(0)             # about the processes' own means
    between = (share * (means - mean) ** 2).sum(0)  # and how far these lie apart
    return mean, within + between


_g = torch.Generator().manual_seed(12)

union_stats = Exercise(uniting, probes=[
    (torch.tensor([[0.0], [4]]), torch.tensor([[1.0], [3]]), torch.tensor([6, 2])),
    (3 * torch.randn(3, 4, generator=_g), torch.rand(3, 4, generator=_g) + 0.2, torch.tensor([16, 5, 11])),
], names=("mean", "variance"), mistakes={
    "averaged":
        "The variance holds only what is within the processes. How far their means lie apart is missing.",
    "uncounted": "Every process counts the same. One with three times the samples must count three times as "
        "much: use counts.",
    "mean_uncounted": "The mean is that of the means, as if every process had as many samples: use counts.",
    "within_uncounted": "The variances are averaged as if every process had as many samples: use counts.",
    "means_summed": "The counts are not divided by their sum: the weights have to add up to 1.",
    "taken_off": "The spread of the means is taken off. It adds to what is within the processes.",
    "share_squared": "The weights of the variances are squared. A mean of squares is weighted by counts / N.",
    "within_unbiased": "The variances are weighted by counts - 1. Here each divides by its number of "
        "samples, so that counts are the weights.",
    "about_zero": "The squares of the means are averaged, and the square of the mean of all is not taken "
        "off: measure the means from the mean of all.",
    "summed": "The variances are added up: four processes with variance 1 would make a variance of 4. They "
        "are weighted by their parts of all samples.",
    "by_processes": "The weighted sums are divided by the number of processes. The weights, counts / "
        "counts.sum(), add up to 1: a sum is enough.",
    "deviations": "Standard deviations are averaged, then squared. Squares add up, and roots do not: average "
        "the variances.",
    "apart_uncounted": "How far the means lie apart is taken without counts, and about the plain average of "
        "the means. Weight the squares, too, and take them about your mean.",
    "apart_summed": "The squared distances of the means are added up without weights: a process counts by "
        "counts / N here, too.",
    "apart_unbiased": "The spread of the means is divided by P - 1. These are not estimates from a sample: "
        "all samples are there. Weight the squares by counts / N.",
    "not_squared": "The distances between the means are not squared. A variance is a mean of squares.",
    "deviation": "That is the standard deviation: leave the root away.",
    "unbiased": "It is made to divide by N - 1. BatchNorm normalizes by the variance that divides by N.",
}, hints=[
    "Two processes with the values 0, 0 and 4, 4: each variance is 0. What is that of all four?",
    "The weight of a process is counts / counts.sum(). The variance of all has two parts: one within the "
        "processes, one between them.",
    "Between: the squared distances of the means from the mean of all, weighted in the same way. "
        "counts[:, None] lines up with (P, C).",
], solution=union_stats_solution, why="A sample's distance from the mean of all is its distance from its "
    "process's mean plus that mean's distance. Squared and averaged, the mixed term vanishes, and the two "
    "squares stay.")


# Exercise: the gradient of a sum over processes

def returning(gradients, own=False, averaged=False, others=False, only_first=False, by_loss=False,
              own_times=False, over_channels=False, everything=False, own_too=False, running=False,
              only_last=False, ones=False):
    """gradients (P, C) of each process's own loss with respect to the sum
    -> (P, C), of all losses, with respect to each process's part."""
    total = gradients.mean(0) if averaged else gradients.sum(0)
    back = (total - (gradients if others else 0 * gradients)) * (len(gradients) if by_loss else 1)
    if over_channels:
        return gradients.sum(1, keepdim=True).expand_as(gradients)
    if everything or own_too or running or ones:
        return (gradients.sum() + 0 * gradients if everything else total + gradients if own_too
                else gradients.cumsum(0) if running else torch.ones_like(gradients))
    if only_last:
        return torch.cat([0 * back[1:], back[-1:]])
    if own or own_times:
        return gradients * (len(gradients) if own_times else 1)
    return torch.cat([back[:1], 0 * back[1:]]) if only_first else back


def backward_of_sum_solution(gradients):
    total = gradients.sum(0)           # (C,) of all losses, for the sum
    return total.expand_as(gradients)  # each x is in the sum with the factor 1


backward_of_sum = Exercise(returning, probes=[
    (torch.tensor([[1, -2], [0, 0.5]]),), (torch.randn(3, 4, generator=_g),),
], names=("the result",), mistakes={
    "own": "Each process gets the gradient of its own loss. But its x is in the sum that all processes use, "
        "so all losses count.",
    "own_times": "Each process counts its own loss once for every process. The losses differ: add up the "
        "rows.",
    "over_channels": "It adds up the numbers of one process (a row). The processes are to be added up, over "
        "axis 0.",
    "everything": "It adds up the numbers of all units, too. Each unit has a sum of its own: over axis 0 "
        "only.",
    "own_too": "The loss of the process itself is counted twice. It is in the sum of the rows already.",
    "running": "Each process gets the losses up to its own. All losses use the sum, so all count.",
    "only_last": "Only the last process gets the gradient. The x of every process is in the sum.",
    "ones": "1 is the slope of the sum in each x. It multiplies the gradients of all losses, added up.",
    "others": "The loss of the process itself is missing. Its x is in its own sum, too.",
    "only_first": "Only process 0 gets the gradient. The x of every process is in the sum.",
    "averaged": "It is divided by the number of processes. The losses are added up, and each x is in the sum "
        "with the factor 1.",
    "by_loss": "It is multiplied by the number of processes. The sum of the rows holds every loss once.",
}, hints=[
    "Make x of one process a little larger. Which losses change?",
    "All of them, each by its row of gradients. By how much does the sum of all losses change?",
    "Does it matter which process made the sum larger?",
], solution=backward_of_sum_solution, why="A sum goes forward from all processes to all, and so does its "
    "gradient backward.")
