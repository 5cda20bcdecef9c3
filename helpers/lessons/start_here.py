"""Notebook 00: its predictions, the goals of its lab, and a first exercise."""
import torch

from ..checks.exercises import Exercise
from ..checks.predict import Question

rate_one = Question(
    "Eight plain nets and eight nets with BatchNorm train at learning rate 1 for 150 steps. How many plain "
    "nets pass accuracy 0.5, and how many nets with BatchNorm?",
    {"8 and 8": "BatchNorm would then only make learning faster. Here it decides whether a net learns.",
     "4 and 8": "A rate slightly too large fails for some starts. Without BatchNorm this is far too large.",
     "0 and 8": "A step this long switches the plain net's units off: they give 0 for every image, have no "
                "gradient and stay off. BatchNorm moves each unit back to mean 0, so some images pass.",
     "0 and 0": "No rate is too large for every net. How long a step may be depends on the net."},
    "0 and 8")

rate_tenth = Question(
    "After 250 steps at learning rate 0.1, plain nets reach an accuracy of about 0.90 on new images: "
    "90 points of 100. How do nets with BatchNorm compare?",
    {"8 points more": "These small nets would then be right 98 times in 100. What holds them back is not the "
                      "missing layer: they see 4,000 images, four times each.",
     "2 points more": "Of 10 wrong answers in 100 about two become right. What BatchNorm adds is above "
                      "all room for other rates.",
     "no difference": "One run easily misses the gain. But almost every pair of nets from one seed shows it, "
                      "and it is larger than chance would make it.",
     "5 points less": "The means that BatchNorm subtracts do vary from batch to batch. But a batch of 64 is "
                      "large enough for these nets."},
    "2 points more")


dead_units = Question(
    "A plain net has trained at rate 1. Of the 24 units in its second hidden layer, how many give 0 for each "
    "of the 4,000 images?",
    {"none": "Then every unit could still learn. But a unit that gives 0 for a whole batch has no gradient: "
             "nothing brings it back.",
     "about 4": "That would be bad luck of the first weights. At rate 0.1 nearly every unit lives.",
     "about 18": "The first long steps push most units below 0 for every image, where a ReLU gives 0.",
     "all 24": "The scores would then be the same for every image. That happens to some of these nets; most "
               "keep a few units."},
    "about 18")

half = Question(
    "From 16 seeds you get a 95 % interval. You want one half as wide. How many seeds do you need, about?",
    {"24": "Half as many seeds more make it only about a fifth narrower.",
     "32": "Twice the seeds narrow it by the root of two, about 1.4, not by two.",
     "64": "The width goes with one over the root of the number of seeds: four times the seeds, half "
           "the width.",
     "256": "That would be a quarter of the width: the root of 16 is 4."},
    "64")


def _learn(at):
    """How many of eight nets learn, without and with BatchNorm; None before they are trained."""
    if len(at.plain_accuracy) == 8 and at.progress == 1:
        return tuple(int((accuracy > 0.5).sum()) for accuracy in (at.plain_accuracy, at.bn_accuracy))


goals = {
    "a rate at which all eight nets of both kinds learn": lambda at: _learn(at) == (8, 8),
    "a rate at which all eight nets of one kind learn, and all of the other kind fail":
        lambda at: _learn(at) in {(0, 8), (8, 0)},
    "a rate at which some nets without BatchNorm learn and others fail":
        lambda at: _learn(at) and 0 < _learn(at)[0] < 8,
}


def scoring(scores, y, wrong_ones=False, of_scores=False, counts=False, percent=False, by_classes=False,
            least=False, probability=False, confidence=False, above_half=False, above_zero=False,
            from_one=False, mean_score=False):
    """scores (N, C), y (N,) -> share of the samples whose largest score is that of their class."""
    if probability or confidence:
        chances = scores.double().softmax(1)
        return (chances.amax(1) if confidence else chances.gather(1, y[:, None])).mean()
    own = scores.gather(1, y[:, None])[:, 0]
    if above_half or above_zero or mean_score:
        own = scores.softmax(1).gather(1, y[:, None])[:, 0] - 0.5 if above_half else own
        return own.double().mean() if mean_score else (own > 0).double().mean()
    y = y - 1 if from_one else y
    best = (-scores if least else scores).max(1)
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
    (_scores, torch.tensor([0, 2, 1, 1])), (_scores.flip(0), torch.tensor([1, 0, 1, 0])),
    (_more, torch.tensor([0, 1, 1, 0, 0]))], mistakes=dict(
    of_scores="It compares the largest score with the class; the class is the place of that score: "
        "argmax, not max.",
    wrong_ones="That is the share of wrong answers, the error; accuracy is the share of right ones.",
    counts="That is how many are right; accuracy is their share, between 0 and 1.",
    by_classes="It divides by the number of classes: the share is of the samples, len(y).",
    least="It takes the smallest score of each row: argmax, not argmin.",
    probability="That is the mean probability of the right class. Accuracy only counts which score is the "
        "largest, not by how much.",
    above_half="It counts where the right class has more than half of the probability. The largest may be "
        "less than half.",
    above_zero="It counts where the score of the right class is above 0. It has to be the largest of its "
        "row.",
    mean_score="That is the mean score of the right class. Accuracy only counts which score is the largest.",
    from_one="The classes are counted from 0, as the columns are: compare with y itself.",
    confidence="That is how sure the net is of its answers, right or wrong. Accuracy compares them with y.",
    percent="That is in percent; here accuracy lies between 0 and 1.",
), hints=[
    "Each row of `scores` is one sample. Where in the row is the largest number?",
    "`scores.argmax(1)` (N,) is the answer of the net for each sample. Compare it with `y`, then take the "
        "mean of the comparison.",
], solution=accuracy_solution, why="The mean of a true-or-false tensor is the share of trues, "
    "once it is a number type.")
