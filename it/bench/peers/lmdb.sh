# LMDB: one database, each commit forced; mdb_copy, and a copy that is renamed into place.
# usage: lmdb.sh copy DIRECTORY VERB [ARGUMENT]; the verbs are described in Peer.java
set -eu
directory=$2
live=$directory/live
LC_ALL=C
export LC_ALL

case $3 in
  check)
    command -v mdb_load && command -v mdb_copy && command -v mdb_stat
    ;;
  start)
    mkdir "$live"
    ;;
  load)
    # Backslashes are the only characters of the items that its text format gives a meaning.
    {
      printf 'VERSION=3\nformat=print\ntype=btree\nmapsize=17179869184\nHEADER=END\n'
      awk -F '\t' '{ gsub(/\\/, "\\5c", $3); print " " $1 "/" $2; print " " $3 }' "$4"
      echo DATA=END
    } | mdb_load "$live"
    ;;
  backup)
    mkdir "$directory/$4"
    mdb_copy "$live" "$directory/$4"
    sync "$directory/$4/data.mdb" "$directory/$4"
    ;;
  restore)
    cp "$directory/$4/data.mdb" "$live/new.mdb"
    sync "$live/new.mdb"
    mv "$live/new.mdb" "$live/data.mdb"
    sync "$live"
    mdb_stat "$live"
    ;;
  stop) ;;
esac
