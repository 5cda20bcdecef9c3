"""The cells that another needs, in small notebooks and in the real ones."""
import ast
import re
from types import SimpleNamespace

import nbformat
import pytest

from web.cells import ALWAYS, CORE, DEEPER, bound_again, code_cells, for_labs, label, labs, needed, root

FIRST = ["import torch", "from helpers import claim, live, show"]

# + and - before each cell: whether the one with = before it needs it
CASES = {
    "the last that binds a name": """
+ a = 2
- b = 3
= use(a)""",
    "not an earlier one": """
- a = 1
+ a = 2
= use(a)""",
    "what its maker took": """
+ a = 1
+ b = a + 1
- a = 3
= use(b)""",
    "nothing of what it binds itself": """
- a = 1
= a = 2
  use(a)""",
    "but what it takes first": """
+ a = 1
= a = a + 1""",
    "pairs, stars, annotations, chains": """
+ a, (b, *c) = d = 1, (2, 3)
+ e: int = 4
- f: int
= use(a, c, d, e, f)""",
    "imports": """
+ import os.path
- import sys
+ from math import pi as half, tau
= use(os, half)""",
    "what a function looks up where it is made, as it may be called there, and later": """
- a = 0
+ a = 1
+ def f(x): return x + a
+ a = 2
- x = 5
= use(f(3))""",
    "a function's own names are no use of others": """
- x = y = k = e = 1
+ def f(x, *y, **k):
      z = [e for e in y]
      with x as e: pass
      return z
= use(f)""",
    "defaults, bases and decorators": """
+ a = 1
+ class B: pass
+ def d(f): return f
+ class C(B):
      @d
      def m(self, x=a): pass
= use(C)""",
    "functions inside functions": """
+ a = 1
- b = 2
+ def f():
      b = 3
      return lambda x: x + a + b
= use(f)""",
    "a class's body, and what its methods look up": """
+ a = 1
+ b = 2
- c = 3
+ class C:
      c = a
      def m(self): return b
= use(C)""",
    "a name that a class takes before it binds it": """
+ a = 1
= class C: a = a""",
    "so do a lambda and a generator": """
- a = 0
+ a = 1
+ f = lambda: a
+ g = (a for _ in [1])
+ a = 2
= use(f, g)""",
    "the variable of a comprehension is its own": """
- x = 1
+ xs = [1, 2]
= use([x for x in xs], {x: x for x in xs}, sum(x for x in xs))""",
    "a name bound by := in passing": """
+ n = 1
+ if (n := 2) > 3: pass
= use(n)""",
    "what may not be bound is no last": """
+ a = 1
+ if torch: a = 2
+ for a in []: pass
+ while torch: a = 3
= use(a)""",
    "nor what may stop": """
+ a = 1
+ try: a = 2
  except ValueError as error: b = error
  finally: c = 1
= use(a, b)""",
    "with, and what it binds": """
- door = 1
+ import socket
+ with socket.socket() as door: port = door
= use(port)""",
    "match, and what it binds": """
- a = b = c = d = 0
+ def f(): return [1]
= match f():
      case [a, *b]: use(a, b)
      case {"k": c, **d}: use(c, d)""",
    "a loop's variable is bound before its body": """
- k = 1
+ ks = [1]
= for k in ks: use(k)""",
    "items and attributes that are set or deleted": """
+ x = [1, 2, 3]
+ x[0] = 5
+ x[1].grad = 0
+ del x[2]
- y = x
= use(x)""",
    "augmented assignments": """
+ a, walls = 1, {}
+ a += 1
+ walls |= {1: 2}
= use(a, walls)""",
    "methods that change, in a statement or in passing": """
+ net, x, names = make(), [], []
+ net.eval()
+ y = x.pop()
+ z = torch.relu(x.add_(1))
+ names.append(3)
- show(net.mean(), x.sum())
- mean = net.mean() + len(x)
= use(net, x, names)""",
    "functions that change what they are handed": """
+ net, other = make(), make()
+ def spoil(one, two): one.weight = two
- a = spoil(other, 1)
+ b = spoil(net, 1)
+ c = spoil(two=1, one=net)
= use(net)""",
    "also by handing it on": """
+ x = []
+ def one(given): two(1, given)
+ def two(number, taken): taken.append(number)
+ y = [one(x)]
= use(x)""",
    "by in-place functions and next": """
+ weight, it = make(), make()
+ y = nn.init.zeros_(weight.data)
+ z = next(it)
= use(weight, it)""",
    "a statement that is but a call changes what it names": """
+ net, data = make(), make()
+ update(net, data.x[:3])
- claim("as it was", net, of=data)
- print(net)
= use(net)""",
    "a value that is called may change, a function does not": """
+ layer = nn.BatchNorm1d(3)
+ def f(x): return x
+ y = layer(f(1))
- z = f(2)
= use(layer, f)""",
    "functions that change what they look up": """
+ seen = []
+ def note(x): seen.append(x)
+ def count():
      global total
      total = len(seen)
+ y = note(3)
+ z = [count()]
= use(seen, total)""",
    "what a value looks up, as it may hold a function": """
+ rate = 1
+ def make(): return lambda: rate
+ first = make()
+ rate = 2
= use(first)""",
    "nothing that stands behind it": """
+ a = 1
= use(a)
- a = 2""",
}


def cell(source, tags=()):
    return SimpleNamespace(cell_type="code", source=source, metadata=dict(tags=[*tags]))


def notebook(*sources):
    return SimpleNamespace(cells=[cell(source) for source in (*FIRST, *sources)])


@pytest.mark.parametrize("text", CASES.values(), ids=CASES)
def test_what_a_cell_needs(text):
    marks, sources = zip(*((part[0], part[2:].replace("\n  ", "\n")) for part in
                           re.split(r"\n(?=[+=-] )", text) if part))
    found = needed(notebook(*sources), ALWAYS + marks.index("="))
    assert found == [0, 1, *(ALWAYS + k for k, mark in enumerate(marks) if mark == "+")]


def test_a_cell_that_is_to_fail_binds_nothing_surely():
    four = notebook("a = 1", "1 / 0; a = 2", "use(a)")
    assert needed(four, 4) == [0, 1, 3]
    four.cells[3].metadata["tags"] = ["raises-exception"]
    assert needed(four, 4) == [0, 1, 2, 3]


def test_several_cells_need_what_each_needs():
    five = notebook("a = 1", "b = 2", "c = a", "c = b", "c = a")
    assert needed(five, 4, 5) == [0, 1, 2, 3] and needed(five, 4, 6) == [0, 1, 2]


LAB = "def f(x): return dict(x=x + a)\nlive(f, figure, x=(0, 1))"


def test_a_notebook_for_its_labs():
    six = notebook("a = 1", "claim('a', a)", LAB, "show(figure, x=a)", "b = 2", "live(abs, figure, x=(0, b))")
    six.cells.insert(3, SimpleNamespace(cell_type="markdown", source="# A title"))
    assert labs(six) == [4, 7]
    last = six.cells[-1].source
    assert [cell.source for cell in for_labs(six).cells] == [*FIRST, "a = 1", LAB, "b = 2", last]
    assert len(six.cells) == 9


@pytest.mark.parametrize("later", ["a = 2", "for a in []: pass", "with x as a: pass", "import a"])
def test_a_name_of_a_lab_that_a_later_cell_binds_is_named(later):
    assert bound_again(notebook("a = 1", LAB, "b = a")) == {}
    assert bound_again(notebook("a = 1", LAB, later)) == {3: {"a"}}


# ---- the notebooks

each_notebook = pytest.mark.parametrize("path", [*CORE, *DEEPER], ids=label)


def real(path):
    return nbformat.read(path, as_version=4)


@each_notebook
def test_a_lab_stays_what_it_was(path):
    assert bound_again(real(path)) == {}


@each_notebook
def test_labs_need_no_cell_that_only_asks_claims_or_shows(path):
    every, few = code_cells(real(path)), for_labs(real(path)).cells
    assert len(few) < len(every)
    for cell in few[ALWAYS:]:
        calls = [root(node.value) for node in ast.parse(cell.source).body if isinstance(node, ast.Expr)]
        assert len(calls) < len(ast.parse(cell.source).body) or "live" in calls


def test_labs_need_few_of_all_cells():
    every = [real(path) for path in (*CORE, *DEEPER)]
    assert sum(len(for_labs(one).cells) for one in every) < sum(len(code_cells(one)) for one in every) / 2
