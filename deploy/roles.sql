-- Once, as PostgreSQL's superuser:  psql -v owner_password=… -v app_password=… -f deploy/roles.sql
-- The owner migrates. The application role reads and writes rows, owns nothing and passes no policy by.
CREATE ROLE tucai_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE tucai_app LOGIN NOINHERIT PASSWORD :'app_password';
CREATE DATABASE tucai OWNER tucai_owner ENCODING 'UTF8' TEMPLATE template0;
\connect tucai
ALTER DEFAULT PRIVILEGES FOR ROLE tucai_owner GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO tucai_app;
ALTER DEFAULT PRIVILEGES FOR ROLE tucai_owner GRANT USAGE, SELECT ON SEQUENCES TO tucai_app;
