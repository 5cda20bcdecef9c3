"""Notebook 08: when dropout helps: bias and variance, other remedies, another truth, passes over the data."""
from typing import NamedTuple

import torch
from torch.nn.functional import avg_pool2d

from ..checks.exercises import Exercise
from ..checks.predict import Question
from ..experiments.data import noisy_line
from ..experiments.models import SideBySide
from ..experiments.seeds import generator, seeds
from ..experiments.training import fit, outputs

grows = Question(
    "Many nets train without dropout. On the same data sets, many nets train with dropout 0.8. "
    "Which parts of the error are larger with dropout 0.8?",
    {"only the variance": "Masks are random, so more spread seems natural. But in eval mode there are no "
         "masks: each net is one fixed function. Variance says how far these functions lie apart, and they "
         "lie closer together.",
     "only bias²": "The more is dropped, the less a net can follow its points at all. The fits become flat, "
         "and so does their mean.",
     "bias² and noise": "Noise is how far new points lie from the truth. No way of training changes new "
         "points.",
     "bias² and variance":
         "Then dropout could only do harm. One of the two falls, and this is what dropout is used for."},
    "only bias²")

stopping = Question(
    "Nets get fifty points each, and one remedy: dropout 0.2, early stopping or weight decay. With early "
    "stopping a net trains on forty of the points, and ten are the validation set. Which remedy leaves the "
    "fits furthest from the truth, on average over 64 data sets?",
    {"dropout 0.2": "Dropout lowers the variance, but the nets follow the noise of their points up to the "
         "last step. The other two remedies come nearer to the line.",
     "early stopping": "It learns from ten points less. But after some fifty steps the nets have found the "
         "line and have hardly begun to follow the noise. This helps more than ten points.",
     "weight decay": "Small weights make fits that bend little. The truth is a line, so this does no harm "
         "here.",
     "all three about equally far": "On single data sets each of them can win. Over 64 data sets one of "
         "them is behind."},
    "dropout 0.2")

wave = Question(
    "Nets with dropout 0.5 and nets without dropout learn the wave from fifty points each. We measure how "
    "far each net lies from the wave. Compared with the nets without dropout, the squared distance of the "
    "nets with dropout is",
    {"smaller": "A little dropout does this on the line. But a wave needs a net that bends, and dropout "
         "makes bending hard.",
     "about the same": "That would need a fall in variance as large as the rise in bias². On the wave the "
         "rise is larger than all the variance there is.",
     "larger": "Dropout flattens the fits. A flatter fit can still be near a line. It misses the hills and "
         "the valleys of a wave, and this is bias."},
    "larger")

passes = Question(
    "Net C makes one pass over 4,000 images. Net D makes forty passes over 100 images. For which net does "
    "dropout 0.5 lower the log loss on new images?",
    {"for both": "In a single pass every image is new. There is nothing yet that the net could have learned "
         "too well, and dropout only makes learning slower.",
     "for C only": "More data make better nets, with dropout and without. But a net that sees "
         "each image once has no chance to overfit to it.",
     "for D only": "After forty passes the net without dropout is too sure of its answers on "
         "new images. With dropout the net is less sure.",
     "for neither": "Dropout slows learning in both. But net D has begun to overfit, so slower is better."},
    "for D only")

averaged = Question(
    "Four nets without dropout, each trained on fifty points of its own; noise 0.09, variance about 0.03, "
    "hardly any bias. The test error of the mean of their four answers is about",
    {"0.12, as of one net": "Errors that point in different directions cancel in a mean.",
     "0.10": "The variance is divided by four. The noise is that of the new points: nobody averages them.",
     "0.03": "That is the whole error divided by four. The noise is not in the nets but in the new points.",
     "0.09: the variance is gone": "It takes ever more nets: four leave a quarter."},
    "0.10")

few_images = Question(
    "A net learns from 100 digits for 200 passes, without dropout or with p = 0.5. On new images dropout is "
    "clearly better",
    {"in accuracy and in log loss": "So one would hope of a regularizer. The accuracy hardly changes, and "
         "the log loss was lower only at the fortieth pass.",
     "in accuracy only": "More images right, though with scores that are too sure? The accuracy moves by a "
         "point at most, within the spread over the seeds.",
     "in log loss only": "That would be a less confident net. After 200 passes it is more confident: its "
         "thinned nets are never sure of all images, so the weights grow on and on.",
     "in neither": "The accuracy stays about where it was. The log loss rises, since the net with dropout "
         "has become the more confident one."},
    "in neither")


# Goals of the labs

def distance(at): return at.bias2[-1] + at.variance[-1]


fit_goals = {
    "N = 50, 600 steps: a p at which bias² + variance is below 0.02":
        lambda at: at.N == 50 and at.steps == 600 and distance(at) < 0.02,
    "N = 50, 600 steps: a p at which bias² is larger than the variance":
        lambda at: at.N == 50 and at.steps == 600 and at.bias2[-1] > at.variance[-1],
    "p = 0, 600 steps: an N at which the variance is below 0.012":
        lambda at: at.p == 0 and at.steps == 600 and at.variance[-1] < 0.012,
    "p = 0, N = 50: a number of steps at which bias² + variance is below 0.015":
        lambda at: at.p == 0 and at.N == 50 and distance(at) < 0.015,
}
noise_goals = {
    "noise 0.1: a p at which bias² is larger than the variance":
        lambda at: at.noise == 0.1 and at.bias2[-1] > at.variance[-1],
    "noise 0.5: bias² + variance below 0.06, by p alone":
        lambda at: at.noise == 0.5 and at.width == 40 and distance(at) < 0.06,
    "noise 0.3, p = 0: a variance below 0.023":
        lambda at: at.noise == 0.3 and at.p == 0 and at.variance[-1] < 0.023,
}


# Plumbing: nets side by side, on the line and on digits

class Fits(NamedTuple):
    """A training of K nets, each on a data set of its own, so far."""
    step: int
    fits: torch.Tensor  # (K, X) their answers at the places
    nets: SideBySide


def points(N, K, stream, noise=0.3, truth=None):
    """K data sets of N points about the line, or about another truth(x): x (N, K, 1), y (N, K, 1)."""
    x, y = noisy_line(N * K, noise, generator(stream))
    if truth:
        y = y - x + truth(x)
    return x.view(N, K, 1), y.view(N, K, 1)


def split(data, n):
    """The first n points of each data set, and the others: two of (x, y)."""
    return [t[:n] for t in data], [t[n:] for t in data]


def trained(p, data, places, steps=600, every=None, width=40, rate=0.01, optimizer="adam", **settings):
    """Train nets 1-width-width-1 with dropout p behind both hidden layers, net k on data set k.

    p: one number, or one a net. places (X,). Yields Fits each `every` steps, and last."""
    K, places = data[0].shape[1], places.view(-1, 1, 1)
    for run in fit(lambda: SideBySide(K, (1, width, width, 1), p), data, rate, optimizer=optimizer,
                   loss=squares, steps=steps, batch=len(data[0]), every=every or steps, **settings):
        yield Fits(int(run.step[-1]), outputs(run.nets, places.expand(-1, K, -1))[..., 0].T, run.nets)


def to_draw(run, found, data, places, truth, steps):
    """What figures.fits draws of a run so far; found: rows of step, bias², variance."""
    step, bias2, variance = torch.tensor(found).T  # (T,) each
    return dict(x=places, truth=truth, fits=run.fits, points=torch.cat(data, 2)[:, 0],
                step=step, bias2=bias2, variance=variance, progress=run.step / steps)


def squares(answers, y):
    """Each net's mean squared error, summed over the nets, so that each has its own gradient. (N, K, 1)."""
    return (answers - y).square().mean((0, 2)).sum()


def error_on(nets, x, y):
    """(K,) the mean squared error of net k on the points of set k."""
    return (outputs(nets, x) - y).square().mean((0, 2))


def on_digits(digits, n, p, at, S=8, rate=0.005, optimizer="adam"):
    """Train nets 196-128-64-10 on n images, a draw of its own for each of S seeds, batches of 50.

    p: R probabilities to drop. at: steps at which they are tested.
    Returns their scores for the test images, before the softmax: (T, R, S, N, 10)."""
    sets = [digits.few(n, seed) for seed in seeds(S)]
    data = [torch.stack(some, 1) for some in
            ([small(s.x) for s in sets] * len(p), [s.y for s in sets] * len(p))]  # (n, R x S, ...)
    test = small(digits.test.x)[:, None].expand(-1, len(p) * S, -1)
    drop, found = torch.tensor(p, dtype=torch.float32).repeat_interleave(S), []
    for run in fit(lambda: SideBySide(len(drop), (196, 128, 64, 10), drop), data, rate, optimizer=optimizer,
                   loss=nats, steps=max(at), batch=50, every=min(at)):
        if int(run.step[-1]) in at:
            found.append(outputs(run.nets, test).transpose(0, 1).unflatten(0, (len(p), S)))
    return torch.stack(found)


def tested(digits, n, p, steps):
    """Train as `on_digits` does, for `steps` steps. Returns the log loss on the test images: (R, S)."""
    scores, y = on_digits(digits, n, p, [steps])[0], digits.test.y
    return -scores.log_softmax(-1)[..., torch.arange(len(y)), y].mean(-1)


def small(images):
    """14 x 14 pixels of 28 x 28, to save time: (N, 1, 28, 28) -> (N, 196)."""
    return avg_pool2d(images, 2).flatten(1)


def nats(scores, y):
    """Each net's cross-entropy, summed over the nets: scores (N, K, 10), y (N, K)."""
    return -scores.log_softmax(-1).gather(-1, y.unsqueeze(-1)).mean(0).sum()


# Exercise: the three parts

def decomposing(predictions, y, noise, noise_kept=False, over_points=False, total_for_bias=False,
                about_points=False, all_together=False, signed=False, not_squared=False, absolute=False,
                deviation=False, unbiased=False, noise_deviation=False, summed=False, noise_added=False,
                noise_off_variance=False, noise_twice=False, one_fit=False):
    """predictions (M, N) of M fits at N places, y (N,) with noise, noise: its standard deviation
    -> bias², variance, noise part: one number each."""
    over, mean = int(over_points), torch.sum if summed else torch.mean
    middle = predictions.mean(over)  # (N,)
    off = (predictions[0] if one_fit else middle) - y
    bias = (mean((predictions - y).square().mean(0)) if total_for_bias else mean(off).square() if signed
            else mean(off if not_squared else off.abs() if absolute else off.square()))
    centre = y if about_points else predictions.mean() if all_together else middle.unsqueeze(over)
    spread = (predictions - centre).square().sum(over) / (predictions.shape[over] - unbiased)
    part = torch.tensor(noise if noise_deviation else noise ** 2)
    variance = mean(spread.sqrt() if deviation else spread)
    return (bias - (0 if noise_kept else -part if noise_added else 2 * part if noise_twice else part),
            variance - (part if noise_off_variance else 0), part)


def decompose_solution(predictions, y, noise):
    mean_fit = predictions.mean(0)  # (N,)  over the M fits
    # y lies off the truth by the noise, and that is counted apart
    bias2 = (mean_fit - y).square().mean() - noise ** 2
    variance = (predictions - mean_fit).square().mean()  # about the mean fit: y is not needed
    return bias2, variance, noise ** 2


decompose = Exercise(decomposing, probes=[
    (torch.tensor([[1.0, 2], [4, 0]]), torch.tensor([1.0, 3]), 0.5),
    (torch.tensor([[0, 1, 2.5], [1, 3, 2], [0.5, -1, 4]]), torch.tensor([1, 0.5, 2]), 0.2),
], names=("bias²", "variance", "noise"), mistakes={
    "noise_kept": "The first part is still bias² and noise together: y lies off the truth by the noise, "
        "which is then counted twice.",
    "noise_twice": "The noise is taken off bias² twice. It is in it once.",
    "one_fit": "Bias² is that of one fit alone: take the mean of all fits first.",
    "noise_added": "The noise is added to the first part. It is in it already, as y holds noise: take it "
        "off.",
    "noise_off_variance": "The noise is taken off the variance, too. The fits are measured about their own "
        "mean: y, and its noise, is not in it.",
    "over_points": "The mean runs over the places of one fit (a row). The mean fit is the mean of the fits, "
        "at each place: over axis 0.",
    "total_for_bias": "Bias² starts from the squared distance of every fit: that holds the variance too. "
        "First the mean of the fits, then the distance.",
    "about_points":
        "The variance is taken about y. It says how far the fits lie from their own mean, wherever that is.",
    "all_together": "The variance is taken about one mean of all numbers, so that a fit that rises counts as "
        "spread. Each place has its own mean over the fits.",
    "signed": "The distances are averaged over the places before they are squared: too high here and too low "
        "there would cancel. Square first.",
    "not_squared": "The bias is not squared: the parts add up only as squares.",
    "absolute": "The absolute distance was taken: the parts add up only as squares.",
    "deviation": "The root of the variance does not add up with the others: leave the square.",
    "unbiased": "It divides by M - 1. That estimates the variance of all possible fits without bias; but the "
        "three parts add up to the error of these M fits only with M.",
    "noise_deviation": "The noise is given as a standard deviation; its part of the error is the square.",
    "summed": "It adds up over the places: the error is a mean over them.",
}, hints=[
    "Begin with the mean fit: one number for each place. Which of the three parts can do without y?",
    "On average over new points, how large is the squared distance between mean fit and y? Two of the three "
        "parts are in it.",
    "Each part is squared at every place and then averaged over all that is left.",
], solution=decompose_solution, why="With these three, the sum is exactly the mean of (predictions - y)²: "
    "the mixed term vanishes, as the fits' distances from their own mean add up to 0. With few points bias² "
    "may come out below 0: it is an estimate.")


# Exercise: the mean of M fits

def averaging(M, bias2, variance, noise, unchanged=False, all_of_it=False, bias_too=False, noise_too=False,
              by_root=False, by_square=False, as_sum=False, by_one_less=False, rest=False, noise_lost=False):
    """M fits, each to data of its own; bias2, variance, noise: parts of one's error -> of their mean's."""
    factor = (M - 1) / M if rest else 1 / (M - 1) if by_one_less else M ** (
        0 if unchanged else 1 if as_sum else -0.5 if by_root else -2 if by_square else -1)
    return (bias2 * (factor if bias_too or all_of_it else 1), variance * factor,
            noise * (0 if noise_lost else factor if noise_too or all_of_it else 1))


def average_of_solution(M, bias2, variance, noise):
    return bias2, variance / M, noise


average_of = Exercise(averaging, probes=[
    (4, 0.01, 0.08, 0.09), (3, 0.5, 0.6, 0.2),
], names=decompose.names, mistakes={
    "unchanged": "It is the variance of one fit. The fits err in different directions, and in their mean "
        "that partly cancels.",
    "all_of_it": "The whole error is divided by M. Only what differs from fit to fit cancels.",
    "noise_lost": "The noise is gone. It is in the new points, and no mean of fits can foretell it.",
    "noise_too": "The noise is divided too. It is in the new points, of which each is met once: no mean of "
        "fits takes it away.",
    "bias_too": "Bias² is divided too. It belongs to the mean fit, and the mean of M fits has, on average, "
        "the same mean.",
    "by_root": "1/√M is what becomes of the standard deviation. The variance is its square.",
    "by_square": "1/M² is what becomes of one fit's share. But M of them add up: M/M² = 1/M.",
    "rest": "(M - 1) / M is the part of the variance that goes away. 1 / M is left.",
    "by_one_less": "It is divided by M - 1. The mean of M independent fits has 1/M of the variance of one.",
    "as_sum": "M times the variance of one is that of the fits' sum. Their mean is the sum divided by M.",
}, hints=[
    "Which of the three parts differ from fit to fit? Only those can cancel.",
    "The variance of a sum of M independent numbers is M times that of one. A mean is that sum divided by M.",
    "Dividing by M divides a variance by M².",
], solution=average_of_solution, why="Independent is the word that counts: each fit has data of its own. "
    "Nets trained on the same data share what those data have wrong.")


# Exercise: stopped by a validation set

def stopping_early(validation, test, the_time=False, never=False, by_test=False, validation_error=False,
                   one_for_all=False, worst=False, first_rise=False, later=False, earlier=False,
                   best_net=False, by_both=False, start=False, lowest_of_all=False):
    """validation, test (T, S): errors at T times of S nets
    -> (S,): each net's test error where its own validation error is lowest."""
    T, S = test.shape
    by = test if by_test else validation + test if by_both else validation
    if best_net:
        return test.gather(1, validation.argmin(1)[:, None])[:, 0]
    rises = torch.cat([validation[1:] > validation[:-1], torch.ones(1, S) > 0])  # (T, S); at last always
    when = (torch.full((S,), T - 1) if never else validation.mean(1).argmin().expand(S) if one_for_all
            else rises.int().argmax(0) if first_rise else by.argmax(0) if worst else by.argmin(0))
    when = 0 * when + (0 if start else validation.argmin() // S) if start or lowest_of_all else when
    when = (when + int(later) - int(earlier)).clamp(0, T - 1)
    if the_time:
        return when
    return validation.min(0).values if validation_error else test.gather(0, when[None])[0]


def stopped_solution(validation, test):
    row = validation.argmin(0)                # (S,): the best step of each net
    return test[row, torch.arange(len(row))]  # (S,): its test error there


_val = torch.tensor([[0.9, 0.8, 0.7], [0.5, 0.82, 0.3], [0.55, 0.4, 0.6], [0.45, 0.6, 0.5], [0.7, 0.9, 0.8]])
_test = torch.tensor([
    [0.95, 0.7, 0.75], [0.35, 0.6, 0.42], [0.6, 0.46, 0.41], [0.52, 0.44, 0.62], [0.65, 0.8, 0.9]])

stopped = Exercise(stopping_early, probes=[
    (_val[:4, :2], _test[:4, :2]), (_val, _test),
], names=("the test error",), mistakes={
    "the_time": "It gives the rows at which to stop. Asked is the test error in these rows.",
    "by_test": "Your code chooses the step by the test error. Test points may only measure, not "
        "choose.",
    "by_both": "It stops where validation and test error together are lowest. So the test points help to "
        "choose the step, and the test error is then too low.",
    "validation_error": "It gives the lowest validation error. This value is too low, because it "
        "chose the step. Asked is the test error.",
    "start": "That is the error at the first step.",
    "lowest_of_all": "It stops all nets where one of them is lowest. Each has its own best step: argmin(0).",
    "one_for_all": "It stops all nets at one step. Each has its own data and its own best step.",
    "best_net": "It takes the best net at each step, over axis 1. Asked for is the best step of each net: "
        "argmin(0).",
    "later": "It is one row too late: the error is lowest at argmin itself.",
    "earlier": "It is one row too early: the error is lowest at argmin itself.",
    "never": "It does not stop: that is the error at the last step.",
    "worst": "It stops where the validation error is highest: argmin, not argmax.",
    "first_rise": "It stops at the first rise of the validation error. That curve wobbles: a lower value may "
        "come later. Take the lowest of all.",
}, hints=[
    "Two parts: the row at which each net stops, and the test error in that row.",
    "`validation.argmin(0)` gives S rows, one for each net.",
    "`test[row, torch.arange(len(row))]` takes from column s the value in row[s].",
], solution=stopped_solution, why="The validation set chooses the step. The test set only reports the error.")
