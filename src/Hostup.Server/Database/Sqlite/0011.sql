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
-- they were texts among the settings, whose times are as people write them
INSERT INTO declared_targets (device_uuid, release_id, version, who, at, why)
    SELECT d.uuid, r.id, json_extract(s.value, '$.version'), json_extract(s.value, '$.by'), CAST(ROUND((julianday(json_extract(s.value, '$.at')) - 2440587.5) * 86400000) AS INTEGER), COALESCE(json_extract(s.value, '$.why'), '')
    FROM settings s JOIN devices d ON s.name = 'target:' || d.uuid JOIN releases r ON r.id = json_extract(s.value, '$.releaseId');
DELETE FROM settings WHERE name LIKE 'target:%';
