-- The state a recovery begins with is guarded like the messages it stands for. Without a seal: archived by an older
-- program; sealed at the next start, once the archive was found to come to the same state.

ALTER TABLE archives ADD COLUMN staying TEXT NOT NULL DEFAULT 'SignalReceived TradeClosed';  -- which kinds stayed
ALTER TABLE archives ADD COLUMN seal    BLOB;                                                -- of the whole row
