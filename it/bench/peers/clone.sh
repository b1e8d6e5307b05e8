# A file system that clones: SQLite's files in an image of it; copies that share their blocks, renamed into place.
# usage: clone.sh btrfs|xfs DIRECTORY VERB [ARGUMENT]; the verbs are described in Peer.java. Needs root, to mount.
set -eu
way=$1
directory=$2
image=$directory/image
mounted=$directory/mounted
live=$mounted/live

sqlite() {
  sh "$(dirname "$0")/sqlite.sh" backup "$live" "$@"
}

mount_new() {
  truncate -s "$1" "$image"
  "mkfs.$way" -q "$image"
  mkdir -p "$mounted"
  mount -o loop "$image" "$mounted"
}

copy() {
  case $way in
    btrfs) btrfs -q subvolume snapshot "$1" "$2" ;;
    xfs) cp -r --reflink=always "$1" "$2" ;;
  esac
}

case $3 in
  check)
    command -v "mkfs.$way" && command -v sqlite3
    [ "$way" = xfs ] || command -v btrfs
    mount_new 1G
    umount "$mounted"
    rm "$image"
    ;;
  start)
    mount_new 16G
    case $way in
      btrfs) btrfs -q subvolume create "$live" ;;
      xfs) mkdir "$live" ;;
    esac
    sqlite start
    ;;
  load)
    sqlite load "$4"
    ;;
  backup)
    copy "$live" "$mounted/$4"
    sync -f "$mounted"
    ;;
  restore)
    copy "$mounted/$4" "$mounted/new"
    # What was there is left until the image goes: nobody waits for the removal of what Cairn replaces either.
    mv "$live" "$mounted/before-$(date +%s%N)"
    mv "$mounted/new" "$live"
    sync -f "$mounted"
    sqlite3 "$live/live.db" "select count(*) from (select 1 from item limit 1)"
    ;;
  stop)
    umount "$mounted"
    rm "$image"
    ;;
esac
