-- Once, as PostgreSQL's superuser:  psql -v owner_password=… -v app_password=… -f deploy/roles.sql
-- The owner migrates. The application role reads and writes rows, owns nothing and passes no policy by.
CREATE ROLE tucai_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE tucai_app LOGIN NOINHERIT PASSWORD :'app_password';
\ir scope_roles.sql
CREATE DATABASE tucai OWNER tucai_owner ENCODING 'UTF8' TEMPLATE template0;
