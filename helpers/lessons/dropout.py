"""Notebook 07: a mask for every sample; what is rescaled, what mistakes cost, one net for all."""
import torch

from ..checks.coins import alike, factor, following, values, whose_coins
from ..checks.exercises import Exercise
from ..checks.predict import Question

six_of_twelve = Question(
    "Twelve numbers pass a dropout layer with p = 0.5. How likely is it that exactly six of them are "
    "dropped?",
    {"certain": "p is a probability, not a count. Each number is dropped or kept on its own, so the count "
         "varies from draw to draw.",
     "1/2": "Six is the most likely count. But twelve other counts are possible, and they share the rest.",
     "0.23": "There are 4,096 masks of twelve entries, all equally likely. 924 of them have six zeros.",
     "0.08": "That is 1/13. It would be right if all thirteen counts were equally likely. Counts near six "
         "are more likely than 0 or 12."},
    "0.23")

trained_by = Question(
    "Two linear layers follow each other, without a ReLU, which would make zeros of its own. Dropout with "
    "p = 0.5 acts on the outputs of both. A weight leads from a unit of the first layer to a unit of the "
    "second. A batch's gradient is the mean of the gradients of its samples. For what share of the samples "
    "is the gradient of this weight not 0?",
    {"all samples": "A weight multiplies the output of the unit before it. Where that output is dropped, the "
         "weight has no effect on the loss, and its gradient is 0.",
     "about a half": "A half is right for the unit before the weight. The unit after it must be kept too: "
         "otherwise no gradient arrives.",
     "about a quarter": "Both ends must be kept: 1/2 times 1/2. With a ReLU it would be fewer, since a ReLU "
         "gives zeros of its own."},
    "about a quarter")

mean_and_sd = Question(
    "Many numbers have mean 1 and variance 1. They go through nn.Dropout(0.5) in train mode. About half "
    "of the numbers become 0, the others are doubled. The mean stays 1. What is the variance now?",
    {"0.5": "The zeros are equal to each other. But they lie apart from the doubled numbers. So the numbers "
         "spread more, not less.",
     "1": "The doubling repairs the mean. But half of the numbers are 0 now, and the others are twice as "
         "large. So the numbers spread more.",
     "2": "The mean square doubles, from 2 to 4. But the variance is the mean square minus the squared mean. "
         "The squared mean stays 1.",
     "3": "Before dropout the mean square is 1 + 1 = 2. Then half of the squares are 0, and the others are "
         "four times as large. So the mean square is 4. Subtract the squared mean, 1: the variance is 3."},
    "3")

functional = Question(
    "The forward pass of a net contains the line h = F.dropout(h, 0.5). You call net.eval(). How much of h "
    "does this line set to 0 now?",
    {"nothing: eval() stops dropout": "eval() sets a flag on modules, training = False. A function is no "
         "module. It takes training=True unless you hand over something else.",
     "about half, as in training":
         "F.dropout has an argument training, and its default is True. This line does not set it.",
     "nothing, but it halves all of h": "That would be the other scheme, which scales in eval mode. torch "
         "scales in training only."},
    "about half, as in training")

three_losses = Question(
    "A net trains with dropout. The training loop prints the mean loss of the last 100 batches: the printed "
    "loss. After training, the loss is measured in eval mode, on the training images and on new images. Sort "
    "the three losses, the lowest first.",
    {"printed, training images, new images": "The training loop printed the loss of nets with half of their "
         "units dropped. In eval mode nothing is dropped, and the loss is lower.",
     "training images, printed, new images": "The printed loss is that of training images, too. But half of "
         "the units were dropped, and this costs more than new images do.",
     "new images, training images, printed": "That would make the training images harder than new ones. They "
         "only looked harder, because units were dropped while the loop measured.",
     "training images, new images, printed": "The losses are about 0.27, 0.37 and 0.62. With all units the "
         "nets do better on training images. The printed loss was measured with dropout on."},
    "training images, new images, printed")

mean_or_scaled = Question(
    "A net has dropout on ten units, so it has 1,024 thinned nets. One answer is the mean of the "
    "probabilities of all 1,024. The other answer is that of eval mode: one net with all units. Which has "
    "the lower log loss on new images, after 250 steps of training?",
    {"the mean of all 1,024": "An ensemble often wins. But a mean of answers that disagree is less confident "
         "than they are on average. That costs log loss: after 250 steps even one net is not confident "
         "enough.",
     "the one net of eval mode": "It is the more confident of the two, and after 250 steps both are less "
         "confident than they are right.",
     "they are the same": "They would be if everything behind the dropout were linear. Here follow a ReLU "
         "and the softmax."},
    "the one net of eval mode")

around_relu = Question(
    "The same mask, rescaled as torch does, is put before a ReLU or behind it. What does the next layer get?",
    {"before: fewer zeros": "ReLU(0) = 0, so what is dropped before a ReLU stays 0.",
     "behind: fewer zeros": "A number that is negative or dropped becomes 0, in whichever order.",
     "the same numbers": "ReLU(0) = 0, and ReLU(2h) = 2 ReLU(h). For a sigmoid neither holds."},
    "the same numbers")


def _yellow(at):
    """Expected share of the nets in which both ends of the yellow weight are kept."""
    return (1 - at.p) ** 2


thin_goals = {
    "p = 0.5: guess how many nets of 100 keep the yellow weight. Then set draw to 20 or more":
        lambda at: at.p == 0.5 and at.draw >= 20,
    "draw = 100: find a p at which about half of the 300 nets keep the yellow weight":
        lambda at: at.draw == 100 and abs(_yellow(at) - 0.5) < 0.04,
}


def _close(a, b, part):
    return abs(a - b) <= part * max(abs(a), abs(b))


mode_goals = {
    "downscale_in_infer, p = 0.5: which mode has the larger variance?":
        lambda at: at.p == 0.5 and at.scheme == "downscale_in_infer",
    "upscale_in_train, p = 0.5: is the variance in training as you predicted?":
        lambda at: at.p == 0.5 and at.scheme == "upscale_in_train",
    "upscale_in_train: find a p at which the variance in training is about twice the variance in eval mode":
        lambda at: at.scheme == "upscale_in_train" and _close(at.train.var(), 2 * at.eval.var(), 0.03),
}


def _half(at, around):
    """Share of the layers of which about a half is dropped."""
    return ((at.dropped / at.units - 0.5).abs() <= around).float().mean()


count_goals = {
    "p = 0.5: a layer of which nine draws in ten drop 45 to 55 % of the units":
        lambda at: at.p == 0.5 and _half(at, 0.05) >= 0.9,
    "p = 0.5: a layer that loses all of its units in more than one draw of a hundred":
        lambda at: at.p == 0.5 and (at.dropped == at.units).float().mean() > 0.01,
    "12 units: a p at which no draw in a hundred loses more than half of them":
        lambda at: at.units == 12 and at.p > 0 and (at.dropped > 6).float().mean() < 0.01,
}


# rows of at.train and at.test; the present setting is the last column
MEAN, NORM, VARIANCE = 0, 1, 2


def _near(at, what, times=1, part=0.05):
    """Whether this number is in training, but for this part, so many times what it is in eval mode."""
    return _close(at.train[what, -1], times * at.test[what, -1], part)


rescaling_goals = {
    "values with mean 0, p at least 0.5: the means agree, and yet units are missing. Which number shows it?":
        lambda at: (at.values == "mean 0" and at.p >= 0.5 and not _near(at, NORM, 1, 0.3)
                    and abs(at.train[MEAN, -1] - at.test[MEAN, -1]) < 0.05),
    "values behind a ReLU: a scheme and a p > 0.3 with the same mean and the same L1 norm":
        lambda at: at.values == "behind ReLU" and at.p > 0.3 and _near(at, MEAN) and _near(at, NORM),
}


def dropping(x, p, training, keeps=False, mask_keeps=False, fixed_share=False, normal=False,
             normal_above=False, whole_samples=False, one_mask=False, same_again=False, exact=False,
             drops_in_eval=False, downscaled=False, mask_only=False, no_rescale=False, rescale_by_p=False,
             times=False, fixed_factor=False, share_kept=False, scaled_in_eval=False, gradient_passes=False,
             no_gradient=False, zeros_pass=False, zeros_stop=False, eval_zero=False, eval_up=False,
             one_coin=False, nothing=False):
    """x (N, C) -> 0 with probability p, else x / (1 - p); x itself in eval mode."""
    if nothing or not training and (eval_zero or eval_up):
        return x if nothing else 0 * x if eval_zero else x / (1 - p)
    if not training and not drops_in_eval:
        return x * (1 - p) if downscaled or scaled_in_eval else x
    keep = p if keeps or mask_keeps else 0.5 if fixed_share else -p if normal_above else 1 - p
    shape = (1, 1) if one_coin else (len(x), 1) if whole_samples else x.shape[1:] if one_mask else x.shape
    toss = torch.randn if normal or normal_above else torch.rand
    drawn = toss(shape, generator=torch.Generator().manual_seed(0) if same_again else None)
    if exact:  # evenly spaced, in random order
        drawn = (drawn.argsort(-1).argsort(-1) + 0.5) / shape[-1]
    mask = (drawn < keep).double().to(x.dtype)
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
    kept = torch.rand(x.shape) >= p  # (N, C): each number for itself, kept with 1 - p
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
    return {"share dropped at p = 0.2 and 0.6": following(share), "a new mask at each call": alike(calls),
            "a mask for each sample": alike(samples),
            "a draw for each unit": (alike(units), alike(count)),
            "factor on what is kept": following(times),
            "the factor in eval mode": alike(calm),
            "the gradient": tuple(map(alike, slopes))}


dropout = Exercise(dropping, observe=_seen, mistakes={
    "keeps":
        "At p = 0.2 it drops 80 % of the numbers. Wanted: 20 %, since torch's p is the probability to drop.",
    "mask_keeps": "At p = 0.2 it drops 80 % of the numbers. Wanted: 20 %. The factor is right.",
    "fixed_share": "It drops the same share whatever p is: compare the random numbers with p.",
    "normal": "The random numbers are from a bell curve, randn: the share of them below 1 - p is not 1 - p. "
        "`torch.rand` lies evenly between 0 and 1.",
    "normal_above": "The random numbers are from a bell curve, randn: at p = 0.2 it drops 58 %. "
        "`torch.rand` lies evenly between 0 and 1.",
    "nothing": "Nothing is dropped: x comes back as it was.",
    "one_coin": "One draw decides for all numbers at once. Each number is dropped or kept on its own.",
    "whole_samples": "One draw decides for a whole sample. Each number is dropped or kept on its own.",
    "one_mask": "One mask serves the whole batch. Each sample needs its own: the mask has the shape of x.",
    "same_again":
        "Each call drops the same numbers. Do not set a seed inside: the mask is drawn anew each time.",
    "exact": "It always drops the same number of units. Each number is dropped on its own, so the count "
        "varies from draw to draw.",
    "drops_in_eval": "It drops in eval mode too. There the answer must not depend on chance: with "
        "training=False give back x.",
    "eval_zero": "In eval mode all is 0. There nothing is dropped: with training=False give back x.",
    "eval_up": "In eval mode x is divided by 1 - p. There nothing is dropped, so nothing is made up for: "
        "give back x.",
    "downscaled": "This is downscale_in_infer: it scales down in eval mode. torch divides the kept numbers "
        "by 1 - p in training and leaves eval mode alone.",
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
    "zeros_pass": "Where x is 0 the gradient passes as if there were no dropout. The mask says whether a "
        "number was kept; output over input does not. So keep the mask.",
    "zeros_stop": "Where x is 0 no gradient passes, as if all of these had been dropped. An input of 0 may "
        "be kept too: use the mask.",
}, hints=[
    "Three questions: which mode is it? which numbers are kept? what happens to the kept ones?",
    "A random number for each entry: `torch.rand(x.shape)` lies evenly between 0 and 1. With which "
        "comparison is it True with probability 1 - p?",
    "On average a share of 1 - p of a sum is left. Which factor on the kept numbers makes up for that?",
], solution=dropout_solution, why="The next layer gets the same mean in training as in eval mode. Code "
    "that runs a trained net does not need to know about the dropout.")


def expecting(h, weight, p, shrunk=False, doubled=False, one_draw=False, keeps=False, mean_square=False,
              unscaled=False, unsquared=False, weight_once=False, h_once=False, no_weight=False, no_h=False,
              no_factor=False, kept_share=False, deviation=False):
    """h (C,), weight (C,) -> mean and variance, over the masks, of sum_i weight_i mask_i h_i / (1 - p)."""
    total = (weight * h).sum()
    squares = (total ** 2 if one_draw else total if unsquared else weight @ h.square() if weight_once
               else weight.square() @ h if h_once else h.square().sum() if no_weight
               else weight.square().sum() if no_h else (weight * h).square().sum())
    variance = squares * (
        1 if no_factor else 1 - p if kept_share else (1 - p) / p if keeps else 1 / (1 - p) if mean_square
        else p * (1 - p) if unscaled else p / (1 - p))
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
    "doubled": "The mean is scaled up, but it needs no factor: a share of 1 - p is left, divided by 1 - p.",
    "one_draw": "That is the variance if one draw decides for all units: (sum of all)². Each unit is dropped "
        "on its own, so the variances add up: square first, then sum.",
    "unsquared": "The variance lacks the squares: twice the weight is four times the variance.",
    "weight_once": "In the variance h is squared and the weight is not: square their product.",
    "h_once": "In the variance the weight is squared and h is not: square their product.",
    "no_weight": "The weights are missing in the variance: each part is weight * h.",
    "no_h": "h is missing in the variance: each part is weight * h.",
    "kept_share": "1 - p is the share that is kept. The variance of mask / (1 - p) is p / (1 - p).",
    "no_factor": "These are the squares of the parts. The variance is that of the mask, too: p / (1 - p) "
        "times as much.",
    "keeps": "The variance takes p for the probability to keep. It must be 0 where nothing is dropped.",
    "mean_square": "That is the mean square. Of each unit subtract the square of its mean: 1 / (1 - p) - 1 "
        "is p / (1 - p).",
    "unscaled": "That is the variance without rescaling, p (1 - p). Dividing by 1 - p divides it by the "
        "square of that.",
    "deviation": "That is the standard deviation, the root of the variance.",
}, hints=[
    "The mean of a sum is the sum of the means. What is the mean of mask / (1 - p)?",
    "The entries of the mask are independent, so the variances of the parts add up. What is the variance of "
        "one part, a · mask / (1 - p)?",
    "The mask is 1 with probability 1 - p, else 0: its variance is p (1 - p). Dividing by 1 - p divides the "
        "variance by (1 - p)².",
], solution=expected_output_solution, why="Dropout keeps the mean and adds noise. The noise grows with "
    "p / (1 - p) and with the squares of the parts: a few large parts are noisier than many small ones.")
