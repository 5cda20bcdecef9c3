"""Notebook 00: two predictions, the goals of its lab, and a first exercise."""
import torch

from ..checks.exercises import Exercise
from ..checks.predict import Question

rate_one = Question(
    "Learning rate 1, eight nets from eight random starts. How many pass accuracy 0.5, first without, "
    "then with BatchNorm?",
    {"8 and 8": "That would make BatchNorm a matter of speed alone: both kinds learn, one sooner. At this "
                "rate one kind does not learn at all.",
     "4 and 8": "A rate that is a little too large fails for some starts. This one is twice the largest at "
                "which all plain nets learn.",
     "0 and 8": "The rate ruins every plain net, and none of the others.",
     "0 and 0": "A rate is not bad in itself: how large a step the loss bears depends on the net."},
    "0 and 8")

rate_tenth = Question(
    "Learning rate 0.1, at which every net learns. "
    "How much does BatchNorm add to the accuracy on new images?",
    {"20 points": "It would be a cure. It is no cure: a plain net at a good rate does well.",
     "10 points": "Plain nets would have to be poor at this rate; they are right nine times in ten.",
     "2 points": "The difference is small, and there in almost every pair of nets. What BatchNorm adds is "
                 "above all room for other rates.",
     "nothing": "It is close to that, but a small difference that almost every pair of nets shows is a "
                "difference."},
    "2 points")


def _learn(at):
    """How many of eight nets learn, without and with BatchNorm; None before they are trained."""
    if len(at.plain_accuracy) == 8 and at.progress == 1:
        return tuple(int((accuracy > 0.5).sum()) for accuracy in (at.plain_accuracy, at.bn_accuracy))


goals = {
    "a rate at which all eight seeds of both kinds learn": lambda at: _learn(at) == (8, 8),
    "a rate at which all eight learn with BatchNorm and none without": lambda at: _learn(at) == (0, 8),
    "a rate at which seeds of both kinds fail": lambda at: _learn(at) and max(_learn(at)) < 8,
}


def scoring(scores, y, wrong_ones=False, of_scores=False, counts=False, percent=False, by_classes=False):
    """scores (N, C), y (N,) -> share of the samples whose largest score is that of their class."""
    best = scores.max(1)
    right = ((best.values if of_scores else best.indices) == y) != wrong_ones
    if by_classes:
        return right.sum() / scores.shape[1]
    return right.sum() if counts else right.double().mean() * (100 if percent else 1)


def accuracy_solution(scores, y):
    # argmax: the index of the largest score in each row
    return (scores.argmax(1) == y).double().mean()


_scores = torch.tensor([[2.0, 1.0, 0.0], [0.1, 0.2, 0.9], [0.3, 0.1, 0.2], [0.0, 5.0, 1.0]])

_more = torch.tensor([[-1.0, -2.0], [0.0, 3.0], [2.0, 0.0], [-0.5, 0.0], [4.0, 1.0]])

accuracy = Exercise(scoring, probes=[
    (_scores, torch.tensor([0, 2, 1, 1])), (_scores.flip(0), torch.tensor([1, 2, 2, 0])),
    (_more, torch.tensor([0, 1, 1, 0, 0]))], mistakes=dict(
    of_scores="It compares the largest score with the class; the class is the place of that score: "
        "argmax, not max.",
    wrong_ones="That is the share of wrong answers, the error; accuracy is the share of right ones.",
    counts="That is how many are right; accuracy is their share, between 0 and 1.",
    by_classes="It divides by the number of classes: the share is of the samples, len(y).",
    percent="That is in percent; here accuracy lies between 0 and 1.",
), hints=[
    "Each row of `scores` is one sample. Where in the row is the largest number?",
    "`scores.argmax(1)` (N,) is the answer of the net for each sample. Compare it with `y`, then take the "
        "mean of the comparison.",
], solution=accuracy_solution, why="The mean of a true-or-false tensor is the share of trues, "
    "once it is a number type.")
