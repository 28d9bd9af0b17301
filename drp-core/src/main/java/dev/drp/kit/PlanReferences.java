package dev.drp.kit;

import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.Environment;
import dev.drp.plan.SecretReference;
import dev.drp.plan.Site;
import dev.drp.plan.Storage;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * What a plan needs from the machine that it is used on, to reach storages and servers.
 *
 * @param hostKeys files with the host keys that are accepted
 * @param secrets files with private keys, passwords and access keys
 * @param variables of the environment, by name
 */
record PlanReferences(Set<Path> hostKeys, Set<Path> secrets, Set<String> variables) {

  /**
   * @param home where the usual file of host keys is
   */
  static PlanReferences of(ContingencyPlan plan, Path home) {
    PlanReferences found =
        new PlanReferences(new LinkedHashSet<>(), new LinkedHashSet<>(), new LinkedHashSet<>());
    plan.storages().values().forEach(storage -> found.add(storage, home));
    for (Site site : plan.sites().values()) {
      site.knownHosts().ifPresent(found.hostKeys::add);
    }
    for (Environment environment : plan.environments().values()) {
      environment.database().flatMap(DatabaseSettings::password).ifPresent(found::add);
    }
    return found;
  }

  static Path knownHosts(Storage.Sftp storage, Path home) {
    return storage.knownHosts().orElse(home.resolve(".ssh/known_hosts"));
  }

  private void add(Storage storage, Path home) {
    if (storage instanceof Storage.Sftp sftp) {
      hostKeys.add(knownHosts(sftp, home));
      sftp.key().ifPresent(secrets::add);
    } else if (storage instanceof Storage.S3 s3) {
      add(s3.accessKey());
      add(s3.secretKey());
    }
  }

  private void add(SecretReference reference) {
    if (reference instanceof SecretReference.WholeFile file) {
      secrets.add(file.path());
    } else if (reference instanceof SecretReference.EnvFile file) {
      secrets.add(file.path());
    } else if (reference instanceof SecretReference.Variable variable) {
      variables.add(variable.name());
    }
  }
}
