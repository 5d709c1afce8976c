"""Where batches are computed: here, in processes of this machine, or on a Dask cluster."""

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed

from pinta_hw.spec.errors import UserError

from .evaluate import Batch, evaluate
from .store import Outcome

_CONNECT_SECONDS = 10
Results = Iterator[list[tuple[str, Outcome]]]


def computed_here(batches: Sequence[Batch]) -> Results:
    """One after the other, in this process."""
    for batch in batches:
        yield evaluate(batch)


def computed_by_processes(batches: Sequence[Batch], jobs: int) -> Results:
    """By so many processes, in the order in which they finish."""
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        futures = [pool.submit(evaluate, batch) for batch in batches]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            for future in futures:
                future.cancel()


def computed_by_dask(batches: Sequence[Batch], address: str) -> Results:
    """By the workers of a Dask cluster, which have this package installed.

    Raises
    ------
    UserError
        If Dask is not installed, or no scheduler answers at the address.
    """
    try:
        from distributed import Client
        from distributed import as_completed as completed
    except ImportError as error:
        raise UserError("scheduler: Dask is not installed; allowed: pip install 'pinta[dask]'") from error
    try:
        client = Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise UserError(
            f"scheduler: {address} does not answer; allowed: the address of a running Dask scheduler, such as "
            "tcp://localhost:8786"
        ) from error
    with client, client.as_current():
        for future in completed(client.map(evaluate, batches, pure=False)):
            yield future.result()
