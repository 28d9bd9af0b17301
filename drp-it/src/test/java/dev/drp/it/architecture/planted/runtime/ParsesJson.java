package dev.drp.it.architecture.planted.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drp.it.architecture.planted.backup.KnowsAVendor;

/** In a package of the core that describes no format. */
public record ParsesJson(JsonNode node, KnowsAVendor other) {}
