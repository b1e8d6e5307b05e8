# MariaDB: InnoDB that forces each commit; mariabackup with its preparation, and a server that is started on the copy.
# usage: mariadb.sh mariabackup DIRECTORY VERB [ARGUMENT]; the verbs are described in Peer.java
set -eu
directory=$2
live=$directory/live
socket=$directory/socket

# The server refuses to run as root.
user() {
  [ "$(id -u)" != 0 ] || echo --user=mysql
}

own() {
  [ "$(id -u)" != 0 ] || chown -R mysql "$@"
}

query() {
  mariadb --no-defaults --socket="$socket" -u root --local-infile=1 "$@"
}

serve() {
  # shellcheck disable=SC2046 # one word or none
  nohup mariadbd --no-defaults $(user) --datadir="$live" --socket="$socket" --pid-file="$directory/pid" \
    --skip-networking --innodb-buffer-pool-size=1G --innodb-log-file-size=512M \
    --innodb-flush-log-at-trx-commit=1 --local-infile=1 >>"$directory/server.log" 2>&1 &
  tries=0
  until query -e 'select 1' >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -lt 6000 ] || exit 1
    sleep 0.02
  done
}

end() {
  mariadb-admin --no-defaults --socket="$socket" -u root shutdown
  while [ -e "$directory/pid" ]; do sleep 0.01; done
}

case $3 in
  check)
    command -v mariadbd && command -v mariadb-install-db && command -v mariabackup
    ;;
  start)
    mkdir "$live"
    own "$directory"
    # shellcheck disable=SC2046 # one word or none
    mariadb-install-db --no-defaults $(user) --datadir="$live" --skip-test-db --skip-name-resolve \
      --auth-root-authentication-method=normal
    serve
    query -e 'create database site; create table site.item (collection varchar(8), id varchar(64),
      data varchar(2000) not null, primary key (collection, id)) character set ascii collate ascii_bin'
    ;;
  load)
    query site -e "load data local infile '$4' into table item fields terminated by '\t' escaped by ''"
    ;;
  backup)
    mariabackup --no-defaults --backup --target-dir="$directory/$4" --datadir="$live" --socket="$socket" --user=root
    mariabackup --no-defaults --prepare --target-dir="$directory/$4"
    sync -f "$directory/$4"
    ;;
  restore)
    mariabackup --no-defaults --copy-back --target-dir="$directory/$4" --datadir="$directory/new"
    own "$directory/new"
    sync -f "$directory/new"
    end
    rm -rf "$live"
    mv "$directory/new" "$live"
    serve
    query site -e 'select count(*) from (select 1 from item limit 1) as one'
    ;;
  stop)
    end
    ;;
esac
