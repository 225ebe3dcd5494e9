-- The messages are the truth; every other table is what they say, written in the same transaction.

CREATE TABLE messages (
    sequence       INTEGER PRIMARY KEY,           -- 1, 2, 3 … without gaps
    recorded_at_ns INTEGER NOT NULL,
    name           TEXT NOT NULL,
    bytes          BLOB NOT NULL,                 -- as on every wire
    hash           BLOB NOT NULL                  -- of the hash before, the sequence, the time and the bytes
);
CREATE INDEX messages_by_name ON messages (name, sequence);

CREATE TABLE orders (                             -- each order as it now stands; numbers are exact, as text
    client_order_id  TEXT PRIMARY KEY,
    symbol           TEXT NOT NULL,
    side             TEXT NOT NULL,
    kind             TEXT NOT NULL,
    purpose          TEXT NOT NULL,
    status           TEXT NOT NULL,
    quantity         TEXT NOT NULL,
    filled_quantity  TEXT NOT NULL,
    filled_notional  TEXT NOT NULL,
    price            TEXT,
    trigger_price    TEXT,
    is_reduce_only   INTEGER NOT NULL,
    trade_number     INTEGER NOT NULL,
    bar_open_time_ns INTEGER NOT NULL,
    reason           TEXT NOT NULL,
    venue_order_id   TEXT NOT NULL,
    created_at_ns    INTEGER NOT NULL,
    changed_at_ns    INTEGER NOT NULL
);

CREATE TABLE fills (
    trade_id        TEXT NOT NULL,
    symbol          TEXT NOT NULL,
    sequence        INTEGER NOT NULL,
    client_order_id TEXT NOT NULL,                -- empty: no order of ours
    venue_order_id  TEXT NOT NULL,
    sign            INTEGER NOT NULL,
    quantity        TEXT NOT NULL,
    price           TEXT NOT NULL,
    fee             TEXT NOT NULL,
    fee_asset       TEXT NOT NULL,
    is_maker        INTEGER NOT NULL,
    occurred_at_ns  INTEGER NOT NULL,
    PRIMARY KEY (symbol, trade_id)
);

CREATE TABLE signals (
    sequence         INTEGER PRIMARY KEY,
    play_hash        TEXT NOT NULL,
    symbol           TEXT NOT NULL,
    bar_open_time_ns INTEGER NOT NULL,
    intent           INTEGER NOT NULL,
    close            REAL NOT NULL
);

CREATE TABLE trades (
    trade_number   INTEGER PRIMARY KEY,
    sequence       INTEGER NOT NULL,
    symbol         TEXT NOT NULL,
    direction      TEXT NOT NULL,
    quantity       TEXT NOT NULL,
    entry_price    TEXT NOT NULL,
    exit_price     TEXT NOT NULL,
    opened_at_ns   INTEGER NOT NULL,
    closed_at_ns   INTEGER NOT NULL,
    gross_profit   TEXT NOT NULL,
    fees           TEXT NOT NULL,
    profit         TEXT NOT NULL,
    exit_reason    TEXT NOT NULL,
    naked_ns       INTEGER NOT NULL
);

CREATE TABLE outbox (                             -- one message per trade, there from the moment the trade is
    trade_number    INTEGER PRIMARY KEY,
    text            TEXT NOT NULL,
    delivered_at_ns INTEGER
);

CREATE TABLE view (                               -- what operators see; one row
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    sequence INTEGER NOT NULL,
    bytes    BLOB NOT NULL,
    digest   BLOB NOT NULL
);
