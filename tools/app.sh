# shellcheck shell=bash
# Where the built command line is and how it is started; sourced by ./drp and tools/build after common.sh.

APP=$TOP/drp-cli/target/app

# Built, and no source of a module that it is made of is newer.
app_is_built() {
  [ -e "$APP/built" ] && [ -z "$(find "$TOP/pom.xml" "$TOP"/drp-{core,docker,postgres,transfer,caddy,cli}/{pom.xml,src/main} \
    -newer "$APP/built" -print -quit 2>/dev/null)" ]
}

# Sets app_command, the start of the command; JVM options may follow, then $APP_MAIN and its arguments.
app_command() {
  local java jars=("$APP"/*.jar) class_path
  read -r java <"$APP/java-home"
  class_path=$(IFS=:; echo "${jars[*]}")
  # JVM warnings, for instance about a stale class archive, must not get into the output.
  app_command=("$java/bin/java" -Xmx256m -XX:+UseSerialGC -Xshare:auto -Xlog:disable -Xlog:all=error:stderr
    -Dfile.encoding=UTF-8 -cp "$class_path")
}

APP_MAIN=dev.drp.cli.Main
APP_ARCHIVE=$APP/classes.jsa
