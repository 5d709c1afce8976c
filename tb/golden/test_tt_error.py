"""The study of tensor-train schedules sees what it should."""

import numpy as np

from golden.studies import tt_error as study


def test_errors_by_schedule_and_depth() -> None:
    rows = study.run(width=64, rows=32, seeds=3, depths=(2, 3), ranks=(4, 8))
    errors = {(row.depth, row.rank, row.schedule): row.errors for row in rows}
    assert len(rows) == 2 * 2 * 4
    for result in study.RESULTS:
        for depth in (2, 3):
            full, prs, sequential, rounded = (
                np.mean([errors[depth, rank, schedule][result] for rank in (4, 8)]) for schedule in study.KINDS
            )
            print(result, depth, full, prs, sequential, rounded)
            assert 0.005 < full < prs < 0.02
            # Quantized operands: x, weight factors and intermediates are 4 under prs, 4 d sequentially.
            assert 0.85 < (sequential / prs) / np.sqrt(depth) < 1.15
            assert 0.99 < rounded / sequential < 1.15


def test_more_bits_err_less() -> None:
    error = {bits: study.run(bits, 64, 32, 1, (2,), (8,))[1].errors["forward"] for bits in (8, 12)}
    assert 8 < error[8] / error[12] < 32
