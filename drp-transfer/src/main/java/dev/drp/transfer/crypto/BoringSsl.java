package dev.drp.transfer.crypto;

import java.security.Provider;
import java.util.Optional;
import org.conscrypt.Conscrypt;

/** BoringSSL, as Conscrypt brings it. */
public final class BoringSsl {
  /**
   * Its ciphers, for whoever asks for them: it is not registered for others in this process. Empty
   * on machines for which there is none, and where it cannot be loaded, such as from a folder for
   * temporary files that allows no programs.
   */
  public static final Optional<Provider> PROVIDER =
      Conscrypt.isAvailable() ? Optional.of(Conscrypt.newProvider()) : Optional.empty();

  private BoringSsl() {}
}
