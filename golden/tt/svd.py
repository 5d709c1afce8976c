"""TT-SVD: a dense weight as a tensor train (Oseledets, 2011), by TensorLy (extra ``compress``)."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from pinta_hw.spec.errors import UserError

from ..layers import Dense, Parameters
from ..real import Reals
from .layer import TensorTrainLayer
from .shape import TrainShape, largest_ranks

Floats = npt.NDArray[np.float64]


def tt_svd(
    weight: npt.ArrayLike, row_modes: Sequence[int], column_modes: Sequence[int], rank: int
) -> tuple[TrainShape, list[Floats]]:
    """Cores of a train near a weight, in float64.

    Parameters
    ----------
    weight : array, shape (M, N)
        Outputs by inputs.
    row_modes, column_modes : sequence of int
        Their products are M and N.
    rank : int
        Largest rank; the error of what is cut off is at most `error_bound`.

    Returns
    -------
    shape : TrainShape
    cores : list of arrays

    Raises
    ------
    UserError
        If the modes do not multiply to the weight's sides, the rank is below 1, or TensorLy is not installed.
    """
    dense = np.asarray(weight, dtype=np.float64)
    sides = math.prod(row_modes), math.prod(column_modes)
    if dense.shape != sides:
        raise UserError(
            f"modes: {sides[0]} x {sides[1]} for a weight of {dense.shape}; allowed: modes that give its sides"
        )
    if rank < 1:
        raise UserError(f"rank: {rank} is not possible; allowed: 1 or more")
    try:
        from tensorly.decomposition import tensor_train
    except ImportError as error:
        raise UserError("TT-SVD: TensorLy is not installed; allowed: pip install 'pinta[compress]'") from error
    ranks = largest_ranks(row_modes, column_modes, rank)
    train = tensor_train(dense.reshape(*row_modes, *column_modes), rank=[1, *ranks, 1])
    return TrainShape(tuple(row_modes), tuple(column_modes), ranks), [np.asarray(core) for core in train.factors]


def error_bound(weight: npt.ArrayLike, shape: TrainShape) -> float:
    """Bound on the Frobenius norm of the error of `tt_svd`.

    The root of the sum, over all cuts between two cores, of the squared singular values beyond the rank
    (Oseledets, 2011, theorem 2.2). No train of these ranks errs less than one cut's share.
    """
    dense = np.asarray(weight, dtype=np.float64)
    modes, rows, lost = shape.row_modes + shape.column_modes, 1, 0.0
    for mode, rank in zip(modes[:-1], shape.ranks, strict=True):
        rows *= mode
        singular = np.linalg.svd(dense.reshape(rows, -1), compute_uv=False)
        lost += float(np.sum(np.square(singular[rank:])))
    return math.sqrt(lost)


def import_dense(layer: TensorTrainLayer, source: Dense, parameters: Mapping[str, Reals]) -> Parameters:
    """Parameters of a tensor-train layer from those of a dense one.

    Parameters
    ----------
    layer : TensorTrainLayer
        With ranks as `largest_ranks` gives them.
    source : Dense
        A layer of the same inputs and outputs.
    parameters : mapping of arrays
        The dense layer's, under its names.

    Raises
    ------
    UserError
        If the layers' sides differ, or as `tt_svd` does.
    """
    weight = np.asarray(parameters[f"{source.name}.weight"]).T
    shape, cores = tt_svd(weight, layer.shape.row_modes, layer.shape.column_modes, max(layer.shape.ranks))
    if shape != layer.shape:
        raise UserError(f"ranks: {list(layer.shape.ranks)} are not those of TT-SVD; allowed: {list(shape.ranks)}")
    return layer.parameters_of(cores) | {f"{layer.name}.bias": np.asarray(parameters[f"{source.name}.bias"])}
