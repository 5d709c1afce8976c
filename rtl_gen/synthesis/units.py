"""Area and shortest period of each unit of a machine."""

import dataclasses
import hashlib
import json
import re
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from pinta_hw.spec.errors import UserError

from . import registers
from .flow import ModuleArea, SynthesisResult, synthesize
from .macro import MacroTiming, macro_liberty, memory_size
from .mapping import NETLIST

RESULT = "result.json"
"""Written last into the folder of a unit: what lacks it is not complete."""
_INSTANCE = re.compile(r"^  (\w+) +\\?(\S+) +\($", re.MULTILINE)


@dataclass(frozen=True)
class Macros:
    """Memories of one size in a unit."""

    count: int
    words: int
    bits: int


@dataclass(frozen=True)
class UnitResult:
    """A unit, without its memories; ``folder`` holds its netlist, its registers' names and the macros' libraries."""

    name: str
    synthesis: SynthesisResult
    macros: tuple[Macros, ...]
    folder: Path


@dataclass(frozen=True)
class UnitDesign:
    """Verilog of a machine, by module; ``top`` is made of instances of units.

    Modules that wrap a memory are macros.
    """

    modules: Mapping[str, str]
    top: str

    @cached_property
    def units(self) -> dict[str, str]:
        """Module of each unit, by the name of its instance in the top."""
        return {instance: module for module, instance in self._instances(self.top)}

    def module(self, part: str) -> str:
        """The module that ``part`` means: a unit, or any module's name, with or without the top's before it.

        Raises
        ------
        UserError
            If there is none.
        """
        for module in (self.units.get(part), part, f"{self.top}_{part}"):
            if module in self.modules and module != self.top:
                return module
        raise UserError(f"part: {part!r} is no unit or module; allowed: a module, or {', '.join(self.units)}")

    def below(self, module: str) -> Counter[str]:
        """How often each module occurs under ``module``, itself included; macros are not looked into."""
        found: Counter[str] = Counter()
        waiting = [module]
        while waiting:
            name = waiting.pop()
            found[name] += 1
            waiting += [child for child, _ in self._instances(name)]
        return found

    def _instances(self, module: str) -> list[tuple[str, str]]:
        return [(kind, name) for kind, name in _INSTANCE.findall(self.modules[module]) if kind in self.modules]


def synthesize_unit(
    design: UnitDesign, part: str, liberty: Path, period_ps: float, timing: MacroTiming, cache: Path
) -> UnitResult:
    """Map a unit without its memories, which are macros of the given timing; what ``cache`` holds is not done again.

    The first result for the same Verilog, cell library and figures is kept in the folder ``cache``.

    Raises
    ------
    UserError
        If there is no such part, a tool or a file is missing, or a tool fails.
    """
    top = design.module(part)
    counts = design.below(top)
    sizes = {name: memory_size(design.modules[name]) for name in counts if name != top}
    macros = {name: size for name, size in sizes.items() if size}
    texts = {name: design.modules[name] for name in sorted(counts)}
    asked = [texts, hashlib.sha256(liberty.read_bytes()).hexdigest(), period_ps, dataclasses.asdict(timing)]
    folder = cache / f"{top}-{hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]}"
    kept = folder / RESULT
    result = _read(kept)
    if result is None:
        folder.mkdir(parents=True, exist_ok=True)
        result = _synthesize(texts, top, liberty, period_ps, dict.fromkeys(macros, timing), folder)
        kept.write_text(json.dumps(dataclasses.asdict(result), indent=2) + "\n")
    return UnitResult(part, result, tuple(Macros(counts[name], *size) for name, size in macros.items()), folder)


def _synthesize(
    texts: Mapping[str, str],
    top: str,
    liberty: Path,
    period_ps: float,
    macros: Mapping[str, MacroTiming],
    kept: Path,
) -> SynthesisResult:
    with TemporaryDirectory(prefix="pinta-ppa-") as temporary:
        folder = Path(temporary)
        libraries = [folder / f"{name}.lib" for name in macros]
        for (name, timing), path in zip(macros.items(), libraries, strict=True):
            path.write_text(macro_liberty(name, texts[name], timing))
        sources = [folder / f"{name}.v" for name in texts]
        for path in sources:
            path.write_text(texts[path.stem])
        result = synthesize(
            sources,
            top,
            liberty,
            period_ps=period_ps,
            black_boxes=dict.fromkeys(macros, 0.0),
            macro_libraries=libraries,
            work=folder,
        )
        for path in (folder / NETLIST, folder / registers.FILE, *libraries):
            shutil.copyfile(path, kept / path.name)
        return result


def _read(path: Path) -> SynthesisResult | None:
    """A result that was kept, or None where there is none or it is broken."""
    try:
        content = json.loads(path.read_text())
        return _result(content)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _result(content: dict) -> SynthesisResult:
    content["modules"] = tuple(ModuleArea(**module) for module in content["modules"])
    content["gates"] = tuple((name, float(takes)) for name, takes in content["gates"])
    content["black_boxes"] = tuple((name, count) for name, count in content["black_boxes"])
    for field in ("critical_path_ends", "tools", "notes"):
        content[field] = tuple(content[field])
    return SynthesisResult(**content)
