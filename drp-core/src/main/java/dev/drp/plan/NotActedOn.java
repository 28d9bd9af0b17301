package dev.drp.plan;

/** Something that the plan says and that nothing executes yet; {@code line} counts from 1. */
public record NotActedOn(String path, int line) {}
