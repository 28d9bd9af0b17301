/** Tests of the reports. */
@NullMarked
package dev.drp.report;

import org.jspecify.annotations.NullMarked;
