# Runs inside a container (any POSIX sh, with grep and sleep), as the account whose programs it is about.
#
#   list            prints the mark of every marked program that came from outside: its parent is not
#                   in the container. What such a program left running on purpose is none.
#   end MARK [SESSION…]
#                   ends the programs that carry the mark and all of their sessions; prints the
#                   sessions on one line and who is still there on another.

# The container's first process may be a database server. It takes every orphan that a signal ends for one of its own
# processes that crashed, and restarts in the middle of production. So beside one, a program is signalled only when
# nothing that it started is left, not even a zombie; and an orphan of the server is left alone.

# Sets state, parent and session of a process; empty when it has gone.
look_at() {
  stat=
  { read -r stat < "/proc/$1/stat"; } 2>/dev/null
  set -- ${stat##*) }
  state=$1 parent=$2 session=$4
}

# Prints the processes whose mark begins so.
marked() {
  for file in $(grep -lF "DRP_COMMAND_ID=$1" /proc/[0-9]*/environ 2>/dev/null); do
    file=${file#/proc/}
    echo "${file%/environ}"
  done
}

list() {
  for pid in $(marked ''); do
    look_at "$pid"
    [ "$parent" = 0 ] && tr '\0' '\n' < "/proc/$pid/environ" | grep '^DRP_COMMAND_ID=' | cut -d= -f2
  done 2>/dev/null
}

# Finds who is still there: $left. A session that was seen once stays on the list; the one of the
# container itself is never on it.
find_left() {
  now=
  for pid in $(marked "$mark"); do
    look_at "$pid"
    now="$now $pid"
    case " $main $sessions " in
      *" $session "*) ;;
      *) sessions="$sessions $session" ;;
    esac
  done
  left=
  parents=
  orphans=
  for folder in /proc/[0-9]*; do
    pid=${folder#/proc/}
    look_at "$pid"
    [ -z "$parent" ] || parents="$parents $parent"
    [ "$parent" != 1 ] || orphans="$orphans $pid"
    case "$state" in '' | Z | X) continue ;; esac
    case " $now " in *" $pid "*) left="$left $pid"; continue ;; esac
    case " $sessions " in *" $session "*) left="$left $pid" ;; esac
  done
}

# Sets which programs must not be signalled: $spared.
spare() {
  spared=
  [ "$first" != postgres ] || spared="$parents $orphans"
}

# Sends a signal to each of them once, until nobody is left or the rounds are over.
end_with() {
  told=
  rounds=$2
  while find_left && spare && [ -n "$left" ] && [ "$rounds" -gt 0 ]; do
    for pid in $left; do
      case " $told $spared " in
        *" $pid "*) ;;
        *) told="$told $pid"; kill "-$1" "$pid" 2>/dev/null ;;
      esac
    done
    rounds=$((rounds - 1))
    sleep 0.05 2>/dev/null || sleep 1
  done
}

case "$1" in
  list) list ;;
  end)
    mark=$2
    shift 2
    sessions=$*
    look_at 1
    main=$session
    read -r first < /proc/1/comm
    end_with TERM 40
    end_with KILL 60
    echo "$sessions"
    echo "$left"
    ;;
esac
:
