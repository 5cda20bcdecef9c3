"""Three sums over processes, each against one process with all samples: what a process of notebook 12 runs.

processes.write copies this file into a program, so it imports nothing of helpers.
"""
import json
import sys

import torch
from torch import distributed as dist


def compare(normalize, own_sum, plain_sum, Sum):
    """Prints the errors of this process (32 draws, 3 sums, output and gradient) as JSON."""
    torch.manual_seed(int(sys.argv[1]))                        # all processes draw the same
    errors = []
    for h, factors in torch.randn(32, 2, 64, 5):               # 64 samples, 5 units
        right = step(normalize, h, factors, own_sum)           # one process with all samples
        for total in own_sum, plain_sum, Sum.apply:
            found = step(normalize, share(h), share(factors), total)
            errors.append([error(mine, share(all_of_it)) for mine, all_of_it in zip(found, right)])
    print(json.dumps(errors))


def step(normalize, h, factors, total):
    """Output and gradient for h. The loss is the sum of all outputs, each times its factor."""
    h = h.clone().requires_grad_()
    out = normalize(h, total)
    (out * factors).sum().backward()
    return out.detach(), h.grad


def share(t):
    """The rows of this process."""
    return t.chunk(dist.get_world_size())[dist.get_rank()]


def error(found, right):
    """The norm of the difference, as a part of the norm of the right answer."""
    return ((found - right).norm() / right.norm()).item()
