package dev.drp.cli;

import java.time.Clock;
import java.util.Map;
import java.util.function.Supplier;

/**
 * What surrounds a run of the command line.
 *
 * @param environment the variables of the process
 * @param adapters makes what stands behind the ports, for one command
 */
record Context(
    Console console, Clock clock, Map<String, String> environment, Supplier<Adapters> adapters) {}
