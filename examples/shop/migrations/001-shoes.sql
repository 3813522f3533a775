CREATE TABLE shoes (name TEXT NOT NULL, cents INTEGER NOT NULL) STRICT;
INSERT INTO shoes VALUES ('Geta', 3900), ('Zori', 4900), ('Waraji', 1200);
