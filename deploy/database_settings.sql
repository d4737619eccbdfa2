-- What the product needs of its database. Run by PostgreSQL's superuser: by deploy/roles.sql for a new database, by deploy/install.sh with each
-- release; safe to repeat.
-- Who is killed while a statement runs leaves it running, with its locks, and everybody waits for it: for ten seconds at most.
ALTER DATABASE tucai SET client_connection_check_interval = '10s';
-- No names, telephones and hashes of numbers in PostgreSQL's log: a statement that fails holds them, and so does its DETAIL. Set on
-- the database by the superuser, no login can undo it; web and workers do not start without.
ALTER DATABASE tucai SET log_min_error_statement = 'panic';
ALTER DATABASE tucai SET log_error_verbosity = 'terse';
-- A machine that is gone says nothing: its transactions, and the locks that they hold, end after half a minute and not after two hours.
ALTER DATABASE tucai SET tcp_keepalives_idle = 20;
ALTER DATABASE tucai SET tcp_keepalives_interval = 5;
ALTER DATABASE tucai SET tcp_keepalives_count = 3;
