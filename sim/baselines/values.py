"""Rows of values through the network and, where nothing else rests on them, back."""

from .activation import activation_cost
from .linear import forward, reverse
from .network import Sizes
from .workload import Kernel, Product

Work = list[Product | Kernel]


def values(name: str, sizes: Sizes, rows: int, order: int, *, directional: bool = False, cut: bool = True) -> Work:
    """Forward through all layers, with the derivatives of the activation up to ``order`` at each element."""
    cost = activation_cost(sizes.activation, order)
    work: Work = []
    for index, layer in enumerate(sizes.layers):
        work += forward(f"{name}.layer{index}", layer, rows, directional=directional, cut=cut)
        elements = rows * layer.outputs
        last = index + 1 == len(sizes.layers)
        work.append(
            Kernel(
                f"{name}.activation{index}",
                "forward",
                elements,
                adds=elements * (1 if last else 1 + cost.adds),
                multiplies=0 if last else elements * cost.multiplies,
                functions=0 if last else elements * cost.functions,
                reads=layer.outputs,
                writes=elements * (1 if last else 1 + order),
                directional=directional,
            )
        )
    return work


def values_reverse(name: str, sizes: Sizes, rows: int, *, directional: bool = False, cut: bool = True) -> Work:
    """Back through rows of values that nothing else depends on: gradients of all weights and biases."""
    work: Work = []
    for index in reversed(range(len(sizes.layers))):
        layer = sizes.layers[index]
        work += reverse(f"{name}.layer{index}", layer, rows, directional=directional, inputs=index > 0, cut=cut)
        if index:
            elements = rows * layer.inputs
            # phi' times what came back, and the bias's sum
            work.append(
                Kernel(
                    f"{name}.activation{index - 1}.reverse",
                    "backward",
                    elements,
                    adds=elements,
                    multiplies=elements,
                    reads=elements,
                    writes=elements,
                    directional=directional,
                )
            )
    return work


def residual(sizes: Sizes, inputs: int) -> Kernel:
    """The residual, its square and its derivative: a few operations for each of its inputs at a point."""
    points = sizes.interior + sizes.boundary
    return Kernel("residual", "forward", points, adds=inputs * points, multiplies=3 * points, reads=inputs * points)
