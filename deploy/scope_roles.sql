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
DO $$
BEGIN
    IF pg_has_role('tucai_app', 'tucai_school', 'MEMBER') THEN
        REVOKE tucai_school, tucai_center, tucai_across, tucai_system FROM tucai_app;
    END IF;
END $$;
-- Who inherits a role has its rights without taking it. From PostgreSQL 16 on a grant says so itself. In 15 the member does, for all
-- that is granted to it: there a role in between, which inherits nothing, holds what a login may take (decision 71).
DO $$
DECLARE
    is_15 boolean := current_setting('server_version_num')::int < 160000;
    inherited text := CASE WHEN is_15 THEN '' ELSE ' WITH INHERIT TRUE, SET FALSE' END;
    taken text := CASE WHEN is_15 THEN '' ELSE ' WITH INHERIT FALSE, SET TRUE' END;
    login text;
    holder text;
    roles text;
BEGIN
    SET LOCAL client_min_messages = warning;
    EXECUTE 'GRANT tucai_plain TO tucai_app, tucai_school, tucai_center, tucai_across, tucai_system' || inherited;
    EXECUTE 'GRANT tucai_app TO tucai_web, tucai_worker' || inherited;
    -- A checkpoint of the history waits for transactions of the web, which only its own login sees otherwise.
    EXECUTE 'GRANT tucai_web TO tucai_worker' || inherited;
    EXECUTE 'GRANT pg_read_all_data TO tucai_backup' || inherited;
    FOR login, roles IN VALUES
        ('tucai_web', 'tucai_school, tucai_center, tucai_across'),
        ('tucai_worker', 'tucai_school, tucai_center, tucai_across, tucai_system'),
        ('tucai_owner', 'tucai_backup')  -- only for pg_dump --role=tucai_backup
    LOOP
        holder := login;
        IF is_15 THEN
            holder := login || '_takes';
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = holder) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', holder);
            END IF;
            EXECUTE format('GRANT %I TO %I', holder, login);
        END IF;
        EXECUTE format('GRANT %s TO %I', roles, holder) || taken;
    END LOOP;
END $$;
ALTER ROLE tucai_backup BYPASSRLS;
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
