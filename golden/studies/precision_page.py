"""The page that shows what the study of precisions found."""

from collections.abc import Sequence

from pinta_hw.spec.experiment import Experiment

from .precision import PUBLISHED, Bits, Choice, block_cycles, front, sufficient


def markdown(
    experiment: Experiment, screened: Sequence[Choice], confirmed: Sequence[Choice], figure: str, command: str
) -> str:
    """The page of a study."""
    full = experiment.training.steps
    lines = [
        f"# Precision: {experiment.name}",
        "",
        f"Written by `{command}`:",
        "relative L2 error by bits of activations / weights / gradients, all 64 combinations.",
        "Elementwise work is SMX-16. Cycles a block: of the forward product, the input's gradient and the weight's.",
        "Cycles a step: digit planes times byte planes of all products, relative to the published 8 / 8 / 12.",
        "",
        f"![Pareto front]({figure})",
        "",
    ]
    if confirmed:
        enough, on_front = sufficient(confirmed), {choice.bits for choice in front(confirmed)}
        lines += [
            f"**In full**: {full:,} steps, median (range) over {len(confirmed[0].errors)} seeds.",
            "No worse than the worst seed of 16 / 16 / 16, cheapest first: "
            + ", ".join(_name(choice.bits) for choice in enough)
            + ".",
            "",
            "| activations / weights / gradients | cycles a block | cycles a step | relative L2 error | on the front |",
            "|---|---|---|---|---|",
        ]
        for choice in sorted(confirmed, key=lambda choice: (choice.digit_cycles, choice.error)):
            lines.append(_line(choice, confirmed, "yes" if choice.bits in on_front else ""))
        lines.append("")
    near = {choice.bits for choice in front(screened)}
    lines += [
        "**Screened** with one seed and fewer steps; the front was trained in full, and with it the published bits,",
        "12 / 8 / 8 and 16 / 16 / 16.",
        "",
        "| activations / weights / gradients | cycles a block | cycles a step | relative L2 error | on the front |",
        "|---|---|---|---|---|",
    ]
    for choice in sorted(screened, key=lambda choice: (choice.digit_cycles, choice.error)):
        lines.append(_line(choice, screened, "yes" if choice.bits in near else ""))
    return "\n".join(lines) + "\n"


def _line(choice: Choice, among: Sequence[Choice], mark: str) -> str:
    published = next(other.digit_cycles for other in among if other.bits == PUBLISHED)
    error = f"{choice.error:.2g}"
    if len(choice.errors) > 1:
        error += f" ({choice.errors[0]:.2g} to {choice.errors[-1]:.2g})"
    cycles = " + ".join(map(str, block_cycles(choice.bits)))
    return f"| {_name(choice.bits)} | {cycles} | {choice.digit_cycles / published:.2f} | {error} | {mark} |"


def _name(bits: Bits) -> str:
    return " / ".join(map(str, bits))
