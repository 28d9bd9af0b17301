package dev.drp.plan;

import dev.drp.plan.Grammar.Entry;
import dev.drp.plan.Problems.Place;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/**
 * Reads a tree of YAML nodes by the {@link Grammar} of the plan. It goes on after a problem, so
 * that all of them are reported together; a value that could not be read is empty, and so is every
 * section around it.
 */
final class PlanReader {
  private static final Grammar.Section PLAN = Grammar.of(ContingencyPlan.class);
  private static final Set<Tag> ORDINARY_TAGS =
      Set.of(
          Tag.STR,
          Tag.INT,
          Tag.FLOAT,
          Tag.BOOL,
          Tag.NULL,
          Tag.TIMESTAMP,
          Tag.MAP,
          Tag.SEQ,
          Tag.MERGE);

  private final PlanPaths paths;
  private final Problems problems;
  private final Map<String, Place> places = new LinkedHashMap<>();
  private final List<NotActedOn> notActedOn = new ArrayList<>();
  private final List<Reference> references = new ArrayList<>();
  private int insideNotActedOn;

  PlanReader(PlanPaths paths, Problems problems) {
    this.paths = paths;
    this.problems = problems;
  }

  /** A name that must be one of those that a section of the plan defines. */
  private record Reference(String target, String name, Place place) {}

  /** An entry of a mapping in the file. */
  private record Written(Place place, Node value) {}

  /** The lines of all properties that were read, by path. */
  Map<String, Integer> lines() {
    Map<String, Integer> lines = new HashMap<>();
    places.forEach((path, place) -> lines.put(path, place.line()));
    return lines;
  }

  /** What was read and nothing acts on yet, in the order of the file. */
  List<NotActedOn> notActedOn() {
    return notActedOn.stream().sorted(Comparator.comparingInt(NotActedOn::line)).toList();
  }

  Optional<ContingencyPlan> read(Node root) {
    Place start = Place.START;
    if (!(root instanceof MappingNode mapping)) {
      problems.error(start, describe(root), "keys and values", "start from examples/drp.yaml.", "");
      return Optional.empty();
    }
    if (!isOfOurFormat(mapping)) {
      return Optional.empty();
    }
    Map<String, Written> written = entries(mapping, PLAN, start);
    List<Optional<Object>> values = parts(PLAN, written, "", start);
    checkReferences(written);
    return problems.noErrors()
        ? construct(PLAN, values, start).map(ContingencyPlan.class::cast)
        : Optional.empty();
  }

  /** Of another format nothing else can be said: a newer version may mean anything by its keys. */
  private boolean isOfOurFormat(MappingNode root) {
    for (NodeTuple tuple : root.getValue()) {
      boolean isFormat =
          tuple.getKeyNode() instanceof ScalarNode key && key.getValue().equals("format");
      if (isFormat
          && tuple.getValueNode() instanceof ScalarNode value
          && value.getTag().equals(Tag.INT)
          && !value.getValue().equals(String.valueOf(ContingencyPlan.FORMAT))) {
        problems.error(
            Place.of(tuple.getKeyNode().getStartMark(), "format"),
            Text.quote(value.getValue()),
            "%d, the only format that this version reads".formatted(ContingencyPlan.FORMAT),
            "use the version of drp that the file was written for.",
            "");
        return false;
      }
    }
    return true;
  }

  private Optional<Object> value(Grammar grammar, Node node, String name, Place place) {
    if (!ORDINARY_TAGS.contains(node.getTag())) {
      problems.error(
          place, "the tag " + Text.quote(node.getTag().getValue()), "a value without a tag");
      return Optional.empty();
    }
    if (grammar instanceof Grammar.One one) {
      return one(one.scalar(), node, place);
    }
    if (grammar instanceof Grammar.Many many) {
      return many(many, node, place);
    }
    if (grammar instanceof Grammar.Named named) {
      return named(named, node, place);
    }
    if (grammar instanceof Grammar.Choice choice) {
      return choice(choice, node, name, place);
    }
    return section((Grammar.Section) grammar, node, name, place);
  }

  private Optional<Object> one(Scalar scalar, Node node, Place place) {
    if (!(node instanceof ScalarNode text) || isNothing(node)) {
      problems.error(place, describe(node), scalar.expected(), nothingHint(node), "");
      return Optional.empty();
    }
    try {
      Object value = scalar.reader().read(text.getValue(), paths);
      noteIfNotActedOn(value, text.getValue(), place);
      if (value instanceof Path && text.getValue().contains("$")) {
        problems.warning(
            place,
            Text.quote(text.getValue()),
            "a path as it is",
            "variables are not replaced: the path holds a $.");
      }
      return Optional.of(value);
    } catch (InvalidValue e) {
      problems.error(
          place,
          e.found(),
          e.expected(),
          e.hint(),
          Nearest.to(text.getValue(), scalar.words()).orElse(""));
      return Optional.empty();
    }
  }

  private void noteIfNotActedOn(Object value, String text, Place place) {
    boolean marked =
        value instanceof Enum<?> word ? isMarked(word) : Grammar.isMarked(value.getClass());
    if (marked && insideNotActedOn == 0) {
      notActedOn.add(new NotActedOn(place.path(), place.line(), text));
    }
  }

  private static boolean isMarked(Enum<?> word) {
    try {
      return Grammar.isMarked(word.getDeclaringClass().getField(word.name()));
    } catch (NoSuchFieldException e) {
      throw new IllegalStateException(e);
    }
  }

  private Optional<Object> many(Grammar.Many grammar, Node node, Place place) {
    if (!(node instanceof SequenceNode sequence)) {
      String hint =
          node instanceof ScalarNode && !isNothing(node)
              ? "put it in brackets, or on a line of its own after '- '."
              : nothingHint(node);
      problems.error(place, describe(node), "a list", hint, "");
      return Optional.empty();
    }
    List<Object> values = new ArrayList<>();
    boolean complete = true;
    for (Node element : sequence.getValue()) {
      String path = "%s[%d]".formatted(place.path(), values.size());
      Optional<Object> value =
          value(grammar.element(), element, "", at(Place.of(element.getStartMark(), path)));
      complete &= value.isPresent();
      values.add(value.orElse(""));
    }
    return complete ? Optional.of(values) : Optional.empty();
  }

  private Optional<Object> named(Grammar.Named grammar, Node node, Place place) {
    if (!(node instanceof MappingNode mapping)) {
      problems.error(
          place, describe(node), "entries, each under a name of its own", nothingHint(node), "");
      return Optional.empty();
    }
    Map<String, Object> values = new LinkedHashMap<>();
    boolean complete = true;
    for (Map.Entry<String, Written> entry : entries(mapping, place).entrySet()) {
      String name = entry.getKey();
      Written written = entry.getValue();
      boolean wellNamed = Rules.NAME.matcher(name).matches();
      if (!wellNamed) {
        problems.error(written.place(), "the name " + Text.quote(name), Rules.NAME_EXPECTED);
      }
      Optional<Object> value =
          value(grammar.entry(), written.value(), wellNamed ? name : "unnamed", written.place());
      complete &= wellNamed && value.isPresent();
      value.ifPresent(it -> values.put(name, it));
    }
    return complete ? Optional.of(values) : Optional.empty();
  }

  private Optional<Object> choice(Grammar.Choice grammar, Node node, String name, Place place) {
    Optional<Grammar.Section> brief =
        grammar.sections().stream().filter(it -> it.shorthand().isPresent()).findFirst();
    if (node instanceof ScalarNode && brief.isPresent()) {
      return section(brief.get(), node, name, place);
    }
    List<String> firstKeys =
        grammar.sections().stream().map(section -> section.entries().get(0).key()).toList();
    String expected = "a section with one of the keys " + String.join(", ", firstKeys);
    if (!(node instanceof MappingNode mapping)) {
      problems.error(place, describe(node), expected, nothingHint(node), "");
      return Optional.empty();
    }
    List<String> keys = keys(mapping).toList();
    List<String> chosen = firstKeys.stream().filter(keys::contains).toList();
    if (chosen.size() != 1) {
      String found = chosen.isEmpty() ? "none of them" : String.join(" and ", chosen);
      String nearest =
          keys.stream().flatMap(key -> Nearest.to(key, firstKeys).stream()).findFirst().orElse("");
      problems.error(place, found, expected, "", chosen.isEmpty() ? nearest : "");
      return Optional.empty();
    }
    return section(grammar.sections().get(firstKeys.indexOf(chosen.get(0))), node, name, place);
  }

  private Optional<Object> section(Grammar.Section grammar, Node node, String name, Place place) {
    Map<String, Written> written;
    if (node instanceof MappingNode mapping) {
      written = entries(mapping, grammar, place);
    } else if (node instanceof ScalarNode && !isNothing(node) && grammar.shorthand().isPresent()) {
      String key = grammar.shorthand().get();
      places.put(child(place.path(), key), place);
      written = Map.of(key, new Written(place, node));
    } else {
      problems.error(place, describe(node), "keys and values", nothingHint(node), "");
      return Optional.empty();
    }
    return noting(
        grammar.notActedOnYet(),
        place,
        () -> construct(grammar, parts(grammar, written, name, place), place));
  }

  private Optional<Object> noting(
      boolean isNotActedOn, Place place, Supplier<Optional<Object>> reading) {
    if (!isNotActedOn) {
      return reading.get();
    }
    if (insideNotActedOn == 0) {
      notActedOn.add(new NotActedOn(place.path(), place.line(), ""));
    }
    insideNotActedOn++;
    try {
      return reading.get();
    } finally {
      insideNotActedOn--;
    }
  }

  private List<Optional<Object>> parts(
      Grammar.Section grammar, Map<String, Written> written, String name, Place place) {
    List<Optional<Object>> values = new ArrayList<>();
    for (Grammar.Part part : grammar.parts()) {
      if (part instanceof Entry entry) {
        values.add(entry(entry, Optional.ofNullable(written.get(entry.key())), place));
      } else if (part instanceof Grammar.Beside beside) {
        values.add(
            construct(beside.section(), parts(beside.section(), written, name, place), place));
      } else {
        values.add(Optional.of(name));
      }
    }
    return values;
  }

  private Optional<Object> entry(Entry entry, Optional<Written> written, Place section) {
    if (written.isEmpty()) {
      Optional<Object> absent = entry.whenAbsent();
      if (absent.isEmpty()) {
        problems.error(
            new Place(section.line(), section.column(), child(section.path(), entry.key())),
            "nothing",
            "the key '%s': %s".formatted(entry.key(), entry.description()));
      }
      return absent;
    }
    Place place = written.get().place();
    Optional<Object> value =
        noting(
            entry.notActedOnYet(),
            place,
            () -> value(entry.value(), written.get().value(), "", place));
    value.ifPresent(it -> noteReferences(entry, it, place));
    if (entry.atLeastOne() && value.filter(PlanReader::isEmpty).isPresent()) {
      problems.error(place, "nothing in it", "at least one: " + entry.description());
      return Optional.empty();
    }
    return entry.optional() ? value.map(Optional::of) : value;
  }

  private static boolean isEmpty(Object value) {
    return value.equals(List.of()) || value.equals(Map.of());
  }

  private void noteReferences(Entry entry, Object value, Place place) {
    if (entry.refersTo().isEmpty()) {
      return;
    }
    if (value instanceof List<?> names) {
      for (int i = 0; i < names.size(); i++) {
        Place ofName = places.getOrDefault("%s[%d]".formatted(place.path(), i), place);
        references.add(new Reference(entry.refersTo(), names.get(i).toString(), ofName));
      }
    } else {
      references.add(new Reference(entry.refersTo(), value.toString(), place));
    }
  }

  private void checkReferences(Map<String, Written> root) {
    for (Reference reference : references) {
      List<String> names = namesIn(root.get(reference.target()));
      if (!names.contains(reference.name())) {
        problems.error(
            reference.place(),
            Text.quote(reference.name()),
            names.isEmpty()
                ? "a name under %s, where there is none".formatted(reference.target())
                : "a name under %s: %s".formatted(reference.target(), String.join(", ", names)),
            "",
            Nearest.to(reference.name(), names).orElse(""));
      }
    }
  }

  private static List<String> namesIn(@Nullable Written section) {
    return section != null && section.value() instanceof MappingNode mapping
        ? keys(mapping).toList()
        : List.of();
  }

  private static Stream<String> keys(MappingNode mapping) {
    return mapping.getValue().stream()
        .map(NodeTuple::getKeyNode)
        .filter(ScalarNode.class::isInstance)
        .map(key -> ((ScalarNode) key).getValue());
  }

  private Optional<Object> construct(
      Grammar.Section grammar, List<Optional<Object>> values, Place place) {
    if (values.stream().anyMatch(Optional::isEmpty)) {
      return Optional.empty();
    }
    try {
      return Optional.of(grammar.construct(values.stream().map(Optional::orElseThrow).toList()));
    } catch (InvalidSection e) {
      for (Rules.Broken broken : e.broken()) {
        String path = broken.key().isEmpty() ? place.path() : child(place.path(), broken.key());
        Place known = places.getOrDefault(path, place);
        problems.error(
            new Place(known.line(), known.column(), path),
            broken.found(),
            broken.expected(),
            broken.hint(),
            "");
      }
    } catch (InvalidValue e) {
      problems.error(place, e.found(), e.expected(), e.hint(), "");
    }
    return Optional.empty();
  }

  /** The entries of a section; a key that the section does not know is a problem. */
  private Map<String, Written> entries(
      MappingNode mapping, Grammar.Section grammar, Place section) {
    List<String> known = grammar.entries().stream().map(Entry::key).toList();
    Map<String, Written> entries = entries(mapping, section);
    entries.forEach(
        (key, written) -> {
          if (!known.contains(key)) {
            problems.error(
                written.place(),
                "the unknown key " + Text.quote(key),
                "one of the keys " + String.join(", ", known),
                "",
                problems.isFull() ? "" : Nearest.to(key, known).orElse(""));
          }
        });
    return entries;
  }

  /** The entries of a mapping; a key that is no text, or is there twice, is a problem. */
  private Map<String, Written> entries(MappingNode mapping, Place around) {
    Map<String, Written> entries = new LinkedHashMap<>();
    for (NodeTuple tuple : mapping.getValue()) {
      Node keyNode = tuple.getKeyNode();
      if (!(keyNode instanceof ScalarNode scalar)) {
        problems.error(
            Place.of(keyNode.getStartMark(), around.path()),
            describe(keyNode) + " in place of a key",
            "a key");
        continue;
      }
      String key = scalar.getValue();
      Place place =
          Place.of(
              keyNode.getStartMark(),
              child(around.path(), Rules.NAME.matcher(key).matches() ? key : Text.quote(key)));
      Written earlier = entries.get(key);
      if (earlier != null) {
        problems.error(
            place,
            "the key %s again".formatted(Text.quote(key)),
            "each key once",
            "it is on line %d already.".formatted(earlier.place().line()),
            "");
        continue;
      }
      entries.put(key, new Written(at(place), tuple.getValueNode()));
    }
    return entries;
  }

  private Place at(Place place) {
    places.put(place.path(), place);
    return place;
  }

  private static String child(String path, String key) {
    return path.isEmpty() ? key : path + "." + key;
  }

  private static boolean isNothing(Node node) {
    return node instanceof ScalarNode scalar && scalar.isPlain() && node.getTag().equals(Tag.NULL);
  }

  private static String nothingHint(Node node) {
    if (!isNothing(node)) {
      return "";
    }
    return ((ScalarNode) node).getValue().equals("~")
        ? "a lone ~ means nothing in YAML; write ~/ for the home folder."
        : "give it a value, or remove the key.";
  }

  private static String describe(Node node) {
    if (isNothing(node)) {
      return "nothing";
    }
    if (node instanceof ScalarNode scalar) {
      return Text.quote(scalar.getValue());
    }
    return node instanceof SequenceNode ? "a list" : "a section with keys";
  }
}
