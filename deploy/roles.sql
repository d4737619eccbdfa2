-- Once, as PostgreSQL's superuser:  psql -v owner_password=… -v web_password=… -v worker_password=… -f deploy/roles.sql
-- The owner migrates. Web and workers read and write rows, own nothing and pass no policy by; only the workers become the system.
CREATE ROLE tucai_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE tucai_web LOGIN PASSWORD :'web_password';
CREATE ROLE tucai_worker LOGIN PASSWORD :'worker_password';
\ir scope_roles.sql
CREATE DATABASE tucai OWNER tucai_owner ENCODING 'UTF8' TEMPLATE template0;
\ir database_settings.sql
