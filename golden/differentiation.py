"""One micro-batch through a network: values, derivatives, and the way back to the parameters.

Rows go through the layers in *passes*: the values (base and boundary), the directions of an estimator chunk by chunk,
and the Laplacian's row where the estimator has one. The forward pass keeps the values' rows, the Laplacian's row and
the sums of squares. The backward pass takes the Laplacian's row first, then each chunk, whose rows it computes
again, and the values last, with what the directions add to their gradients; so memory grows with the points and
with a chunk, not with all directions. (The rows of an only chunk are kept: they would come out the same.)

Sums over several chunks: each chunk's sum is rounded to SMX-16 and added to the one before, in ascending order; outputs
are added in FP32. Weights' gradients are contracted over all passes of a micro-batch together, but where there are
several chunks, each on its own (`golden.row_sums`). That is all that the size of a chunk changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from .arithmetic import Arithmetic, Role
from .estimators import laplacian_row
from .estimators.chunk import Chunk, chunks
from .estimators.directions import Frame
from .estimators.reduction import Reduction
from .layers import Parameters, Planes
from .network import Network
from .real import Reals
from .row_sums import RowSums
from .slopes import Slopes

T = TypeVar("T")


@dataclass(frozen=True)
class _Kept(Generic[T]):
    """Of one layer in one pass: inputs, outputs, and what the layer adds."""

    x: Planes[T]
    y: Planes[T]
    inner: Any


class Differentiation(Generic[T]):
    """The forward pass, done at construction, and the backward pass.

    Parameters
    ----------
    network : Network
        Its estimator and outputs say what is computed.
    arithmetic : Arithmetic
        What it is computed in.
    tensors : list
        `Network.encode`'s.
    interior, boundary : float64 arrays, shapes (N, coordinates) and (B, coordinates)
        Points.
    frame : Frame
        Directions at the interior points.

    Attributes
    ----------
    outputs : dict of arrays, shapes (N, 1) and (B, 1)
        ``base``, ``direction<v>``, ``time``, ``laplacian`` and ``boundary``, as far as the network's outputs have them.
    """

    def __init__(
        self,
        network: Network,
        arithmetic: Arithmetic[T],
        tensors: list[Any],
        interior: npt.NDArray[np.float64],
        boundary: npt.NDArray[np.float64],
        frame: Frame,
    ) -> None:
        self._network = network
        self._arithmetic = arithmetic
        self._tensors = tensors
        self._interior = interior
        self._estimator = network.estimator
        self._wanted = network.outputs
        self._hidden = len(network.layers) - 1
        self._last = network.at(arithmetic, self._hidden)
        self._chunks = list(chunks(frame, interior.shape[1], self._wanted, self._estimator.chunk))
        self._laplacian_row = self._estimator.laplacian_row and "laplacian" in self._wanted
        self.outputs: dict[str, Reals] = {}

        self._values = self._forward_values(boundary)
        self._slopes = [Slopes(arithmetic, network.activation, kept.y["base"]) for kept in self._values[: self._hidden]]
        self._reduced = self._names_of_reduced()
        self._squares: list[T | None] = [None] * self._hidden
        self._only: list[_Kept[T]] | None = None
        for chunk in self._chunks:
            kept = self._forward_chunk(chunk, self._squares if self._laplacian_row else None)
            if self._reduced:
                self._add_outputs(chunk, kept[-1].y)
            self._only = kept if len(self._chunks) == 1 else None
        if self._laplacian_row:
            self._laplacian = self._forward_laplacian()
            self.outputs["laplacian"] = self._last.decode(self._laplacian[-1].y["laplacian"])

    def backward(self, gradients: Mapping[str, Reals], sums: Parameters) -> None:
        """From gradients of the outputs, adds this micro-batch's to the ``sums`` for `Network.collect`.

        Gradients that are absent are zero.
        """
        self._rows = RowSums(self._arithmetic, sums)
        # Read again: memory holds the derivatives of one layer at a time.
        self._slopes = [Slopes(slopes.arithmetic, slopes.function, slopes.y) for slopes in self._slopes]
        last = self._last
        bends: list[T | None] = [None] * self._hidden
        terms: list[list[tuple[T, T]]] = [[] for _ in range(self._hidden)]
        if self._laplacian_row and "laplacian" in gradients:
            self._backward_laplacian(gradients["laplacian"], bends, terms)
        to_base: list[list[T]] = [[] for _ in range(self._hidden)]
        base: T | None = None
        for chunk in self._chunks:
            if len(self._chunks) > 1:
                self._rows.contract()
            part = self._backward_chunk(chunk, gradients, bends, to_base)
            base = part if base is None or part is None else self._add(base, part)
        for own, slopes, of_directions in zip(terms, self._slopes, to_base, strict=True):
            if of_directions:
                own += self._estimator.base_terms(slopes, of_directions)
        g: Planes[T] = {
            plane: last.encode(gradients[plane], Role.GRADIENT)
            for plane in ("base", "boundary")
            if plane in gradients and plane in self._wanted
        }
        if base is not None:
            own_part = g["base"] if "base" in g else last.encode(np.zeros((len(self._interior), 1)), Role.GRADIENT)
            g["base"] = last.add(own_part, base, Role.GRADIENT)
        self._backward_values(g, terms)
        self._rows.contract()

    def _names_of_reduced(self) -> list[str]:
        names = list(self._chunks[0].first) if self._chunks else []
        if "laplacian" in self._wanted and not self._laplacian_row:
            names.append("laplacian")
        return names

    def _forward_values(self, boundary: npt.NDArray[np.float64]) -> list[_Kept[T]]:
        network, wanted = self._network, self._wanted
        points = {"base": self._interior} | ({"boundary": boundary} if "boundary" in wanted else {})
        first = network.at(self._arithmetic, 0)
        x = {plane: first.encode(values, Role.INPUT) for plane, values in points.items()}
        kept: list[_Kept[T]] = []
        for i in range(self._hidden):
            y = self._forward_layer(i, x, kept)
            above = network.at(self._arithmetic, i + 1)
            x = {plane: above.activate(network.activation, 0, value, Role.ACTIVATION) for plane, value in y.items()}
        x = {p: value for p, value in x.items() if p in wanted or (p == "base" and self._estimator.needs_value)}
        if x:
            y = self._forward_layer(self._hidden, x, kept)
            self.outputs |= {plane: self._last.decode(y[plane]) for plane in y if plane in wanted}
        return kept

    def _forward_layer(self, index: int, x: Planes[T], kept: list[_Kept[T]]) -> Planes[T]:
        own = self._network.at(self._arithmetic, index)
        y, inner = self._network.layers[index].forward(own, self._tensors[index], x)
        kept.append(_Kept(x, y, inner))
        return y

    def _forward_chunk(self, chunk: Chunk, squares: list[T | None] | None) -> list[_Kept[T]]:
        """Rows of a chunk; their squares are added to ``squares``."""
        x = self._estimator.rows(self._network.at(self._arithmetic, 0), self._interior, chunk)
        kept: list[_Kept[T]] = []
        for i, slopes in enumerate(self._slopes):
            y = self._forward_layer(i, x, kept)
            if squares is not None:
                part, before = self._estimator.squares(slopes, y, chunk), squares[i]
                squares[i] = before if part is None else part if before is None else self._add(before, part)
            x = self._estimator.activate(self._network.at(self._arithmetic, i + 1), slopes, y, chunk)
        if self._reduced:
            self._forward_layer(self._hidden, x, kept)
        return kept

    def _add_outputs(self, chunk: Chunk, y: Planes[T]) -> None:
        base = self._values[-1].y["base"] if self._estimator.needs_value else None
        differences = self._estimator.differences(self._last, base, y, chunk)
        for name, value in zip(self._reduced, self._reduction(chunk).forward(differences), strict=True):
            self.outputs[name] = self._add_reals(self.outputs.get(name), value)

    def _reduction(self, chunk: Chunk) -> Reduction[T]:
        weights = self._estimator.weights(chunk, self._reduced)
        return Reduction(self._last, weights, len(self._interior))

    def _forward_laplacian(self) -> list[_Kept[T]]:
        """The Laplacian's row; it is zero before the first activation, so it enters the second layer first."""
        y = {"laplacian": self._slopes[0].constant(0.0)}
        kept: list[_Kept[T]] = [_Kept({}, y, None)]
        for i, slopes in enumerate(self._slopes):
            above = self._network.at(self._arithmetic, i + 1)
            squares = self._squares[i]
            assert squares is not None
            x = {"laplacian": laplacian_row.activate(above, slopes, kept[-1].y["laplacian"], squares)}
            self._forward_layer(i + 1, x, kept)
        return kept

    def _backward_laplacian(self, gradient: Reals, bends: list[T | None], terms: list[list[tuple[T, T]]]) -> None:
        g = {"laplacian": self._last.encode(gradient, Role.GRADIENT)}
        for i in reversed(range(self._hidden)):
            after = self._backward_layer(i + 1, self._laplacian[i + 1], g, inputs=True)
            below = self._network.at(self._arithmetic, i)
            squares = self._squares[i]
            assert squares is not None
            s = self._laplacian[i].y["laplacian"]
            g["laplacian"], bends[i], term = laplacian_row.activate_backward(
                below, self._slopes[i], s, squares, after["laplacian"]
            )
            terms[i].append(term)

    def _backward_chunk(
        self, chunk: Chunk, gradients: Mapping[str, Reals], bends: list[T | None], to_base: list[list[T]]
    ) -> T | None:
        """Adds to the sums and to ``to_base``; the gradient of the base's output, if the estimator takes that."""
        kept = self._only if self._only is not None else self._forward_chunk(chunk, None)
        base = None
        if self._reduced:
            points = len(self._interior)
            zero = np.zeros((points, 1), self._arithmetic.dtype)
            g = self._reduction(chunk).backward([gradients.get(name, zero) for name in self._reduced])
            g, base = self._estimator.differences_backward(self._last, g, chunk, points)
            after = self._backward_layer(self._hidden, kept[-1], g, inputs=True)
        else:
            after = {plane: self._zero(y) for plane, y in kept[-1].y.items()}
        for i in reversed(range(self._hidden)):
            below = self._network.at(self._arithmetic, i)
            g, sums = self._estimator.activate_backward(below, self._slopes[i], kept[i].y, after, chunk, bends[i])
            to_base[i] = [self._add(a, b) for a, b in zip(to_base[i], sums, strict=True)] if to_base[i] else sums
            after = self._backward_layer(i, kept[i], g, inputs=i > 0)
        return base

    def _backward_values(self, g: Planes[T], terms: list[list[tuple[T, T]]]) -> None:
        after: Planes[T] = {}
        if g:
            after = self._backward_layer(self._hidden, self._values[-1], g, inputs=True)
        for i in reversed(range(self._hidden)):
            self._rows.contract(self._network.layers[i + 1].name)
            below = self._network.at(self._arithmetic, i)
            slopes, y = self._slopes[i], self._values[i].y
            g = {}
            pairs = ([(slopes(1), after["base"])] if "base" in after else []) + terms[i]
            if pairs:
                g["base"] = below.sum_products(pairs, Role.GRADIENT)
            if "boundary" in after:
                slope = self._arithmetic.activate(slopes.function, 1, y["boundary"], Role.ELEMENTWISE)
                g["boundary"] = below.multiply(slope, after["boundary"], Role.GRADIENT)
            after = self._backward_layer(i, self._values[i], g, inputs=i > 0) if g else {}

    def _backward_layer(self, index: int, kept: _Kept[T], g: Planes[T], *, inputs: bool) -> Planes[T]:
        own = self._network.at(self._arithmetic, index)
        layer = self._network.layers[index]
        pairs, after = layer.backward(own, self._tensors[index], kept.x, kept.inner, g, inputs=inputs)
        self._rows.add(pairs)
        return after

    def _add(self, a: T, b: T) -> T:
        return self._arithmetic.add(a, b, Role.ELEMENTWISE)

    def _add_reals(self, total: Reals | None, value: Reals) -> Reals:
        return value if total is None else self._arithmetic.add_reals(total, value)

    def _zero(self, like: T) -> T:
        return self._arithmetic.encode(np.zeros(self._arithmetic.shape(like)), Role.ELEMENTWISE)
