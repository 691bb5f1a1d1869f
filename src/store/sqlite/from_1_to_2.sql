-- Format 1 kept both texts in `runs`, whose rows are written anew with every event.
CREATE TABLE texts (
    run       TEXT PRIMARY KEY REFERENCES runs (id),
    plan      TEXT NOT NULL,
    inventory TEXT NOT NULL
);
INSERT INTO texts (run, plan, inventory) SELECT id, plan_text, inventory_text FROM runs;
ALTER TABLE runs DROP COLUMN plan_text;
ALTER TABLE runs DROP COLUMN inventory_text;
