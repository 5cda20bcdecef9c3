"""Notebook 12: whose batch BatchNorm measures when several processes train a net, and how to share a mean."""
import torch

from ..checks.exercises import Exercise
from ..checks.predict import Question

whose_mean = Question(
    "Four processes train one net with nn.BatchNorm1d. In each step every process takes 16 images of its "
    "own; then the gradients of all four are averaged. In the forward pass, a BatchNorm layer takes its mean "
    "over how many images?",
    {"4": "That counts the processes. A mean over processes would need an exchange between them.",
     "16": "A layer sees its own process's share of the batch: 16 images. The averaging comes later, and is "
         "one of gradients.",
     "64": "The gradients are averaged over all, but in the forward pass nothing was sent: each layer has "
         "seen the 16 images of its process."},
    "16")

averaged_variance = Question(
    "Four processes with equally many samples each take the mean and the variance of their own. The average "
    "of the four means is the mean of all samples. The average of the four variances, against the variance "
    "of all samples, is as a rule",
    {"equal: their shares are equally large": "That is why the means may be averaged. But each variance is "
         "taken about the process's own mean, not about that of all.",
     "too small: each has a mean of its own": "Each variance is taken about its own process's mean: how far "
         "these means lie apart is in none of them. Only where they agree is it equal.",
     "too large: fewer samples scatter more": "Fewer samples make a variance less certain, not larger. About "
         "their own mean they scatter less than about that of all."},
    "too small: each has a mean of its own")

first_try = Question(
    "FirstTry makes its sums with dist.all_reduce. autograd knows of the clone, and not of what all_reduce "
    "then did to its numbers. Several processes, each with its share, against one process with all images: "
    "FirstTry is wrong in",
    {"nothing: torch sends the gradients, too":
         "No gradient travels between processes unless somebody sends it.",
     "the outputs, and so in all that follows":
         "all_reduce puts the right sum into the clone, whatever autograd knows: the outputs are right.",
     "the gradient that goes to the layer below": "My samples move everybody's mean. What the losses of the "
         "others make of that is never sent back to me.",
     "the gradients of gamma and beta": "They are made from the gradients of the outputs and the normalized "
         "values. Both are right, and so are these, once summed over the processes."},
    "the gradient that goes to the layer below")

whose_memory = Question(
    "torch's DistributedDataParallel trains a net with plain BatchNorm in several processes, each on data of "
    "its own. Then the net is saved in process 0. Its running means come from",
    {"all processes, averaged in each step":
         "That happens to gradients. Running statistics are buffers: no gradient, no average.",
     "the batches of process 0 alone": "Before each forward pass process 0's buffers are copied over those "
         "of the others, unless broadcast_buffers=False. What these had learned is lost.",
     "whichever process was the last to finish":
         "They run in step, and the copying has one direction: from process 0 to the others."},
    "the batches of process 0 alone")


share_goals = {
    "1 process: how many images bring the noise below 0.2?":  # the true mean is 0
        lambda at: at.processes == 1 and at.means.square().mean().sqrt() < 0.2,
    "8 processes: the same noise, with as few images as possible":
        lambda at: (at.processes, at.images, at.synchronized) == (8, 4, True),
    "the same, each process by its own mean: how many times as noisy?":
        lambda at: (at.processes, at.images, at.synchronized) == (8, 4, False),
}


# Exercise: the statistics of all, from those of each

def uniting(means, variances, counts, averaged=False, uncounted=False, summed=False, by_processes=False,
            deviations=False, apart_uncounted=False, apart_unbiased=False, not_squared=False, deviation=False,
            unbiased=False):
    """means, variances (P, C) of P processes' samples, counts (P,) of them
    -> mean and variance (C,) of all samples, dividing by their number."""
    n = (torch.ones_like(counts) if uncounted else counts)[:, None]
    P, N = len(n), n.sum()
    share = n / (P if by_processes else N)  # (P, 1)
    mean = (share * means).sum(0)
    within = (variances.sum(0) if summed else (share * variances.sqrt()).sum(0).square() if deviations
              else (share * variances).sum(0))
    off = means - mean
    between = (means.var(0, unbiased=False) if apart_uncounted
               else (share * (off.abs() if not_squared else off.square())).sum(0))
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
        "The variance holds only what is inside the processes. How far their means lie apart is missing.",
    "uncounted": "Every process weighs the same. One with three times the samples weighs three times as "
        "much: use counts.",
    "summed": "The variances are added up: four processes with variance 1 would make a variance of 4. They "
        "are weighed, by their parts of all samples.",
    "by_processes": "The weighted sums are divided by the number of processes. The weights, counts / "
        "counts.sum(), add up to 1: a sum is enough.",
    "deviations": "Standard deviations are averaged, then squared. Squares add up, roots do not: average the "
        "variances.",
    "apart_uncounted": "How far the means lie apart is taken without counts, and about the plain average of "
        "the means. Weigh the squares, too, and take them about your mean.",
    "apart_unbiased": "The spread of the means is divided by P - 1. These are not estimates from a sample: "
        "all samples are there, weigh the squares by counts / N.",
    "not_squared": "How far a mean lies from that of all counts squared in a variance.",
    "deviation": "That is the standard deviation: leave the root away.",
    "unbiased": "It is made to divide by N - 1. BatchNorm normalizes by the variance that divides by N.",
}, hints=[
    "Two processes with the values 0, 0 and 4, 4: each variance is 0. What is that of all four?",
    "The weight of a process is counts / counts.sum(). The variance of all has two parts: one within the "
        "processes, one between them.",
    "Between: the squared distances of the means from the mean of all, weighed in the same way. counts[:, "
        "None] lines up with (P, C).",
], solution=union_stats_solution, why="A sample's distance from the mean of all is its distance from its "
    "process's mean plus that mean's distance. Squared and averaged, the mixed term vanishes, and the two "
    "squares stay.")


# Exercise: the gradient of a sum over processes

def returning(gradients, own=False, averaged=False, others=False, only_first=False, by_loss=False):
    """gradients (P, C) of each process's own loss with respect to the sum
    -> (P, C), of all losses, with respect to each process's part."""
    total = gradients.mean(0) if averaged else gradients.sum(0)
    back = (total - (gradients if others else 0 * gradients)) * (len(gradients) if by_loss else 1)
    return gradients if own else torch.cat([back[:1], 0 * back[1:]]) if only_first else back


def backward_of_sum_solution(gradients):
    total = gradients.sum(0)           # (C,) what all losses say of the sum
    return total.expand_as(gradients)  # each x is in the sum with the factor 1


backward_of_sum = Exercise(returning, probes=[
    (torch.tensor([[1, -2], [0, 0.5]]),), (torch.randn(3, 4, generator=_g),),
], names=("the result",), mistakes={
    "own": "Each process gets back what its own loss says. But its x is in the sum that all the others use: "
        "their losses count as well.",
    "others": "A process's own loss is missing. Its x is in its own sum, too.",
    "only_first": "Only process 0 gets the gradient. The x of every process is in the sum.",
    "averaged": "It is divided by the number of processes. The losses are added up, and x is in the sum with "
        "the factor 1.",
    "by_loss": "It is multiplied by the number of processes. The sum of the rows holds every loss once.",
}, hints=[
    "Make x of one process a little larger. Which losses change?",
    "All of them, each by as much as it says of the sum. What happens to small changes of losses that are "
        "added up?",
    "Does it matter for a change of the sum whose x it was that changed?",
], solution=backward_of_sum_solution, why="A sum goes forward from all to all, and so does its gradient: "
    "backward is again a sum over the processes.")
