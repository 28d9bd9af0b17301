# Runs inside a container (any POSIX sh, with grep and sleep), as the account whose programs it is about.
#
#   list            prints the mark of every marked program that came from outside: its parent is not
#                   in the container. What such a program left running on purpose is none.
#   end MARK [SESSION…]
#                   ends the programs that carry the mark and all of their sessions; prints the
#                   sessions on one line and who is still there on another.

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
  for folder in /proc/[0-9]*; do
    pid=${folder#/proc/}
    look_at "$pid"
    case "$state" in '' | Z | X) continue ;; esac
    case " $now " in *" $pid "*) left="$left $pid"; continue ;; esac
    case " $sessions " in *" $session "*) left="$left $pid" ;; esac
  done
}

# Sends a signal to each of them once, until nobody is left or the rounds are over.
end_with() {
  told=
  rounds=$2
  while find_left && [ -n "$left" ] && [ "$rounds" -gt 0 ]; do
    for pid in $left; do
      case " $told " in
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
    end_with TERM 40
    end_with KILL 60
    echo "$sessions"
    echo "$left"
    ;;
esac
:
