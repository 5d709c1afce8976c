"""Who may import whom: the layers of the repository, enforced."""

import sys

import grimp
import pytest

PACKAGES = ("golden", "pinta", "pinta_hw", "rtl_gen", "sim", "tb")

# An area is the longest prefix of a module's name in this table. It may import itself and what is listed.
ALLOWED = {
    "pinta_hw.spec": {"pydantic", "yaml"},
    "pinta_hw": {"pinta_hw.spec", "amaranth"},
    "golden": {"pinta_hw.spec", "numpy", "numba", "golden.problems", "golden.baseline"},
    "golden.baseline": {"pinta_hw.spec", "numpy", "jax", "golden", "golden.problems"},
    "golden.tt.svd": {"pinta_hw.spec", "numpy", "golden", "tensorly"},
    "golden.problems": {"pinta_hw.spec", "numpy", "sympy", "golden"},
    "sim": {"pinta_hw.spec", "numpy", "pydantic", "yaml"},
    "sim.sweep": {"pinta_hw.spec", "sim", "numpy", "scipy", "pydantic", "yaml", "distributed"},
    "rtl_gen": {"pinta_hw.spec", "pinta_hw", "amaranth", "numpy", "pydantic", "yaml"},
    # What a board's host needs: nothing but the map of the registers and the instructions.
    "pinta.host": {"pinta_hw.spec"},
    # The composition root: it holds no logic, so no numeric package appears here.
    "pinta": {
        "pinta_hw.spec",
        "pinta_hw",
        "golden",
        "golden.baseline",
        "golden.problems",
        "sim",
        "sim.sweep",
        "rtl_gen",
        "tb",
        "pinta.host",
        "typer",
        "rich",
        "matplotlib",
        "jinja2",
        "markupsafe",
        "yaml",
    },
}


def area(module: str) -> str:
    """The entry of the table, or the top-level package, that a module belongs to."""
    prefixes = [name for name in ALLOWED if module == name or module.startswith(name + ".")]
    return max(prefixes, key=len, default=module.partition(".")[0])


def violations(imports: list[tuple[str, str]]) -> list[str]:
    found = []
    for importer, imported in imports:
        source, target = area(importer), area(imported)
        if source == "tb" or target == source or target in sys.stdlib_module_names:
            continue
        if target not in ALLOWED[source]:
            found.append(f"{importer} imports {imported}; {source} may import: {', '.join(sorted(ALLOWED[source]))}")
    return found


def test_every_import_is_allowed():
    graph = grimp.build_graph(*PACKAGES, include_external_packages=True, cache_dir=None)
    imports = [
        (module, imported)
        for module in sorted(graph.modules)
        for imported in graph.find_modules_directly_imported_by(module)
    ]
    assert len(imports) > 3, "the import graph is empty"
    assert violations(imports) == []


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("pinta_hw.spec.formats", "numpy"),
        ("pinta_hw.spec.formats", "pinta_hw.array"),
        ("pinta_hw.array", "golden.gemm"),
        ("golden.gemm", "amaranth"),
        ("golden.gemm", "pinta_hw.array"),
        ("sim.gemm", "golden.gemm"),
        ("rtl_gen.verilog", "tb.runner"),
        ("sim.gemm", "pinta.main"),
        ("pinta.main", "numpy"),
        ("pinta.host.driver", "pinta_hw.machine"),
    ],
)
def test_a_forbidden_import_is_noticed(importer, imported):
    assert len(violations([(importer, imported)])) == 1
