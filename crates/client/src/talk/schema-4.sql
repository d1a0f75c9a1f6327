-- What version 4 has beyond version 3: how far the sending of a file has come, so that another process goes on with it.

-- Where its sealed bytes lie, and the key that they are sealed with.
alter table sendings add column parcel blob;
alter table sendings add column key blob;
-- Bytes of the file, and when it was changed last: of another one nothing is sent under that key.
alter table sendings add column size integer;
alter table sendings add column modified_ns integer;
-- Chunks in front of the piece that was sealed last, and the SHA-256 of what is in that piece.
alter table sendings add column chunks integer;
alter table sendings add column digest blob;
