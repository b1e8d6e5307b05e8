# Redis: BGSAVE, and a server that is started again on the file. Single writes are not durable in this way to run it.
# usage: redis.sh bgsave DIRECTORY VERB [ARGUMENT]; the verbs are described in Peer.java
set -eu
directory=$2
live=$directory/live
LC_ALL=C
export LC_ALL

redis() {
  redis-cli -s "$directory/socket" "$@"
}

# Until the server says so of itself.
await() {
  tries=0
  until redis info persistence 2>/dev/null | tr -d '\r' | grep -qx "$1"; do
    tries=$((tries + 1))
    [ "$tries" -lt 60000 ] || exit 1
    sleep 0.005
  done
}

serve() {
  redis-server --port 0 --unixsocket "$directory/socket" --dir "$live" --save "" --appendonly no \
    --pidfile "$directory/pid" --daemonize yes --logfile "$directory/server.log" >/dev/null
  await loading:0
}

case $3 in
  check)
    command -v redis-server && command -v redis-cli
    ;;
  start)
    mkdir "$live"
    serve
    ;;
  load)
    awk -F '\t' '{
      key = $1 "/" $2
      printf "*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n", length(key), key, length($3), $3
    }' "$4" | redis --pipe
    redis save
    ;;
  backup)
    redis bgsave
    await rdb_bgsave_in_progress:0
    redis info persistence | grep -q rdb_last_bgsave_status:ok
    mv "$live/dump.rdb" "$directory/$4.rdb"
    sync "$directory/$4.rdb" "$directory"
    ;;
  restore)
    redis shutdown nosave || true
    while [ -e "$directory/pid" ]; do sleep 0.005; done
    cp "$directory/$4.rdb" "$live/dump.rdb"
    sync "$live/dump.rdb" "$live"
    serve
    ;;
  stop)
    redis shutdown nosave || true
    ;;
esac
