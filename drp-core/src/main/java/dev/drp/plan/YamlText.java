package dev.drp.plan;

import dev.drp.plan.Problems.Place;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.composer.Composer;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.events.AliasEvent;
import org.yaml.snakeyaml.events.CollectionEndEvent;
import org.yaml.snakeyaml.events.CollectionStartEvent;
import org.yaml.snakeyaml.events.DocumentStartEvent;
import org.yaml.snakeyaml.events.Event;
import org.yaml.snakeyaml.events.NodeEvent;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.parser.Parser;
import org.yaml.snakeyaml.parser.ParserImpl;
import org.yaml.snakeyaml.reader.StreamReader;
import org.yaml.snakeyaml.resolver.Resolver;

/**
 * From bytes to a tree of YAML nodes, whatever the bytes are: time and memory are bounded by the
 * size of a plan, and nothing is constructed but nodes.
 *
 * <p>Messages of the parser are shown without the piece of the file that it adds to them, which may
 * hold a secret.
 */
final class YamlText {
  static final int LARGEST = 256 * 1024;
  private static final int DEEPEST = 32;

  private final Problems problems;

  YamlText(Problems problems) {
    this.problems = problems;
  }

  /** The root of the one document of the file; empty if there is a problem. */
  Optional<Node> read(byte[] bytes) {
    if (bytes.length > LARGEST) {
      problems.error(Place.START, "more than 256 KiB", "a plan file of at most 256 KiB");
      return Optional.empty();
    }
    return decode(bytes).filter(this::isPrintable).flatMap(this::parse);
  }

  private Optional<String> decode(byte[] bytes) {
    if (bytes.length >= 2 && (bytes[0] & 0xFF) + (bytes[1] & 0xFF) == 0xFE + 0xFF) {
      problems.error(Place.START, "UTF-16 text", "UTF-8 text", "save the file as UTF-8.", "");
      return Optional.empty();
    }
    CharsetDecoder decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    CharBuffer text = CharBuffer.allocate(bytes.length + 1);
    CoderResult result = decoder.decode(ByteBuffer.wrap(bytes), text, true);
    text.flip();
    if (result.isError()) {
      problems.error(
          placeAfter(text), "bytes that are no UTF-8 text", "UTF-8", "save the file as UTF-8.", "");
      return Optional.empty();
    }
    return Optional.of(text.toString());
  }

  private boolean isPrintable(String text) {
    for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
      int codePoint = text.codePointAt(i);
      if (!StreamReader.isPrintable(codePoint)) {
        problems.error(
            placeAfter(text.subSequence(0, i)),
            "the control character U+%04X".formatted(codePoint),
            "readable text",
            "is this the right file?",
            "");
        return false;
      }
    }
    return true;
  }

  private static Place placeAfter(CharSequence text) {
    int line = 1;
    int column = 1;
    for (int i = 0; i < text.length(); i++) {
      column++;
      if (text.charAt(i) == '\n') {
        line++;
        column = 1;
      }
    }
    return new Place(line, column, "");
  }

  private Optional<Node> parse(String text) {
    try {
      if (!isPlain(text)) {
        return Optional.empty();
      }
      LoaderOptions options = options();
      Node root = new Composer(parser(text, options), new Resolver(), options).getSingleNode();
      if (root == null) {
        problems.error(Place.START, "an empty file", "a plan", "start from examples/drp.yaml.", "");
      }
      return Optional.ofNullable(root);
    } catch (MarkedYAMLException e) {
      problems.error(
          e.getProblemMark() == null ? Place.START : Place.of(e.getProblemMark(), ""),
          "text that is no YAML: %s".formatted(e.getProblem()),
          "YAML",
          hint(text, e),
          "");
    } catch (YAMLException e) {
      problems.error(Place.START, "text that is no YAML", "YAML");
    }
    return Optional.empty();
  }

  /** Whether it is one document, not too deep, without anchors: all that a tree can be made of. */
  private boolean isPlain(String text) {
    Parser parser = parser(text, options());
    boolean plain = true;
    int documents = 0;
    int depth = 0;
    while (parser.peekEvent() != null) {
      Event event = parser.getEvent();
      Place place = Place.of(event.getStartMark(), "");
      if (event instanceof NodeEvent node && node.getAnchor() != null) {
        problems.error(
            place,
            event instanceof AliasEvent ? "an alias (*name)" : "an anchor (&name)",
            "the value itself",
            "write it out where it counts, or put quotes around a text that starts so.",
            "");
        plain = false;
      }
      if (event instanceof DocumentStartEvent && ++documents == 2) {
        problems.error(place, "a second document", "one plan per file", "remove the ---.", "");
        return false;
      }
      if (event instanceof CollectionEndEvent) {
        depth--;
      }
      if (event instanceof CollectionStartEvent && ++depth > DEEPEST) {
        problems.error(
            place, "sections nested deeper than %d".formatted(DEEPEST), "the sections of a plan");
        return false;
      }
      if (problems.isFull()) {
        return false;
      }
    }
    return plain;
  }

  private static Parser parser(String text, LoaderOptions options) {
    return new ParserImpl(new StreamReader(text), options);
  }

  private static LoaderOptions options() {
    LoaderOptions options = new LoaderOptions();
    options.setCodePointLimit(LARGEST);
    options.setNestingDepthLimit(DEEPEST);
    return options;
  }

  private static String hint(String text, MarkedYAMLException e) {
    String problem = String.valueOf(e.getProblem());
    if (e.getProblemMark() != null && lineAt(text, e).stripLeading().length() != 0) {
      String line = lineAt(text, e);
      String indentation = line.substring(0, line.length() - line.stripLeading().length());
      if (indentation.contains("\t")) {
        return "indent with spaces, not with tabs.";
      }
    }
    boolean quotesHelp =
        problem.contains("mapping values are not allowed")
            || problem.contains("cannot start any token")
            || problem.contains("indentation indicator")
            || problem.contains("a comment or a line break");
    return quotesHelp
        ? "put quotes around a text that holds ': ' or starts with a sign such as > @ % * [ {."
        : "look for a wrong indentation, or a quote or bracket that is not closed.";
  }

  private static String lineAt(String text, MarkedYAMLException e) {
    return text.lines().skip(e.getProblemMark().getLine()).findFirst().orElse("");
  }
}
