-- Whom everything belongs to: an organisation. What was there before belongs to the first one. Columns that are added to tables with rows
-- cannot refer to organisations: those are never deleted.
CREATE TABLE organisations (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    policy TEXT NULL,
    created_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX ix_organisations_name ON organisations (name);
INSERT INTO organisations (id, name, policy, created_at)
    VALUES ('default', 'default', (SELECT value FROM settings WHERE name = 'policy'), CAST(strftime('%s', 'now') AS INTEGER) * 1000);
DELETE FROM settings WHERE name = 'policy';

CREATE TABLE fleets (
    id TEXT NOT NULL PRIMARY KEY,
    organisation_id TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    CONSTRAINT fk_fleets_organisation FOREIGN KEY (organisation_id) REFERENCES organisations (id) ON DELETE RESTRICT
);
CREATE UNIQUE INDEX ix_fleets_organisation_id_name ON fleets (organisation_id, name);

ALTER TABLE api_keys ADD COLUMN organisation_id TEXT NOT NULL DEFAULT 'default';

ALTER TABLE devices ADD COLUMN organisation_id TEXT NOT NULL DEFAULT 'default';
ALTER TABLE devices ADD COLUMN fleet_id TEXT NULL REFERENCES fleets (id) ON DELETE SET NULL;
CREATE INDEX ix_devices_organisation_id_uuid ON devices (organisation_id, uuid);
CREATE INDEX ix_devices_organisation_id_name ON devices (organisation_id, name);
CREATE INDEX ix_devices_fleet_id ON devices (fleet_id);

ALTER TABLE releases ADD COLUMN organisation_id TEXT NOT NULL DEFAULT 'default';
DROP INDEX ix_releases_envelope_digest;
DROP INDEX ix_releases_device_type_version;
CREATE UNIQUE INDEX ix_releases_organisation_id_envelope_digest ON releases (organisation_id, envelope_digest);
CREATE INDEX ix_releases_organisation_id_device_type_version ON releases (organisation_id, device_type, version);

ALTER TABLE deltas ADD COLUMN organisation_id TEXT NOT NULL DEFAULT 'default';
CREATE INDEX ix_deltas_organisation_id_id ON deltas (organisation_id, id);

ALTER TABLE attempts ADD COLUMN organisation_id TEXT NOT NULL DEFAULT 'default';

-- the same digest, version or name may be there once for each organisation
CREATE TABLE updaters_owned (
    organisation_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    version TEXT NOT NULL,
    size INTEGER NOT NULL,
    platform TEXT NOT NULL,
    envelope_digest TEXT NOT NULL,
    published_at INTEGER NOT NULL,
    CONSTRAINT pk_updaters PRIMARY KEY (organisation_id, digest)
);
INSERT INTO updaters_owned SELECT 'default', digest, version, size, platform, envelope_digest, published_at FROM updaters;
DROP TABLE updaters;
ALTER TABLE updaters_owned RENAME TO updaters;
CREATE UNIQUE INDEX ix_updaters_organisation_id_envelope_digest ON updaters (organisation_id, envelope_digest);

CREATE TABLE trust_lists_owned (
    organisation_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    envelope_digest TEXT NOT NULL,
    published_at INTEGER NOT NULL,
    CONSTRAINT pk_trust_lists PRIMARY KEY (organisation_id, version)
);
INSERT INTO trust_lists_owned SELECT 'default', version, envelope_digest, published_at FROM trust_lists;
DROP TABLE trust_lists;
ALTER TABLE trust_lists_owned RENAME TO trust_lists;
CREATE UNIQUE INDEX ix_trust_lists_organisation_id_envelope_digest ON trust_lists (organisation_id, envelope_digest);

CREATE TABLE repository_contents_owned (
    organisation_id TEXT NOT NULL,
    repository TEXT NOT NULL,
    digest TEXT NOT NULL,
    media_type TEXT NULL,
    CONSTRAINT pk_repository_contents PRIMARY KEY (organisation_id, repository, digest)
);
INSERT INTO repository_contents_owned SELECT 'default', repository, digest, media_type FROM repository_contents;
-- programs of updaters: a name that no client of the registry can say
INSERT INTO repository_contents_owned SELECT organisation_id, '_updaters', digest, NULL FROM updaters;
DROP TABLE repository_contents;
ALTER TABLE repository_contents_owned RENAME TO repository_contents;

CREATE TABLE repository_tags_owned (
    organisation_id TEXT NOT NULL,
    repository TEXT NOT NULL,
    tag TEXT NOT NULL,
    digest TEXT NOT NULL,
    CONSTRAINT pk_repository_tags PRIMARY KEY (organisation_id, repository, tag)
);
INSERT INTO repository_tags_owned SELECT 'default', repository, tag, digest FROM repository_tags;
DROP TABLE repository_tags;
ALTER TABLE repository_tags_owned RENAME TO repository_tags;
