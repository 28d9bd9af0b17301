package dev.drp.cli;

import java.time.Clock;
import java.util.Map;

/**
 * What surrounds a run of the command line.
 *
 * @param environment the variables of the process
 */
record Context(Console console, Clock clock, Map<String, String> environment) {}
