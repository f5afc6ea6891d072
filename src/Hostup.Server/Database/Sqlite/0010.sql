-- people who sign in with a password, and where they are signed in; keys and invitations are hashed
CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    organisation_id TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    fleet_id TEXT NULL,
    password_hash TEXT NULL,
    invitation_hash TEXT NULL,
    invitation_until INTEGER NULL,
    created_at INTEGER NOT NULL,
    ended_at INTEGER NULL,
    CONSTRAINT fk_users_organisation FOREIGN KEY (organisation_id) REFERENCES organisations (id) ON DELETE RESTRICT
);
CREATE UNIQUE INDEX ix_users_organisation_id_name ON users (organisation_id, name);
CREATE UNIQUE INDEX ix_users_invitation_hash ON users (invitation_hash);

CREATE TABLE sessions (
    key_hash TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    CONSTRAINT fk_sessions_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX ix_sessions_user_id ON sessions (user_id);
