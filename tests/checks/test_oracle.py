"""The seven aspects: right layers pass all, each wrong one in circulation fails what names its fault."""
import random

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from helpers.checks import oracle
from helpers.checks.oracle import ASPECTS, STEPS, compare, same_as_torch


class ByHand(nn.Module):
    """BatchNorm of N, C or N, C, H, W; the subclasses below get one thing wrong."""

    def __init__(self, features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.scale, self.shift = nn.Parameter(torch.ones(features)), nn.Parameter(torch.zeros(features))
        self.register_buffer("past_mean", torch.zeros(features))
        self.register_buffer("past_var", torch.ones(features))

    def forward(self, x):
        dims = [0, *range(2, x.dim())]
        if self.training and x.numel() == x.shape[1]:
            raise ValueError("a batch of one has no variance")
        mean, var = self.statistics(x, dims) if self.training else (self.past_mean, self.past_var)
        if self.training:
            self.remember(mean, var, x.numel() // x.shape[1])
        per_unit = [1, -1] + [1] * (x.dim() - 2)
        x_hat = (x - mean.view(per_unit)) / self.root(var).view(per_unit)
        return self.scale.view(per_unit) * x_hat + self.shift.view(per_unit)

    def statistics(self, x, dims):
        return x.mean(dims), x.var(dims, unbiased=False)

    def root(self, var):
        return torch.sqrt(var + self.eps)

    @torch.no_grad()
    def remember(self, mean, var, n):
        self.past_mean.lerp_(mean, self.momentum)
        self.past_var.lerp_(var * n / (n - 1), self.momentum)


class BiasedRunningVariance(ByHand):
    def remember(self, mean, var, n):
        super().remember(mean, var * (n - 1) / n, n)


class UnbiasedForward(ByHand):
    def statistics(self, x, dims):
        return x.mean(dims), x.var(dims)

    def remember(self, mean, var, n):
        super().remember(mean, var * (n - 1) / n, n)


class NoGrad(ByHand):
    @torch.no_grad()
    def statistics(self, x, dims):
        return super().statistics(x, dims)


class IgnoresEval(ByHand):
    def forward(self, x):
        self.training = True
        return super().forward(x)


class NormalizesByThePastOnly(ByHand):
    def statistics(self, x, dims):
        return self.past_mean.clone(), self.past_var.clone()


class OnePassVariance(ByHand):
    def statistics(self, x, dims):
        return x.mean(dims), (x ** 2).mean(dims) - x.mean(dims) ** 2


class EpsOutside(ByHand):
    def root(self, var):
        return torch.sqrt(var) + self.eps


class NoEps(ByHand):
    def root(self, var):
        return torch.sqrt(var)


class HoldsTheGraph(ByHand):
    def remember(self, mean, var, n):
        with torch.enable_grad():
            self.past_mean = (1 - self.momentum) * self.past_mean + self.momentum * mean
            self.past_var = (1 - self.momentum) * self.past_var + self.momentum * var * n / (n - 1)


class MomentumReversed(ByHand):
    def remember(self, mean, var, n):
        self.momentum = 0.9
        super().remember(mean, var, n)


class OverTheUnits(ByHand):
    def forward(self, x):
        mean, var = x.mean(1, keepdim=True), x.var(1, unbiased=False, keepdim=True)
        return self.scale * (x - mean) / torch.sqrt(var + self.eps) + self.shift


class PlainAttributes(ByHand):
    def __init__(self, features):
        super().__init__(features)
        mean, var = self.past_mean, self.past_var
        del self.past_mean, self.past_var
        self.past_mean, self.past_var = mean, var


class PlainGamma(ByHand):
    def __init__(self, features):
        super().__init__(features)
        del self.scale
        self.scale = torch.ones(features, requires_grad=True)


class MovesInEval(ByHand):
    def forward(self, x):
        y = super().forward(x)
        if not self.training:
            self.remember(x.mean(0), x.var(0), len(x))
        return y


class GammaStartsAtZero(ByHand):
    def __init__(self, features):
        super().__init__(features)
        nn.init.zeros_(self.scale)


class GammaForgotten(ByHand):
    def forward(self, x):
        return super().forward(x) / self.scale


class KeepsTheAxis(ByHand):
    def forward(self, x):
        return super().forward(x)[None]


def failing(layer, reference=nn.BatchNorm1d, args=(5,), shape=(12, 5)):
    found = compare(lambda: layer(*args), lambda: reference(*args), shape)
    return {aspect for aspect, (right, _) in found.items() if not right}


FORWARD = {"output", "input gradient", "parameter gradients"}


@pytest.mark.parametrize("layer, wrong", [
    (BiasedRunningVariance, {"buffers"}),
    (UnbiasedForward, FORWARD | {"large mean"}),
    (NoGrad, {"input gradient"}),
    (IgnoresEval, {"eval()"}),
    (OnePassVariance, {"large mean"}),
    (EpsOutside, FORWARD | {"eval()"}),
    (NoEps, FORWARD | {"eval()"}),
    (HoldsTheGraph, {"buffers"}),
    (MomentumReversed, {"buffers"}),
    (OverTheUnits, FORWARD | {"large mean", "buffers", "eval()"}),
    (PlainAttributes, {"buffers", "state_dict"}),
    (MovesInEval, {"eval()"}),
    (GammaStartsAtZero, {"output"}),
    (GammaForgotten, FORWARD | {"eval()", "large mean"}),
])
def test_wrong_layers_fail_the_aspect_that_names_the_fault(layer, wrong):
    assert failing(layer) == wrong


@pytest.mark.parametrize("layer", [NormalizesByThePastOnly, PlainGamma, KeepsTheAxis])
def test_other_wrong_layers_fail(layer):
    assert {"output", "parameter gradients"} & failing(layer)


@pytest.mark.parametrize("shape", [(6, 5, 4, 3), (64, 5, 8, 8)])
def test_faults_show_on_images_too(shape):
    wrong = {BiasedRunningVariance: {"buffers"}, NoGrad: {"input gradient"}, IgnoresEval: {"eval()"},
             OnePassVariance: {"large mean"}, HoldsTheGraph: {"buffers"}}
    assert {layer: failing(layer, nn.BatchNorm2d, shape=shape) for layer in wrong} == wrong


@pytest.mark.parametrize("reference, args, shape", [
    (nn.BatchNorm1d, (5,), (12, 5)), (nn.BatchNorm1d, (5,), (6, 5, 4)), (nn.BatchNorm2d, (5,), (6, 5, 4, 3)),
])
@pytest.mark.parametrize("seed", range(5))
def test_a_right_layer_by_hand_passes_with_room(monkeypatch, reference, args, shape, seed):
    batch = oracle.batch
    monkeypatch.setattr(oracle, "batch", lambda shape, k=0: batch(shape, k + 100 * seed))
    monkeypatch.setattr(oracle, "NEAR", {aspect: near / 2 for aspect, near in oracle.NEAR.items()})
    assert failing(ByHand, reference, args, shape) == set()


@pytest.mark.parametrize("reference, args, shape", [
    (nn.BatchNorm1d, (5,), None), (nn.BatchNorm2d, (5,), (6, 5, 4, 3)),
    (nn.BatchNorm3d, (2,), (3, 2, 4, 5, 2)), (nn.InstanceNorm2d, (5,), (6, 5, 4, 3)),
    (nn.LayerNorm, (5,), None), (nn.LayerNorm, (5,), (4, 7, 5)), (nn.LayerNorm, ((5, 4, 3),), None),
    (nn.LayerNorm, ((12, 5),), (12, 5)),  # takes this one number of samples only
    (nn.RMSNorm, (5,), None), (nn.GroupNorm, (2, 6), None), (nn.GroupNorm, (2, 6), (8, 6, 4, 3)),
])
def test_torch_agrees_with_itself(reference, args, shape, capsys):
    same_as_torch(reference, reference, *args, shape=shape)
    assert [line[0] for line in capsys.readouterr().out.splitlines()] == ["✓"] * len(ASPECTS)


def test_other_settings_of_torch_agree_and_differ():
    same_as_torch(ByHand, nn.BatchNorm1d, 5, eps=1e-3, momentum=0.3)
    same_as_torch(nn.InstanceNorm2d, nn.InstanceNorm2d, 5, shape=(6, 5, 4, 3), affine=True,
                  track_running_stats=True)
    with pytest.raises(AssertionError, match="buffers"):
        same_as_torch(lambda n: ByHand(n), lambda n: nn.BatchNorm1d(n, momentum=0.2), 5, aspects=("buffers",))


class LayerNormByHand(nn.Module):
    def __init__(self, features, unbiased=False, outside=False):
        super().__init__()
        self.g, self.b = nn.Parameter(torch.ones(features)), nn.Parameter(torch.zeros(features))
        self.unbiased = unbiased
        self.inside, self.outside = (0, 1e-5) if outside else (1e-5, 0)

    def forward(self, x):
        mean, var = x.mean(-1, keepdim=True), x.var(-1, unbiased=self.unbiased, keepdim=True)
        return self.g * (x - mean) / (torch.sqrt(var + self.inside) + self.outside) + self.b


@pytest.mark.parametrize("shape", [(12, 5), (4, 7, 5)])
def test_layer_norm_by_hand(shape):
    assert failing(LayerNormByHand, nn.LayerNorm, shape=shape) == set()
    wrong = FORWARD | {"eval()"}
    assert failing(lambda n: LayerNormByHand(n, True), nn.LayerNorm, shape=shape) == wrong | {"large mean"}
    assert failing(lambda n: LayerNormByHand(n, outside=True), nn.LayerNorm, shape=shape) == wrong
    assert failing(nn.BatchNorm1d, nn.LayerNorm) >= wrong


def test_a_line_for_each_aspect_says_how_far_off_and_what_it_means(capsys):
    with pytest.raises(AssertionError, match=r"differs from torch in: input gradient$"):
        same_as_torch(NoGrad, nn.BatchNorm1d, 5)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0][2:] for line in lines if line[0] in "✓✗"] == list(ASPECTS)
    at = next(k for k, line in enumerate(lines) if line.startswith("✗ input gradient"))
    assert "off by" in lines[at] and "no_grad" in lines[at + 1]


def test_what_a_wrong_output_drags_along_is_not_explained_again(capsys):
    same_as_torch(UnbiasedForward, nn.BatchNorm1d, 5, check=False)
    out = capsys.readouterr().out
    assert out.count("Usually") == 1 and out.count("begin there") == 3


def test_a_subset_of_aspects(capsys):
    same_as_torch(IgnoresEval, nn.BatchNorm1d, 5, aspects=("output", "input gradient"))
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_a_layer_that_stops_is_told_in_words(capsys):
    class Stops(ByHand):
        def root(self, var): raise RuntimeError("shapes do not match")
    same_as_torch(Stops, nn.BatchNorm1d, 5, check=False)
    assert "stops with RuntimeError: shapes do not match" in capsys.readouterr().out


class ReturnsNothing(ByHand):
    def forward(self, x): super().forward(x)


class Diverges(ByHand):
    def root(self, var): return torch.zeros_like(var)


@pytest.mark.parametrize("layer, words", [
    (ReturnsNothing, "nothing where torch has a tensor (12, 5)"), (Diverges, "nan or inf"),
    (KeepsTheAxis, "shape (1, 12, 5), torch's is (12, 5)"), (HoldsTheGraph, "graph"),
    (PlainGamma, "sizes [5], torch's have [5, 5]"),
])
def test_other_differences_in_words(layer, words, capsys):
    same_as_torch(layer, nn.BatchNorm1d, 5, check=False)
    assert words in capsys.readouterr().out


@pytest.mark.parametrize("error, words, ask", [
    (ValueError, "expected a tuple of some of",
     lambda: same_as_torch(ByHand, nn.BatchNorm1d, 5, aspects=("outputs",))),
    (ValueError, "expected a tuple", lambda: same_as_torch(ByHand, nn.BatchNorm1d, 5, aspects="output")),
    (ValueError, "give shape=", lambda: same_as_torch(ByHand, nn.BatchNorm2d, 5)),
    (ValueError, "give the shape", lambda: same_as_torch(lambda: ByHand(5), lambda: nn.BatchNorm1d(5))),
    (TypeError, "inherits from nn.Module", lambda: same_as_torch(lambda n: torch.relu, nn.BatchNorm1d, 5)),
    (TypeError, "nn.Module", lambda: same_as_torch(lambda n: None, nn.BatchNorm1d, 5)),
])
def test_wrong_questions_raise(error, words, ask):
    with pytest.raises(error, match=words):
        ask()


def test_the_stream_of_draws_is_left_as_found():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    same_as_torch(ByHand, nn.BatchNorm1d, 5)
    assert torch.equal(before, torch.get_rng_state())


def test_the_buffers_are_compared_after_several_steps():
    assert STEPS >= 3


class AsATable(ByHand):
    def forward(self, x):
        table = super().forward(x.movedim(1, -1).reshape(-1, x.shape[1]))
        return table.reshape(x.movedim(1, -1).shape).movedim(-1, 1)


class CentredSquares(ByHand):
    def statistics(self, x, dims):
        mean = x.mean(dims, keepdim=True)
        return mean.flatten(), (x - mean).square().mean(dims)


class VarMean(ByHand):
    def statistics(self, x, dims):
        return torch.var_mean(x, dims, correction=0)[::-1]


class FromTheSd(ByHand):
    def statistics(self, x, dims):
        return x.mean(dims), x.std(dims, unbiased=False) ** 2


class SumsOverN(ByHand):
    def statistics(self, x, dims):
        columns = x.transpose(0, 1).flatten(1)
        n = columns.shape[1]
        mean = columns.sum(1) / n
        return mean, torch.einsum("cn,cn->c", columns - mean[:, None], columns - mean[:, None]) / n


class Functional(ByHand):
    def forward(self, x):
        return F.batch_norm(x, self.past_mean, self.past_var, self.scale, self.shift, self.training,
                            self.momentum, self.eps)


class Folded(ByHand):
    def forward(self, x):
        x = x.transpose(1, -1)
        dims = [*range(x.dim() - 1)]
        if not self.training:
            return self.fold(x, self.past_mean, self.past_var).transpose(1, -1)
        if x.numel() == x.shape[-1]:
            raise ValueError("one value a unit")
        var, mean = torch.var_mean(x, dims, correction=0)
        self.remember(mean, var, x.numel() // x.shape[-1])
        return self.fold(x - mean, 0, var).transpose(1, -1)

    def fold(self, x, mean, var):
        factor = self.scale * torch.rsqrt(var + self.eps)
        return torch.addcmul(self.shift - mean * factor, x, factor)


class InPlaceOnItsOwn(ByHand):
    def forward(self, x):
        if not self.training:
            return super().forward(x)
        if x.numel() == x.shape[1]:
            raise ValueError("one value a unit")
        dims, per_unit = [0, *range(2, x.dim())], [1, -1] + [1] * (x.dim() - 2)
        var, mean = torch.var_mean(x, dims, correction=0, keepdim=True)
        self.remember(mean.flatten(), var.flatten(), x.numel() // x.shape[1])
        h = x - mean
        h *= torch.rsqrt(var + self.eps)
        h = h * self.scale.view(per_unit)
        h += self.shift.view(per_unit)
        return h


class OneImageFromMemory(ByHand):
    """A batch of one is normalized by the past, and nothing of it is kept."""

    def forward(self, x):
        if self.training and x.numel() == x.shape[1]:
            return F.batch_norm(x, self.past_mean, self.past_var, self.scale, self.shift, eps=self.eps)
        return super().forward(x)


class NewBuffers(ByHand):
    def remember(self, mean, var, n):
        self.past_mean = self.past_mean + self.momentum * (mean.detach() - self.past_mean)
        self.past_var = (1 - self.momentum) * self.past_var + self.momentum * var.detach() * n / (n - 1)


class Backward(torch.autograd.Function):
    @staticmethod
    def forward(ctx, h, eps):
        var, mean = torch.var_mean(h, 0, correction=0)
        rstd = torch.rsqrt(var + eps)
        h_hat = (h - mean) * rstd
        ctx.save_for_backward(h_hat, rstd)
        return h_hat

    @staticmethod
    def backward(ctx, g):
        h_hat, rstd = ctx.saved_tensors
        return (g - g.mean(0) - h_hat * (g * h_hat).mean(0)) * rstd, None


class BackwardByHand(ByHand):
    def forward(self, x):
        h = x.movedim(1, -1)
        table = h.reshape(-1, x.shape[1])
        if self.training:
            if len(table) < 2:
                raise ValueError("a batch of one")
            self.remember(table.mean(0).detach(), table.var(0, unbiased=False).detach(), len(table))
            h_hat = Backward.apply(table, self.eps)
        else:
            h_hat = (table - self.past_mean) / (self.past_var + self.eps).sqrt()
        return (self.scale * h_hat + self.shift).unflatten(0, h.shape[:-1]).movedim(-1, 1)


class KeepsLastOutput(ByHand):
    def forward(self, x):
        self.out = super().forward(x)
        return self.out


class NormOver(nn.Module):
    """LayerNorm, GroupNorm, InstanceNorm and RMSNorm by one formula."""

    def __init__(self, shape, dims, groups=None, centred=True):
        super().__init__()
        self.g = nn.Parameter(torch.ones(shape))
        self.dims, self.groups, self.centred = dims, groups, centred
        if centred:
            self.b = nn.Parameter(torch.zeros(shape))

    def forward(self, x):
        parts = x.reshape(len(x), self.groups, -1, *x.shape[2:]) if self.groups else x
        h = parts - parts.mean(self.dims, keepdim=True) if self.centred else parts
        h = (h * torch.rsqrt(h.pow(2).mean(self.dims, keepdim=True) + 1e-5)).reshape(x.shape)
        return self.g * h + self.b if self.centred else self.g * h


RIGHT = [ByHand, AsATable, CentredSquares, VarMean, FromTheSd, SumsOverN, Functional, Folded, InPlaceOnItsOwn,
         OneImageFromMemory, NewBuffers, BackwardByHand, KeepsLastOutput]
DRAWS = 6  # fifty were tried once; a draw takes a second


def drawn(monkeypatch, k):
    """A random shape (N, C), (N, C, L) or (N, C, H, W); other numbers in all that is asked."""
    draw = random.Random(k)
    batch, normal = oracle.batch, oracle.normal
    monkeypatch.setattr(oracle, "batch", lambda shape, step=0: batch(shape, step + 100 * k))
    monkeypatch.setattr(oracle, "normal", lambda shape, seed: normal(shape, seed + 1000 * k))
    shape = (draw.randint(6, 40), draw.randint(2, 9), *(draw.randint(2, 7) for _ in range(k % 3)))
    return shape, lambda build: torch.rand(k) is None or build()  # building draws: other parameters


@pytest.mark.parametrize("k", range(DRAWS))
def test_a_right_layer_written_otherwise_is_never_told_wrong(monkeypatch, k):
    shape, after = drawn(monkeypatch, k)
    C, reference = shape[1], (nn.BatchNorm1d, nn.BatchNorm1d, nn.BatchNorm2d)[k % 3]
    pairs = {layer.__name__: (lambda layer=layer: layer(C), lambda: reference(C), shape) for layer in RIGHT}
    last, seen = shape[-1] + 2, (*shape[:-1], shape[-1] + 2)  # of two or three, float32 keeps too little
    pairs["LayerNorm"] = lambda: NormOver(last, -1), lambda: nn.LayerNorm(last), seen
    pairs["RMSNorm"] = lambda: NormOver(last, -1, centred=False), lambda: nn.RMSNorm(last, eps=1e-5), seen
    if len(shape) == 4:
        each = C, 1, 1
        pairs["InstanceNorm"] = (lambda: NormOver(each, (2, 3)), lambda: nn.InstanceNorm2d(C, affine=True),
                                 shape)
        pairs["GroupNorm"] = lambda: NormOver(each, (2, 3, 4), C), lambda: nn.GroupNorm(C, C), shape
    alarms = {}
    for name, (mine, theirs, seen) in pairs.items():
        found = compare(lambda mine=mine: after(mine), theirs, seen)
        alarms |= {(name, aspect): words for aspect, (right, words) in found.items() if not right}
    assert not alarms


# Wrong layers, each named by the sentence that fits; those up to EpsAfterTheDivision were met in public code.

class StaysInEval(ByHand):
    stays = False

    def forward(self, x):
        self.stays = self.stays or not self.training
        if not self.stays:
            return super().forward(x)
        return F.batch_norm(x, self.past_mean, self.past_var, self.scale, self.shift, eps=self.eps)


class WritesIntoItsInput(nn.LayerNorm):
    def forward(self, h):
        h -= h.mean(-1, keepdim=True)
        return self.weight * h / (h.square().mean(-1, keepdim=True) + self.eps).sqrt() + self.bias


class SpoiltByOne(ByHand):
    """Notebook 05's layer, as a learner would write it."""

    def forward(self, h):
        mean, var = self.past_mean, self.past_var
        if self.training:
            mean, var = h.mean(0), h.var(0, unbiased=False)
            self.past_mean += self.momentum * (mean.detach() - self.past_mean)
            self.past_var += self.momentum * (h.detach().var(0) - self.past_var)
        return self.scale * (h - mean) / torch.sqrt(var + self.eps) + self.shift


class RefusesTooLate(SpoiltByOne):
    def forward(self, h):
        y = super().forward(h)
        if self.training and len(h) < 2:
            raise ValueError("a batch of one")
        return y


class EpsInMemory(ByHand):
    def remember(self, mean, var, n): super().remember(mean, var + self.eps, n)


class ScrambledGroups(nn.GroupNorm):
    def forward(self, x):
        parts = x.movedim(1, -1).reshape(len(x), self.num_groups, -1)
        var, mean = torch.var_mean(parts, -1, correction=0, keepdim=True)
        h = ((parts - mean) / (var + self.eps).sqrt()).reshape(x.movedim(1, -1).shape).movedim(-1, 1)
        return self.weight.view(-1, 1, 1) * h + self.bias.view(-1, 1, 1)


class GammaForAGroup(nn.GroupNorm):
    def __init__(self, groups, C):
        super().__init__(groups, C)
        self.weight, self.bias = nn.Parameter(torch.ones(groups)), nn.Parameter(torch.zeros(groups))

    def forward(self, x):
        per_group = [-1, 1, 1, 1]
        h = F.group_norm(x, self.num_groups).unflatten(1, (self.num_groups, -1))
        return (self.weight.view(per_group) * h + self.bias.view(per_group)).flatten(1, 2)


class RootOfTheSd(ByHand):
    def root(self, var): return torch.sqrt(torch.sqrt(var) + self.eps)


class PerPixel(ByHand):
    def __init__(self, C, H=4, W=3):
        super().__init__(C * H * W)

    def forward(self, x): return super().forward(x.flatten(1)).view(x.shape)


class ByView(ByHand):
    def forward(self, x): return super().forward(x.view(-1).view(x.shape))


class Doubles(ByHand):
    def forward(self, x): return super().forward(x).double()


class DoubleInside(ByHand):
    def forward(self, x): return super().forward(x.double())


class EpsAfterTheDivision(UnbiasedForward):
    def root(self, var): return torch.sqrt(var)
    def forward(self, x): return super().forward(x) + self.eps


class SingleOnly(ByHand):
    def forward(self, x): return super().forward(x).float()


class DoublesInEval(ByHand):
    def forward(self, x): return super().forward(x) if self.training else super().forward(x).double()


class TwelveWrittenIn(ByHand):
    def statistics(self, x, dims):
        mean = x.sum(0) / 12
        return mean, (x - mean).square().sum(0) / 12


class FirstBatchForEver(ByHand):
    first = None

    def statistics(self, x, dims):
        self.first = self.first or super().statistics(x, dims)
        return self.first


class Strided(ByHand):
    def forward(self, x): return super().forward(x.as_strided(x.shape, torch.empty(x.shape).stride()))


class LayerSqueezes(nn.LayerNorm):
    def forward(self, x): return super().forward(x.squeeze())


class SqueezesInEval(ByHand):
    def forward(self, x): return super().forward(x) if self.training else super().forward(x).squeeze()


class BetaFirst(LayerNormByHand):
    def forward(self, x):
        return self.g * (F.layer_norm(x, x.shape[-1:]) + self.b)


class CentresInPlaceInEval(ByHand):
    def forward(self, x):
        if self.training:
            return super().forward(x)
        x -= self.past_mean
        return self.scale * x / self.root(self.past_var) + self.shift


class EvalWithoutGraph(ByHand):
    def forward(self, x):
        with torch.set_grad_enabled(self.training):
            return super().forward(x)


class FrozenGammaInEval(ByHand):
    def forward(self, x):
        if self.training:
            return super().forward(x)
        return self.scale.detach() * (x - self.past_mean) / self.root(self.past_var) + self.shift


class MemoryStopsAfterEval(ByHand):
    def forward(self, x):
        self.momentum = self.momentum if self.training else 0.0
        return super().forward(x)


class NothingRemembered(ByHand):
    def remember(self, mean, var, n): mean, var = self.past_mean * 0.9 + mean * 0.1, var


class KeepsEveryOutput(ByHand):
    def __init__(self, features):
        super().__init__(features)
        self.outs = []

    def forward(self, x):
        self.outs.append(super().forward(x))
        return self.outs[-1]


class GraphOfTheLastStep(ByHand):
    def remember(self, mean, var, n):
        with torch.enable_grad():
            self.past_mean = (1 - self.momentum) * self.past_mean.detach() + self.momentum * mean
        self.past_var.lerp_(var * n / (n - 1), self.momentum)


class OwnGraphAgain(ByHand):
    """The past with its graph, in what goes out."""

    def forward(self, x):
        y = super().forward(x)
        if self.training:
            self.last = y.mean() * 0 + getattr(self, "last", 0)
            y = y + self.last
        return y


class InPlaceUnderTheGradient(ByHand):
    def root(self, var):
        root = torch.sqrt(var + self.eps)
        return root.add_(1e-12)


class ClampedSd(ByHand):
    def root(self, var): return torch.sqrt(var).clamp_min(self.eps ** 0.5)


BN, LN, GN, BN2 = ((nn.BatchNorm1d, (5,), (12, 5)), (nn.LayerNorm, (5,), (12, 5)),
                   (nn.GroupNorm, (2, 6), (8, 6, 4, 3)), (nn.BatchNorm2d, (5,), (6, 5, 4, 3)))

# What a fault breaks beside the aspect that names it, and is told of there in its own words
BESIDE = {WritesIntoItsInput: {"eval()"}, LayerSqueezes: {"eval()"}, Strided: {"input gradient"},
          FirstBatchForEver: {"buffers"}, PlainAttributes: {"state_dict"}, PerPixel: {"buffers"}}


@pytest.mark.parametrize("layer, torchs, aspect, words", [
    (StaysInEval, BN, "eval()", "train() does not undo it"),
    (WritesIntoItsInput, LN, "output", "The output is right, but the input is changed"),
    (SpoiltByOne, BN, "buffers", "spoilt by a batch of one"),
    (EpsInMemory, BN, "buffers", "eps is added to the variance before it is kept"),
    (lambda C: EpsInMemory(C, eps=1e-3), (lambda C: nn.BatchNorm1d(C, eps=1e-3), *BN[1:]), "buffers",
     "eps is added to the variance before it is kept"),
    (ScrambledGroups, GN, "output", "another axis"),
    (GammaForAGroup, GN, "parameter gradients", "another axis, or to a group"),
    (RootOfTheSd, BN, "output", "the root is taken twice"),
    (PerPixel, BN2, "output", "another axis"),
    (ByView, BN, "output", "reshape() is needed"),
    (ByView, BN2, "output", "reshape() is needed"),
    (Doubles, BN, "output", "The output is right, but has another dtype"),
    (EpsAfterTheDivision, BN, "output", "divides by N - 1, eps stands outside"),
    (RefusesTooLate, BN, "buffers", "Raise a ValueError first"),
    (DoubleInside, BN, "output", "another dtype is mixed in"),
    (SingleOnly, BN, "output", "has another dtype"),
    (DoublesInEval, BN, "eval()", "Eval mode is right, but has another dtype"),
    (TwelveWrittenIn, BN, "output", "a size is written in"),
    (FirstBatchForEver, BN, "output", "numbers of the first batch are kept"),
    (Strided, BN, "output", "where the input was permuted"),
    (LayerSqueezes, LN, "output", "The output is right, but not for a batch of one. Usually: squeeze()"),
    (SqueezesInEval, BN, "eval()", "Eval mode is right, but not for a batch of one. Usually: squeeze()"),
    (BetaFirst, LN, "output", "beta is added before gamma multiplies"),
    (GammaForgotten, BN, "output", "one of them is left out"),
    (CentresInPlaceInEval, BN, "eval()", "Eval mode is right, but the input is changed"),
    (EvalWithoutGraph, BN, "eval()", "not its gradients. Usually: no_grad()"),
    (FrozenGammaInEval, BN, "eval()", "not its gradients. Usually: no_grad()"),
    (MemoryStopsAfterEval, BN, "eval()", "train() does not undo it"),
    (MovesInEval, BN, "eval()", "the buffers move there"),
    (IgnoresEval, BN, "eval()", "never asks self.training"),
    (NothingRemembered, BN, "buffers", "Nothing updates the buffers"),
    (MomentumReversed, BN, "buffers", "momentum weighs the old value"),
    (BiasedRunningVariance, BN, "buffers", "it divides by N (torch keeps N - 1)"),
    (PlainAttributes, BN, "buffers", "register_buffer()"),
    (KeepsEveryOutput, BN, "buffers", "Update under torch.no_grad(), or keep what .detach() gives"),
    (GraphOfTheLastStep, BN, "buffers", "Update under torch.no_grad(), or keep what .detach() gives"),
    (HoldsTheGraph, BN, "buffers", "Update under torch.no_grad(), or keep what .detach() gives"),
    (OwnGraphAgain, BN, "buffers", "the graph of the step before is kept"),
    (InPlaceUnderTheGradient, BN, "input gradient", "an operation in place"),
    (NoGrad, BN, "input gradient", "no_grad() or detached"),
    (ClampedSd, BN, "output", "eps stands outside the root"),
    (OnePassVariance, BN, "large mean", "two large numbers cancel"),
])
def test_a_fault_is_named_by_the_sentence_that_fits(layer, torchs, aspect, words):
    reference, args, shape = torchs
    found = oracle.verdicts(lambda: layer(*args), lambda: reference(*args), shape, ASPECTS)
    told = {name: oracle.meaning(name, found) for name, verdict in found.items() if not verdict.right}
    assert words in told.pop(aspect)
    assert {name for name in told if "begin there" not in told[name]} <= BESIDE.get(layer, set()), told


def test_what_a_layer_keeps_of_its_last_output_is_a_remark(capsys):
    same_as_torch(KeepsLastOutput, nn.BatchNorm1d, 5)
    out = capsys.readouterr().out
    assert "it keeps a tensor with its graph (self.out)" in out and "omentum" not in out and "✗" not in out


def test_a_batch_of_one_warns_nobody(recwarn):
    compare(lambda: SpoiltByOne(5), lambda: nn.BatchNorm1d(5), (12, 5))
    assert not recwarn.list
