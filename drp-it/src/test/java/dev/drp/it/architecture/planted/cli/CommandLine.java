package dev.drp.it.architecture.planted.cli;

/** Innocent. */
public record CommandLine() {}
