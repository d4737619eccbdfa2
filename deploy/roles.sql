-- Once, as PostgreSQL's superuser:  psql -v owner_password=… -v web_password=… -v worker_password=… -f deploy/roles.sql
-- The owner migrates. Web and workers read and write rows, own nothing and pass no policy by; only the workers become the system.
CREATE ROLE tucai_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE tucai_web LOGIN PASSWORD :'web_password';
CREATE ROLE tucai_worker LOGIN PASSWORD :'worker_password';
\ir scope_roles.sql
CREATE DATABASE tucai OWNER tucai_owner ENCODING 'UTF8' TEMPLATE template0;
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
