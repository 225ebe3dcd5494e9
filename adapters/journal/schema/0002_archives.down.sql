CREATE TABLE refusal (archives INTEGER CONSTRAINT "messages are archived and this version cannot read them, predator archive-journal --restore puts them back" CHECK (archives = 0));
INSERT INTO refusal SELECT count(*) FROM archives;
DROP TABLE refusal;
DROP TABLE archives;
