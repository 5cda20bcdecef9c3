"""Pictures of notebook 06: drift without harm, and how smooth the loss is at which rate."""
import numpy as np

from .parts import array, broken, headline, listed, plural, short, smooth
from .parts.axes import area, diagram, inside, moving, ticks
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
    for x, words in (0.075, "first layer, before ReLU"), (0.56, "how the net learns"):
        fig.text(x, 0.8, words, weight="bold", size=10)
    rows[1].set_ylabel("one unit: mean ± sd over the batch")
    rows[2].set_xlabel("step")
    tubes, curves = [tube(ax, *kind) for ax, kind in zip(rows, KINDS)], learning(right)

    def draw(step, mean, sd, loss, drift, rate):
        step, mean, sd, loss, drift = map(array, (step, mean, sd, loss, drift))
        for paint, m, s in zip(tubes, mean, sd):
            paint(step, m, s)
        for paint, values in zip(curves, loss):
            paint(values)
        ends = loss[..., -10:].mean((1, 2))  # as the curves end
        drifts = listed(round(d, 3 if d < 0.01 else 2) for d in drift.mean(1))
        finding = f"Drift {drifts}: loss {listed(ends, '.2f')}"
        seeds = plural(loss.shape[1], "seed")
        figures = f"rate {short(rate)}; drift: all units, {seeds}; left: one unit of one"
        say(finding, figures)
        return (f"{finding}, in this order: without BatchNorm, with BatchNorm, "
                f"with BatchNorm and then noise ({figures}).")
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
    ax.set(xlim=(0, STEPS), ylim=(0, 2.5), xlabel="step", ylabel="training loss (nats)")
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
    """How far the loss and its gradient change along a step of either rate, from weights trained at either.

    draw(rates, spread, change): rates (2,); spread (3, 2, 2, K) of kind, step and weights: largest minus
    smallest loss at 1/2 to 4 times the step; change (3, 2, 2, K): length of the gradient's change over its
    own length. Kinds: KINDS."""
    say = headline(fig)
    left, right = fig.subplots(1, 2, gridspec_kw=dict(left=0.085, right=0.985, wspace=0.17,
                                                      bottom=0.215, top=0.7))
    panels = (four_columns(left, "range of the loss (nats, log scale)"),
              four_columns(right, "change of the gradient (log scale)"))
    key(fig)

    def draw(rates, spread, change):
        rates = array(rates)
        spread, change = (array(v).swapaxes(1, 2).reshape(3, 4, -1)  # weights, then step
                          for v in (spread, change))
        for paint, values in zip(panels, (spread, change)):
            paint(values)
        ratios = (spread[0] / spread[1]).mean(1)  # (4,) seed by seed, as in the claims
        finding = f"Range, plain over BatchNorm: {', '.join(short(r, 2) for r in ratios)}"
        figures = f"column by column; bar: mean of {plural(spread.shape[-1], 'seed')}"
        say(finding, figures)
        columns = ", ".join(f"step of rate {short(step)} from weights of rate {short(weights)}"
                            for weights in rates for step in rates)
        rows = "; ".join(f"{name}: range {listed(s)}, change {listed(c)}"
                         for (name, _), s, c in zip(KINDS, spread.mean(2), change.mean(2)))
        return f"{finding}, {figures}: {columns}. {rows}."
    return draw


def four_columns(ax, title):
    """Steps of two rates from weights trained at two, the notebook's. Returns paint(values (3, 4, K))."""
    ax.set(yscale="log", xlim=(-0.55, 3.55), ylim=(0.02, 20), xticks=range(4))
    ax.set_xticklabels(["step 0.01", "step 0.1"] * 2)
    ax.set_title(title, size=10, pad=4)
    ax.tick_params(axis="x", length=0)
    ticks(ax.yaxis, (0.1, 1, 10))
    ax.grid(axis="y")
    ax.axvline(1.5, color=FAINT, lw=1.2)
    for x, words in (0.5, "trained at 0.01"), (2.5, "trained at 0.1"):
        ax.text(x, -0.17, words, transform=ax.get_xaxis_transform(), ha="center", va="top", size=10)
    kinds = [dots(ax, role) for _, role in KINDS]

    def paint(values):
        for shift, (one, of_kind) in enumerate(zip(kinds, values), -1):
            one(np.arange(4) + 0.24 * shift, of_kind)
    return paint


def key(fig):
    """The three kinds by name above the panels."""
    page = diagram(fig.add_axes((0, 0.79, 1, 0.06)))
    for x, (name, role) in zip((0.085, 0.355, 0.595), KINDS):
        page.plot([x + 0.01], [0.5], **role.rings, ms=6)
        page.text(x + 0.028, 0.5, name, **role.bold, size=10, va="center")


def dots(ax, role):
    """One kind: every seed a dot, the mean a bar. Returns paint(x (C,), values (C, K))."""
    points = moving(ax, **role.rings, ms=4, alpha=0.55)
    bars = moving(ax, lw=2.6, color=role.color, solid_capstyle="butt")

    def paint(x, values):
        mean = values.mean(1)
        points.set_data(np.repeat(x, values.shape[1]), values.ravel())
        bars.set_data(*broken(np.c_[x - 0.11, x + 0.11], np.c_[mean, mean]))
    return paint
