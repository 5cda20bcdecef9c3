"""10: which numbers share a mean: batch, layer, group and instance norm, and what follows."""
import torch
from torch import nn

from ..checks.exercises import Exercise, Verdicts
from ..checks.predict import Question
from ..experiments.seeds import generator

in_the_mean = Question(
    "A layer gives numbers of shape (8, 6, 4, 4): 8 images with 6 channels of 4 × 4 pixels. BatchNorm "
    "comes next. How many numbers share one mean?",
    {"8": "That counts the images and forgets the pixels: all pixels of a channel share its mean.",
     "16": "That is one channel of one image. In BatchNorm, all images share the mean, too.",
     "128": "8 images times 16 pixels: everything in one channel.",
     "768": "That is the whole block. Each of the 6 channels has a mean of its own."},
    "128")

after_eval = Question(
    "BatchNorm, LayerNorm, GroupNorm and InstanceNorm, each with torch's default options, get the same batch "
    "in train mode and in eval mode. Whose output differs between the modes?",
    {"BatchNorm's":
         "It alone computes its means from several samples, so it stores running statistics for eval mode. "
         "The other three normalize each sample by itself, in train mode and in eval mode.",
     "BatchNorm's and LayerNorm's":
         "LayerNorm has no running statistics. It computes the mean of each sample in train mode and in eval "
         "mode.",
     "BatchNorm's and InstanceNorm's":
         "InstanceNorm can have running statistics, but only with track_running_stats=True. The default is "
         "False.",
     "all four":
         "Running statistics replace batch mates. Only BatchNorm has batch mates in its mean."},
    "BatchNorm's")

two_features = Question(
    "nn.LayerNorm(2), as built, gets a token with the two features 3 and 7. It gives",
    {"−0.4 and 0.4": "The mean 5 is subtracted, which leaves −2 and 2. But then they are divided by their "
         "standard deviation, which is 2, not 5.",
     "3 and 7, shrunk by a common factor": "That would be a division alone. The mean is subtracted first.",
     "−1 and 1": "Each of two numbers is one standard deviation from their mean, whatever they are. eps "
         "counts only where the two are nearly equal.",
     "0 and 0": "Zero comes out where a number equals its mean. These two differ from theirs."},
    "−1 and 1")

cnn_of_two = Question(
    "With batches of 2, BatchNorm's error in the MLP is about 40 percentage points above GroupNorm's. In the "
    "CNN, BatchNorm's error is above GroupNorm's by",
    {"about 40 points": "In the MLP, a mean is taken over 2 numbers. Count the numbers in a mean of "
         "the CNN.",
     "15 to 20 points": "In this CNN, 98 numbers in a mean are enough. GroupNorm's mean is taken over "
         "147 numbers.",
     "about 0 points": "Each mean of the CNN is taken over 2 · 49 = 98 numbers. In this CNN, that is enough.",
     "less than 0: it is clearly lower": "GroupNorm gains from the pixels, too: its mean is taken over "
         "3 · 49 = 147 numbers."},
    "about 0 points")

half_contrast = Question(
    "A net has to say whether a digit's contrast is halved. The MLP alone has an accuracy of about 0.9. With "
    "InstanceNorm as the first layer, the accuracy is about",
    {"0.9": "InstanceNorm divides each image by its own standard deviation. Nothing of the contrast is "
         "left.",
     "0.75": "InstanceNorm does more than weaken the contrast. It sets every image's standard deviation to "
         "1.",
     "0.5": "Contrast is the standard deviation of an image, and InstanceNorm sets the standard deviation to "
         "1. The net can only guess."},
    "0.5")

last_token = Question(
    "Sequences of 7 tokens with 6 features each. The last token changes. Which norm then changes its output "
    "for the first token?",
    {"neither of the two": "It holds for nn.LayerNorm(6), which normalizes each token by itself. "
         "GroupNorm(1, 6) takes one mean over all 42 numbers of a sequence.",
     "nn.LayerNorm(6)": "Its mean runs over the last axis, the 6 features of one token.",
     "nn.GroupNorm(1, 6)": "One group holds all features of all tokens of a sequence, so the last token is "
         "in the mean of the first.",
     "both": "\"GroupNorm with one group is LayerNorm\" is said of images, where LayerNorm is built over "
         "channels and pixels. nn.LayerNorm(6) is not."},
    "nn.GroupNorm(1, 6)")


# Nets

def cnn(norm):
    """(N, 1, 28, 28) -> (N, 10) logits: half the size, two convolutions of 6 channels, maps of 7 × 7 pixels,
    norm(6) after each."""
    return nn.Sequential(nn.AvgPool2d(2),                                                   # (N, 1, 14, 14)
                         nn.Conv2d(1, 6, 3, stride=2, padding=1), norm(6), nn.ReLU(),       # (N, 6, 7, 7)
                         nn.Conv2d(6, 6, 3, padding=1), norm(6), nn.ReLU(),                 # (N, 6, 7, 7)
                         nn.Flatten(), nn.Linear(6 * 49, 10))


class PerToken(nn.Module):
    """A norm over the channels of each pixel: channels to the last axis, the norm, and back."""

    def __init__(self, norm):
        super().__init__()
        self.norm = norm

    def forward(self, x):  # (N, C, ...)
        return self.norm(x.movedim(1, -1)).movedim(-1, 1)


# The set of a number

def set_of(norm, number, N):
    """(N, 6, 4) bool: which numbers of a block change this norm's output for `number` in train mode. number:
    (sample, channel, pixel). Outside the set, the gradient of that output is 0."""
    x = torch.randn(N, 6, 2, 2, generator=generator(1)).requires_grad_()
    norm(x).flatten(2)[number].backward()  # (N, C, pixels)
    return x.grad.flatten(2) != 0


# Data

def two_contrasts(digits):
    """Training and test data (x (2N, 1, 28, 28), y (2N,)): each digit twice, as it is (y = 0) and with half
    the contrast (y = 1). A pair has one right answer each, so what does not see the contrast is right half
    of the time, in every draw."""
    def twice(split):
        pixels = digits.pixels(split.x)
        both = torch.cat([pixels, 0.5 * pixels])
        return (both - digits.mean) / digits.std, torch.arange(2).repeat_interleave(len(pixels))
    return twice(digits.train), twice(digits.test)


# Goals of the labs

def _same_set(norm, dims):
    """Whether the blue set spans just those axes of (N, C, pixels), each of them whole."""
    def test(at):
        other = torch.zeros_like(at.mask)
        other[tuple(slice(None) if axis in dims else where for axis, where in enumerate(at.chosen))] = True
        return at.norm == norm and at.mask.equal(other)
    return test


family_goals = {
    "an N at which the sets of BatchNorm and InstanceNorm are equal":
        lambda at: at.norm == "BatchNorm" and at.N == 1,
    "a number of groups at which the sets of GroupNorm and LayerNorm are equal":
        _same_set("GroupNorm", (1, 2)),
    "a number of groups at which the sets of GroupNorm and InstanceNorm are equal":
        _same_set("GroupNorm", (2,)),
    "GroupNorm, 3 groups: a channel that puts the yellow number into the middle group":
        lambda at: (at.norm, at.groups) == ("GroupNorm", 3) and at.channel in (2, 3),
    "a norm with six numbers in the set": lambda at: at.mask.sum() == 6,
}

shift_goals = {
    "brightness 0: the largest contrast at which the accuracy with BatchNorm is below 0.5":
        lambda at: at.brightness == 0 and at.contrast >= 0.15 and at.accuracy[1].mean() < 0.5,
    "contrast 1: the smallest brightness at which the accuracy with BatchNorm is below 0.5":
        lambda at: at.contrast == 1 and 0 < at.brightness <= 0.6 and at.accuracy[1].mean() < 0.5,
    "contrast 0.05, brightness 0.75: the kind of net that still reads well, and the picture that shows why":
        lambda at: at.contrast == 0.05 and at.brightness == 0.75,
}


# Exercise: one formula for all

def normalizing(x, dims, eps, other_axes=False, everything=False, one_by_one=False, first_only=False,
                not_kept=False, var_not_kept=False, variance=False, no_mean=False, about_zero=False,
                no_eps=False, eps_outside=False, unbiased=False, brackets=False, summed=False,
                absolute=False, batch_only=False, last_only=False, last_axis=False, undivided=False):
    """x of any shape, dims: the axes a statistic runs over -> x with mean 0 and spread 1 over them."""
    named = [d % x.dim() for d in dims]
    axes = [d for d in range(x.dim()) if everything or (d in named) != other_axes][:1 if first_only else None]
    if batch_only or last_only or last_axis:
        axes = [0] if batch_only else [named[-1] if last_only else x.dim() - 1]
    keep, inside = dict(keepdim=not not_kept), 0 if no_eps or eps_outside else eps
    keep_var = dict(keepdim=not (not_kept or var_not_kept))
    for over in [[d] for d in axes] if one_by_one else [axes]:
        mean = 0 * x if no_mean else x.mean(over, **keep)
        var = inside + (x.square().mean(over, **keep_var) if about_zero or no_mean
                        else x.var(over, unbiased=unbiased, **keep_var))
        if summed or absolute:
            n = x.numel() / var.numel()
            var = (x - mean).abs().mean(over, keepdim=True) ** 2 + inside if absolute else (
                var - inside) * n + inside
        x = x * var.sqrt() if brackets else x  # so that only the mean is divided
        var = torch.ones_like(var) if undivided else var
        x = (x - mean) / ((var if variance else var.sqrt()) + (eps if eps_outside and not no_eps else 0))
    return x


def normalize_solution(x, dims, eps):
    mean = x.mean(dims, keepdim=True)  # 1 along dims, so that it lines up with x
    var = x.var(dims, unbiased=False, keepdim=True)
    return (x - mean) / torch.sqrt(var + eps)


_g = torch.Generator().manual_seed(10)


def _uneven(*shape):
    """Numbers whose spread differs along every axis; some sets are narrow, so that eps shows."""
    x = torch.randn(shape, generator=_g)
    for axis, n in enumerate(shape):
        scale = torch.linspace(0.4, 1.6, n).view([-1 if a == axis else 1 for a in range(len(shape))])
        x = x * scale + scale
    return x.round(decimals=2)


# axes that stay are as long as the last, so that a mean without keepdim lines up wrongly instead of stopping
normalize = Exercise(normalizing, probes=[
    (torch.tensor([[[1, 3], [0.2, 0.4]], [[5, 7], [0.6, 0]]]), (0, 2), 1e-2),
    (_uneven(2, 3, 3, 3), (0, 2, 3), 5e-2), (_uneven(4, 4, 4, 4), (1, 2, 3), 1e-2),
    (_uneven(3, 3), (-1,), 2e-2), (torch.tensor([[0.0, 4, -2], [0, -1, -2.1], [0, 0, -1.9]]), (0,), 1e-3),
], names=("the result",), mistakes={
    "other_axes": "The mean runs over the axes that `dims` does not name. `dims` are the axes over which "
        "the mean is taken.",
    "everything": "One mean for the whole of x: `dims` is not used.",
    "batch_only": "It runs over axis 0 always: `dims` is not used.",
    "last_axis": "It runs over the last axis always: `dims` is not used.",
    "last_only": "Only the last of `dims` is used: x.mean(dims) takes all of them at once.",
    "undivided": "The mean is taken off, but nothing is divided by the sd.",
    "one_by_one": "It normalizes over one axis after the other. The mean of a set of numbers is taken at "
        "once: x.mean(dims) takes several axes.",
    "first_only": "Only the first of `dims` is used: x.mean(dims) takes all of them at once.",
    "not_kept": "Your mean has fewer axes than x. So torch subtracts it along the wrong axes.",
    "var_not_kept": "The mean is right. The variance has lost its axes: it needs keepdim=True, too.",
    "variance": "It divides by the variance: take the root.",
    "no_mean": "The mean is not subtracted. That is RMSNorm: here the mean is to be subtracted, and the "
        "spread taken about it.",
    "about_zero": "The mean is subtracted above the line, but below it stands the mean square about 0. The "
        "variance is taken about the mean.",
    "brackets": "Only the mean is divided: (x - mean) / sd needs its brackets.",
    "summed": "The squared distances are added up: the variance is their mean.",
    "absolute": "It divides by the mean distance from the mean. The spread is the root of the mean *square*.",
    "no_eps": "eps is missing: sqrt(var + eps).",
    "eps_outside": "eps is added after the root: it belongs to the variance, inside.",
    "unbiased": "The variance divides by n − 1: all norms divide by n, unbiased=False.",
}, hints=[
    "Take BatchNorm's lines, and make the axes an argument. How does the mean line up with x?",
    "`x.mean(dims, keepdim=True)` has length 1 along dims and lines up with x, whatever dims are.",
    "Do the same in `x.var(dims, ..., keepdim=True)`. The variance divides by n.",
], solution=normalize_solution, why="The function does not name batch, layer or instance: dims alone "
    "decides which numbers share a mean.")


# Exercise: six situations

def choosing(a_batch=False, a_instance=False, b_layer=False, b_group=False, b_instance=False, b_token=False,
             c_batch=False, c_layer=False, d_batch=False, d_layer=False, d_group=False, d_token=False,
             e_layer=False, e_group=False, e_instance=False, e_token=False, f_batch=False, f_layer=False,
             f_group=False, f_instance=False):
    """A norm for each of six situations: batch, layer, group, instance or token."""
    chosen = dict(switch.split("_") for switch, on in locals().items() if on)
    return tuple(chosen.get(name, right) for name, right in zip("abcdef", choose_solution()))


def choose_solution():
    a = "layer"  # each row by itself, whatever the batch;
    # "group" or "token" (a row is one token) do it, too
    b = "batch"  # in eval mode a fixed scale and shift, which folds into the convolution
    c = "group"  # no batch, any size of map; "instance" and "token" work, too
    d = "instance"  # brightness and contrast of each colour channel are its mean and spread
    # in one photo
    e = "batch"  # the others remove each photo's own contrast, which is what is asked for
    f = "token"  # nothing of what comes later is in the mean
    return a, b, c, d, e, f


choose = Verdicts(choosing, probes=[()], names=tuple("abcdef"),
                  also={"a": ("group", "token"), "c": ("instance", "token")}, mistakes={
    "a_batch": "a: with two rows a batch each unit becomes −1 and 1, whatever the rows say.",
    "a_instance": "a: a unit has one number a row, so its set would be that number alone. The number equals "
        "its mean, and 0 comes out.",
    "b_layer": "b: it would train. But at test time every image needs its own mean and spread: it cannot be "
        "folded away.",
    "b_group": "b: it would train. But the groups' means and spreads are computed at test time, too: nothing "
        "folds away.",
    "b_instance": "b: each map's mean and spread are computed at test time, too. It also removes the "
        "contrast of each map.",
    "b_token": "b: each pixel's mean and spread are computed at test time, too. Only a norm with running "
        "statistics is free there.",
    "c_batch": "c: with one scan a step it normalizes each scan by itself in training. In eval mode it uses "
        "running statistics of all scanners, so the differences between scanners come back.",
    "c_layer": "c: nn.LayerNorm((C, H, W)) has a gamma for each place, so it needs one fixed size. "
        "(GroupNorm with one group shares its numbers, not its parameters.)",
    "d_batch": "d: all cameras share one mean, so the differences between cameras stay.",
    "d_layer": "d: the three colour channels share one mean: the photo's contrast goes, but a colour cast, "
        "which differs from channel to channel, stays.",
    "d_group": "d: with one group it is LayerNorm, with three it is InstanceNorm: then say so.",
    "d_token": "d: each pixel is normalized by itself. Light and dark places, the picture itself, would go "
        "with the contrast.",
    "e_layer": "e: each photo is normalized by itself, so its own contrast, which is what is asked for, is "
        "gone.",
    "e_group": "e: within each photo the groups are divided by their own spread: the contrast is gone, as "
        "with LayerNorm.",
    "e_instance": "e: contrast is the answer, and each map loses its own: the net is left with guessing, as "
        "in the core.",
    "e_token": "e: every pixel is divided by the spread of its own channels. Contrast multiplies them all, "
        "so it is gone.",
    "f_batch": "f: sentences of different length leave gaps in the batch, and while writing there is one "
        "sentence only.",
    "f_layer": "f: one mean over all tokens of a sentence: what is computed for the first word would change "
        "when a later one arrives.",
    "f_group": "f: a group's mean runs over all tokens, too: later words would change what was computed for "
        "earlier ones.",
    "f_instance":
        "f: a mean of each feature over the whole sentence: while it is being written the rest is not known.",
}, hints=[
    "For each: which numbers may share a mean, and which must not? Is what the norm removes noise, or the "
    "answer?",
    "How large is the batch? Have all samples one size? Is a whole sample known at once? What is there at "
    "test time?",
    "In a and c several are right. Two of the six are BatchNorm's.",
], solution=choose_solution, why="A norm removes what its set has in common. Choose a set whose common "
    "part you do not need, and which is there when you need it.")
