/** The built-in recovery plans, one class each that reads like the runbook. */
@NullMarked
package dev.drp.procedure;

import org.jspecify.annotations.NullMarked;
