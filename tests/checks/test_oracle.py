"""The seven aspects: right layers pass all, each wrong one in circulation fails what names its fault."""
import pytest
import torch
from torch import nn

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
    import helpers.checks.oracle as oracle
    batch = oracle.batch
    monkeypatch.setattr(oracle, "batch", lambda shape, k=0: batch(shape, k + 100 * seed))
    monkeypatch.setattr(oracle, "NEAR", {aspect: near / 2 for aspect, near in oracle.NEAR.items()})
    assert failing(ByHand, reference, args, shape) == set()


@pytest.mark.parametrize("reference, args, shape", [
    (nn.BatchNorm1d, (5,), None), (nn.BatchNorm2d, (5,), (6, 5, 4, 3)),
    (nn.BatchNorm3d, (2,), (3, 2, 4, 5, 2)), (nn.InstanceNorm2d, (5,), (6, 5, 4, 3)),
    (nn.LayerNorm, (5,), None), (nn.LayerNorm, (5,), (4, 7, 5)), (nn.LayerNorm, ((5, 4, 3),), None),
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
