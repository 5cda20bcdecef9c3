"""The nets of the notebooks, by norm. Each call builds a new one, initialized from torch's stream."""
import torch
from torch import nn
from torch.nn.functional import max_pool2d


def mlp(norm=None, widths=(784, 48, 24, 10), activation=nn.ReLU):
    """Linear, norm, activation, once per hidden layer; then Linear, no softmax: (N, ...) -> (N, widths[-1]).

    widths: inputs (an image is flattened), hidden units, outputs. norm: called with a layer's width, such as
    nn.BatchNorm1d, or None. The default is MyNet of S0 ("Batch Normalization and Dropout in Neural Networks
    with Pytorch"), with nn.BatchNorm1d MyNetBN.
    Raises ValueError for fewer than two widths.
    """
    if len(widths) < 2:
        raise ValueError(
            f"widths={widths!r}: expected at least the number of inputs and of outputs, e.g. (784, 48, 10)")
    layers = [nn.Flatten()]
    for inputs, units in zip(widths[:-2], widths[1:-1]):
        layers += [nn.Linear(inputs, units), *maybe(norm, units), activation()]
    return nn.Sequential(*layers, nn.Linear(*widths[-2:]))


def maybe(norm, units):
    """[norm(units)], or [] without a norm."""
    return [norm(units)] if norm else []


def sigmoid_net(norm=None):
    """784-100-100-100-10 with sigmoids, weights from a small Gaussian: (N, ...) -> (N, 10) logits.

    Ioffe & Szegedy 2015, section 4.1: trained there on batches of 60. The paper says "small random Gaussian
    values"; sd 0.01 here, biases 0.
    """
    net = mlp(norm, widths=(784, 100, 100, 100, 10), activation=nn.Sigmoid)
    for layer in net:
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)
    return net


def small_cnn(norm=None):
    """Two convolutions with 3 and 6 channels, two linear layers: (N, 1, 28, 28) -> (N, 10) logits.

    norm: called with the 6 channels of the second convolution, or None. With nn.BatchNorm2d: S0's CNN_BN.
    """
    return nn.Sequential(
        nn.Conv2d(1, 3, 5), nn.ReLU(), nn.AvgPool2d(2),                   # (N, 3, 12, 12)
        nn.Conv2d(3, 6, 3), *maybe(norm, 6), nn.ReLU(), nn.AvgPool2d(2),  # (N, 6, 5, 5)
        nn.Flatten(), nn.Linear(150, 25), nn.ReLU(), nn.Linear(25, 10))


def cnn(norms=False, relu_on_logits=False):
    """Two convolutions with 10 and 20 channels, two linear layers: (N, 1, 28, 28) -> (N, 10) logits.

    norms=True: BatchNorm after the second convolution and the first linear layer only, as in the net of S1
    ("Batch Normalization in Deep Learning"). relu_on_logits=True: with the ReLU that S1 puts on the logits.
    """
    images, units = (nn.BatchNorm2d, nn.BatchNorm1d) if norms else (None, None)
    return nn.Sequential(
        nn.Conv2d(1, 10, 5), nn.MaxPool2d(2), nn.ReLU(),                       # (N, 10, 12, 12)
        nn.Conv2d(10, 20, 5), *maybe(images, 20), nn.MaxPool2d(2), nn.ReLU(),  # (N, 20, 4, 4)
        nn.Flatten(), nn.Linear(320, 50), *maybe(units, 50), nn.ReLU(),
        nn.Linear(50, 10), *([nn.ReLU()] if relu_on_logits else []))


class LeNet(nn.Module):
    """Two convolutions with 6 and 16 channels, three linear layers: (N, channels, side, side) -> (N, 10).

    By default the net of S4 ("Batch Normalization and Its Effects on the Learning Process of Convolutional
    Neural Networks"), for (N, 3, 32, 32) and with 62,006 parameters; after LeCun et al. 1998. Subclasses
    replace `features`.
    Raises ValueError where the side leaves nothing after the second pooling.
    """

    def __init__(self, channels=3, side=32):
        super().__init__()
        left = ((side - 4) // 2 - 4) // 2
        if left < 1:
            raise ValueError(f"side={side}: expected images of at least 16 x 16 pixels")
        self.conv1, self.conv2 = nn.Conv2d(channels, 6, 5), nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * left * left, 120)
        self.fc2, self.fc3 = nn.Linear(120, 84), nn.Linear(84, 10)

    def features(self, x):
        x = max_pool2d(self.conv1(x).relu(), 2)     # (N, 6, 14, 14) of 32 x 32 pixels
        return max_pool2d(self.conv2(x).relu(), 2)  # (N, 16, 5, 5)

    def forward(self, x):
        x = self.features(x).flatten(1)
        return self.fc3(self.fc2(self.fc1(x).relu()).relu())


@torch.no_grad()
def scaled(net, factor):
    """Multiply each weight matrix and kernel by factor, in place; return it. Biases, gamma, beta stay."""
    for p in net.parameters():
        if p.dim() > 1:
            p *= factor
    return net


class Dropout(nn.Module):
    """nn.Dropout with its p (the probability to drop) in a buffer, so that fit_many trains nets of several p.

    Raises ValueError unless p lies in 0..1.
    """

    def __init__(self, p=0.5):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"p={p!r}: expected a probability to drop, from 0 to 1")
        self.register_buffer("p", torch.tensor(float(p)))

    def forward(self, x):
        if not self.training:
            return x
        kept = torch.rand_like(x) >= self.p
        return x * kept / (1 - self.p).clamp(min=1e-12)  # at p = 1 all are dropped: 0 / 1e-12


class SideBySide(nn.Module):
    """K nets of linear layers, with ReLU and then dropout after each hidden one: (N, K, in) -> (N, K, out).

    x[:, k] is all that net k sees, a data set of its own; so the gradient of the losses' sum is each net's
    own, and `fit` trains the K nets as one module, in less time than `fit_many` trains K. Weights and biases
    start as nn.Linear's. widths: (1, 100, 100, 1) is S0's regression. p: the probability to drop, one number
    or one a net (K,), to 1/65536.
    Raises ValueError unless each p lies from 0 to below 1, or for p of another shape.
    """

    def __init__(self, K, widths, p=0.0):
        super().__init__()
        p = torch.as_tensor(p, dtype=torch.float32).reshape(-1, 1, 1)
        if len(p) not in (1, K) or not ((0 <= p) & (p < 1)).all():
            raise ValueError(f"p={p.flatten().tolist()}: expected a probability to drop, from 0 to below 1: "
                             f"one number, or one for each of the {K} nets")
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for inputs, units in zip(widths, widths[1:]):
            bound = inputs ** -0.5
            self.weights.append(nn.Parameter(torch.empty(K, inputs, units).uniform_(-bound, bound)))
            self.biases.append(nn.Parameter(torch.empty(K, 1, units).uniform_(-bound, bound)))
        self.p = p
        self.draws = torch.Generator().manual_seed(torch.randint(2**31, ()).item())

    def forward(self, x):
        h = x.transpose(0, 1)  # (K, N, in)
        for k, (weight, bias) in enumerate(zip(self.weights, self.biases), 1):
            h = torch.baddbmm(bias, h, weight)  # (K, N, units)
            if k < len(self.weights):
                h = self.dropout(h.relu())
        return h.transpose(0, 1)  # (N, K, out)

    def dropout(self, h):
        """Four units share one draw of 64 bits: a draw for each would take as long as all the rest."""
        if not (self.training and self.p.any()):
            return h
        bits = torch.empty(-(-h.numel() // 4), dtype=torch.int64).random_(-2**63, None, generator=self.draws)
        dropped = (self.p * 65536).round() - 32768  # the lowest so many of 65,536 values
        kept = bits.view(torch.int16)[:h.numel()].view(h.shape) >= dropped.to(torch.int16)
        return h * (kept.to(h.dtype) / (1 - self.p))
