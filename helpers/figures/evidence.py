"""Pictures of notebook 06: drift without harm, and how smooth the loss is at which rate."""
import numpy as np

from .parts import area, array, broken, headline, inside, listed, moving, plural, short, smooth, ticks
from .roles import FAINT, Role, normalized, raw

noisy = Role("#CC79A7", "#96466F", "v", (0, (1, 1)))  # BatchNorm whose outputs are shaken
KINDS = ("without BatchNorm", raw), ("with BatchNorm", normalized), ("BatchNorm, then noise", noisy)
STEPS = 200


def shaken(fig):
    """What the first layer passes on (left: one unit of one seed) and how the net learns (right: all seeds).

    draw(step, mean, sd, loss, drift, rate): step (T,) when one looked; mean, sd (3, T) of the unit; loss (3,
    K, S) of each step; drift (3, K): sd over the steps of a unit's mean, in units of its own sd, mean of all
    units; rate: of the training. Three kinds of net: KINDS."""
    say = headline(fig)
    rows = [fig.add_axes((0.075, bottom, 0.38, 0.19)) for bottom in (0.585, 0.36, 0.135)]
    right = fig.add_axes((0.56, 0.135, 0.42, 0.64))
    for x, words in (0.075, "mean of one unit, before ReLU"), (0.56, "training loss"):
        fig.text(x, 0.8, words, weight="bold", size=10)
    rows[1].set_ylabel("mean, band: sd (300 images)")
    rows[2].set_xlabel("step")
    tubes, curves = [tube(ax, *kind) for ax, kind in zip(rows, KINDS)], learning(right)

    def draw(step, mean, sd, loss, drift, rate):
        step, mean, sd, loss, drift = map(array, (step, mean, sd, loss, drift))
        for paint, m, s in zip(tubes, mean, sd):
            paint(step, m, s)
        for paint, values in zip(curves, loss):
            paint(values)
        plain, steady, shaken = loss[..., -10:].mean((1, 2))  # as the curves end
        moved = drift[2].mean() > 0.7 * drift[0].mean() and shaken - steady < (plain - steady) / 2
        finding = "With noise the mean moves; the loss falls as fast" if moved else "Noise, drift and loss"
        seeds = f"rate {short(rate)}; right: mean ± sd of {plural(loss.shape[1], 'seed')}"
        seeds += ", dotted lies on blue" if moved else ""
        say(finding, seeds)
        drifts = listed(round(d, 3 if d < 0.01 else 2) for d in drift.mean(1))
        return (f"{finding}. In this order: without BatchNorm, with BatchNorm, BatchNorm and then noise: "
                f"drift {drifts}, final loss {listed((plain, steady, shaken), '.2f')} ({seeds}).")
    return draw


def tube(ax, name, role):
    """A unit's mean and spread over the steps."""
    ax.set(xlim=(0, STEPS), xticks=[0, 100, 200], yticks=[-2, 0, 2], ylim=(-2.7, 3.9))
    ax.axhline(0, color=FAINT, lw=0.8)
    ax.tick_params(labelbottom=role is noisy)
    spread, line = area(ax, role.color, 0.22), moving(ax, **role.line)
    inside(ax, 0.015, 0.96, name, va="top", **role.bold, size=9.5, animated=True)

    def paint(step, mean, sd):
        centred = mean - mean.mean()
        spread.set_data(step, centred - sd, centred + sd)
        line.set_data(step, centred)
    return paint


def learning(ax):
    """Loss against steps. Returns a paint(values (K, S)) for each kind."""
    ax.set(xlim=(0, STEPS), ylim=(0, 2.5), xlabel="step")
    widths = 2.2, 3.6, 2.2  # the last lies on the one before
    paints = [band(ax, role, width) for (_, role), width in zip(KINDS, widths)]
    for (name, role), height in zip(KINDS, (0.22, 0.14, 0.06)):
        ax.plot([0.04, 0.15], [height, height], transform=ax.transAxes, lw=2.2, **role.line)
        inside(ax, 0.175, height, name, va="center", **role.bold, size=9.5)
    return paints


def band(ax, role, width):
    """Mean and spread of K curves. Returns paint(values (K, S))."""
    spread, line = area(ax, role.color, 0.18), moving(ax, lw=width, **role.line)

    def paint(values):
        values = smooth(values)
        mean, sd, step = values.mean(0), values.std(0, ddof=1), np.arange(1, values.shape[1] + 1)
        spread.set_data(step, mean - sd, mean + sd)
        line.set_data(step, mean)
    return paint


def smoothness(fig):
    """How much the loss varies along the gradient, for three kinds of net trained at two rates.

    draw(rates, spread): rates (2,); spread (2, 3, K) of rate and kind: largest minus smallest loss at 1/2 to
    4 times a step of that rate, from weights trained at it. Kinds: KINDS."""
    say = headline(fig)
    ax = fig.add_axes((0.1, 0.15, 0.87, 0.6))
    ax.set(yscale="log", xlim=(-0.6, 7.6), ylim=(0.02, 6), ylabel="range of the loss (nats, log)", xticks=[])
    ticks(ax.yaxis, (0.03, 0.1, 0.3, 1, 3))
    ax.grid(axis="y")
    ax.axvline(3.5, color=FAINT, lw=1.2)
    places = (0, 1.25, 2.5), (4.5, 5.75, 7)
    for x, (name, role) in zip(sum(places, ()), KINDS * 2):
        words = name.replace(" BatchNorm", "\nBatchNorm").replace(", then", ",\nthen")
        ax.text(x, -0.03, words, transform=ax.get_xaxis_transform(), ha="center", va="top", **role.bold,
                size=9.5)
    groups = [inside(ax, x, 1.03, weight="bold", size=10, ha="center", animated=True) for x in (0.225, 0.775)]
    panels = [[dots(ax, role) for _, role in KINDS] for _ in places]

    def draw(rates, spread):
        spread = array(spread)
        for row, at, word, rate, values in zip(panels, places, groups, array(rates), spread):
            word.set_text(f"trained at rate {short(rate)}")
            for one, x, of_kind in zip(row, at, values):
                one(np.array([x]), of_kind[None])
        ratios = (spread[:, 0] / spread[:, 1]).mean(1)  # seed by seed, as in the claims
        rougher, smoother = ratios[0] < 0.9, ratios[1] > 1.1
        finding = ("Rougher at a small rate, smoother at a large one" if rougher and smoother
                   else "How much the loss varies along the gradient")
        figures = f"ring: a seed ({spread.shape[-1]}); bar: their mean; lower is smoother"
        say(finding, figures)
        rows = "; ".join(f"rate {short(rate)}: " + listed(values.mean(1), ".2g")
                         for rate, values in zip(array(rates), spread))
        return (f"{finding}. Mean range without BatchNorm, with BatchNorm, with BatchNorm and then noise: "
                f"{rows} ({figures}).")
    return draw


def dots(ax, role):
    """One kind: every seed a dot, the mean a bar. Returns paint(x (C,), values (C, K))."""
    points = moving(ax, **role.rings, ms=4, alpha=0.55)
    bars = moving(ax, lw=2.6, color=role.color, solid_capstyle="butt")

    def paint(x, values):
        mean = values.mean(1)
        points.set_data(np.repeat(x, values.shape[1]), values.ravel())
        bars.set_data(*broken(np.c_[x - 0.11, x + 0.11], np.c_[mean, mean]))
    return paint
