package dev.drp.plan;

import static java.lang.annotation.ElementType.RECORD_COMPONENT;
import static java.lang.annotation.RetentionPolicy.RUNTIME;

import java.lang.annotation.Retention;
import java.lang.annotation.Target;

/**
 * Marks a record component whose own keys stand in the file beside those of the record around it.
 */
@Retention(RUNTIME)
@Target(RECORD_COMPONENT)
@interface SameLevel {}
