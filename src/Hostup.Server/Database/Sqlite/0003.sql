-- what the operator wants of an attempt beside its end, and when the device last spoke of it
ALTER TABLE attempts ADD COLUMN override_locks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN reported_at INTEGER NULL;
