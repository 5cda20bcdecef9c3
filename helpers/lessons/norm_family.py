"""Notebook 10: which numbers share a mean: batch, layer, group and instance norm, and what follows."""
import torch

from ..checks.exercises import Exercise, Verdicts
from ..checks.predict import Question

in_the_mean = Question(
    "An activation of shape (8, 6, 4, 4): 8 images, 6 channels, maps of 4 × 4 pixels. How many numbers are "
    "in one mean of BatchNorm?",
    {"8": "That counts the images and forgets the pixels: all pixels of a channel share its mean.",
     "16": "That is one map of one image. BatchNorm's mean runs over the images, too.",
     "128": "8 images times 16 pixels: everything in one channel.",
     "768": "That is the whole block. Each of the 6 channels has a mean of its own."},
    "128")

after_eval = Question(
    "Four layers as torch builds them by default: BatchNorm, LayerNorm, GroupNorm, InstanceNorm. Each gets "
    "the same batch in train mode and in eval mode. Whose output differs?",
    {"BatchNorm's": "It alone measures against the batch in training, and so needs a past for eval mode. The "
         "other three measure each sample against itself, in both modes.",
     "BatchNorm's and LayerNorm's":
         "LayerNorm keeps no running statistics: each sample is measured against itself, at any time.",
     "BatchNorm's and InstanceNorm's":
         "InstanceNorm can keep a past, but only if asked: track_running_stats is False by default.",
     "all four":
         "To keep a past makes sense where others take part in the mean. In three of the four they do not."},
    "BatchNorm's")

two_features = Question(
    "nn.LayerNorm(2), as built, gets a token with the two features 3 and 7. It gives",
    {"−0.4 and 0.4": "The mean is taken off, and the two are 2 away from it. They are divided by their "
         "spread, which is 2 as well.",
     "3 and 7, shrunk by a common factor": "That would be a division alone. The mean is taken off first.",
     "−1 and 1": "Each of the two is one standard deviation from their mean, unless they nearly coincide (0 "
         "and 0 where they are equal): notebook 02's batch of two, lying on its side.",
     "0 and 0": "Zero comes out where a number equals its mean. These two differ."},
    "−1 and 1")

cnn_of_two = Question(
    "Batches of 2 again, now for the CNN. In the MLP BatchNorm had some 40 points more error than LayerNorm. "
    "Here, against GroupNorm, it has",
    {"about 40 more, as in the MLP": "The MLP's mean is one of 2 numbers. How many are in a mean here?",
     "some 15 to 20 more": "There are 2 · 49 = 98 numbers in each mean, not 2. Is a mean of 98 so much worse "
         "than GroupNorm's of 147?",
     "about as much, within 5 points":
         "There are 2 · 49 = 98 numbers in each mean. Two images bring many numbers, if related ones."},
    "about as much, within 5 points")

contrast_gone = Question(
    "A net starts with InstanceNorm, on the image itself. It is tested on images with a quarter of the "
    "contrast, and 0.5 added to every pixel. Its accuracy",
    {"falls to about 0.2": "So does one that has learned how bright ink is. What does InstanceNorm leave of "
         "the two numbers that were changed?",
     "falls to about a half":
         "Contrast is the spread of the image, brightness is in its mean. Both are taken off, all of both.",
     "stays as it is": "Contrast multiplies the image's spread, brightness shifts its mean: InstanceNorm "
         "takes both off, whatever they are."},
    "stays as it is")


# Goals of the labs

def _same_set(norm, dims):
    """Whether the lit set spans just those axes of (N, C, pixels), each of them whole."""
    def test(at):
        other = torch.zeros_like(at.mask)
        other[tuple(slice(None) if axis in dims else where for axis, where in enumerate(at.chosen))] = True
        return at.norm == norm and at.mask.equal(other)
    return test


family_goals = {
    "GroupNorm that lights what LayerNorm lights": _same_set("GroupNorm", (1, 2)),
    "GroupNorm that lights what InstanceNorm lights": _same_set("GroupNorm", (2,)),
    "BatchNorm that lights what InstanceNorm lights": lambda at: at.norm == "BatchNorm" and at.N == 1,
    "GroupNorm with 3 groups: the first channel whose set is not that of channel 0":
        lambda at: (at.norm, at.groups, at.channel) == ("GroupNorm", 3, 2),
    "a set of 6 numbers, one from each channel":
        lambda at: at.mask.sum() == 6 and at.mask.any(2).any(0).all(),
}

shift_goals = {
    "brightness 0: the largest contrast at which BatchNorm first is right on less than half":
        lambda at: at.brightness == 0 and at.contrast >= 0.15 and at.accuracy[1].mean() < 0.5,
    "contrast 1: the smallest brightness above 0 at which it is right on less than half":
        lambda at: at.contrast == 1 and 0 < at.brightness <= 0.6 and at.accuracy[1].mean() < 0.5,
    "contrast 0.05, brightness 1 or −1: does this change the net that starts with InstanceNorm?":
        lambda at: at.contrast == 0.05 and abs(at.brightness) == 1,
}


# Exercise: one formula for all

def normalizing(x, dims, eps, other_axes=False, everything=False, one_by_one=False, first_only=False,
                not_kept=False, variance=False, no_mean=False, about_zero=False, no_eps=False,
                eps_outside=False, unbiased=False):
    """x of any shape, dims: the axes a statistic runs over -> x with mean 0 and spread 1 over them."""
    named = [d % x.dim() for d in dims]
    axes = [d for d in range(x.dim()) if everything or (d in named) != other_axes][:1 if first_only else None]
    keep, inside = dict(keepdim=not not_kept), 0 if no_eps or eps_outside else eps
    for over in [[d] for d in axes] if one_by_one else [axes]:
        mean = 0 * x if no_mean else x.mean(over, **keep)
        var = inside + (x.square().mean(over, **keep) if about_zero or no_mean
                        else x.var(over, unbiased=unbiased, **keep))
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
    "other_axes": "The mean runs over the axes that `dims` does not name. `dims` are those that share one; "
        "the others stay apart.",
    "everything": "One mean for the whole of x: `dims` is not used.",
    "one_by_one": "It normalizes over one axis after the other. The mean of a set of numbers is taken at "
        "once: x.mean(dims) takes several axes.",
    "first_only": "Only the first of `dims` is used: x.mean(dims) takes all of them at once.",
    "not_kept": "The mean has lost its axes: its shape is another one, and it lines up with the last axis of "
        "x instead of its own.",
    "variance": "It divides by the variance: take the root.",
    "no_mean": "The mean is not taken off. That is RMSNorm: here it is to be subtracted, and the spread "
        "taken about it.",
    "about_zero": "The mean is taken off above the line, but below it stands the mean square about 0. The "
        "variance is taken about the mean.",
    "no_eps": "eps is missing: sqrt(var + eps).",
    "eps_outside": "eps is added after the root: it belongs to the variance, inside.",
    "unbiased": "The variance divides by n − 1: all norms divide by n, unbiased=False.",
}, hints=[
    "BatchNorm's lines, but the axes are an argument. How does the mean line up with x?",
    "`x.mean(dims, keepdim=True)` has length 1 along dims and lines up with x, whatever dims are.",
    "The same for `x.var(dims, ..., keepdim=True)`, the one that divides by n.",
], solution=normalize_solution, why="Nothing in it says batch, layer or instance: dims alone says who is "
    "measured against whom.")


# Exercise: six situations

def choosing(a_batch=False, a_instance=False, b_layer=False, b_group=False, b_instance=False, b_token=False,
             c_batch=False, c_layer=False, d_batch=False, d_layer=False, d_group=False, d_token=False,
             e_layer=False, e_group=False, e_instance=False, e_token=False, f_batch=False, f_layer=False,
             f_group=False, f_instance=False):
    """A norm for each of six situations: batch, layer, group, instance or token."""
    chosen = dict(switch.split("_") for switch, on in locals().items() if on)
    return tuple(chosen.get(name, right) for name, right in zip("abcdef", choose_solution()))


def choose_solution():
    a = "layer"  # each row against itself, whatever the batch;
                    # "group" or "token" (a row is one token) do it, too
    b = "batch"     # in eval mode a fixed scale and shift, which folds into the convolution
    c = "group"     # no batch, any size of map; "instance" and "token" work, too
    d = "instance"  # brightness and contrast of each colour channel are its mean and spread
                    # in one image
    e = "batch"  # the others take off each photo's own contrast, which is what is asked for
    f = "token"  # nothing of what comes later is in the mean
    return a, b, c, d, e, f


choose = Verdicts(choosing, probes=[()], names=tuple("abcdef"),
                  also={"a": ("group", "token"), "c": ("instance", "token")}, mistakes={
    "a_batch": "a: with two rows a batch each unit becomes −1 and 1, whatever the rows say.",
    "a_instance": "a: a unit has one number a row, so its set would be that number alone. It equals its "
        "mean: 0 comes out, whatever it was.",
    "b_layer": "b: it would train. But at test time every image needs its own mean and spread: it cannot be "
        "folded away.",
    "b_group": "b: it would train. But the groups' means and spreads are computed at test time, too: nothing "
        "folds away.",
    "b_instance": "b: it takes statistics of each map at test time, too, and takes off the contrast of each "
        "map besides.",
    "b_token": "b: each pixel's mean and spread are computed at test time, too. Only a norm with a stored "
        "past is free there.",
    "c_batch": "c: with one scan a step it measures each map against itself in training, in eval mode "
        "against the memory of all scanners: there what differs between them comes back. (Where all images "
        "are of one kind this costs little, as measured above.)",
    "c_layer": "c: nn.LayerNorm((C, H, W)) has a gamma for each place, so it needs one fixed size. "
        "(GroupNorm with one group shares its numbers, not its parameters.)",
    "d_batch": "d: all cameras share one mean, so what differs between them stays.",
    "d_layer": "d: the three colour channels share one mean: the photo's contrast goes, but a colour cast, "
        "which differs from channel to channel, stays.",
    "d_group": "d: with one group it is LayerNorm, with three it is InstanceNorm: then say so.",
    "d_token": "d: the three numbers of a pixel are measured against each other. Light and dark places, the "
        "picture itself, would go with the contrast.",
    "e_layer": "e: each photo is measured against itself, so its own contrast, which is what is asked for, "
        "is taken off.",
    "e_group": "e: within each photo the groups are divided by their own spread: the contrast is gone, as "
        "with LayerNorm.",
    "e_instance": "e: that is the case measured above: contrast is the label, and the net stays at guessing.",
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
    "For each: who may be in the mean, and who must not be? Is what would be taken off noise, or the answer?",
    "Is there a batch worth the name? One size? Is all of a sample known at once? What is there at test "
        "time?",
    "In a and c several are right. Two of the six are BatchNorm's.",
], solution=choose_solution, why="A norm takes something off: what its set has in common. Choose the set "
    "whose common part you do not need, and which is there when you need it.")
