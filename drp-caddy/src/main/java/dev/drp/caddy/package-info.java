/**
 * Caddy as the reverse proxy. Holds nothing yet: no use case routes traffic so far, and a class
 * that pretended to would be trusted one day.
 */
package dev.drp.caddy;
