"""Pictures of notebook 11: the variance that BatchNorm remembers, and the one it meets in eval mode."""
import numpy as np

from . import roles
from .parts import array, band, broken, diagram, headline, short
from .roles import FAINT, INK, QUIET, Role

KINDS = ("in train mode", roles.train), ("in eval mode", roles.eval), ("used by the norm in eval mode", roles.normalized)
SMALL, LARGE, REACH, HIGH = 0.6, 40, 3.5, 1.2
OFF = 0.1                                                      # a ratio is called 1 when it is no further off


def variance_shift(fig, layers=3):
    """The variance of each norm's input by mode, with the one the norm uses (left), and what the last norm makes of its input (right).

    draw(train, eval, used, narrow, wide): train, eval, used (L,): variances of the input in train and in eval mode, and the one by whose root the norm divides in eval mode,
    each relative to that in eval mode; wide, narrow (n,): the last norm's input in train and eval mode, with mean and variance of eval mode's norm taken out."""
    say = headline(fig)
    left, right = fig.add_axes((0.12, 0.14, 0.44, 0.55)), fig.add_axes((0.65, 0.14, 0.325, 0.55))
    marks, bells = ladder(fig, left, layers), two_bells(right)

    def draw(train, eval, used, narrow, wide):
        train, eval, used, narrow, wide = map(array, (train, eval, used, narrow, wide))
        marks(train, eval, used)
        bells(wide, narrow)
        off = np.abs(used / eval - 1)
        worst = off.argmax()
        finding = ("Each layer uses the variance that is there" if off[worst] <= OFF else f"Layer {worst + 1} uses {short(used[worst])} × its variance")
        figures = f"train / eval {', '.join(f'{v:.2f}' for v in train / eval)}; last layer, eval: sd {narrow.std():.2f}"
        say(finding, figures)
        told = "; ".join(f"layer {k}: {a:.2f} in train mode, 1 in eval mode, used {c:.2f}" for k, (a, c) in enumerate(zip(train / eval, used / eval), 1))
        return f"{finding}. Variance of the input, relative to eval mode: {told}. Normalized, the last layer's input has sd {wide.std():.2f} in train and {narrow.std():.2f} in eval mode."
    return draw


def ladder(fig, ax, layers):
    """One row a layer, three marks on it. Returns paint(train, eval, used), (L,) each."""
    ax.set(xscale="log", xlim=(SMALL, LARGE), ylim=(layers + 0.5, 0.5), yticks=range(1, layers + 1), xticks=[1, 2, 5, 10, 20],
           xlabel="variance of the input, eval mode = 1 (log scale)")
    ax.set_yticklabels([f"layer {k}" for k in range(1, layers + 1)])
    ax.set_xticklabels(["1", "2", "5", "10", "20"])
    ax.minorticks_off()
    ax.tick_params(axis="y", length=0)
    ax.axvline(1, color=FAINT, lw=1.2, zorder=0)
    key = diagram(fig.add_axes((0.02, 0.745, 0.96, 0.09)), (0, 1), (0, 1))
    for x, (name, role) in zip((0.02, 0.22, 0.42), KINDS):
        key.plot(x, 0.45, **role.dots, ms=8)
        key.text(x + 0.02, 0.45, name, va="center", color=role.ink, size=10)
    stems, = ax.plot([], [], color=INK, lw=1, animated=True)
    dots = [ax.plot([], [], **role.dots, ms=9, animated=True)[0] for _, role in KINDS]

    def paint(train, eval, used):
        rows = np.arange(1, len(train) + 1)
        places = [np.clip(v / eval, SMALL * 1.05, LARGE / 1.1) for v in (train, eval, used)]
        stems.set_data(*broken(np.column_stack([np.ones(len(rows)), places[2]]), np.column_stack([rows + 0.2, rows + 0.2])))
        for mark, x, shift in zip(dots, places, (-0.2, 0, 0.2)): mark.set_data(x, rows + shift)
    return paint


def two_bells(ax, bins=43):
    """The last norm's input, normalized as in eval mode: outline of train mode, area of eval mode."""
    edges = np.linspace(-REACH, REACH, bins)
    ax.set(xlim=(-REACH, REACH), ylim=(0, HIGH), yticks=[], xlabel="last layer's input, normalized", xticks=[-2, 0, 2])
    ax.set_title("outline: train, area: eval mode", size=10, pad=4)
    fine = np.linspace(-REACH, REACH, 120)
    ax.plot(fine, np.exp(-fine ** 2 / 2) / np.sqrt(2 * np.pi), **roles.truth.line, lw=1)
    ax.text(REACH - 0.1, 0.85, "dotted: normal,\nsd 1; tall bars\nare cut", ha="right", size=9.5, color=QUIET)
    area = ax.stairs(np.zeros(bins - 1), edges, fill=True, color=roles.eval.color, alpha=0.45, animated=True)
    line = ax.stairs(np.zeros(bins - 1), edges, color=roles.train.ink, lw=1.6, animated=True)

    def paint(wide, narrow):
        for artist, values in ((line, wide), (area, narrow)):
            height = np.histogram(values, edges)[0] / len(values) / (edges[1] - edges[0])
            artist.set_data(np.clip(height, 0, HIGH))
    return paint


RATES = Role("#0072B2", "#00598C", "o"), Role("#009E73", "#00785A", "s", (0, (5, 2))), Role("#D55E00", "#B84E00", "^", (0, (6, 2, 1, 2)))


def by_layer(fig, layers=4):
    """The variance ratio, stored over met in eval mode, from layer to layer; a line for each of three p of dropout.

    draw(rates, ratio): rates (3,), ratio (L, 3, K) of K seeds, each the median over the layer's units."""
    say = headline(fig)
    ax = fig.add_axes((0.1, 0.14, 0.74, 0.62))
    ax.set(yscale="log", xlim=(0.8, layers + 0.2), ylim=(0.85, 30), xticks=range(1, layers + 1), yticks=[1, 2, 5, 10, 20], xlabel="BatchNorm layer",
           ylabel="variance, stored / met (median, log)")
    ax.set_yticklabels(["1", "2", "5", "10", "20"])
    ax.minorticks_off()
    ax.axhline(1, color=FAINT, lw=1.2, zorder=0)
    lines = [(ax.plot([], [], **{**role.dots, "mfc": "none"}, ms=4, alpha=0.6, animated=True)[0], ax.plot([], [], lw=2.2, animated=True, **role.line)[0]) for role in RATES]
    names = [ax.text(layers + 0.28, 1, "", va="center", color=role.ink, weight="bold", animated=True) for role in RATES]

    def draw(rates, ratio):
        rates, ratio = array(rates), array(ratio)
        places = np.arange(1, len(ratio) + 1)
        ends = spread(np.log(np.clip(ratio[-1].mean(-1), 0.9, 28)), 0.24)
        for (dots, line), name, rate, values, end in zip(lines, names, rates, ratio.swapaxes(0, 1), ends):
            dots.set_data(np.repeat(places, values.shape[1]), np.clip(values.ravel(), 0.86, 29.5))
            line.set_data(places, np.clip(values.mean(1), 0.86, 29.5))
            name.set_text(f"p = {short(rate)}")
            name.set_y(np.exp(end))
        middle = ratio[:, len(rates) // 2].mean(-1)
        finding = f"p = {short(rates[len(rates) // 2])}: off by {short(middle[1])} × in layer 2, {short(middle[-1])} × in layer {len(ratio)}"
        out = int((ratio > 29.5).sum())
        say(finding, f"{ratio.shape[2]} seeds as dots; line: their mean" + (f"; {out} above 29 drawn at the edge" if out else ""))
        told = "; ".join(f"p = {short(rate)}: {', '.join(f'{v:.2f}' for v in ratio[:, k].mean(-1))}" for k, rate in enumerate(rates))
        return f"{finding}. Ratio by layer, {told}; {ratio.shape[2]} seeds."
    return draw


def spread(places, least):
    """The places, moved up until neighbours are at least so far apart."""
    order, moved = np.argsort(places), np.array(places, float)
    for below, above in zip(order, order[1:]): moved[above] = max(moved[above], moved[below] + least)
    return moved


WAYS = ("with the stored statistics", roles.raw), ("statistics taken again", roles.eval)


def shift_cost(fig):
    """Accuracy (left) and log loss (right) against dropout's p: with the stored statistics and with those taken again.

    draw(rates, right, loss): rates (R,) from 0.2 to 0.7; right, loss (2, R, K) in the order of WAYS, K seeds; loss in nats."""
    say = headline(fig)
    axes = fig.add_axes((0.075, 0.14, 0.4, 0.56)), fig.add_axes((0.575, 0.14, 0.4, 0.56))
    for ax, title, top, ticks in zip(axes, ("accuracy on new images", "log loss on new images (nats)"), (1, 2.4), ([0, 0.25, 0.5, 0.75, 1], [0, 0.5, 1, 1.5, 2])):
        ax.set(xlim=(0.15, 0.75), ylim=(0, top), yticks=ticks, xticks=[0.2, 0.5, 0.7], xlabel="p, the probability to drop")
        ax.set_xticklabels(["0.2", "0.5", "0.7"])
        ax.set_title(title, size=10, pad=5)
    key = diagram(fig.add_axes((0.02, 0.77, 0.96, 0.07)), (0, 1), (0, 1))
    for x, (name, role) in zip((0.115, 0.54), WAYS):
        key.plot([x - 0.09, x - 0.008], [0.5, 0.5], lw=2.2, **role.line)
        key.text(x + 0.005, 0.5, name, va="center", color=role.ink, weight="bold", size=10)
    lines = [[band(ax, role) for _, role in WAYS] for ax in axes]

    def draw(rates, right, loss):
        rates, right, loss = array(rates), array(right), array(loss)
        for panel, found in zip(lines, (right, loss)):
            for paint, values in zip(panel, found): paint(rates, values)
        points, nats = 100 * (right[1] - right[0]).mean(-1), (loss[0] - loss[1]).mean(-1)
        finding = f"Statistics taken again: {', '.join(f'{v:+.1f}' for v in points).replace('-', '−')} points"
        figures = f"at p {', '.join(map(short, rates))}; log loss {', '.join(f'{-v:+.2f}' for v in nats).replace('-', '−')}; {right.shape[2]} seeds, mean ± sd"
        say(finding, figures)
        told = "; ".join(f"{name}: accuracy {', '.join(f'{v:.3f}' for v in a.mean(-1))}, log loss {', '.join(f'{v:.2f}' for v in b.mean(-1))}" for (name, _), a, b in zip(WAYS, right, loss))
        return f"{finding} ({figures}). {told}."
    return draw


def placements(fig):
    """Where dropout is put: the variance used over that met in eval mode, the largest among the norms (left), and the log loss on new images (right), a row for each place.

    draw(names, ratio, loss): names of 2 to 5 builds (26 characters at most), ratio and loss (B, K) of K seeds; loss in nats.
    A ratio that is 1 for every seed is so by construction: one hollow mark stands for it."""
    say = headline(fig)
    axes = fig.add_axes((0.33, 0.14, 0.29, 0.6)), fig.add_axes((0.68, 0.14, 0.29, 0.6))
    for ax, title, limits, ticks, scale in zip(axes, ("variance, used / met (log)", "log loss (nats)"), ((0.85, 12), (0, 1.6)), ([1, 2, 5, 10], [0, 0.5, 1, 1.5]), ("log", "linear")):
        ax.set(xscale=scale, xlim=limits, ylim=(5, 0), yticks=[], xticks=ticks)
        ax.set_xticklabels([f"{v:g}" for v in ticks])
        ax.minorticks_off()
        ax.set_title(title, size=10, pad=5)
    axes[0].set_xlabel("largest of its layers")
    axes[0].axvline(1, color=FAINT, lw=1.2, zorder=0)
    fig.text(0.02, 0.02, "bar: mean of the seeds\ndiamond: by construction", size=9.5, color=QUIET)
    labels = [axes[0].text(-0.05, 0, "", ha="right", va="center", transform=axes[0].get_yaxis_transform(), animated=True) for _ in range(5)]
    dots = [ax.plot([], [], **{**roles.normalized.dots, "mfc": "none"}, ms=5, alpha=0.6, animated=True)[0] for ax in axes]
    means = [ax.plot([], [], ls="", marker="|", ms=20, mew=2.4, color=INK, animated=True)[0] for ax in axes]
    given, = axes[0].plot([], [], ls="", marker="D", ms=9, mfc="none", mec=INK, mew=1.4, animated=True)

    def draw(names, ratio, loss):
        ratio, loss = array(ratio), array(loss)
        rows = (np.arange(len(names)) + 0.5) * 5 / len(names)
        for k, label in enumerate(labels):
            label.set_text(names[k] if k < len(names) else "")
            label.set_y(rows[k] if k < len(names) else 0.5)
        heights = (np.arange(ratio.shape[1]) * 0.618 % 1 - 0.5) * 0.5          # golden ratio: even, and the same each time
        by_rule = (ratio == 1).all(1)
        given.set_data(np.ones(by_rule.sum()), rows[by_rule])
        for values, drawn, mark, mean, (low, high) in zip((ratio, loss), (~by_rule, slice(None)), dots, means, ((0.86, 11.8), (0.01, 1.59))):
            mark.set_data(np.clip(values[drawn], low, high).ravel(), (rows[drawn, None] + heights).ravel())
            mean.set_data(np.clip(values[drawn].mean(1), low, high), rows[drawn])
        fine = np.abs(ratio.mean(1) - 1) <= OFF
        best = loss.mean(1).argmin()
        finding = f"{fine.sum()} of {len(names)} divide by the right variance"
        figures = f"lowest log loss {loss.mean(1)[best]:.2f}: {names[best]}; {ratio.shape[1]} seeds"
        say(finding, figures)
        return f"{finding}; {figures}. " + "; ".join(f"{name}: ratio {a:.2f}, log loss {b:.2f}" for name, a, b in zip(names, ratio.mean(1), loss.mean(1))) + "."
    return draw


def order_gap(fig):
    """Accuracy with BatchNorm before the ReLU minus that with BatchNorm after it, seed by seed, at several learning rates.

    draw(rates, gap, accuracy): rates (R,) from 0.05 to 4, gap (R, K) in points, of K seeds; accuracy (2, R): both means in percent, before and after."""
    say = headline(fig)
    ax = fig.add_axes((0.1, 0.14, 0.62, 0.62))
    ax.set(xscale="log", xlim=(0.05, 4), ylim=(-6, 6), xticks=[0.1, 0.5, 2], yticks=[-5, -2, 0, 2, 5], xlabel="learning rate (log scale)", ylabel="accuracy, before − after (points)")
    ax.set_xticklabels(["0.1", "0.5", "2"])
    ax.minorticks_off()
    ax.axhline(0, color=FAINT, lw=1.2, zorder=0)
    for y, words in (3, "BatchNorm before\nthe ReLU is ahead"), (-3, "BatchNorm after\nthe ReLU is ahead"):
        ax.text(1.03, y, words, transform=ax.get_yaxis_transform(), va="center", color=QUIET, size=10)
    bars, = ax.plot([], [], color=INK, lw=1.6, animated=True)
    dots, = ax.plot([], [], **{**roles.normalized.dots, "mfc": "none"}, ms=5, alpha=0.6, animated=True)
    middle, = ax.plot([], [], **roles.highlight.dots, ms=9, animated=True)

    def draw(rates, gap, accuracy=None):
        rates, gap = array(rates), array(gap)
        mean, sd = gap.mean(1), gap.std(1, ddof=1)
        bars.set_data(*broken(np.column_stack([rates, rates]), np.clip(np.column_stack([mean - sd, mean + sd]), -5.9, 5.9)))
        shifts = 1.06 + 0.08 * (np.arange(gap.shape[1]) * 0.618 % 1)
        dots.set_data((rates[:, None] * shifts).ravel(), np.clip(gap, -5.9, 5.9).ravel())
        middle.set_data(rates, np.clip(mean, -5.9, 5.9))
        finding = f"Norm before − after ReLU: {', '.join(f'{v:+.1f}' for v in mean).replace('-', '−')} points"
        at = f"at learning rates {', '.join(map(short, rates))}"
        both = "" if accuracy is None else " and ".join(f"{', '.join(f'{v:.0f}' for v in row)} %" for row in array(accuracy))
        figures = f"{f'accuracy {both}' if both else at}; {gap.shape[1]} seeds, mean ± sd"
        say(finding, figures)
        return f"{finding} {at} ({figures}); sd {', '.join(f'{v:.1f}' for v in sd)}."
    return draw
