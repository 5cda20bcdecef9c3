"""Notebook 12: whose batch BatchNorm uses when several processes train a net, and how to share a mean."""
import json

import torch

from ..checks.exercises import Exercise
from ..checks.predict import Question
from ..experiments import against_one, processes
from ..experiments.seeds import base, generator

whose_mean = Question(
    "Four processes train one net with nn.BatchNorm1d. A batch has 64 images, and each process gets 16 of "
    "them. Over how many images does a BatchNorm layer take the mean?",
    {"4": "4 is the number of processes. A BatchNorm layer takes a mean over images.",
     "16": "In the forward pass no process sends anything. So the layer sees only the images of its process.",
     "64": "The gradients are averaged over all 64 images. But this happens after the forward pass, and the "
         "forward pass needs the mean."},
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
    "Two processes have 32 samples each. Each process computes output = normalize(h, plain_sum), and calls "
    "backward() on the loss of its samples. One process with all 64 samples does the same. Which results "
    "differ?",
    {"nothing": "The output is the same. But a gradient reaches another process only if a program sends it.",
     "the output and h.grad": "plain_sum gives the sums over all 64 samples. So the mean, the "
         "variance and the output are the same.",
     "only the output": "The output is the same, since plain_sum gives the sums over all 64 samples. But "
         "backward() sends nothing to the other process, so h.grad is different.",
     "only h.grad": "The mean depends on all samples. So a sample of process 0 changes the losses of process "
         "1, too. plain_sum does not send the gradients of these losses to process 0."},
    "only h.grad")

whose_statistics = Question(
    "Two processes train nn.BatchNorm1d(1) with DDP. The data have mean 0 in process 0 and mean 10 in "
    "process 1. Both running means start at 0, and the momentum is 0.1. After 50 steps, the running mean of "
    "process 1 is about",
    {"0": "Each step starts with the running mean of process 0, near 0. But then process 1 moves this number "
         "a tenth of the way to 10.",
     "1": "Before each step, DDP copies the running mean of process 0 to process 1. The batch in process 1 "
         "then moves this number from 0 a tenth of the way to 10.",
     "5": "DDP averages gradients. A running mean has no gradient, so nothing averages the running means.",
     "10": "Without DDP, the running mean would be near 10. With DDP, process 1 starts every step with the "
         "running mean of process 0."},
    "1")


share_goals = {
    "Put the yellow image in process 1. What does 0.5 become?":
        lambda at: at.process == 1 and not at.synchronized,
    "Take 2 images in each process. Which two values can 0.5 become?":
        lambda at: at.images == 2 and not at.synchronized,
    "Synchronize. Then put the yellow image in the other process. Does 0.5 become another value?":
        lambda at: at.process == 1 and at.synchronized,
    "Take 8 synchronized processes with 4 images each. What is the spread?":
        lambda at: (at.processes, at.images, at.synchronized) == (8, 4, True),
    "Then switch off synchronized. Choose the number of images so that the spread is about the same.":
        lambda at: at.processes == 8 and not at.synchronized and at.yellow.std() < 0.24,
}


def draw_images(processes, images, yellow_in):
    """Values of one unit (400 batches, processes, images); in each batch the yellow image has the value 0.5.

    It is the first of process yellow_in, and changes places with the first of process 0."""
    values = torch.randn(400, 8, 32, generator=generator(1))
    values[:, 0, 0] = 0.5
    h = values[:, :processes, :images].clone()
    h[:, [0, yellow_in], 0] = h[:, [yellow_in, 0], 0]
    return h


def two_processes(normalize, own_sum, plain_sum, Sum):
    """Runs the cells of these in two real processes -> errors of process 0 (32 draws, 3 sums, 2): own_sum,
    plain_sum, Sum; output, gradient."""
    said = processes.run_cells(against_one.compare, normalize, own_sum, plain_sum, Sum, arguments=[base()])
    return torch.tensor(json.loads(said[0])).view(32, 3, 2)


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
        "The variance has only the part within the shares. The part between the shares is missing.",
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
    "One share has the values 0, 0, and another share has 4, 4. Each variance is 0. What is the "
        "variance of all four values?",
    "The weight of a share is counts / counts.sum(). The variance of all has two parts: within the shares "
        "and between the shares.",
    "The part between the shares: take the squared distance of each mean from the mean of all, "
        "and average with the same weights. counts[:, None] has the shape (P, 1).",
], solution=union_stats_solution, why="The distance of a sample from the mean of all is a sum: the distance "
    "of the sample from the mean of its share, plus the distance of this mean from the mean of all. In the "
    "average of the squares, the mixed term is 0. The two squares are the two parts.")


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
