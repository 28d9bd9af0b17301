package dev.drp.assessment;

import java.time.Duration;
import java.util.OptionalLong;

/**
 * What a database said of itself when it was asked.
 *
 * @param place where its server is
 * @param clockOffset how far the server's clock is ahead of ours
 * @param freeBytes left where the server keeps its data; empty where it cannot be asked
 */
public record DatabaseAnswer(
    String place, String version, long sizeBytes, Duration clockOffset, OptionalLong freeBytes) {}
