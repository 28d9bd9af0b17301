package dev.drp.it.architecture.planted.postgres;

import dev.drp.it.architecture.planted.cli.CommandLine;

/** In an adapter, and knows the command line. */
public record KnowsTheCommandLine(CommandLine commandLine) {}
