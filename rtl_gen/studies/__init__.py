from . import accumulators, block_units

__all__ = ["accumulators", "block_units"]
