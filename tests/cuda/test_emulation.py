"""What the emulation of CUDA finds: small kernels, right and with faults planted (planted.cpp)."""

import re
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # compiles for seconds
HERE = Path(__file__).parent
ORDERS = ["forward", "reverse", "random"]


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory):
    """The program, with these flags more."""
    built: dict[tuple[str, ...], Path] = {}

    def build(*flags: str) -> Path:
        if flags not in built:
            program = tmp_path_factory.mktemp("planted") / "planted"
            command = ["g++", "-std=c++20", "-O1", "-g1", f"-I{HERE}", *flags]
            done = subprocess.run(
                [*command, str(HERE / "planted.cpp"), "-o", str(program)],
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            built[flags] = program
        return built[flags]

    return build


def run(program: Path, *words: str) -> str:
    done = subprocess.run(
        [str(program), *words], capture_output=True, text=True, timeout=60, check=False
    )
    return f"{done.stdout}{done.stderr}\nstatus: {done.returncode}"


RIGHT = [
    "block_sum",
    "turn_warp",
    "warp_sum",
    "turn_grid",
    "atomic",
    "add_one",
    "graph",
    "two_streams",
    "read_on_the_host",
]


@pytest.mark.parametrize("name", RIGHT)
def test_right_kernels_give_one_result_in_any_order(build, name: str) -> None:
    program = build()
    results = {
        run(program, name, order, *how) for order in ORDERS for how in ((), ("late", "hide"))
    }
    assert len(results) == 1
    assert "result: " in results.pop()


@pytest.mark.parametrize(
    "name",
    [
        "block_sum_in_the_loop",
        "block_sum_before_the_loop",
        "turn_warp_no_barrier",
        "turn_grid_no_barrier",
    ],
)
def test_a_missing_barrier_shows_by_order(build, name: str) -> None:
    program = build()
    assert len({run(program, name, order) for order in ORDERS}) > 1


FAULTS = [
    (
        "past_the_end",
        r"thread \(64, 0, 0\) of block \(0, 0, 0\) touched .* past the end",
    ),
    ("before_the_start", "wrote before an allocation"),
    ("far_before_the_start", "touched .* before an allocation"),
    ("two_barriers", r"waits at .*planted.cpp:\d+, but others at .*planted.cpp:\d+"),
    ("early_end", "ended, but .* at .*planted.cpp"),
    ("half_a_warp", "meet at different places"),
    ("lane_that_left", "reads lane 16, which is not there"),
    ("too_many_threads", "no such block"),
    ("too_much_shared", "more shared memory than is allowed"),
    ("too_many_blocks", "more blocks than can be there at once"),
    ("pointer_of_host", "points to the host's memory"),
    ("reference_to_host", "points to the host's memory"),
    ("wait_in_capture", "within a capture"),
    ("copy_past_the_end", "goes past an allocation"),
    ("copy_in_the_wrong_direction", "host and device are mistaken"),
]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(("name", "message"), FAULTS)
def test_faults_end_the_launch_with_words(build, name: str, message: str, order: str) -> None:
    said = run(build(), name, order)
    error = said.partition("error: ")[2]
    assert re.search(message, error), said


def test_shared_memory_begins_as_nan(build) -> None:
    assert "result: -nan -nan" in run(build(), "unwritten")


def test_a_host_that_does_not_wait_shows_where_streams_are_late(build) -> None:
    assert "result: -1" in run(build(), "read_on_the_host_early", "late")
    assert "result: 0 0" in run(build(), "two_streams_no_event", "late")


def test_a_host_that_touches_device_memory_ends_where_it_is_hidden(build) -> None:
    said = run(build(), "host_touches", "hide")
    assert "the host touched" in said
    assert "status: -11" in said  # SIGSEGV


@pytest.mark.parametrize("flags", [(), ("-fsanitize=thread",), ("-fsanitize=address",)])
def test_two_numbers_are_no_pointer(build, flags: tuple[str, ...]) -> None:
    assert "result: 6144" in run(build(*flags), "pair_like_an_address")
    for name in ("pointer_of_host", "reference_to_host"):
        assert "points to the host's memory" in run(build(*flags), name)


@pytest.mark.parametrize("name", RIGHT)
def test_thread_sanitizer_says_nothing_of_right_kernels(build, name: str) -> None:
    assert "status: 0" in run(build("-fsanitize=thread"), name, "random")


@pytest.mark.parametrize(
    "name",
    [
        "block_sum_in_the_loop",
        "block_sum_before_the_loop",
        "turn_warp_no_barrier",
        "turn_grid_no_barrier",
        "lost_updates",
    ],
)
def test_thread_sanitizer_finds_races(build, name: str) -> None:
    for order in ORDERS:
        said = run(build("-fsanitize=thread"), name, order)
        assert "data race" in said
        assert "status: 66" in said


def test_address_sanitizer_finds_what_goes_past_a_shared_array(build) -> None:
    said = run(build("-fsanitize=address"), "past_a_tile")
    assert "AddressSanitizer" in said
    assert "faults.hpp" in said


@pytest.mark.parametrize("name", RIGHT)
def test_address_sanitizer_says_nothing_of_right_kernels(build, name: str) -> None:
    assert "status: 0" in run(build("-fsanitize=address"), name, "random")
