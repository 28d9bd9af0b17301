package dev.drp.it.architecture.planted.backup;

import dev.drp.it.architecture.planted.runtime.ParsesJson;
import org.postgresql.util.PSQLState;

/** In the core, and knows a vendor's library; with {@link ParsesJson}, also a cycle. */
public record KnowsAVendor(PSQLState state, ParsesJson other) {}
