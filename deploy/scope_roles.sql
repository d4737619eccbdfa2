-- The roles of the scopes (portal.database). Run by PostgreSQL's superuser after the login roles are made; safe to repeat.
-- tucai_web and tucai_worker sign in. What they send outside of any scope runs as tucai_app, which both inherit and which has no
-- policy of a tenant. Each takes the roles of its scopes with SET ROLE and inherits none of them.
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['tucai_app', 'tucai_plain', 'tucai_school', 'tucai_center', 'tucai_across', 'tucai_system', 'tucai_backup'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', name);
        END IF;
    END LOOP;
END $$;
-- One login for both, in installations of before: nobody signs in as it any more.
ALTER ROLE tucai_app NOLOGIN INHERIT;
REVOKE tucai_school, tucai_center, tucai_across, tucai_system FROM tucai_app;
GRANT tucai_plain TO tucai_app, tucai_school, tucai_center, tucai_across, tucai_system WITH INHERIT TRUE, SET FALSE;
GRANT tucai_app TO tucai_web, tucai_worker WITH INHERIT TRUE, SET FALSE;
GRANT tucai_school, tucai_center, tucai_across TO tucai_web WITH INHERIT FALSE, SET TRUE;
GRANT tucai_school, tucai_center, tucai_across, tucai_system TO tucai_worker WITH INHERIT FALSE, SET TRUE;
-- A checkpoint of the history waits for transactions of the web, which only its own login sees otherwise.
GRANT tucai_web TO tucai_worker WITH INHERIT TRUE, SET FALSE;
-- Only for pg_dump --role=tucai_backup, by the owner.
ALTER ROLE tucai_backup BYPASSRLS;
GRANT pg_read_all_data TO tucai_backup WITH INHERIT TRUE, SET FALSE;
GRANT tucai_backup TO tucai_owner WITH INHERIT FALSE, SET TRUE;
-- A role may change its own settings (ALTER ROLE ... SET), also in strange hands: web and workers do not start with such.
DO $$
DECLARE one record;
BEGIN
    FOR one IN
        SELECT rolname, datname FROM pg_db_role_setting
        JOIN pg_roles ON pg_roles.oid = setrole LEFT JOIN pg_database ON pg_database.oid = setdatabase
        WHERE rolname IN ('tucai_web', 'tucai_worker')
    LOOP
        EXECUTE format('ALTER ROLE %I', one.rolname) || coalesce(' IN DATABASE ' || quote_ident(one.datname), '') || ' RESET ALL';
    END LOOP;
END $$;
