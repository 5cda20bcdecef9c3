"""The clinic's programs: each has its symptom, its judge names the fault, accepts repairs, refuses others."""
import ast
import copy
import importlib
import importlib.util
from functools import lru_cache
from pathlib import Path

import nbformat
import pytest
import torch
from torch import nn

from helpers import accuracy, compare, load, seeds
from helpers.checks.exercises import Exercise
from helpers.lessons.batchnorm2d import uncalled_modules_solution
from web.cells import code_cells

ROOT = Path(__file__).parents[2]
MODULES = {name: importlib.import_module(f"helpers.lessons.{name}")
           for name in ("layer_programs", "state_programs", "programs")}
JUDGES = {name: (module, thing) for module, lesson in MODULES.items()
          for name, thing in vars(lesson).items() if isinstance(thing, Exercise)}

# The fault as it was, that the judge names in the program as the notebook gives it
FAULTS = dict(
    mend_variance="biased", mend_checkpoint="twice", mend_squares="one_pass", mend_positions="whole",
    mend_features="steps", mend_prepare="own", mend_head="always", mend_switch="stuck", mend_keep="as_p",
    mend_score="in_train", mend_frozen="undone", mend_momentum="copied", mend_average="left",
    mend_batches="one", mend_called="uncalled", mend_start="late", mend_logits="cut")


@lru_cache
def programs():
    """What the notebook defines: ({judge: the program its cell hands over}, {name: the first so called})."""
    cells = code_cells(nbformat.read(ROOT / "notebooks/deeper/13_bug_clinic.ipynb", as_version=4))
    names, handed, first = {}, {}, {}
    for cell in cells:
        for node in ast.parse(cell.source).body:
            if isinstance(node, (ast.Import, ast.ImportFrom, ast.ClassDef, ast.FunctionDef)):
                exec(compile(ast.Module([node], []), "<cell>", "exec"), names)
                first |= {name: names[name] for name in names if name not in first}
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                judge = getattr(node.value.func, "attr", "")
                if judge.startswith("mend_"):
                    handed[judge] = names[node.value.args[0].id]
    digits = load()
    names.update(digits=digits, x=digits.test.x, y=digits.test.y)    # as the notebook has them
    return handed, first


def program(name):
    return programs()[1][name]


def answers(module, kind):
    spec = importlib.util.spec_from_file_location(module, ROOT / f"tests/answers/{module}.py")
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return getattr(found, kind)


def test_every_judge_stands_in_the_notebook_and_every_fault_has_one():
    assert programs()[0].keys() == JUDGES.keys() == FAULTS.keys() and len(JUDGES) >= 14


@pytest.mark.parametrize("name", FAULTS)
def test_as_it_stands_the_fault_is_named(name):
    _, judge = JUDGES[name]
    mark, words = judge.verdict(programs()[0][name])
    mistake, _, _ = words.partition(" Right already: ")
    assert mark == "✗" and mistake.endswith(judge.mistakes[FAULTS[name]])


@pytest.mark.parametrize("name", FAULTS)
def test_two_repairs_are_right_and_two_are_wrong(name):
    module, judge = JUDGES[name]
    right, wrong = answers(module, "right")[name], answers(module, "wrong")[name]
    assert len(right) >= 2 and all(judge.verdict(one)[0] == "✓" for one in (judge.solution, *right))
    told = {judge.verdict(one)[1] for one in wrong.values()}
    assert len(wrong) >= 2 and len(told) == len(wrong)
    assert all(judge.verdict(one)[0] == "✗" for one in wrong.values())


# ---- the symptoms, of the programs in the notebook

def parted(mine, reference, C=5):
    """The aspects in which two layers differ."""
    found = compare(lambda: mine(C), lambda: reference(C), (12, C))
    return [aspect for aspect, (right, _) in found.items() if not right]


def test_only_the_buffers_of_norm_differ():
    assert parted(program("Norm"), nn.BatchNorm1d) == ["buffers"]


def test_checkpointing_differs_in_the_buffers_alone():
    torch.manual_seed(0)
    block, x = program("Block")(4), 3 + torch.randn(16, 4)
    plain = copy.deepcopy(block)
    out, want = block(x), plain.whole(x)
    for one in out, want:
        one.square().sum().backward()
    share = block.norm.running_mean / block.linear(x).mean(0)
    assert out.equal(want) and plain.linear.weight.grad.equal(block.linear.weight.grad)
    assert block.norm.num_batches_tracked == 2
    assert share.mean().item() == pytest.approx(1 - 0.9 ** 2, abs=1e-4)


def test_squares_lose_their_digits():
    assert parted(program("Fast"), nn.BatchNorm1d)[0] in ("buffers", "large mean")
    out = program("Fast")(500)(10_000 + torch.randn(64, 500))
    assert out.isnan().any()


@pytest.mark.parametrize("norm, places", [
    (nn.GroupNorm(1, 8), 5), (JUDGES["mend_positions"][1].solution(8), 1)])
def test_one_group_lets_positions_see_each_other(norm, places):
    torch.manual_seed(0)
    moved = program("moved")(norm, torch.randn(3, 8, 5))
    assert moved.sum(1).tolist() == [places, 0, 0]


def test_steps_in_place_of_features():
    h = nn.BatchNorm1d(8)(torch.arange(8.0) + torch.randn(64, 8, 8))
    assert h.mean((0, 2)).abs().max() < 1e-5 and h.mean((0, 1)).abs().max() > 1


def test_new_data_by_themselves():
    known, new = program("prepare")(torch.tensor([[10.0], [20], [30]]), torch.tensor([[5.0], [6], [7]]))
    assert known.allclose(new, atol=1e-5)


def test_two_answers_in_eval_mode():
    head, h = program("Head")(48).eval(), torch.rand(8, 48)
    assert not head(h).equal(head(h))


def test_dropout_is_off_for_good():
    net, h, alike = program("Drop")(48, 0.5), torch.rand(8, 48), []
    for mode in True, False, True:
        net.train(mode)
        alike.append(net(h).equal(net(h)))
    assert alike == [False, True, True]


def test_a_share_that_is_kept_is_dropped():
    seen = program("head")(48, 0.8)[:2](torch.ones(1000, 48))
    assert (seen > 0).float().mean() == pytest.approx(0.2, abs=0.01) and seen.max() == pytest.approx(5)


def test_a_score_moves_the_statistics():
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    program("score")(net, torch.ones(8, 3), torch.zeros(8))
    assert net[1].num_batches_tracked == 1


def test_train_undoes_what_was_frozen():
    backbone = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    net = program("Frozen")(backbone, nn.Linear(4, 2))
    assert not backbone.training
    net.train()(torch.randn(8, 3))
    assert backbone[1].running_mean.any() and not backbone[1].weight.requires_grad


def test_an_average_without_its_statistics_is_worse():
    def gain(seed, average):
        slow, net = program("run")(seed, average)
        return accuracy(slow, *load().test) - accuracy(net, *load().test)
    assert all(gain(seed, program("average")) < -0.02 for seed in seeds(3))
    assert all(gain(seed, JUDGES["mend_average"][1].solution) > -0.01 for seed in seeds(3))


def test_momentum_of_another_framework_keeps_one_batch():
    bn = nn.BatchNorm1d(200, momentum=0.99)
    for _ in range(50):
        bn(5 + torch.randn(8, 200))
    assert bn.running_mean.std() == pytest.approx(8 ** -0.5, rel=0.25)


def test_the_last_batch_of_one_stops():
    parts = program("batches")(load().train.x[:1025], 64)
    assert [len(part) for part in parts][-2:] == [64, 1]
    with pytest.raises(ValueError, match="more than 1 value"):
        program("with_bn")()(parts[-1])


def test_a_norm_is_never_called():
    assert uncalled_modules_solution(program("Net")(8), torch.randn(4, 5)) == ["norm"]


def test_one_seed_gives_two_nets():
    (a, first), (b, second) = [program("begin")(lambda: nn.Linear(3, 3), 100, 0) for _ in range(2)]
    assert not a.weight.equal(b.weight) and first.equal(second)


def test_scores_that_are_cut_off():
    net = program("net")(8)
    assert (net(torch.randn(100, 5)) >= 0).all()
