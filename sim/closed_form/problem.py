"""What a problem asks of a step, as data: the golden problem says it."""

from dataclasses import dataclass

from pinta_hw.spec.real import RealProgram


@dataclass(frozen=True)
class ProblemShape:
    """Sizes of a problem.

    Parameters
    ----------
    dimensions, space : int
        Coordinates, and those of space among them.
    outputs : frozenset of str
        What the residual takes of the network: of ``base``, ``direction``, ``time``, ``laplacian``, ``boundary``.
    program : RealProgram
        The residual of a point and its derivatives.
    gradients : frozenset of str
        Output planes whose gradients the program computes.
    conditions : int
        Soft conditions, each with boundary points of its own.
    interior, boundary : frozenset of str
        Constants of the program that differ from point to point; all others are the same everywhere.
    """

    dimensions: int
    space: int
    outputs: frozenset[str]
    program: RealProgram
    gradients: frozenset[str]
    conditions: int
    interior: frozenset[str]
    boundary: frozenset[str]

    def __hash__(self) -> int:
        """Programs are long, and those of one size rarely differ."""
        return hash((self.dimensions, self.space, self.conditions, len(self.program)))
