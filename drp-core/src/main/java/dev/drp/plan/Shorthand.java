package dev.drp.plan;

import static java.lang.annotation.ElementType.TYPE;
import static java.lang.annotation.RetentionPolicy.RUNTIME;

import java.lang.annotation.Retention;
import java.lang.annotation.Target;

/** A single value in place of this section stands for the section with only this key. */
@Retention(RUNTIME)
@Target(TYPE)
@interface Shorthand {
  String value();
}
