package dev.drp.it.architecture.planted.docker;

import dev.drp.it.architecture.planted.postgres.KnowsTheCommandLine;

/** In an adapter, and knows another one. */
record KnowsAnotherAdapter(KnowsTheCommandLine other) {}
