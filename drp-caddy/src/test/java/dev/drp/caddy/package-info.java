/** Tests of Caddy as the reverse proxy, against a real one. */
@NullMarked
package dev.drp.caddy;

import org.jspecify.annotations.NullMarked;
