"""Runs the original's persistence functions over a history, with a stand-in for the detector it calls but does not print.

    original.py DOCUMENT DATABASE --as-printed | --no-wait

Prints how many workflows a second it took in. With --no-wait the database is opened so that commits do not wait for the
disk; --as-printed changes no setting.
The functions are taken out of the document at run time and are no part of this project.
"""

import logging
import pathlib
import re
import sqlite3
import sys
import time
import types

document, database, settings = sys.argv[1:]
logging.disable(logging.CRITICAL)


def has(text, *terms):
    return any(term in text for term in terms)


def first(text, table, otherwise):
    return next((name for name, terms in table if has(text, *terms)), otherwise)


def target(text, template):
    if "both" in text:
        return "both"
    if re.search(r"(?<![^\W_])all(?![^\W_])", text) and has(text, "tests", "code", "files"):
        return "all"
    if has(text, "backend", "server", "api"):
        return "backend"
    if has(text, "frontend", "client", "ui"):
        return "frontend"
    return first(template, [("backend", ["server", "backend"]), ("frontend", ["client", "frontend"])], "all")


CATEGORIES = [
    ("test", ["test", "pytest", "vitest", "jest"], [("pytest", ["pytest", "py.test"]), ("vitest", ["vitest"]), ("jest", ["jest"]), ("mocha", ["mocha"])], "generic", None),
    ("build", ["build", "compile", "typecheck", "tsc", "bundle"], [("typecheck", ["typecheck", "tsc", "type check"]), ("compile", ["compile"]), ("bundle", ["bundle", "webpack", "vite"])], "build", None),
    ("format", ["format", "prettier", "black", "lint"], [("prettier", ["prettier"]), ("black", ["black"]), ("eslint", ["eslint"]), ("ruff", ["ruff"])], "generic", "all"),
    ("git", ["git diff", "git status", "git log"], [("diff", ["diff"]), ("status", ["status"])], "log", "summary"),
    ("deps", ["update dependencies", "npm", "pip", "install python"], [("npm", ["npm"]), ("pip", ["pip", "python"]), ("bun", ["bun"]), ("yarn", ["yarn"])], "generic", "update"),
    ("docs", ["generate docs", "update readme", "documentation", "readme"], [], "generate", "all"),
]
ERRORS = [
    ("test:pytest:backend", ["test failed", "pytest", "tests failed"]),
    ("test:vitest:frontend", ["vitest"]),
    ("build:typecheck:backend", ["type error", "typecheck", "tsc"]),
    ("build:compile:backend", ["compilation", "compile error"]),
    ("format:eslint:all", ["eslint", "lint"]),
]
TEMPLATES = [
    ("test:generic:all", ["test"]), ("build:generic:all", ["build"]), (None, ["plan", "sdlc", "zte", "patch", "lightweight"]),
    ("deploy:ship:all", ["ship"]), ("review:code:all", ["review"]),
]


def process_workflow_for_patterns(workflow):
    text = (workflow.get("nl_input") or "").lower()
    template = (workflow.get("workflow_template") or "").lower()
    error = (workflow.get("error_message") or "").lower()
    found = []
    for category, terms, subcategories, otherwise, fixed in CATEGORIES:
        if has(text, *terms):
            found.append(f"{category}:{first(text, subcategories, otherwise)}:{fixed or target(text, template)}")
            break
    found += [signature for signature, terms in ERRORS if has(error, *terms)]
    found.append(first(template, TEMPLATES, None))
    return {"patterns": [name for name in dict.fromkeys(found) if name]}


KEYWORDS = "test pytest vitest jest build typecheck compile format lint update install deploy run backend frontend server client api ui".split()


def extract_pattern_characteristics(workflow):
    request = workflow.get("nl_input") or ""
    text, words = request.lower(), len(request.split())
    errors = workflow["error_count"]
    seconds = workflow.get("duration_seconds") or 0
    runs = [run.strip("./-") for run in re.split(r"[^\w./-]", request)]
    is_file = lambda run: re.search(r"(^|/)(app|src|tests?)/", run) or re.search(r"\.(py|ts|js)$", run)
    return {
        "input_length": len(request),
        "keywords": [word for word in KEYWORDS if word in text],
        "files_mentioned": sorted({run for run in runs if is_file(run)}),
        "duration_range": "short" if seconds < 180 else "medium" if seconds < 600 else "long",
        "complexity": "simple" if words < 50 and errors < 3 else "complex" if words > 200 or errors > 5 else "medium",
        "error_count": errors,
    }


def calculate_confidence_score(pattern, workflows):
    if not workflows:
        return 10.0
    count = pattern["occurrence_count"]
    frequency = 40 if count >= 10 else 30 if count >= 5 else 20 if count >= 3 else 10
    durations = [w["duration_seconds"] for w in workflows if w["duration_seconds"]]
    consistency = 15
    if len(durations) >= 2:
        mean = sum(durations) / len(durations)
        variance = sum((d - mean) ** 2 for d in durations) / len(durations)
        consistency = 30 if variance < 100 else 20 if variance < 1000 else 10
    errors = sum(w["error_count"] or 0 for w in workflows) / len(workflows)
    retries = sum(w["retry_count"] or 0 for w in workflows) / len(workflows)
    success = 30 if errors == 0 and retries == 0 else 20 if errors < 1 and retries < 2 else 10 if errors < 3 else 5
    return float(frequency + consistency + success)


detector = types.ModuleType("original.pattern_detector")
detector.process_workflow_for_patterns = process_workflow_for_patterns
detector.calculate_confidence_score = calculate_confidence_score
detector.extract_pattern_characteristics = extract_pattern_characteristics
package = types.ModuleType("original")
package.__path__ = []
sys.modules.update({"original": package, "original.pattern_detector": detector})

text = pathlib.Path(document).read_text(encoding="utf-8")
start = text.index('```python\n"""\nPattern Persistence') + len("```python\n")
source = text[start : text.index("\n```", start)]
# The document's version uses a variable that only a new pattern sets: what the fix gives it.
source = source.replace(
    '    # Create pattern occurrence link',
    '    from .pattern_detector import extract_pattern_characteristics\n'
    '    characteristics = extract_pattern_characteristics(workflow)\n'
    '    # Create pattern occurrence link', 1)
module = types.ModuleType("original.persistence")
module.__package__ = "original"
exec(compile(source, "persistence", "exec"), module.__dict__)

connection = sqlite3.connect(database)
if settings == "--no-wait":
    connection.execute("PRAGMA synchronous = OFF")
connection.row_factory = sqlite3.Row
workflows = [dict(row) for row in connection.execute("SELECT * FROM workflow_history ORDER BY rowid")]
connection.row_factory = None
began = time.perf_counter()
result = module.batch_process_workflows(workflows, connection)
seconds = time.perf_counter() - began
assert result["errors"] == 0, result
print(f"{len(workflows) / seconds:.1f}")
