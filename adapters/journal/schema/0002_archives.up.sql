-- Messages that went into Parquet files, and the state their fold had: from here the chain goes on.

CREATE TABLE archives (
    first_sequence INTEGER PRIMARY KEY,
    last_sequence  INTEGER NOT NULL,
    last_hash      BLOB NOT NULL,                 -- of the last archived message: the next one is chained to it
    file           TEXT NOT NULL,                 -- its name in the folder `archive` beside the journal
    digest         BLOB NOT NULL,                 -- of the file's bytes
    checkpoint     BLOB NOT NULL                  -- the message a recovery begins with
);
