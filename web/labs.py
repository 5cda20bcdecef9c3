"""A lab, a picture, a question as HTML: every state of a lab drawn beforehand, for page.js to exchange."""
import base64
import copy
import gzip
import html
import itertools
import json

import torch

from helpers.labs.lab import seen
from web.drawing import Drawing
from web.states import plan

FRAMES = 40                             # pictures of one training
NOTES = {"grid": "The sliders stop at fewer values here than in the notebook.",
         "near": "Not every combination is drawn here: what does not go with your last move goes back. "
                 "In the notebook all of them move, in finer steps.",
         "runs": "Recorded trainings: what does not go with your last move goes back. "
                 "In the notebook you train at any setting."}
esc = html.escape


def lab_as_html(lab, salt, known):
    """(HTML, what was measured of it as a dict). The random stream of torch goes on as after the opening."""
    list(runs_of(lab, lab.start))
    chance = torch.get_rng_state()
    drawing, chosen = Drawing(lab.picture, salt), plan(lab, known)
    pool, states = record(lab, drawing, chosen)
    torch.set_rng_state(chance)
    opening = [pool[k] for k in states[chosen.opening][1][-1]]
    data = {"pool": pool, "first": chosen.opening, "names": list(chosen.values), "kind": chosen.kind,
            "values": [[str(value) for value in values] for values in chosen.values.values()],
            "labels": [[*map(lab.controls[name].words, values)] for name, values in chosen.values.items()],
            "states": {",".join(map(str, key)): state for key, state in states.items()}}
    packed = packed_json(data)
    known_goals = {text for met, *_ in states.values() for text in met}
    goals = [(text, k in known_goals) for k, text in enumerate(lab.goals)]
    full = all(len(values) == len(lab.controls[name].stops) for name, values in chosen.values.items())
    note = "" if full and chosen.kind == "grid" else NOTES[chosen.kind]
    measured = dict(lab=salt, kind=chosen.kind, stops="x".join(str(len(v)) for v in chosen.values.values()),
                    settings=len(states), states=sum(len(frames) for _, frames, _ in states.values()),
                    slots=len(opening) - 1, packed=len(packed), goals=len(goals),
                    unmet=[text for text, reached in goals if not reached])
    return (f'<figure class="lab" id="{salt}"><form autocomplete="off"><fieldset disabled>'
            f'<legend class="unseen">Lab</legend>{rows(lab, salt, chosen)}{player(salt) * lab.trains}'
            f'<button type="button" class="reset">Reset</button></fieldset></form>{drawing.svg(opening)}'
            f'<figcaption><p class="said" aria-live="polite">{esc(opening[-1])}</p>{aim(goals)}'
            f'<p class="note">{note}<noscript> The lab moves with JavaScript.</noscript></p></figcaption>'
            f'<script type="application/gzip">{packed}</script></figure>'), measured


def packed_json(data):
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode()
    return base64.b64encode(gzip.compress(text, 9, mtime=0)).decode()


def runs_of(lab, settings):
    """The numbers of each picture at these settings: one, or as many as a training yields."""
    numbers = lab.compute(**settings)
    yield from map(copy.deepcopy, numbers) if lab.trains else [numbers]


def record(lab, drawing, chosen):
    """The pool of pieces, artist by artist, as alike pieces pack well side by side; {key: state}.

    A state is (goals met by number, frames, percents), a frame the places of its pieces in the pool."""
    slots = [{} for _ in [*lab.picture.moving, "alt"]]
    states = {}
    for key in chosen.keys:
        settings = chosen.settings(key)
        every = [*runs_of(lab, settings)]
        few = every if len(every) <= FRAMES else [every[round(k * (len(every) - 1) / (FRAMES - 1))]
                                                  for k in range(FRAMES)]
        percents = [round(100 * numbers["progress"]) for numbers in few if "progress" in numbers]
        states[key] = met(lab, settings, every[-1]), [frame(lab, drawing, n, slots) for n in few], percents
    offsets = [0, *itertools.accumulate(map(len, slots))]
    for _, frames, _ in states.values():
        frames[:] = [[k + offset for k, offset in zip(one, offsets)] for one in frames]
    return [piece for slot in slots for piece in slot], states


def frame(lab, drawing, numbers, slots):
    lab.picture.put({name: value for name, value in numbers.items() if name != "progress"})
    return [slot.setdefault(piece, len(slot)) for slot, piece in zip(slots, drawing.pieces())]


def met(lab, settings, numbers):
    """The numbers of the goals that are met there."""
    here = seen(numbers, settings)
    return [k for k, test in enumerate(lab.goals.values()) if test(here)]


# ---- controls

def rows(lab, salt, chosen):
    return "".join(row(lab.controls[name], values, f"{salt}-{name}")
                   for name, values in chosen.values.items())


def row(control, values, place):
    """A slider, a box to tick, buttons of which one is pressed, a button that counts; nothing to see of one
    value."""
    k, title = values.index(control.start), esc(control.title)
    head = f'<span class="row" data-name="{control.name}"'
    if len(values) == 1:
        return f"{head} hidden></span>"
    if control.kind == "switch":
        ticked = " checked" if k else ""
        return f'{head}><label><input type="checkbox"{ticked}> {title}</label></span>'
    if control.kind == "again":
        return f'{head}><button type="button" class="again" data-most="{len(values)}">{title}</button></span>'
    if control.kind == "buttons":
        radios = "".join(f'<label><input type="radio" name="{place}" value="{i}"{" checked" * (i == k)}>'
                         f"<span>{esc(control.words(value))}</span></label>"
                         for i, value in enumerate(values))
        return (f'{head.replace("row", "row choice")} role="radiogroup" aria-label="{title}">'
                f'<span class="name">{title}</span>{radios}</span>')
    words = esc(control.words(values[k]))
    return (f'{head}><label for="{place}">{title}</label><input type="range" id="{place}" min="0" '
            f'max="{len(values) - 1}" value="{k}" aria-valuetext="{words}">'
            f'<output for="{place}">{words}</output></span>')


def player(salt):
    return (f'<span class="row"><button type="button" class="play">Play</button><label for="{salt}-time">'
            f'training</label><input id="{salt}-time" class="time" type="range" min="0" max="1" value="1">'
            "<output>100 %</output></span>")


def aim(goals):
    """What there is to find; of a goal that no drawn state meets, where it can be met."""
    items = "".join(f'<li><span aria-hidden="true">☐</span> {esc(text)}<span class="where">'
                    f'{"" if reached else " (in the notebook)"}</span></li>' for text, reached in goals)
    return f'<div role="status"><p class="find">Find</p><ul class="goals">{items}</ul></div>' if items else ""


# ---- what does not move

def still_as_html(picture, salt):
    drawing = Drawing(picture, salt)
    pieces = drawing.pieces()
    return (f'<figure class="still">{drawing.svg(pieces)}<figcaption class="said">{esc(pieces[-1])}'
            "</figcaption></figure>")


def question_as_html(question, place):
    """Choosing is not answering: a button commits, then the reason of the choice and the answer are told."""
    options = "".join(f'<label><input type="radio" name="{place}" value="{i}"><span>{esc(option)}</span>'
                      "</label>" for i, option in enumerate(question.options))
    reasons = "".join(f"<p hidden>{esc(question.told(option))}</p>" for option in question.options)
    return (f'<form class="predict" autocomplete="off"><fieldset><legend><b>Predict.</b> {esc(question.text)}'
            f'</legend>{options}<button type="submit" disabled>That is my answer</button></fieldset>'
            f'<div role="status" class="reasons">{reasons}</div></form>')
