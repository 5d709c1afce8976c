"""Records elementwise operations: planes with zeros and constants become the operation that is left of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pinta_hw.spec.formats import BLOCK_SIDE, blocks
from pinta_hw.spec.isa.elementwise import Elementwise, ElementwiseOperation, Walk
from pinta_hw.spec.isa.instruction import Operation, Unit

from .tape import Places, Tape
from .tensors import Buffer, Plane, Region, Tensor, join, matched

_ONE = 1.0


@dataclass(frozen=True)
class _PlaneOperation:
    """What is left of an operation on one plane, or, where ``kind`` is None, zeros."""

    kind: ElementwiseOperation | None
    operands: Mapping[str, Plane]


def record(tape: Tape, operation: ElementwiseOperation, bits: int, **given: Any) -> Tensor:
    """An operation lane by lane; operands are tensors ``a`` to ``d``, everything else goes to the instruction."""
    operands = {name: value for name, value in given.items() if isinstance(value, Tensor)}
    settings = {name: value for name, value in given.items() if name not in operands}
    if operation is not ElementwiseOperation.ADD_ROW:
        like = max(operands.values(), key=lambda tensor: len(tensor.planes))
        operands = {name: matched(tensor, like) for name, tensor in operands.items()}
    a = operands["a"]
    reduced = []
    for index, _ in enumerate(a.planes):
        by_row = operation is ElementwiseOperation.ADD_ROW
        own = {n: t.planes[0 if by_row and n == "c" else index] for n, t in operands.items()}
        reduced.append(_reduce(tape, operation, own))
    name = operation.name.lower()
    if "function" in settings:
        name = f"{settings['function'].name.lower()} {settings['order']}"
    total = sum(plane.row_blocks for plane, left in zip(a.planes, reduced, strict=True) if left.kind is not None)
    result, block = Buffer(name, total, a.columns, bits), 0
    planes = []
    for plane, left in zip(a.planes, reduced, strict=True):
        planes.append(Plane(result if left.kind is not None else None, block, plane.rows))
        block += plane.row_blocks if left.kind is not None else 0
    work = [(left, target) for left, target in zip(reduced, planes, strict=True) if left.kind is not None]
    for run in _regular_runs(work):
        _add(tape, name, run, a.columns, settings)
    return Tensor(tuple(planes), a.columns, bits)


def record_sum(tape: Tape, a: Tensor, b: Tensor, bits: int) -> Tensor:
    """The sum of ``a b`` over the planes.

    Raises
    ------
    AssertionError
        If the planes of an operand are several constants: an instruction takes one.
    """
    pairs = [(x, y) for x, y in zip(a.planes, b.planes, strict=True) if x.buffer and y.buffer]
    rows = a.planes[0].rows
    if not pairs:
        return Tensor((Plane(None, 0, rows),), a.columns, bits)
    result = Plane(Buffer("sum over parts", blocks(rows), a.columns, bits), 0, rows)
    for index in range(2):
        planes = [pair[index] for pair in pairs]
        if not _equally_spaced(planes):
            join("parts of a sum", planes)
    run = [
        (_PlaneOperation(ElementwiseOperation.SUM_PARTS, _constant_last({"a": x, "b": y})), result) for x, y in pairs
    ]
    _add(tape, "sum over parts", run, a.columns, {})
    return Tensor((result,), a.columns, bits)


def _reduce(tape: Tape, operation: ElementwiseOperation, planes: Mapping[str, Plane]) -> _PlaneOperation:
    """Leave out zeros, and put a constant where the instruction takes one."""
    kinds = ElementwiseOperation
    zero = {name for name, plane in planes.items() if plane.buffer is None}
    if planes["a"].rows == 0:
        return _PlaneOperation(None, {})
    if operation in (kinds.TABLE, kinds.ADD_ROW):
        assert not zero, f"{operation.name} of zeros"
        return _PlaneOperation(operation, planes)
    products = [pair for pair in (("a", "b"), ("c", "d")) if set(pair) <= planes.keys() and not zero & set(pair)]
    addends = [name for name in ("a", "c") if name in planes and name not in zero and not _is_factor(operation, name)]
    left = [_constant_last({"a": planes[x], "b": planes[y]}) for x, y in products]
    if not left and not addends:
        return _PlaneOperation(None, {})
    if len(left) == 2:
        return _PlaneOperation(kinds.DOT2, {**left[0], "c": left[1]["a"], "d": left[1]["b"]})
    if left and addends:
        return _PlaneOperation(kinds.MULTIPLY_ADD, {**left[0], "c": planes[addends[0]]})
    if left:
        return _PlaneOperation(kinds.MULTIPLY, left[0])
    if len(addends) == 2:
        return _PlaneOperation(kinds.ADD, {"a": planes["a"], "c": planes["c"]})
    # A copy, which rounds where the precisions differ.
    one = tape.constants.setdefault((_ONE, 16), Buffer("constant 1", 1, 1, 16, _ONE))
    return _PlaneOperation(kinds.MULTIPLY, {"a": planes[addends[0]], "b": Plane(one, 0, planes[addends[0]].rows)})


def _is_factor(operation: ElementwiseOperation, name: str) -> bool:
    kinds = ElementwiseOperation
    return operation is not kinds.ADD and (name == "a" or operation is kinds.DOT2)


def _constant_last(factors: Mapping[str, Plane]) -> dict[str, Plane]:
    a, b = factors["a"], factors["b"]
    return {"a": b, "b": a} if a.is_constant else {"a": a, "b": b}


_Work = list[tuple[_PlaneOperation, Plane]]


def _regular_runs(work: _Work) -> list[_Work]:
    """Cut where the planes of an operand stop being equally spaced."""
    found: list[_Work] = []
    for item in work:
        if found and _regular([*found[-1], item]):
            found[-1].append(item)
        else:
            found.append([item])
    return found


def _regular(run: _Work) -> bool:
    first = run[0][0]
    if any(own.kind is not first.kind or own.operands.keys() != first.operands.keys() for own, _ in run):
        return False
    if len({target.rows for _, target in run}) > 1:
        return False
    return all(_equally_spaced([own.operands[name] for own, _ in run]) for name in first.operands)


def _equally_spaced(planes: list[Plane]) -> bool:
    places = [_place(plane) for plane in planes]
    steps = {(after[0] is before[0], after[1] - before[1]) for before, after in zip(places, places[1:], strict=False)}
    return not steps or (len(steps) == 1 and next(iter(steps))[0])


def _place(plane: Plane) -> tuple[Buffer, int]:
    assert plane.buffer is not None
    root, offset = plane.buffer.root
    return root, 0 if root.value is not None else offset + plane.block


def _add(tape: Tape, name: str, run: _Work, columns: int, settings: Mapping[str, Any]) -> None:
    own, target = run[0]
    kind = own.kind
    assert kind is not None
    rows, parts = target.rows, len(run)
    operands = {letter: [each.operands[letter] for each, _ in run] for letter in own.operands}
    squared = kind is not ElementwiseOperation.DOT2 and "b" in operands and operands["a"] == operands["b"]
    repeated = "b" in operands and operands["b"][0].is_constant
    for letter, planes in operands.items():
        assert letter == "b" or not planes[0].is_constant, f"{name}: a constant as {letter}"
    row_blocks, column_blocks = blocks(rows), blocks(columns)

    def build(places: Places) -> Operation:
        # Beats run along the longer side; a bias repeats its one block row.
        inner_is_rows = row_blocks > column_blocks and kind is not ElementwiseOperation.ADD_ROW

        def walk(planes: list[Plane], *, repeats_row: bool = False) -> Walk:
            first = planes[0]
            assert first.buffer is not None
            layout = places.rows(first.buffer, first.block, first.row_blocks)
            start, step = _place(first)[1], _place(planes[1])[1] if parts > 1 and len(planes) > 1 else 0
            by_row = 0 if repeats_row else layout.row_stride
            part = (step - start) * layout.row_stride if len(planes) > 1 else 0
            outer, inner = (layout.column_stride, by_row) if inner_is_rows else (by_row, layout.column_stride)
            return Walk(layout.base, layout.bits, part, outer, inner, layout.plane_stride)

        walks: dict[str, Any] = {
            letter: walk(planes, repeats_row=kind is ElementwiseOperation.ADD_ROW and letter == "c")
            for letter, planes in operands.items()
            if not (letter == "b" and squared)
        }
        outer_blocks, inner_blocks = (column_blocks, row_blocks) if inner_is_rows else (row_blocks, column_blocks)
        return Elementwise(
            kind,
            result=walk([target for _, target in run]),
            parts=parts,
            outer_blocks=outer_blocks,
            inner_blocks=inner_blocks,
            inner_is_rows=inner_is_rows,
            last_row=(rows - 1) % BLOCK_SIDE,
            last_column=(columns - 1) % BLOCK_SIDE,
            squared=squared,
            repeated=repeated,
            **walks,
            **settings,
        )

    reads = [Region(p.buffer, p.block, p.row_blocks) for planes in operands.values() for p in planes if p.buffer]
    targets = {id(t): t for _, t in run}.values()
    writes = [Region(t.buffer, t.block, t.row_blocks) for t in targets if t.buffer]
    tape.add(Unit.ELEMENTWISE, name, list(dict.fromkeys(reads)), list(writes), build)
