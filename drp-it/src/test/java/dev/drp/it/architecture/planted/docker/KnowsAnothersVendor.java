package dev.drp.it.architecture.planted.docker;

import org.postgresql.util.PSQLState;

/** In an adapter, and knows the library of another one. */
public record KnowsAnothersVendor(PSQLState state) {}
