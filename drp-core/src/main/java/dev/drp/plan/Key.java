package dev.drp.plan;

import static java.lang.annotation.ElementType.RECORD_COMPONENT;
import static java.lang.annotation.RetentionPolicy.RUNTIME;

import java.lang.annotation.Retention;
import java.lang.annotation.Target;

/**
 * Makes a record component a key of the plan file. The key is the component's name in kebab-case
 * and its value is read by the component's type. A key may be left out if its type is Optional, a
 * list, a map or a section that needs no key itself, or if it has a default.
 */
@Retention(RUNTIME)
@Target(RECORD_COMPONENT)
@interface Key {
  /** What the key means, for the person who writes the file. */
  String value();

  /** The key, where it is not the component's name. */
  String name() default "";

  /** The value of a key that is left out, as one would write it. */
  String defaultsTo() default "";

  /** The section at the top of the plan in which the value must be a name. */
  String refersTo() default "";

  /** Whether a list or map must be there and hold something. */
  boolean atLeastOne() default false;
}
