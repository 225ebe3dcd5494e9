ALTER TABLE archives DROP COLUMN seal;
ALTER TABLE archives DROP COLUMN staying;
