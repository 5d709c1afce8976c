"""An arithmetic that records what it is asked instead of computing it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from pinta_hw.spec.accumulator import MAX_CONTRACTION
from pinta_hw.spec.digits import steps
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.experiment import Precision
from pinta_hw.spec.formats import BLOCK_SIDE
from pinta_hw.spec.isa.convert import Decode, Encode
from pinta_hw.spec.isa.elementwise import ActivationFunction, ElementwiseOperation
from pinta_hw.spec.isa.instruction import Operation, Unit
from pinta_hw.spec.isa.real import VECTOR_OPERATION_OF, Vector, VectorOperation
from pinta_hw.spec.real import RealProgram

from ..arithmetic import Arithmetic, Role
from ..arithmetic.smx import ELEMENTWISE_BITS
from ..real import Reals
from . import lanes
from .products import Product, RealTarget, layout, whole
from .reals import Addresses, runs, view_of
from .tape import Places, RealTable, Recorded, Tape, TensorTable, Use
from .tensors import Buffer, Plane, Tensor, contiguous, join, joinable, matched


class Recorder(Arithmetic[Tensor]):
    """Writes every operation to a tape.

    Tensors are `Tensor`, real numbers arrays of addresses (`golden.lowering.reals`). Arrays of floats that it is given
    come from outside: numbers that are the same everywhere become constants, all others tables.

    Parameters
    ----------
    precision : Precision
        Mantissa bits of each role.
    tape : Tape
        Where operations go.
    units : int
        Block units of the array.
    """

    dtype = np.float32

    def __init__(self, precision: Precision, tape: Tape, units: int) -> None:
        self.tape = tape
        self._units = units
        self._precision = precision
        self._bits = {
            role: ELEMENTWISE_BITS if role is Role.ELEMENTWISE else precision.bits_of(role.value) for role in Role
        }
        self._contracts: dict[int, tuple[Recorded, RealTarget]] = {}
        self._tables: set[Buffer | None] = set()
        """Whole tensors from outside."""

    def enter(self, phase: str, micro_batch: int) -> None:
        self.tape.phase, self.tape.micro_batch = phase, micro_batch

    def for_layer(self, index: int, layers: int) -> "Recorder":
        precision = self._precision.for_layer(index, layers)
        if precision is self._precision:
            return self
        own = Recorder(precision, self.tape, self._units)
        own._contracts, own._tables = self._contracts, self._tables
        return own

    def encode(self, values: npt.ArrayLike, role: Role) -> Tensor:
        given, bits = np.asarray(values), self._bits[role]
        rows, columns = given.shape
        if not rows:
            return Tensor((Plane(None, 0, 0),), columns, bits)
        if given.dtype.kind == "f":
            return self._outside(given, bits)
        result = self._new("encoded", rows, columns, bits)
        plane = result.planes[0]

        def build(places: Places) -> Operation:
            view = view_of(given)
            return Encode(replace(view, base=places.real(view.base)), layout(places, [plane]))

        name = f"encode {self._source(given)}"
        self.tape.add(Unit.CONVERT, name, self.tape.real_uses(given), [whole(plane)], build)
        return result

    def decode(self, tensor: Tensor) -> Reals:
        (plane,) = tensor.planes
        if plane.buffer is None:
            return np.zeros(tensor.shape, self.dtype if plane.rows else np.int64)
        assert tensor.columns == 1
        result = self.tape.reals.new("decoded", (plane.rows, 1))
        self.tape.add(
            Unit.CONVERT,
            f"decode {plane.buffer.name}",
            [whole(plane)],
            self.tape.real_uses(result),
            lambda places: Decode(layout(places, [plane]), plane.rows, places.real(int(result[0, 0]))),
        )
        return result

    def add_reals(self, total: Reals, value: Reals) -> Reals:
        if value.dtype.kind == "f":
            return total
        if total.dtype.kind == "f":
            return value
        buffer = self.tape.reals.whole(value)
        contract = self._contracts.pop(buffer.number, None) if buffer is not None else None
        if contract is not None and self.tape.reals.whole(total) is not None:
            # The product adds to the total instead of writing a buffer of its own, or adds it to what it writes.
            recorded, target = contract
            target.accumulate = True
            recorded.reads = (*recorded.reads, *self.tape.real_uses(total))
            if self._writes_longer(recorded):
                target.addend = total
                return value
            target.addresses = total
            recorded.writes = tuple(self.tape.real_uses(total))
        else:
            self._vector("add sums", VectorOperation.ADD, total, total, value)
        return total

    def _writes_longer(self, recorded: Recorded) -> bool:
        """Whether a sum in place would hold the array up: a tile takes longer to add than to multiply."""
        product = recorded.build
        assert isinstance(product, Product) and product.a_transposed
        a, b = product.a[0].buffer, product.b[0].buffer
        assert a is not None and b is not None
        block = min(len(steps(a.bits, b.bits)), len(steps(b.bits, a.bits)))
        multiply = block * sum(plane.row_blocks for plane in product.a)
        return multiply < 2 * BLOCK_SIDE * self._units

    def run_program(self, program: RealProgram, inputs: Mapping[str, Reals]) -> dict[str, Reals]:
        registers: dict[str, Addresses] = {}
        for name, given in inputs.items():
            from_outside = given.dtype.kind == "f" and given.size
            registers[name] = self._real_table(name, given) if from_outside else given
        for step in program:
            operands = [registers[name] for name in step.operands]
            shape = max((operand.shape for operand in operands), key=len)
            if 0 in shape:
                registers[step.result] = np.zeros(shape, np.int64)
                continue
            result = self.tape.reals.new(step.result, shape)
            self._vector(step.result, VECTOR_OPERATION_OF[step.operation], result, *operands)
            registers[step.result] = result
        return registers

    def sum_squares(self, values: Reals, scale: Reals) -> Reals:
        squares = self.tape.reals.new("squares", values.shape)
        done = 0
        for run in runs(values):
            self._vector("squares", VectorOperation.MULTIPLY, squares.reshape(-1)[done : done + len(run)], run, run)
            done += len(run)
        total = self.tape.reals.new("sum of squares", ())
        self._vector("sum of squares", VectorOperation.SUM, total, squares)
        loss = self.tape.reals.new("loss", ())
        self._vector("loss", VectorOperation.MULTIPLY, loss, total, self._real_table("loss scale", scale))
        return loss

    def shape(self, tensor: Tensor) -> tuple[int, int]:
        return tensor.shape

    def alike(self, a: Tensor, b: Tensor) -> bool:
        return a.bits == b.bits

    def stack(self, planes: Sequence[Tensor]) -> Tensor:
        assert len({(plane.bits, plane.columns) for plane in planes}) == 1
        stacked = Tensor(tuple(p for plane in planes for p in plane.planes), planes[0].columns, planes[0].bits)
        tables = all(plane.buffer in self._tables for plane in stacked.planes)
        if tables and not contiguous(list(stacked.planes)) and joinable(list(stacked.planes)):
            # They come together, and take part in one product.
            join("tables", list(stacked.planes))
        return stacked

    def split(self, stacked: Tensor, rows: Sequence[int]) -> list[Tensor]:
        if len(stacked.planes) == 1 and len(rows) > 1:
            zeros = Tensor(tuple(Plane(None, 0, count) for count in rows), stacked.columns, stacked.bits)
            return self.split(matched(stacked, zeros), rows)
        found, planes = [], list(stacked.planes)
        for count in rows:
            taken = [planes.pop(0)]
            while (rows_taken := Tensor(tuple(taken), stacked.columns, stacked.bits).shape[0]) != count:
                if rows_taken > count:
                    raise UserError(
                        f"contraction: over {stacked.shape[0]} rows at once; allowed: at most {MAX_CONTRACTION}, by a "
                        "smaller training.micro_batch or estimator.chunk"
                    )
                taken.append(planes.pop(0))
            found.append(Tensor(tuple(taken), stacked.columns, stacked.bits))
        assert not any(plane.rows for plane in planes)
        return found

    def gemm(
        self,
        name: str,
        a: Tensor,
        b: Tensor,
        role: Role,
        *,
        a_transposed: bool = False,
        b_transposed: bool = False,
    ) -> Tensor:
        assert not a_transposed
        columns = b.shape[0] if b_transposed else b.columns
        result = Buffer(name, sum(plane.row_blocks for plane in a.planes if plane.buffer), columns, self._bits[role])
        planes, block = [], 0
        for plane in a.planes:
            planes.append(Plane(result, block, plane.rows) if plane.buffer else plane)
            block += plane.row_blocks if plane.buffer else 0
        pairs = [(source, target) for source, target in zip(a.planes, planes, strict=True) if source.buffer]
        for run in _runs(pairs):
            sources, targets = [source for source, _ in run], [target for _, target in run]
            self._product(name, sources, list(b.planes), targets, False, b_transposed)
        return Tensor(tuple(planes), columns, self._bits[role])

    def contract(
        self, name: str, a: Tensor, b: Tensor, *, a_transposed: bool = False, b_transposed: bool = False
    ) -> Reals:
        rows = a.columns if a_transposed else a.shape[0]
        columns = b.shape[0] if b_transposed else b.columns
        a_planes, b_planes = list(a.planes), list(b.planes)
        if a_transposed:
            # Zeros take no part in a contraction over the rows.
            alike = matched(a, b).planes, matched(b, a).planes
            pairs = [(x, y) for x, y in zip(*alike, strict=True) if x.buffer and y.buffer]
            if not pairs:
                return np.zeros((rows, columns), self.dtype)
            if not all(joinable(list(planes)) for planes in zip(*pairs, strict=True)):
                # They are a part of what was computed in one piece, so they do: written out.
                pairs = [
                    (x if x.buffer else self._zeros(x, a), y if y.buffer else self._zeros(y, b))
                    for x, y in zip(*alike, strict=True)
                    if x.buffer or y.buffer
                ]
            a_planes, b_planes = [x for x, _ in pairs], [y for _, y in pairs]
            if a_planes[0].is_constant:
                a_planes = [self._materialized(a_planes, a)]
        result = self.tape.reals.new(name, (rows, columns))
        target = RealTarget(result)
        recorded = self._product(name, a_planes, b_planes, target, a_transposed, b_transposed)
        buffer = self.tape.reals.whole(result)
        assert buffer is not None
        self._contracts[buffer.number] = recorded, target
        return result

    def add_row(self, a: Tensor, row: Tensor, role: Role) -> Tensor:
        return self._elementwise(ElementwiseOperation.ADD_ROW, role, a=a, c=row)

    def add(self, a: Tensor, b: Tensor, role: Role) -> Tensor:
        return self._elementwise(ElementwiseOperation.ADD, role, a=a, c=b)

    def multiply(self, a: Tensor, b: Tensor, role: Role, *, doubled: bool = False) -> Tensor:
        return self._elementwise(ElementwiseOperation.MULTIPLY, role, a=a, b=b, doubled=doubled)

    def multiply_add(self, a: Tensor, b: Tensor, c: Tensor, role: Role) -> Tensor:
        return self._elementwise(ElementwiseOperation.MULTIPLY_ADD, role, a=a, b=b, c=c)

    def dot2(self, a: Tensor, b: Tensor, c: Tensor, d: Tensor, role: Role) -> Tensor:
        return self._elementwise(ElementwiseOperation.DOT2, role, a=a, b=b, c=c, d=d)

    def sum_parts(self, a: Tensor, b: Tensor, rows: Sequence[int], role: Role) -> Tensor:
        if not any(rows):  # a micro-batch of boundary points only
            return Tensor((Plane(None, 0, 0),), a.columns, self._bits[role])
        like = max((a, b), key=lambda tensor: len(tensor.planes))
        assert [plane.rows for plane in like.planes] == list(rows)
        return lanes.record_sum(self.tape, matched(a, like), matched(b, like), self._bits[role])

    def activate(self, function: str, order: int, y: Tensor, role: Role) -> Tensor:
        known = ActivationFunction[function.upper()]
        return self._elementwise(ElementwiseOperation.TABLE, role, a=y, function=known, order=order)

    def _elementwise(self, operation: ElementwiseOperation, role: Role, **operands: Any) -> Tensor:
        return lanes.record(self.tape, operation, self._bits[role], **operands)

    def _new(self, name: str, rows: int, columns: int, bits: int) -> Tensor:
        plane = Plane(None, 0, rows)
        return Tensor((replace(plane, buffer=Buffer(name, plane.row_blocks, columns, bits)),), columns, bits)

    def _outside(self, values: npt.NDArray[np.floating], bits: int) -> Tensor:
        rows, columns = values.shape
        first = float(values.flat[0])
        if (values == first).all():
            if first == 0:
                return Tensor((Plane(None, 0, rows),), columns, bits)
            constant = self.tape.constants.setdefault((first, bits), Buffer(f"constant {first:g}", 1, 1, bits, first))
            return Tensor((Plane(constant, 0, rows),), columns, bits)
        table = self._new("table", rows, columns, bits)
        buffer = table.planes[0].buffer
        assert buffer is not None
        self.tape.tensor_tables.append(TensorTable(buffer, np.array(values, np.float64)))
        self._tables.add(buffer)
        return table

    def _real_table(self, name: str, values: Reals) -> Addresses:
        addresses = self.tape.reals.new(name, values.shape)
        buffer, _ = self.tape.reals.buffer_of(int(addresses.flat[0]))
        self.tape.real_tables.append(RealTable(buffer, np.array(values, np.float32)))
        return addresses

    def _zeros(self, plane: Plane, tensor: Tensor) -> Plane:
        """Rows of zeros as a table."""
        made = self._new("zeros", plane.rows, tensor.columns, tensor.bits).planes[0]
        assert made.buffer is not None
        self.tape.tensor_tables.append(TensorTable(made.buffer, np.zeros((plane.rows, tensor.columns))))
        return made

    def _materialized(self, planes: list[Plane], tensor: Tensor) -> Plane:
        """A constant as a table, because products take no constants; rows of padding have it too."""
        constant = planes[0].buffer
        assert constant is not None and constant.value is not None
        rows = 4 * sum(plane.row_blocks for plane in planes)
        key = constant.value, rows, tensor.columns, tensor.bits
        if key not in self.tape.constant_tables:
            made = self._new(f"rows of {constant.value:g}", rows, tensor.columns, tensor.bits).planes[0]
            assert made.buffer is not None
            self.tape.constant_tables[key] = made
            values = np.full((rows, tensor.columns), constant.value)
            self.tape.tensor_tables.append(TensorTable(made.buffer, values))
        return self.tape.constant_tables[key]

    def _product(
        self,
        name: str,
        a: list[Plane],
        b: list[Plane],
        result: "list[Plane] | RealTarget",
        a_transposed: bool,
        b_transposed: bool,
    ) -> Recorded:
        for operand in (a, b):
            if not contiguous(operand):
                join(f"{name} rows", operand)
        writes: list[Use]
        if isinstance(result, list):
            writes = [whole(plane) for plane in result]
        else:
            writes = self.tape.real_uses(result.addresses)

        target = tuple(result) if isinstance(result, list) else result
        build = Product(tuple(a), tuple(b), target, a_transposed, b_transposed)
        return self.tape.add(Unit.GEMM, name, [whole(plane) for plane in [*a, *b]], writes, build)

    def _vector(
        self, name: str, operation: VectorOperation, result: Addresses, a: Addresses, b: Addresses | None = None
    ) -> None:
        second = a if b is None else b
        length = a.size if operation is VectorOperation.SUM else result.size
        for operand in (result, a, second):
            assert len(runs(operand)) == 1, f"{name}: operands in one piece"

        def build(places: Places) -> Operation:
            to, left, right = (places.real(int(x.reshape(-1)[0])) for x in (result, a, second))
            return Vector(operation, to, left, right, length, a.size < length, second.size < length)

        reads = [use for operand in (a, second) for use in self.tape.real_uses(operand)]
        self.tape.add(Unit.RESIDUAL, name, reads, self.tape.real_uses(result), build)

    def _source(self, addresses: Addresses) -> str:
        return self.tape.reals.buffer_of(int(addresses.flat[0]))[0].name


def _runs(pairs: list[tuple[Plane, Plane]]) -> list[list[tuple[Plane, Plane]]]:
    """Cut where the sources stop lying below each other."""
    found: list[list[tuple[Plane, Plane]]] = []
    for pair in pairs:
        if found and contiguous([found[-1][-1][0], pair[0]]):
            found[-1].append(pair)
        else:
            found.append([pair])
    return found
