"""``pinta ablate``: one choice of the design varied, and what it costs."""

import typer

from .ablate_estimator import estimator
from .ablate_format import block_format
from .ablate_precision import precision
from .ablate_tt import tt

app = typer.Typer(help="One choice of the design varied, and what it costs.", no_args_is_help=True)
app.command("estimator")(estimator)
app.command("precision")(precision)
app.command("tt")(tt)
app.command("format")(block_format)
