"""Sliders -> numbers -> picture, within a blink.

    live(compute, figure, gamma=(0.1, 5.0, 3.0), goals={"a gamma below 1": lambda at: at.gamma < 1})
    show(figure, h=h)

compute(**settings) returns the numbers as a dict: the formula, written in the notebook.
figure(fig) draws what never changes and returns draw(**numbers), which moves the artists made with
animated=True and returns the alt text. A compute that yields (a training run) streams its picture.

One Agg figure is kept per lab. A move restores the background, draws the animated artists and sends one PNG
as <img alt=...> in a core HTML widget: that works on ipywidgets 7.7 (Colab) and 8, and does not flicker.
"""
import base64
import html
import inspect
import io
import math
import os
import pathlib
import struct
import sys
import threading
import zlib
from types import SimpleNamespace

import ipywidgets as widgets
import matplotlib
import numpy as np
from IPython.display import HTML, display
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from . import cells

SCREEN_DPI, PRINT_DPI = 100, 200          # a pixel of the picture is one of the page: a blink; stored pictures are crisp on dense screens

STYLE = matplotlib.rc_params_from_file(pathlib.Path(__file__).with_name("figures") / "style.mplstyle", use_default_template=False)
LOCK = threading.RLock()                  # one for all labs: matplotlib's settings are global, and the learner's own plots keep theirs
labs = []                                 # every lab that is open, the newest last; tests drive them


def live(compute, figure, /, size=(6.8, 3.8), goals=None, **controls):
    """Show a lab: controls, and the picture of what compute makes of them.

    compute(**settings): returns the numbers to draw as a dict, or yields such dicts while it trains; a yielded dict may hold
        "progress", 0 to 1, which is shown as a bar and not drawn.
    figure(fig): returns draw(**numbers), which returns the alt text. size: inches; one inch is 100 CSS pixels.
    goals: {text: test}, what the learner is to find. test(at) gets the settings and the numbers as attributes and says whether
        it is found. Judged from the learner's first move on, and of a training run at its end; what was found stays ticked.
    controls: name=(low, high[, start]) for a slider, log(low, high, start), True/False for a checkbox, [a, b, ...] or
        one_of([a, b, ...], start) for buttons, or any widget with a value. Names shown are the settings' own; `size` and `goals` are taken.
    Set RECORD=1 to store a picture in place of the widgets, for readers without a kernel.
    Raises TypeError or ValueError for a control it cannot make, and whatever the first run raises.
    """
    lab = Lab(compute, figure, size, goals or {}, {name: control(name, spec) for name, spec in controls.items()})
    caller = sys._getframe(1)
    cells.replace(lab, (caller.f_code.co_filename, caller.f_lineno))        # Colab does not tell the cell; the name of its code stands for its text
    labs.append(lab)
    if not recording(): display(lab.box)                      # before the first run, so that a training is seen from its first step
    lab.move()
    if lab.error: raise lab.error
    if recording():
        if goals: display(HTML("<p><b>Find:</b></p><ul>" + "".join(f"<li>{html.escape(text)}</li>" for text in goals) + "</ul>"))
        lab.picture.show()


def show(figure, /, size=(6.8, 3.8), **numbers):
    """Display one picture of the numbers, live and stored alike. figure and size as in `live`."""
    picture = Picture(figure, size)
    picture.put(numbers)
    picture.show()


def recording():
    """Asked at each call, never at import."""
    return bool(os.environ.get("RECORD"))


class log(tuple):
    """log(low, high, start): a slider over round numbers that moves by factors, for rates."""
    def __new__(cls, low, high, start):
        return super().__new__(cls, (low, high, start))


class one_of(list):
    """one_of([a, b, ...], start): buttons in this order, of which start, not the first, is pressed to begin with."""
    def __init__(self, options, start):
        super().__init__(options)
        if start not in self: raise ValueError(f"start={start!r}: expected one of {', '.join(map(repr, self))}")
        self.start = start


def control(name, spec):
    """The widget for one setting, from interact's abbreviations. Raises TypeError or ValueError for anything else."""
    look = dict(description=name.replace("_", " "), style={"description_width": "initial"})
    if isinstance(spec, widgets.Widget) and spec.has_trait("value"): return spec
    if isinstance(spec, bool): return widgets.Checkbox(value=spec, indent=False, layout=widgets.Layout(width="auto"), **look)
    if isinstance(spec, list) and len(spec) > 1: return buttons(spec, look)
    if isinstance(spec, tuple) and len(spec) in (2, 3) and all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in spec):
        low, high, start = spec if len(spec) == 3 else (*spec, spec[0])
        if not low < high or not low <= start <= high or isinstance(spec, log) and low <= 0:
            raise ValueError(f"{name}={spec!r}: expected low < high and a start between them, for log all above 0")
        return slider(low, high, start, isinstance(spec, log), dict(look, layout=widgets.Layout(width="280px", max_width="100%")))
    raise TypeError(f"{name}={spec!r}: expected (low, high), (low, high, start), log(low, high, start), a list of at least two, True/False or a widget with a value")


def buttons(options, look):
    """One button for each option; a reader of screens hears "norm batch", as the row's own label belongs to no button."""
    look = {**look, "style": {**look["style"], "button_width": "auto"}}
    layout = widgets.Layout(display="flex", align_items="center", grid_gap="0 8px", width="auto")
    start = {"value": options.start} if isinstance(options, one_of) else {}
    return widgets.ToggleButtons(options=options, tooltips=[f"{look['description']} {option}" for option in options], layout=layout, **start, **look)


def slider(low, high, start, by_factors, look):
    """Whole numbers where all three are; else steps that meet the start and round numbers."""
    if by_factors: return widgets.SelectionSlider(options=[(f"{v:g}", v) for v in factors(low, high, start)], value=start, **look)
    if all(isinstance(v, int) for v in (low, high, start)): return widgets.IntSlider(value=start, min=low, max=high, **look)
    step = round_step(low, high, start)
    digits = max(2, -math.floor(math.log10(step)))
    return widgets.FloatSlider(value=start, min=low, max=high, step=step, readout_format=f".{digits}f", **look)


def round_step(low, high, start):
    """About a hundredth of the range: 1, 2 or 5 times a power of ten, of which low and start are multiples where that is possible."""
    power = math.floor(math.log10((high - low) / 100))
    steps = [float(f"{k}e{power + shift}") for shift in (1, 0, -1) for k in (5, 2, 1)]
    steps = [step for step in steps if 20 * step <= high - low <= 1000 * step]
    return min(steps, key=lambda step: (any(abs(v / step - round(v / step)) > 1e-6 for v in (low, start)), abs(math.log(step * 100 / (high - low)))))


def factors(low, high, start):
    """The stops of a log slider: eleven round numbers a decade, the two ends and the start."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    stops = {float(f"{k}e{power}") for power in decades for k in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8)}
    whole = all(isinstance(v, int) for v in (low, high, start))
    kind = int if whole else float
    return sorted({kind(v) for v in stops if low < v < high and (v == int(v) or not whole)} | {kind(low), kind(high), kind(start)})


class Picture:
    """One figure, kept: what never changes is its background, what moves is drawn above it."""

    def __init__(self, figure, size):
        with LOCK, matplotlib.rc_context(STYLE):
            self.fig = Figure(figsize=size, dpi=SCREEN_DPI)
            self.draw = figure(self.fig)
            self.canvas = FigureCanvasAgg(self.fig)
            self.canvas.draw()                                # animated artists stay out of this
            self.background = self.canvas.copy_from_bbox(self.fig.bbox)
        if any(artist.get_animated() for artist in self.fig.get_children()):
            raise ValueError("an animated artist lies on the figure itself, where saving leaves it out: put it on axes")
        layers = sorted(self.fig.findobj(Axes), key=lambda ax: ax.zorder)      # as a full draw: axes by axes, from the ground up
        self.moving = [a for ax in layers for a in sorted(ax.get_children(), key=lambda a: a.zorder) if a.get_animated()]
        self.alt = ""

    def put(self, numbers):
        """Draw the numbers. Raises TypeError where they are no dict, or draw returns no text."""
        if not isinstance(numbers, dict):
            raise TypeError(f"compute gave {type(numbers).__name__}: expected a dict of the numbers to draw")
        with LOCK, matplotlib.rc_context(STYLE):
            alt = self.draw(**numbers)
            if not isinstance(alt, str):
                raise TypeError(f"draw returned {type(alt).__name__}: expected the alt text")
            self.alt = alt
            self.canvas.restore_region(self.background)
            for artist in self.moving: self.fig.draw_artist(artist)

    @property
    def css(self):
        """Width and height on the page, in CSS pixels."""
        return tuple(round(inches * 100) for inches in self.fig.get_size_inches())

    def tag(self, png=None, alt=None):
        """<img> of the canvas as it stands, or of other PNG bytes; it shrinks with the page, and has its place before it is loaded."""
        alt = self.alt if alt is None else alt
        data, (width, height) = base64.b64encode(png or self.screen()).decode(), self.css
        return (f'<img width="{width}" height="{height}" style="max-width:100%;height:auto;display:block" decoding="sync" '
                f'alt="{html.escape(alt)}" src="data:image/png;base64,{data}">')

    def screen(self):
        """PNG bytes of the canvas."""
        with LOCK: return png(np.asarray(self.canvas.buffer_rgba()))

    def print(self):
        """PNG bytes at the resolution of print; saving draws the animated artists too."""
        out = io.BytesIO()
        with LOCK, matplotlib.rc_context(STYLE):
            self.fig.savefig(out, dpi=PRINT_DPI)
        return out.getvalue()

    def show(self):
        """Display it without widgets. Stored, it is a PNG with its alt text beside it; JupyterLab shows such alt text only in HTML."""
        if not recording(): return display(HTML(self.tag(self.print())))
        width, height = self.css
        data = {"image/png": base64.b64encode(self.print()).decode(), "text/plain": self.alt}
        display(data, metadata={"image/png": dict(width=width, height=height, alt=self.alt)}, raw=True)


def png(pixels):
    """(H, W, 3 or 4) bytes as PNG without transparency, packed for speed, in half of Pillow's time: each row is stored as its difference from the one above
    (PNG specification, filter 2), where Pillow tries every filter on every row."""
    height, width = pixels.shape[:2]
    rgb = np.empty((height, width, 3), np.uint8)
    for k in range(3): rgb[..., k] = pixels[..., k]           # color by color: four times as fast as the slice
    flat = rgb.reshape(height, -1)
    rows = np.full((height, 1 + 3 * width), 2, np.uint8)
    rows[0, 1:] = flat[0]
    np.subtract(flat[1:], flat[:-1], out=rows[1:, 1:])

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)            # 8 bits each of red, green, blue
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")


class Lab:
    """One picture, its controls, and the newest settings."""

    def __init__(self, compute, figure, size, goals, controls):
        if not isinstance(goals, dict) or not all(map(callable, goals.values())):
            raise TypeError(f"goals={goals!r}: expected {{text: test}}, each test a function of the settings and numbers")
        self.compute, self.goals, self.controls = compute, goals, controls
        self.picture = Picture(figure, size)
        self.error, self.turn, self.quiet, self.worker, self.progress = None, 0, False, None, None
        self.left, self.found = False, {}                     # has the learner moved; {goal: where it was found}
        self.image = widgets.HTML(self.picture.tag())
        self.list = widgets.HTML(self.ticks())
        away = None if inspect.isgeneratorfunction(compute) else "none"
        self.bar = widgets.HTML(layout=widgets.Layout(width="240px", height="32px", display=away))
        self.stop = widgets.Button(description="Stop", disabled=True, layout=widgets.Layout(width="80px", display=away))
        self.reset = widgets.Button(description="Reset", layout=widgets.Layout(width="80px"))
        self.stop.on_click(lambda _: self.rest(self.halt()))
        self.start = self.settings()
        self.reset.on_click(lambda _: self.put(**self.start))
        for w in controls.values(): w.observe(self.move, names="value")
        rows = widgets.HBox([*controls.values(), self.reset, self.stop, self.bar], layout=widgets.Layout(flex_flow="row wrap", align_items="center", grid_gap="0 16px"))
        self.box = widgets.VBox([rows, self.image, *([self.list] if goals else [])])

    def settings(self):
        """The controls' values; a slider's 0.30000000000000004 is 0.3."""
        values = {name: w.value for name, w in self.controls.items()}
        return {name: float(f"{v:.10g}") if isinstance(v, float) else v for name, v in values.items()}

    def put(self, **settings):
        """Set several controls as one move."""
        self.quiet = True
        try:
            for name, value in settings.items(): self.controls[name].value = value
        finally:
            self.quiet = False
        self.move(settings)

    def move(self, change=None):
        """Compute and draw the newest settings; what goes wrong is said in the lab, not lost."""
        if self.quiet: return
        turn = self.halt()
        try:
            settings = self.settings()
            self.left = self.left or settings != self.start
            numbers = self.compute(**settings)
            if not inspect.isgenerator(numbers):
                self.rest(turn)
                self.show(numbers, turn)
                self.judge(settings, numbers, turn)
            elif change is None:                              # first run: inside the cell, so that Run All is in order
                self.stream(numbers, turn, settings)
            else:
                with LOCK:
                    self.worker = threading.Thread(target=self.stream, args=(numbers, turn, settings, self.worker), daemon=True)
                    self.worker.start()
        except Exception as error:
            self.rest(turn)
            self.fail(error, turn)

    def stream(self, steps, turn, settings, before=None):
        """Draw each result as it comes, until a newer move or Stop; one that is overtaken while it waits never starts."""
        try:
            self.begin(turn)
            if before: before.join()
            numbers = None
            for numbers in steps if turn == self.turn else ():
                self.show(numbers, turn)
                if turn != self.turn: return
            if numbers is None: raise ValueError("compute yielded nothing: expected at least one dict of the numbers to draw")
            self.judge(settings, numbers, turn)
            self.say(turn, "done")
        except Exception as error: self.fail(error, turn)
        finally:                                              # an interrupted kernel too
            steps.close()
            self.rest(turn)

    def halt(self):
        """What runs ends at its next step and shows nothing more; returns the number of the new turn."""
        with LOCK:
            self.turn += 1
            return self.turn

    def rest(self, turn):
        """Nothing runs any more; if something did, it was stopped."""
        if not self.stop.disabled: self.say(turn, "stopped")

    def close(self):
        """End what runs, and free the widgets; the controls may be the learner's own."""
        if self not in labs: return                           # closed before
        labs.remove(self)
        self.halt()
        for w in self.controls.values(): w.unobserve(self.move, names="value")
        for w in (*self.box.children, self.box, self.stop, self.bar, self.reset): w.close()

    def show(self, numbers, turn):
        """Draw the numbers, unless a newer move was faster."""
        with LOCK:
            if turn != self.turn: return
            if isinstance(numbers, dict) and "progress" in numbers:
                numbers = {**numbers}
                self.progress = min(max(float(numbers.pop("progress")), 0.0), 1.0)
                self.say(turn, "running")
            self.picture.put(numbers)
            self.error, self.image.value = None, self.picture.tag()

    def judge(self, settings, numbers, turn):
        """Tick the goals that are met; the opening picture answers none."""
        at = SimpleNamespace(**{**settings, **(numbers or {})})
        met = [text for text, test in self.goals.items() if text not in self.found and test(at)]
        with LOCK:
            if turn != self.turn or not self.left or not met: return
            moved = [name for name in settings if settings[name] != self.start[name]] or settings      # enough to find the place from Reset, and short
            where = ", ".join(f"{name} = {in_words(self.controls[name], settings[name])}" for name in moved)
            self.found.update(dict.fromkeys(met, where))
            self.list.value = self.ticks()

    def fail(self, error, turn):
        """Say what went wrong in front of the picture, which is no longer that of the settings."""
        with LOCK:
            if turn != self.turn: return
            self.error = error
            words = f"{html.escape(type(error).__name__)}: {html.escape(str(error))}"
            self.image.value = (f'<div style="position:relative"><div style="opacity:0.25">{self.picture.tag(alt="")}</div><pre role="alert" style="'
                                f'position:absolute;left:0;right:0;bottom:0;margin:0;padding:8px;max-height:100%;overflow:auto;white-space:pre-wrap;'
                                f'background:#fff;color:#8a1c00;border:1px solid">{words}</pre></div>')

    def ticks(self):
        """The goals as a list whose lines keep their places when one is ticked."""
        def line(text):
            where = self.found.get(text)
            box, told = ("☐", "") if where is None else ("☑", html.escape(f"found at {where}"))
            return (f'<div style="display:flex;flex-wrap:wrap;line-height:1.5"><span style="flex:2 1 24em;padding-left:1.5em;text-indent:-1.5em">{box} {html.escape(text)}</span>'
                    f'<span style="flex:1 0 14em;min-height:1.5em;white-space:nowrap;overflow:hidden;text-overflow:ellipsis" title="{told}">{told}</span></div>')
        wide = f"width:0;min-width:min(100%,{self.picture.css[0]}px)"        # as the picture, however long a line is
        return f'<div role="status" style="{wide}">{"".join(map(line, self.goals))}</div>'

    def begin(self, turn):
        """A training starts: from now on Stop and the bar keep their places."""
        with LOCK:
            if turn != self.turn: return
            self.progress = None if self.progress is None else 0.0
            self.stop.layout.display = self.bar.layout.display = None
            self.say(turn, "running")

    def say(self, turn, words):
        """How far the training is: a bar, and in words whether it runs, is done or was stopped."""
        with LOCK:
            if turn != self.turn: return
            running, part = words == "running", 1.0 if words == "done" else self.progress
            percent = "" if part is None else f"{100 * part:.0f} %"
            text = {"running": percent or words, "stopped": f"stopped at {percent}" if percent else words}.get(words, words)
            value = "" if part is None else f' value="{part:.3f}"'
            self.bar.value = (f'<div style="display:flex;align-items:center;height:28px;gap:8px"><progress max="1"{value} aria-label="progress" style="width:100px">'
                              f'</progress><span {"" if running else "role=status"}>{text}</span></div>')
            self.stop.disabled = not running


def in_words(widget, value):
    """A setting as the learner sees it: the label of a choice, on or off, four digits."""
    if isinstance(value, bool): return "on" if value else "off"
    label = getattr(widget, "label", None)
    return label if isinstance(label, str) else f"{value:.4g}" if isinstance(value, float) else str(value)
