-- releases that are here and offered to no device until somebody says so; those of older servers are offered
ALTER TABLE releases ADD COLUMN is_draft INTEGER NOT NULL DEFAULT 0;
