-- Times are milliseconds since 1970-01-01 UTC. Digests are in OCI notation. Documents are JSON text.
CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    key_hash TEXT NOT NULL,
    description TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NULL
);
CREATE UNIQUE INDEX ix_api_keys_key_hash ON api_keys (key_hash);

CREATE TABLE devices (
    uuid TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    device_type TEXT NOT NULL,
    key_hash TEXT NOT NULL,
    registered_at INTEGER NOT NULL,
    last_seen_at INTEGER NULL,
    os_version TEXT NOT NULL,
    platform TEXT NOT NULL,
    state TEXT NULL,
    target_attempt_id TEXT NULL
);
CREATE UNIQUE INDEX ix_devices_key_hash ON devices (key_hash);

CREATE TABLE releases (
    id TEXT NOT NULL PRIMARY KEY,
    version TEXT NOT NULL,
    device_type TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    build_id TEXT NOT NULL,
    signed_at INTEGER NOT NULL,
    published_at INTEGER NOT NULL,
    envelope_digest TEXT NOT NULL,
    image_digest TEXT NOT NULL,
    repository TEXT NOT NULL,
    download_bytes INTEGER NOT NULL,
    invalidated_at INTEGER NULL,
    invalidated_reason TEXT NULL
);
CREATE UNIQUE INDEX ix_releases_envelope_digest ON releases (envelope_digest);
CREATE INDEX ix_releases_device_type_version ON releases (device_type, version);

CREATE TABLE updaters (
    digest TEXT NOT NULL PRIMARY KEY,
    version TEXT NOT NULL,
    size INTEGER NOT NULL,
    platform TEXT NOT NULL,
    envelope_digest TEXT NOT NULL,
    published_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX ix_updaters_envelope_digest ON updaters (envelope_digest);

CREATE TABLE attempts (
    id TEXT NOT NULL PRIMARY KEY,
    device_uuid TEXT NOT NULL,
    release_id TEXT NOT NULL,
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
    CONSTRAINT fk_attempts_device FOREIGN KEY (device_uuid) REFERENCES devices (uuid) ON DELETE CASCADE,
    CONSTRAINT fk_attempts_release FOREIGN KEY (release_id) REFERENCES releases (id) ON DELETE RESTRICT
);
CREATE INDEX ix_attempts_device_uuid_created_at ON attempts (device_uuid, created_at);
CREATE INDEX ix_attempts_release_id ON attempts (release_id);

-- append-only: every change of state
CREATE TABLE attempt_events (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    attempt_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    state TEXT NOT NULL,
    message TEXT NULL,
    CONSTRAINT fk_attempt_events_attempt FOREIGN KEY (attempt_id) REFERENCES attempts (id) ON DELETE CASCADE
);
CREATE INDEX ix_attempt_events_attempt_id ON attempt_events (attempt_id);

CREATE TABLE attempt_log_parts (
    attempt_id TEXT NOT NULL,
    offset_bytes INTEGER NOT NULL,
    content BLOB NOT NULL,
    CONSTRAINT pk_attempt_log_parts PRIMARY KEY (attempt_id, offset_bytes),
    CONSTRAINT fk_attempt_log_parts_attempt FOREIGN KEY (attempt_id) REFERENCES attempts (id) ON DELETE CASCADE
);

CREATE TABLE attempt_plans (
    attempt_id TEXT NOT NULL PRIMARY KEY,
    content BLOB NOT NULL,
    CONSTRAINT fk_attempt_plans_attempt FOREIGN KEY (attempt_id) REFERENCES attempts (id) ON DELETE CASCADE
);

-- which content may be read under which repository name
CREATE TABLE repository_contents (
    repository TEXT NOT NULL,
    digest TEXT NOT NULL,
    media_type TEXT NULL,
    CONSTRAINT pk_repository_contents PRIMARY KEY (repository, digest)
);

CREATE TABLE repository_tags (
    repository TEXT NOT NULL,
    tag TEXT NOT NULL,
    digest TEXT NOT NULL,
    CONSTRAINT pk_repository_tags PRIMARY KEY (repository, tag)
);
