"""Pictures of notebook 11: the variance that BatchNorm stores, the one that eval mode meets, and the cost."""
import numpy as np

from . import roles
from .parts import apart, array, band, beside, broken, diagram, headline, jitter, listed, moving, short, ticks
from .roles import FAINT, INK, QUIET, Role

OFF = 0.15             # a ratio is called 1 when it is no further off
LAYERS, EDGE = 4, 11   # of the net that is drawn; larger ratios are drawn at the edge
FLOORS = 5.3, 0.6      # of the drawing, downwards: layer k is at height k, the last Linear at 5


def stored_and_met(fig):
    """A net of four layers with its dropouts (left); the variance each BatchNorm stores and meets (right).

    draw(ratio, p, place, dropped): ratio (4,) the running variance over the variance met in eval mode; p: of
    dropout; place: its name; dropped (4,) bool: whether a dropout follows each layer."""
    say = headline(fig)
    drops = stack(diagram(fig.add_axes((0.02, 0.14, 0.34, 0.61)), (0, 1), FLOORS))
    marks = ladder(fig.add_axes((0.39, 0.14, 0.49, 0.61)))

    def draw(ratio, p, place, dropped):
        ratio, off = array(ratio), np.abs(array(ratio) - 1)
        drops(array(dropped) > 0, p)
        marks(ratio)
        worst = off.argmax()
        wrong = f"BatchNorm {worst + 1} stores {short(ratio[worst], 2)} × the variance of eval mode"
        finding = wrong if off.max() > OFF else "Each BatchNorm stores about the variance of eval mode"
        figures = f"dropout with p = {short(p)} {place}"
        say(finding, figures)
        return (f"{finding}; {figures}. Stored ratio, layer 1 to {LAYERS}: "
                f"{listed(ratio, '.2f')}.")
    return draw


def stack(ax):
    """The net from top to bottom. Returns paint(dropped (4,) bool, p)."""
    layers = [f"Linear, BatchNorm {k}, ReLU" for k in range(1, LAYERS + 1)]
    for k, name in enumerate([*layers, "Linear: ten scores"], 1):
        ax.fill_between([0, 1], k - 0.23, k + 0.23, color="#E8F1F8", lw=0)
        ax.text(0.5, k, name, size=10, ha="center", va="center")
    bars = moving(ax, lw=10.5, color=roles.dropped.color, solid_capstyle="butt")
    words = [ax.text(0.33, k + 0.375, "", va="top", size=10, animated=True) for k in range(1, LAYERS + 1)]

    def paint(dropped, p):
        rows = np.flatnonzero(dropped) + 1.5
        bars.set_data(*broken(np.tile((0.0, 1.0), (len(rows), 1)), np.tile(rows[:, None], 2)))
        for there, text in zip(dropped, words):
            text.set_text(f"dropout {short(p)}" if there else "")
    return paint


def ladder(ax):
    """A row a layer, two marks on it and their ratio. Returns paint(ratio (4,))."""
    ax.set(xscale="log", xlim=(0.8, EDGE * 1.1), xlabel="variance, relative to eval mode (log scale)",
           ylim=FLOORS, yticks=[])
    ticks(ax.xaxis, (1, 2, 5, 10))
    ax.axvline(1, color=FAINT, lw=1.2, zorder=0)
    look = dict(transform=ax.transAxes, clip_on=False)
    for x, role, name in ((0.0, roles.eval, "in eval mode"), (0.48, roles.train, "stored")):
        ax.plot(x, 1.08, **look, **role.dots, ms=8)
        ax.text(x + 0.03, 1.08, name, transform=ax.transAxes, va="center", **role.bold, size=10)
    ax.text(1.02, 1.08, "ratio", transform=ax.transAxes, va="center", size=10, color=QUIET)
    rows = np.arange(1, LAYERS + 1)
    ax.plot(np.ones(LAYERS), rows, **roles.eval.dots, ms=9)
    stems, stored = moving(ax, color=INK, lw=1.2), moving(ax, **roles.train.dots, ms=10)
    signs = [beside(ax, 1.02, k - 0.12, va="top", size=10, animated=True) for k in rows]

    def paint(ratio):
        places = np.clip(ratio, 0.82, EDGE)
        stems.set_data(*broken(np.c_[np.ones(LAYERS), places], np.c_[rows, rows]))
        stored.set_data(places, rows)
        for sign, value in zip(signs, ratio):
            sign.set_text(f"{value:.2f}")
    return paint


RATES = (Role("#0072B2", "#00598C", "o"), Role("#009E73", "#00785A", "s", (0, (5, 2))),
         Role("#D55E00", "#B84E00", "^", (0, (6, 2, 1, 2))))
SHOWN = 0.86, 29.5  # ratios beyond are drawn at the edge


def by_layer(fig, layers=4):
    """The ratio of variances, stored over met in eval mode, by layer: a line for each of three p of dropout.

    draw(rates, ratio): rates (3,), ratio (L, 3, K) of K seeds, each the median over the layer's units."""
    say = headline(fig)
    ax = fig.add_axes((0.1, 0.14, 0.74, 0.62))
    ax.set(yscale="log", xlim=(0.8, layers + 0.2), ylim=(0.85, 30), xticks=range(1, layers + 1),
           xlabel="BatchNorm layer", ylabel="variance, stored / met (log scale)")
    ticks(ax.yaxis, (1, 2, 5, 10, 20))
    ax.axhline(1, color=FAINT, lw=1.2, zorder=0)
    kinds = [rising(ax, layers, role) for role in RATES]

    def draw(rates, ratio):
        rates, ratio = array(rates), array(ratio)
        heights = apart(np.log(np.clip(ratio[-1].mean(-1), 0.9, 28)), 0.24)
        for paint, rate, values, height in zip(kinds, rates, ratio.swapaxes(0, 1), np.exp(heights)):
            paint(f"p = {short(rate)}", values, height)
        deep, second = ratio[-1].mean(-1), ratio[1].mean(-1)
        finding = f"At p = {short(rates[-1])} layer {len(ratio)} is off by {short(deep[-1], 2)} ×"
        if deep[0] < deep[-1] and (deep > second).all():
            finding = "The ratio grows with p and with depth"
        out, seeds = int((ratio > SHOWN[1]).sum()), ratio.shape[2]
        edge = f"; {out} above 29 drawn at the edge" if out else ""
        say(finding, f"{seeds} seeds as dots; line: their mean{edge}")
        told = "; ".join(f"p = {short(rate)}: {listed(means, '.2f')}"
                         for rate, means in zip(rates, ratio.mean(-1).T))
        return f"{finding}. Ratio by layer, {told}; {seeds} seeds."
    return draw


def rising(ax, layers, role):
    """Dots for the seeds, a line for their means, its name. Returns paint(name, values (L, K), height)."""
    dots, line = moving(ax, **role.rings, ms=4, alpha=0.6), moving(ax, lw=2.2, **role.line)
    sign = ax.text(layers + 0.28, 1, "", va="center", **role.bold, animated=True)

    def paint(name, values, height):
        places = np.arange(1, len(values) + 1)
        dots.set_data(np.repeat(places, values.shape[1]), np.clip(values.ravel(), *SHOWN))
        line.set_data(places, np.clip(values.mean(1), *SHOWN))
        sign.set(text=name, y=height)
    return paint


WAYS = ("with the stored statistics", roles.raw), ("statistics taken again", roles.eval)


def shift_cost(fig):
    """Accuracy (left) and log loss (right) against dropout's p: with statistics as stored, and taken again.

    draw(rates, right, loss): rates (R,) from 0.2 to 0.7; right, loss (2, R, K) in the order of WAYS, K seeds;
    loss in nats."""
    say = headline(fig)
    left, beyond = fig.add_axes((0.075, 0.14, 0.4, 0.56)), fig.add_axes((0.575, 0.14, 0.4, 0.56))
    panels = (against_p(left, "accuracy on new images", 1, [0, 0.25, 0.5, 0.75, 1]),
              against_p(beyond, "log loss on new images (nats)", 2.4, [0, 0.5, 1, 1.5, 2]))
    key = diagram(fig.add_axes((0.02, 0.77, 0.96, 0.07)))
    for x, (name, role) in zip((0.115, 0.54), WAYS):
        key.plot([x - 0.09, x - 0.008], [0.5, 0.5], lw=2.2, **role.line)
        key.text(x + 0.005, 0.5, name, va="center", **role.bold, size=10)

    def draw(rates, right, loss):
        rates, right, loss = array(rates), array(right), array(loss)
        for kinds, found in zip(panels, (right, loss)):
            for paint, values in zip(kinds, found):
                paint(rates, values)
        points, nats = 100 * (right[1] - right[0]).mean(-1), (loss[1] - loss[0]).mean(-1)
        finding = f"New statistics help most at p = {short(rates[points.argmax()])}"
        figures = f"accuracy {listed(points, '+.1f')} points; {right.shape[2]} seeds, band: ± sd"
        say(finding, figures)
        told = "; ".join(f"{name}: accuracy {listed(a, '.3f')}, log loss {listed(b, '.2f')}"
                         for (name, _), a, b in zip(WAYS, right.mean(-1), loss.mean(-1)))
        return f"{finding}; {figures}; log loss {listed(nats, '+.2f')}. {told}."
    return draw


def against_p(ax, title, top, heights):
    """Something against dropout's p. Returns a paint(rates (R,), values (R, K)) for each of WAYS."""
    ax.set(xlim=(0.15, 0.75), ylim=(0, top), yticks=heights, xlabel="p, the probability to drop")
    ticks(ax.xaxis, (0.2, 0.5, 0.7))
    ax.set_title(title, size=10, pad=5)
    return [band(ax, role) for _, role in WAYS]


def placements(fig):
    """A row for each place of dropout: the largest ratio of variances, stored over met, and log loss.

    draw(names, ratio, loss): names of 2 to 6 builds (26 characters at most), ratio and loss (B, K) of K
    seeds; loss in nats. A ratio that is 1 for every seed is so by construction: one hollow mark stands for
    it."""
    say = headline(fig)
    left, right = fig.add_axes((0.325, 0.14, 0.21, 0.62)), fig.add_axes((0.69, 0.14, 0.225, 0.62))
    paints = (strip(left, "largest ratio of the four layers", (0.87, 6.7), (0.85, 7), (1, 2, 5)),
              strip(right, "log loss on new images", (0.205, 1.95), (0.2, 2), (0.2, 0.5, 1, 2)))
    left.set_xlabel("stored / eval mode (log scale)")
    right.set_xlabel("nats (log scale)")
    left.axvline(1, color=FAINT, lw=1.2, zorder=0)
    labels = [beside(left, -0.06, 0.5, ha="right", animated=True) for _ in range(6)]
    given = moving(left, ls="", marker="D", ms=9, mfc="none", mec=INK, mew=1.4)

    def draw(names, ratio, loss):
        ratio, loss = array(ratio), array(loss)
        rows = (np.arange(len(names)) + 0.5) * 6 / len(names)
        for label in labels:
            label.set_text("")
        by_rule = (ratio == 1).all(1)
        for label, name, row in zip(labels, names, rows):
            label.set(text=name, y=row)
        given.set_data(np.ones(by_rule.sum()), rows[by_rule])
        for paint, values, drawn in zip(paints, (ratio, loss), (~by_rule, np.ones_like(by_rule))):
            paint(values, rows, drawn)
        best = names[loss.mean(1).argmin()]
        finding = f"The log loss is lowest {best}" if best[0] in "ab" else f"Lowest log loss: {best}"
        if best == "no dropout":
            finding = f"The log loss is highest with dropout {names[loss.mean(1).argmax()]}"
        figures = f"correct ratio: 1; ring: one of {ratio.shape[1]} seeds; "
        figures += "diamond: always 1" if by_rule.any() else "bar and number: mean"
        say(finding, figures)
        told = "; ".join(f"{name}: ratio {a:.2f}, log loss {b:.2f}"
                         for name, a, b in zip(names, ratio.mean(1), loss.mean(1)))
        return f"{finding}; {figures}. {told}."
    return draw


def strip(ax, title, shown, limits, places):
    """A dot for each seed, a bar for their mean, and the mean in figures.

    Returns paint(values (B, K), heights of the rows (B,), drawn (B,) bool: whether with dots and a bar)."""
    ax.set(xscale="log", xlim=limits, ylim=(6, 0), yticks=[])
    ticks(ax.xaxis, places)
    ax.set_title(title, size=10, pad=5)
    mean = moving(ax, ls="", marker="|", ms=22, mew=1.6, color=INK)  # below the rings
    dots = moving(ax, **roles.normalized.rings, ms=5)
    signs = [beside(ax, 1.03, 0.5, size=10, animated=True) for _ in range(6)]

    def paint(values, rows, drawn):
        heights, means = 0.8 * jitter(values.shape[1]), values.mean(1)
        dots.set_data(np.clip(values[drawn], *shown).ravel(), (rows[drawn, None] + heights).ravel())
        mean.set_data(np.clip(means[drawn], *shown), rows[drawn])
        for sign in signs:
            sign.set_text("")
        for sign, value, row in zip(signs, means, rows):
            sign.set(text=f"{value:.2f}", y=row)
    return paint


def order_gap(fig):
    """Accuracy with BatchNorm before the ReLU minus that with BatchNorm after it, by learning rate and seed.

    draw(rates, gap, accuracy): rates (R,) from 0.05 to 4, gap (R, K) in points, of K seeds; accuracy (2, R):
    both means in percent, before and after."""
    say = headline(fig)
    ax = fig.add_axes((0.1, 0.14, 0.62, 0.62))
    ax.set(xscale="log", xlim=(0.05, 4), ylim=(-6, 6), yticks=[-5, -2, 0, 2, 5],
           xlabel="learning rate (log scale)", ylabel="accuracy, before − after (points)")
    ticks(ax.xaxis, (0.1, 0.5, 2))
    ax.axhline(0, color=FAINT, lw=1.2, zorder=0)
    for y, place in (3, "before"), (-3, "after"):
        beside(ax, 1.03, y, f"BatchNorm {place}\nthe ReLU is ahead", color=QUIET, size=10)
    bars, dots = moving(ax, color=INK, lw=1.6), moving(ax, **roles.normalized.rings, ms=5, alpha=0.6)
    middle = moving(ax, **roles.highlight.dots, ms=9)

    def draw(rates, gap, accuracy=None):
        rates, gap = array(rates), array(gap)
        mean, sd, seeds = gap.mean(1), gap.std(1, ddof=1), gap.shape[1]
        bars.set_data(*broken(np.c_[rates, rates], np.clip(np.c_[mean - sd, mean + sd], -5.9, 5.9)))
        shifts = 1.1 + 0.08 * jitter(seeds)
        dots.set_data((rates[:, None] * shifts).ravel(), np.clip(gap, -5.9, 5.9).ravel())
        middle.set_data(rates, np.clip(mean, -5.9, 5.9))
        large = np.abs(mean).argmax()
        finding = "Both orders do about as well"
        if abs(mean[large]) > 2:
            finding = f"BatchNorm {'before' if mean[large] > 0 else 'after'} the ReLU is ahead"
        figures = f"gap {listed(mean, '+.1f')} points; {seeds} seeds, bar: mean ± sd"
        say(finding, figures)
        levels = ""
        if accuracy is not None:
            levels = "; accuracy " + " and ".join(f"{listed(row, '.0f')} %" for row in array(accuracy))
        return f"{finding}; {figures}; sd {listed(sd, '.1f')}, at learning rates {listed(rates)}{levels}."
    return draw
