"""The cocotb side of a session: the driver's calls, and files with what came of them."""

import pickle
import time
from pathlib import Path

import cocotb
from cocotb.task import bridge
from cocotb.triggers import with_timeout

from pinta.host.driver import Counters, Host
from tb.machine.transport import PERIOD_PS, SimulatedTransport, prepare

_SETUP_CYCLES_PER_WORD = 200


@cocotb.test()
async def session(dut):
    job = pickle.loads(Path("job").read_bytes())
    words = sum(len(section) for section in job.program.sections)
    await prepare(dut, job.memory_latency)
    transport = SimulatedTransport(dut)

    def drive() -> tuple[Counters, bool, float]:
        host = Host(transport, job.config)
        host.write_memory(0, job.memory)
        host.load(job.program)
        for cycles in job.resets:
            host.start()
            transport.pass_cycles(cycles)
            assert host.read("status")["busy"], f"the program ended within {cycles} cycles"
            host.reset()
            host.write_memory(0, job.memory)
        host.start()
        started = time.perf_counter()
        counters = host.finish()
        seconds = time.perf_counter() - started
        return counters, bool(host.read("status")["nan"]), seconds

    limit = job.limit_cycles + 2 * sum(job.resets) + _SETUP_CYCLES_PER_WORD * (words + 100)
    counters, nan, seconds = await with_timeout(bridge(drive)(), limit * PERIOD_PS, "ps")
    await bridge(transport.dump_state)()
    memory = await bridge(transport.read_memory)(0, len(job.memory))
    Path("outcome").write_bytes(pickle.dumps((counters, nan, memory, seconds)))
