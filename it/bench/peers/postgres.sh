# PostgreSQL: COPY into one table; as a backup either a copy of the database made by the server itself (template), or
# pg_dump and pg_restore with two jobs (dump).
# usage: postgres.sh template|dump DIRECTORY VERB [ARGUMENT]; the verbs are described in Peer.java
set -eu
way=$1
directory=$2
programs=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -1)
PATH=${programs:-/nowhere}:$PATH
PGHOST=$directory
PGPORT=5432
PGUSER=postgres
PGDATABASE=postgres
export PATH PGHOST PGPORT PGUSER PGDATABASE

# The server refuses to run as root.
server() {
  if [ "$(id -u)" = 0 ]; then
    setpriv --reuid postgres --regid postgres --clear-groups "$@"
  else
    "$@"
  fi
}

query() {
  psql -q -X -v ON_ERROR_STOP=1 "$@"
}

# Nobody may be connected to a database that is copied or renamed.
alone() {
  query -c "select pg_terminate_backend(pid) from pg_stat_activity where datname in ('live', 'fresh')" >/dev/null
}

replace() {
  alone
  query -c "alter database live rename to old" -c "alter database fresh rename to live" -c "drop database old"
}

case $3 in
  check)
    command -v initdb && command -v pg_ctl && command -v psql && { [ "$(id -u)" != 0 ] || command -v setpriv; }
    ;;
  start)
    [ "$(id -u)" != 0 ] || chown postgres "$directory"
    server initdb -D "$directory/data" -A trust -U postgres -E UTF8 --locale=C
    server pg_ctl -D "$directory/data" -w -l "$directory/server.log" \
      -o "-c listen_addresses='' -c unix_socket_directories='$directory' -c shared_buffers=512MB -c max_wal_size=4GB" start
    query -c "create database live"
    query -d live -c \
      "create table item (collection text, id text, data text not null, primary key (collection, id))"
    ;;
  load)
    query -d live -c "\\copy item from '$4'"
    ;;
  backup)
    if [ "$way" = template ]; then
      alone
      query -c "drop database if exists kept" -c "create database kept template live strategy file_copy"
    else
      rm -rf "$directory/dump"
      pg_dump -F d -j 2 -f "$directory/dump" live
      sync -f "$directory/dump"
    fi
    ;;
  restore)
    if [ "$way" = template ]; then
      query -c "create database fresh template kept strategy file_copy"
    else
      query -c "create database fresh"
      pg_restore -j 2 -d fresh "$directory/dump"
    fi
    replace
    ;;
  stop)
    server pg_ctl -D "$directory/data" -m immediate stop
    ;;
esac
