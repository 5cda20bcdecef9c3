"""Which cells of a notebook must run before another: by the names that a cell binds, takes and changes.

Right rather than few: a cell that may bind or change a name counts beside the last that surely binds it. A
name is changed where an attribute or item of it is set, in an augmented assignment, by a method that says
so (`eval`, `append`, `zero_`), where what it names is called and is no function, by a function of the
notebook that changes what it is handed, and in each statement that is nothing but a call, which would else
be in vain; what helpers do there (claim, show, live, an exercise) changes nothing. What it cannot see: a
second name for the same thing, a function of torch that changes what it is handed, an iterator that is used
up, the state of random numbers.
"""
import ast
import copy
import symtable
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import indent

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
CORE = sorted(FOLDER.glob("*.ipynb"))
DEEPER = sorted(FOLDER.glob("deeper/*.ipynb"))
ALWAYS = 2                              # the set-up cell and the imports
IN_PLACE = set("add append clear discard eval extend insert load_state_dict pop popitem remove reverse send "
               "setdefault sort train update".split())
FUNCTIONS = ast.FunctionDef, ast.AsyncFunctionDef
DEFINITIONS = *FUNCTIONS, ast.ClassDef
COMPREHENSIONS = ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp


def label(path):
    """deeper/05_train_eval"""
    return path.relative_to(FOLDER).with_suffix("").as_posix()


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def is_lab(cell):
    """Whether it opens a lab: a call of live at its top level."""
    calls = [node.value for node in ast.parse(cell.source).body if isinstance(node, ast.Expr)]
    return any(isinstance(call, ast.Call) and root(call.func) == "live" for call in calls)


def labs(notebook):
    """Numbers of the code cells that open labs."""
    return [k for k, cell in enumerate(code_cells(notebook)) if is_lab(cell)]


def needed(notebook, *cells):
    """Numbers of the code cells that must run before these code cells, given by number, in order."""
    before = Links(notebook).before
    return sorted({*range(min([ALWAYS, *cells])), *set().union(*(before[k] for k in cells))})


def for_labs(notebook):
    """A notebook of the code cells alone that open labs, or that these need."""
    those = labs(notebook)
    few, keep = copy.deepcopy(notebook), {*those, *needed(notebook, *those)}
    few.cells = [cell for k, cell in enumerate(code_cells(few)) if k in keep]
    return few


def bound_again(notebook):
    """{lab: names its functions look up when called and later cells bind}: Run All makes it another lab."""
    links, found = Links(notebook), {}
    for k in labs(notebook):
        later = set().union(*(cell.binds | cell.may_bind for cell in links.cells[k + 1:]))
        if links.late[k] & later:
            found[k] = links.late[k] & later
    return found


class Links:
    """Of each code cell. before: the cells it needs; late: the names that functions of it, or of those, look
    up when called; hidden: the names they change."""

    def __init__(self, notebook):
        self.cells = read(code_cells(notebook))
        self.before, self.late, self.hidden = [], [], []
        for k, cell in enumerate(self.cells):
            names, found, more = set(), set(), cell.takes
            while more:
                names |= more
                found |= {j for name in more for j in self.makers(name, k)}
                more = set().union(*(self.late[j] for j in found)) - names
            self.before.append(found.union(*(self.before[j] for j in found)))
            self.late.append(cell.later.union(*(self.late[j] for j in found)))
            self.hidden.append(cell.hidden.union(*(self.hidden[j] for j in found)))

    def makers(self, name, k):
        """The cells that may have made this name what it is when cell k begins."""
        for j in reversed(range(k)):
            cell = self.cells[j]
            if name in cell.binds | cell.may_bind | cell.changes | self.hidden[j]:
                yield j
            if name in cell.binds:
                return


# ---- one cell

@dataclass
class Cell:
    """Names. takes: those it finds; later: those its functions look up when called; binds: surely; may_bind:
    perhaps; changes: in place; hidden: those its functions change or bind."""
    takes: set = field(default_factory=set)
    later: set = field(default_factory=set)
    binds: set = field(default_factory=set)
    may_bind: set = field(default_factory=set)
    changes: set = field(default_factory=set)
    hidden: set = field(default_factory=set)


def read(cells):
    """A Cell for each."""
    trees = [ast.parse(cell.source) for cell in cells]
    known = Known(trees)
    found = [Reader(tree, known).cell for tree in trees]
    for cell, one in zip(cells, found):
        if "raises-exception" in cell.metadata.get("tags", []):               # it may stop anywhere
            one.may_bind |= one.binds
            one.binds = set()
    return found


class Known:
    """Of all cells. shows: names of what only shows; values: names that are not always those of functions,
    classes or modules; harmful: {function: which arguments it changes}, by place and keyword, "*" for all."""

    def __init__(self, trees):
        nodes = [node for tree in trees for node in ast.walk(tree)]
        imports = [node for node in nodes if isinstance(node, ast.ImportFrom)]
        self.shows = {"print", "display"} | {bound(alias) for node in imports for alias in node.names
                                             if node.module.startswith("helpers")}
        self.values = set().union(*map(stored, trees))
        self.harmful = dict.fromkeys(("next", "setattr", "delattr"), {"*"})
        functions = [(node.name, node) for node in nodes if isinstance(node, FUNCTIONS)]
        functions += [(root(node.targets[0]), node.value) for node in nodes if is_named_lambda(node)]
        before = None
        while before != self.harmful:                         # those that hand it on to others come later
            before = dict(self.harmful)
            for name, node in functions:
                harm = self.harm(node.args, self.changed(node))
                if harm:
                    self.harmful[name] = self.harmful.get(name, set()) | harm

    @staticmethod
    def harm(args, changed):
        """The arguments among the names that are changed: places and keywords."""
        if changed & {arg.arg for arg in (args.vararg, args.kwarg) if arg}:
            return {"*"}
        order = [arg.arg for arg in (*args.posonlyargs, *args.args) if arg.arg != "self"]
        return {key for k, name in enumerate(order) if name in changed for key in (k, name)} | (
            changed & {arg.arg for arg in args.kwonlyargs})

    def changed(self, node, values=None):
        """The names that a piece of code changes; where a call does, only these values, if they are given."""
        is_set, called = set(), set()
        for part in ast.walk(node):
            if isinstance(part, (ast.Attribute, ast.Subscript)) and not isinstance(part.ctx, ast.Load):
                is_set.add(root(part))
            elif isinstance(part, ast.AugAssign):
                is_set.add(root(part.target))
            elif isinstance(part, ast.Call):
                called |= self.by_call(part)
            elif isinstance(part, ast.Expr) and isinstance(part.value, ast.Call):
                called |= set() if root(part.value.func) in self.shows else names(part)
        return (is_set | (called if values is None else called & values)) - {None}

    def by_call(self, call):
        """The names that a call may change."""
        function, method = call.func, isinstance(call.func, ast.Attribute)
        name = function.attr if method else getattr(function, "id", "")
        in_place = name.endswith("_") and not name.endswith("__")
        harm = {"*"} if in_place else self.harmful.get(name, set())
        if any(isinstance(argument, ast.Starred) for argument in call.args):
            harm = harm and {"*"}                             # who knows which is which
        given = [*enumerate(call.args), *((keyword.arg, keyword.value) for keyword in call.keywords)]
        found = {root(argument) for key, argument in given if harm and ({key, "*"} & harm or key is None)}
        return found | ({root(function)} if not method or in_place or name in IN_PLACE else set())


class Reader:
    """Reads a cell's statements in order. known: of all cells; bound: what is surely bound by now."""

    def __init__(self, tree, known):
        self.cell, self.known, self.bound, self.sure = Cell(), known, set(), True
        self.parts(tree)

    def run(self, node):
        if isinstance(node, DEFINITIONS):
            for head in (*node.decorator_list, *getattr(node, "bases", ())):
                self.code(head)
            self.bind(node.name)
            self.code(node)
        elif isinstance(node, ast.alias):
            self.bind(bound(node), sure=node.asname or "." not in node.name)
        elif isinstance(node, ast.AugAssign):
            self.code(node.value)
            self.take(names(node.target))
            self.cell.changes.add(root(node.target))
        elif isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del)):
            self.target(node)
        elif isinstance(node, (ast.expr, ast.Expr)):
            self.code(node)
        elif hasattr(node, "body") or isinstance(node, ast.Match):
            self.perhaps(node)
        elif not isinstance(node, ast.AnnAssign) or node.value:
            self.parts(node)

    def parts(self, node):
        """What a node holds, in the order in which it runs."""
        first = [name for name in ("value", "iter") if name in node._fields and isinstance(node, ast.stmt)]
        for name in [*first, *(name for name in node._fields if name not in first)]:
            value, before = getattr(node, name, None), set(self.bound)
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, ast.AST):
                    self.run(part)
                elif part and name in ("name", "rest"):       # except ... as name, case {**rest}
                    self.bind(part)
            if name in ("body", "orelse", "handlers", "cases") and not self.sure:
                self.bound = before

    def perhaps(self, node):
        """if, for, while, with, try, match: what they hold may not run, or not to its end."""
        before, sure = set(self.bound), self.sure
        self.sure = False
        self.parts(node)
        self.bound, self.sure = before, sure

    def target(self, node):
        """What is assigned to, or deleted."""
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                self.bind(part.id)
            elif isinstance(part, ast.Name):
                self.take({part.id})
            if isinstance(getattr(part, "ctx", None), ast.Del):
                self.cell.changes.add(root(part))
        self.cell.changes |= self.known.changed(node)

    def code(self, node):
        """An expression, or all of a definition."""
        takes, later, sets = scopes(node)
        changed = self.known.changed(node, self.known.values)
        self.take(takes)
        self.cell.later |= later
        self.cell.hidden |= changed & later | sets
        if not isinstance(node, FUNCTIONS):
            self.cell.changes |= changed & takes
        for part in ast.walk(node):
            if isinstance(part, ast.NamedExpr):
                self.take({part.target.id})
                self.bind(part.target.id, sure=False)

    def take(self, found):
        self.cell.takes |= found - self.bound

    def bind(self, name, sure=True):
        if sure:
            self.bound.add(name)
        (self.cell.binds if sure and self.sure else self.cell.may_bind).add(name)


def bound(alias):
    """The name an import binds."""
    return alias.asname or alias.name.split(".")[0]


def root(node):
    """The name an expression begins with: net of net.norms[0].eval(). None where it begins with no name."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


def names(node):
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def is_named_lambda(node):
    return isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda)


def stored(node):
    """The names that a cell binds at its top level, other than to a definition, an import or a lambda."""
    if isinstance(node, (*DEFINITIONS, ast.Lambda, *COMPREHENSIONS)) or is_named_lambda(node):
        return set()
    own = {node.id} if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else set()
    return own.union(*map(stored, ast.iter_child_nodes(node)))


def scopes(node):
    """Names: what code takes from outside of it, what its functions look up when called, what they set."""
    code = "def _():\n" + indent(ast.unparse(node), " ")       # where what it binds is local
    tables = [(symtable.symtable(code, "cell", "exec").get_children()[0], False)]
    takes, later, sets = set(), set(), set()
    while tables:
        table, called = tables.pop()
        for child in table.get_children():
            at_once = child.get_name().strip("<>") in ("listcomp", "setcomp", "dictcomp")
            tables.append((child, called or child.get_type() == "function" and not at_once))
        for symbol in table.get_symbols():
            name, outside = symbol.get_name(), symbol.is_global()
            before = table.get_type() == "class" and not symbol.is_free()     # bound later by the class?
            if symbol.is_referenced() and (outside or before):
                takes.add(name)
                later |= {name} if called else set()
            if outside and symbol.is_assigned():
                sets.add(name)
    return takes, later, sets
