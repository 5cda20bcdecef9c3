"""How often each claim of the notebooks holds, at draws on which no limit was tuned: tests/truth.json.

    python3 run.py truth 05 deeper/05_train_eval ...

Each notebook runs at twenty bases, HELPERS_SEED=1001 to 1020; then with other digits: twice with the embedded
ones split anew into those to train and those to test, and twice with those in HELPERS_DATA, if it is set.
What was run is kept in .truth/ and not run again until the notebook's code changes, or what its numbers come
from. No kernel, no pictures.

truth.json: {notebook: {sentence: [bases at which it held, bases, other digits with which it held, others]}}.
"""
import ast
import hashlib
import json
import multiprocessing
import os
import sys
import time
from pathlib import Path

import nbformat
import torch

from helpers import pages
from helpers.experiments import data
from web.cells import CORE, DEEPER, FOLDER, code_cells, label
from web.running import Nowhere, execute

ROOT = FOLDER.parent
LEDGER = ROOT / "tests/truth.json"
KEPT = ROOT / ".truth"
BASES = range(1001, 1021)
TICKS = {"✓ ": True, "✗ Not with these draws: ": False}
NUMBERS_COME_FROM = "experiments/*.py", "checks/claim.py"         # and the lessons a notebook names


def draws(given=None):
    """[(base, folder of data or None)]. given: a folder with other digits."""
    others = [given] * 2 if given else []
    splits = [str(split_anew(k)) for k in (1, 2)]
    return [(base, None) for base in BASES] + [(1000 + k, folder) for k, folder in enumerate(splits + others)]


def split_anew(k):
    """A folder with the embedded digits, others of them to train and to test."""
    folder = KEPT / f"split{k}"
    raw, names = data.embedded() / "MNIST/raw", ("train", "t10k")
    if not (folder / "MNIST/raw/t10k-labels-idx1-ubyte").exists():
        (folder / "MNIST/raw").mkdir(parents=True, exist_ok=True)
        for kind, head in ("images-idx3", 16), ("labels-idx1", 8):
            files = [(raw / f"{name}-{kind}-ubyte").read_bytes() for name in names]
            counts = [int.from_bytes(file[4:8], "big") for file in files]
            rows = torch.cat([torch.frombuffer(bytearray(file[head:]), dtype=torch.uint8).view(n, -1)
                              for file, n in zip(files, counts)])
            order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(k))
            for name, file, some in zip(names, files, rows[order].split(counts)):
                (folder / f"MNIST/raw/{name}-{kind}-ubyte").write_bytes(file[:head] + some.numpy().tobytes())
    return folder


def claimed(cells, printed):
    """{sentence: whether it held} of what each of these code cells printed."""
    return {line[len(tick):]: holds for cell, text in zip(cells, printed) if "claim(" in cell.source
            for line in text.splitlines() for tick, holds in TICKS.items() if line.startswith(tick)}


def stored(cells):
    """What each of these code cells printed when it was stored."""
    return ["".join(output.get("text", "") for output in cell.outputs) for cell in cells]


def as_worded_now(path, found):
    """What a run has found, under the sentences that the stored notebook prints."""
    cells = code_cells(nbformat.read(path, as_version=4))
    sentences = claimed(cells, stored(cells))
    return dict(zip(sentences, found.values())) if len(sentences) >= len(found) else found


def run(path, draw):
    """In a process of its own: what its claims say at a draw, and how the notebook ends: "" if well."""
    base, folder = draw
    os.environ.update(HELPERS_SEED=str(base), HELPERS_DATA=folder or "")
    os.environ.pop("HELPERS_STRICT", None)
    torch.set_num_threads(1)
    pages.use(Nowhere())
    cells, printed, end = code_cells(nbformat.read(path, as_version=4)), [], ""
    try:
        execute(cells, path, printed)
    except Exception as error:
        end = f"code cell {len(printed) - 1} stops: {type(error).__name__}: {error}"
    return claimed(cells, [text.getvalue() for text in printed]), end


def mark(path, draw):
    """Of all that such a run depends on."""
    cells = [cell.source for cell in code_cells(nbformat.read(path, as_version=4))]
    trees = [Unworded().visit(ast.parse(cell)) for cell in cells]
    named = [alias for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
             and node.module == "helpers.lessons" for alias in node.names]
    files = sorted(file for pattern in NUMBERS_COME_FROM for file in (ROOT / "helpers").glob(pattern))
    parts = [label(path), *draw, *map(ast.dump, trees)]
    parts += [without_words(file.read_text("utf-8")) for file in files]
    for alias in named:
        used = {node.attr for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Attribute)
                and getattr(node.value, "id", "") == (alias.asname or alias.name)}
        parts += measured((ROOT / f"helpers/lessons/{alias.name}.py").read_text("utf-8"), used)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


class Unworded(ast.NodeTransformer):
    """Takes out what a claim is called and what is printed."""

    def visit_Call(self, call):
        if getattr(call.func, "id", "") == "print":
            return ast.Constant("")
        self.generic_visit(call)
        if getattr(call.func, "id", "") == "claim" and call.args:
            call.args[0] = ast.Constant("")
            call.keywords = [word for word in call.keywords if word.arg != "of"]
        return call


def measured(lesson, used):
    """What stands in a lesson's source for the names in `used`, and for what they use in turn. What is asked
    and judged there changes no number."""
    called = ("Exercise(", "Question(")
    lines = {name: line for line in ast.parse(lesson).body for name in bound(line)
             if not (isinstance(line, ast.Assign) and ast.unparse(line.value).startswith(called))}
    reached, open_ = {}, sorted(used)
    while open_:
        name = open_.pop()
        if name in lines and name not in reached:
            reached[name] = without_words(ast.unparse(lines[name]))
            open_ += sorted({node.id for node in ast.walk(lines[name]) if isinstance(node, ast.Name)})
    return sorted(reached.items())


def bound(line):
    """Names that a line at the top of a file binds."""
    if isinstance(line, (ast.FunctionDef, ast.ClassDef)):
        return [line.name]
    return [node.id for node in ast.walk(line)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]


def without_words(source):
    """Code whose strings, comments and layout count for nothing."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.dump(tree)


def kept(path, draw):
    """The run as it was kept, or made now: ({sentence: held}, how it ended)."""
    file = KEPT / f"{path.parent.name}-{path.stem}-{mark(path, draw)}.json"
    if not file.exists():
        file.write_text(json.dumps(run(path, draw)), "utf-8")
    return json.loads(file.read_text("utf-8"))


def counted(runs):
    """{sentence: [held, bases, held with other digits, of so many]}, in the order of the notebook.

    A sentence that was not reached counts as one that did not hold."""
    counts = {sentence: [0, 0, 0, 0] for found, _ in runs.values() for sentence in found}
    for (_, folder), (found, _) in runs.items():
        at = 2 if folder else 0
        for sentence, count in counts.items():
            count[at] += found.get(sentence, False)
            count[at + 1] += 1
    return counts


def job(given):
    """For a process of a pool: the run and what it belongs to."""
    path, draw = given
    found, end = kept(path, draw)
    return path, draw, (as_worded_now(path, found), end)


def weak(counts):
    """Sentences that hold at fewer than nineteen of twenty bases, or not with each of the other digits."""
    return {sentence: count for sentence, count in counts.items()
            if count[0] < 0.95 * count[1] or count[2] < count[3]}


def write(ledger):
    """One line a sentence, so that a change reads as one."""
    parts = []
    for name in sorted(ledger):
        lines = [f"  {json.dumps(sentence, ensure_ascii=False)}: {count}"
                 for sentence, count in ledger[name].items()]
        parts.append(f' {json.dumps(name)}: {{\n' + ",\n".join(lines) + "\n }")
    LEDGER.write_text("{\n" + ",\n".join(parts) + "\n}\n", "utf-8")


def read():
    return json.loads(LEDGER.read_text("utf-8")) if LEDGER.exists() else {}


def main(paths):
    """Run what is not kept, write the ledger after each notebook; 0 where all is told and holds."""
    KEPT.mkdir(exist_ok=True)
    every = draws(os.environ.get("HELPERS_DATA"))
    jobs = [(path, draw) for path in paths for draw in every]
    method = "fork" if sys.platform == "linux" else "spawn"       # a fork has torch loaded
    runs, well, start = {path: {} for path in paths}, True, time.monotonic()
    with multiprocessing.get_context(method).Pool(2, maxtasksperchild=1) as pool:
        for k, (path, draw, found) in enumerate(pool.imap_unordered(job, jobs), 1):
            runs[path][draw] = found
            failed = [sentence for sentence, holds in found[0].items() if not holds]
            print(f"{k} of {len(jobs)}, {time.monotonic() - start:.0f} s: {label(path)} at {draw[0]}"
                  + (f" with {Path(draw[1]).name}" if draw[1] else ""), *failed, *[found[1]] * bool(found[1]),
                  sep="\n    ", flush=True)
            if len(runs[path]) == len(every):
                counts = counted(runs[path])
                write({**read(), label(path): counts})
                for sentence, count in weak(counts).items():
                    well = False
                    print(f"  WEAK {label(path)}: {sentence} {count}", flush=True)
    names = {label(path) for path in (*CORE, *DEEPER)}
    write({name: counts for name, counts in read().items() if name in names})
    return 0 if well else 1


if __name__ == "__main__":
    chosen = [Path(name).resolve() for name in sys.argv[1:]]
    sys.exit(main(chosen or [*CORE, *DEEPER]))
