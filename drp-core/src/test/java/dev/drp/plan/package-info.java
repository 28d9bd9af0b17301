/** Tests of the plan file; what makes its JSON schema and reference from the records. */
@NullMarked
package dev.drp.plan;

import org.jspecify.annotations.NullMarked;
