# restic: a repository of snapshots of a file with all items.
# usage: restic.sh restic DIRECTORY VERB [ARGUMENT]; the verbs are described in Peer.java
set -eu
directory=$2
RESTIC_REPOSITORY=$directory/repository
RESTIC_PASSWORD=bench
RESTIC_CACHE_DIR=$directory/cache
export RESTIC_REPOSITORY RESTIC_PASSWORD RESTIC_CACHE_DIR

case $3 in
  check)
    command -v restic
    ;;
  start)
    restic init -q
    mkdir "$directory/live"
    ;;
  load)
    cp "$4" "$directory/live/items"
    sync "$directory/live/items"
    ;;
  backup)
    cd "$directory" && restic backup -q live
    ;;
  restore)
    rm -rf "$directory/new"
    restic restore -q latest --target "$directory/new"
    sync -f "$directory/new"
    rm -rf "$directory/live"
    mv "$directory/new/live" "$directory/live"
    ;;
  stop) ;;
esac
