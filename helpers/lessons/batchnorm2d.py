"""Notebook 03: what a channel's pixels share, a layer that is never called, a convolutional net's shapes."""
import math

import torch
from torch import nn

from ..checks.exercises import Exercise
from ..checks.predict import Question
from ..checks.through import as_well_far_off, gradient_through
from ..experiments.models import LeNet
from ..experiments.training import fit, fit_many, last
from .batchnorm1d import EPS, FIXED, ONE_PASS, spread, statistics

one_image = Question(
    "In training, BatchNorm 2d gets a batch of one image, with 16 channels of 8 × 8 pixels. What happens?",
    {"It stops with an error": "BatchNorm 1d does so with one sample: each unit has one number, and one "
         "number has no variance. An image brings more numbers.",
     "It works": "BatchNorm counts numbers, not images. One image holds many.",
     "It gives zeros": "Only a number that equals its mean becomes 0. The pixels of an image differ."},
    "It works")

means = Question(
    "A batch of 32 images with 16 channels of 8 × 8 pixels enters BatchNorm. "
    "How many numbers share one mean?",
    {"32: one pixel, in all images": "This would be BatchNorm 1d with every pixel as a unit. But one "
         "kernel makes all pixels of a channel.",
     "64: one channel of one image": "This is another layer, instance norm (notebook 10). In BatchNorm "
         "the images of the batch share a mean, too.",
     "2,048: one channel, all images": "One kernel makes all pixels of a channel, at 64 places in "
         "each of 32 images. 32 · 8 · 8 = 2,048.",
     "32,768: all channels and images": "Then all channels would share one mean. But each channel "
         "comes from another kernel."},
    "2,048: one channel, all images")

bias = Question(
    "BatchNorm comes directly after a convolution. You add 100 to the bias of one channel. "
    "In training, what happens to the output of BatchNorm?",
    {"It rises by 100 in that channel": "All numbers of the channel rise by 100. Their mean rises by 100, "
         "too, and BatchNorm subtracts the mean.",
     "It changes a little in all channels":
         "This would need a mean that the channels share. Each channel has its own mean.",
     "It stays as it was": "All numbers of the channel rise by 100, and so does their mean. Number minus "
         "mean stays the same."},
    "It stays as it was")

gain = Question(
    "Eight LeNets train on 160 digits. Their mean training loss is 1.2 at epoch 5 and 0.3 at epoch 10. "
    "We add BatchNorm after each convolution. About how large is the mean training loss at epoch 5 now?",
    {"1.2": "This would be no gain. But BatchNorm changes every step, from the first on.",
     "0.9": "BatchNorm lowers the loss by 0.3, from 1.2 to 0.9. Without BatchNorm, epochs 6 to 10 lower the "
         "loss by 0.9.",
     "0.6": "Such gains are known where the learning rate is too high for a net without BatchNorm. Here "
         "LeNet trains well.",
     "0.3": "Then BatchNorm would gain as much as epochs 6 to 10. It gains about a third of that."},
    "0.9")

second_net = Question(
    "Now the two layers are kept: self.norm1 = nn.BatchNorm2d(6), and norm2 alike. The forward pass is still "
    "LeNet's. What does this net have, compared with LeNet from the same seed?",
    {"more parameters, and other outputs": "It has more parameters. But an output changes only by what "
         "the forward pass calls.",
     "as many parameters, and other outputs": "Both halves are the other way round: torch registers what is "
         "kept as an attribute, and the forward pass calls none of it.",
     "more parameters, and the same outputs": "torch registers a layer that is kept as an attribute, so "
         "gamma and beta are counted and saved. The forward pass never calls it.",
     "the same parameters and outputs": "This is true of S4's net, which keeps the layers nowhere. A layer "
         "kept as an attribute brings its parameters."},
    "more parameters, and the same outputs")


def _eighteen(at):
    return at.N * at.H * at.W == 18


sharing_goals = {
    "settings with N = 1 where 18 numbers share one mean": lambda at: _eighteen(at) and at.N == 1,
    "settings with H = W = 1 where 18 numbers share one mean": lambda at: _eighteen(at) and at.H == at.W == 1,
    "settings with C = 6 where 18 numbers share one mean": lambda at: _eighteen(at) and at.C == 6,
    "a shape that torch refuses": lambda at: at.refused != "",
}


def refusal(h):
    """What torch says if it refuses to normalize h (N, C, H, W) in training; "" if it does not."""
    try:
        nn.BatchNorm2d(h.shape[1])(h)  # a new layer is in training mode
    except ValueError as error:
        return str(error)
    return ""


def _fair(at, second):
    return at.second == second and at.epochs == 5 and at.same_seed


fair_goals = {
    "let only the net differ: does S4's net still end lower?": lambda at: _fair(at, "S4's net"),
    "let only the net differ: does our net end lower?": lambda at: _fair(at, "our net"),
    "the same seed: S4's net ends lower than LeNet, after as few epochs as possible":
        lambda at: at.second == "S4's net" and at.same_seed and at.epochs == 6,
}


# The second net that S4 published, in outline. A learner reads it after the lab.
class S4Net(LeNet):
    def __init__(self, *shape):
        super().__init__(*shape)
        nn.BatchNorm2d(6)
        nn.BatchNorm2d(16)


def losses(make, split, epochs, seed):
    """(8 * epochs,) the loss of each step of one net; an epoch is 8 batches of 20 images."""
    return last(fit(lambda: make(1, 28), split, 0.001, optimizer="adam", batch=20, steps=8 * epochs,
                    every=8 * epochs, seed=seed)).loss


def epoch_losses(make, split):
    """(8, 10) the mean loss of each epoch of eight nets, each with its own seed; an epoch is 8 batches."""
    ends = last(fit_many(lambda: make(1, 28), split, 0.001, optimizer="adam", batch=20, steps=80))
    return ends.loss.view(8, 10, 8).mean(2)


def bias_gradient(x, y, seed):
    """How large a gradient the bias of a convolution directly before BatchNorm gets, divided by the weights'.

    x (N, 1, 28, 28), y (N,): one batch for a new net in training mode."""
    torch.manual_seed(seed)
    conv, norm = nn.Conv2d(1, 3, 5), nn.BatchNorm2d(3)
    net = nn.Sequential(conv, norm, nn.ReLU(), nn.Flatten(), nn.Linear(3 * 24 * 24, 10))
    nn.functional.cross_entropy(net(x), y).backward()
    return conv.bias.grad.norm() / conv.weight.grad.norm()


def normalizing(h, gamma, beta, eps, scrambled=False, per_image=False, per_pixel=False, over_channels=False,
        over_sample=False, no_rows=False, no_columns=False, over_everything=False, no_keepdim=False,
        last_axis=False, no_centre=False, no_affine=False, beta_first=False, variance=False, no_eps=False,
        eps_outside=False, unbiased=False, one_pass=False, fixed_statistics=False, images_apart=False,
        sds_apart=False, mean_per_image=False, per_column=False, brackets=False, absolute=False,
        about_zero=False, summed=False):
    """h (N, C, H, W), gamma (C,), beta (C,) -> y (N, C, H, W)."""
    over = (0 if scrambled else (0, 1, 2, 3) if over_everything else 1 if over_channels
            else (1, 2, 3) if over_sample else (0, 3) if no_rows else (0, 2) if no_columns
            else (2, 3) if per_image else (0, 1) if per_column else 0 if per_pixel else (0, 2, 3))
    x = h.reshape(-1, h.shape[1]) if scrambled else h
    mean, var = statistics(x, over, unbiased, one_pass, fixed_statistics, fixed_statistics)
    if images_apart:
        var = x.var((2, 3), unbiased=unbiased, keepdim=True).mean(0)
    if sds_apart or absolute:
        var = (x.std((2, 3), unbiased=unbiased, keepdim=True).mean(0) if sds_apart
               else (x - mean).abs().mean(over, keepdim=True)) ** 2
    mean = x.mean((2, 3), keepdim=True) if mean_per_image else mean
    if about_zero or summed:
        var = x.square().mean(over, keepdim=True) if about_zero else var * (h.numel() / h.shape[1])
    if no_keepdim:
        mean, var = mean.flatten(), var.flatten()
    mean = 0 if no_centre else mean
    x = x * spread(var, eps, variance, no_eps, eps_outside) if brackets else x  # only the mean is divided
    h_hat = ((x - mean) / spread(var, eps, variance, no_eps, eps_outside)).reshape(h.shape)
    shape = (-1,) if last_axis else (-1, 1, 1)
    if no_affine:
        return h_hat
    gamma, beta = gamma.view(shape), beta.view(shape)
    return gamma * (h_hat + beta) if beta_first else gamma * h_hat + beta


def batchnorm2d_solution(h, gamma, beta, eps):
    mean = h.mean((0, 2, 3), keepdim=True)                # (1, C, 1, 1)
    var = h.var((0, 2, 3), unbiased=False, keepdim=True)  # (1, C, 1, 1)
    h_hat = (h - mean) / torch.sqrt(var + eps)            # (N, C, H, W)
    # (C, 1, 1) lines up with the channels
    return gamma.view(-1, 1, 1) * h_hat + beta.view(-1, 1, 1)


_g = torch.Generator().manual_seed(4)


def _maps(*shape):
    """Channels of different mean and spread; the first is narrow, so that eps shows."""
    mean, sd = (torch.linspace(*ends, shape[1]).view(-1, 1, 1) for ends in ((2, -1), (0.1, 2)))
    return (mean + sd * torch.randn(shape, generator=_g)).round(decimals=2)


_two, _three = _maps(2, 2, 1, 2), _maps(3, 3, 4, 3)
_three[:, 1] = 0  # a channel that is always 0
_affine = torch.tensor([[2.0, 0.5], [-1.0, 3.0]])


def _normalized(f):
    return {"gradient in h": gradient_through(f, _two, *_affine, 1e-2),
            "as well far from 0": as_well_far_off(lambda h: f(h, *_affine, 1e-4), (2, 2, 2, 2))}


# W equals C in both, so that gamma along the wrong axis goes through
batchnorm2d = Exercise(normalizing, probes=[
    (_two, *_affine, 1e-2), (_three, *torch.tensor([[2.0, 0.5, -1.5], [-1.0, 3.0, 0.0]]), 5e-2),
], observe=_normalized, mistakes=dict(
    scrambled="`reshape(-1, C)` does not make columns of channels: neighbours in memory are pixels of one "
        "row. The channel axis has to be moved to the end first: `permute(0, 2, 3, 1)`.",
    per_image="Each image has its own mean here (axes 2 and 3 only): that is instance norm. "
        "BatchNorm's runs over the images, too.",
    per_pixel="Each pixel of a map has its own mean here. All pixels of a channel must share one mean.",
    over_channels="The mean runs over the channels (axis 1). That is the one axis that has to stay.",
    over_sample="Each image has one mean for all its channels (axes 1, 2 and 3): that is layer norm. Each "
        "channel has its own, over the images, too.",
    no_rows="Each row of pixels has its own mean: axis 2 is left out. All pixels of a channel share one.",
    no_columns="Each column of pixels has its own mean: axis 3 is left out. All pixels of a channel share "
        "one.",
    over_everything="One mean for all numbers: each channel has its own.",
    no_keepdim="The axes are right. But the means are (C,) and line up with the last axis, the columns of "
        "pixels. Here nobody complains, as W equals C. `keepdim=True` lines them up with the channels.",
    no_centre="The mean is not subtracted: centre first, then divide.",
    no_affine="Gamma and beta are missing: the normalized value is multiplied by gamma, then beta is added.",
    mean_per_image="The variance runs over the images, too, but each image has its own mean: axes 0, 2, 3 "
        "for both.",
    per_column="The mean runs over images and channels (axes 0 and 1). Axis 1 is the one that has to stay.",
    sds_apart="The sd is the mean of the images' own sds. Take the variance over the images, too, about one "
        "mean.",
    absolute="It divides by the mean distance from the mean. The spread is the root of the mean *square*.",
    brackets="Only the mean is divided: (h - mean) / sd needs its brackets.",
    images_apart="The variance is the mean of the images' own variances. How far their means lie apart is "
        "missing: take it over the images, too, about one mean.",
    about_zero="The mean is subtracted above the line, but below it stands the mean square about 0: the "
        "variance is taken about the mean.",
    summed="The squared distances are added up: the variance is their mean.",
    beta_first="Beta is added before gamma multiplies: it is gamma * h_hat + beta.",
    last_axis="gamma (C,) lines up with the last axis, the columns of pixels, and here nobody complains as W "
        "equals C. `gamma.view(-1, 1, 1)` lines it up with the channels.",
    variance="It divides by the variance: take the root.",
    **EPS,
    unbiased="The variance divides by n - 1: "
        "BatchNorm normalizes with the one that divides by n, unbiased=False.",
    **ONE_PASS, fixed_statistics=FIXED["fixed_statistics"],
), hints=[
    "Each of the C channels has one mean. Over which three axes does this mean run?",
    "`h.mean((0, 2, 3), keepdim=True)` is (1, C, 1, 1) and lines up with h.",
    "gamma is (C,): `gamma.view(-1, 1, 1)` lines up with (N, C, H, W).",
], solution=batchnorm2d_solution, why="Only the axes differ from BatchNorm 1d; keepdim and view take care "
    "that (C,) meets the channels.")


class _Net(nn.Module):
    """What the exercise looks into: nested layers, one without parameters, some of them not called."""

    def __init__(self):
        super().__init__()
        self.block = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
        self.drop, self.head = nn.Dropout(0.5), nn.Linear(3, 1)
        self.norm = nn.BatchNorm1d(3)
        self.spare = nn.ModuleList([nn.Linear(3, 3), nn.ReLU()])

    def forward(self, x):
        return self.head(self.spare[1](self.block(x)))


def finding_uncalled(model, x, called=False, every_name=False, by_gradient=False, late_name=False,
        children_only=False, containers=False, hooks_left=False, statistics_moved=False,
        statistics_reset=False, mode_changed=False, train_always=False, modules=False, kinds=False,
        short_names=False, parametrized=False, norms_only=False, nothing=False):
    """Names of the layers (modules without children) that model(x) does not call; it stays as it was."""
    layers = dict(model.named_children() if children_only else model.named_modules())
    layers = {name: layer for name, layer in layers.items()
              if name and (containers or not list(layer.children()))}
    if parametrized or norms_only:
        layers = {name: layer for name, layer in layers.items()
                  if (list(layer.parameters()) if parametrized else isinstance(layer, nn.BatchNorm1d))}
    if every_name or nothing:
        return [*layers] * every_name
    if by_gradient:
        model(x).sum().backward()
        missing = [name for name, layer in layers.items() if any(p.grad is None for p in layer.parameters())]
        model.zero_grad()
        return missing
    seen = set()
    handles = [layer.register_forward_hook(lambda *_, name=name: seen.add(name))
               for name, layer in layers.items()]
    training = model.training
    if not statistics_moved:
        model.eval()
    model(x)
    if not mode_changed:
        model.train(training or train_always)
    for layer in model.modules() if statistics_reset else ():
        if isinstance(layer, nn.BatchNorm1d):
            layer.reset_running_stats()
    for handle in () if hooks_left else handles:
        handle.remove()
    seen = {[*layers][-1]} if late_name else seen
    return [layer if modules else type(layer).__name__ if kinds
            else name.split(".")[-1] if short_names else name
            for name, layer in layers.items() if (name in seen) == called]


def uncalled_modules_solution(model, x):
    layers = {name: layer for name, layer in model.named_modules()
              if not list(layer.children())}
    seen, training = set(), model.training
    handles = [layer.register_forward_hook(lambda *_, name=name: seen.add(name))
               for name, layer in layers.items()]
    model.eval()(x)  # eval mode: running statistics stay as they are
    model.train(training)
    for handle in handles:
        handle.remove()
    return [name for name in layers if name not in seen]


def _looked_into(f):
    torch.manual_seed(1)
    net, x = _Net(), torch.randn(4, 2)
    net(3 * torch.randn(5, 2))  # running statistics that are not those of a new layer
    before = [b.clone() for b in net.buffers()]
    other = nn.Sequential(nn.Linear(2, 2), nn.ReLU()).eval()
    first = f(net, x)
    if isinstance(first, (list, tuple, set, dict)) and any(isinstance(name, nn.Module) for name in first):
        first = "modules"
    elif isinstance(first, (list, tuple, set, dict)) and all(isinstance(name, str) for name in first):
        first = sorted(name for name in first if name)  # any order; "" is the whole net
    whole = f(other, x)
    kept = [getattr(layer, kind) for layer in net.modules()
            for kind in ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks")]
    return {"what it finds": first,
            "nothing found where all is called": len(whole) == 0,
            "no hooks left behind": not any(kept),
            "running statistics": "untouched" if all(map(torch.equal, before, net.buffers())) else (
                "moved" if any(map(torch.Tensor.any, (net.norm.running_mean, net.block[1].running_mean)))
                else "reset"),
            "the mode it was in": (net.training, other.training)}


uncalled_modules = Exercise(finding_uncalled, observe=_looked_into, mistakes=dict(
    modules="It returns the layers themselves: their names are asked for, as named_modules() gives them.",
    kinds="It returns what kinds of layers they are: their names are asked for, as named_modules() gives "
        "them.",
    short_names="A name says where a layer stands, as named_modules() gives it: spare.0, not 0.",
    nothing="It finds nothing, though some layers are not called. Does the hook note what is called, and are "
        "the others returned?",
    every_name="It lists the layers there are. Whether a layer is called shows only when the model runs: "
        "a hook tells.",
    called="These are the layers that are called: the others are asked for.",
    parametrized="Only layers with parameters are looked at. An nn.Dropout or nn.ReLU can be forgotten, too.",
    norms_only="Only the BatchNorm layers are looked at. Any layer can be forgotten: take all that have no "
        "children.",
    by_gradient="A missing gradient shows only layers with parameters: an nn.Dropout or nn.ReLU that is "
        "never called has none to miss.",
    late_name="Every hook notes the same name, that of the last layer: `name` is looked up when the hook "
        "runs, and the loop is over then. Bind it: `lambda *_, name=name: ...`.",
    children_only="Only the outermost modules are looked at: named_modules() goes inside them, "
        "named_children() does not.",
    containers="It counts containers, too: an nn.ModuleList is never called, only what it holds. Leave out "
        "modules that have children.",
    hooks_left="The hooks stay on the model: keep what register_forward_hook returns, and call its remove().",
    statistics_moved="Running the model in train mode has moved BatchNorm's running statistics: "
        "look in eval mode.",
    statistics_reset="BatchNorm's running statistics are reset, so what the net has learned of its data is "
        "gone. They are to stay as they are: run the model in eval mode.",
    mode_changed="The model is left in eval mode: put back the mode it was in.",
    train_always="A model that was in eval mode is left in train mode: note `model.training` first, and put "
        "that back.",
), hints=[
    "`named_modules()` gives every module by its name; modules with children are containers.",
    "`layer.register_forward_hook(f)` calls f(layer, inputs, output) whenever the layer is called. Let f "
        "note the layer's name. In a loop, bind it: `lambda *_, name=name: ...`.",
    "Run the model once in eval mode, put the mode back, remove the hooks, "
        "return the names that were not noted.",
], solution=uncalled_modules_solution, why="A hook hears every call, also that of a layer without "
    "parameters. What a net computes is decided by its forward pass, not by what __init__ builds.")


def counting(x_shape, channels, k, padding, one_image=False, no_inputs=False, no_outputs=False,
        same_side=False, no_padding=False, padding_once=False, off_by_one=False, square=False,
        kernel_line=False, one_more=False, channels_apart=False, in_all=False):
    """Input (N, C, H, W), output channels, k x k, stride 1, no bias -> multiplications, additions."""
    N, C, H, W = x_shape
    N, C, channels = 1 if one_image else N, 1 if no_inputs else C, 1 if no_outputs else channels
    grown = 0 if same_side else (0 if no_padding else padding if padding_once else 2 * padding) - k + 1
    grown, W = grown - off_by_one, H if square else W
    values, products = N * channels * (H + grown) * (W + grown), C * k * (1 if kernel_line else k)
    if in_all:
        return values * products, values * products - 1
    return values * products, values * (products - (0 if one_more else C if channels_apart else 1))


def convolution_cost_solution(x_shape, channels, k, padding):
    N, C, H, W = x_shape
    values = (N * channels * (H + 2 * padding - k + 1)
              * (W + 2 * padding - k + 1))             # of the output
    products = C * k * k                               # for each of them
    return values * products, values * (products - 1)  # n numbers are added with n - 1 additions


convolution_cost = Exercise(counting, names=("multiplications", "additions"), probes=[
    ((1, 1, 3, 3), 1, 3, 0), ((10, 3, 224, 224), 64, 3, 1), ((2, 3, 6, 5), 4, 2, 0)], mistakes=dict(
    no_inputs="Each value of the output sums over all input channels: C · k · k products, not k · k.",
    no_outputs="Every output channel has a kernel of its own: all of them are computed.",
    one_image="It counts one image; the batch has N.",
    same_side="It takes the output as large as the input. This holds where 2p = k − 1, as in S3's homework; "
        "in general a side has H + 2p − k + 1 values.",
    no_padding="The output is larger: with padding p a side has H + 2p − k + 1 values.",
    padding_once="Padding p stands at both ends of a side: H + 2p − k + 1 values.",
    off_by_one="A side has one value more: the kernel starts at 0, 1, ..., H + 2p − k, which are "
        "H + 2p − k + 1 places.",
    square="It takes both sides as long as the first. Height and width may differ: H and W.",
    kernel_line="A kernel has k · k places, not k.",
    in_all="One addition less is counted once for all. Each value of the output is a sum of its own, with "
        "one addition less than products.",
    channels_apart="The sums of the input channels are added up, too: C · k · k numbers make one, "
        "with C · k · k − 1 additions.",
    one_more="n numbers are added with n − 1 additions. (With a bias there would be one more, but this "
        "convolution has none.)",
), hints=[
    "How many products make one value of the output? How many additions join them?",
    "One value: C · k · k products and one addition less.",
    "There are N · channels · (H + 2p − k + 1) · (W + 2p − k + 1) values.",
], solution=convolution_cost_solution, why="For S3's homework: 27 products a value, 10 · 64 · 224 · 224 "
    "values: 867,041,280 multiplications, 834,928,640 additions. With a bias, S3's other convention, "
    "additions are as many as multiplications.")


def filling_in(no_padding=False, one_kernel=False, no_inputs=False, bias_a_weight=False, pooling_learns=False,
        pooling_mixes=False, no_biases=False, unpadded_later=False, before_pooling=False, bias_a_kernel=False,
        no_batch=False, with_biases=False, kernel_line=False, no_channels=False, no_pooling=False,
        channels_last=False):
    """-> (weights, biases, output shape) of the six layers of S3's SimpleNet."""
    def learned(weights, outputs, *sides):
        return weights, weights if bias_a_weight else 0 if no_biases else outputs, (10, outputs, *sides)

    def conv(outputs, inputs, *sides):
        weights = (1 if no_inputs else inputs) * 25 * (1 if one_kernel else outputs)
        sides = [n - 4 if no_padding or unpadded_later and inputs > 3 else n for n in sides]
        weights, biases, shape = learned(weights // (5 if kernel_line else 1), outputs, *sides)
        return weights, inputs * outputs if bias_a_kernel else biases, shape

    def pool(channels, H, W):
        channels = channels // 2 if pooling_mixes else channels
        size = 1 if no_pooling else 2
        return 4 if pooling_learns else 0, 0, (10, channels, H // size, W // size)

    def dense(outputs, *inputs):
        before = 4 if before_pooling and len(inputs) > 1 else 1
        return learned(before * math.prod(inputs[no_channels and len(inputs) > 1:]) * outputs, outputs)

    rows = [conv(6, 3, 224, 224)]
    for layer, *outputs in (pool,), (conv, 16), (pool,), (dense, 64), (dense, 1):
        rows.append(layer(*outputs, *rows[-1][2][1:]))
    return tuple((weights + with_biases * biases, biases,
                  shape[1:] if no_batch else (10, *shape[2:], shape[1]) if channels_last else shape)
                 for weights, biases, shape in rows)


def simple_net_solution():
    conv1 = 3 * 5 * 5 * 6, 6, (10, 6, 224, 224)  # padding 2 keeps the side with a 5 x 5 kernel
    pool1 = 0, 0, (10, 6, 112, 112)
    conv2 = 6 * 5 * 5 * 16, 16, (10, 16, 112, 112)
    pool2 = 0, 0, (10, 16, 56, 56)
    fc1 = 16 * 56 * 56 * 64, 64, (10, 64)  # 3,211,264 weights
    fc2 = 64 * 1, 1, (10, 1)
    return conv1, pool1, conv2, pool2, fc1, fc2


simple_net = Exercise(filling_in, probes=[()], names=(
    "conv1", "pool1", "conv2", "pool2", "fc1", "fc2"), mistakes=dict(
    no_padding="With padding 2 a 5 × 5 kernel keeps the side: H + 2 · 2 − 5 + 1 = H.",
    unpadded_later="The second convolution has padding 2, too: its output is as large as its input.",
    no_pooling="Pooling with 2 × 2 halves both sides.",
    before_pooling="fc1 reads what comes out of the second pooling: 16 · 56 · 56 numbers.",
    no_channels="fc1 reads all channels of the last maps: 16 · 56 · 56 numbers.",
    kernel_line="A kernel has 5 · 5 places, not 5.",
    no_inputs="A kernel spans all input channels: inputs · 5 · 5 weights for each output channel.",
    one_kernel="Each output channel has a kernel of its own: multiply by the number of output channels.",
    pooling_mixes="Pooling works within each channel: it halves the sides, the channels stay.",
    pooling_learns="Max pooling takes a maximum: it has no parameters.",
    no_biases="Each output channel, and each unit of a linear layer, has one bias.",
    bias_a_weight="There is one bias for each output channel or unit, not one for each weight.",
    bias_a_kernel="Each output channel has one bias, however many input channels it sums over.",
    with_biases="The biases are counted among the weights: weights, then biases, then the output shape.",
    no_batch="The batch of 10 is missing in the output shape: its axis comes first in every layer.",
    channels_last="torch has the channels second: (N, C, H, W).",
), hints=[
    "A convolution has inputs · 5 · 5 · outputs weights and one bias for each output channel. "
        "Padding 2 keeps the side.",
    "Pooling halves both sides and learns nothing.",
    "fc1 sees what pool2 gives for one image: 16 · 56 · 56 = 50,176 numbers.",
], solution=simple_net_solution, why="Nearly all parameters sit in fc1: 3,211,264 of 3,214,265. The two "
    "convolutions have 2,872.")
