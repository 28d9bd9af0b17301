package dev.drp.transfer.ssh;

import com.hierynomus.sshj.key.KeyAlgorithms;
import com.hierynomus.sshj.transport.cipher.BlockCiphers;
import com.hierynomus.sshj.transport.kex.DHGroups;
import com.hierynomus.sshj.transport.kex.ExtInfoClientFactory;
import com.hierynomus.sshj.transport.mac.Macs;
import java.security.NoSuchAlgorithmException;
import java.security.Security;
import java.util.List;
import net.schmizz.keepalive.KeepAliveProvider;
import net.schmizz.sshj.DefaultConfig;
import net.schmizz.sshj.common.SecurityUtils;
import net.schmizz.sshj.transport.kex.Curve25519SHA256;
import net.schmizz.sshj.transport.kex.ECDHNistP;

/**
 * What we offer and accept: no CBC, no SHA-1, no {@code ssh-rsa}. The JDK's own ciphers do the
 * work: with BouncyCastle registered as a provider, sshj moves a quarter of the bytes in the same
 * time, and checking the signatures of its classes takes longer than a connection. So this class
 * comes before any other of sshj's.
 */
final class ModernConfig extends DefaultConfig {
  static {
    SecurityUtils.setRegisterBouncyCastle(false);
    SecurityUtils.setSecurityProvider(null);
    try {
      Security.addProvider(new EcdsaKeys());
    } catch (NoSuchAlgorithmException e) {
      // a Java without elliptic curves reads no such keys under any name
    }
  }

  ModernConfig() {
    setKeepAliveProvider(KeepAliveProvider.KEEP_ALIVE); // notices a peer that no longer answers
    // All that a command may send ahead, or the connection breaks when nobody reads for a while;
    // one is never used.
    setMaxCircularBufferSize(SshConnection.WINDOW + 1);
  }

  @Override
  protected void initKeyExchangeFactories() {
    setKeyExchangeFactories(
        List.of(
            new Curve25519SHA256.Factory(),
            new Curve25519SHA256.FactoryLibSsh(),
            new ECDHNistP.Factory521(),
            new ECDHNistP.Factory384(),
            new ECDHNistP.Factory256(),
            DHGroups.Group16SHA512(),
            DHGroups.Group18SHA512(),
            new ExtInfoClientFactory()));
  }

  @Override
  protected void initKeyAlgorithms() {
    setKeyAlgorithms(
        List.of(
            KeyAlgorithms.EdDSA25519CertV01(),
            KeyAlgorithms.EdDSA25519(),
            KeyAlgorithms.ECDSASHANistp521(),
            KeyAlgorithms.ECDSASHANistp384(),
            KeyAlgorithms.ECDSASHANistp256(),
            KeyAlgorithms.RSASHA512(),
            KeyAlgorithms.RSASHA256()));
  }

  @Override
  protected void initCipherFactories() {
    setCipherFactories(
        List.of(
            AesGcm.ofBits(128),
            AesGcm.ofBits(256),
            BlockCiphers.AES256CTR(),
            BlockCiphers.AES128CTR()));
  }

  @Override
  protected void initMACFactories() {
    setMACFactories(
        List.of(
            Macs.HMACSHA2256Etm(), Macs.HMACSHA2512Etm(), Macs.HMACSHA2256(), Macs.HMACSHA2512()));
  }
}
