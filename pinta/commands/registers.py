"""``pinta registers``: the machine's registers."""

from enum import Enum
from typing import Annotated

import typer

from rtl_gen.registers import manual_page, systemrdl


class Form(str, Enum):
    """Forms of the map."""

    MARKDOWN = "markdown"
    SYSTEMRDL = "systemrdl"


def registers(
    form: Annotated[Form, typer.Option("--form", help="A page for people, or SystemRDL for generators.")] = (
        Form.MARKDOWN
    ),
) -> None:
    """Print the map of the registers, which is the same for every accelerator.

    Example: `pinta registers --form systemrdl > pinta.rdl`, then `peakrdl html pinta.rdl -o registers`.
    """
    typer.echo(manual_page() if form is Form.MARKDOWN else systemrdl(), nl=False)
