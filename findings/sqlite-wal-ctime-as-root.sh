#!/usr/bin/env bash
# SQLite 3.54.1 (PyPI apsw 3.54.1.0), Linux.
# Expected: a connection opened read-only (SQLITE_OPEN_READONLY), which runs one SELECT on a database in WAL mode and
#   closes, leaves database and log as they were: size, mtime and ctime.
# Guess before: ctime of the log stays, since nothing is written.
# Seen: as root the ctime of `x.db-wal` moves to the time of the opening; size, mtime and content stay, and so does all of the
#   database file. (unixOpen gives a log or journal that it opens to the database's owner by fchown, whenever root does it.)
#   Who takes ctime for a sign of change sees a change after each look. A log is told apart by its salts, its committed frames
#   and the last one's checksum, which is that of all frames before it.
# Exit code: 0 as described, 1 otherwise, 2 when not run as root or nothing could be installed.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "needs root"; exit 2; }
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install -q apsw==3.54.1.0 || exit 2
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import apsw, os, subprocess, sys, time

def signs(path):
    # Another process reads the content: to close a database in this one would drop SQLite's locks on it.
    found = os.stat(path)
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, subprocess.check_output(["cat", path])

writer = apsw.Connection("x.db")
list(writer.execute("PRAGMA journal_mode = wal; CREATE TABLE t (x); INSERT INTO t VALUES (1)"))
before = {name: signs(name) for name in ("x.db", "x.db-wal")}
time.sleep(0.1)
reader = apsw.Connection("x.db", flags=apsw.SQLITE_OPEN_READONLY)
rows = list(reader.execute("SELECT x FROM t"))
reader.close()
after = {name: signs(name) for name in before}
moved = (after["x.db-wal"][2] - before["x.db-wal"][2]) / 1e9
print(f"rows {rows}; database unchanged: {before['x.db'] == after['x.db']}; log: size, mtime and content unchanged: "
      f"{before['x.db-wal'][:2] + before['x.db-wal'][3:] == after['x.db-wal'][:2] + after['x.db-wal'][3:]}, ctime moved by {moved:.3f} s")
as_described = rows == [(1,)] and before["x.db"] == after["x.db"] and before["x.db-wal"][3] == after["x.db-wal"][3] and moved > 0.05
sys.exit(0 if as_described else 1)
PY
