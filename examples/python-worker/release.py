"""Release phase: brings the database up to date, once per release, before anything of it starts. To fail is to stop it."""

import os
import sqlite3

STEPS = (
    "CREATE TABLE pieces (number INTEGER PRIMARY KEY, done_at TEXT NOT NULL)",
    "CREATE INDEX pieces_done ON pieces (done_at)",
)


def main():
    # DATABASE is a file that all releases see; without one this only shows that the steps are sound.
    database = sqlite3.connect(os.environ.get("DATABASE", ":memory:"))
    (version,) = database.execute("PRAGMA user_version").fetchone()
    for number, step in enumerate(STEPS[version:], version + 1):
        with database:
            database.execute(step)
            database.execute(f"PRAGMA user_version = {number}")
        print(f"release: schema {number} of {len(STEPS)}", flush=True)
    print(f"release: the schema is at {len(STEPS)}", flush=True)


if __name__ == "__main__":
    main()
