/** Where an application stands: its objectives against what was measured, and what is overdue. */
@NullMarked
package dev.drp.assessment;

import org.jspecify.annotations.NullMarked;
