"""One experiment: problem, network, estimator, precisions, training and accelerator.

Every command takes the same YAML file; `load_experiment` reads it. The names that the file may use are listed
here, what they mean is in the golden models. A new problem or estimator is a new member of the union of its
kind, told apart by ``name``.
"""

import hashlib
import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from . import yaml_file
from .errors import UserError
from .presets import load_config
from .tensor_train import TensorTrain

SmxBits = Literal[4, 8, 12, 16]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


_Weight = Annotated[float, Field(gt=0)]


class Poisson2d(_Section):
    """2-D Poisson on the unit square with soft Dirichlet conditions.

    ``poisson2d`` is the benchmark of He et al. (2023). No trivial predictor approaches the solutions of the others.
    """

    name: Literal["poisson2d", "poisson2d-sine", "poisson2d-multifrequency"]
    boundary_weight: _Weight = 300.0
    """Weight of the boundary loss; the residual's is 1."""


class Heat100d(_Section):
    """100-D heat equation in the unit ball with soft conditions at time 0 and on the sphere.

    ``heat100d`` is the benchmark of He et al. (2023); ``heat100d-wave`` oscillates.
    """

    name: Literal["heat100d", "heat100d-wave"]
    initial_weight: _Weight = 1000.0
    boundary_weight: _Weight = 1000.0


class Hjb20d(_Section):
    """20-D Hamilton-Jacobi-Bellman equation on the unit cube with a hard final condition.

    ``hjb20d`` is the benchmark of Zhao et al.; ``hjb20d-cole-hopf`` is nonlinear in space.
    """

    name: Literal["hjb20d", "hjb20d-cole-hopf"]


class UserProblem(_Section):
    """An own equation: a Python file that defines ``problem``, a ``golden.problems.Pde``."""

    name: Literal["user"]
    file: str
    """Relative to the experiment file."""
    weights: dict[str, _Weight] = {}
    """Of the losses by name: ``residual`` and the conditions'; the others keep the weights of the file."""


Problem = Annotated[Poisson2d | Heat100d | Hjb20d | UserProblem, Field(discriminator="name")]


class Network(_Section):
    """A fully connected network from the problem's coordinates to one output."""

    hidden: Annotated[tuple[Annotated[int, Field(ge=1, le=4096)], ...], Field(min_length=1)]
    """Width of each hidden layer."""
    activation: Literal["tanh", "sin", "gelu"] = "tanh"
    tt: TensorTrain | None = None
    """Tensor-train hidden layers; dense ones where not given."""

    @model_validator(mode="after")
    def _check_trains(self) -> "Network":
        if self.tt is not None:
            self.tt.check(self.hidden)
        return self


class _Directional(_Section):
    count: Annotated[int, Field(ge=1, le=65536)] | None = None
    """K, directions of space at each point; one for each coordinate of space where not given."""
    shared: bool = True
    """Whether all points of a step have the same directions; otherwise they are drawn for each point."""
    chunk: Annotated[int, Field(ge=1)] = 16
    """Directions carried through the network at once, time included."""


class Jet(_Directional):
    """Second-order Taylor mode, with one row for the Laplacian: the forward Laplacian. It has no sigma."""

    name: Literal["jet"]
    directions: Literal["gaussian", "rademacher", "orthogonal", "coordinate"] = "coordinate"


class Perturbations(_Directional):
    """Estimators from evaluations at ``x +- delta``: ``stein`` and ``diffquant`` of the paper, and ``parity``."""

    name: Literal["stein", "diffquant", "parity"]
    directions: Literal["gaussian", "rademacher", "orthogonal", "coordinate"] = "gaussian"
    sigma: Annotated[float, Field(gt=0, le=1)] = 0.01
    """Standard deviation of delta in each coordinate."""


Estimator = Annotated[Jet | Perturbations, Field(discriminator="name")]


class LayerPrecision(_Section):
    """Mantissa bits of one layer where they differ from the others'."""

    activations: SmxBits | None = None
    """Of the layer's inputs; the first layer's are ``inputs`` of the precision section."""
    a_rows: SmxBits | None = None
    s_rows: SmxBits | None = None
    weights: SmxBits | None = None
    gradients: SmxBits | None = None
    """Of its outputs."""


class Precision(_Section):
    """The arithmetic, and in SMX the mantissa bits of each tensor role. Elementwise work is SMX-16."""

    arithmetic: Literal["smx", "fp32", "fp64"] = "smx"
    inputs: SmxBits = 16
    """Coordinates and directions that enter the first layer."""
    activations: SmxBits = 12
    a_rows: SmxBits | None = None
    """Rows of first order behind an activation: a of ``jet`` and ``parity``, ``e`` of ``diffquant``; as
    ``activations`` where not given."""
    s_rows: SmxBits | None = None
    """Rows of second order behind an activation: s of ``jet`` and ``parity``; as ``activations`` where not given."""
    weights: SmxBits = 8
    gradients: SmxBits = 8
    tt_intermediate: SmxBits | None = None
    """What a tensor-train layer keeps between its products; as ``activations`` where not given."""
    first_layer: LayerPrecision | None = None
    last_layer: LayerPrecision | None = None

    def bits_of(self, role: str) -> int:
        """Bits of a role, which is the name of a key."""
        bits: int | None = getattr(self, role)
        return self.activations if bits is None else bits

    def for_layer(self, index: int, layers: int) -> "Precision":
        """The precision of layer ``index`` of ``layers``; itself where nothing differs."""
        own = self.first_layer if index == 0 else self.last_layer if index == layers - 1 else None
        return self if own is None else self.model_copy(update=own.model_dump(exclude_none=True))


class Training(_Section):
    """Points, steps and the optimizer."""

    steps: Annotated[int, Field(ge=1, le=10_000_000)]
    interior: Annotated[int, Field(ge=1)] = 100
    """Collocation points a step."""
    boundary: Annotated[int, Field(ge=1)] = 100
    """Points of each soft condition a step."""
    micro_batch: Annotated[int, Field(ge=1)] = 100
    """Most points, of the interior and of all conditions together each, that are computed at once."""
    optimizer: Literal["adam", "sgd"] = "adam"
    learning_rate: Annotated[float, Field(gt=0, lt=1)] = 1e-3
    decay: Literal["constant", "linear", "step"] = "linear"
    """``linear`` falls to 0 over the steps; ``step`` multiplies by ``decay_factor`` after each ``decay_interval``."""
    decay_factor: Annotated[float, Field(gt=0, le=1)] = 0.9
    decay_interval: Annotated[int, Field(ge=1)] = 1000
    """Steps."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """Of the initial weights and the points."""
    test_points: Annotated[int, Field(ge=1)] = 20_000
    """Points of the relative L2 error; they never depend on the seed."""


class Experiment(_Section):
    """The whole file."""

    name: Annotated[str, Field(min_length=1, pattern=r"^[A-Za-z0-9._-]+$")]
    problem: Problem
    network: Network
    estimator: Estimator
    precision: Precision = Precision()
    training: Training
    accelerator: str = "edge"
    """A preset's name, or the path of a configuration."""

    @model_validator(mode="after")
    def _check_rows(self) -> "Experiment":
        if self.estimator.name != "parity":
            return self
        for index in range(3):
            own = self.precision.for_layer(index, 3)
            a, s = own.bits_of("a_rows"), own.bits_of("s_rows")
            if a != s:
                raise UserError(
                    f"precision.s_rows: {s} is not possible beside {a} of a_rows with parity, whose rows go through a "
                    f"layer together; allowed: {a}, or jet"
                )
        return self

    @field_validator("accelerator")
    @classmethod
    def _check_accelerator(cls, value: str) -> str:
        load_config(value)
        return value


def digest(experiment: Experiment) -> str:
    """A hash of what the file says, and of the file of an own equation.

    It is SHA-256 over the keys that are given, without ``name`` and ``accelerator``, which make no difference to
    training.
    """
    content = experiment.model_dump(mode="json", exclude_unset=True, exclude={"name", "accelerator"})
    if isinstance(experiment.problem, UserProblem):
        path = Path(experiment.problem.file)
        content["problem"]["file"] = path.read_text(encoding="utf-8") if path.is_file() else ""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def load_experiment(path: str | Path) -> Experiment:
    """Read and check an experiment file.

    Raises
    ------
    UserError
        For the first mistake: file, key path, value and what is allowed.
    """
    experiment = yaml_file.load(path, Experiment)
    problem = experiment.problem
    if isinstance(problem, UserProblem):
        file = str(Path(path).parent / problem.file)
        return experiment.model_copy(update={"problem": problem.model_copy(update={"file": file})})
    return experiment
