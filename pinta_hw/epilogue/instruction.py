"""The elementwise instruction as gateware sees it."""

from amaranth.lib import data

from ..spec.config import AcceleratorConfig
from ..spec.isa.elementwise import elementwise_fields


def elementwise_layout(config: AcceleratorConfig) -> data.StructLayout:
    """Layout of an elementwise word; names, widths and order are those of `elementwise_fields`."""
    return data.StructLayout(dict(elementwise_fields(config)))
