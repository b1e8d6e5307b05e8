# SQLite: a database in WAL mode that forces each commit; .backup, and a copy that is renamed into place.
# usage: sqlite.sh backup DIRECTORY VERB [ARGUMENT]; the verbs are described in Peer.java
set -eu
directory=$2
database=$directory/live.db

case $3 in
  check)
    command -v sqlite3
    ;;
  start)
    sqlite3 "$database" "pragma journal_mode = wal" \
      "create table item (collection text, id text, data text not null, primary key (collection, id)) without rowid"
    ;;
  load)
    # The mode in which quotation marks mean nothing.
    sqlite3 -bail "$database" "pragma synchronous = full" ".mode ascii" ".separator \"\t\" \"\n\"" "begin" \
      ".import $4 item" "commit" "pragma wal_checkpoint(truncate)"
    ;;
  backup)
    rm -f "$directory"/b*.db
    sqlite3 "$database" ".timeout 60000" ".backup '$directory/$4.db'"
    sync "$directory/$4.db" "$directory"
    ;;
  restore)
    cp "$directory/$4.db" "$directory/new.db"
    sync "$directory/new.db"
    rm -f "$database-wal" "$database-shm"
    mv "$directory/new.db" "$database"
    sync "$directory"
    sqlite3 "$database" "select count(*) from (select 1 from item limit 1)"
    ;;
  stop) ;;
esac
