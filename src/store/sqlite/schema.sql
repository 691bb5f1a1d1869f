-- The state database. Portable SQL: a database server must be able to hold the same tables.
CREATE TABLE runs (
    id             TEXT PRIMARY KEY,
    created_at     TEXT NOT NULL,
    changed_at     TEXT NOT NULL,
    plan_path      TEXT NOT NULL,
    inventory_path TEXT NOT NULL,
    state          TEXT NOT NULL,
    percent        REAL NOT NULL,
    seq            INTEGER NOT NULL,
    hash           TEXT NOT NULL
);
-- Apart from `runs`, whose rows are written anew with every event: a plan may hold megabytes.
CREATE TABLE texts (
    run       TEXT PRIMARY KEY REFERENCES runs (id),
    plan      TEXT NOT NULL,
    inventory TEXT NOT NULL
);
CREATE TABLE events (
    run  TEXT NOT NULL REFERENCES runs (id),
    seq  INTEGER NOT NULL,
    body TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (run, seq)
);
CREATE TABLE leases (
    run        TEXT PRIMARY KEY REFERENCES runs (id),
    epoch      INTEGER NOT NULL,
    holder     TEXT NOT NULL,
    held       INTEGER NOT NULL,
    taken_at   TEXT NOT NULL,
    expires_at INTEGER NOT NULL
);
CREATE TABLE locks (
    subject TEXT PRIMARY KEY,
    run     TEXT NOT NULL REFERENCES runs (id)
);
CREATE TABLE secrets (
    run    TEXT NOT NULL REFERENCES runs (id),
    name   TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (run, name)
);
CREATE TABLE requests (
    run    TEXT PRIMARY KEY REFERENCES runs (id),
    reason TEXT NOT NULL
);
