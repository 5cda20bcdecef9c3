"""The site of a small set of notebooks: what its pages hold, and what is kept."""
import base64
import gzip
import html.parser
import json
import re
from urllib.parse import unquote, urlsplit

import pytest
import small_site as small

from helpers import pages
from web import build, prose


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of its pages; built once."""
    with small.built(tmp_path_factory.mktemp("site")) as folder:
        yield folder


def text(site, name="06_small.html"):
    return (site / name).read_text("utf-8")


class Reader(html.parser.HTMLParser):
    """ids, links and what is loaded; tags that are closed in another order than opened."""
    VOID = {"meta", "link", "input", "br", "img", "path", "rect", "use", "hr"}

    def __init__(self, source):
        super().__init__()
        self.ids, self.links, self.loads, self.open, self.wrong = [], [], [], [], []
        self.feed(source)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.ids += [given[name] for name in ("id",) if name in given]
        self.links += [given[name] for name in ("href",) if name in given and tag == "a"]
        self.loads += [given[name] for name in ("src", "href") if name in given and tag != "a"]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag not in self.VOID and (not self.open or self.open.pop() != tag):
            self.wrong.append(tag)


PAGES = "index.html", "06_small.html", "deeper/06_small.html", "glossary.html"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_and_leads_to_what_there_is(site, name):
    page = Reader(text(site, name))
    assert not page.wrong and not page.open
    assert len(set(page.ids)) == len(page.ids)
    for link in [*page.links, *page.loads]:
        if link.startswith(("data:", "#")):
            assert link.startswith("data:") or not link[1:] or unquote(link[1:]) in page.ids or "-" in link
            continue
        there = urlsplit(link)
        assert not there.scheme and not there.netloc, "nothing is loaded from elsewhere"
        target = ((site / name).parent / there.path).resolve()
        assert target.exists(), link
        if there.fragment:
            assert there.fragment in Reader(target.read_text("utf-8")).ids


@pytest.mark.parametrize("link, there", {
    "05_train_eval.ipynb": "05_train_eval.html", "../13_bug_clinic.ipynb": "../13_bug_clinic.html",
    "glossary.md": "glossary.html", "../docs/card.md": "card.html", "../../docs/card.md": "../card.html",
    "../notebooks/deeper/05_train_eval.ipynb": "deeper/05_train_eval.html"}.items())
def test_links_between_folders_that_lie_side_by_side_in_the_site(link, there):
    assert f'href="{there}"' in prose.prose(f"[a]({link})")


def test_words_formulas_claims_and_code_are_text(site):
    page = text(site)
    assert "<math" in page and "$" not in re.sub(r"<script.*?</script>", "", page, flags=re.S)
    assert '<p class="told">✓ It is so.<br><span>a number: 1; claimed above 0</span></p>' in page
    assert '<pre class="out"' in page and "plain" in page
    assert "Not filled in yet" not in page and page.count('<div class="hints">') == 1
    assert '<a href="deeper/06_small.html#part-one">' in page
    assert '<h2 id="a-lab">' in page and '<a href="#a-lab">A lab</a>' in page
    assert "predict(" not in page, "the cell that only asks is not shown"


def states(page):
    return [json.loads(gzip.decompress(base64.b64decode(packed)))
            for packed in re.findall(r'<script type="application/gzip">(.*?)</script>', page)]


def test_every_state_has_its_pieces_its_goals_and_its_words(site):
    lab, training = states(text(site))
    assert lab["names"] == ["x", "kind", "on", "draw"] and lab["kind"] == "grid"
    for key, (met, frames, percents) in lab["states"].items():
        x, kind, on, draw = (labels[int(k)] for labels, k in zip(lab["labels"], key.split(",")))
        *pieces, alt = (lab["pool"][k] for k in frames[0])
        assert alt == f"x is {float(x):g}, {kind}, {on}, draw {draw}."
        assert met == [k for k, found in enumerate((float(x) > 8, kind == "odd" and on == "on")) if found]
        assert len(frames) == 1 and len(pieces) == 3 and not percents
        assert f"{kind}, {on}" in pieces[2]
    assert training["kind"] == "runs" and len(training["states"]) == 2
    for *_, percents in training["states"].values():
        assert percents == [12, 25, 38, 50, 62, 75, 88, 100]
    assert [met for met, *_ in training["states"].values()] == [[], [0]]


def test_the_opening_is_in_the_page_itself(site):
    """So it reads without JavaScript."""
    page = text(site)
    assert 'aria-label="x is 2, plain, off, draw 1."' in page
    assert "<noscript>" in page and "<fieldset disabled>" in page


def test_what_stands_still_is_the_same_in_every_state():
    figure, numbers = small.figure()
    first, *others = [small.ground(figure, one) for one in numbers]
    assert others and not [other for other in others if other != first]


def test_words_alone_are_written_anew_without_running(site, monkeypatch):
    folder = site.parent
    path = folder / "notebooks/06_small.ipynb"
    before = path.read_text("utf-8")
    small.build(folder, monkeypatch, write=False)
    monkeypatch.setattr(build, "run", lambda path: pytest.fail("run again"))
    path.write_text(before.replace("All of it.", "Other words."), "utf-8")
    build.main([])
    assert "Other words." in text(site)
    path.write_text(before.replace("3, 'still'", "4, 'still'"), "utf-8")
    assert build.mark(path) != build.mark(folder / "notebooks/deeper/06_small.ipynb")
    with pytest.raises(pytest.fail.Exception, match="run again"):
        build.kept(path)
    path.write_text(before, "utf-8")
    build.main([])


def test_a_claim_that_does_not_hold_stops_the_build(tmp_path, monkeypatch):
    small.build(tmp_path, monkeypatch, run=False)
    path = tmp_path / "notebooks/06_small.ipynb"
    path.write_text(path.read_text("utf-8").replace("above=0)", "above=3)"), "utf-8")
    with pytest.raises(AssertionError, match="does not hold here"):
        build.run(path)


@pytest.mark.parametrize("tex, holds", [
    (r"\lVert w \rVert", 'stretchy="false"'), ("a/b", 'lspace="0.1em"'),
    (r"\hat h = \frac{h - \mu}{\sigma}", "<mfrac>")])
def test_formulas(tex, holds):
    assert holds in prose.formula(tex, "inline")


def test_all_formulas_of_the_notebooks_become_mathml():
    for path in sorted(build.NOTEBOOKS.rglob("*.ipynb")):
        for cell in build.read(path).cells:
            if cell.cell_type == "markdown":
                out = prose.prose(cell.source)
                words = re.sub(r"<(pre|code).*?</\1>", "", out, flags=re.S)
                assert "merror" not in out and "\\" not in words, (path.name, cell.source[:80])


@pytest.fixture(autouse=True)
def page_of_notebooks():
    yield
    pages.use(None)
