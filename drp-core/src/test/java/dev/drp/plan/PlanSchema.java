package dev.drp.plan;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.drp.plan.Grammar.Entry;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Makes the JSON schema of the plan file, for editors, from the grammar. */
final class PlanSchema {
  private final Map<String, Object> definitions = new LinkedHashMap<>();

  private PlanSchema() {}

  static String json() {
    PlanSchema schema = new PlanSchema();
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("$schema", "http://json-schema.org/draft-07/schema#");
    root.put("title", "Contingency plan (drp.yaml)");
    root.putAll(schema.section(Grammar.of(ContingencyPlan.class)));
    root.put("definitions", schema.definitions);
    try {
      return new ObjectMapper()
              .enable(SerializationFeature.INDENT_OUTPUT)
              .writeValueAsString(root)
              .replace("\r\n", "\n")
          + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private Map<String, Object> schema(Grammar grammar) {
    if (grammar instanceof Grammar.One one) {
      return scalar(one.scalar());
    }
    if (grammar instanceof Grammar.Many many) {
      return ordered("type", "array", "items", schema(many.element()));
    }
    if (grammar instanceof Grammar.Named named) {
      return ordered(
          "type",
          "object",
          "propertyNames",
          Map.of("pattern", whole(Rules.NAME.pattern())),
          "additionalProperties",
          schema(named.entry()));
    }
    if (grammar instanceof Grammar.Choice choice) {
      return ordered("oneOf", choice.sections().stream().map(this::reference).toList());
    }
    return reference((Grammar.Section) grammar);
  }

  private static Map<String, Object> scalar(Scalar scalar) {
    if (!scalar.words().isEmpty()) {
      return ordered("enum", scalar.words());
    }
    if (scalar.pattern().equals(Scalar.BOOLEAN_PATTERN)) {
      return ordered("type", "boolean");
    }
    if (scalar.pattern().equals(Scalar.INTEGER_PATTERN)) {
      return ordered("type", "integer");
    }
    if (scalar.pattern().isEmpty()) {
      return ordered("type", List.of("string", "number", "boolean"));
    }
    Map<String, Object> text = ordered("type", "string", "pattern", whole(scalar.pattern()));
    boolean zeroNeedsNoUnit = "0".matches(scalar.pattern());
    return zeroNeedsNoUnit ? ordered("anyOf", List.of(text, Map.of("const", 0))) : text;
  }

  private Map<String, Object> reference(Grammar.Section section) {
    String name = PlanReference.title(section);
    if (!definitions.containsKey(name)) {
      definitions.put(name, Map.of()); // keeps the order in which sections are met
      definitions.put(name, section(section));
    }
    Map<String, Object> reference = ordered("$ref", "#/definitions/" + name);
    return section
        .shorthand()
        .map(key -> ordered("anyOf", List.of(valueOf(section, key), reference)))
        .orElse(reference);
  }

  private Map<String, Object> valueOf(Grammar.Section section, String key) {
    return section.entries().stream()
        .filter(entry -> entry.key().equals(key))
        .map(entry -> schema(entry.value()))
        .findFirst()
        .orElseThrow();
  }

  private Map<String, Object> section(Grammar.Section section) {
    Map<String, Object> properties = new LinkedHashMap<>();
    section.entries().forEach(entry -> properties.put(entry.key(), property(entry)));
    Map<String, Object> schema = ordered("type", "object", "properties", properties);
    List<String> required =
        section.entries().stream().filter(Entry::required).map(Entry::key).toList();
    if (!required.isEmpty()) {
      schema.put("required", required);
    }
    schema.put("additionalProperties", false);
    return schema;
  }

  private Map<String, Object> property(Entry entry) {
    Map<String, Object> value = schema(entry.value());
    if (entry.atLeastOne()) {
      value.put(entry.value() instanceof Grammar.Many ? "minItems" : "minProperties", 1);
    }
    Map<String, Object> property = ordered("description", PlanReference.meaning(entry));
    // What stands beside a $ref is ignored in this version of JSON schema.
    property.putAll(value.containsKey("$ref") ? ordered("allOf", List.of(value)) : value);
    return property;
  }

  private static String whole(String pattern) {
    return "^(" + pattern + ")$";
  }

  private static Map<String, Object> ordered(Object... keysAndValues) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      map.put((String) keysAndValues[i], keysAndValues[i + 1]);
    }
    return map;
  }
}
