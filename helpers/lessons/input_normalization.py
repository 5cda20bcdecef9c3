"""Notebook 01: what the scale of a feature does to the loss; how to standardize; which rates are stable."""
import torch

from ..checks.exercises import Exercise
from ..checks.predict import Question
from ..checks.through import as_well_far_off

steepness = Question(
    "A linear model predicts w₁x₁ + w₂x₂. Feature x₁ is spread evenly between −200 and 200, feature x₂ "
    "between −10 and 10. The loss is the mean squared error. The curvature along w₁ is how many times the "
    "curvature along w₂?",
    {"20": "That is the ratio of the two ranges. But the loss holds the square of w₁x₁, "
         "and so the square of the range.",
     "200": "That is the range of x₁ alone. The curvature along w₂ is not 1: x₂ has a range, too.",
     "400": "The loss holds (w₁x₁)². So the curvature grows with the square of the range: "
         "20 times the range gives 20 · 20 times the curvature.",
     "it depends on the targets": "The targets decide where the lowest point lies. The curvature is the same "
         "everywhere, and only the inputs stand in it."},
    "400")

overshoot = Question(
    "The curvature is 10. At rate 0.1 one step leads from d = 1 exactly to the bottom, d = 0. "
    "Descent diverges if every step increases the distance from the bottom. At which rates does descent "
    "diverge?",
    {"at all above 0.1": "Beyond 0.1 a step crosses the bottom. It may still end nearer than it began: "
         "at 0.15 the factor is −0.5, so each step halves the distance.",
     "at all above 0.2": "The factor 1 − 10 · 0.2 is −1: as far away, on the other side. At any larger rate "
         "each step ends further out.",
     "at all above 1": "A rate of 1 takes off the whole slope, which is 10 times the distance here. "
         "That step ends nine times as far away.",
     "at none, but it zigzags for long": "It zigzags and arrives while the factor lies between −1 and 0. "
         "Below −1 every step is longer than the last, without end."},
    "at all above 0.2")

last_to_arrive = Question(
    "Descent on two weights diverges above a certain rate. Now both weights move at 0.9 of this rate. Which "
    "weight gets to its best value last? (x₁ from −200 to 200, x₂ from −10 to 10)",
    {"w₁, because it zigzags": "It does zigzag: the factor of w₁ is −0.8. "
         "But after about twenty steps, 1 % of its distance is left.",
     "w₂, because its slope is small": "Both weights take the same rate, which the steep w₁ limits. A step "
         "along w₂ then covers less than 1/200 of its distance, so w₂ needs a thousand steps.",
     "neither, because they share the rate": "They share the rate, not the curvature. The share of its "
         "distance that a weight covers in a step is rate times curvature."},
    "w₂, because its slope is small")

correlated = Question(
    "Two standardized features have correlation 0.95. How many times more strongly does the loss curve in "
    "its steepest direction than in its flattest?",
    {"1": "Each feature has sd 1, so the loss is as steep along w₁ as along w₂. But the steepest direction "
          "lies between the two, where both features push together.",
     "20": "That is 1 / (1 − 0.95), as if only the flat direction had changed. "
           "The steep one is steeper, too.",
     "39": "Along (1, 1) the two features add up and the curvature is 2 (1 + 0.95). Along (1, −1) they "
           "nearly cancel: 2 (1 − 0.95). The ratio is 1.95 / 0.05.",
     "400": "Those two ranges gave 400. With standardized features it takes a correlation of 0.995."},
    "39")

bias_term = Question(
    "x₁ runs over 0 to 400, x₂ over −10 to 10. You add a bias: a third feature that is always 1. "
    "What happens to the condition number?",
    {"it stays about the same": "The bias has a curvature of its own, and x₁ with its mean of 200 resembles "
         "it: the two can almost cancel.",
     "it grows about twofold": "One more weight is not one more factor of 2. What counts is how flat the "
         "flattest direction is, and the bias makes a very flat one.",
     "it grows over 100-fold": "Raise the bias by 200 and lower w₁ by 1: on average the "
         "prediction is the same. This direction is far flatter than w₂ was.",
     "it falls": "A bias makes the best loss lower, since it takes up the mean of the targets. "
         "That says nothing about the path there."},
    "it grows over 100-fold")

raw_pixels = Question(
    "A net for digits does well at learning rate 0.1 on standardized images. The same net at the same rate "
    "is now fed with raw pixels, 0 to 255. It learns",
    {"just as well": "A first layer with smaller weights could do the same. But the weights begin at the "
         "usual size, and the steps of descent are made for inputs near 1.",
     "more slowly": "Larger inputs make the slopes larger, so the steps become longer, not shorter: "
         "too long for the curvature.",
     "not at all": "The mean square of raw pixels is about 7,000 times as large, and the loss at the start "
         "curves thousands of times more. So 0.1 is far above the limit: the first steps ruin the weights."},
    "not at all")


def _limit(at):
    return 2 / torch.linalg.eigvalsh(at.hessian).max()


def _near_limit(span):
    def test(at):
        near = 0.8 < at.rate / _limit(at) < 1
        return near and not at.normalize and at.offset == 0 and at.range_of_x1 == span
    return test


def _arrives_soon(at):
    far = at.path.norm(dim=1)
    return at.normalize and bool((far[:6] < 0.01 * far[0]).any())


ravine_goals = {
    "range 200: the largest rate at which descent does not diverge": _near_limit(200),
    "range 100: the largest rate again. How many times larger is it than for range 200?": _near_limit(100),
    "range 100 and rate 0.0001: an offset at which descent diverges":
        lambda at: not at.normalize and at.range_of_x1 == 100 and at.rate == 1e-4 > _limit(at),
    "normalize: a rate at which descent goes 99 % of the way within 5 steps": _arrives_soon,
}

correlation_goals = {
    "a correlation at which the ratio is near 400, as for the features of the core":
        lambda at: 330 < torch.linalg.cond(at.hessian) < 480,
    "the largest correlation at which descent goes 99 % of the way within 100 steps":
        lambda at: 95 < int((at.path.norm(dim=1) > 0.01 * at.path[0].norm()).sum()) <= 100,
}


def standardizing(train, test, own_statistics=False, pooled=False, test_statistics=False, test_raw=False,
        over_samples=False, over_everything=False, min_max=False, no_centre=False, only_centred=False,
        brackets=False, variance=False, no_constant=False, zeroed=False, tiny=False, epsilon=False,
        unbiased=False, one_pass=False, own_mean=False, own_sd=False, train_raw=False, max_abs=False,
        by_range=False, clamped=False):
    """train (N, D), test (M, D) -> both, each feature by train's mean and sd; a constant one is centred."""
    over = (0, 1) if over_everything else int(over_samples)

    def transform(x, of):
        mean, sd = of.mean(over, keepdim=True), of.std(over, unbiased=unbiased, keepdim=True)
        sd = (of.square().mean(over, keepdim=True) - mean ** 2).sqrt() if one_pass else sd
        if min_max:
            mean, sd = of.amin(over, keepdim=True), of.amax(over, keepdim=True) - of.amin(over, keepdim=True)
        sd = of.amax(over, keepdim=True) - of.amin(over, keepdim=True) if by_range else sd
        mean, sd = (0, of.abs().amax(over, keepdim=True)) if max_abs else (mean, sd)
        sd = sd ** 2 if variance else sd.clamp(min=1) if clamped else sd
        sd = (sd if no_constant else sd + 1e-8 if tiny else sd + 1e-5 if epsilon
              else torch.where(sd == 0, torch.inf if zeroed else 1.0, sd))
        return (x / sd if no_centre else x - mean if only_centred else x - mean / sd if brackets
                else (x - mean) / sd)
    every = torch.cat([train, test]) if pooled else test if test_statistics else train
    scaled = test if test_raw else transform(test, test if own_statistics or over_samples else every)
    if own_mean or own_sd:
        mean, sd = (test if own_mean else train).mean(0), (test if own_sd else train).std(0, unbiased=False)
        scaled = (test - mean) / torch.where(sd == 0, 1.0, sd)
    return train if train_raw else transform(train, every), scaled


def standardize_solution(train, test):
    # (D,), (D,): of the training set, one a feature
    mean, sd = train.mean(0), train.std(0, unbiased=False)
    sd = torch.where(sd == 0, 1.0, sd)  # a constant feature is centred and then left alone
    return (train - mean) / sd, (test - mean) / sd


_g = torch.Generator().manual_seed(3)
_six, _four = (torch.randn(n, 3, generator=_g).round(decimals=1) for n in (6, 4))
_train = torch.tensor([5.0, 3.0, -1.0]) + torch.tensor([20.0, 0.0, 0.5]) * _six
_test = torch.tensor([9.0, 3.0, -1.2]) + torch.tensor([10.0, 0.0, 0.5]) * _four

_few = (torch.tensor([[-2.0, 0.01], [0.0, 0.03], [1.0, 0.02], [0.0, -0.01]]),
        torch.tensor([[0.0, 0.05], [7.0, -1.0]]))


def _scaled(f):
    """A feature that is constant in training alone; what is huge is not told apart."""
    _, one = f(torch.tensor([[1.0, 2], [3, 2], [8, 2]]), torch.tensor([[0.0, 1.5], [1, 2], [5, 4]]))
    one = torch.as_tensor(one)[:, 1]
    huge = one.isfinite().all() and one.abs().max() > 1000
    return {"a test feature that is constant in training": "is huge" if huge else one,
            "as well far from 0": as_well_far_off(lambda h: f(h, h[:3]))}


standardize = Exercise(standardizing, probes=[(_train, _test), _few], observe=_scaled, names=(
    "train", "test"), mistakes=dict(
    own_statistics="The test set is scaled by its own mean and sd, but the model learned on another scale. "
        "A single new sample has no spread. Which mean and sd do you already have?",
    pooled="Mean and sd are of both sets together: the test set has leaked into the training. "
        "Use the training set's alone.",
    own_mean="The sd is the training set's, but the test set is centred by its own mean: take both from the "
        "training set.",
    own_sd="The mean is the training set's, but the test set is divided by its own sd: take both from the "
        "training set.",
    test_statistics="Both sets are scaled by the test set's mean and sd. When a net is trained, only the "
        "training set's are known.",
    test_raw="The test set comes back as it was. The model must see it on the scale of the training set.",
    train_raw="The training set comes back as it was. It is scaled, too: the model learns on that scale.",
    over_everything="One mean and one sd for all features: each has its own, over the samples.",
    min_max="It stretches each feature to between 0 and 1. Asked for are mean 0 and sd 1: one outlier would "
        "press all others together.",
    max_abs="It divides by the largest number. Asked for are mean 0 and sd 1: one outlier would press all "
        "others together.",
    by_range="It divides by the range, from the smallest number to the largest: the spread asked for is the "
        "sd.",
    over_samples="Mean and sd run over the features of one sample. Each feature has its own, "
        "over the samples: axis 0.",
    no_centre="The mean is not taken off: centre first, then scale.",
    only_centred="The mean is taken off, but nothing is divided by the sd.",
    brackets="Only the mean is divided by the sd: (x - mean) / sd needs its brackets.",
    variance="It divides by the variance: the spread in the unit of the data is its root.",
    no_constant="A constant feature has sd 0, and 0 / 0 is nan. Divide by 1 there.",
    zeroed="A feature that was constant in training is set to 0 in the test set, where it may differ. Take "
        "the mean off and divide by 1: what is new stays to be seen.",
    tiny="Dividing by a spread of 0, or of nearly 0, makes a small difference in the test set huge. "
        "Divide by 1 where the sd is 0.",
    epsilon="1e-5 is added to every sd. That changes narrow features, and still divides a constant one by "
        "nearly 0. Divide by 1 where the sd is 0, and leave the other features alone.",
    clamped="Every sd below 1 becomes 1, so narrow features stay narrow. Divide by 1 only where the sd is "
        "0.",
    unbiased="The sd divides by N - 1. With thousands of samples nobody sees it. Here we divide by N: "
        "std(0, unbiased=False).",
    one_pass="Mean square minus squared mean is the variance on paper. Far from 0 it is the difference of "
        "two large, rounded numbers: take the mean of (train - mean)².",
), hints=[
    "Which numbers does the model know when the first new sample comes? Only those of the training set.",
    "`train.mean(0)` and `train.std(0, unbiased=False)` are (D,). Use both for both sets.",
    "For the constant feature: `torch.where(sd == 0, 1.0, sd)`.",
], solution=standardize_solution, why="A scaling is part of the model: "
    "it is fitted on the training set, then frozen.")


def stable_rate(X, axes=False, smallest=False, added=False, no_square=False, centred=False, summed=False,
        no_two=False, half=False, by_features=False, averaged=False, best=False, largest_only=False):
    """X (N, D) -> the rate up to which descent on the mean squared error of X @ w is stable."""
    X = X - X.mean(0) if centred else X
    power = 1 if no_square else 2
    curvature = X.norm(dim=0) ** power if axes else torch.linalg.svdvals(X) ** power  # of X^T X
    curvature = curvature * (1 if no_two else 2) / (1 if summed else X.shape[1] if by_features else len(X))
    if averaged or best or largest_only:
        least, most = curvature.min(), curvature.max()
        return most if largest_only else 2 / (curvature.mean() if averaged else least + most)
    return (1 if half else 2) / (
        curvature.min() if smallest else curvature.sum() if added else curvature.max())


def rate_solution(X):
    hessian = 2 * X.T @ X / len(X)  # (D, D): second derivatives of the mean squared error
    return 2 / torch.linalg.eigvalsh(hessian).max()


largest_stable_rate = Exercise(stable_rate, probes=[
    (torch.tensor([[3.0, 1.0], [-1.0, 0.5], [2.0, -1.0]]),),
    (torch.tensor([[10.0, 0.1], [-6.0, 0.3], [4.0, 0.2], [1.0, -0.2]]),),
    (torch.tensor([[3.0, 0.0, 1.0], [-2.0, 1.5, 1.0], [0.0, -1.0, 1.0], [1.0, 2.0, 1.0], [4.0, 0.5, 1.0]]),),
], mistakes=dict(
    axes="It looks along each weight alone. Features that go together bend the loss more strongly along a "
        "diagonal, and that direction sets the limit: take the eigenvalues of the Hessian.",
    smallest="That is the limit of the flattest direction. The steepest one sets the limit: "
        "it is the first to overshoot.",
    added="The curvatures of all directions are added up. Each direction moves by itself: the steepest one "
        "sets the limit.",
    averaged="It takes the mean of the curvatures of all directions. The steepest one sets the limit.",
    best="2 / (λ_max + λ_min) is the rate that is quickest in the long run; stable is everything up to "
        "2 / λ_max.",
    largest_only="That is the largest curvature, λ. The largest stable rate is 2 / λ.",
    no_square="The singular values of X are not squared: curvature holds the square of the inputs.",
    centred="It takes the mean of the features off first. The model sees X as it is, and has no bias term.",
    summed="The loss is a mean over the samples: divide by their number.",
    by_features="It divides by the number of features. The loss is a mean over the samples: len(X).",
    no_two="The second derivative of w² is 2: the Hessian is 2 XᵀX / N.",
    half="1 / λ reaches the bottom in one step; stable is everything up to twice that.",
), hints=[
    "Write the loss as (1/N) ‖Xw − y‖². What is its second derivative in w?",
    "The Hessian is `2 * X.T @ X / len(X)`, its largest eigenvalue `torch.linalg.eigvalsh(H).max()`.",
    "One step multiplies the distance along a direction of curvature λ by 1 − rate·λ. "
        "When is that between −1 and 1?",
], solution=rate_solution, why="|1 − rate·λ| < 1 for every eigenvalue λ, "
    "that is rate < 2 / λ for the largest.")
