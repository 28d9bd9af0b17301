package dev.drp.transfer.sync;

import dev.drp.sync.SyncChange;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What is to be done to a target.
 *
 * @param toSend of the source, by name: what the target lacks or has differently
 * @param inTheWay of the target: what must go before something else of that name can come, folders
 *     after what is in them
 * @param surplus of the target: what the source does not have, folders after what is in them
 */
record Differences(SortedMap<String, Entry> toSend, List<Entry> inTheWay, List<Entry> surplus) {

  static Differences between(Tree source, Tree target) {
    SortedMap<String, Entry> toSend = new TreeMap<>();
    List<Entry> inTheWay = new ArrayList<>();
    List<Entry> surplus = new ArrayList<>();
    Set<String> files = new HashSet<>(); // with several names, of which one must be sent
    for (Entry entry : source.all()) {
      Entry there = target.get(entry.name());
      if (entry.isCopied() && (there == null || !entry.isLike(there, target.root()))) {
        toSend.put(entry.name(), entry);
        if (entry.isFile() && !entry.link().isEmpty()) {
          files.add(entry.link());
        }
      }
    }
    for (Entry entry : source.all()) {
      if (entry.isFile() && files.contains(entry.link())) {
        toSend.put(entry.name(), entry); // or they would be different files there
      }
    }
    Set<String> leaving = new HashSet<>(); // folders that become something else
    for (Entry there : target.all()) {
      Entry entry = source.get(there.name());
      boolean has = entry != null && entry.isCopied();
      boolean other = entry != null && entry.isCopied() && entry.type() != there.type();
      if (other || leaving.contains(there.parent())) {
        inTheWay.add(there);
        if (there.isFolder()) {
          leaving.add(there.name());
        }
      } else if (!has) {
        surplus.add(there);
      }
    }
    inTheWay.sort(Comparator.comparing(Entry::name).reversed());
    surplus.sort(Comparator.comparing(Entry::name).reversed());
    return new Differences(toSend, inTheWay, surplus);
  }

  /** How many names of the target are lost: what comes back as something else is not. */
  long deletions(Tree source) {
    return surplus.size() + inTheWay.stream().filter(it -> source.get(it.name()) == null).count();
  }

  List<SyncChange> changes(Tree source, Tree target) {
    List<SyncChange> changes = new ArrayList<>();
    for (Entry entry : toSend.values()) {
      changes.add(
          new SyncChange(
              target.get(entry.name()) == null ? SyncChange.Kind.NEW : SyncChange.Kind.CHANGED,
              Entry.text(entry.name()),
              entry.isFile() ? entry.size() : 0));
    }
    List<String> deleted = new ArrayList<>();
    surplus.forEach(it -> deleted.add(it.name()));
    inTheWay.stream()
        .map(Entry::name)
        .filter(name -> source.get(name) == null)
        .forEach(deleted::add);
    deleted.stream()
        .sorted()
        .map(name -> new SyncChange(SyncChange.Kind.DELETED, Entry.text(name), 0))
        .forEach(changes::add);
    return changes;
  }
}
