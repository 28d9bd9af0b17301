package dev.drp.plan;

import static java.lang.annotation.ElementType.RECORD_COMPONENT;
import static java.lang.annotation.RetentionPolicy.RUNTIME;

import java.lang.annotation.Retention;
import java.lang.annotation.Target;

/** Marks the record component that holds the name under which an entry stands in its map. */
@Retention(RUNTIME)
@Target(RECORD_COMPONENT)
@interface NameOfEntry {}
