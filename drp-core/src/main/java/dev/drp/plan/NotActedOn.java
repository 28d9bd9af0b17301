package dev.drp.plan;

/**
 * Something that the plan says and that nothing executes yet.
 *
 * @param path property path
 * @param line from 1
 * @param value the value that is not acted on, such as {@code physical} as the kind of a backup;
 *     empty where the key or section as a whole is not
 */
public record NotActedOn(String path, int line, String value) {}
