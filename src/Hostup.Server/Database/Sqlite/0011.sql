-- what each device is to run: who declared it, when and why
CREATE TABLE declared_targets (
    device_uuid TEXT NOT NULL PRIMARY KEY,
    release_id TEXT NOT NULL,
    version TEXT NOT NULL,
    who TEXT NOT NULL,
    at INTEGER NOT NULL,
    why TEXT NOT NULL,
    CONSTRAINT fk_declared_targets_device FOREIGN KEY (device_uuid) REFERENCES devices (uuid) ON DELETE CASCADE,
    CONSTRAINT fk_declared_targets_release FOREIGN KEY (release_id) REFERENCES releases (id) ON DELETE RESTRICT
);
CREATE INDEX ix_declared_targets_release_id ON declared_targets (release_id);
