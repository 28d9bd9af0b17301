package dev.drp.plan;

import java.util.List;

/**
 * Who can read what is stored. With recipients, everything that is stored anywhere is encrypted to
 * all of them.
 */
public record EncryptionSettings(
    @Key(
            "public keys of age, each of which can read all of it: those of the operators, and one"
                + " whose identity is kept sealed elsewhere; nothing is encrypted if left out")
        List<Recipient> recipients) {
  public static final EncryptionSettings NONE = new EncryptionSettings(List.of());

  public EncryptionSettings {
    recipients = List.copyOf(recipients);
    Rules.of("encryption")
        .check(
            recipients.stream().distinct().count() == recipients.size(),
            "recipients",
            "a recipient twice",
            "each recipient once")
        .enforce();
  }

  /** The public keys, in the order of the plan. */
  public List<String> publicKeys() {
    return recipients.stream().map(Recipient::publicKey).toList();
  }
}
