"""Pictures of notebook 06: drift without harm, and how smooth the loss is at which rate."""
import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from .parts import array, headline, plural, short
from .roles import FAINT, Role, normalized, raw

noisy = Role("#CC79A7", "#96466F", "v", (0, (1, 1)))             # BatchNorm whose outputs are shaken
KINDS = ("without BatchNorm", raw), ("with BatchNorm", normalized), ("BatchNorm, then noise", noisy)


def shaken(fig, steps=200, top=2.5):
    """What the second layer gets (left: one unit of one seed) beside how the net learns (right: all seeds), for three kinds of net.

    draw(step, mean, sd, loss, drift): step (T,) when one looked; mean, sd (3, T) of the unit; loss (3, K, S) of each step; drift (3, K): sd over the steps of
    a unit's mean, in units of its own sd, mean of all units. Order of the kinds: without, with BatchNorm, with noise after it."""
    say = headline(fig)
    rows = [fig.add_axes((0.075, bottom, 0.38, 0.19)) for bottom in (0.585, 0.36, 0.135)]
    right = fig.add_axes((0.56, 0.135, 0.42, 0.64))
    right.set(xlim=(0, steps), ylim=(0, top), xlabel="step", ylabel="training loss (nats)")
    rows[1].set_ylabel("one unit before ReLU: mean ± sd")
    rows[2].set_xlabel("step")
    fig.text(0.075, 0.8, "what the second layer gets", weight="bold", size=10)
    fig.text(0.56, 0.8, "how the net learns", weight="bold", size=10)
    tubes = [tube(ax, steps, *kind) for ax, kind in zip(rows, KINDS)]
    curves = [band(right, role, width) for (_, role), width in zip(KINDS, (2.2, 3.6, 2.2))]      # the last lies on the one before
    for (name, role), height in zip(KINDS, (0.22, 0.14, 0.06)):
        right.plot([0.04, 0.15], [height, height], transform=right.transAxes, lw=2.2, **role.line)
        right.text(0.175, height, name, transform=right.transAxes, va="center", color=role.ink, weight="bold", size=9.5)

    def draw(step, mean, sd, loss, drift):
        step, mean, sd, loss, drift = map(array, (step, mean, sd, loss, drift))
        for paint, m, s, d in zip(tubes, mean, sd, drift): paint(step, m, s, d.mean())
        for paint, values in zip(curves, loss): paint(values)
        ends = loss[..., -20:].mean((1, 2))
        finding = f"Drift {', '.join(short(round(d, 3 if d < 0.01 else 2)) for d in drift.mean(1))}: loss {', '.join(f'{v:.2f}' for v in ends)}"
        figures = f"left: one unit of one seed; right: mean ± sd, {plural(loss.shape[1], 'seed')}"
        say(finding, figures)
        return f"{finding}, in this order: without BatchNorm, with BatchNorm, with BatchNorm and then noise ({figures})."
    return draw


def tube(ax, steps, name, role):
    """A unit's mean and spread over the steps."""
    ax.set(xlim=(0, steps), xticks=[0, 100, 200], yticks=[-2, 0, 2], ylim=(-2.9, 2.9))
    ax.axhline(0, color=FAINT, lw=0.8)
    if role is not noisy: ax.tick_params(labelbottom=False)
    area = ax.fill_between([], [], [], color=role.color, alpha=0.22, lw=0, animated=True)
    line, = ax.plot([], [], lw=1.8, animated=True, **role.line)
    word = ax.text(0.985, 0.04, "", transform=ax.transAxes, ha="right", color=role.ink, weight="bold", size=9.5, animated=True)

    def paint(step, mean, sd, drift):
        centred = mean - mean.mean()
        area.set_data(step, centred - sd, centred + sd)
        line.set_data(step, centred)
        word.set_text(f"{name}: {short(round(drift, 3))}")
    return paint


def band(ax, role, width):
    """Mean and spread of K curves. Returns paint(values (K, S))."""
    area = ax.fill_between([], [], [], color=role.color, alpha=0.18, lw=0, animated=True)
    line, = ax.plot([], [], lw=width, animated=True, **role.line)

    def paint(values):
        values = smooth(values)
        mean, sd, step = values.mean(0), values.std(0, ddof=1), np.arange(1, values.shape[1] + 1)
        area.set_data(step, mean - sd, mean + sd)
        line.set_data(step, mean)
    return paint


def smooth(values, window=10):
    """Running mean along the last axis, shorter at the start."""
    total = np.cumsum(values, axis=-1)
    total[..., window:] = total[..., window:] - total[..., :-window]
    return total / np.minimum(np.arange(1, values.shape[-1] + 1), window)


def smoothness(fig):
    """How far the loss and its gradient change along one gradient step, against the learning rate.

    draw(rates, spread, change): rates (R,); spread (3, R, K): largest minus smallest loss at 1/2 to 4 times the step; change (3, R, K): length of the
    gradient's change over its own length. Kinds as in `shaken`."""
    say = headline(fig)
    axes = fig.subplots(1, 2, gridspec_kw=dict(left=0.085, right=0.975, wspace=0.22, bottom=0.14, top=0.7))
    titles = "range of the loss (nats, log scale)", "change of the gradient (log scale)"
    panels = [[dots(ax, role) for _, role in KINDS] for ax, title in zip(axes, titles) if not axis(ax, title)]
    key(fig)

    def draw(rates, spread, change):
        rates, spread, change = map(array, (rates, spread, change))
        for panel, values in zip(panels, (spread, change)):
            for shift, (paint, of_kind) in enumerate(zip(panel, values)): paint(rates * 1.06 ** (shift - 1), of_kind)
        ratio = (spread[0] / spread[1]).mean(1)                          # (R,) seed by seed, as the notebook's claims
        slow, fast = ratio[0], ratio[-1]
        def than(r): return f"{short(float(f'{max(r, 1 / r):.2g}'))} times {'smaller' if r > 1 else 'larger'}"
        finding = f"Range with BatchNorm: {than(slow)}, then {than(fast)}"
        figures = f"at rate {short(rates[0])}, then at {short(rates[-1])}; {plural(spread.shape[-1], 'seed')}; line: their mean"
        say(finding, figures)
        rows = "; ".join(f"{name}: range {', '.join(map(short, s.mean(1)))}, change {', '.join(map(short, c.mean(1)))}" for (name, _), s, c in zip(KINDS, spread, change))
        return f"{finding} {figures}. {rows}."
    return draw


def axis(ax, title):
    ax.set(xscale="log", yscale="log", xlim=(0.0075, 0.135), ylim=(0.02, 20), xlabel="learning rate (log scale)")
    ax.set_title(title, size=10, pad=4)
    for side, ticks in (ax.xaxis, (0.01, 0.03, 0.1)), (ax.yaxis, (0.1, 1, 10)):
        side.set(major_locator=FixedLocator(ticks), minor_locator=NullLocator(), major_formatter=FuncFormatter(lambda v, _: short(v)))
    ax.grid(axis="y")


def key(fig):
    """The three kinds by name above the panels."""
    page = fig.add_axes((0, 0.79, 1, 0.06))
    page.set_axis_off()
    page.set(xlim=(0, 1), ylim=(0, 1))
    for x, (name, role) in zip((0.085, 0.37, 0.62), KINDS):
        page.plot([x, x + 0.035], [0.5, 0.5], lw=2.2, **role.line)
        page.text(x + 0.042, 0.5, name, color=role.ink, weight="bold", size=10, va="center")


def dots(ax, role):
    """One kind: every seed a dot, the mean a line. Returns paint(x (R,), values (R, K))."""
    points, = ax.plot([], [], **{**role.dots, "mfc": "none"}, ms=4, alpha=0.55, animated=True)
    line, = ax.plot([], [], lw=2.2, animated=True, **role.line)

    def paint(x, values):
        points.set_data(np.repeat(x, values.shape[1]), values.ravel())
        line.set_data(x, values.mean(1))
    return paint
