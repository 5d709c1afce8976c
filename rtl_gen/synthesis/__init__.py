from .flow import STA_MISSING, ModuleArea, SynthesisResult, synthesize
from .power import simulated_power_mw
from .timing import CONSTANT_HIGH, CONSTANT_LOW, RANDOM, Activity

__all__ = [
    "CONSTANT_HIGH",
    "CONSTANT_LOW",
    "RANDOM",
    "STA_MISSING",
    "Activity",
    "ModuleArea",
    "SynthesisResult",
    "simulated_power_mw",
    "synthesize",
]
