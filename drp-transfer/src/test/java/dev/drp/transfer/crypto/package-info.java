/** Tests of what BoringSSL does for us. */
@NullMarked
package dev.drp.transfer.crypto;

import org.jspecify.annotations.NullMarked;
