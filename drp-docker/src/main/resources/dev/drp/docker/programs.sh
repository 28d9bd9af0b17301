# Runs inside a container (any POSIX sh, with grep and sleep), as the account whose programs it is about.
#
#   list            prints the mark of every marked program that came from outside: its parent is not
#                   in the container. What such a program left running on purpose is none.
#   end MARK [SESSION…]
#                   ends the programs that carry the mark and all of their sessions; prints the
#                   sessions on one line and who is still there on another.

# The container's first process may be a database server. It takes every orphan that ends by a signal, or with an exit
# code above 1, for one of its own processes that crashed, and restarts in the middle of production. So beside one,
# nobody may become an orphan who is ending, and programs are signalled one after another, the next once the last has
# gone and its parent knows: what was started first goes first, each after all that it started itself. For a program
# that waits for another waits for the one that it started last. An orphan of the server is left alone.

# Sets state, parent, session and time of start of a process; empty when it has gone.
look_at() {
  stat=
  { read -r stat < "/proc/$1/stat"; } 2>/dev/null
  set -- ${stat##*) }
  state=$1 parent=$2 session=$4 started=${20}
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
  all=
  for folder in /proc/[0-9]*; do
    pid=${folder#/proc/}
    look_at "$pid"
    [ -z "$parent" ] || all="$all $pid:$parent:$started"
    case "$state" in '' | Z | X) continue ;; esac
    case " $now " in *" $pid "*) left="$left $pid"; continue ;; esac
    case " $sessions " in *" $session "*) left="$left $pid" ;; esac
  done
}

# Sets $next to the child of $1 that was started first, ended ones too; to nothing if there is none.
find_first_child() {
  next=
  first_started=
  for process in $all; do
    started=${process##*:}
    process=${process%:*}
    if [ "${process#*:}" = "$1" ] && { [ -z "$next" ] || [ "$started" -lt "$first_started" ]; }; then
      next=${process%:*}
      first_started=$started
    fi
  done
}

# Sets who is to be signalled now: $turn.
find_turn() {
  turn=$left
  [ "$first" = postgres ] || return 0
  turn=
  for process in $all; do
    pid=${process%%:*}
    process=${process#*:}
    parent=${process%:*}
    case " $left " in *" $parent "*) continue ;; esac
    case " $left " in *" $pid "*) ;; *) continue ;; esac
    [ "$parent" != 1 ] || continue
    # Whose child has ended, and is not asked for, gets no signal: the child would be the server's.
    next=$pid
    while [ -n "$next" ]; do
      turn=$next
      find_first_child "$turn"
    done
    case " $left " in *" $turn "*) return 0 ;; *) turn= ;; esac
  done
}

# Sends a signal to each of them once, until nobody is left or the rounds are over.
end_with() {
  told=
  rounds=$2
  while find_left && find_turn && [ -n "$left" ] && [ "$rounds" -gt 0 ]; do
    for pid in $turn; do
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
    read -r first < /proc/1/comm
    end_with TERM 40
    end_with KILL 60
    echo "$sessions"
    echo "$left"
    ;;
esac
:
