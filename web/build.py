"""The notebooks as pages that need no kernel, in _site/: every lab moves.

    python3 run.py site [05 ...]

The cells of each notebook run here, in order; labs, pictures and questions go to a page of their own kind.
Text and pictures are of this one run. What a notebook's cells gave is kept in .site/ until their code, the
helpers or this package change, so that new words alone cost seconds.
"""
import gzip
import hashlib
import json
import multiprocessing
import os
import re
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbconvert.exporters import TemplateExporter

from helpers import pages
from helpers.pages.markup import details
from web import prose
from web.labs import lab_as_html, question_as_html, still_as_html
from web.places import PLACES
from web.running import execute

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
NOTEBOOKS, KEPT, SITE = ROOT / "notebooks", ROOT / ".site", ROOT / "_site"
MOST = 350                              # KiB that a page may weigh, packed
FRONT = "02"                            # the notebook whose first lab stands on the front page
TEXTS = {"glossary.html": NOTEBOOKS / "glossary.md", "card.html": ROOT / "docs/card.md"}
MARK = re.compile("\0(\\d+)\0")         # in what a cell prints: here stood a lab, a picture, ...


class Moving:
    """A page of helpers: each thing becomes HTML, and leaves a mark in what the cell prints."""

    def __init__(self, number, deeper):
        self.number, self.salt = number, number + "d" * deeper
        self.pieces, self.measured, self.labs = [], [], 0

    def add(self, text):
        print(end=f"\0{len(self.pieces)}\0")
        self.pieces.append(text)

    def lab(self, lab, place=None):
        self.labs += 1
        salt = f"l{self.salt}{'abcdefgh'[self.labs - 1]}"
        text, measured = lab_as_html(lab, salt, PLACES.get(self.number, ()))
        self.measured.append(measured)
        self.add(text)

    def still(self, picture):
        self.add(still_as_html(picture, f"s{self.salt}-{len(self.pieces)}"))

    def question(self, question):
        self.add(question_as_html(question, f"q{self.salt}-{len(self.pieces)}"))

    def hints(self, folds):
        self.add(f'<div class="hints">{details(folds)}<p class="note">In the notebook you fill this in, and '
                 "are told what is wrong.</p></div>")


# ---- one notebook

def run(path):
    """Execute its cells: {outputs: [HTML of each code cell], labs: what was measured}."""
    os.environ["HELPERS_STRICT"] = "1"                            # what does not hold is not published
    page = Moving(path.stem[:2], path.parent.name == "deeper")
    pages.use(page)
    printed = []
    execute([cell for cell in read(path).cells if cell.cell_type == "code"], path, printed)
    return {"outputs": [in_order(text.getvalue(), page.pieces) for text in printed], "labs": page.measured}


def in_order(text, pieces):
    """HTML of what a cell printed, with its pieces where they stood."""
    parts = MARK.split(text)                                      # text, number, text, ...
    return "".join(pieces[int(part)] if k % 2 else prose.printed(part) for k, part in enumerate(parts))


def read(path):
    return nbformat.read(path, as_version=4)


def kept(path):
    """What running it gave, from .site/ or now; and the seconds that took."""
    start, file = time.monotonic(), KEPT / f"{path.parent.name}-{path.stem}-{mark(path)}.json"
    if not file.exists():
        found = run(path)
        file.write_text(json.dumps({**found, "seconds": time.monotonic() - start}), "utf-8")
    return path, json.loads(file.read_text("utf-8"))


def mark(path):
    """Of all that a run depends on."""
    files = [*(ROOT / "helpers").rglob("*.py"), *HERE.glob("*.py"), *(ROOT / "helpers").rglob("*.mplstyle")]
    cells = [cell.source for cell in read(path).cells if cell.cell_type == "code"]
    parts = [path.as_posix(), *cells, *(file.read_text("utf-8") for file in sorted(files))]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


# ---- pages

@dataclass
class Page:
    """One page of the site. file: its address there; name: in menus; question: what it asks; parts: [(anchor,
    words)]; up: the way from its folder to the site's."""
    file: str
    title: str
    name: str
    question: str = ""
    minutes: int = 0
    parts: tuple = ()
    before: object = None
    after: object = None

    @property
    def up(self):
        return "../" * self.file.count("/")

    @property
    def deeper(self):
        return "/" in self.file


def page_of(path):
    notebook = read(path)
    first = notebook.cells[0].source
    title = re.match(r"# (.+)", first)[1]
    name, _, question = title.partition(": ")
    minutes = re.search(r"^\*About (\d+) minutes", first, re.M)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    parts = [strip(words) for words in re.findall(r"^## (.+)$", text, re.M)]
    file = path.relative_to(NOTEBOOKS).with_suffix(".html").as_posix()
    if "/" in file:
        name, question = f"{name}: {question}" if question else name, ""
    return Page(file, title, name, question[:1].upper() + question[1:], int(minutes[1]) if minutes else 0,
                [(prose.slug(words), words) for words in parts])


def strip(markdown):
    """The words of a heading, as HTML without its paragraph."""
    return re.sub(r"</?p>|\n", "", prose.prose(markdown))


def as_html(exporter, path, found, page, every):
    """A notebook's page."""
    notebook, outputs = read(path), iter(found["outputs"])
    for cell in notebook.cells:
        if cell.cell_type == "code":
            data = {"text/html": next(outputs)}
            cell.outputs = [nbformat.v4.new_output("display_data", data)] if data["text/html"] else []
            cell.metadata["asks"] = bool(re.fullmatch(r"(predict\([\w.]+\)\s*)+", cell.source))
    return exporter.from_notebook_node(notebook, {"page": page, "pages": every})[0]


class Exporter(TemplateExporter):
    """nbconvert with the site's template."""
    file_extension = ".html"
    output_mimetype = "text/html"

    def __init__(self):
        super().__init__(template_name="template", extra_template_basedirs=[str(HERE)],
                         filters={"prose": prose.prose, "code": prose.code})

    def from_notebook_node(self, notebook, resources):
        self.environment.globals.update(resources)
        return super().from_notebook_node(notebook, resources)

    def page(self, template, **values):
        return self.environment.get_template(template).render(**values)


def write(pages_by_path, texts, results):
    """All pages of what was run, and the files they share."""
    exporter = Exporter()
    every = [*pages_by_path.values(), *(page for page, _ in texts)]
    for page, following in zip(every, every[1:]):
        page.after, following.before = following, page
    SITE.mkdir(exist_ok=True)
    (SITE / "deeper").mkdir(exist_ok=True)
    for file in (*HERE.glob("page.*"), *HERE.glob("fonts/*.woff")):
        shutil.copy(file, SITE / file.name)
    made = {page.file: as_html(exporter, path, results[path], page, every)
            for path, page in pages_by_path.items() if path in results}
    made.update({page.file: exporter.page("plain.html.j2", page=page, pages=every, body=prose.prose(text))
                 for page, text in texts})
    for path, found in results.items():
        if path.stem[:2] == FRONT and path.parent == NOTEBOOKS:
            lab = next(text for text in found["outputs"] if 'class="lab"' in text)
            front = Page("index.html", "Normalization and dropout", "Start", after=every[0])
            made[front.file] = exporter.page("front.html.j2", page=front, pages=every, lab=lab)
    for file, text in made.items():
        (SITE / file).write_text(text, "utf-8")
    return made


def text_pages():
    """[(page, markdown)] of what is no notebook."""
    for file, source in TEXTS.items():
        if source.exists():
            text = source.read_text("utf-8")
            title = re.match(r"# (.+)", text)[1]
            yield Page(file, title, title), text


def main(names):
    start = time.monotonic()
    KEPT.mkdir(exist_ok=True)
    paths = [*sorted(NOTEBOOKS.glob("*.ipynb")), *sorted(NOTEBOOKS.glob("deeper/*.ipynb"))]
    chosen = [Path(name).resolve() for name in names] or paths
    by_number = sorted(paths, key=lambda path: (path.stem, path.parent != NOTEBOOKS))
    method = "fork" if sys.platform == "linux" else "spawn"
    results = {}
    with multiprocessing.get_context(method).Pool(2, maxtasksperchild=1) as pool:
        for path, found in pool.imap_unordered(kept, chosen):
            results[path] = found
            name = path.relative_to(NOTEBOOKS)
            print(f"{len(results)} of {len(chosen)}: {name}, {found['seconds']:.0f} s", flush=True)
            for lab in found["labs"]:
                print(f"    {lab}", flush=True)
    made = write({path: page_of(path) for path in by_number}, [*text_pages()], results)
    weights = {file: len(gzip.compress(text.encode())) / 1024 for file, text in made.items()}
    for file, weight in weights.items():
        print(f"{file}: {weight:.0f} KiB packed")
    print(f"{SITE / 'index.html'}, {time.monotonic() - start:.0f} s")
    if heavy := [file for file, weight in weights.items() if weight > MOST]:
        sys.exit(f"Over {MOST} KiB: {', '.join(heavy)}. Draw less that moves, or fewer colours and lines.")


if __name__ == "__main__":
    main(sys.argv[1:])
