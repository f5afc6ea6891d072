-- a revert names no release, and an attempt may have to wait before it is tried again; a column that may be null now makes the table anew, and what hangs on it is kept meanwhile
CREATE TABLE attempts_new (
    id TEXT NOT NULL PRIMARY KEY,
    device_uuid TEXT NOT NULL,
    release_id TEXT NULL,
    updater_digest TEXT NULL,
    version TEXT NOT NULL,
    from_version TEXT NOT NULL,
    reinstall INTEGER NOT NULL,
    fallback_registries TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    delivered_at INTEGER NULL,
    changed_at INTEGER NOT NULL,
    ended_at INTEGER NULL,
    cancel_asked INTEGER NOT NULL,
    serial INTEGER NOT NULL,
    report_serial INTEGER NOT NULL,
    state TEXT NOT NULL,
    report TEXT NOT NULL,
    log_bytes INTEGER NOT NULL,
    override_locks INTEGER NOT NULL DEFAULT 0,
    reported_at INTEGER NULL,
    policy TEXT NULL,
    not_before INTEGER NULL,
    CONSTRAINT fk_attempts_device FOREIGN KEY (device_uuid) REFERENCES devices (uuid) ON DELETE CASCADE,
    CONSTRAINT fk_attempts_release FOREIGN KEY (release_id) REFERENCES releases (id) ON DELETE RESTRICT
);
INSERT INTO attempts_new (id, device_uuid, release_id, updater_digest, version, from_version, reinstall, fallback_registries, created_at, delivered_at, changed_at, ended_at, cancel_asked, serial, report_serial, state, report, log_bytes, override_locks, reported_at, policy)
    SELECT id, device_uuid, release_id, updater_digest, version, from_version, reinstall, fallback_registries, created_at, delivered_at, changed_at, ended_at, cancel_asked, serial, report_serial, state, report, log_bytes, override_locks, reported_at, policy FROM attempts;
CREATE TABLE attempt_events_kept AS SELECT * FROM attempt_events;
CREATE TABLE attempt_log_parts_kept AS SELECT * FROM attempt_log_parts;
CREATE TABLE attempt_plans_kept AS SELECT * FROM attempt_plans;
-- takes the rows that hang on it along
DROP TABLE attempts;
ALTER TABLE attempts_new RENAME TO attempts;
CREATE INDEX ix_attempts_device_uuid_created_at ON attempts (device_uuid, created_at);
CREATE INDEX ix_attempts_release_id ON attempts (release_id);
DELETE FROM attempt_events;
DELETE FROM attempt_log_parts;
DELETE FROM attempt_plans;
INSERT INTO attempt_events SELECT * FROM attempt_events_kept;
INSERT INTO attempt_log_parts SELECT * FROM attempt_log_parts_kept;
INSERT INTO attempt_plans SELECT * FROM attempt_plans_kept;
DROP TABLE attempt_events_kept;
DROP TABLE attempt_log_parts_kept;
DROP TABLE attempt_plans_kept;
