package dev.drp.plan;

import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The grammar of the plan file, taken from the records: what may stand where. The loader reads by
 * it; the JSON schema and the reference are made from it.
 */
sealed interface Grammar {
  /** What counts where nothing is written; empty if something must be. */
  default Optional<Object> whenAbsent() {
    return Optional.empty();
  }

  /** A single value. */
  record One(Scalar scalar) implements Grammar {}

  /** A list of values. */
  record Many(Grammar element) implements Grammar {
    @Override
    public Optional<Object> whenAbsent() {
      return Optional.of(List.of());
    }
  }

  /** Entries by name. */
  record Named(Grammar entry) implements Grammar {
    @Override
    public Optional<Object> whenAbsent() {
      return Optional.of(Map.of());
    }
  }

  /** One of several sections, told apart by the first key of each. */
  record Choice(Class<?> type, List<Section> sections) implements Grammar {}

  /** Keys and values that make a record. */
  record Section(
      Class<?> type,
      Constructor<?> constructor,
      List<Part> parts,
      Optional<String> shorthand,
      boolean notActedOnYet)
      implements Grammar {
    /** All keys that may stand in the section. */
    List<Entry> entries() {
      return parts.stream().flatMap(part -> part.entries().stream()).toList();
    }

    /** A section that needs no key counts as empty where it is left out. */
    @Override
    public Optional<Object> whenAbsent() {
      List<Object> values = new ArrayList<>();
      for (Part part : parts) {
        Optional<Object> value = part.whenAbsent();
        if (value.isEmpty()) {
          return Optional.empty();
        }
        values.add(value.get());
      }
      try {
        return Optional.of(construct(values));
      } catch (InvalidSection e) {
        return Optional.empty(); // no key is needed, but some one of them is
      }
    }

    /** The record of these values, one for each part; throws what its constructor throws. */
    Object construct(List<Object> values) {
      try {
        return constructor.newInstance(values.toArray());
      } catch (InvocationTargetException e) {
        if (e.getCause() instanceof IllegalArgumentException invalid) {
          throw invalid;
        }
        throw new IllegalStateException("%s cannot be made".formatted(type), e.getCause());
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException("%s cannot be made".formatted(type), e);
      }
    }
  }

  /** What fills a component of a section's record. */
  sealed interface Part {
    Optional<Object> whenAbsent();

    /** The keys that it is written with. */
    default List<Entry> entries() {
      return List.of();
    }
  }

  /** The name under which the section stands in its map. */
  record EntryName() implements Part {
    @Override
    public Optional<Object> whenAbsent() {
      return Optional.empty();
    }
  }

  /** A section whose keys stand beside those of the section around it. */
  record Beside(Section section) implements Part {
    @Override
    public Optional<Object> whenAbsent() {
      return section.whenAbsent();
    }

    @Override
    public List<Entry> entries() {
      return section.entries();
    }
  }

  /**
   * A key and its value.
   *
   * @param optional whether the component is an Optional of the value
   * @param defaultsTo the value of an absent key, as one would write it; empty for none
   * @param refersTo the section of the plan that the value is a name of; empty for none
   * @param atLeastOne whether a list or map must be there and hold something
   */
  record Entry(
      String key,
      String description,
      Grammar value,
      boolean optional,
      String defaultsTo,
      String refersTo,
      boolean atLeastOne,
      boolean notActedOnYet)
      implements Part {
    @Override
    public Optional<Object> whenAbsent() {
      if (optional) {
        return Optional.of(Optional.empty());
      }
      if (atLeastOne) {
        return Optional.empty();
      }
      return !defaultsTo.isEmpty() && value instanceof One one
          ? Optional.of(one.scalar().reader().read(defaultsTo, PlanPaths.of(Path.of(""))))
          : value.whenAbsent();
    }

    @Override
    public List<Entry> entries() {
      return List.of(this);
    }

    boolean required() {
      return whenAbsent().isEmpty();
    }
  }

  /** The grammar of the section that makes this record. */
  static Section of(Class<?> type) {
    List<RecordComponent> components = List.of(type.getRecordComponents());
    Shorthand shorthand = type.getAnnotation(Shorthand.class);
    return new Section(
        type,
        constructor(type, components),
        components.stream().map(Grammar::part).toList(),
        Optional.ofNullable(shorthand).map(Shorthand::value),
        isMarked(type));
  }

  private static Constructor<?> constructor(Class<?> type, List<RecordComponent> components) {
    try {
      return type.getDeclaredConstructor(
          components.stream().map(RecordComponent::getType).toArray(Class<?>[]::new));
    } catch (NoSuchMethodException e) {
      throw new IllegalStateException("%s is no record".formatted(type), e);
    }
  }

  private static Part part(RecordComponent component) {
    Key key = component.getAnnotation(Key.class);
    if (key != null) {
      return entry(component, key);
    }
    if (component.isAnnotationPresent(SameLevel.class)) {
      return new Beside(of(component.getType()));
    }
    if (component.isAnnotationPresent(NameOfEntry.class)) {
      return new EntryName();
    }
    throw new IllegalStateException("%s is no part of the plan file".formatted(component));
  }

  private static Entry entry(RecordComponent component, Key key) {
    Type type = component.getGenericType();
    boolean optional = component.getType() == Optional.class;
    return new Entry(
        key.name().isEmpty() ? Text.kebab(component.getName()) : key.name(),
        key.value(),
        ofType(optional ? argument(type, 0) : type),
        optional,
        key.defaultsTo(),
        key.refersTo(),
        key.atLeastOne(),
        isMarked(component));
  }

  private static Grammar ofType(Type type) {
    if (type instanceof ParameterizedType generic) {
      return generic.getRawType() == List.class
          ? new Many(ofType(argument(type, 0)))
          : new Named(ofType(argument(type, 1)));
    }
    Class<?> plain = (Class<?>) type;
    Optional<Scalar> scalar = Scalar.of(plain);
    if (scalar.isPresent()) {
      return new One(scalar.get());
    }
    return plain.isSealed()
        ? new Choice(plain, Arrays.stream(plain.getPermittedSubclasses()).map(Grammar::of).toList())
        : of(plain);
  }

  private static Type argument(Type type, int index) {
    return ((ParameterizedType) type).getActualTypeArguments()[index];
  }

  /** Whether nothing acts on what this declares. */
  static boolean isMarked(AnnotatedElement element) {
    return element.isAnnotationPresent(NotActedOnYet.class);
  }
}
