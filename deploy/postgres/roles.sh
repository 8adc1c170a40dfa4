#!/bin/sh
# Three roles, so that no process can do more than its work: who migrates, who sells, who looks.
#
#   shop_owner     owns the database and every table; only the one migration command logs in as it
#   shop_writer    the shop itself: reads and writes rows; creates, alters, drops, truncates nothing
#   shop_reader    reports: reads what deploy/postgres/privileges.sql names, in transactions that cannot write
#
# The official image runs it once, on an empty data folder: mount it as /docker-entrypoint-initdb.d/10-roles.sh.
# It may be run again at any time, by the superuser, with other passwords: that is how they are changed.
# Each password comes from SHOP_OWNER_PASSWORD_FILE or SHOP_OWNER_PASSWORD, and so for WRITER and READER.
#
# Roadmap: databases/dcl, security/least-privilege

# Without `set -e`: where the file is not executable the image sources it, and the option would stay on for the image.

password_of() {
  eval "file=\${$1_FILE:-}" && eval "value=\${$1:-}"
  if [ -n "$file" ]; then value=$(cat "$file") || return 1; fi
  if [ -z "$value" ]; then echo "roles.sh: $1_FILE or $1 must be set." >&2; return 1; fi
  printf %s "$value"
}

# psql reads the passwords out of its own environment: an argument would stand in the list of processes.
SHOP_OWNER_SECRET=$(password_of SHOP_OWNER_PASSWORD) &&
  SHOP_WRITER_SECRET=$(password_of SHOP_WRITER_PASSWORD) &&
  SHOP_READER_SECRET=$(password_of SHOP_READER_PASSWORD) || exit 1
export SHOP_OWNER_SECRET SHOP_WRITER_SECRET SHOP_READER_SECRET

psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" \
  --dbname "${POSTGRES_DB:-${POSTGRES_USER:-postgres}}" --single-transaction --file - <<'SQL' || exit 1
-- A statement with a password in it must not stand in the server's log, not even when it fails.
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';
\getenv owner_secret SHOP_OWNER_SECRET
\getenv writer_secret SHOP_WRITER_SECRET
\getenv reader_secret SHOP_READER_SECRET

SELECT format('CREATE ROLE %I', name) FROM unnest(ARRAY['shop_owner', 'shop_writer', 'shop_reader']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
ALTER ROLE shop_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'owner_secret';
ALTER ROLE shop_writer LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'writer_secret';
-- A report that nobody waits for any more must not eat connections or hold back vacuum. The two settings are a default
-- that a session may change; what it may touch is decided by grants alone.
ALTER ROLE shop_reader LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS CONNECTION LIMIT 10 PASSWORD :'reader_secret';
ALTER ROLE shop_reader SET default_transaction_read_only = on;
ALTER ROLE shop_reader SET statement_timeout = '60s';

-- PUBLIC is everybody with a login: by default it may connect and make temporary tables.
ALTER DATABASE :"DBNAME" OWNER TO shop_owner;
REVOKE ALL ON DATABASE :"DBNAME" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"DBNAME" TO shop_writer, shop_reader;
ALTER SCHEMA public OWNER TO shop_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO shop_writer, shop_reader;

-- What the owner makes from now on. The reader gets nothing by default: a new table is a secret until somebody names it.
ALTER DEFAULT PRIVILEGES FOR ROLE shop_owner IN SCHEMA public
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO shop_writer;
ALTER DEFAULT PRIVILEGES FOR ROLE shop_owner IN SCHEMA public GRANT USAGE ON SEQUENCES TO shop_writer;
SQL
