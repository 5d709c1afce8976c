"""How a parent places a child component."""

from amaranth.hdl import Module, ResetInserter


def place(m: Module, name: str, component, platform, reset=None):
    """Make ``component`` the submodule ``name`` of ``m`` and return it.

    A platform with a method ``instance(component, name, reset)`` is a library of Verilog modules: it returns an
    `Instance` bound to the component's ports, so that equal components share one module. While the signal ``reset``
    is high, the component is reset, as it is by the domain's own reset.
    """
    library = getattr(platform, "instance", None)
    if library is not None:
        m.submodules[name] = library(component, name, reset)
    else:
        m.submodules[name] = component if reset is None else ResetInserter(reset)(component)
    return component
