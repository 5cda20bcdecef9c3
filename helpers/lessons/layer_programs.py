"""13 Deeper: wrong layers. What a mended one answers, keeps and learns is observed; the switches are the
fault as it was and the usual wrong repairs."""
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from ..checks.exercises import Exercise
from ..checks.predict import Question


def seen(net, x, learning=True):
    """net(x) in train or in eval mode, without a graph."""
    with torch.no_grad():
        return net.train(learning)(x)


def layers(net, kind):
    """The layers of a kind in the net, one at least. Raises TypeError where there is none."""
    found = [m for m in net.modules() if isinstance(m, kind)]
    if not found:
        raise TypeError(f"it holds no {kind.__name__.strip('_')} layer")
    return found


# ---- A wrong layer

too_wide = Question(
    "In eval mode the outputs of this Norm have a larger sd than torch's. Train mode agrees with torch. "
    "What is at fault?",
    {"the mean that is kept": "A wrong mean would shift the outputs of a unit. It would not widen them.",
     "the variance that is kept":
         "It divides by N, so it is too small: by 3/4 at batches of 4. Eval mode divides by its root.",
     "the variance of the batch":
         "It divides by N as well, and there that is right: torch normalizes a batch with N.",
     "eps, which is inside the root": "There it belongs. It is 0.00001, and the variance is about 1."},
    "the variance that is kept")

recomputed = Question(
    "Checkpointing throws inner values away and computes them again in backward(). A block with BatchNorm "
    "is checkpointed. What differs from the plain block?",
    {"the output": "The first pass is that of the plain block, so the output is the same.",
     "the gradients": "The second pass gives the values of the first, so the gradients are the same.",
     "the running statistics": "The second pass is in train mode, too, and moves them once more.",
     "nothing: it only saves memory":
         "It saves memory and costs time. But a pass in train mode also writes something."},
    "the running statistics")


class Norm(nn.Module):
    """BatchNorm of (N, C) as torch has it."""

    def __init__(self, C, biased=False, upside=False, everywhere=False, one_pass=False, cut=False):
        super().__init__()
        self.gamma, self.beta = nn.Parameter(torch.ones(C)), nn.Parameter(torch.zeros(C))
        self.register_buffer("mean", torch.zeros(C))
        self.register_buffer("var", torch.ones(C))
        self.biased, self.upside, self.everywhere = biased, upside, everywhere
        self.one_pass, self.cut = one_pass or cut, cut

    def forward(self, h):
        mean, var = self.mean, self.var
        if self.training:
            N, mean, var = len(h), h.mean(0), h.var(0, unbiased=self.everywhere)
            if self.one_pass:
                var = h.square().mean(0) - mean.square()
                var = var.clamp(min=0) if self.cut else var
            kept = var * (N - 1) / N if self.upside else var if self.biased else h.var(0)
            self.mean = self.mean + 0.1 * (mean.detach() - self.mean)
            self.var = self.var + 0.1 * (kept.detach() - self.var)
        return self.gamma * (h - mean) / torch.sqrt(var + 1e-5) + self.beta


def _kept(f):
    outs, grads, later = [], [], []
    for N, C in (4, 3), (10, 2):
        layer, h = f(C), (3 + 2 * torch.randn(N, C)).requires_grad_()
        out = layer(h)
        out.square().mul(torch.arange(1.0, N + 1)[:, None]).sum().backward()
        outs.append(out)
        grads.append(h.grad)
        later.append(seen(layer, h[:2], False))
    return {"output in train mode": tuple(outs), "gradients": tuple(grads),
            "output in eval mode": tuple(later)}


def variance_solution(C):
    class Mended(Norm):
        def forward(self, h):                                        # (N, C)
            mean, var = self.mean, self.var
            if self.training:
                mean, var = h.mean(0), h.var(0, unbiased=False)      # the batch: divides by N
                self.mean += 0.1 * (mean.detach() - self.mean)
                self.var += 0.1 * (h.detach().var(0) - self.var)     # what is kept: divides by N - 1
            return self.gamma * (h - mean) / torch.sqrt(var + 1e-5) + self.beta
    return Mended(C)


mend_variance = Exercise(Norm, observe=_kept, mistakes=dict(
    biased="What is kept still divides by N. The running variance stands for all data: there torch divides "
    "by N - 1.",
    upside="The factor is upside down: from N to N - 1 it is N / (N - 1), which is above 1.",
    everywhere="Now the batch, too, is normalized with N - 1. Only what is kept divides by N - 1.",
), hints=["Two variances: one normalizes this batch, one is kept for eval mode.",
    "`h.var(0)` divides by N - 1 if nothing is said. `var * N / (N - 1)` is the same."],
    solution=variance_solution, why="The mean of a batch lies in the middle of that batch, so squares about "
    "it are too small by (N - 1)/N on average.")


def _far_out(f):
    h = torch.randn(16, 64)
    layer, near, far = f(64), h + 1, 10_000 + h
    want = F.batch_norm(far, None, None, training=True)
    out = seen(layer, far)
    return {"a batch of mean 1": seen(f(64), near), "no nan at mean 10,000": bool(out.isfinite().all()),
            "as torch at mean 10,000": bool((out - want).abs().nan_to_num(9).max() < 0.05)}


def squares_solution(C):
    class Mended(Norm):
        def forward(self, h):                                        # (N, C)
            centred = h - h.mean(0)                                  # first subtract, then square
            return self.gamma * centred / torch.sqrt(centred.square().mean(0) + 1e-5) + self.beta
    return Mended(C)


mend_squares = Exercise(Norm, observe=_far_out, mistakes=dict(
    one_pass="It is still the difference of two large numbers, of which few digits are left. Subtract the "
    "mean first, then square.",
    cut="Cut off at 0, the variance gives no nan any more. But it is still wrong: its digits were lost "
    "before.",
), hints=["At mean 10,000 the squares are about 100,000,000. How many digits does float32 have?",
    "The variance is the mean of (h - mean)²."],
    solution=squares_solution, why="float32 keeps seven digits. The squares need all of them for the mean.")


class Block(nn.Module):
    """Linear, BatchNorm, ReLU; the linear layer is computed again in backward(), the statistics move once."""

    def __init__(self, C, twice=False, kept=False, halved=False, in_eval=False):
        super().__init__()
        self.linear, self.norm = nn.Linear(C, C), nn.BatchNorm1d(C, momentum=0.05 if halved else 0.1)
        self.twice, self.kept, self.in_eval = twice or halved, kept, in_eval

    def whole(self, x): return self.norm(self.linear(x)).relu()

    def forward(self, x):
        if self.in_eval:
            self.norm.eval()
        if self.kept:
            return self.whole(x)
        if self.twice or self.in_eval:
            return checkpoint(self.whole, x, use_reentrant=False)
        return self.norm(checkpoint(self.linear, x, use_reentrant=False)).relu()


def _steps(f):
    outs, grads, shares, twice = [], [], [], []
    for C in 5, 3:
        block, x, calls = f(C), 2 + torch.randn(8, C), []
        linear, norm = layers(block, nn.Linear)[0], layers(block, nn.BatchNorm1d)[0]
        linear.register_forward_pre_hook(lambda *_, calls=calls: calls.append(1))
        h = F.linear(x, linear.weight, linear.bias)
        want = F.batch_norm(h, None, None, training=True).relu()
        wanted, = torch.autograd.grad(want.square().sum() + want[0].sum(), linear.weight)
        out = block.train()(x.requires_grad_())
        (out.square().sum() + out[0].sum()).backward()
        outs.append(bool((out - want).abs().max() < 1e-4))
        grads.append(bool((linear.weight.grad - wanted).abs().max() < 1e-3))
        shares.append(round((norm.running_mean / h.mean(0)).median().item(), 4))
        twice.append(len(calls) == 2)
    return {"the output": tuple(outs), "the gradients": tuple(grads),
            "the weight of the batch in the running mean": tuple(shares),
            "the linear layer is computed twice": tuple(twice)}


class checkpoint_solution(Block):
    def forward(self, x):
        h = checkpoint(self.linear, x, use_reentrant=False)  # computed again in backward()
        return self.norm(h).relu()                           # once


mend_checkpoint = Exercise(Block, observe=_steps, mistakes=dict(
    twice="The norm still runs twice a step, so the batch counts 0.19 = 1 - 0.9² in place of 0.1.",
    halved="Half the momentum, twice, is 1 - 0.95² = 0.0975. Twice what gives 0.1? 1 - √0.9.",
    in_eval="In eval mode the statistics stay. But now the block answers by them, and not by the batch.",
    kept="The statistics move once, as nothing is computed again. Keep the checkpoint for the linear layer.",
), hints=["Which of the three layers writes something when it runs?",
    "Only what stands inside checkpoint(...) runs twice."],
    solution=checkpoint_solution, why="Outside the checkpoint the norm runs once. Its input is kept, the "
    "price of it.")


# ---- Whose mean?

one_token = Question(
    "nn.GroupNorm(1, 8) gets (N, 8, L): 8 channels at L positions. You change the numbers of one position. "
    "Which outputs change?",
    {"that position only": "So it would be with a LayerNorm over the channels, as transformers have it.",
     "all positions of that sample":
         "One group is all channels at all positions: one mean for the whole sample.",
     "that position in all samples": "So it would be with BatchNorm, if it had one mean a position.",
     "one channel at all positions": "So it would be with InstanceNorm, had you changed one channel only."},
    "all positions of that sample")


class _Along(nn.Module):
    """A norm with the axis of its channels moved to where it looks for them."""

    def __init__(self, norm, *axes):
        super().__init__()
        self.norm, self.axes = norm, axes

    def forward(self, x): return self.norm(x.transpose(*self.axes)).transpose(*self.axes)


def _positions(C, whole=False, channel=False, batch=False):
    """A norm of (N, C, L): each position over its channels."""
    return (nn.GroupNorm(1, C) if whole else nn.GroupNorm(C, C) if channel else
            nn.BatchNorm1d(C) if batch else _Along(nn.LayerNorm(C), 1, 2))


def _sized(f, *shapes):
    """What norms of these shapes answer; f is handed all of a shape but N, or its second number."""
    outs, learned = [], []
    for args, shape in shapes:
        layer, x = f(*args), 1 + torch.randn(shape).cumsum(1)
        outs.append(seen(layer, x))
        learned.append(sorted(p.numel() for p in layer.parameters()))
    return {"the output": tuple(outs), "how many numbers it learns": tuple(learned)}


def positions_solution(C):
    class Channels(nn.LayerNorm):
        def forward(self, x):                                        # (N, C, L)
            return super().forward(x.transpose(1, 2)).transpose(1, 2)
    return Channels(C)


def _per_position(f): return _sized(f, ((4,), (2, 4, 3)), ((5,), (3, 5, 2)))


mend_positions = Exercise(_positions, observe=_per_position, mistakes=dict(
    whole="One group has one mean for the whole sample, all positions in it. Each position needs its own.",
    channel="A group a channel has one mean for each channel, over the positions: InstanceNorm.",
    batch="BatchNorm has one mean for each channel, over samples and positions.",
), hints=["Which numbers belong to one mean: one position, all channels.",
    "nn.LayerNorm(C) takes the last axis. Move the channels there, and back again."],
    solution=positions_solution, why="Positions do not see each other, so a sequence of another length "
    "changes nothing.")


def _features(L, C, steps=False, scrambled=False, token=False):
    """A norm of (N, L, C): each feature over samples and steps."""
    if steps or token:
        return nn.BatchNorm1d(L) if steps else nn.LayerNorm(C)
    return _Scrambled(C) if scrambled else _Along(nn.BatchNorm1d(C), 1, 2)


class _Scrambled(nn.BatchNorm1d):
    def forward(self, x): return super().forward(x.reshape(len(x), -1, x.shape[1])).view(x.shape)


def features_solution(L, C):
    class Features(nn.BatchNorm1d):
        def forward(self, x):                                        # (N, L, C)
            return super().forward(x.transpose(1, 2)).transpose(1, 2)          # channels stand second
    return Features(C)


def _per_feature(f): return _sized(f, ((4, 4), (6, 4, 4)), ((3, 5), (4, 3, 5)))


mend_features = Exercise(_features, observe=_per_feature, mistakes=dict(
    steps="It still has one mean for each step: BatchNorm1d takes the second axis for the channels.",
    scrambled="reshape and view do not exchange axes: features and steps are mixed. Use transpose.",
    token="LayerNorm has one mean for each step of each sample. Here each feature has one, over the batch.",
), hints=["Which axis holds the features, and which does BatchNorm1d take?",
    "`x.transpose(1, 2)`, or all steps as samples: `x.flatten(0, 1)`."],
    solution=features_solution, why="BatchNorm1d takes (N, C, L) or (N, C). With L = C a wrong layout "
    "raises nothing.")


def _preparing(train, test, own=False, pooled=False, own_mean=False):
    """train (N, C), test (M, C) -> both on the scale of the training data."""
    known = torch.cat([train, test]) if pooled else train
    mean, sd = known.mean(0), known.std(0, unbiased=False)
    from_ = test.mean(0) if own or own_mean else mean
    return (train - mean) / sd, (test - from_) / (test.std(0, unbiased=False) if own else sd)


def prepare_solution(train, test):
    mean, sd = train.mean(0), train.std(0, unbiased=False)           # (C,) of the training data
    return (train - mean) / sd, (test - mean) / sd


mend_prepare = Exercise(_preparing, names=("train", "test"), probes=[
    (torch.tensor([[10.0], [20], [30]]), torch.tensor([[5.0], [6], [7]])),
    (torch.tensor([[1.0, -4], [3, 0], [0, 2], [8, 7]]), torch.tensor([[0.0, 1], [9, 9]]))], mistakes=dict(
    own="The new data are still measured by themselves. They need the mean and the sd of the training data.",
    pooled="Mean and sd come from both sets together: the training data now know the new ones, a leak.",
    own_mean="The sd is that of the training data, but the mean is still that of the new data.",
), hints=["What is known on the day when a single new item comes?", "Compute mean and sd once, of `train`."],
    solution=prepare_solution, why="5 cm is short, whatever comes with it. One scale for all data, fitted "
    "on the training data alone.")
