# Makes the unpacked files of a backup a data directory from which a server recovers (any POSIX sh). Runs as the server's
# account, where the server is to run. What makes it one, global/pg_control, comes last: without it no server starts.
#
#   $1   the folder whose folder "data" holds the files
#   $2   our settings, which replace those in the files
#   $3   who may connect
#   $4   what to put before the names of the server's programs: their folder and a slash, or nothing
#   $5   "libraries" to load those libraries at start that the files' own settings name
set -eu
LC_ALL=C
export LC_ALL
umask 077
cd "$1"

if [ ! -f data/PG_VERSION ]; then
  echo 'these are no files of a server: there is no PG_VERSION' >&2
  exit 1
fi

libraries=
if [ "$5" = libraries ]; then
  libraries=$("$4postgres" -D data -C shared_preload_libraries 2>/dev/null || :)
fi

# What is recovered must fit the primary's limits: prepared transactions, for one.
mkdir -p control/global
cp data/global/pg_control.drp control/global/pg_control
limits=$("$4pg_controldata" -D control |
  sed -n 's/xacts setting:/transactions setting:/; s/xact setting:/transaction setting:/; s/^\(max_[a-z_]*\) setting: */\1 = /p')

for name in postgresql.conf postgresql.auto.conf pg_hba.conf pg_ident.conf; do
  [ ! -e "data/$name" ] || mv "data/$name" "data/$name.backup"
  : > "data/$name"
done
printf '%s\n%s\n' "$2" "$limits" > data/postgresql.conf
[ -z "$libraries" ] ||
  printf "shared_preload_libraries = '%s'\n" "$(printf %s "$libraries" | sed "s/'/''/g")" >> data/postgresql.conf
printf '%s\n' "$3" > data/pg_hba.conf
rm -f data/standby.signal data/postmaster.pid data/postmaster.opts
: > data/recovery.signal

sync -f data 2>/dev/null || sync
mv data/global/pg_control.drp data/global/pg_control
sync -f data 2>/dev/null || sync
rm -r control
