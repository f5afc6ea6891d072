-- what is said of the policy for one device and for one attempt; what is said for all is a setting
ALTER TABLE devices ADD COLUMN policy TEXT NULL;
ALTER TABLE attempts ADD COLUMN policy TEXT NULL;
