package dev.drp.plan;

import static java.lang.annotation.ElementType.FIELD;
import static java.lang.annotation.ElementType.RECORD_COMPONENT;
import static java.lang.annotation.ElementType.TYPE;
import static java.lang.annotation.RetentionPolicy.RUNTIME;

import java.lang.annotation.Retention;
import java.lang.annotation.Target;

/**
 * Marks a key, a type of value or a word of the plan file that is checked for shape but that
 * nothing executes yet. Whoever makes it work removes the mark.
 */
@Retention(RUNTIME)
@Target({RECORD_COMPONENT, TYPE, FIELD})
@interface NotActedOnYet {}
