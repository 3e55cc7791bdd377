"""The time of `import casual_llm`, compared with `import openai` in one interleaved run.

Prints medians in milliseconds, net of the bare interpreter, and their ratio.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

ROUNDS, LIMIT = 15, 0.5
SCRIPTS = {"bare": "pass", "casual_llm": "import casual_llm", "openai": "import openai"}


def milliseconds(script: str) -> float:
    """Time one process."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", script], check=True)  # noqa: S603 # scripts of our own
    return (time.perf_counter() - start) * 1000


def main() -> None:
    """Run the three in turn and print the figures."""
    for script in SCRIPTS.values():
        milliseconds(script)  # fills the caches
    taken: dict[str, list[float]] = {name: [] for name in SCRIPTS}
    for _ in range(ROUNDS):
        for name, script in SCRIPTS.items():
            taken[name].append(milliseconds(script))
    bare = statistics.median(taken["bare"])
    ours, theirs = (statistics.median(taken[name]) - bare for name in ("casual_llm", "openai"))
    outcome = "holds" if ours / theirs <= LIMIT else "FAILS"
    sys.stdout.write(
        f"import casual_llm {ours:.0f} ms, import openai {theirs:.0f} ms, ratio {ours / theirs:.2f} "
        f"(<= {LIMIT} {outcome}; {ROUNDS} rounds, net of {bare:.0f} ms for the interpreter)\n"
    )


if __name__ == "__main__":
    main()
