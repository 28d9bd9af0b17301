package dev.drp.transfer.ssh;

import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.crypto.KeyAgreement;
import net.schmizz.sshj.SSHClient;
import net.schmizz.sshj.transport.cipher.Cipher;

/**
 * Rehearses what every connection does first, in a thread of its own, while whoever will connect
 * still does something else: of the first connection of a process, two thirds of the time go into
 * loading classes and into arithmetic that is not compiled yet.
 */
public final class SshPreparation {
  private static final AtomicBoolean STARTED = new AtomicBoolean();
  private static final FutureTask<Boolean> REHEARSAL = new FutureTask<>(SshPreparation::rehearse);

  private SshPreparation() {}

  /** Begins, unless it has begun; returns at once. */
  public static void start() {
    if (STARTED.compareAndSet(false, true)) {
      inOwnThread(REHEARSAL);
    }
  }

  /**
   * Says that much will be sent: begins to load what that takes, which is 0.05 s of the processor's
   * that a short conversation does without. Returns at once, and no connection waits for it.
   */
  public static void expectMuch() {
    inOwnThread(AesGcm::load);
  }

  private static void inOwnThread(Runnable work) {
    Thread thread = new Thread(work, "ssh-preparation");
    thread.setDaemon(true);
    thread.start();
  }

  /**
   * Waits until it is done, if it has begun: to do the same at the same time would gain nothing.
   */
  static void await() {
    if (!STARTED.get()) {
      return;
    }
    try {
      REHEARSAL.get();
    } catch (ExecutionException e) {
      // the connection will say what is wrong
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // which connecting notices
    }
  }

  private static boolean rehearse() throws GeneralSecurityException {
    SSHClient client = new SSHClient(new ModernConfig());
    KeyPair agreed = KeyPairGenerator.getInstance("X25519").generateKeyPair();
    KeyAgreement agreement = KeyAgreement.getInstance("X25519");
    agreement.init(agreed.getPrivate());
    agreement.doPhase(agreed.getPublic(), true);
    byte[] secret = agreement.generateSecret();
    byte[] packet = new byte[1 << 10];
    for (Cipher.Mode mode : Cipher.Mode.values()) {
      Cipher cipher = AesGcm.ofBits(128).create();
      cipher.init(mode, secret, secret);
      if (mode == Cipher.Mode.Encrypt) {
        cipher.updateWithAAD(packet, 0, Integer.BYTES, 1 << 9);
      }
    }
    KeyPair signing = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
    Signature signature = Signature.getInstance("Ed25519");
    signature.initSign(signing.getPrivate());
    signature.update(secret);
    byte[] signed = signature.sign();
    signature.initVerify(signing.getPublic());
    signature.update(secret);
    return signature.verify(signed) && !client.isConnected();
  }
}
