"""The section of an experiment that makes hidden layers tensor trains."""

import math
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from .errors import UserError

Modes = Annotated[tuple[Annotated[int, Field(ge=1, le=4096)], ...], Field(min_length=1)]
Rank = int | tuple[int, ...]


def _checked_rank(value: Any) -> Rank:
    listed = value if isinstance(value, list | tuple) else [value]
    if not listed or not all(type(rank) is int and rank >= 1 for rank in listed):
        raise UserError(f"{value!r} is not possible; allowed: 1 or more, or a list with one between every two cores")
    return value if isinstance(value, int) else tuple(listed)


class LayerTrain(BaseModel):
    """One hidden layer's own cores, where they differ from the section's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    row_modes: Modes | None = None
    """Their product is the layer's width."""
    column_modes: Modes | None = None
    """Their product is the width of the layer before, or the number of coordinates."""
    rank: Annotated[Rank | None, Field(union_mode="left_to_right")] = None
    dense: bool = False
    """This layer stays dense."""

    @field_validator("rank", mode="plain")
    @classmethod
    def _check_rank(cls, value: Any) -> Rank | None:
        return None if value is None else _checked_rank(value)


class TensorTrain(BaseModel):
    """Weights of all hidden layers as tensor trains; the last layer stays dense."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rank: Rank = 8
    """One for all, lowered where the modes on one side of it cannot use it; or a list, taken as it is."""
    modes: Annotated[int, Field(ge=1, le=12)] = 4
    """Modes on each side of a layer that gives none: factors of the width, as equal as possible."""
    schedule: Literal["prs", "sequential", "full"] = "prs"
    """How a step multiplies: two factors, core after core, or the rebuilt weight."""
    layers: tuple[LayerTrain, ...] = ()
    """Nothing, or one entry for each hidden layer."""

    @field_validator("rank", mode="plain")
    @classmethod
    def _check_rank(cls, value: Any) -> Rank:
        return _checked_rank(value)

    def layer(self, index: int) -> LayerTrain:
        """The entry of a hidden layer."""
        return self.layers[index] if self.layers else LayerTrain()

    def rank_of(self, index: int) -> Rank:
        """The rank, or the ranks, of a hidden layer."""
        own = self.layer(index).rank
        return self.rank if own is None else own

    def check(self, hidden: Sequence[int]) -> None:
        """Check what the widths of the hidden layers decide.

        Raises
        ------
        UserError
            If entries do not match layers, modes do not multiply to widths, or ranks do not match cores.
        """
        if self.layers and len(self.layers) != len(hidden):
            raise UserError(
                f"tt.layers: {len(self.layers)} entries; allowed: one for each of {len(hidden)} hidden layers"
            )
        for i, width in enumerate(hidden):
            own = self.layer(i)
            if own.dense:
                continue
            _check_product(f"tt.layers.{i}.row_modes", own.row_modes, width, "the layer's width")
            if i > 0:
                _check_product(f"tt.layers.{i}.column_modes", own.column_modes, hidden[i - 1], "the width before")
            rank, cores = (
                self.rank_of(i),
                sum(len(modes or [1] * self.modes) for modes in (own.row_modes, own.column_modes)),
            )
            if isinstance(rank, tuple) and len(rank) != cores - 1:
                key = "tt.rank" if own.rank is None else f"tt.layers.{i}.rank"
                raise UserError(
                    f"{key}: {len(rank)} ranks; allowed: {cores - 1}, one between every two of {cores} cores"
                )

    def check_inputs(self, coordinates: int) -> None:
        """Check the first layer's column modes against the number of coordinates; raises as `check` does."""
        _check_product("network.tt.layers.0.column_modes", self.layer(0).column_modes, coordinates, "the coordinates")


def _check_product(key: str, modes: tuple[int, ...] | None, width: int, what: str) -> None:
    if modes is not None and math.prod(modes) != width:
        raise UserError(
            f"{key}: {list(modes)} multiply to {math.prod(modes)}; allowed: modes that give {what}, {width}"
        )
