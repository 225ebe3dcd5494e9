CREATE TABLE refusal (archives INTEGER CONSTRAINT messages_are_archived_and_only_this_version_can_read_them CHECK (archives = 0));
INSERT INTO refusal SELECT count(*) FROM archives;
DROP TABLE refusal;
DROP TABLE archives;
