#!/usr/bin/env python3
"""Runs the original linking and lifecycle scripts on copies of databases, as the comparison tests and the benchmark need.

    original.py SEED_DOCUMENT {linking|lifecycle|both} DATABASE...

The scripts are taken out of the design document at run time and are no part of this project. Each database is changed
in place; for each, one JSON line says how long it took and whether the scripts ended as they should.
"""

import asyncio
import importlib.util
import json
import logging
import pathlib
import re
import sys
import tempfile
import time

LINKING = "Shared/backfill_product_linking.py"
LIFECYCLE = "Shared/backfill_lifecycle_stages.py"


def scripts_of(document):
    """The complete scripts of the document by their path: the first code fence under each `### File:` heading."""
    found = re.finditer(r"^### File: `([^`]+)`.*?^```python\n(.*?)^```$", document, re.M | re.S)
    return {match.group(1): match.group(2) for match in found}


def load(folder, path, text):
    file = pathlib.Path(folder) / pathlib.Path(path).name
    file.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(file.stem, file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def timed(work, until_printed):
    """Seconds of `work`, and its error; a division by zero in the closing summary comes after all is written."""
    start, error = time.perf_counter(), None
    try:
        work()
    except ZeroDivisionError as raised:
        error = None if until_printed(raised) else repr(raised)
    except Exception as raised:  # the caller decides what an abort of the original means
        error = repr(raised)
    return time.perf_counter() - start, error


def in_summary(raised):
    frame = raised.__traceback__
    while frame.tb_next:
        frame = frame.tb_next
    return frame.tb_frame.f_code.co_name == "_print_stats"


def main():
    if len(sys.argv) < 4 or sys.argv[2] not in ("linking", "lifecycle", "both"):
        sys.exit(__doc__)
    document, what, databases = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    scripts = scripts_of(document.read_text(encoding="utf-8"))
    missing = [path for path in (LINKING, LIFECYCLE) if path not in scripts]
    if missing:
        sys.exit(f"{document} has no complete script {' and '.join(missing)}")
    with tempfile.TemporaryDirectory() as folder:
        linking = load(folder, LINKING, scripts[LINKING])
        lifecycle = load(folder, LIFECYCLE, scripts[LIFECYCLE])
        logging.disable(logging.CRITICAL)
        for database in databases:
            result = {"database": database}
            if what != "lifecycle":
                linker = linking.ProductLinker(database)
                result["linking_seconds"], result["linking_error"] = timed(
                    lambda: asyncio.run(linker.backfill_all()), in_summary
                )
            if what != "linking":
                filler = lifecycle.LifecycleBackfiller(database)
                result["lifecycle_seconds"], result["lifecycle_error"] = timed(filler.backfill_all, in_summary)
            print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
