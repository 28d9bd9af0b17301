package dev.drp.backup;

class InMemoryStorageTest extends BackupStorageContract {
  @Override
  protected BackupStorage newStorage() {
    return new InMemoryStorage();
  }
}
