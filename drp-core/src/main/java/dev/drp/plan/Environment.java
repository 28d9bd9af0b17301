package dev.drp.plan;

/** Its place is kept until the plan records land. */
public record Environment(String name) {}
