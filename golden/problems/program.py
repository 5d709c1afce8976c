"""Writes FP32 programs from SymPy expressions of network outputs and per-point constants."""

from collections.abc import Callable, Sequence

import sympy

from pinta_hw.spec.errors import UserError
from pinta_hw.spec.real import RealOperation, RealStep

from .pde import OPERATORS


class ProgramWriter:
    """Steps for one expression after another; equal subexpressions are computed once.

    Parameters
    ----------
    prefix : str
        Of the registers and constants that are made.
    planes : dict of symbol to str
        Registers that hold the network's outputs.
    """

    def __init__(self, prefix: str, planes: dict[sympy.Symbol, str]) -> None:
        self.steps: list[RealStep] = []
        self.constants: dict[str, sympy.Expr] = {}
        """Expressions of the coordinates, and numbers."""
        self._prefix = prefix
        self._planes = planes
        self._registers: dict[sympy.Expr, str] = dict(planes)

    def write(self, expression: sympy.Expr) -> str:
        """Register that holds the expression after the steps.

        Raises
        ------
        UserError
            For a function of an output that the FP32 lanes do not have.
        """
        if expression not in self._registers:
            self._registers[expression] = (
                self._compute(expression)
                if expression.free_symbols & self._planes.keys()
                else self._constant(expression)
            )
        return self._registers[expression]

    def multiply(self, a: str, b: str) -> str:
        """Register of a product of registers."""
        return self._step(RealOperation.MULTIPLY, a, b)

    def _compute(self, expression: sympy.Expr) -> str:
        if isinstance(expression, sympy.Add):
            return self._split(expression, sympy.Add, RealOperation.ADD, self._sum)
        if isinstance(expression, sympy.Mul):
            return self._split(expression, sympy.Mul, RealOperation.MULTIPLY, self._product)
        if isinstance(expression, sympy.Pow):
            return self._power(expression.base, expression.exp, expression)
        raise _unsupported(expression)

    def _split(
        self,
        expression: sympy.Expr,
        make: Callable[..., sympy.Expr],
        operation: RealOperation,
        rest: Callable[[Sequence[sympy.Expr]], str],
    ) -> str:
        """All constants among the arguments are one constant, which comes last."""
        changing = sorted((a for a in expression.args if self._varies(a)), key=sympy.default_sort_key)
        fixed = [a for a in expression.args if not self._varies(a)]
        if not fixed:
            return rest(changing)
        varying = self.write(make(*changing))
        return self._step(operation, varying, self.write(make(*fixed)))

    def _sum(self, terms: Sequence[sympy.Expr]) -> str:
        # A term that is added first saves a negation.
        first = next((index for index, term in enumerate(terms) if not _negated(term)), 0)
        ordered = [terms[first], *terms[:first], *terms[first + 1 :]]
        total = self.write(ordered[0])
        for term in ordered[1:]:
            if _negated(term):
                total = self._step(RealOperation.SUBTRACT, total, self.write(-term))
            else:
                total = self._step(RealOperation.ADD, total, self.write(term))
        return total

    def _product(self, factors: Sequence[sympy.Expr]) -> str:
        below = [f for f in factors if isinstance(f, sympy.Pow) and f.exp.is_number and f.exp.is_negative]
        above = [f for f in factors if f not in below]
        if not above:
            return self._power(sympy.Mul(*(1 / f for f in below)), sympy.Integer(-1), sympy.Mul(*factors))
        total = self.write(above[0])
        for factor in above[1:]:
            total = self.multiply(total, self.write(factor))
        return (
            self._step(RealOperation.DIVIDE, total, self.write(sympy.Mul(*(1 / f for f in below)))) if below else total
        )

    def _power(self, base: sympy.Expr, exponent: sympy.Expr, whole: sympy.Expr) -> str:
        if not exponent.is_Rational or exponent.q not in (1, 2):
            raise _unsupported(whole)
        if exponent < 0:
            return self._step(RealOperation.DIVIDE, self.write(sympy.Integer(1)), self.write(base**-exponent))
        if exponent.q == 2:
            root = self._step(RealOperation.SQUARE_ROOT, self.write(base))
            whole_part = base ** (exponent.p // 2)
            return root if exponent.p == 1 else self.multiply(self.write(whole_part), root)
        half = self.write(base ** (exponent // 2))
        square = self.multiply(half, half)
        return self.multiply(square, self.write(base)) if exponent % 2 else square

    def _varies(self, expression: sympy.Expr) -> bool:
        return not self._planes.keys().isdisjoint(expression.free_symbols)

    def _constant(self, expression: sympy.Expr) -> str:
        name = f"{self._prefix}_constant{len(self.constants)}"
        self.constants[name] = expression
        return name

    def _step(self, operation: RealOperation, *operands: str) -> str:
        name = f"{self._prefix}{len(self.steps)}"
        self.steps.append(RealStep(name, operation, operands))
        return name


def _negated(term: sympy.Expr) -> bool:
    return bool(term.as_coeff_Mul()[0] == -1)


def _unsupported(expression: sympy.Expr) -> UserError:
    text = str(expression.func.__name__ if isinstance(expression, sympy.Function) else expression)
    return UserError(f"residual: {text[:60]} is no supported operator here; allowed: {OPERATORS}")
