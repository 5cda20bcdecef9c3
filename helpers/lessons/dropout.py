"""Notebook 07: dropout draws a net for each sample; what is rescaled, what mistakes cost, one net for all."""
import torch

from ..checks.coins import alike, factor, following, values, whose_coins
from ..checks.exercises import Exercise
from ..checks.predict import Question

six_of_twelve = Question(
    "Twelve numbers pass a dropout layer with p = 0.5. How likely is it that exactly six of them are "
    "dropped?",
    {"certain": "A rate is no count. Each number has a coin of its own, and twelve coins show six heads only "
         "now and then.",
     "1/2": "Six is the likeliest count, but there are twelve others.",
     "0.23": "924 of the 4,096 ways to drop some of twelve drop six: 0.226.",
     "0.08": "That is 1/13: it would be so if all thirteen counts were equally likely. Those near six are "
         "likelier than those far from it."},
    "0.23")

trained_by = Question(
    "Two layers in a row have dropout with p = 0.5; no output is 0 but by dropout. A weight leads from a "
    "unit of the first to a unit of the second. Which part of the samples trains it, that is, gives it a "
    "gradient?",
    {"every sample": "The weight is multiplied by the output of the unit before it: where that is set to 0, "
         "the weight plays no part, and gets no gradient.",
     "about a half":
         "That is how often the unit before it is kept. But the unit that it feeds must be kept too.",
     "about a quarter":
         "Both of its ends must be kept: 1/2 times 1/2. Where a ReLU gives 0, it is fewer still."},
    "about a quarter")

mean_and_sd = Question(
    "Many numbers with mean 1 and standard deviation 1 pass nn.Dropout(0.5) in train mode: it sets about "
    "half of them to 0 and doubles the others. Mean and standard deviation are then about",
    {"1 and 1": "Doubling restores the mean. But half of the numbers are now 0, and the others lie twice as "
         "far out.",
     "0.5 and 0.5": "That is what halving all of them would give.",
     "1 and 1.73": "The mean square was 1² + 1² and is now ½ · 4 · (1² + 1²) = 4. Less the squared mean, 1, "
         "that is a variance of 3.",
     "0.5 and 1": "The mean would be 0.5 without the doubling."},
    "1 and 1.73")

functional = Question(
    "The forward pass of a net holds the line h = F.dropout(h, 0.5). After net.eval(), which part of h does "
    "this line set to 0?",
    {"nothing: that is what eval() is for": "eval() sets a flag on modules, training = False. A function "
         "knows of no module: unless it is told, it takes training=True.",
     "about half, as in training":
         "F.dropout takes training=True unless it is told otherwise. Nobody told it.",
     "nothing, but it halves all of h":
         "That is the other convention, downscale_in_infer. torch's F.dropout knows it not."},
    "about half, as in training")

three_losses = Question(
    "The same nets after 250 steps. The loss printed in training, averaged over the last 100 steps: about "
    "0.6. The loss on new images, in eval mode: about 0.35. And in eval mode on the training images "
    "themselves? About",
    {"0.6":
         "That is what the training loop printed: the loss of thinned nets. In eval mode nothing is dropped.",
     "0.35": "As on new images: the nets had 250 steps to learn the training images, and do better on those.",
     "0.45": "The printed loss is that of thinned nets, most of it due to the dropping.",
     "0.25": "Without the coins the net does better on the images that it knows than on new ones, as usual. "
         "The printed loss compares unlike things."},
    "0.25")

mean_or_scaled = Question(
    "A small net (32 units, then ten with dropout 0.5, then 24; trained for 250 steps) is 1,024 thinned nets "
    "in one. The mean of all their probabilities is the exact average; eval mode gives one answer, of the "
    "net with nothing dropped. Which has the lower log loss on 200 new images?",
    {"the mean of all 1,024": "Answers that differ average to one that is less sure, and after so few steps "
         "even the one net is less sure than it is right. Made surer, the mean is no worse.",
     "the one net of eval mode":
         "It is the surer of the two, and after 250 steps both are less sure than they are right.",
     "they are the same: one stands for the other":
         "They would be if everything behind the dropout were linear: no ReLU, and no softmax."},
    "the one net of eval mode")

around_relu = Question(
    "One and the same mask, rescaled as torch does, is put before a ReLU or after it. What does the next "
    "layer see?",
    {"before: fewer zeros, ReLU mends some": "ReLU(0) = 0: what is dropped before it stays 0.",
     "after: fewer zeros, ReLU has done its work": "Both give 0 where the unit was dropped or was negative.",
     "the same numbers either way": "ReLU(0) = 0, and ReLU(2h) = 2 ReLU(h). For a sigmoid neither holds."},
    "the same numbers either way")


def _cut(at):
    """Whether a sample of the newest draw has lost a whole layer."""
    return any(not layer.any(1).all() for layer in at.keep[-1].split([5, 12, 8], 1))


thin_goals = {
    "hidden 1 at 0.5, then Resample: a draw in which sample 1 loses exactly 6 of the 12. After how many?":
        lambda at: at.hidden_1 == 0.5 and at.resample > 1 and (~at.keep[-1, 0, 5:17]).sum() == 6,
    "one rate for both hidden layers at which the yellow weight is expected in 25 % of the nets":
        lambda at: at.hidden_1 == at.hidden_2 == 0.5,
    "no rate above 0.8, and yet a net with a whole layer lost":
        lambda at: max(at.inputs, at.hidden_1, at.hidden_2) <= 0.8 and _cut(at),
}


# rows of at.train and at.test; the present setting is the last column
MEAN, NORM, VARIANCE = 0, 1, 2


def _near(at, what, times=1, part=0.05):
    """Whether this number is in training, but for this part, so many times what it is in eval mode."""
    a, b = at.train[what, -1], times * at.test[what, -1]
    return abs(a - b) <= part * max(abs(a), abs(b))


rescaling_goals = {
    "p = 0.5, a scheme whose mean agrees in training and eval mode":
        lambda at: at.p == 0.5 and at.values != "mean 0" and _near(at, MEAN),
    "such a scheme, values with mean 1: the p at which the variance in training is twice that in eval mode":
        lambda at: at.values == "mean 1" and _near(at, MEAN) and _near(at, VARIANCE, 2, 0.02),
    "values with mean 0, p at least 0.5: the means agree, and yet something is wrong. Which number shows it?":
        lambda at: (at.values == "mean 0" and at.p >= 0.5 and not _near(at, NORM, 1, 0.3)
                    and abs(at.train[MEAN, -1] - at.test[MEAN, -1]) < 0.05),
}


def dropping(x, p, training, keeps=False, mask_keeps=False, fixed_share=False, normal=False,
             normal_above=False, whole_samples=False, one_mask=False, same_again=False, exact=False,
             drops_in_eval=False, downscaled=False, mask_only=False, no_rescale=False, rescale_by_p=False,
             times=False, fixed_factor=False, share_kept=False, scaled_in_eval=False, gradient_passes=False,
             no_gradient=False, zeros_pass=False, zeros_stop=False):
    """x (N, C) -> 0 with probability p, else x / (1 - p); x itself in eval mode."""
    if not training and not drops_in_eval:
        return x * (1 - p) if downscaled or scaled_in_eval else x
    keep = p if keeps or mask_keeps else 0.5 if fixed_share else -p if normal_above else 1 - p
    shape = (len(x), 1) if whole_samples else x.shape[1:] if one_mask else x.shape
    toss = torch.randn if normal or normal_above else torch.rand
    coins = toss(shape, generator=torch.Generator().manual_seed(0) if same_again else None)
    if exact:  # evenly spaced, in random order
        coins = (coins.argsort(-1).argsort(-1) + 0.5) / shape[-1]
    mask = (coins < keep).double().to(x.dtype)
    kept = mask.expand_as(x) if mask_only else x * mask
    y = (kept if no_rescale or downscaled else kept * (1 - p) if times else kept * 2 if fixed_factor
         else kept / mask.mean() if share_kept else kept / (p if keeps or rescale_by_p else 1 - p))
    y = torch.where(x == 0, x if zeros_pass else 0.0, y) if zeros_pass or zeros_stop else y
    return y.detach() if no_gradient else x + (y - x).detach() if gradient_passes else y


def dropout_solution(x, p, training):
    if not training:
        return x                     # eval mode: nothing to do
    if p == 1:
        return 0 * x                 # nothing is kept: 0, not 0 / 0
    kept = torch.rand(x.shape) >= p  # (N, C): a coin for each number, kept with 1 - p
    return x * kept / (1 - p)


# neither is 1/2, where keeping with p would look like dropping with p, nor 1 minus the other
RATES = 0.2, 0.6


def _at(f, p):
    """What is seen at this rate: one value for each of SEEN."""
    x = (1 + torch.rand(50, 40)) * (torch.rand(50, 40) - 0.5).sign()
    outs = torch.stack([f(x, p, True).detach() for _ in range(20)])  # (calls, N, C)
    share, (calls, *others) = whose_coins(outs == 0)
    counts = {int((f(torch.ones(1, 12), p, True) == 0).sum()) for _ in range(20)}
    x0 = (x * (torch.rand(50, 40) < 0.7)).requires_grad_()  # with zeros, as behind a ReLU
    y = f(x0, p, True)
    slope = torch.autograd.grad(y.sum(), x0)[0] if y.requires_grad else torch.zeros_like(x0)
    x0, y = x0.detach(), y.detach()
    lost, kept, times = (x0 != 0) & (y == 0), (x0 != 0) & (y != 0), (y / x0).double()
    calm = f(x0, p, False)
    steady = values((calm / x0)[x0 != 0]) if (calm[x0 == 0] == 0).all() else "none: 0 does not stay 0"
    return (share, calls, *others, "varies" if len(counts) > 1 else "is always the same", factor(outs, x),
            steady, values(slope[lost]), values(slope[kept] / times[kept]),
            values(slope[x0 == 0] / times[kept].mean()))


def _seen(f):
    share, calls, samples, units, count, times, calm, *slopes = zip(*[_at(f, p) for p in RATES])
    return {"share dropped at p = 0.2 and 0.6": following(share), "new coins at each call": alike(calls),
            "each sample its coins": alike(samples), "each unit its coins": (alike(units), alike(count)),
            "factor on what is kept": following(times),
            "factor in eval mode": alike(calm), "gradient": tuple(map(alike, slopes))}


dropout = Exercise(dropping, observe=_seen, mistakes={
    "keeps":
        "At p = 0.2 it drops 80 % of the numbers. Wanted: 20 %, since torch's p is the probability to drop.",
    "mask_keeps": "At p = 0.2 it drops 80 % of the numbers. Wanted: 20 %. The factor is right.",
    "fixed_share": "It drops the same share whatever p is: compare the coins with p, not with a number.",
    "normal": "The coins are from a bell curve, randn: below 1 - p lies another share of it. `torch.rand` "
        "lies evenly between 0 and 1.",
    "normal_above": "The coins are from a bell curve, randn: at p = 0.2 it drops 58 %. `torch.rand` lies "
        "evenly between 0 and 1.",
    "whole_samples": "One coin decides for a whole sample. Each number has a coin of its own.",
    "one_mask": "One mask serves the whole batch. Each sample draws its own: the mask has the shape of x.",
    "same_again":
        "Each call drops the same numbers. Do not set a seed inside: the mask is drawn anew each time.",
    "exact": "It always drops the same number of units. Each number has a coin of its own, so the count "
        "varies from draw to draw.",
    "drops_in_eval": "It drops in eval mode too. There the answer must not depend on chance: with "
        "training=False give back x.",
    "downscaled": "This is downscale_in_infer: it scales down in eval mode. Asked for is torch's way: divide "
        "the kept numbers by 1 - p in training, leave eval mode alone.",
    "mask_only": "What comes out is the mask: multiply x by it.",
    "no_rescale": "The kept numbers are not scaled up, so the next layer gets less in training than in eval "
        "mode: divide them by 1 - p.",
    "rescale_by_p":
        "The kept numbers are divided by p. They are kept with probability 1 - p: divide by that.",
    "times": "The kept numbers are multiplied by 1 - p, which makes what is left smaller still: divide.",
    "fixed_factor": "What is kept is multiplied by the same factor whatever p is: it is 1 / (1 - p).",
    "share_kept": "It divides by the share that this draw has kept, so the factor varies. Divide by 1 - p, "
        "the share kept on average: then each number stays what it is, on average.",
    "scaled_in_eval": "It scales twice: up in training, and down in eval mode. One of the two is enough, and "
        "torch does the first.",
    "gradient_passes": "The gradient passes where a number was dropped. Let autograd follow the "
        "multiplication by the mask: no .data and no detach().",
    "no_gradient": "No gradient comes back to x: what is behind it could not learn. No detach(), no .data "
        "and no no_grad().",
    "zeros_pass": "Where x is 0 the gradient passes as if there were no dropout. Whether a number was kept "
        "says the mask, not output over input: keep the mask.",
    "zeros_stop": "Where x is 0 no gradient passes, as if all of these had been dropped. An output of 0 may "
        "have been kept: go by the mask.",
}, hints=[
    "Three questions: which mode is it? which numbers are kept? what happens to the kept ones?",
    "A coin for each number: `torch.rand(x.shape)` lies evenly between 0 and 1. With which comparison is it "
        "True with probability 1 - p?",
    "On average 1 - p of a sum is left. By what must the kept numbers be divided to make up for it?",
], solution=dropout_solution, why="The next layer gets the same mean in training as in eval mode, and code "
    "that runs a trained net need not know that there was dropout.")


def expecting(h, weight, p, shrunk=False, doubled=False, one_coin=False, keeps=False, mean_square=False,
              unscaled=False, unsquared=False, deviation=False):
    """h (C,), weight (C,) -> mean and variance, over the masks, of sum_i weight_i mask_i h_i / (1 - p)."""
    total = (weight * h).sum()
    squares = total ** 2 if one_coin else total if unsquared else (weight * h).square().sum()
    variance = squares * (
        (1 - p) / p if keeps else 1 / (1 - p) if mean_square else p * (1 - p) if unscaled else p / (1 - p))
    return (total * (1 - p) if shrunk else total / (1 - p) if doubled else total,
            variance.abs().sqrt() if deviation else variance)


def expected_output_solution(h, weight, p):
    parts = weight * h  # (C,) what each unit adds when nothing is dropped
    return parts.sum(), p / (1 - p) * parts.square().sum()


expected_output = Exercise(expecting, probes=[
    (torch.tensor([1.0, 2, 3]), torch.tensor([2, -1, 0.5]), 0.2),
    (torch.tensor([0.5, -4, 0, 2]), torch.tensor([1, 0.25, -3, 1.5]), 0.75),
], names=("mean", "variance"), mistakes={
    "shrunk": "The mean is that without rescaling. The kept numbers are divided by 1 - p, which makes up for "
        "the dropped ones.",
    "doubled": "The mean is scaled up, but only what is kept is: a share of 1 - p is left, divided by 1 - p.",
    "one_coin": "The variance is that of one coin for all units: (sum of all)². Each unit has a coin of its "
        "own, so the variances add up: square first, then sum.",
    "unsquared": "The variance lacks the squares: twice the weight is four times the variance.",
    "keeps": "The variance takes p for the probability to keep. It must be 0 where nothing is dropped.",
    "mean_square": "That is the mean square. Of each unit subtract the square of its mean: 1 / (1 - p) - 1 "
        "is p / (1 - p).",
    "unscaled": "That is the variance without rescaling, p (1 - p). Dividing by 1 - p divides it by the "
        "square of that.",
    "deviation": "That is the standard deviation, the root of the variance.",
}, hints=[
    "The mean of a sum is the sum of the means. What is the mean of mask / (1 - p)?",
    "The coins are independent, so that the variances of the parts add up. What is the variance of one part, "
        "a · mask / (1 - p)?",
    "The mask is 1 with probability 1 - p, else 0: its variance is p (1 - p). Dividing by 1 - p divides the "
        "variance by (1 - p)².",
], solution=expected_output_solution, why="Dropout changes nothing in the mean and adds noise. The noise "
    "grows with p / (1 - p), and with the squares of what the units add: few large parts are noisier than "
    "many small ones.")
