/**
 * The plan file {@code drp.yaml} as records, its loading with all problems at once, and what can be
 * said about a plan from the file alone.
 *
 * <p>The records are the grammar: the keys of the file, their types, defaults and descriptions are
 * the components of the records, and the loader, the JSON schema and the reference are made from
 * them.
 */
@NullMarked
package dev.drp.plan;

import org.jspecify.annotations.NullMarked;
