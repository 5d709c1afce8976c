"""The golden machine: executes programs of the accelerator bit for bit, without any notion of time."""

from .machine import Machine

__all__ = ["Machine"]
