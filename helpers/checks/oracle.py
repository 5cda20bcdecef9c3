"""Is this layer torch's? Seven aspects, each with how far it is off and what that usually means."""
import copy

import torch
from torch import nn

STEPS = 4                      # training steps before the buffers are compared: a momentum taken the wrong way round shows from the first

# Right float32 layers written by hand were found off torch's (relative, see far; 50 probes of five shapes) by at most 4e-6 in output and eval(),
# 2e-5 in parameter gradients, 2e-4 in the input gradient (what is narrow divides by 0.01), 6e-7 in buffers, and 5e-3 at mean 10,000, where float32 numbers
# stand 1e-3 apart. The usual faults move what they touch by 1 % or more at the default shape, one-pass variance at mean 10,000 many times its size.
NEAR = {"output": 1e-4, "input gradient": 2e-3, "parameter gradients": 1e-4, "buffers": 1e-5, "eval()": 1e-4, "state_dict": 1e-4, "large mean": 2e-2}
ASPECTS = tuple(NEAR)

USUALLY = {
    "output": "Usually: the variance divides by N - 1, eps stands outside the root or is missing, or the mean runs over another axis.",
    "input gradient": "Usually: mean and variance are computed under no_grad() or detached; they depend on the input too.",
    "parameter gradients": "Usually: gamma or beta is no nn.Parameter, or stands in another order than gamma, beta.",
    "buffers": "Usually: momentum weighs the old value instead of the new, or the variance kept is the one that divides by N (torch keeps N - 1).",
    "eval()": "Usually: the layer never asks self.training; eval mode takes the running statistics and leaves them as they are.",
    "state_dict": "Usually: what eval mode needs is a plain attribute; register_buffer() puts it into state_dict().",
    "large mean": "Usually: the variance is E[x²] - E[x]², where two large numbers cancel; subtract the mean first, then square.",
}


class Differs(Exception):
    """A difference that is not one of numbers, in words."""


def same_as_torch(mine, reference, *args, shape=None, aspects=ASPECTS, check=True, **kwargs):
    """Compare a layer with torch's own and print a line for each aspect; AssertionError where one differs (check=False only prints).

        same_as_torch(BatchNorm, nn.BatchNorm1d, 5)
        same_as_torch(LayerNorm, nn.LayerNorm, 5, shape=(4, 7, 5))           # N, T, C
        same_as_torch(lambda: Norm(groups=2), lambda: nn.GroupNorm(2, 6), shape=(8, 6, 4, 3))

    mine, reference: a class or function; both are called with args and kwargs and give an nn.Module.
    shape: of the input, samples first, units or channels second; by default (12, last of args). Keep it small, its axes different:
    dividing by N - 1 instead of N shows as 1/N. Parameters are matched in order (gamma, beta), as are buffers
    (running mean, running variance); their names may differ, and num_batches_tracked may be absent.
    aspects: some of ASPECTS. "buffers" are compared after four steps; "large mean" is an input with mean 10,000.
    The input has one narrow unit and one narrow sample (sd 0.01), without which eps would not show.
    Raises ValueError for an unknown aspect or a shape the reference refuses, TypeError where mine gives no nn.Module.
    """
    unknown = [aspect for aspect in aspects if aspect not in NEAR]
    if isinstance(aspects, str) or unknown:
        raise ValueError(f"aspects={aspects!r}: expected a tuple of some of {ASPECTS}")
    found = compare(lambda: mine(*args, **kwargs), lambda: reference(*args, **kwargs), shape or default_shape(args), aspects)
    for aspect, (right, words) in found.items():
        print(f"{'✓' if right else '✗'} {aspect:<20} {words}")
        if not right: print(f"    {meaning(aspect, found)}")
    wrong = [aspect for aspect, (right, _) in found.items() if not right]
    if wrong and check:
        raise AssertionError(f"differs from torch in: {', '.join(wrong)}")


def meaning(aspect, found):
    """What a difference usually means; what a wrong output drags along means nothing more."""
    dragged = aspect in ("input gradient", "parameter gradients", "large mean") and not found.get("output", (True,))[0]
    return "The output is wrong already: begin there." if dragged else USUALLY[aspect]


def default_shape(args):
    """(12, C), or (12, C, H, W), from what the layers are built with."""
    if not args:
        raise ValueError("give the shape of the input, e.g. shape=(12, 5)")
    return (12, *args[-1]) if isinstance(args[-1], (tuple, list)) else (12, args[-1])


def compare(mine, reference, shape, aspects=ASPECTS):
    """{aspect: (right, words)} for two functions without arguments that build a layer each."""
    with torch.random.fork_rng(devices=[]):                  # the notebook's stream of draws is left as it was
        torch.default_generator.manual_seed(0)
        refuse(mine, reference, shape)
        return {aspect: judge(aspect, Pair(mine, reference), shape) for aspect in aspects}


def refuse(mine, reference, shape):
    """Say what is wrong with the question, before any answer is judged."""
    try:
        reference()(torch.randn(shape))
    except Exception as error:
        raise ValueError(f"{type(reference()).__name__} does not take an input of shape {tuple(shape)}, give shape=: {error}") from None
    if not isinstance(mine(), nn.Module):
        raise TypeError(f"got {type(mine()).__name__}: expected a class that inherits from nn.Module, or a function that returns such a layer")


def judge(aspect, pair, shape):
    """(whether the two layers agree in it, how far they are apart)."""
    try:
        worst = max((far(got, want) for got, want in LOOK[aspect](pair, shape)), default=None, key=lambda d: (d != d, d))
    except Differs as difference:
        return False, str(difference)
    except Exception as error:
        return False, f"stops with {type(error).__name__}: {error}"
    if worst is None:
        return True, "none, as in torch"
    return worst <= NEAR[aspect], f"largest difference {worst:.0e}" if worst <= NEAR[aspect] else f"off by {percent(worst)}"


def percent(worst):
    if not worst < float("inf"): return "nan or inf"
    return f"{100 * worst:.2g} %" if worst < 0.1 else f"{100 * worst:.0f} %" if worst < 10 else f"more than {int(worst)} times its size"


def far(got, want):
    """Largest difference of two tensors relative to each number, and for small ones to the median: a narrow unit must not hide the others."""
    if not torch.is_tensor(got):
        raise Differs(f"{'nothing' if got is None else type(got).__name__} where torch has a tensor {tuple(want.shape)}")
    if got.numel() != want.numel() or got.dim() > 1 and want.dim() > 1 and got.shape != want.shape:
        raise Differs(f"shape {tuple(got.shape)}, torch's is {tuple(want.shape)}")
    got, want = got.detach().double().flatten(), want.detach().double().flatten()
    return ((got - want).abs() / (want.abs() + want.abs().median()).clamp_min(1e-12)).max().item()


class Pair:
    """The learner's layer and torch's, built afresh for every aspect."""

    def __init__(self, mine, reference):
        self.mine, self.reference = mine, reference

    def fresh(self, random=True):
        """(mine, reference) with the same random gamma and beta, as far as they can be matched."""
        mine, reference = self.mine(), self.reference()
        if random and sizes(mine.parameters()) == sizes(reference.parameters()):
            with torch.no_grad():
                for theirs, p in zip(mine.parameters(), reference.parameters()):
                    p.copy_(0.5 + torch.rand(p.shape))
                    theirs.copy_(p.view_as(theirs))
        return mine, reference


def sizes(tensors):
    return [t.numel() for t in tensors]


def floats(layer):
    """The buffers that hold statistics, not counts."""
    return [b for b in layer.buffers() if b.is_floating_point()]


def batch(shape, k=0):
    """Input (N, C, ...) whose units differ in mean and sd; unit 0 and sample 0 have mean 0.1 and sd 0.01."""
    draws = torch.Generator().manual_seed(k)
    z, sd, mean = torch.randn(shape, generator=draws), 0.5 + 1.5 * torch.rand(shape[1], generator=draws), torch.randn(shape[1], generator=draws)
    sd[0], mean[0] = 0.01, 0.1
    x = (z.transpose(1, -1) * sd + mean).transpose(1, -1)
    x[0] = 0.1 + 0.01 * z[0]
    return x


def weights(shape):
    """What the outputs are multiplied by before they are summed to a loss: a plain sum has no gradient behind a norm."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(99))


def train(layer, shape):
    """A few training steps' worth of forward and backward passes, of inputs with a gradient, as behind another layer."""
    layer.train()
    for k in range(STEPS):
        y = layer(batch(shape, k).requires_grad_() * 1)
        (y * weights(y.shape)).sum().backward()


def gradients(layer, shape):
    """(input gradient, [parameter gradients]) of one batch."""
    x = batch(shape).requires_grad_()
    y = layer(x.clone())
    (y * weights(y.shape)).sum().backward()
    return x.grad, [p.grad for p in layer.parameters()]


def output(pair, shape):
    for random in (False, True):                     # as built (gamma 1, beta 0), and with other gamma and beta
        mine, reference = pair.fresh(random)
        got, want = mine(batch(shape)), reference(batch(shape))
        if torch.is_tensor(got) and got.shape != want.shape:
            raise Differs(f"shape {tuple(got.shape)}, torch's is {tuple(want.shape)}")
        yield got, want


def input_gradient(pair, shape):
    mine, reference = pair.fresh()
    yield gradients(mine, shape)[0], gradients(reference, shape)[0]


def parameter_gradients(pair, shape):
    mine, reference = pair.fresh()
    if sizes(mine.parameters()) != sizes(reference.parameters()):
        raise Differs(f"parameters of sizes {sizes(mine.parameters())}, torch's have {sizes(reference.parameters())}")
    if sizes(reference.parameters()):
        yield from zip(gradients(mine, shape)[1], gradients(reference, shape)[1])


def buffers(pair, shape):
    mine, reference = pair.fresh()
    for layer in (mine, reference): train(layer, shape)
    try:
        copy.deepcopy(mine)
    except RuntimeError:
        raise Differs("it holds on to the graph of every step, and cannot be copied: update under torch.no_grad(), or with .detach()") from None
    if sizes(floats(mine)) != sizes(floats(reference)):
        raise Differs(f"buffers of sizes {sizes(floats(mine))}, torch's have {sizes(floats(reference))}")
    yield from zip(floats(mine), floats(reference))


def evaluation(pair, shape):
    mine, reference = pair.fresh()
    for layer in (mine, reference): train(layer, shape)
    if floats(reference) and sizes(floats(mine)) == sizes(floats(reference)):
        reference.running_mean[0], reference.running_var[0] = 0.1, 1e-4                 # a narrow unit in the past, too
        for theirs, b in zip(floats(mine), floats(reference)): theirs.data.copy_(b.view_as(theirs))          # wrong buffers are told once
    mine.eval(), reference.eval()
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
    x = 1e4 + torch.randn(shape, generator=torch.Generator().manual_seed(0))            # no narrow unit: float32 could not hold it there
    yield mine(x.clone()), reference(x.clone())


LOOK = dict(zip(ASPECTS, (output, input_gradient, parameter_gradients, buffers, evaluation, round_trip, large_mean)))
