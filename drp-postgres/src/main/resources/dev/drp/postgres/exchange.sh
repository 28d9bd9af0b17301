# Puts restored files in the place of a server's own, and back, by renames alone (any POSIX sh). Runs as the server's
# account, beside the server's data; nothing may run on what it moves.
#
#   $1   the data directory
#   $2   the name of our folder in it, which holds: "data", what was restored; "replaced", what was live before; "state"
#   $3   what to do:
#          state          prints what the folder has come to; nothing where it is none of those
#          take           takes the live files into the folder as "data", to be repaired there
#          recovered      notes that a server has recovered from the restored files
#          seal [alone]   gives the restored files their own settings back, once their server was stopped cleanly; with
#                         "alone", what a server needs to start where they have none
#          put data|replaced   makes those the live ones; the others are kept in the folder
#          drop           removes the folder
#          renew          the same, and makes it anew
#
# States: "taken", where "data" are the live files themselves; "recovered"; then "live X": X are the live ones, the others
# are in the folder; "out X": the live ones are on their way out, into X; "in X": those in X are on their way to become the
# live ones. So a run that was killed is continued in either direction. No server starts from what is on its way:
# global/pg_control leaves first and comes last.
#
# Exit code 3: refused, nothing was changed.
set -eu
LC_ALL=C
export LC_ALL
umask 077
cd "$1"
folder=$2

refuse() {
  echo "$1" >&2
  exit 3
}

state() {
  [ ! -e "$folder/state" ] || cat "$folder/state"
}

# Puts the renames and the state on disk.
flush() {
  set --
  for path in . global "$folder" "$folder"/* "$folder"/*/global; do
    [ ! -e "$path" ] || set -- "$@" "$path"
  done
  sync "$@" 2>/dev/null || sync
}

# What was done so far is on disk before the new state is.
keep() {
  printf '%s\n' "$1" > "$folder/state.new"
  flush
  mv -f "$folder/state.new" "$folder/state"
  flush
}

# Never over, or into, what is there.
move() {
  if [ -e "$2" ] || [ -L "$2" ]; then
    echo "both $1 and $2 are there" >&2
    exit 1
  fi
  mv "$1" "$2"
}

# The live files go to $folder/$1, which is a whole data directory then.
move_out() {
  mkdir -p "$folder/$1"
  if [ -e global/pg_control ]; then
    move global/pg_control "$folder/$1.control"
    flush
  fi
  for entry in .[!.]* ..?* *; do
    case "$entry" in
      pgsql_tmp_drp_* | lost+found) continue ;;
    esac
    [ -e "$entry" ] || [ -L "$entry" ] || continue
    move "./$entry" "$folder/$1/$entry"
  done
  [ ! -e "$folder/$1.control" ] || move "$folder/$1.control" "$folder/$1/global/pg_control"
}

# The files in $folder/$1 become the live ones.
move_in() {
  if [ -e "$folder/$1/global/pg_control" ]; then
    move "$folder/$1/global/pg_control" "$folder/$1.control"
    flush
  fi
  for path in "$folder/$1"/.[!.]* "$folder/$1"/..?* "$folder/$1"/*; do
    [ -e "$path" ] || [ -L "$path" ] || continue
    move "$path" "./${path##*/}"
  done
  flush
  [ ! -e "$folder/$1.control" ] || move "$folder/$1.control" global/pg_control
}

# What is taken has nothing in its place: it must not be removed, and goes back at any time.
take() {
  case "$(state)" in
    '')
      mkdir -p "$folder"
      : > "$folder/only"
      keep 'out data'
      ;;
    'out data' | taken | recovered) ;;
    *) refuse "the files in $folder are needed" ;;
  esac
  if [ "$(state)" = 'out data' ]; then
    move_out data
    keep taken
  fi
}

put() {
  other=replaced
  [ "$1" = data ] || other=data
  if [ "$(state)" = "live $other" ] && [ ! -e "$folder/$1/global/pg_control" ]; then
    refuse "there is no server in $folder/$1"
  fi
  while now=$(state) && [ "$now" != "live $1" ]; do
    case "$now" in
      "live $other" | "in $other") keep "out $other" ;;
      "out $other")
        move_out "$other"
        keep "in $1"
        ;;
      "out $1") keep "in $1" ;;
      taken | recovered)
        [ -e "$folder/only" ] || refuse "the files in $folder are not ready: $now"
        keep "in $1"
        ;;
      "in $1")
        move_in "$1"
        keep "live $1"
        ;;
      *) refuse "the files in $folder are not ready: ${now:-incomplete}" ;;
    esac
  done
}

# What would have the restored server act as the one that was backed up did.
REMOTE='archive_command archive_library archive_cleanup_command primary_conninfo primary_slot_name
  synchronous_standby_names restore_command recovery_end_command recovery_target recovery_target_lsn
  recovery_target_name recovery_target_time recovery_target_xid'

clear_remote() {
  pattern=$(echo $REMOTE | tr ' ' '|')
  grep -v -i -E "^[[:space:]]*($pattern)[[:space:]=]" postgresql.auto.conf > postgresql.auto.conf.new || :
  for name in $REMOTE; do
    echo "$name = ''"
  done >> postgresql.auto.conf.new
  mv -f postgresql.auto.conf.new postgresql.auto.conf
}

seal() {
  if [ "$(state)" = recovered ]; then
    pg_controldata -D "$folder/data" | grep -q 'cluster state: *shut down$' ||
      refuse "the server in $folder/data was not stopped cleanly"
    (
      cd "$folder/data"
      limits=$(grep -E '^max_[a-z_]+ = ' postgresql.conf || :)
      for name in postgresql.conf postgresql.auto.conf pg_hba.conf pg_ident.conf; do
        if [ -e "$name.backup" ]; then
          cp -p "$name.backup" "$name"
        else
          rm -f "$name"
        fi
      done
      if [ "$1" = alone ] && [ ! -e postgresql.conf ]; then
        printf '%s\n' '# Made by drp: the settings of this server are outside of its data directory.' "$limits" > postgresql.conf
      fi
      if [ "$1" = alone ] && [ ! -e pg_hba.conf ]; then
        echo 'local all all peer' > pg_hba.conf
      fi
      : >> postgresql.auto.conf
      clear_remote
      rm -rf drp_wal recovery.signal standby.signal postmaster.opts
    )
    sync -f . 2>/dev/null || sync
    keep 'live replaced'
  fi
  for name in postgresql.conf postgresql.auto.conf pg_hba.conf pg_ident.conf; do
    rm -f "$folder/data/$name.backup"
  done
}

drop() {
  case "$(state)" in
    in* | out*) refuse "the files in $folder are on their way" ;;
    '' | 'live data') ;;
    *) [ ! -e "$folder/only" ] || refuse "there are no other files than those in $folder" ;;
  esac
  rm -rf "./$folder"
}

case "$3" in
  state) state ;;
  take) take ;;
  recovered) keep recovered ;;
  seal) seal "${4:-}" ;;
  put) put "$4" ;;
  drop) drop ;;
  renew)
    drop
    mkdir "$folder"
    ;;
esac
