#!/bin/sh
# Runs drp from this folder, with the Java that is in it, else with one of version 17 or later of this machine.
here=$(cd "$(dirname "$0")" && pwd -P) || exit 1
java=$here/runtime/bin/java
"$java" -version >/dev/null 2>&1 || java=${JAVA_HOME:+$JAVA_HOME/bin/}java
command -v "$java" >/dev/null || {
  echo "ERROR: there is no Java on this machine, and none that runs on it in this kit" >&2
  echo "HINT: install Java 17 or later, on Debian: apt-get install --no-install-recommends openjdk-17-jre-headless" >&2
  exit 1
}
exec "$java" -Xmx256m -XX:+UseSerialGC -Dfile.encoding=UTF-8 -cp "$here/lib/*" @MAIN@ "$@"
