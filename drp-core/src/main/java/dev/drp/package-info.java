/** Disaster recovery as a library: what every part shares, its errors, secrets and progress. */
@NullMarked
package dev.drp;

import org.jspecify.annotations.NullMarked;
