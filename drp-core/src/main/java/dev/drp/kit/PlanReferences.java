package dev.drp.kit;

import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.Environment;
import dev.drp.plan.Login;
import dev.drp.plan.SecretReference;
import dev.drp.plan.Site;
import dev.drp.plan.SshAddress;
import dev.drp.plan.SshFiles;
import dev.drp.plan.Storage;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a plan needs from the machine that it is used on, to reach storages and servers.
 *
 * @param hostKeys files with the host keys that are accepted
 * @param secrets files with private keys, passwords and access keys
 * @param variables of the environment, by name
 * @param withoutKey accounts of SSH for which no private key is known
 */
record PlanReferences(
    Set<Path> hostKeys, Set<Path> secrets, Set<String> variables, Set<SshAddress> withoutKey) {

  /**
   * @param home of the account, for the files of SSH that a plan does not name
   */
  static PlanReferences of(ContingencyPlan plan, Path home) {
    PlanReferences found =
        new PlanReferences(
            new LinkedHashSet<>(),
            new LinkedHashSet<>(),
            new LinkedHashSet<>(),
            new LinkedHashSet<>());
    plan.storages().values().forEach(storage -> found.add(storage, home));
    plan.syncedFolders()
        .values()
        .forEach(it -> found.addSsh(it.with(), it.knownHosts(), it.key(), home));
    for (Site site : plan.sites().values()) {
      site.knownHosts().ifPresent(found.hostKeys::add);
    }
    for (Environment environment : plan.environments().values()) {
      environment.database().flatMap(DatabaseSettings::password).ifPresent(found::add);
      environment
          .database()
          .flatMap(DatabaseSettings::superuser)
          .flatMap(Login::password)
          .ifPresent(found::add);
    }
    return found;
  }

  private void add(Storage storage, Path home) {
    if (storage instanceof Storage.Sftp sftp) {
      addSsh(sftp.sftp(), sftp.knownHosts(), sftp.key(), home);
    } else if (storage instanceof Storage.S3 s3) {
      add(s3.accessKey());
      add(s3.secretKey());
    }
  }

  private void addSsh(SshAddress address, Optional<Path> known, Optional<Path> key, Path home) {
    hostKeys.add(known.orElseGet(() -> SshFiles.knownHosts(home)));
    List<Path> keys = key.map(List::of).orElseGet(() -> SshFiles.keys(home));
    secrets.addAll(keys);
    if (keys.isEmpty()) {
      withoutKey.add(address);
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
