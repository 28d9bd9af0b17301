/** Caddy as the reverse proxy: its admin API, its Caddyfile, and the file of ours in it. */
@NullMarked
package dev.drp.caddy;

import org.jspecify.annotations.NullMarked;
