# shellcheck shell=bash
# What the scripts in this folder share. To be sourced by bash; does nothing by itself.

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
CACHE=${DRP_CACHE:-$TOP/.cache}
mkdir -p "$CACHE" 2>/dev/null || true
export DEBIAN_FRONTEND=noninteractive

# One line of progress; standard output stays free for results.
say() { printf '%s\n' "$*" >&2; }

die() {
  printf 'ERROR: %s\n' "$1" >&2
  [ -z "${2:-}" ] || printf 'HINT: %s\n' "$2" >&2
  exit 1
}

is_root() { [ "$(id -u)" -eq 0 ]; }

is_debian() { command -v apt-get >/dev/null && [ -r /etc/os-release ]; }

# apt_install PACKAGE... : installs what is missing; without root it only says what to run.
apt_install() {
  local missing=() package
  for package; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if ! is_debian || ! is_root; then
    say "missing: ${missing[*]}"
    say "HINT: on Debian or Ubuntu, run as root: apt-get install --no-install-recommends ${missing[*]}"
    return 1
  fi
  say "installing ${missing[*]}"
  (
    flock 8 # apt refuses to run twice at once
    # A fresh machine has no package lists, or stale ones: update only when the first attempt fails.
    apt_get install "${missing[@]}" || { apt_get update && apt_get install "${missing[@]}"; } ||
      { tail -n 20 "$CACHE/apt.log" >&2; exit 1; }
  ) 8>"$CACHE/apt.lock"
}

apt_get() {
  apt-get -y -q -o DPkg::Lock::Timeout=300 --no-install-recommends "$@" >"$CACHE/apt.log" 2>&1 </dev/null 8>&- 9>&-
}

engine_answers() { command -v docker >/dev/null && timeout 20 docker version >/dev/null 2>&1; }

await_engine() { # await_engine SECONDS
  local end=$((SECONDS + $1))
  until engine_answers; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.2
  done
}

# The engine's program and its client.
install_engine() {
  command -v dockerd >/dev/null || apt_install docker.io || die "cannot install the Docker engine"
  # Newer releases ship the client apart.
  command -v docker >/dev/null || apt_install docker-cli || die "cannot install the Docker client"
}

# debian_sources RELEASE : sources of that Debian release, made from the machine's own by replacing the release name.
debian_sources() {
  [ "$(. /etc/os-release && echo "$ID")" = debian ] || return 1
  local own lines
  own=$(. /etc/os-release && echo "$VERSION_CODENAME")
  lines=$(own_sources)
  [ -n "$lines" ] || { apt_get update && lines=$(own_sources); }
  [ -n "$lines" ] || return 1
  printf '%s\n' "${lines// $own/ $1}"
}

own_sources() {
  # shellcheck disable=SC2016 # apt expands these
  apt-get indextargets --format '$(ORIGIN)|[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(REPO_URI) $(RELEASE) $(COMPONENT)' \
    'Created-By: Packages' | sed -n 's/^Debian|/deb /p' | sort -u
}

# Ensures a JDK of 17 or later and Maven of 3.8 or later; as root on Debian or Ubuntu, installs what is missing.
ensure_build_tools() {
  if ! jdk_is_there; then
    # shellcheck disable=SC2046 # one word, or none
    apt_install $(first_candidate openjdk-17-jdk-headless openjdk-21-jdk-headless default-jdk-headless) ||
      die "no JDK of 17 or later: $(command -v javac || echo 'no javac')" "install one, or let JAVA_HOME name it."
    jdk_is_there || die "the JDK in use is older than 17: $(javac -version 2>&1)" "let JAVA_HOME name a newer one."
  fi
  if ! maven_is_there; then
    apt_install maven || die "no Maven of 3.8 or later" "install Maven, and have mvn on the PATH."
    maven_is_there || die "Maven is older than 3.8: $(mvn -v 2>/dev/null | head -n 1)" "install a newer one."
  fi
}

java_home() { # the JDK that mvn uses, too
  [ -z "${JAVA_HOME:-}" ] || { echo "$JAVA_HOME"; return; }
  local javac
  javac=$(command -v javac) && dirname "$(dirname "$(readlink -f "$javac")")"
}

jdk_is_there() {
  local home version
  home=$(java_home) && version=$("$home/bin/javac" -version 2>&1) && version=${version#javac } && [ "${version%%.*}" -ge 17 ]
} 2>/dev/null

maven_is_there() {
  local version
  version=$(mvn -v 2>/dev/null | sed -n 's/.*Apache Maven \([0-9.]*\).*/\1/p')
  [ -n "$version" ] && printf '3.8\n%s\n' "$version" | sort -C -V
}

# The first of these packages that apt could install; the last one if it knows none.
first_candidate() {
  local package
  # A fresh machine has no package lists.
  if is_root && [ -z "$(apt-cache search --names-only '^maven$' 2>/dev/null)" ]; then apt_get update || true; fi
  for package; do
    if apt-cache policy "$package" 2>/dev/null | grep 'Candidate: [0-9]' >/dev/null; then break; fi
  done
  echo "$package"
}

# cron and containers often have no locale; file names, arguments and output are UTF-8.
ensure_utf8() {
  case ${LC_ALL:-${LC_CTYPE:-${LANG:-}}} in
    *[Uu][Tt][Ff]-8 | *[Uu][Tt][Ff]8) ;;
    *) export LC_ALL=C.UTF-8 ;;
  esac
}

# PostgreSQL's server and client programs, without the server that Debian would set up and start.
install_postgres() {
  ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || return 0
  local no_server=/etc/postgresql-common/createcluster.d/drp-no-server.conf status=0
  apt_install postgresql-common || return 1
  mkdir -p "${no_server%/*}"
  echo 'create_main_cluster = false' >"$no_server"
  apt_install "$(first_candidate postgresql-15 postgresql)" || status=1
  rm -f "$no_server"
  return $status
}

# Caddy's program, without the service that Debian would start on port 80, now and with the machine.
install_caddy() {
  ! command -v caddy >/dev/null || return 0
  local unit=/etc/systemd/system/caddy.service masked='' status=0
  if is_root && [ -d "${unit%/*}" ] && [ ! -e "$unit" ] && ln -s /dev/null "$unit"; then masked=1; fi
  apt_install caddy || status=1
  if [ -n "$masked" ]; then
    rm -f "$unit"
    deb-systemd-helper disable caddy.service >/dev/null 2>&1 || true
  fi
  return $status
}
