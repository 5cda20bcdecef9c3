"""Every picture at the edges of what it may be given; labs add their own settings in test_notebooks.py."""
import math

import pytest
import torch
from faults import faults, moved_background, seen

from helpers import figures, show

nan, inf = math.nan, math.inf


def draws(seed=0):
    return torch.Generator().manual_seed(seed)


def normalize(h, eps=1e-5):
    return (h - h.mean(0)) / torch.sqrt(h.var(0, unbiased=False) + eps)


def moved(before, value, eps=1e-5):
    after = before.clone()
    after[0] = value
    return dict(h=after, h_hat=normalize(after, eps),
                h_before=before, h_hat_before=normalize(before, eps), dragged=0)


def descent(x, rate, steps=300):
    hessian = 2 * x.T @ x / len(x)
    w, path = torch.ones(2), [torch.ones(2)]
    for _ in range(steps):
        w = w - rate * hessian @ w
        path.append(w)
    return dict(x=x, path=torch.stack(path), hessian=hessian, rate=rate)


def curves(models, steps, level=1.0):
    fall = 2.3 * torch.exp(-torch.arange(steps) / 60.0) + 0.05
    return level * fall + 0.1 * torch.rand(models, steps, generator=draws())


def band(settings, seeds, level):
    return level + 0.02 * torch.randn(settings, seeds, generator=draws())


def scored(images, tries):
    scores = torch.rand(tries + 1, 10, generator=draws()).softmax(-1)
    photos = torch.rand(images, 28, 28, generator=draws())
    return dict(images=photos, train=scores[1:], eval=scores[0], digit=9)


def remembered(momentum, batch, steps=300):
    means = 1 + torch.randn(steps, 32, generator=draws()) * batch ** -0.5
    running = [torch.zeros(32)]
    for mean in means:
        running.append((1 - momentum) * running[-1] + momentum * mean)
    return dict(means=means, running=torch.stack(running), momentum=momentum, batch=batch)


def turned(length, rate):
    w = length * torch.tensor([0.17, 0.985])
    gradient = 1.57 / length ** 2 * torch.tensor([-w[1], w[0]])
    return dict(w=w, gradient=gradient, rate=rate, best=torch.tensor([0.878, 0.479]))


def masked(draws_so_far, p):
    return dict(mask=torch.rand(draws_so_far, 3, 11, generator=draws()) >= p, p=p)


def handed_on(scheme, p):
    own = draws()
    h = 1 + torch.randn(20_000, generator=own)
    kept = h * (torch.rand(20_000, generator=own) >= p)
    return dict(scheme=scheme, p=p, train=kept / (1 - p), eval=h)


def rescaled(scheme, level, p):
    rates = torch.tensor([*torch.arange(0, 0.95, 0.05), p])
    train = level * torch.ones(3, 20)
    return dict(scheme=scheme, rates=rates, train=train, test=(1 - rates) * train)


def seen_by_owner(loss, scores, diagnosis, fault="validation data shifted"):
    own = draws()
    return dict(step=torch.arange(1, 201), at=20 * STEPS[:10], loss=loss * torch.rand(8, 200, generator=own),
                val_loss=loss * torch.rand(8, 10, generator=own), scores=band(4, 8, scores).T, net="A",
                diagnosis=diagnosis, cause="other data", fault=fault)


def lit(shape, dims, chosen):
    """A mask (N, C, pixels): the numbers that differ from the chosen one along dims alone."""
    mask = torch.zeros(shape, dtype=torch.bool)
    mask[tuple(slice(None) if axis in dims else chosen[axis] for axis in range(3))] = True
    return dict(mask=mask, chosen=chosen)


def fitted(steps, noise, spread, slope, bias, variance):
    """Eight fits that are lines and waves, and how their error went so far."""
    x, step = torch.linspace(-1, 1, 101), torch.arange(1, steps + 1) * 10.0
    waves = spread * torch.randn(8, 1, generator=draws()) * torch.sin(3 * x)
    points = torch.stack([x, x + noise * torch.randn(101, generator=draws())], 1)[::2]
    return dict(x=x, truth=x, fits=slope * x + waves, points=points, step=step,
                bias2=bias * torch.exp(-step / 40), variance=variance * (step / 1000).sqrt())


def scattered(levels, n):
    return torch.tensor(levels)[:, None] * torch.randn(len(levels), n, generator=draws()).exp()


def spread_coins(shape, chosen, draws_=50):
    """A factor (0 or 2) for each number, and how surely it falls with the chosen one, by chance alone."""
    factor = 2.0 * (torch.rand(draws_, *shape, generator=draws()) > 0.5)
    off = factor - factor.mean(0)
    mine = off[(slice(None), *chosen)].view(-1, *[1] * len(shape))
    return factor[0], (off * mine).mean(0) / (off.square().mean(0) * mine.square().mean()).sqrt()


def on_the_wall(shape, **words):
    factor, together = spread_coins(shape, (0, 0, 0, 0))
    return dict(h=torch.rand(shape, generator=draws()), factor=factor, together=together,
                chosen=(0, 0, 0, 0), name="stochastic depth", p=0.3) | words


def three_masks(side, p=0.4, block=3, same=()):
    """What three variants let through; `same` says which two drop alike: "first", "last"."""
    h = 0.1 + torch.rand(3, 2, side, side, generator=draws())
    dropout, dropblock, dropout2d = h * (torch.rand(3, 3, 2, side, side, generator=draws()) > p)
    return dict(h=h, dropout=dropblock if "first" in same else dropout, dropblock=dropblock,
                dropout2d=dropblock if "last" in same else dropout2d, p=p, block=block)


WIDE = (torch.rand(200, 2, generator=draws()) * 2 - 1) * torch.tensor([200.0, 10.0])
BATCH = torch.randn(16, generator=draws())
BELL = torch.randn(2000, generator=draws())
STEPS = torch.arange(1, 251)
TUBES = torch.randn(8, 50, 3, generator=draws()).sort(-1).values

VALUES = torch.randn(40, 8, 32, generator=draws())


def shared(P, n, dims, scale=1.0, process=0):
    h = scale * VALUES[:, :P, :n]
    mean, var = h.mean(dims, keepdim=True), h.var(dims, unbiased=False, keepdim=True)
    h_hat = (h - mean) / (var + 1e-5).sqrt()
    return dict(h=h[0], mean=mean[0], yellow=h_hat[:, process, 0], process=process)


CASES = {
    "alike": [three_masks(7), three_masks(1, 0.0, 1, ("first", "last")), three_masks(5, 1.0),
              three_masks(7, 0.7, 7, ("last",)), three_masks(3, 0.3, 1, ("first",))],
    "gallery": [on_the_wall((3, 2, 7, 7), groups=("grey", "edges"), inside="a square is a pixel of a map"),
                on_the_wall((2, 1, 8, 10), groups=("samples",)),
                on_the_wall((3, 1, 14, 14), factor=torch.zeros(3, 1, 14, 14),
                            together=torch.full((3, 1, 14, 14), nan)),
                on_the_wall((1, 1, 1, 1)),
                on_the_wall((2, 2, 5, 10), samples="sequence",
                            h=torch.full((2, 2, 5, 10), nan).index_fill(3, torch.arange(9), 1.0))],
    "lineup": [dict(factors={letter: 1.5 * (torch.rand(3, 2, 6, 6, generator=draws()) > p)
                             for letter, p in zip("ABCDEF", (0, 0.2, 0.4, 0.6, 0.8, 1))}),
               dict(factors={"A": torch.rand(1, 1, 2, 9)})],
    "gains": [dict(names=["fresh on the memory", "Dropout", "none", "harm"],
                   gains=torch.tensor([[9.0], [0.1], [0.0], [-30.0]]) + torch.randn(4, 8, generator=draws()),
                   half=torch.ones(4), wide=torch.full((4,), 1.6), tries=23),
              dict(names=["one"], gains=torch.zeros(1, 8), half=torch.zeros(1))],
    "shares": [shared(4, 8, (2,)), shared(8, 32, (1, 2), process=1), shared(2, 32, (1, 2)),
               shared(8, 2, (2,), process=1), shared(8, 32, (2,), 3.0), shared(2, 2, (1, 2), 0.0)],
    "exchanged_sums": [dict(errors=torch.tensor(errors)) for errors in (
        [[0.146, 0.194], [0.0, 0.125], [0.0, 0.0]], [[1.0, 2.0], [1e-8, 0.5], [1e-7, 1e-7]])],
    "by_share": [dict(images=[2, 4, 16], processes=4,
                      found=torch.stack([band(3, 8, level), band(3, 8, 0.9)])) for level in (0.1, 0.9)],
    "block": [lit((4, 6, 4), (0, 2), (1, 1, 2)) | dict(norm="BatchNorm", groups=1),
              lit((1, 6, 4), (2,), (0, 5, 3)) | dict(norm="GroupNorm", groups=6),
              lit((4, 6, 4), (1,), (3, 0, 0)) | dict(norm="RMSNorm per token", groups=2),
              lit((2, 6, 4), (1, 2), (1, 5, 0)) | dict(norm="LayerNorm per token", groups=1)],
    "family": [dict(names=["LayerNorm per token"] * 5 + ["GroupNorm"],
                    masks=torch.stack([lit((3, 6, 4), dims, (1, 1, 2))["mask"]] * 6), chosen=(1, 1, 2),
                    groups=groups)
               for dims, groups in (((1, 2), 2), ((), 1))],
    "batches_of_two": [dict(shared=["2", "half of 48 or 24", "2 × 49 = 98", "3 × 49 = 147"],
                            errors=torch.stack([band(1, 8, level)[0] for level in levels]))
                       for levels in ((0.63, 0.2, 0.15, 0.15), (0.9, 0.1, 0.9, 0.1), (0.05,) * 4)],
    "small_batches": [dict(sizes=[2, 4, 8, 16], bn=band(4, 8, level), ln=band(4, 8, 0.2))
                      for level in (0.05, 0.7)],
    "per_statistic": [dict(values={"MLP": [2, 4, 64], "CNN, pixels": [2, 64], "CNN, maps": [49, 98, 3136]},
                           errors={"MLP": band(3, 8, level), "CNN, pixels": band(2, 8, 0.4),
                                   "CNN, maps": band(3, 8, 0.1)})
                      for level in (0.1, 0.7)],
    "shifted": [dict(before=image, after=image * contrast + brightness, seen=image * 0,
                     accuracy=band(3, 8, level) + torch.tensor([[0.0], [0], [apart]]))
                for contrast, brightness, level, apart in
                ((1, 0, 0.9, 0), (0.3, 0.7, 0.05, 0.8), (0.05, 0.75, 0.1, 0), (1, 0.5, 0.8, -0.4))
                for image in [torch.rand(28, 28, generator=draws())]],
    "exchanged": [dict(zip(("first", "second", "first_as_second", "second_as_first"),
                           scale * torch.rand(4, 3, 28, 28, generator=draws()))) for scale in (1, 3)],
    "side_by_side": [dict(names=["no norm", "LayerNorm before", "LayerNorm after", "RMSNorm before",
                                 "DyT before", "RMSNorm after"][:kinds],
                          low=band(kinds, 8, 0.9), high=band(kinds, 8, level))
                     for kinds, level in ((6, 0.1), (2, 0.9))],
    "ravine": [descent(WIDE, 7e-5), descent(WIDE, 1e-3), descent(WIDE, 1.0),
               descent(normalize(WIDE), 0.5) | dict(scaled=True),
               descent(WIDE * torch.tensor([1.0, 0.0]), 1e-5), descent(WIDE[:1], 1e-5)],
    "parabolas": [dict(curvature=c, rates=torch.tensor(rates) / c,
                       paths=(1 - torch.tensor(rates)[:, None]) ** torch.arange(5))
                  for c, rates in ((10.0, (0.5, 1.5, 2.1)), (2.0, (0.1, 1.0, 2.0)))],
    "with_bias": [dict(zip(("no_bias", "bias", "centred", "scaled", "both"),
                           scattered([1500.0, high, 10_000.0, low, 1.0], 32).clamp(1, 5e5)))
                  for high, low in ((2e5, 20.0), (4e5, 1e5))],
    "condition_numbers": [dict(raw_condition=400 + 20 * torch.rand(32), condition=1 + torch.rand(32) / 5,
                               raw_steps=1500 + 99 * torch.rand(32), steps=1 + torch.rand(32)),
                          dict(raw_condition=torch.full((32,), 900.0), condition=torch.ones(32),
                               raw_steps=torch.full((32,), 9000.0), steps=torch.ones(32))],
    "batch_moves": [moved(BATCH[:8], 30.0), moved(BATCH[:8], -30.0), moved(BATCH[:2], 30.0),
                    moved(BATCH, -30.0), moved(BATCH[:8], 30.0, 100.0),
                    moved(torch.ones(8), 1.0), moved(torch.ones(1), 1.0)],
    "shapes": [dict(h=h, h_hat=normalize(h), names=["one", "two", "three"])
               for h in (torch.randn(500, 3, generator=draws()), torch.zeros(10, 3),
                         1e5 * torch.rand(50, 3, generator=draws()))],
    "groups": [dict(gain=gain, eights=gain.view(-1, 8).mean(1) + torch.tensor([[-half], [half]]),
                    whole=gain.mean() + torch.tensor([-half, half]) / 3)
               for gain, half in ((torch.rand(64, generator=draws()), 0.1),
                                  (torch.rand(16, generator=draws()) / 20 - 0.15, 0.03))],
    "losses": [dict(step=STEPS[:len(y[0])], plain=y, bn=scale * y, rate=0.7,
                    plain_accuracy=few, bn_accuracy=torch.ones(len(y)))
               for y, scale, few in ((curves(8, 150), 0.5, torch.rand(8)), (curves(1, 1), 1, torch.ones(1)),
                                     (torch.full((8, 150), nan), 1, torch.zeros(8)),
                                     (1e6 * curves(8, 150), 1e-6, torch.zeros(8)))],
    "race": [dict(step=STEPS[:150], rate=0.1, plain=curves(8, 150), bn=curves(8, 150, 0.5)),
             dict(step=STEPS[:150], rate=10.0, plain=torch.full((8, 150), nan), bn=1e6 * curves(8, 150)),
             dict(step=STEPS[:150], rate=0.01, plain=curves(8, 150, 0.2), bn=curves(8, 150, 0.21)),
             dict(step=STEPS[:15], rate=0.0123, plain=curves(8, 15), bn=curves(8, 15))],
    "steps_by_rate": [dict(rates=torch.tensor([0.1, 0.2, 1, 5]), plain=plain, bn=bn)
                      for steps in [torch.tensor([120.0, 60, 45, inf])[:, None] + band(4, 8, 0.0)]
                      for plain, bn in ((steps, steps / 2), (steps, steps), (inf * steps, inf * steps))],
    "percentiles": [dict(step=5 * STEPS[:50], plain=3 * TUBES, bn=TUBES),
                    dict(step=5 * STEPS[:50], plain=40 * TUBES, bn=0 * TUBES),
                    dict(step=5 * STEPS[:50], plain=0 * TUBES, bn=0 * TUBES)],
    "against_rate": [dict(rates=torch.tensor([0.01, 0.1, 1, 5]), plain=band(4, 16, 0.9), bn=band(4, 16, 0.5)),
                     dict(rates=torch.tensor([0.01, 5]), plain=band(2, 8, 0.1), bn=band(2, 8, 0.1))],
    "four_and_curves": [seen_by_owner(1.0, 0.9, "?"), seen_by_owner(9.0, 0.05, "other data"),
                        seen_by_owner(nan, 0.9, "batches"), seen_by_owner(0.1, 0.97, "overfit")],
    "two_answers": [scored(64, 1), scored(4, 20), scored(2, 3), scored(1, 1)],
    "running_mean": [remembered(0.1, 64), remembered(1.0, 256), remembered(0.01, 2), remembered(0.5, 8)],
    "noise_and_delay": [dict(momenta=[0.01, 0.1, 0.5], batches=[8, 64, 256],
                             noise=torch.tensor([[2.5, 0.9, 0.5], [8, 2.9, 1.4], [20, 7.2, 3.6]]))],
    "against_batch": [dict(sizes=[2, 8, 64], train=band(3, 8, 0.1), eval=band(3, 8, 0.5),
                           plain=band(3, 8, 0.9))],
    "against_test_batch": [dict(sizes=[2, 64, 256], shuffled=band(3, 8, 0.5), sorted=band(3, 8, 0.1),
                                eval=band(3, 8, 0.9))],
    "fits": [fitted(100, 0.3, 0.2, 1.0, 0.2, 0.04), fitted(1, 0.1, 0.0, 0.2, 0.3, 0.0),
             fitted(100, 0.5, 3.0, 1.0, 0.0, 2.0), fitted(100, 0.1, nan, nan, nan, nan)],
    "by_rate": [dict(rates=torch.tensor([0, 0.2, 0.8]), bias2=torch.tensor([0, 0, 0.05]) * k,
                     variance=torch.tensor([0.04, 0.02, 0.01]) * k, noise_variance=0.09,
                     error=0.09 + k * scattered([0.04, 0.02, 0.03], 64)) for k in (1.0, 0.01)],
    "mean_fits": [dict(M=[1, 2, 4], others=[scattered([k ** m], 32 >> m)[0] for m in (0, 1, 2)],
                       same=[scattered([0.95 ** m], 32 >> m)[0] for m in (0, 1, 2)]) for k in (0.5, 0.95)],
    "remedies": [dict(names=["no remedy", "dropout 0.2", "stopped early", "weight decay"],
                      errors=k * scattered([0.04, 0.02, 0.01, 0.01], 64))
                 for k in (1, 100)],
    "more_remedies": [dict(names=["dropout 0.2", "weight decay", "40 + 10", "50 + 25", "both, 40 + 10"],
                           errors=scattered([0.02, 0.01, 0.01, 0.01, 0.015], 48))],
    "flatter": [dict(x=torch.linspace(-1, 1, 101), truth=torch.sin(6.3 * torch.linspace(-1, 1, 101)),
                     fits=k * torch.linspace(-1, 1, 101) * torch.rand(2, 16, 1, generator=draws()),
                     p=0.5) for k in (1, 3)],
    "over_passes": [dict(counts=[n, 100], steps=[n // 50, n // 50],
                         more=torch.cat([band(1, 8, -k), band(1, 8, k)]))
                    for n, k in ((4000, -0.3), (1000, 0.1), (4000, 3.0))],
    "by_optimizer": [dict(names=["Adam, rate 0.01", "Adam, rate 0.001", "SGD, momentum"],
                          differences=k * band(3, 16, 0.0)) for k in (1, 10)],
    "few_images": [dict(counts=[100, 1000, 4000], rates=[[0, 0.5], [0, 0.2, 0.5], [0, 0.5]],
                         right=[band(r, 6, k) for r, k in ((2, 0.7), (3, 0.9), (2, 0.92))],
                         loss=[band(r, 6, k) for r, k in ((2, high), (3, 0.4), (2, 0.41))])
                    for high in (1.2, 5.0)],
    "depth": [dict(forward=f ** torch.arange(n), backward=b ** torch.arange(n, 0, -1), norm=norm)
              for f, b, n, norm in ((1.0, 1.2, 50, True), (2.0, 2.0, 50, False),
                                    (0.1, 1e-7, 50, False), (0.9, 1.1, 2, False))],
    "squash": [dict(a=sd * BELL + mean) for sd, mean in ((1.0, 0.0), (5.0, 6.0), (0.1, -6.0), (0.0, 0.0))],
    "silenced": [dict(a=sd * BELL + mean) for sd, mean in ((2.0, 1.0), (3.0, -4.0), (0.1, 4.0))],
    "regions": [dict(x=torch.randn(400, 2, generator=draws()), inside=torch.arange(400) % 2,
                     says=torch.rand(4, 8, 21, 21, generator=draws()).round(), accuracy=band(4, 8, level))
                for level in (0.5, 0.9)],
    "on_digits": [dict(relus=band(3, 8, level)) for level in (0.1, 0.99, 0.6)],
    "accuracy_on_digits": [dict(sigmoids=band(3, 8, level), relus=band(3, 8, 0.9))
                           for level in (0.1, 0.99, 0.6)],
    "loss_on_digits": [dict(relus=band(4, 8, level), sigmoids=band(3, 8, 2.3)) for level in (0.05, 2.0)],
    "turn": [turned(length, rate) for length, rate in ((1.0, 0.01), (0.5, 1.0), (2.0, 1.0), (2.0, 0.01))],
    "balance": [dict(length=5 + torch.rand(3, 8, steps), angle=8 + torch.rand(3, 8, steps - 1),
                     predicted=[0, 8.1, 16.2]) for steps in (200, 20)],
    "shaken": [dict(accuracy=torch.tensor([[plain], [0.85], [0.84]]) + band(3, 8, 0),
                    drift=band(3, 8, level), rate=0.01)
               for plain, level in ((0.67, 0.5), (0.1, 0.001))],
    "four_nets": [dict(accuracy=torch.tensor([[plain], [larger], [0.85], [0.84]]) + band(4, 8, 0), rate=0.01)
                  for plain, larger in ((0.67, 0.84), (0.8, 0.5))],
    "smoothness": [dict(rates=torch.tensor([0.01, 0.1]),
                        spread=torch.stack([band(3, 8, k) for k in (slow, 0.2)]).abs())
                   for slow in (0.05, 1.0)],
    "stored_and_met": [dict(ratio=torch.tensor(ratio), p=p, place=place, dropped=torch.tensor(dropped))
                       for ratio, p, place, dropped in (
                           ([0.94, 1.34, 1.56, 1.87], 0.5, "after each ReLU", [True] * 4),
                           ([0.94, 31.0, 60.0, 700.0], 0.75, "after ReLU 1", [True, False, False, False]),
                           ([1.0, 1.0, 1.0, 1.0], 0.0, "after ReLU 4", [False] * 3 + [True]),
                           ([0.2, 0.5, 0.7, 1.0], 0.05, "after ReLU 3", [False, False, True, False]))],
    "by_layer": [dict(rates=[0.2, 0.5, 0.7], ratio=level + band(12, 8, 0).view(4, 3, 8))
                 for level in (1.5, 40.0)],
    "shift_cost": [dict(rates=[0.2, 0.5, 0.7], right=band(6, 8, level).view(2, 3, 8),
                        loss=band(6, 8, loss).view(2, 3, 8)) for level, loss in ((0.9, 0.3), (0.1, 2.3))],
    "placements": [dict(names=["LayerNorm, after each ReLU"] * builds, ratio=band(builds, 8, ratio),
                        loss=band(builds, 8, loss))
                   for builds, ratio, loss in ((6, 1.0, 0.3), (2, 20.0, 3.0))],
    "order_gap": [dict(rates=[0.1, 0.5, 2.0], gap=k * band(3, 8, 0.01)) for k in (100, 1000)],
    "thinned": [masked(25, 0.4), masked(1, 0.0), masked(100, 0.9), masked(3, 1.0)],
    "lost_units": [dict(dropped=torch.binomial(torch.full((2000,), float(n)), torch.tensor(p), draws()),
                        units=n, p=p) for n, p in ((12, 0.5), (2, 0.0), (1000, 0.95), (300, 0.02))],
    "both_modes": [handed_on("upscale_in_train", 0.6), handed_on("no rescaling", 0.0)],
    "rescaling": [rescaled("upscale_in_train", 1.0, 0.5), rescaled("no rescaling", 0.0, 0.9),
                  rescaled("downscale_in_infer", 0.05, 0.0), rescaled("downscale_in_infer", 1.3, 0.9)],
    "prices": [dict(names=["upscale_in_train", "eval() forgotten", "scaled down as well",
                           "downscale_in_infer", "downscaling forgotten"],
                    right=[1, 0, 0, 1, 0], accuracy=band(5, 8, 0.9),
                    loss=band(5, 8, 0.5) + torch.tensor([0.0, 0.1, 0.6, 0.0, 0.4])[:, None]),
               dict(names=["a", "b"], right=[1, 0], accuracy=band(2, 8, 0.75), loss=band(2, 8, 0.1))],
    "averages": [dict(sizes=[1, 3, 10, 30, 100], loss=band(5, 8, loss), whole_loss=band(1, 8, 0.33)[0],
                      all_loss=band(1, 8, everything)[0]) for loss, everything in ((0.7, 0.5), (0.85, 0.2))],
    "against_init": [dict(factors=torch.tensor([0.01, 1, 20]), plain=band(3, 8, 0.1), bn=band(3, 8, 0.9))],
    "against_pixels": [dict(rates=torch.tensor([1e-4, 0.01, 0.3]), wide=band(3, 8, 0.1),
                            standard=band(3, 8, 0.9))],
}


@pytest.mark.parametrize("name, case", [(name, case) for name, cases in CASES.items()
                                        for case in range(len(cases))])
def test_nothing_is_cut_off_small_or_covered(name, case):
    assert not faults(seen(getattr(figures, name), CASES[name][case]).picture)


@pytest.mark.parametrize("name", CASES)
def test_draw_forgets_and_moves_only_what_is_animated(name):
    screen = seen(getattr(figures, name), CASES[name][0])
    first = screen.tag()
    for case in [*CASES[name][1:], CASES[name][0]]:
        screen.picture.put(case)
        screen.draw()
    assert screen.tag() == first, "the same numbers gave another picture or alt text later"
    assert not moved_background(screen), "draw changed an artist that is not animated"


def test_headlines_of_extremes_say_what_happened():
    def alt(name, case):
        return seen(getattr(figures, name), case).picture.alt
    assert "diverges" in alt("ravine", descent(WIDE, 1e-3))
    assert "99 % of the way to the best after" in alt("ravine", descent(WIDE, 7e-5, 2000))
    assert "% of the way to the best after 300 steps" in alt("ravine", descent(WIDE, 7e-5))
    assert "all 8 outputs moved" in alt("batch_moves", moved(BATCH[:8], 30.0))
    assert "Nothing was moved yet" in alt("batch_moves", moved(torch.ones(1), 1.0))
    assert "∞ without" in alt("losses", CASES["losses"][2])
    assert "Both nets pass accuracy 0.5; rate 0.7, step 1" in alt("losses", CASES["losses"][1])
    assert "The three samples have different nets" in alt("thinned", masked(25, 0.3))
    assert "All three samples have the same net" in alt("thinned", masked(1, 0.0))
    nothing_left = alt("thinned", masked(200, 1.0))
    assert "nothing gets through" in nothing_left and "in 0 of 600 nets" in nothing_left
    assert "drop 0 to 0 of 2 units" in alt("lost_units", CASES["lost_units"][1])
    assert "The modes differ in variance, not in mean" in alt("both_modes", CASES["both_modes"][0])
    assert "Both modes have the same mean and variance" in alt("both_modes", CASES["both_modes"][1])
    assert "Training and eval mode agree in all three" in alt("rescaling", rescaled("no rescaling", 1.0, 0.0))
    assert "all differ" in alt("rescaling", rescaled("no rescaling", 1.0, 0.5))
    said = "One net has a lower log loss than all 1,024", "All 1,024 nets have a lower log loss than one"
    for case, words in zip(CASES["averages"], said):
        assert words in alt("averages", case)
    assert "The accuracy shows none of" in alt("prices", CASES["prices"][0])
    case = CASES["prices"][0]
    one = dict(case, accuracy=case["accuracy"].index_fill(0, torch.tensor(1), 0.8))
    assert "Accuracy shows one mistake: a forgotten eval();" in alt("prices", one)
    assert "No mistake here" in alt("prices", CASES["prices"][1])
    assert "Neither kind of net reaches loss 0.5" in alt("race", CASES["race"][1])


def test_a_fault_is_found():
    def crowded(fig):
        ax = fig.add_subplot()
        for x, size in ((0.5, 12), (0.52, 12), (-5.0, 12), (0.2, 6)):
            ax.text(x, 0.5, "words here", size=size)
        return lambda: "short"
    found = " ".join(faults(seen(crowded, {}).picture))
    assert all(word in found for word in ("lies on", "cut off", "smaller than", "too little"))


def test_a_draw_that_moves_the_background_is_found():
    def shifty(fig):
        ax = fig.add_subplot()
        return lambda to: ax.set_xlim(0, to) and "alt"
    assert moved_background(seen(shifty, dict(to=5)))


def test_the_learners_own_plots_keep_their_look():
    import matplotlib
    before = dict(matplotlib.rcParams)
    show(figures.against_init, **CASES["against_init"][0])
    assert dict(matplotlib.rcParams) == before
