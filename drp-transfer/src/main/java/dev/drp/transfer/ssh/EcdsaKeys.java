package dev.drp.transfer.ssh;

import java.security.KeyFactory;
import java.security.NoSuchAlgorithmException;
import java.security.Provider;

/**
 * Knows the JDK's factory of keys on elliptic curves by the name that sshj asks for, which nothing
 * but BouncyCastle has; sshj cannot be given a factory instead. It answers to no other name, so
 * nobody else in this process meets it.
 */
final class EcdsaKeys extends Provider {
  private static final long serialVersionUID = 1L;

  EcdsaKeys() throws NoSuchAlgorithmException {
    super("drp-ssh", "1", "EC keys by the name ECDSA");
    Service keys = KeyFactory.getInstance("EC").getProvider().getService("KeyFactory", "EC");
    putService(
        new Service(this, "KeyFactory", "ECDSA", keys.getClassName(), null, null) {
          @Override
          public Object newInstance(Object parameter) throws NoSuchAlgorithmException {
            return keys.newInstance(parameter);
          }
        });
  }
}
