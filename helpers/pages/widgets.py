"""The page of a notebook beside its kernel: core ipywidgets, 7.7 (Colab) and 8.

A lab's picture is one <img alt=...> in one HTML widget, which does not flicker; a question is buttons.
"""
import html
import math
from functools import partial

import ipywidgets as widgets
from IPython import get_ipython
from IPython.display import HTML, display
from ipywidgets import Layout

from .markup import details, image
from .screen import Screen, printed

shown = []  # (cell, its run, what it shows)


class Widgets:
    """Labs that move, questions that are answered."""

    def lab(self, lab, place=None):
        """Its first run is seen from the first step, as a training may be long. Returns what is shown."""
        box = LabBox(lab)
        replace(box, place)
        display(box.box)
        lab.open()
        return box

    def still(self, picture):
        """In HTML: JupyterLab shows the alt text of no other picture."""
        display(HTML(image(picture, printed(picture))))

    def question(self, question):
        asked = Asked(question)
        replace(asked)
        display(asked.box)
        return asked

    def hints(self, folds):
        display(HTML(details(folds)))


def replace(thing, place=None):
    """Close what this cell showed when it ran before: widgets stay in memory, and trainings go on unseen.

    thing has a close(). place: what stands for the cell where the front end does not tell it (Colab, plain
    Python); without one nothing is kept there and nothing closed.
    """
    parent = getattr(get_ipython(), "get_parent", dict)()
    cell, run = parent.get("metadata", {}).get("cellId") or place, parent.get("header", {}).get("msg_id")
    if not cell:
        return
    for old in [old for old in shown if old[0] == cell and old[1] != run]:
        shown.remove(old)
        old[2].close()
    shown.append((cell, run, thing))


def status(inner):
    """A region that screen readers read out when it changes."""
    return f'<div style="line-height: 20px" role="status" aria-live="polite">{inner}</div>'


class LabBox:
    """One lab on the page: its controls, Reset and Stop, the picture, the goals."""

    def __init__(self, lab):
        self.lab, self.screen, self.quiet = lab, Screen(lab.picture), False
        self.controls = {name: WIDGETS[control.kind](control) for name, control in lab.controls.items()}
        for name, control in self.controls.items():
            if lab.controls[name].kind == "again":
                control.on_click(partial(self.pressed, name))
            else:
                control.observe(partial(self.moved, name), names="value")
        away = None if lab.trains else "none"
        self.image, self.list = widgets.HTML(self.screen.tag()), widgets.HTML(self.ticks())
        self.bar = widgets.HTML(layout=Layout(width="240px", height="32px", display=away))
        self.stop, self.reset = (widgets.Button(description=words, layout=Layout(width="80px"))
                                 for words in ("Stop", "Reset"))
        self.stop.disabled, self.stop.layout.display = True, away
        self.stop.on_click(lambda _: lab.stop())
        self.reset.on_click(lambda _: lab.reset())
        rows = widgets.HBox([*self.controls.values(), self.reset, self.stop, self.bar],
                            layout=Layout(flex_flow="row wrap", align_items="center", grid_gap="0 16px"))
        self.box = widgets.VBox([rows, self.image, *([self.list] if lab.goals else [])])
        lab.view = self.changed

    def moved(self, name, change):
        if not self.quiet:
            self.lab.move(**{name: change["new"]})

    def pressed(self, name, _):
        if not self.quiet:
            self.lab.move(**{name: self.lab.controls[name].after(self.lab.settings[name])})

    def changed(self, what):
        """What the lab says has changed, on the page."""
        {"settings": self.set, "picture": self.redraw, "goals": self.tick, "run": self.tell}[what]()

    def set(self):
        """The controls to the lab's settings, without a move."""
        self.quiet = True
        try:
            for name, control in self.controls.items():
                if hasattr(control, "value"):
                    control.value = self.lab.settings[name]
        finally:
            self.quiet = False

    def redraw(self):
        if self.lab.error:
            self.image.value = alert(self.lab.error, self.screen.tag(alt=""))
        else:
            self.screen.draw()
            self.image.value = self.screen.tag()

    def tick(self):
        self.list.value = self.ticks()

    def ticks(self):
        """The goals as a list whose lines keep their places when one is ticked; as wide as the picture."""
        lines = "".join(goal(text, self.lab.found.get(text)) for text in self.lab.goals)
        wide = f"width:0;min-width:min(100%,{self.lab.picture.css[0]}px)"
        return f'<div role="status" style="{wide}">{lines}</div>'

    def tell(self):
        """How far the training is. Once there was one, Stop and the bar keep their places."""
        running = self.lab.run == "running"
        self.stop.layout.display = self.bar.layout.display = None
        self.bar.value = bar(self.lab.run, self.lab.progress)
        self.stop.disabled = not running

    def close(self):
        """End what runs, and free the widgets."""
        self.lab.view, self.quiet = lambda what: None, True
        self.lab.halt()
        rows, *rest = self.box.children
        for widget in (*rows.children, rows, *rest, self.list, self.box):
            widget.close()


def goal(text, where):
    """One line of the list of goals."""
    box, told = ("☐", "") if where is None else ("☑", html.escape(f"found at {where}"))
    row = "display:flex;flex-wrap:wrap;line-height:1.5"
    left = "flex:2 1 24em;padding-left:1.5em;text-indent:-1.5em"
    right = "flex:1 0 14em;min-height:1.5em;white-space:nowrap;overflow:hidden;text-overflow:ellipsis"
    return (f'<div style="{row}"><span style="{left}">{box} {html.escape(text)}</span>'
            f'<span style="{right}" title="{told}">{told}</span></div>')


def bar(run, progress):
    """HTML of a training's progress."""
    part = 1.0 if run == "done" else progress
    percent = "" if part is None else f"{100 * part:.0f} %"
    words = {"running": percent or run, "stopped": f"stopped at {percent}" if percent else run}.get(run, run)
    value = "" if part is None else f' value="{part:.3f}"'
    return ('<div style="display:flex;align-items:center;height:28px;gap:8px">'
            f'<progress max="1"{value} aria-label="progress" style="width:100px"></progress>'
            f'<span {"" if run == "running" else "role=status"}>{words}</span></div>')


def alert(error, image):
    """HTML of what went wrong, in front of the picture, which is no longer that of the settings."""
    words = html.escape(f"{type(error).__name__}: {error}")
    place = "position:absolute;left:0;right:0;bottom:0;margin:0;padding:8px;max-height:100%;overflow:auto"
    look = "white-space:pre-wrap;background:#fff;color:#8a1c00;border:1px solid"
    return (f'<div style="position:relative"><div style="opacity:0.25">{image}</div>'
            f'<pre role="alert" style="{place};{look}">{words}</pre></div>')


def named(control):
    return dict(description=control.title, style={"description_width": "initial"})


def wide():
    return Layout(width="280px", max_width="100%")


def slider(control):
    """Whole numbers or steps, as the stops are."""
    low, high = control.stops[0], control.stops[-1]
    look = dict(named(control), value=control.start, min=low, max=high, layout=wide())
    if all(isinstance(v, int) for v in control.stops):
        return widgets.IntSlider(**look)
    digits = max(2, -math.floor(math.log10(control.step)))
    return widgets.FloatSlider(step=control.step, readout_format=f".{digits}f", **look)


def factors(control):
    options = [*zip(control.labels, control.stops)]
    return widgets.SelectionSlider(options=options, value=control.start, layout=wide(), **named(control))


def buttons(control):
    """One for each value; a screen reader says "norm batch", as the row's own label belongs to no button."""
    layout = Layout(display="flex", align_items="center", grid_gap="0 8px", width="auto")
    return widgets.ToggleButtons(
        options=[*zip(control.labels, control.stops)], value=control.start, description=control.title,
        layout=layout, tooltips=[f"{control.title} {label}" for label in control.labels],
        style={"description_width": "initial", "button_width": "auto"})


def switch(control):
    return widgets.Checkbox(value=control.start, indent=False, layout=Layout(width="auto"), **named(control))


def counter(control):
    return widgets.Button(description=control.title, layout=Layout(width="auto"))


WIDGETS = dict(slider=slider, factors=factors, buttons=buttons, switch=switch, again=counter)


class Asked:
    """A question on the page. Choosing is not answering: a button commits, once.

    Each option is a button: of a group of radio buttons JupyterLab's keyboard reaches only the first, as it
    keeps the arrow keys.
    """

    def __init__(self, question):
        self.question, self.mine, self.answered = question, None, False
        self.options = {option: widgets.Button(layout=Layout(width="auto")) for option in question.options}
        for option, button in self.options.items():
            button.on_click(partial(self.choose, option))
        self.commits = widgets.Button(description="That is my answer", disabled=True,
                                      layout=Layout(width="auto", align_self="flex-start"))
        self.commits.on_click(self.commit)
        fixed = Layout(height=f"{self.height()}px", overflow="auto")
        self.reason = widgets.HTML(value=status(""), layout=fixed)
        choices = widgets.VBox([*self.options.values()], layout=Layout(align_items="flex-start"))
        self.box = widgets.VBox([widgets.HTML(group(question)), choices, self.commits, self.reason])
        self.mark()

    def mark(self):
        """A full circle before what is chosen, an empty one before the others."""
        for option, button in self.options.items():
            button.description = f"{'●' if option == self.mine else '○'} {option}"

    def choose(self, option, _=None):
        if not self.answered:
            self.mine, self.commits.disabled = option, False
            self.mark()

    def height(self):
        """Pixels for the longest reason, 80 characters a line: nothing jumps, a narrow screen scrolls."""
        longest = max(len(self.question.told(option)) for option in self.question.options)
        return 16 + 20 * math.ceil(longest / 80)

    def commit(self, _=None):
        if self.mine is None or self.answered:
            return
        self.answered = True
        # not disabled: a disabled button loses the focus, and keys would go to the notebook
        self.commits.description = "Answered"
        self.reason.value = status(html.escape(self.question.told(self.mine)))

    def close(self):
        for widget in (*self.options.values(), *self.box.children, self.box):
            widget.close()


def group(question):
    """The question as a stop of the Tab key with a name: core ipywidgets has none for a group of options."""
    text = html.escape(question.text)
    name = f"Predict. {text} {len(question.options)} options follow."
    return (f'<div style="line-height: 20px" tabindex="0" role="group" aria-label="{name}">'
            f"<b>Predict.</b> {text}</div>")
