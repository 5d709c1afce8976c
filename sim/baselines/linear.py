"""Products of the linear layers, forward and in reverse, as dense weights or as tensor trains."""

from .network import Layer, contraction_macs, middle_rank
from .workload import Batch, Product

Products = list[Product]


def forward(
    name: str, layer: Layer, rows: int, *, directional: bool = False, transposed: bool = False, cut: bool = True
) -> Products:
    """``rows`` rows through a layer, or back through its transpose; ``cut`` says whether chunks may cut them.

    With a tensor train they go through one factor, then through the other.
    """
    batch: Batch = "rows" if cut else "none"
    inputs, outputs = (layer.outputs, layer.inputs) if transposed else (layer.inputs, layer.outputs)
    if layer.train is None:
        return [Product(name, "forward", rows, inputs, outputs, batch, directional)]
    rank = middle_rank(layer.train)
    return [
        Product(f"{name}.intermediate", "forward", rows, inputs, rank, batch, directional, stored=True),
        Product(name, "forward", rows, rank, outputs, batch, directional),
    ]


def reverse(
    name: str, layer: Layer, rows: int, *, directional: bool = False, inputs: bool = True, cut: bool = True
) -> Products:
    """The reverse of `forward`, either way: gradients of its weights and, where wanted, of its rows.

    Both directions through a layer have the same products in reverse, with operands exchanged.
    """
    k, n = layer.inputs, layer.outputs
    batch: Batch = "rows" if cut else "none"
    summed: Batch = "inner" if cut else "none"
    if layer.train is None:
        found = [Product(f"{name}.weight", "backward", k, rows, n, summed, directional, stored=True)]
        if inputs:
            found.append(Product(f"{name}.rows", "backward", rows, n, k, batch, directional))
        return found
    rank = middle_rank(layer.train)
    found = [
        Product(f"{name}.intermediate_rows", "backward", rows, n, rank, batch, directional, stored=True),
        Product(f"{name}.output_factor", "backward", n, rows, rank, summed, directional, stored=True),
        Product(f"{name}.input_factor", "backward", rank, rows, k, summed, directional, stored=True),
    ]
    if inputs:
        found.append(Product(f"{name}.rows", "backward", rows, rank, k, batch, directional))
    return found


def factors(layers: tuple[Layer, ...]) -> tuple[Products, Products]:
    """Products between the cores of all trains, once a step: the factors, and the cores' gradients (twice as many).

    They are small; a product of the same count of multiply-adds stands for each side's chain.
    """
    before, after = [], []
    for index, layer in enumerate(layers):
        if layer.train is not None:
            macs, rank = contraction_macs(layer.train), middle_rank(layer.train)
            rows = -(-macs // rank**2)
            before.append(Product(f"layer{index}.factors", "forward", rows, rank, rank, "none", stored=True))
            for what in ("cores", "products"):
                after.append(Product(f"layer{index}.{what}", "backward", rows, rank, rank, "none", stored=True))
    return before, after
