"""Is this layer torch's? Seven aspects, each with how far it is off and what that usually means."""
import copy

import torch
from torch import nn

STEPS = 4  # of training before buffers are compared: a momentum the wrong way round shows from the first

# Right float32 layers written by hand were found off torch's (relative, see far; 50 probes of five shapes) by
# at most 4e-6 in output and eval(), 2e-5 in parameter gradients, 2e-4 in the input gradient (what is narrow
# divides by 0.01), 6e-7 in buffers, and 5e-3 at mean 10,000, where float32 numbers stand 1e-3 apart. Usual
# faults move what they touch by 1 % or more at the default shape, one-pass variance many times its size.
NEAR = {"output": 1e-4, "input gradient": 2e-3, "parameter gradients": 1e-4, "buffers": 1e-5, "eval()": 1e-4,
        "state_dict": 1e-4, "large mean": 2e-2}
ASPECTS = tuple(NEAR)

USUALLY = {
    "output": "the variance divides by N - 1, eps stands outside the root or is missing, "
              "or the mean runs over another axis.",
    "input gradient": "mean and variance are computed under no_grad() or detached; "
                      "they depend on the input too.",
    "parameter gradients": "gamma or beta is no nn.Parameter, or stands in another order than gamma, beta.",
    "buffers": "momentum weighs the old value instead of the new, "
               "or the variance kept is the one that divides by N (torch keeps N - 1).",
    "eval()": "the layer never asks self.training; "
              "eval mode takes the running statistics and leaves them as they are.",
    "state_dict": "what eval mode needs is a plain attribute; register_buffer() puts it into state_dict().",
    "large mean": "the variance is E[x²] - E[x]², where two large numbers cancel; "
                  "subtract the mean first, then square.",
}


class Differs(Exception):
    """A difference that is not one of numbers, in words."""


def same_as_torch(mine, reference, *args, shape=None, aspects=ASPECTS, check=True, **kwargs):
    """Compare a layer with torch's, a line for each aspect; AssertionError where one differs, if check.

        same_as_torch(BatchNorm, nn.BatchNorm1d, 5)
        same_as_torch(LayerNorm, nn.LayerNorm, 5, shape=(4, 7, 5))           # N, T, C
        same_as_torch(lambda: Norm(groups=2), lambda: nn.GroupNorm(2, 6), shape=(8, 6, 4, 3))

    mine, reference: a class or function; both are called with args and kwargs and give an nn.Module.
    shape: of the input, samples first, units or channels second; by default (12, last of args). Keep it
    small, its axes different: dividing by N - 1 instead of N shows as 1/N. Parameters are matched in order
    (gamma, beta), as are buffers (running mean, running variance); their names may differ, and
    num_batches_tracked may be absent.
    aspects: some of ASPECTS. "buffers" are compared after four steps; "large mean": an input of mean 10,000.
    The input has one narrow unit and one narrow sample (sd 0.01), without which eps would not show.
    Raises ValueError for an unknown aspect or a shape the reference refuses, TypeError where mine gives no
    nn.Module.
    """
    if isinstance(aspects, str) or not NEAR.keys() >= {*aspects}:
        raise ValueError(f"aspects={aspects!r}: expected a tuple of some of {ASPECTS}")
    found = compare(lambda: mine(*args, **kwargs), lambda: reference(*args, **kwargs),
                    shape or default_shape(args), aspects)
    for aspect, (right, words) in found.items():
        print(f"{'✓' if right else '✗'} {aspect:<20} {words}")
        if not right:
            print(f"    {meaning(aspect, found)}")
    wrong = [aspect for aspect, (right, _) in found.items() if not right]
    if wrong and check:
        raise AssertionError(f"differs from torch in: {', '.join(wrong)}")


def meaning(aspect, found):
    """What a difference usually means; what a wrong output drags along means nothing more."""
    right, _ = found.get("output", (True, ""))
    if not right and aspect in ("input gradient", "parameter gradients", "large mean"):
        return "The output is wrong already: begin there."
    return f"Usually: {USUALLY[aspect]}"


def default_shape(args):
    """(12, C), or (12, C, H, W), from what the layers are built with."""
    if not args:
        raise ValueError("give the shape of the input, e.g. shape=(12, 5)")
    *_, C = args
    return (12, *C) if isinstance(C, (tuple, list)) else (12, C)


def compare(mine, reference, shape, aspects=ASPECTS):
    """{aspect: (right, words)} for two functions without arguments that build a layer each."""
    with torch.random.fork_rng(devices=[]):  # the notebook's stream of draws is left as it was
        torch.default_generator.manual_seed(0)
        refuse(mine, reference, shape)
        return {aspect: judge(aspect, Pair(mine, reference), shape) for aspect in aspects}


def refuse(mine, reference, shape):
    """Say what is wrong with the question, before any answer is judged."""
    try:
        reference()(torch.randn(shape))
    except Exception as error:
        raise ValueError(f"{type(reference()).__name__} does not take an input of shape {tuple(shape)}, "
                         f"give shape=: {error}") from None
    if not isinstance(mine(), nn.Module):
        raise TypeError(f"got {type(mine()).__name__}: expected a class that inherits from nn.Module, "
                        "or a function that returns such a layer")


def judge(aspect, pair, shape):
    """(whether the two layers agree in it, how far they are apart)."""
    try:
        worst = max((far(*two) for two in LOOK[aspect](pair, shape)), default=None, key=lambda d: (d != d, d))
    except Differs as difference:
        return False, str(difference)
    except Exception as error:
        return False, f"stops with {type(error).__name__}: {error}"
    if worst is None:
        return True, "none, as in torch"
    near = worst <= NEAR[aspect]
    return near, f"largest difference {worst:.0e}" if near else f"off by {percent(worst)}"


def percent(worst):
    if worst < 10:
        return f"{100 * worst:.2g} %" if worst < 0.1 else f"{100 * worst:.0f} %"
    return f"more than {int(worst)} times its size" if worst < float("inf") else "nan or inf"


def far(got, want):
    """Largest difference of two tensors relative to each number, and for small ones to the median.

    A narrow unit must not hide the others.
    """
    if not torch.is_tensor(got):
        kind = "nothing" if got is None else type(got).__name__
        raise Differs(f"{kind} where torch has a tensor {tuple(want.shape)}")
    if got.numel() != want.numel() or got.dim() > 1 and want.dim() > 1:
        same_shape(got, want)
    got, want = got.detach().double().flatten(), want.detach().double().flatten()
    return ((got - want).abs() / (want.abs() + want.abs().median()).clamp_min(1e-12)).max().item()


def same_shape(got, want):
    if got.shape != want.shape:
        raise Differs(f"shape {tuple(got.shape)}, torch's is {tuple(want.shape)}")


class Pair:
    """The learner's layer and torch's, built afresh for every aspect."""

    def __init__(self, mine, reference):
        self.mine, self.reference = mine, reference

    def fresh(self, random=True):
        """(mine, reference) with the same random gamma and beta, as far as they can be matched."""
        mine, reference = self.mine(), self.reference()
        if random and sizes(mine.parameters()) == sizes(reference.parameters()):
            for p in reference.parameters():
                p.data.copy_(0.5 + torch.rand(p.shape))
            write(mine.parameters(), reference.parameters())
        return mine, reference

    def trained(self, shape):
        layers = self.fresh()
        for layer in layers:
            train(layer, shape)
        return layers


def write(mine, reference):
    """Into the tensors of mine the numbers of reference's."""
    for theirs, t in zip(mine, reference):
        theirs.data.copy_(t.view_as(theirs))


def sizes(tensors):
    return [t.numel() for t in tensors]


def matched(what, mine, reference):
    """Raises Differs unless tensors of the two layers are as many and as large."""
    if sizes(mine) != sizes(reference):
        raise Differs(f"{what} of sizes {sizes(mine)}, torch's have {sizes(reference)}")


def floats(layer):
    """The buffers that hold statistics, not counts."""
    return [b for b in layer.buffers() if b.is_floating_point()]


def batch(shape, k=0):
    """Input (N, C, ...) whose units differ in mean and sd; unit 0 and sample 0 have mean 0.1 and sd 0.01."""
    draws = torch.Generator().manual_seed(k)
    z = torch.randn(shape, generator=draws)
    sd, mean = 0.5 + 1.5 * torch.rand(shape[1], generator=draws), torch.randn(shape[1], generator=draws)
    sd[0], mean[0] = 0.01, 0.1
    x = (z.transpose(1, -1) * sd + mean).transpose(1, -1)
    x[0] = 0.1 + 0.01 * z[0]
    return x


def normal(shape, seed):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def backward(y):
    """From a weighted sum of the outputs: a plain sum has no gradient behind a norm."""
    (y * normal(y.shape, 99)).sum().backward()


def train(layer, shape):
    """The forward and backward passes of a few steps, of inputs with a gradient, as behind another layer."""
    layer.train()
    for k in range(STEPS):
        backward(layer(batch(shape, k).requires_grad_() * 1))


def gradients(layer, shape):
    """(input gradient, [parameter gradients]) of one batch."""
    x = batch(shape).requires_grad_()
    backward(layer(x.clone()))
    return x.grad, [p.grad for p in layer.parameters()]


def output(pair, shape):
    for random in (False, True):  # as built (gamma 1, beta 0), and with other gamma and beta
        mine, reference = pair.fresh(random)
        got, want = mine(batch(shape)), reference(batch(shape))
        if torch.is_tensor(got):
            same_shape(got, want)
        yield got, want


def input_gradient(pair, shape):
    mine, reference = pair.fresh()
    yield gradients(mine, shape)[0], gradients(reference, shape)[0]


def parameter_gradients(pair, shape):
    mine, reference = pair.fresh()
    matched("parameters", [*mine.parameters()], [*reference.parameters()])
    if sizes(reference.parameters()):
        yield from zip(gradients(mine, shape)[1], gradients(reference, shape)[1])


def buffers(pair, shape):
    mine, reference = pair.trained(shape)
    try:
        copy.deepcopy(mine)
    except RuntimeError:
        raise Differs("it holds on to the graph of every step, and cannot be copied: "
                      "update under torch.no_grad(), or with .detach()") from None
    matched("buffers", floats(mine), floats(reference))
    yield from zip(floats(mine), floats(reference))


def evaluation(pair, shape):
    mine, reference = pair.trained(shape)
    if floats(reference) and sizes(floats(mine)) == sizes(floats(reference)):
        reference.running_mean[0], reference.running_var[0] = 0.1, 1e-4  # a narrow unit in the past, too
        write(floats(mine), floats(reference))                           # wrong buffers are told once
    for layer in (mine, reference):
        layer.eval()
    kept = [b.clone() for b in floats(mine)]
    yield mine(batch(shape, STEPS)), reference(batch(shape, STEPS))
    yield from zip(floats(mine), kept)


def round_trip(pair, shape):
    mine, _ = pair.fresh()
    train(mine, shape)
    again = pair.mine()
    again.load_state_dict(copy.deepcopy(mine.state_dict()))
    yield again.eval()(batch(shape, STEPS)), mine.eval()(batch(shape, STEPS))


def large_mean(pair, shape):
    mine, reference = pair.fresh()
    x = 1e4 + normal(shape, 0)  # no narrow unit: float32 could not hold it there
    yield mine(x.clone()), reference(x.clone())


LOOK = dict(zip(ASPECTS, (output, input_gradient, parameter_gradients, buffers, evaluation, round_trip,
                          large_mean)))
