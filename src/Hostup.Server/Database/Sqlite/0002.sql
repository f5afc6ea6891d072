-- identity of devices: keys that are being replaced, machines that were seen, what happened; and the lists of trusted keys
ALTER TABLE devices ADD COLUMN next_key_hash TEXT NULL;
ALTER TABLE devices ADD COLUMN rotate_key INTEGER NOT NULL DEFAULT 0;
ALTER TABLE devices ADD COLUMN retired_at INTEGER NULL;
ALTER TABLE devices ADD COLUMN cloned_at INTEGER NULL;
ALTER TABLE devices ADD COLUMN current_boot TEXT NULL;
CREATE UNIQUE INDEX ix_devices_next_key_hash ON devices (next_key_hash);

-- the last boots of each device; two that take turns are two machines
CREATE TABLE device_boots (
    device_uuid TEXT NOT NULL,
    boot_id TEXT NOT NULL,
    machine TEXT NOT NULL,
    address TEXT NOT NULL,
    first_seen_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    returns INTEGER NOT NULL,
    CONSTRAINT pk_device_boots PRIMARY KEY (device_uuid, boot_id),
    CONSTRAINT fk_device_boots_device FOREIGN KEY (device_uuid) REFERENCES devices (uuid) ON DELETE CASCADE
);

-- append-only: what happened to the identity of a device
CREATE TABLE device_events (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    device_uuid TEXT NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    message TEXT NOT NULL,
    CONSTRAINT fk_device_events_device FOREIGN KEY (device_uuid) REFERENCES devices (uuid) ON DELETE CASCADE
);
CREATE INDEX ix_device_events_device_uuid ON device_events (device_uuid);

CREATE TABLE trust_lists (
    version INTEGER NOT NULL PRIMARY KEY,
    envelope_digest TEXT NOT NULL,
    published_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX ix_trust_lists_envelope_digest ON trust_lists (envelope_digest);
