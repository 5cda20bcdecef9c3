"""Pictures of notebook 11: the variance that BatchNorm remembers, and the one it meets in eval mode."""
import numpy as np

from . import roles
from .parts import apart, array, band, beside, broken, diagram, headline, jitter, listed, moving, short, ticks
from .roles import FAINT, INK, NOTE, QUIET, Role

KINDS = (("in train mode", roles.train), ("in eval mode", roles.eval),
         ("used by the norm in eval mode", roles.normalized))
SMALL, LARGE, REACH, HIGH = 0.6, 40, 3.5, 1.2
OFF = 0.1  # a ratio is called 1 when it is no further off


def variance_shift(fig):
    """Variance of each norm's input by mode, and the one it uses (left); the last norm's input (right).

    draw(train, eval, used, narrow, wide): train, eval, used (3,): variances of the input in train and in eval
    mode, and the one by whose root the norm divides in eval mode, each relative to that in eval mode; wide,
    narrow (n,): the last norm's input in train and eval mode, with mean and variance of eval mode's norm
    taken out."""
    say = headline(fig)
    left, right = fig.add_axes((0.12, 0.14, 0.44, 0.55)), fig.add_axes((0.65, 0.14, 0.325, 0.55))
    marks, bells = ladder(fig, left), two_bells(right)

    def draw(train, eval, used, narrow, wide):
        train, eval, used, narrow, wide = map(array, (train, eval, used, narrow, wide))
        marks(train / eval, used / eval)
        bells(wide, narrow)
        off = np.abs(used / eval - 1)
        finding = "Each layer uses the variance that is there"
        if off.max() > OFF:
            finding = f"Layer {off.argmax() + 1} uses {short(used[off.argmax()])} × its variance"
        figures = f"train / eval {listed(train / eval, '.2f')}; last layer, eval: sd {narrow.std():.2f}"
        say(finding, figures)
        told = "; ".join(f"layer {k}: {a:.2f} in train mode, 1 in eval mode, used {c:.2f}"
                         for k, (a, c) in enumerate(zip(train / eval, used / eval), 1))
        sds = f"sd {wide.std():.2f} in train and {narrow.std():.2f} in eval mode"
        return (f"{finding}. Variance of the input, relative to eval mode: {told}. "
                f"Normalized, the last layer's input has {sds}.")
    return draw


def ladder(fig, ax, layers=3):
    """One row a layer, three marks on it. Returns paint(train, used), (L,) each, relative to eval mode."""
    ax.set(xscale="log", xlim=(SMALL, LARGE), xlabel="variance of the input, eval mode = 1 (log scale)",
           ylim=(layers + 0.5, 0.5))
    ticks(ax.xaxis, (1, 2, 5, 10, 20))
    ticks(ax.yaxis, range(1, layers + 1), "layer {}".format)
    ax.tick_params(axis="y", length=0)
    ax.axvline(1, color=FAINT, lw=1.2, zorder=0)
    key = diagram(fig.add_axes((0.02, 0.745, 0.96, 0.09)))
    for x, (name, role) in zip((0.02, 0.22, 0.42), KINDS):
        key.plot(x, 0.45, **role.dots, ms=8)
        key.text(x + 0.02, 0.45, name, va="center", color=role.ink, size=10)
    stems = moving(ax, color=INK, lw=1)
    dots = [moving(ax, **role.dots, ms=9) for _, role in KINDS]

    def paint(train, used):
        rows, ones = np.arange(1, len(train) + 1), np.ones(len(train))
        places = [np.clip(v, SMALL * 1.05, LARGE / 1.1) for v in (train, ones, used)]
        stems.set_data(*broken(np.c_[ones, places[2]], np.c_[rows + 0.2, rows + 0.2]))
        for mark, x, shift in zip(dots, places, (-0.2, 0, 0.2)):
            mark.set_data(x, rows + shift)
    return paint


def two_bells(ax, bins=43):
    """The last norm's input, normalized as in eval mode: outline of train mode, area of eval mode."""
    edges, fine = np.linspace(-REACH, REACH, bins), np.linspace(-REACH, REACH, 120)
    ax.set(xlim=(-REACH, REACH), ylim=(0, HIGH), yticks=[], xticks=[-2, 0, 2],
           xlabel="last layer's input, normalized")
    ax.set_title("outline: train, area: eval mode", size=10, pad=4)
    ax.plot(fine, np.exp(-fine ** 2 / 2) / np.sqrt(2 * np.pi), **roles.truth.line, lw=1)
    ax.text(REACH - 0.1, 0.85, "dotted: normal,\nsd 1; tall bars\nare cut", ha="right", **NOTE)
    area = ax.stairs(np.zeros(bins - 1), edges, fill=True, color=roles.eval.color, alpha=0.45, animated=True)
    line = ax.stairs(np.zeros(bins - 1), edges, color=roles.train.ink, lw=1.6, animated=True)

    def paint(wide, narrow):
        for artist, values in (line, wide), (area, narrow):
            height = np.histogram(values, edges)[0] / len(values) / (edges[1] - edges[0])
            artist.set_data(np.clip(height, 0, HIGH))
    return paint


RATES = (Role("#0072B2", "#00598C", "o"), Role("#009E73", "#00785A", "s", (0, (5, 2))),
         Role("#D55E00", "#B84E00", "^", (0, (6, 2, 1, 2))))
SHOWN = 0.86, 29.5  # ratios beyond are drawn at the edge


def by_layer(fig, layers=4):
    """The variance ratio, stored over met in eval mode, by layer: a line for each of three p of dropout.

    draw(rates, ratio): rates (3,), ratio (L, 3, K) of K seeds, each the median over the layer's units."""
    say = headline(fig)
    ax = fig.add_axes((0.1, 0.14, 0.74, 0.62))
    ax.set(yscale="log", xlim=(0.8, layers + 0.2), ylim=(0.85, 30), xticks=range(1, layers + 1),
           xlabel="BatchNorm layer", ylabel="variance, stored / met (median, log)")
    ticks(ax.yaxis, (1, 2, 5, 10, 20))
    ax.axhline(1, color=FAINT, lw=1.2, zorder=0)
    kinds = [rising(ax, layers, role) for role in RATES]

    def draw(rates, ratio):
        rates, ratio = array(rates), array(ratio)
        heights = apart(np.log(np.clip(ratio[-1].mean(-1), 0.9, 28)), 0.24)
        for paint, rate, values, height in zip(kinds, rates, ratio.swapaxes(0, 1), np.exp(heights)):
            paint(f"p = {short(rate)}", values, height)
        half = len(rates) // 2
        middle = ratio[:, half].mean(-1)
        finding = (f"p = {short(rates[half])}: off by {short(middle[1])} × in layer 2, "
                   f"{short(middle[-1])} × in layer {len(ratio)}")
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
        finding = f"Statistics taken again: {listed(points, '+.1f')} points"
        figures = f"at p {listed(rates)}; log loss {listed(nats, '+.2f')}; {right.shape[2]} seeds, mean ± sd"
        say(finding, figures)
        told = "; ".join(f"{name}: accuracy {listed(a, '.3f')}, log loss {listed(b, '.2f')}"
                         for (name, _), a, b in zip(WAYS, right.mean(-1), loss.mean(-1)))
        return f"{finding} ({figures}). {told}."
    return draw


def against_p(ax, title, top, heights):
    """Something against dropout's p. Returns a paint(rates (R,), values (R, K)) for each of WAYS."""
    ax.set(xlim=(0.15, 0.75), ylim=(0, top), yticks=heights, xlabel="p, the probability to drop")
    ticks(ax.xaxis, (0.2, 0.5, 0.7))
    ax.set_title(title, size=10, pad=5)
    return [band(ax, role) for _, role in WAYS]


def placements(fig):
    """A row for each place of dropout: the largest ratio of variances, used over met, and log loss.

    draw(names, ratio, loss): names of 2 to 5 builds (26 characters at most), ratio and loss (B, K) of K
    seeds; loss in nats. A ratio that is 1 for every seed is so by construction: one hollow mark stands for
    it."""
    say = headline(fig)
    left, right = fig.add_axes((0.33, 0.14, 0.29, 0.6)), fig.add_axes((0.68, 0.14, 0.29, 0.6))
    paints = (strip(left, "variance, used / met (log)", (0.86, 11.8), (0.85, 12), (1, 2, 5, 10), "log"),
              strip(right, "log loss (nats)", (0.01, 1.59), (0, 1.6), (0, 0.5, 1, 1.5), "linear"))
    left.set_xlabel("largest of its layers")
    left.axvline(1, color=FAINT, lw=1.2, zorder=0)
    fig.text(0.02, 0.02, "bar: mean of the seeds\ndiamond: by construction", **NOTE)
    labels = [beside(left, -0.05, 0.5, ha="right", animated=True) for _ in range(5)]
    given = moving(left, ls="", marker="D", ms=9, mfc="none", mec=INK, mew=1.4)

    def draw(names, ratio, loss):
        ratio, loss = array(ratio), array(loss)
        rows = (np.arange(len(names)) + 0.5) * 5 / len(names)
        for label in labels:
            label.set_text("")
        for label, name, row in zip(labels, names, rows):
            label.set(text=name, y=row)
        by_rule = (ratio == 1).all(1)
        given.set_data(np.ones(by_rule.sum()), rows[by_rule])
        for paint, values, drawn in zip(paints, (ratio, loss), (~by_rule, slice(None))):
            paint(values[drawn], rows[drawn])
        fine, costs = np.abs(ratio.mean(1) - 1) <= OFF, loss.mean(1)
        finding = f"{fine.sum()} of {len(names)} divide by the right variance"
        figures = f"lowest log loss {costs.min():.2f}: {names[costs.argmin()]}; {ratio.shape[1]} seeds"
        say(finding, figures)
        told = "; ".join(f"{name}: ratio {a:.2f}, log loss {b:.2f}"
                         for name, a, b in zip(names, ratio.mean(1), costs))
        return f"{finding}; {figures}. {told}."
    return draw


def strip(ax, title, shown, limits, places, scale):
    """A dot for each seed, a bar for their mean. Returns paint(values (B, K), heights of the rows (B,))."""
    ax.set(xscale=scale, xlim=limits, ylim=(5, 0), yticks=[])
    ticks(ax.xaxis, places)
    ax.set_title(title, size=10, pad=5)
    dots = moving(ax, **roles.normalized.rings, ms=5, alpha=0.6)
    mean = moving(ax, ls="", marker="|", ms=20, mew=2.4, color=INK)

    def paint(values, rows):
        heights = 0.5 * jitter(values.shape[1])
        dots.set_data(np.clip(values, *shown).ravel(), (rows[:, None] + heights).ravel())
        mean.set_data(np.clip(values.mean(1), *shown), rows)
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
        finding = f"Norm before − after ReLU: {listed(mean, '+.1f')} points"
        at = f"at learning rates {listed(rates)}"
        told = at
        if accuracy is not None:
            told = "accuracy " + " and ".join(f"{listed(row, '.0f')} %" for row in array(accuracy))
        figures = f"{told}; {seeds} seeds, mean ± sd"
        say(finding, figures)
        return f"{finding} {at} ({figures}); sd {listed(sd, '.1f')}."
    return draw
