"""Pictures of notebook 06: a loss that sees only the direction of the weights, and what a step and weight decay then do."""
import numpy as np
from matplotlib.collections import PolyCollection

from .parts import array, headline, plural, short, smooth
from .roles import INK, QUIET, highlight, kept, normalized, train

LOW, HIGH, TOP = -2.1, 3.4, 3.75                                 # the plane shown: from LOW both ways, to HIGH and TOP


def turn(fig):
    """Two weights before BatchNorm: the loss is the same along every ray, so a step is at right angles to the weights, and leaves the circle.

    draw(w, gradient, rate, angles, losses): w and gradient (2,); angles (A,) evenly over a full turn, in radians, from 0; losses (A,) there."""
    say = headline(fig)
    plane, curve = fig.add_axes((0.015, 0.02, 0.51, 0.78)), fig.add_axes((0.595, 0.145, 0.365, 0.58))
    paint_plane, paint_curve = rays(plane), along_angle(curve)

    def draw(w, gradient, rate, angles, losses):
        w, gradient, angles, losses = map(array, (w, gradient, angles, losses))
        after = w - rate * gradient
        before_angle, after_angle = np.arctan2(*w[::-1]), np.arctan2(*after[::-1])
        turned = abs(np.degrees((after_angle - before_angle + np.pi) % (2 * np.pi) - np.pi))
        paint_plane(w, after, angles, losses)
        paint_curve(before_angle, after_angle, angles, losses)
        lengths = np.linalg.norm(w), np.linalg.norm(gradient), np.linalg.norm(after)
        finding = f"This step turns the weights by {turned:.{int(turned < 9.95)}f}°"
        grown = f", then {lengths[2]:.1f}" if lengths[2] - lengths[0] >= 0.05 else ""        # the opening step is too small for it: it is asked before
        figures = f"gradient {lengths[1]:.2f} long; weights {lengths[0]:.1f} long{grown}"
        say(finding, figures)
        return f"{finding}: {figures}; gradient times weights {short(round(w @ gradient, 5))}."
    return draw


def rays(ax):
    """The plane of the two weights, darker where the loss is lower."""
    ax.set_axis_off()
    ax.set(xlim=(LOW, HIGH), ylim=(LOW, TOP), aspect="equal")
    wedges = ax.add_collection(PolyCollection([], lw=0, animated=True))
    circle, = ax.plot([], [], color=INK, lw=1.1, ls=(0, (4, 3)), animated=True)
    old, = ax.plot([], [], color=INK, lw=2, animated=True)
    new, = ax.plot([], [], color=QUIET, lw=2, animated=True)
    dot, = ax.plot([], [], **highlight.dots, ms=9, animated=True)
    step, = ax.plot([], [], color=normalized.color, lw=2.6, solid_capstyle="butt", animated=True)    # above the diamond: a short step is seen
    end, = ax.plot([], [], **normalized.dots, ms=5, animated=True)
    ax.plot(0, 0, "o", color=INK, ms=4, animated=True)
    words = [ax.text(0, 0, text, weight="bold", size=10, animated=True, color=color, ha="center", va="center") for text, color in (("w", INK), ("step", normalized.ink))]
    for row, text in enumerate(("darker: lower loss", "dashed: as long as w", "grey: w after the step")):
        ax.text(LOW + 0.1, TOP - 0.35 - 0.37 * row, text, size=9.5, color=INK, animated=True)
    for tip, at, name in ((3.2, 0), (3.1, -0.3), "w₁"), ((0, 2.35), (-0.3, 2.3), "w₂"):
        ax.annotate("", tip, (0, 0), arrowprops=dict(arrowstyle="->", color=QUIET, lw=0.8), animated=True)
        ax.text(*at, name, size=10, color=INK, ha="center", va="center", animated=True)
    around = np.linspace(0, 2 * np.pi, 121)

    def paint(w, after, angles, losses):
        half, far = 1.1 * np.pi / len(angles), 2.5 * HIGH           # a little wide, so that no seam shows
        edges = np.column_stack([angles - half, angles + half])                      # (A, 2)
        corners = far * np.stack([np.cos(edges), np.sin(edges)], -1)                 # (A, 2, 2)
        wedges.set_verts(np.concatenate([np.zeros((len(angles), 1, 2)), corners], 1))
        level = (losses - losses.min()) / max(np.ptp(losses), 1e-12)
        wedges.set_facecolor(np.outer(1 - level, [0.66, 0.74, 0.82]) + np.outer(level, [0.97, 0.975, 0.98]))
        size = np.linalg.norm(w)
        circle.set_data(size * np.cos(around), size * np.sin(around))
        shown = w + (after - w) * min(1, 8 / max(np.linalg.norm(after - w), 1e-12))  # cut outside the frame: a far point is slow to draw
        old.set_data(*np.column_stack([[0, 0], w]))
        new.set_data(*np.column_stack([[0, 0], shown]))
        step.set_data(*np.column_stack([w, shown]))
        dot.set_data([w[0]], [w[1]])
        end.set_data([shown[0]], [shown[1]])
        outward = w / max(size, 1e-12)
        words[0].set_position(w / 2 + 0.22 * np.array([outward[1], -outward[0]]) * -1)
        middle = w + (shown - w) / 2 + 0.3 * outward
        words[1].set_position(np.clip(middle, [0.35, LOW + 0.4], [HIGH - 0.4, 2.4]))
    return paint


def along_angle(ax):
    """The loss against the direction of the weights; before and after the step."""
    ax.set(xlim=(-180, 180), ylim=(0, 4.4), xticks=[-180, -90, 0, 90, 180], xlabel="direction of the weights (degrees)", ylabel="loss")
    line, = ax.plot([], [], color=INK, lw=1.6, animated=True)
    move, = ax.plot([], [], color=normalized.color, lw=2.6, animated=True)
    start, = ax.plot([], [], **highlight.dots, ms=10, animated=True)
    end, = ax.plot([], [], **normalized.dots, ms=8, animated=True)

    def paint(before, after, angles, losses):
        degrees = (np.degrees(angles) + 180) % 360 - 180
        order = np.argsort(degrees)
        x, y = degrees[order], losses[order]
        line.set_data(x, y)
        between = np.degrees(np.linspace(before, after, 20) if abs(after - before) < np.pi else [before, after])
        move.set_data(between, np.interp(between, x, y))
        for dot, at in (start, before), (end, after): dot.set_data([np.degrees(at)], np.interp([np.degrees(at)], x, y))
    return paint


def balance(fig, steps=200, tallest=12.0, widest=22.0):
    """Length of the weights before BatchNorm over training (left), and the angle a step turns them by (right), for up to four settings.

    draw(length, angle, predicted, names): length (R, K, T + 1) from step 0 on; angle (R, K, T) of each step, in degrees; predicted (R,) degrees,
    0 for none; names R strings, each "rate, decay". Bands: mean and sd over the seeds, of the angles as running means of ten steps, without the first step."""
    say = headline(fig)
    left, right = fig.subplots(1, 2, gridspec_kw=dict(left=0.075, right=0.975, wspace=0.2, bottom=0.14, top=0.69))
    left.set(xlim=(0, steps), ylim=(0, tallest), xlabel="step")
    right.set(xlim=(0, steps), ylim=(0, widest), xlabel="step")
    left.set_title("length of the weights", size=10, weight="bold")
    right.set_title("angle turned by a step (degrees)", size=10, weight="bold")
    looks = (QUIET, (0, (1, 1))), (normalized.color, "-"), (kept.color, (0, (5, 2))), (train.color, (0, (6, 2, 1, 2)))
    def band(ax, color, dash):
        return ax.fill_between([], [], [], color=color, alpha=0.2, lw=0, animated=True), ax.plot([], [], lw=2.2, color=color, ls=dash, animated=True)[0]
    lefts, rights = ([band(ax, *look) for look in looks] for ax in (left, right))
    levels = [right.plot([], [], color=INK, lw=1, animated=True)[0] for _ in looks]
    page = fig.add_axes((0, 0.79, 1, 0.06))
    page.set_axis_off()
    page.set(xlim=(0, 1), ylim=(0, 1))
    page.text(0.018, 0.5, "rate, decay:", color=INK, size=10, va="center")
    places = 0.155, 0.345, 0.535, 0.76
    signs = [page.text(x + 0.062, 0.5, "", color=ink, weight="bold", size=10, va="center", animated=True) for x, ink in zip(places, (QUIET, normalized.ink, kept.ink, train.ink))]
    for x, (c, ls) in zip(places, looks): page.plot([x, x + 0.054], [0.5, 0.5], lw=2.2, color=c, ls=ls)

    def draw(length, angle, predicted, names):
        length, angle, predicted = map(array, (length, angle, predicted))
        for bands, found, first in (lefts, length, 0), (rights, map(smooth, angle[..., 1:]), 2):
            for (area, line), values in zip(bands, found):
                step, mean, sd = first + np.arange(values.shape[1]), values.mean(0), values.std(0, ddof=1)
                area.set_data(step, mean - sd, mean + sd)
                line.set_data(step, mean)
        for line, level in zip(levels, predicted): line.set_data([0, length.shape[-1]] if level else [], [level, level] if level else [])
        for sign, name in zip(signs, names): sign.set_text(name)
        late = [v[:, -50:].mean() for v in angle]
        finding = f"Last 50 steps turn by {', '.join(f'{v:.1f}°' for v in late)}"
        figures = f"black: √(2 rate · decay); angles from step 2 on; {plural(length.shape[1], 'seed')}"
        say(finding, figures)
        ends = ", ".join(short(round(v[:, -1].mean(), 1)) for v in length)
        return f"{finding} (rate, decay: {'; '.join(names)}), final lengths {ends}; {figures}."
    return draw
