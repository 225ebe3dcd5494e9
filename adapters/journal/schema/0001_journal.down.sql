DROP TABLE view;
DROP TABLE outbox;
DROP TABLE trades;
DROP TABLE signals;
DROP TABLE fills;
DROP TABLE orders;
DROP INDEX messages_by_name;
DROP TABLE messages;
