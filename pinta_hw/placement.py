"""How a parent places a child component."""

from amaranth.hdl import Module


def place(m: Module, name: str, component, platform):
    """Make ``component`` the submodule ``name`` of ``m`` and return it.

    A platform with a method ``instance(component, name)`` is a library of Verilog modules: it returns an
    `Instance` bound to the component's ports, so that equal components share one module.
    """
    library = getattr(platform, "instance", None)
    m.submodules[name] = component if library is None else library(component, name)
    return component
