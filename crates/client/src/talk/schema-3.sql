-- What version 3 has beyond version 2: files that are to be sent. Each becomes a message when its bytes are at the server.

create table sendings (
    id integer primary key,
    -- As the message will be named.
    reference blob not null unique,
    peer text not null,
    path blob not null
) strict;
