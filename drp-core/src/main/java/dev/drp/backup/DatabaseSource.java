package dev.drp.backup;

import dev.drp.database.ServerFacts;

/** A database that can be written into a set. */
interface DatabaseSource {
  /** The server that it is on; decides the set's folder. */
  ServerFacts facts();

  /** Writes dump and globals as parts, and returns what the manifest has to say of them. */
  DatabaseContent writeInto(UnfinishedSet set, ServerFacts facts);
}
