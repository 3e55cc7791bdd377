# Every recipe runs in the project's own environment: `uv run just RECIPE`.

# everything that must hold: format, lint, types, imports, tests, laws, documentation, the wheel
check: format lint types imports proofs coverage wheel

# tests, laws and documents, side by side
[parallel]
proofs: test laws docs

format:
    uv run ruff format --check .

lint:
    uv run ruff check .
    # names that say nothing to a stranger do not come back
    uv run python tests/lint/banned_identifiers.py casual_llm tests property_tests

types:
    uv run mypy

# the arrows of the house only go down
imports:
    uv run lint-imports --no-logo

# examples
test *ARGS:
    uv run coverage erase --data-file=.coverage.tests
    COVERAGE_FILE=.coverage.tests uv run coverage run -m pytest tests --ignore=tests/test_docs.py {{ ARGS }}
    uv run coverage combine --quiet --data-file=.coverage.tests

# laws, and how much of the pure floors they reach alone
laws *ARGS:
    uv run coverage erase --data-file=.coverage.laws
    COVERAGE_FILE=.coverage.laws HYPOTHESIS_PROFILE=${HYPOTHESIS_PROFILE:-ci} uv run coverage run -m pytest --numprocesses=2 property_tests {{ ARGS }}
    uv run coverage combine --quiet --data-file=.coverage.laws
    uv run coverage report --data-file=.coverage.laws --omit="casual_llm/shell/*,casual_llm/cli/*,casual_llm/*_converters.py,casual_llm/__init__.py"

# every example of the documentation, against the embedded model, and those of the docstrings
docs:
    uv run pytest --doctest-modules casual_llm tests/test_docs.py

# tests and laws together reach every branch
coverage:
    uv run coverage combine --keep --data-file=.coverage.all .coverage.tests .coverage.laws
    uv run coverage report --data-file=.coverage.all

# how the codecs stand to recorded traffic, as tables
conformance:
    uv run python tests/conformance.py

# the wheel, in an empty environment, runs the program of the README
wheel:
    uv run python tests/wheel.py

# put right what can be put right by a program
fix:
    uv run ruff check --fix .
    uv run ruff format .

# the JSON Schema of configuration files, which is shipped for editors
schema:
    uv run casual-llm schema > casual_llm/config/config.schema.json

# the laws, ten thousand examples each; takes hours
nightly *ARGS:
    HYPOTHESIS_PROFILE=nightly uv run pytest -o timeout=0 -o faulthandler_timeout=0 --numprocesses=auto property_tests {{ ARGS }}

# the laws of the merge, on symbolic values
symbolic:
    HYPOTHESIS_PROFILE=crosshair uv run --group symbolic pytest property_tests -m symbolic

# the tables and the list of docs/laws.md, from a run of the three proofs
laws-page:
    HYPOTHESIS_PROFILE=crosshair uv run --group symbolic python property_tests/laws_page.py

# how fast, as ratios in one run
bench:
    PYTHONPATH=tests uv run python -m benchmarks.imports
    PYTHONPATH=tests uv run python -m benchmarks.merge
    PYTHONPATH=tests uv run python -m benchmarks.chats
    PYTHONPATH=tests uv run python -m benchmarks.streams
    PYTHONPATH=tests uv run python -m benchmarks.conversations

# every small change of the option algebra, against its laws; edits files and puts them back
mutants:
    rm -f .mutants.sqlite
    uv run --group mutants cosmic-ray init tests/mutation/config.toml .mutants.sqlite
    uv run --group mutants cr-filter-operators .mutants.sqlite tests/mutation/config.toml
    uv run --group mutants cosmic-ray exec tests/mutation/config.toml .mutants.sqlite
    uv run --group mutants cosmic-ray dump .mutants.sqlite | uv run --group mutants python tests/mutation/survivors.py

# bytes made up for the decoders and readers, for so many seconds
fuzz SECONDS="60":
    uv run --group fuzz python tests/fuzz/decoders.py -max_total_time={{ SECONDS }} -max_len=65536
