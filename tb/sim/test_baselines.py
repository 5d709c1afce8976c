"""Baselines: their work against JAX, machines and schedules by hand, and what must never fall."""

import dataclasses

import pytest

from pinta.sizes import sizes_of
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.experiment import Experiment, load_experiment
from pinta_hw.spec.presets import load_config
from sim.baselines.forward_laplacian import forward_laplacian
from sim.baselines.gpu import load_gpus, on_gpu
from sim.baselines.machine import FloatMachine, float_parts, replaced_um2
from sim.baselines.nested import nested_reverse
from sim.baselines.network import Layer, Sizes
from sim.baselines.schedule import schedules
from sim.baselines.sizing import same_area_machine
from sim.baselines.stein import stein
from sim.baselines.systolic import estimate, estimates, fastest_cycles
from sim.baselines.update import adam
from sim.baselines.workload import Kernel, Product, Workload, elementwise_flops
from sim.energy_table import load_table, table_names
from tb.pinta.test_program import ROOT

PUBLISHED = ("poisson2d-256", "heat100d", "hjb20d")
EDGE = load_config("edge")
MACHINE = FloatMachine(EDGE, 16, 8, 4, 1, 1)
TABLE = load_table("published-7nm")
SMALL = Sizes("small", (Layer(3, 8), Layer(8, 8), Layer(8, 1)), "tanh", 2, 10, 5, slopes=True)


def published(name: str) -> Experiment:
    return load_experiment(ROOT / "experiments" / f"{name}.yaml")


def gradient_flops(workload: Workload) -> int:
    """Operations without the optimizer, which JAX's loss gradient has not."""
    return workload.flops - elementwise_flops([adam(workload.parameters)])


def unit_products(sizes: Sizes) -> int:
    """Operations of the unit matrix that JAX multiplies with the first layer's weights at each point, both ways."""
    return 2 * 2 * sizes.interior * sizes.coordinates**2 * sizes.hidden[0]


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("method", ["ad", "forward-laplacian"])
def test_work_equals_that_of_jax_within_three_percent(name: str, method: str) -> None:
    pytest.importorskip("jax", reason="needs JAX: pip install 'pinta[baseline]'")
    from golden.baseline.cost import compiled_cost

    cost = compiled_cost(published(name), method)
    sizes = sizes_of(published(name)).dense()
    workload = {"ad": nested_reverse, "forward-laplacian": forward_laplacian}[method](sizes)
    counted = gradient_flops(workload) + (unit_products(sizes) if method == "forward-laplacian" else 0)
    print(name, method, counted, cost.flops, workload.functions, cost.transcendentals, workload.launches, cost.kernels)
    assert counted == pytest.approx(cost.flops, rel=0.03)
    # JAX evaluates a sine or cosine again in each kernel that takes it, a tanh but once.
    assert workload.functions <= cost.transcendentals
    if sizes.activation == "tanh":
        assert workload.functions == cost.transcendentals
    assert workload.launches <= cost.kernels


def test_stein_equals_that_of_jax_within_three_percent() -> None:
    jax = pytest.importorskip("jax", reason="needs JAX: pip install 'pinta[baseline]'")
    jnp, pairs = jax.numpy, 16
    sizes = Sizes("wide", (Layer(4, 128), Layer(128, 128), Layer(128, 1)), "tanh", 4, 20, 0, slopes=False)
    sigma = 0.1

    def loss(layers, points, steps):
        def value(x):
            for weight, bias in layers[:-1]:
                x = jnp.tanh(x @ weight + bias)
            return (x @ layers[-1][0] + layers[-1][1])[..., 0]

        base, plus, minus = value(points), value(points[:, None] + steps), value(points[:, None] - steps)
        even = (plus + minus) / 2 - base[:, None]
        weights = (jnp.sum(steps**2, -1) - sigma**2 * 4) / sigma**4
        return jnp.sum(jnp.mean(weights * even, 1) ** 2)

    layers = [(jnp.ones((one.inputs, one.outputs)), jnp.ones(one.outputs)) for one in sizes.layers]
    arguments = (layers, jnp.ones((20, 4)), jnp.ones((pairs, 4)))
    analysis = jax.jit(jax.grad(loss)).lower(*arguments).compile().cost_analysis()
    found = analysis[0] if isinstance(analysis, list) else analysis
    workload = stein(sizes, pairs)
    print(gradient_flops(workload), found["flops"])
    assert gradient_flops(workload) == pytest.approx(found["flops"], rel=0.03)


def test_products_of_a_small_step_by_hand() -> None:
    rows, macs = 10 * 2, 3 * 8 + 8 * 8 + 8
    values = 3 * (10 + 5) * macs - (10 + 5) * 3 * 8  # three passes; nothing goes back to the points
    gradient = 3 * 10 * (8 * 8 + 3 * 8)
    up, down = 3 * rows * 8 * 8, 3 * rows * (8 * 8 + 3 * 8)
    assert nested_reverse(SMALL).macs == values + gradient + up + down
    slopes, laplacian = 3 * 10 * 3 * (8 * 8 + 8), 3 * 10 * (8 * 8 + 8)
    assert forward_laplacian(SMALL).macs == values + slopes + laplacian
    assert stein(SMALL, 4).macs == values + (3 * macs - 3 * 8) * 10 * 8


def test_a_tensor_train_does_less_work() -> None:
    experiment = load_experiment(ROOT / "experiments" / "poisson2d-edge.yaml")
    sizes = sizes_of(experiment)
    assert sizes.parameters == 4129  # as docs/results/accuracy.md has it
    assert sizes.dense().parameters == 132609
    assert forward_laplacian(sizes).macs < forward_laplacian(sizes.dense()).macs / 8


def test_a_product_takes_its_tiles() -> None:
    work = (Product("p", "forward", 33, 100, 9, "none", stored=True),)
    found = estimates(MACHINE, TABLE, Workload("one", work, 1, 1, 0, 0, 1, 1))[0]
    # In the better orientation 3 x 2 tiles of 16 x 8, or 1 x 5 where it is transposed.
    assert found.array_cycles == 5 * 100 + 16 + 8 - 2 + 7
    assert found.array_utilization == 33 * 100 * 9 / (128 * found.array_cycles)


def test_a_short_product_waits_for_the_port() -> None:
    work = (Product("p", "forward", 32, 2, 16, "none", stored=True),)
    found = estimates(MACHINE, TABLE, Workload("one", work, 1, 1, 0, 0, 1, 1))[0]
    # 2 x 2 tiles of 128 results, 32 of which leave a cycle.
    assert found.array_cycles == 4 * 4 + 16 + 8 - 2 + 7


def test_kernels_wait_for_the_ports() -> None:
    work = (Product("p", "forward", 1, 1, 1, "none"), Kernel("k", "forward", 1, adds=1, reads=640, writes=960))
    assert estimates(MACHINE, TABLE, Workload("one", work, 1, 1, 0, 0, 1, 1))[0].kernel_cycles == 960 // 32
    work = (Product("p", "forward", 1, 1, 1, "none"), Kernel("k", "forward", 1, adds=1, reads=6400, writes=960))
    assert estimates(MACHINE, TABLE, Workload("one", work, 1, 1, 0, 0, 1, 1))[0].kernel_cycles == 6400 // 64


def test_kernels_take_their_lanes() -> None:
    kernel = Kernel("k", "forward", 1000, adds=500, multiplies=900, functions=300)
    work = (Product("p", "forward", 1, 1, 1, "none"), kernel, adam(40))
    found = estimates(MACHINE, TABLE, Workload("one", work, 1, 1, 40, 0, 1, 1))[0]
    assert found.kernel_cycles == 300  # one function lane; four lanes need 225 cycles
    assert found.update_cycles == 40
    assert found.cycles == 340


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_machine_fills_the_area_and_works(name: str) -> None:
    sizes = sizes_of(published(name)).dense()
    budget = replaced_um2(EDGE)
    workload = nested_reverse(sizes)
    machine = same_area_machine(EDGE, budget, [workload])
    area = sum(machine.area_um2(float_parts()).values())
    assert 0.95 * budget < area <= budget
    best = estimate(machine, TABLE, workload)
    print(name, machine, best.fastest.array_utilization, best.fastest.utilization)
    assert best.fastest.array_utilization >= 0.85
    assert best.fastest.kernel_cycles <= best.fastest.array_cycles


def test_what_a_schedule_keeps_fits() -> None:
    workload = nested_reverse(sizes_of(published("heat100d")).dense())
    handlings = set()
    for schedule in schedules(workload, MACHINE.memory_words):
        handlings.add(schedule.handling)
        if schedule.handling == "layer by layer":
            continue
        rows = schedule.points * (workload.kept_words + schedule.directions * workload.kept_words_direction)
        state = sum({"weights": 1, "gradients": 1, "moments": 2}[name] for name in schedule.resident)
        assert rows + state * workload.parameters <= MACHINE.memory_words
        assert schedule.chunks * schedule.points * schedule.directions >= workload.points * workload.directions
    assert handlings == {"keep", "recompute", "layer by layer"}


@pytest.mark.parametrize("name", table_names())
def test_parts_add_up(name: str) -> None:
    for one in estimates(MACHINE, load_table(name), forward_laplacian(SMALL)):
        assert one.total_pj == pytest.approx(sum(one.parts_pj.values()))
        assert one.chip_pj == pytest.approx(one.total_pj - one.parts_pj["outside memory"])
        assert one.cycles == max(one.array_cycles, one.kernel_cycles, one.outside_cycles) + one.update_cycles


def test_more_points_or_directions_never_cost_less() -> None:
    sizes = sizes_of(published("poisson2d-256")).dense()
    before = [0.0, 0.0, 0.0]
    for interior in (50, 100, 133, 200, 400):
        best = estimate(MACHINE, TABLE, nested_reverse(dataclasses.replace(sizes, interior=interior)))
        now = [best.time_us, best.energy_uj, best.chip_uj]
        assert all(a < b for a, b in zip(before, now, strict=True))
        before = now
    cycles = [fastest_cycles(MACHINE, stein(sizes, pairs)) for pairs in (8, 16, 100, 512)]
    assert cycles == sorted(cycles)


def test_a_smaller_memory_is_never_better() -> None:
    small = dataclasses.replace(MACHINE, config=dataclasses.replace(EDGE, words=EDGE.words // 2))
    for method in (nested_reverse, forward_laplacian):
        for name in PUBLISHED:
            workload = method(sizes_of(published(name)).dense())
            assert fastest_cycles(small, workload) >= fastest_cycles(MACHINE, workload)
            assert estimate(small, TABLE, workload).fastest.outside_bytes >= 0


def test_a_smaller_area_is_never_faster() -> None:
    workload = forward_laplacian(sizes_of(published("poisson2d-256")).dense())
    cycles = [
        fastest_cycles(same_area_machine(EDGE, area, [workload]), workload) for area in (40e3, 80e3, 120e3, 200e3)
    ]
    assert cycles == sorted(cycles, reverse=True)


def test_an_area_without_room_is_refused() -> None:
    with pytest.raises(UserError, match=r"area: 5,000 um2 hold no FP32 machine; allowed: .* um2 or more"):
        same_area_machine(EDGE, 5e3, [nested_reverse(SMALL)])


def test_a_gpu_is_as_slow_as_its_slower_roof() -> None:
    gpu = load_gpus().gpus[0]
    fast = (Product("p", "forward", 1000, 1000, 1000),)
    one = on_gpu(gpu, Workload("one", fast, 1, 1, 0, 0, 1, 1), launches=False)
    assert one.time_us == pytest.approx(2e9 / (gpu.peak_tflops * 1e6))
    slow = (Kernel("k", "forward", 10**6, adds=10**6, reads=10**6, writes=10**6),)
    other = on_gpu(gpu, Workload("one", slow, 1, 1, 0, 0, 1, 1))
    assert other.time_us == pytest.approx(8e6 / (gpu.bandwidth_gb_s * 1e3) + gpu.launch_us)
    assert other.energy_uj == pytest.approx(gpu.power_w * other.time_us)


@pytest.mark.parametrize("fraction", [0.0, 1.5, -1.0])
def test_an_impossible_fraction_is_refused(fraction: float) -> None:
    with pytest.raises(UserError, match="fraction: .* is not possible; allowed: above 0, at most 1"):
        on_gpu(load_gpus().gpus[0], nested_reverse(SMALL), fraction)


def test_a_realistic_gpu_is_slower_than_its_peak() -> None:
    gpus, workload = load_gpus(), nested_reverse(SMALL)
    for gpu in gpus.gpus:
        assert gpu.source and gpu.power_source and gpu.launch_source
        peak, realistic = on_gpu(gpu, workload), on_gpu(gpu, workload, gpus.realistic_fraction)
        assert realistic.time_us > peak.time_us > on_gpu(gpu, workload, launches=False).time_us
