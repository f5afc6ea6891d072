-- how many attempts are in which state is counted without reading their reports
CREATE INDEX ix_attempts_state ON attempts (state);
