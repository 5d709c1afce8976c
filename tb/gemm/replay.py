"""The matrix products of a real training step, as GEMM cases."""

from golden.gemm import gemm
from golden.trace import GemmTrace
from golden.train import Trainer
from pinta_hw.spec.experiment import Experiment

from .batch import GemmCase


def training_step_cases(experiment: Experiment, warm_up_steps: int) -> list[GemmCase]:
    """Every product of one step of ``experiment``, after ``warm_up_steps`` steps of training.

    Weight gradients, which training takes from the accumulators, are quantized to SMX-16.
    """
    recorded: list[GemmTrace] = []
    trainer = Trainer(experiment, recorded.append)
    for _ in range(warm_up_steps):
        trainer.step()
    recorded.clear()
    trainer.step()
    cases = []
    for trace in recorded:
        a = trace.a.T if trace.a_transposed else trace.a
        b = trace.b.T if trace.b_transposed else trace.b
        assert trace.result.equals(gemm(a, b, trace.bits)), trace.name
        cases.append(GemmCase(trace.name, a, b, trace.bits, trace.a_transposed, trace.b_transposed))
    return cases
