"""Train networks without multiplications, and write them as ONNX.

    python bench/train_families.py digits FOLDER [NAME ...]
    python bench/train_families.py mnist FOLDER [NAME ...] [--epochs N] [--batch N] [--limit N]
    python bench/train_families.py correlation FOLDER [--taps N] [--steps N] [--batch N] [--dense]

`digits`: the small networks that the tests train, on scikit-learn's handwritten digits, in seconds each.

`mnist`: one network for each kind of layer, on MNIST. Prints the accuracy of the module, and in how many test images
the exported file gives other numbers in onnxruntime, and compiled. `lenet` is the network of table 3 of the min-select
paper.

`correlation`: the task of the sum-and-max paper. A signal of 512 samples, x_k = r x_(k-1) + sqrt(1 - r^2) e_k, says
which of ten r it was made with; drawn anew for every batch. `--taps N` trains N adjacent entries for each output and
term from scratch; `--dense` trains all of them, prunes to the N most active for each on average, and trains on.

The images come from mnist.npz in the data folder of MULFREE_MODELS (default: the sibling ../shared). Needs
`pip install 'mulfree[train,oracle]'`; takes one core, and minutes to hours.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from common import SHARED, onnxruntime_outputs
from torch import Tensor, nn

import mulfree
from mulfree import train
from mulfree.ir import AnyArray
from mulfree.train import Binary, Conv2d, Linear, Norm, PowerOfTwo, Quantiser, SumMaxLinear, Uniform

SEED = 7
COMPARED = 200
"""Samples that onnxruntime computes too; its bodies of min-select are slow."""
Batches = Iterator[tuple[Tensor, Tensor]]


def pixels() -> Uniform:
    return Uniform(8, signed=False, scale=1.0, learned=False)


def few_bits(bits: int = 4) -> Uniform:
    return Uniform(bits, narrow=True)


def levels(bits: int = 4) -> Uniform:
    return Uniform(bits, signed=False)


def convolutional(quantiser: Callable[[], Quantiser], activation: Callable[[], Quantiser]) -> nn.Module:
    """Two convolutions and two dense layers, with one kind of weights."""
    return nn.Sequential(
        *(pixels(), Conv2d(1, 32, 5, weights=quantiser()), Norm(32), activation(), nn.MaxPool2d(2)),
        *(Conv2d(32, 64, 3, weights=quantiser()), Norm(64), activation(), nn.MaxPool2d(2)),
        *(nn.Flatten(), Linear(1600, 128, weights=quantiser()), Norm(128), activation()),
        *(Linear(128, 10, weights=quantiser()), Norm(10)),
    )


def binary() -> nn.Module:
    return convolutional(Binary, Binary)


def power_of_two() -> nn.Module:
    return convolutional(lambda: PowerOfTwo(-4, 0), levels)


def lenet() -> nn.Module:
    """Table 3 of the min-select paper for 28 x 28 x 1; six-bit activations, weights of seven bits."""

    def activation() -> list[nn.Module]:
        return [nn.LeakyReLU(0.125), Uniform(6)]

    return nn.Sequential(
        *(pixels(), train.MinSelectConv2d(1, 32, 5, weights=few_bits(8)), Norm(32), *activation(), nn.MaxPool2d(2)),
        *(train.MinSelectConv2d(32, 64, 5, weights=few_bits(7)), Norm(64), *activation()),
        *(nn.Flatten(), train.MinSelectLinear(4096, 1024, weights=few_bits(7)), Norm(1024), nn.ReLU(), levels(5)),
        *(nn.Dropout(0.5), train.MinSelectLinear(1024, 10, weights=few_bits(7)), Norm(10)),
    )


def min_select() -> nn.Module:
    return nn.Sequential(
        *(pixels(), train.MinSelectConv2d(1, 16, 5, weights=few_bits(8)), Norm(16), levels(), nn.MaxPool2d(2)),
        *(train.MinSelectConv2d(16, 32, 3, weights=few_bits(5)), Norm(32), levels(), nn.MaxPool2d(2)),
        *(nn.Flatten(), train.MinSelectLinear(800, 10, weights=few_bits(5)), Norm(10)),
    )


def sum_max() -> nn.Module:
    grid = Uniform(8, scale=2.0, narrow=True, learned=False)
    return nn.Sequential(
        *(pixels(), nn.AvgPool2d(2), Uniform(7, signed=False, scale=2.0, learned=False)),
        *(train.SumMaxConv2d(1, 64, 5, stride=2, padding=2, weights=grid, spread=128.0), Norm(64), Uniform(4)),
        *(nn.Flatten(), Linear(64 * 49, 10, weights=few_bits())),
    )


def large_kernels() -> nn.Module:
    """Windows of 7 x 7 and 5 x 5 over maps that keep their size: what Fermat transforms are for."""
    return nn.Sequential(
        *(pixels(), Conv2d(1, 8, 7, padding=3, weights=few_bits()), Norm(8), levels(), nn.MaxPool2d(2)),
        *(Conv2d(8, 16, 5, padding=2, weights=few_bits()), Norm(16), levels(), nn.MaxPool2d(2)),
        *(nn.Flatten(), Linear(784, 10, weights=few_bits()), Norm(10)),
    )


def shift() -> nn.Module:
    def point(inputs: int, outputs: int) -> Conv2d:
        return Conv2d(inputs, outputs, 1, weights=few_bits())

    return nn.Sequential(
        *(pixels(), Conv2d(1, 36, 5, weights=few_bits()), Norm(36), levels(), nn.MaxPool2d(2)),
        *(train.Shift2d(36), point(36, 72), Norm(72), levels(), nn.MaxPool2d(2)),
        *(train.Shift2d(72, learned=True), point(72, 72), Norm(72), levels(), nn.MaxPool2d(2)),
        *(nn.Flatten(), Linear(648, 10, weights=few_bits())),
    )


def shift_attention() -> nn.Module:
    return nn.Sequential(
        *(pixels(), Conv2d(1, 32, 5, weights=few_bits()), Norm(32), levels(), nn.MaxPool2d(2)),
        *(train.ShiftAttentionConv2d(32, 64, 3, padding=1, weights=few_bits()), Norm(64), levels(), nn.MaxPool2d(2)),
        *(train.ShiftAttentionConv2d(64, 64, 3, padding=1, weights=few_bits()), Norm(64), levels(), nn.MaxPool2d(2)),
        *(nn.Flatten(), Linear(576, 10, weights=few_bits())),
    )


def float_mlp() -> nn.Module:
    """For `bench/piecewise.py`: only the pixels are integers."""
    return nn.Sequential(
        *(pixels(), nn.Flatten(), nn.Linear(784, 128, bias=False), Norm(128), nn.ReLU()),
        *(nn.Linear(128, 64, bias=False), Norm(64), nn.ReLU(), nn.Linear(64, 10)),
    )


def float_cnn() -> nn.Module:
    """For `bench/piecewise.py`: only the pixels are integers."""
    return nn.Sequential(
        *(pixels(), nn.Conv2d(1, 16, 5, bias=False), Norm(16), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3, bias=False), Norm(32), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(800, 10)),
    )


FAMILIES = (binary, power_of_two, min_select, sum_max, shift, shift_attention, large_kernels, lenet)
FLOATS = (float_mlp, float_cnn)
NETWORKS = {f.__name__: f for f in (*FAMILIES, *FLOATS)}


def fit(net: nn.Module, batches: Batches, steps: int, rate: float = 0.005) -> None:
    """Cross-entropy, Adam, a rate that falls as a cosine; temperatures fall from 6.7 to 0.02."""
    optimiser = torch.optim.Adam(net.parameters(), rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    factor, started = (0.02 / 6.7) ** (1 / steps), time.time()
    net.train()
    for step, (x, y) in zip(range(1, steps + 1), batches, strict=False):
        optimiser.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        optimiser.step()
        schedule.step()
        train.cool(net, factor)
        if step % max(1, steps // 20) == 0:
            print(f"  step {step}/{steps}, loss {loss.item():.4f}, {time.time() - started:.0f} s", flush=True)
    net.eval()


@torch.no_grad()
def scores(net: nn.Module, x: Tensor) -> Tensor:
    return torch.cat([net(part) for part in x.split(250)])


def report(name: str, net: nn.Module, x: Tensor, y: Tensor, folder: Path) -> None:
    """Accuracy of the module, and of the exported file in onnxruntime where that can run it."""
    eager = scores(net, x)
    accuracy = float((eager.argmax(1) == y).double().mean())
    print(f"{name}: accuracy {accuracy:.4f} on {len(x)} that were not trained on", flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(net.state_dict(), folder / f"{name}.pt")
    train.export_onnx(net, x[:1], folder / f"{name}.onnx")
    if name in {f.__name__ for f in FLOATS}:
        return
    if lacks_bodies(folder / f"{name}.onnx"):
        print("  (the file holds operators without function bodies: not run)")
        return
    given, expected = x[:COMPARED], eager[:COMPARED].numpy()
    outputs = [onnxruntime_outputs(folder / f"{name}.onnx", part.numpy()) for part in given.split(25)]
    different = (np.concatenate(outputs) != expected).any(axis=1).sum()
    integers = compiled(folder, name, given, expected)
    print(f"  of {len(given)}, onnxruntime differs in {different}, compiled in {integers}", flush=True)


def compiled(folder: Path, name: str, x: Tensor, expected: AnyArray) -> str:
    """In how many samples the integers of the compiled file differ, or why it was not compiled."""
    try:
        outputs = mulfree.compile(folder / f"{name}.onnx").simulate(x.numpy())
    except mulfree.CompileError as error:
        return f"none: {error}"
    return str((np.asarray(outputs) != expected).any(axis=1).sum())


def lacks_bodies(path: Path) -> bool:
    model = onnx.load(path)
    return bool({n.op_type for n in model.graph.node if n.domain} - {f.name for f in model.functions})


def digits(folder: Path, names: list[str]) -> None:
    from tests.train.digits import NETWORKS, held_out, trained

    for name in names or list(NETWORKS):
        report(name, trained(name), *held_out(), folder)


def mnist_batches(x: Tensor, y: Tensor, size: int) -> Batches:
    while True:
        for batch in torch.randperm(len(x)).split(size):
            if len(batch) == size:
                yield x[batch], y[batch]


def mnist(folder: Path, names: list[str], epochs: int, batch: int, limit: int | None) -> None:
    with np.load(SHARED / "data" / "mnist.npz") as data:
        images = {
            part: torch.tensor(data[f"x_{part}"][:limit, None], dtype=torch.float32) for part in ("train", "test")
        }
        labels = {part: torch.tensor(data[f"y_{part}"][:limit]).long() for part in ("train", "test")}
    for name in names or list(NETWORKS):
        torch.manual_seed(SEED)
        net = NETWORKS[name]()
        batches = mnist_batches(images["train"], labels["train"], batch)
        fit(net, batches, epochs * (len(images["train"]) // batch))
        report(name, net, images["test"], labels["test"], folder)


SIZE, HIDDEN = 512, 1024
RATES = torch.linspace(-0.9, 0.9, 10)


def signals(count: int) -> tuple[Tensor, Tensor]:
    """Signals (count, 512) and the index of their r; stationary from the first sample."""
    y = torch.randint(0, 10, (count,))
    r, noise = RATES[y], torch.randn(SIZE, count)
    noise[1:] *= torch.sqrt(1 - r * r)
    for k in range(1, SIZE):
        noise[k].addcmul_(r, noise[k - 1])
    return noise.T.contiguous(), y


def signal_batches(count: int) -> Batches:
    while True:
        yield signals(count)


def sum_max_network(spread: float) -> tuple[nn.Module, SumMaxLinear]:
    """Configuration B of the paper, in eight-bit steps of 1/16: one sum-and-max layer of 1024, one dense layer."""
    grid = Uniform(8, narrow=True, scale=1 / 16, learned=False)
    hidden = SumMaxLinear(SIZE, HIDDEN, weights=grid, spread=spread)
    inputs = Uniform(8, narrow=True, scale=1 / 16, learned=False)
    return nn.Sequential(inputs, hidden, Norm(HIDDEN), Uniform(6), Linear(HIDDEN, 10, weights=few_bits(6))), hidden


def adjacent(taps: int) -> Tensor:
    """For output m the entries m/2, m/2 + 1, ...; those at the end begin earlier."""
    keep = torch.zeros(HIDDEN, SIZE, dtype=torch.bool)
    first = (torch.arange(HIDDEN) * SIZE // HIDDEN).clamp(max=SIZE - taps)
    return keep.scatter(1, first[:, None] + torch.arange(taps), True)


def correlation(folder: Path, taps: int, steps: int, batch: int, dense: bool) -> None:
    torch.manual_seed(SEED)
    net, hidden = sum_max_network(spread=1.0)
    if dense:
        fit(net, signal_batches(batch), steps, rate=0.008)
        rates = train.activation_rates(hidden, net[0](signals(20_000)[0]).detach())
        hidden.prune(rates, keep=2 * taps * HIDDEN)
        print(f"pruned to {hidden.kept} parameters: accuracy {held_out(net):.4f}", flush=True)
    else:
        hidden.keep_only(adjacent(taps), adjacent(taps))
    fit(net, signal_batches(batch), steps, rate=0.008)
    x, y = signals(20_000)
    print(f"{hidden.kept} parameters kept of {2 * SIZE * HIDDEN}")
    report(f"sum_max_{taps}", net, x, y, folder)


def held_out(net: nn.Module) -> float:
    x, y = signals(20_000)
    return float((scores(net.eval(), x).argmax(1) == y).double().mean())


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=("digits", "mnist", "correlation"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", help="networks; all of them if none is named")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--limit", type=int, help="so many images only")
    parser.add_argument("--taps", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--batch", type=int, help="128 images, or 256 signals")
    parser.add_argument("--dense", action="store_true")
    return parser.parse_args()


def main() -> None:
    torch.set_num_threads(1)
    asked = arguments()
    if asked.task == "digits":
        digits(asked.folder, asked.names)
    elif asked.task == "mnist":
        mnist(asked.folder, asked.names, asked.epochs, asked.batch or 128, asked.limit)
    else:
        correlation(asked.folder, asked.taps, asked.steps, asked.batch or 256, asked.dense)


if __name__ == "__main__":
    main()
