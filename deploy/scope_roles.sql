-- The roles of the scopes (portal.database). Run by PostgreSQL's superuser after the two login roles are made; safe to repeat.
-- The login role may take each of the four with SET ROLE and inherits none of them: a query outside of any scope has no policy.
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['tucai_plain', 'tucai_school', 'tucai_center', 'tucai_across', 'tucai_system', 'tucai_backup'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', name);
        END IF;
    END LOOP;
END $$;
GRANT tucai_plain TO tucai_app, tucai_school, tucai_center, tucai_across, tucai_system WITH INHERIT TRUE, SET FALSE;
GRANT tucai_school, tucai_center, tucai_across, tucai_system TO tucai_app WITH INHERIT FALSE, SET TRUE;
-- Only for pg_dump --role=tucai_backup, by the owner.
ALTER ROLE tucai_backup BYPASSRLS;
GRANT pg_read_all_data TO tucai_backup WITH INHERIT TRUE, SET FALSE;
GRANT tucai_backup TO tucai_owner WITH INHERIT FALSE, SET TRUE;
