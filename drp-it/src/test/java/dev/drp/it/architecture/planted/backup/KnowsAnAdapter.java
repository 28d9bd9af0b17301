package dev.drp.it.architecture.planted.backup;

import dev.drp.it.architecture.planted.docker.KnowsAnothersVendor;

/** In the core, and knows an adapter. */
record KnowsAnAdapter(KnowsAnothersVendor adapter) {}
