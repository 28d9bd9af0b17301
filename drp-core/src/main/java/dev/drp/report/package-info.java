/** Reports of executions, for people (Markdown, in the plan's language) and programs (JSON). */
@NullMarked
package dev.drp.report;

import org.jspecify.annotations.NullMarked;
