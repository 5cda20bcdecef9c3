"""Pictures of notebook 06: drift without harm, and how smooth the loss is at which rate."""
import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from .parts import array, broken, headline, plural, short, smooth
from .roles import FAINT, Role, normalized, raw

noisy = Role("#CC79A7", "#96466F", "v", (0, (1, 1)))             # BatchNorm whose outputs are shaken
KINDS = ("without BatchNorm", raw), ("with BatchNorm", normalized), ("BatchNorm, then noise", noisy)


def shaken(fig, steps=200, top=2.5):
    """What the first layer passes on (left: one unit of one seed) beside how the net learns (right: all seeds), for three kinds of net.

    draw(step, mean, sd, loss, drift, rate): step (T,) when one looked; mean, sd (3, T) of the unit; loss (3, K, S) of each step; drift (3, K): sd over the steps of
    a unit's mean, in units of its own sd, mean of all units; rate: of the training. Order of the kinds: without, with BatchNorm, with noise after it."""
    say = headline(fig)
    rows = [fig.add_axes((0.075, bottom, 0.38, 0.19)) for bottom in (0.585, 0.36, 0.135)]
    right = fig.add_axes((0.56, 0.135, 0.42, 0.64))
    right.set(xlim=(0, steps), ylim=(0, top), xlabel="step", ylabel="training loss (nats)")
    rows[1].set_ylabel("one unit: mean ± sd over the batch")
    rows[2].set_xlabel("step")
    fig.text(0.075, 0.8, "first layer, before ReLU", weight="bold", size=10)
    fig.text(0.56, 0.8, "how the net learns", weight="bold", size=10)
    tubes = [tube(ax, steps, *kind) for ax, kind in zip(rows, KINDS)]
    curves = [band(right, role, width) for (_, role), width in zip(KINDS, (2.2, 3.6, 2.2))]      # the last lies on the one before
    for (name, role), height in zip(KINDS, (0.22, 0.14, 0.06)):
        right.plot([0.04, 0.15], [height, height], transform=right.transAxes, lw=2.2, **role.line)
        right.text(0.175, height, name, transform=right.transAxes, va="center", color=role.ink, weight="bold", size=9.5)

    def draw(step, mean, sd, loss, drift, rate):
        step, mean, sd, loss, drift = map(array, (step, mean, sd, loss, drift))
        for paint, m, s in zip(tubes, mean, sd): paint(step, m, s)
        for paint, values in zip(curves, loss): paint(values)
        ends = loss[..., -10:].mean((1, 2))                              # as the curves end
        finding = f"Drift {', '.join(short(round(d, 3 if d < 0.01 else 2)) for d in drift.mean(1))}: loss {', '.join(f'{v:.2f}' for v in ends)}"
        figures = f"rate {short(rate)}; drift: all units, {plural(loss.shape[1], 'seed')}; left: one unit of one"
        say(finding, figures)
        return f"{finding}, in this order: without BatchNorm, with BatchNorm, with BatchNorm and then noise ({figures})."
    return draw


def tube(ax, steps, name, role):
    """A unit's mean and spread over the steps."""
    ax.set(xlim=(0, steps), xticks=[0, 100, 200], yticks=[-2, 0, 2], ylim=(-2.7, 3.9))
    ax.axhline(0, color=FAINT, lw=0.8)
    if role is not noisy: ax.tick_params(labelbottom=False)
    area = ax.fill_between([], [], [], color=role.color, alpha=0.22, lw=0, animated=True)
    line, = ax.plot([], [], lw=1.8, animated=True, **role.line)
    ax.text(0.015, 0.96, name, transform=ax.transAxes, va="top", color=role.ink, weight="bold", size=9.5, animated=True)

    def paint(step, mean, sd):
        centred = mean - mean.mean()
        area.set_data(step, centred - sd, centred + sd)
        line.set_data(step, centred)
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


def smoothness(fig):
    """How far the loss and its gradient change along a gradient step, for steps of two rates from the weights of nets trained at the two.

    draw(rates, spread, change): rates (2,); spread (3, 2, 2, K) of kind, step and weights: largest minus smallest loss at 1/2 to 4 times the step;
    change (3, 2, 2, K): length of the gradient's change over its own length. Kinds as in `shaken`."""
    say = headline(fig)
    axes = fig.subplots(1, 2, gridspec_kw=dict(left=0.085, right=0.985, wspace=0.17, bottom=0.215, top=0.7))
    panels = [[dots(ax, role) for _, role in KINDS] for ax in axes]
    for ax, title in zip(axes, ("range of the loss (nats, log scale)", "change of the gradient (log scale)")): axis(ax, title)
    key(fig)

    def draw(rates, spread, change):
        rates, spread, change = array(rates), *(array(v).swapaxes(1, 2).reshape(3, 4, -1) for v in (spread, change))     # weights, then step
        for panel, values in zip(panels, (spread, change)):
            for shift, (paint, of_kind) in enumerate(zip(panel, values)): paint(np.arange(4) + 0.24 * (shift - 1), of_kind)
        ratio = (spread[0] / spread[1]).mean(1)                          # (4,) seed by seed, as the notebook's claims
        finding = f"Range, plain over BatchNorm: {', '.join(short(float(f'{r:.2g}')) for r in ratio)}"
        figures = f"column by column; bar: mean of {plural(spread.shape[-1], 'seed')}"
        say(finding, figures)
        columns = ", ".join(f"step of rate {short(step)} from weights of rate {short(weights)}" for weights in rates for step in rates)
        rows = "; ".join(f"{name}: range {', '.join(map(short, s.mean(1)))}, change {', '.join(map(short, c.mean(1)))}" for (name, _), s, c in zip(KINDS, spread, change))
        return f"{finding}, {figures}: {columns}. {rows}."
    return draw


def axis(ax, title):
    """Four columns: steps of two rates for each of two rates of training, those of the notebook."""
    ax.set(yscale="log", xlim=(-0.55, 3.55), ylim=(0.02, 20), xticks=range(4), xticklabels=["step 0.01", "step 0.1"] * 2)
    ax.set_title(title, size=10, pad=4)
    ax.tick_params(axis="x", length=0)
    ax.yaxis.set(major_locator=FixedLocator((0.1, 1, 10)), minor_locator=NullLocator(), major_formatter=FuncFormatter(lambda v, _: short(v)))
    ax.grid(axis="y")
    ax.axvline(1.5, color=FAINT, lw=1.2)
    for x, rate in ((0.5, "0.01"), (2.5, "0.1")):
        ax.text(x, -0.17, f"trained at {rate}", transform=ax.get_xaxis_transform(), ha="center", va="top", size=10)


def key(fig):
    """The three kinds by name above the panels."""
    page = fig.add_axes((0, 0.79, 1, 0.06))
    page.set_axis_off()
    page.set(xlim=(0, 1), ylim=(0, 1))
    for x, (name, role) in zip((0.085, 0.355, 0.595), KINDS):
        page.plot([x + 0.01], [0.5], **{**role.dots, "mfc": "none"}, ms=6)
        page.text(x + 0.028, 0.5, name, color=role.ink, weight="bold", size=10, va="center")


def dots(ax, role):
    """One kind: every seed a dot, the mean a bar. Returns paint(x (C,), values (C, K))."""
    points, = ax.plot([], [], **{**role.dots, "mfc": "none"}, ms=4, alpha=0.55, animated=True)
    bars, = ax.plot([], [], lw=2.6, color=role.color, solid_capstyle="butt", animated=True)

    def paint(x, values):
        points.set_data(np.repeat(x, values.shape[1]), values.ravel())
        bars.set_data(*broken(np.column_stack([x - 0.11, x + 0.11]), np.repeat(values.mean(1), 2).reshape(-1, 2)))
    return paint
