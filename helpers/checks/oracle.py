"""Is this layer torch's? Seven aspects, each with how far it is off and what that usually means."""
import warnings
from collections import deque
from contextlib import suppress
from functools import partial
from typing import NamedTuple

import torch
from torch import nn

STEPS = 4  # of training before buffers are compared: a momentum the wrong way round shows from the first

# Right float32 layers, written by hand in fifteen ways, were found off torch's (relative, see far; 50 draws
# of seed and shape) by at most 4e-6 in output and eval(), 1e-5 in parameter gradients, 2e-4 in the input
# gradient and 9e-4 in eval mode's (what is narrow divides by 0.01), 1e-6 in buffers, and 7e-3 at mean 10,000,
# where float32 numbers stand 1e-3 apart. Usual faults move what they touch by 1 % or more at the default
# shape, one-pass variance many times its size.
NEAR = {"output": 1e-4, "input gradient": 2e-3, "parameter gradients": 1e-4, "buffers": 1e-5, "eval()": 1e-4,
        "state_dict": 1e-4, "large mean": 2e-2, "gradients in eval": 2e-3, "narrow unit": 1e-3}

USUALLY = {
    "output": "the variance divides by N - 1, eps stands outside the root or is missing, "
              "the root is taken twice, or the mean runs over another axis.",
    "input gradient": "mean and variance are computed under no_grad() or detached; "
                      "they depend on the input too.",
    "parameter gradients": "gamma or beta is no nn.Parameter, or stands in another order than gamma, beta.",
    "buffers": "momentum weighs the old value instead of the new.",
    "eval()": "the layer never asks self.training; eval mode takes the running mean and variance, with eps.",
    "state_dict": "what eval mode needs is a plain attribute; register_buffer() puts it into state_dict().",
    "large mean": "the variance is E[x²] - E[x]², where two large numbers cancel; "
                  "subtract the mean first, then square.",
}

# Sentences for where the first probe of an aspect finds nothing, and a later one does
BUT = {
    "other parameters": "As built it is right, but not with another gamma and beta. Usually: one of them is "
                        "left out, or beta is added before gamma multiplies.",
    "next batch": "{} is right, but not for the next batch, of another size. Usually: a size is written in, "
                  "or numbers of the first batch are kept.",
    "permuted": "{} is right, but not where the input was permuted before. Usually: view() or as_strided() "
                "stands where reshape() is needed.",
    "batch of one": "{} is right, but not for a batch of one. Usually: squeeze() takes the axis of the "
                    "samples away, or something is divided by N - 1.",
    "input": "{} is right, but the input is changed. Usually: an operation in place (h -= mean) writes "
             "into it; write h = h - mean.",
    "dtype": "{} is right, but has another dtype. Usually: double(), float() or a constant of another dtype "
             "is mixed in; the output takes the dtype of the input.",
    "running variance": "The running mean is right, but not the running variance. Usually: it divides by N "
                        "(torch keeps N - 1).",
    "narrow unit": "The variance kept is too large, as a narrow unit shows. Usually: eps is added to the "
                   "variance before it is kept.",
    "spoilt by one": "The buffers are right, but spoilt by a batch of one, where N - 1 is 0. Raise a "
                     "ValueError first, as torch does, or keep nothing of such a batch.",
    "graph": "The numbers are right, but a graph is kept with them. Update under torch.no_grad(), or keep "
             "what .detach() gives.",
    "still": "{} is right, but the buffers move there. Update them only if self.training.",
    "gradients in eval": "{} is right, but not its gradients. Usually: no_grad() or .detach() covers eval "
                         "mode; it belongs around the update of the buffers only.",
    "back": "{} is right, but train() does not undo it. Usually: eval mode sets what train mode never "
            "sets back; ask self.training at each call.",
}
HEAD = {"output": "The output", "input gradient": "The gradient", "eval()": "Eval mode"}

# What torch stops with -> what that usually is, in whatever aspect it shows
STOPS = {
    "view size is not compatible": "view() stands where reshape() is needed.",
    "modified by an inplace operation": "an operation in place (-=, /=, sqrt_()) changes a number that the "
                                        "gradient needs; write a new one.",
    "dtype": "double(), float() or a constant of another dtype is mixed in.",
    "backward through the graph a second time": "the graph of the step before is kept; "
                                                "update under torch.no_grad(), or with .detach().",
}

ASPECTS = tuple(USUALLY)


class Differs(Exception):
    """A difference that is not one of numbers, in words; usually: a sentence of its own on what that is."""

    def __init__(self, words, usually=None):
        super().__init__(words)
        self.usually = usually


class Verdict(NamedTuple):
    right: bool
    words: str
    usually: str = ""     # a sentence on what the difference is
    plain: bool = False   # what differs is the layer's answer to one tidy batch: the rest hangs on it


def same_as_torch(mine, reference, *args, shape=None, aspects=ASPECTS, check=True, **kwargs):
    """Compare a layer with torch's, a line for each aspect; AssertionError where one differs, if check.

        same_as_torch(BatchNorm, nn.BatchNorm1d, 5)
        same_as_torch(LayerNorm, nn.LayerNorm, 5, shape=(4, 7, 5))           # N, T, C
        same_as_torch(lambda: Norm(groups=2), lambda: nn.GroupNorm(2, 6), shape=(8, 6, 4, 3))

    mine, reference: a class or function; both are called with args and kwargs and give an nn.Module.
    shape: of the input, samples first, units or channels second; by default (12, last of args). Keep it
    small, its axes different: dividing by N - 1 instead of N shows as 1/N; but let a mean run over four
    numbers or more: of two or three, float32 keeps too little. Parameters are matched in order (gamma,
    beta), as are buffers (running mean, running variance); their names may differ, and num_batches_tracked
    may be absent.
    aspects: some of ASPECTS. "output": also with another gamma and beta, of a next batch of another size, a
    permuted input, a batch of one; the input stays as it was, the dtype is the input's. "buffers": after
    four steps, and of a narrow unit; a batch of one that torch refuses is refused, or leaves them finite.
    "eval()": also its gradients, and train() after it. "large mean": an input of mean 10,000.
    The input has one narrow unit and one narrow sample (sd 0.01), without which eps would not show.
    Raises ValueError for an unknown aspect or a shape the reference refuses, TypeError where mine gives no
    nn.Module.
    """
    if isinstance(aspects, str) or not USUALLY.keys() >= {*aspects}:
        raise ValueError(f"aspects={aspects!r}: expected a tuple of some of {ASPECTS}")
    found = verdicts(lambda: mine(*args, **kwargs), lambda: reference(*args, **kwargs),
                     shape or default_shape(args), aspects)
    for aspect, verdict in found.items():
        print(f"{'✓' if verdict.right else '✗'} {aspect:<20} {verdict.words}")
        if not verdict.right:
            print(f"    {meaning(aspect, found)}")
    wrong = [aspect for aspect, verdict in found.items() if not verdict.right]
    if wrong and check:
        raise AssertionError(f"differs from torch in: {', '.join(wrong)}")


def meaning(aspect, found):
    """What a difference usually means; what a wrong output drags along means nothing more."""
    verdict = found[aspect]
    hangs = aspect in ("input gradient", "parameter gradients", "large mean", "eval()")
    if hangs and found.get("output", verdict).plain:
        return "The output is wrong already: begin there."
    for before in [*found][:[*found].index(aspect)]:
        if found[before].words == verdict.words and "off by" not in verdict.words:
            return f"As in {before}: begin there."
    return verdict.usually


def default_shape(args):
    """(12, C), or (12, C, H, W), from what the layers are built with."""
    if not args:
        raise ValueError("give the shape of the input, e.g. shape=(12, 5)")
    *_, C = args
    return (12, *C) if isinstance(C, (tuple, list)) else (12, C)


def compare(mine, reference, shape, aspects=ASPECTS):
    """{aspect: (right, words)} for two functions without arguments that build a layer each."""
    return {aspect: found[:2] for aspect, found in verdicts(mine, reference, shape, aspects).items()}


def verdicts(mine, reference, shape, aspects):
    """{aspect: Verdict}, from draws of its own: the notebook's stream is left as it was."""
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "(var|std).*degrees of freedom")  # of one: the verdict says it
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
    """The Verdict on the first probe in which the two layers differ, or on how near they are in all."""
    worst, remarks = [], []
    for probe, look in LOOK[aspect].items():
        usually = BUT[probe].format(HEAD.get(aspect)) if probe in BUT else f"Usually: {USUALLY[aspect]}"
        differs = partial(Verdict, False, plain=probe in ("output", "other parameters"))
        try:
            seen = [*look(pair, shape)]
            remarks += [remark for remark in seen if isinstance(remark, str)]
            off = [far(*two) for two in seen if not isinstance(two, str)]
        except Differs as difference:
            return differs(str(difference), difference.usually or usually)
        except Exception as error:
            known = [f"Usually: {words}" for told, words in STOPS.items() if told in str(error)]
            return differs(f"stops with {type(error).__name__}: {error}", *known[:1] or [usually])
        if off and not max(off, key=nan_last) <= NEAR.get(probe, NEAR[aspect]):
            return differs(f"off by {percent(max(off, key=nan_last))}", usually)
        worst += off
    words = f"largest difference {max(worst):.0e}" if worst else "none, as in torch"
    return Verdict(True, "; ".join([words, *remarks]))


def nan_last(d):
    return d != d, d


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
    """The learner's layer and torch's, built afresh for every probe."""

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

    def narrow(self, shape):
        """trained, then with the same running statistics (wrong ones are told once), unit 0 narrow there."""
        mine, reference = self.trained(shape)
        for b in floats(mine):
            b.detach_()
        if floats(reference) and sizes(floats(mine)) == sizes(floats(reference)):
            reference.running_mean[0], reference.running_var[0] = 0.1, 1e-4
            write(floats(mine), floats(reference))
        return mine, reference

    def answering(self, shape):
        """narrow, in eval mode."""
        layers = self.narrow(shape)
        for layer in layers:
            layer.eval()
        return layers

    def layers(self, shape, learning):
        return self.fresh() if learning else self.answering(shape)

    def takes(self, shape, learning=True):
        """Whether torch's layer takes an input of this shape in train mode, or in eval mode."""
        try:
            self.reference().train(learning)(torch.randn(shape))
        except Exception:
            return False
        return True


def write(mine, reference):
    """Into the tensors of mine the numbers of reference's."""
    for theirs, t in zip(mine, reference):
        theirs.data.copy_(t.view_as(theirs))


def sizes(tensors):
    return [t.numel() for t in tensors]


def matched(what, mine, reference):
    """Raises Differs unless tensors of the two layers are as many and as large."""
    ours, theirs = sizes(mine), sizes(reference)
    if ours != theirs:
        usually = "they belong to another axis, or to a group of units."
        if len(ours) < len(theirs):
            usually = {"parameters": USUALLY["parameter gradients"],
                       "buffers": "what is kept is a plain attribute, without register_buffer()."}[what]
        elif len(ours) > len(theirs):
            usually = "one is registered that torch's layer does not have."
        raise Differs(f"{what} of sizes {ours}, torch's have {theirs}", f"Usually: {usually}")


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


def permute(x):
    """The same numbers, the axes in reverse order in memory, as behind x.permute(...) or x.T."""
    axes = [*reversed(range(x.dim()))]
    return x.permute(axes).contiguous().permute(axes)


def backward(y):
    """From a weighted sum of the outputs: a plain sum has no gradient behind a norm."""
    (y * normal(y.shape, 99)).sum().backward()


def train(layer, shape, steps=range(STEPS)):
    """The forward and backward passes of a few steps, of inputs with a gradient, as behind another layer."""
    layer.train()
    for k in steps:
        y = layer(batch(shape, k).requires_grad_() * 1)
        if y.requires_grad:  # else the gradients tell it
            backward(y)


def gradients(layer, x):
    """(input gradient, [parameter gradients]) of one batch."""
    x = x.requires_grad_()
    layer.zero_grad()
    backward(layer(x.clone()))
    return x.grad, [p.grad for p in layer.parameters()]


def answers(layers, x):
    """Both outputs, of the same shape."""
    got, want = (layer(x.clone()) for layer in layers)
    if torch.is_tensor(got):
        same_shape(got, want)
    return got, want


def output(pair, shape, random=True, order=torch.clone):
    yield answers(pair.fresh(random), order(batch(shape)))


def next_batch(pair, shape):
    """More samples, and pixels or tokens where torch's layer is not built for their number."""
    N, C, *rest = shape
    longer = [[N + 3, C, *(n + 1 for n in rest)], [N + 3, *(n + 2 for n in (C, *rest)[:-1]), shape[-1]],
              [N + 3, C, *rest]]
    layers = pair.fresh()
    if size := next(filter(pair.takes, longer), None):
        answers(layers, batch(shape))
        yield answers(layers, batch(size, 1))


def one_sample(pair, shape, learning=True):
    one = (1, *shape[1:])
    if pair.takes(one, learning):
        yield answers(pair.layers(shape, learning), batch(one, STEPS))


def unchanged(pair, shape, learning=True):
    mine, _ = pair.layers(shape, learning)
    x = batch(shape, STEPS)
    mine(x)
    yield x, batch(shape, STEPS)


def dtype(pair, shape, learning=True):
    """Of float32, and of float64 where what a layer keeps is registered, so that double() reaches it."""
    layers = pair.layers(shape, learning)
    x = batch(shape, STEPS)
    same_dtype(*answers(layers, x))
    if len({len(floats(layer)) for layer in layers}) == 1:
        yield same_dtype(*answers([layer.double() for layer in layers], x.double()))


def same_dtype(got, want):
    if got.dtype != want.dtype:
        raise Differs(f"{got.dtype}, torch's is {want.dtype}".replace("torch.", ""))
    return got, want


def input_gradient(pair, shape, order=torch.clone):
    yield [gradients(layer, order(batch(shape)))[0] for layer in pair.fresh()]


def parameter_gradients(pair, shape):
    mine, reference = pair.fresh()
    matched("parameters", [*mine.parameters()], [*reference.parameters()])
    if sizes(reference.parameters()):
        yield from zip(gradients(mine, batch(shape))[1], gradients(reference, batch(shape))[1])


def running(pair, shape, at=slice(0, 1)):
    """The running mean, or what comes behind it."""
    mine, reference = pair.trained(shape)
    matched("buffers", floats(mine), floats(reference))
    if floats(mine) and all(map(torch.equal, floats(mine), floats(pair.mine()))):
        raise Differs("as built", "Nothing updates the buffers in train mode, or writes into copies of them.")
    for got, want in zip(floats(mine)[at], floats(reference)[at]):
        more = got.detach() - want
        if at.start and more.min() > 0.8 * more.max() > 1e-5:  # no share of each, but the same in all
            raise Differs(f"{more.max():.0e} too large in each unit", BUT["narrow unit"])
        yield got, want


def narrow_unit(pair, shape):
    """Its running variance relative to itself: among wide ones, or after few steps from 1, eps is lost."""
    mine, reference = layers = pair.narrow(shape)
    for layer in layers:
        train(layer, shape)
    yield from ((got[:1], want[:1]) for got, want in zip(floats(mine)[1:], floats(reference)[1:]))


def spoilt_by_one(pair, shape):
    """What torch refuses (no unit has a variance) must be refused, or leave the buffers finite."""
    mine, reference = pair.trained(shape)
    one = (1, *shape[1:])
    with suppress(Exception):
        mine(batch(one, STEPS))
    if pair.takes(one):
        reference(batch(one, STEPS))
        yield from zip(floats(mine), floats(reference))
    elif not all(b.isfinite().all() for b in floats(mine)):
        raise Differs("nan or inf after a batch of one")


def graph(pair, shape):
    """Of buffers, none; of other tensors that the layer keeps, no more from step to step."""
    mine, _ = pair.trained(shape)
    before = kept_graphs(mine)
    train(mine, shape, [STEPS])
    after = kept_graphs(mine)
    of_buffers = [name for name, _ in mine.named_buffers() if name in after]
    growing = [name for name in after if after[name] > before.get(name, 0)]
    if names := growing or of_buffers:
        raise Differs(f"the graph of {'every' if growing else 'the last'} step is kept ({', '.join(names)})")
    if after:
        yield f"it keeps a tensor with its graph ({', '.join(f'self.{name}' for name in after)})"


def kept_graphs(layer):
    """{attribute: how many nodes of graphs hang on it}, where any do."""
    found = {}
    for prefix, module in layer.named_modules():
        for name, value in {**vars(module), **module._buffers, "_buffers": None}.items():
            if size := len(nodes(value)):
                found[f"{prefix}.{name}" if prefix else name] = size
    return found


def nodes(value):
    """The nodes of the graphs behind a tensor, or those in a list, dict or the like."""
    todo, seen = [t.grad_fn for t in tensors(value)], set()
    while todo:
        node = todo.pop()
        if node is not None and node not in seen:
            seen.add(node)
            todo += [before for before, _ in node.next_functions]
    return seen


def tensors(value):
    if isinstance(value, dict):
        value = [*value.values()]
    if isinstance(value, (list, tuple, deque)):
        return [t for part in value for t in tensors(part)]
    return [value] if torch.is_tensor(value) else []


def evaluation(pair, shape):
    yield answers(pair.answering(shape), batch(shape, STEPS))


def still(pair, shape):
    mine, _ = pair.answering(shape)
    kept = [b.clone() for b in floats(mine)]
    mine(batch(shape, STEPS))
    yield from zip(floats(mine), kept)


def gradients_in_eval(pair, shape):
    mine, reference = pair.answering(shape)
    (got, mine_p), (want, reference_p) = (gradients(layer, batch(shape)) for layer in (mine, reference))
    yield got, want
    if sizes(mine.parameters()) == sizes(reference.parameters()):  # else the parameter gradients tell it
        yield from zip(mine_p, reference_p)


def back(pair, shape):
    """A layer that answered in eval mode goes on as its twin that did not."""
    (mine, _), twin = pair.fresh(), pair.mine()
    write(twin.parameters(), mine.parameters())
    for layer in (mine, twin):
        train(layer, shape)
    mine.eval()
    mine(batch(shape, STEPS))
    for layer in (mine, twin):
        train(layer, shape, [STEPS])
    yield answers((mine, twin), batch(shape))
    yield from zip(floats(mine), floats(twin))


def round_trip(pair, shape):
    mine, _ = pair.fresh()
    train(mine, shape)
    again = pair.mine()
    again.load_state_dict({name: t.clone() for name, t in mine.state_dict().items()})
    yield again.eval()(batch(shape, STEPS)), mine.eval()(batch(shape, STEPS))


def large_mean(pair, shape):
    x = 1e4 + 3 * normal(shape, 0)  # no narrow unit, few narrow samples: float32 could not hold them
    yield answers(pair.fresh(), x)


LOOK = {  # what is asked for in each aspect, in this order; the first that differs is told
    "output": {"output": partial(output, random=False), "other parameters": output, "next batch": next_batch,
               "permuted": partial(output, order=permute), "batch of one": one_sample, "input": unchanged,
               "dtype": dtype},
    "input gradient": {"input gradient": input_gradient, "permuted": partial(input_gradient, order=permute)},
    "parameter gradients": {"parameter gradients": parameter_gradients},
    "buffers": {"buffers": running, "running variance": partial(running, at=slice(1, None)),
                "narrow unit": narrow_unit, "spoilt by one": spoilt_by_one, "graph": graph},
    "eval()": {"eval()": evaluation, "still": still, "batch of one": partial(one_sample, learning=False),
               "input": partial(unchanged, learning=False), "dtype": partial(dtype, learning=False),
               "gradients in eval": gradients_in_eval, "back": back},
    "state_dict": {"state_dict": round_trip},
    "large mean": {"large mean": large_mean},
}
