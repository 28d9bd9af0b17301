/**
 * Where an application stands: its objectives against what was measured, what an environment's
 * parts answer, what an outage costs, and where the plan and what runs differ.
 */
@NullMarked
package dev.drp.assessment;

import org.jspecify.annotations.NullMarked;
