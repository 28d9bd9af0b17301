/** Ciphers in native code, where there is some for the machine. */
@NullMarked
package dev.drp.transfer.crypto;

import org.jspecify.annotations.NullMarked;
