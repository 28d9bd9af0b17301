# shellcheck shell=bash
# Where the built command line is and how it is started; sourced by ./drp and tools/build after common.sh.

# Every build has a folder of its own below this one, so that a drp that runs meanwhile keeps its jars; the last one is
# the link "current".
APPS=$CACHE/app

use_app() { # use_app FOLDER
  APP=$1
  APP_ARCHIVE=$APP/classes.jsa
}

# Built, and no source of a module that it is made of is newer than the beginning of the build. Then it is used.
app_is_built() {
  [ -e "$APPS/current/built" ] || return 1
  use_app "$(readlink -f "$APPS/current")"
  [ -z "$(find "$TOP/pom.xml" "$TOP"/drp-{core,docker,postgres,transfer,caddy,cli}/{pom.xml,src/main} \
    -newer "$APP/built" -print -quit 2>/dev/null)" ]
}

# Sets app_command, the start of the command; JVM options may follow, then $APP_MAIN and its arguments.
app_command() {
  local java jars=("$APP"/*.jar) class_path
  read -r java <"$APP/java-home"
  class_path=$(IFS=:; echo "${jars[*]}")
  # JVM warnings, for instance about a stale class archive, must not get into the output.
  # The work is done by native code and the server: the optimising compiler waits ten times as long as usual before it
  # takes on a method, for on two processors it competes with that work. 13.4 s of a physical backup of 1 GB became 11.4 s.
  # The class archive is taken where it was made for: to move its 67 MB elsewhere takes longer than all else that a JVM begins with.
  app_command=("$java/bin/java" -Xmx256m -XX:+UseSerialGC -Xshare:auto -Xlog:disable -Xlog:all=error:stderr
    -XX:+UnlockDiagnosticVMOptions -XX:+IgnoreUnrecognizedVMOptions -XX:ArchiveRelocationMode=0
    -XX:Tier4InvocationThreshold=50000 -XX:Tier4MinInvocationThreshold=6000 -XX:Tier4CompileThreshold=150000
    -XX:Tier4BackEdgeThreshold=400000
    -Dpicocli.disable.closures=true # picocli would look for Groovy in every jar
    -Dfile.encoding=UTF-8 -cp "$class_path")
}

APP_MAIN=dev.drp.cli.Main
