-- the tree that a release's image unpacks to, as its manifest says; rows of older servers are filled at start
ALTER TABLE releases ADD COLUMN tree_digest TEXT NULL;
CREATE INDEX ix_releases_tree_digest ON releases (tree_digest);

-- one delta from a tree to a release: what was asked for, who builds it, what came of it
CREATE TABLE deltas (
    id TEXT NOT NULL PRIMARY KEY,
    from_tree TEXT NOT NULL,
    from_release_id TEXT NOT NULL,
    to_release_id TEXT NOT NULL,
    state TEXT NOT NULL,
    urgent INTEGER NOT NULL,
    lease_owner TEXT NULL,
    lease_until INTEGER NULL,
    tries INTEGER NOT NULL,
    progress REAL NOT NULL,
    bytes INTEGER NULL,
    frames INTEGER NULL,
    blob_digest TEXT NULL,
    artifact_digest TEXT NULL,
    error_code TEXT NULL,
    error TEXT NULL,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    started_at INTEGER NULL,
    ended_at INTEGER NULL,
    serial INTEGER NOT NULL,
    CONSTRAINT fk_deltas_from_release FOREIGN KEY (from_release_id) REFERENCES releases (id) ON DELETE RESTRICT,
    CONSTRAINT fk_deltas_to_release FOREIGN KEY (to_release_id) REFERENCES releases (id) ON DELETE RESTRICT
);
CREATE UNIQUE INDEX ix_deltas_from_tree_to_release_id ON deltas (from_tree, to_release_id);
CREATE INDEX ix_deltas_from_release_id ON deltas (from_release_id);
CREATE INDEX ix_deltas_to_release_id ON deltas (to_release_id);
CREATE INDEX ix_deltas_state ON deltas (state);
