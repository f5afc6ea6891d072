-- what a key may do: its role, one fleet or all, and when it was last used. Keys of operators could do everything until now.
ALTER TABLE api_keys ADD COLUMN role TEXT NULL;
UPDATE api_keys SET role = 'administrator' WHERE kind = 'operator';
-- no reference: a key of a fleet that is gone must see nothing, not everything
ALTER TABLE api_keys ADD COLUMN fleet_id TEXT NULL;
ALTER TABLE api_keys ADD COLUMN last_used_at INTEGER NULL;
