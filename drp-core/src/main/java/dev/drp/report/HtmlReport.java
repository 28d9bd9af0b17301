package dev.drp.report;

import dev.drp.plan.Language;
import java.util.List;
import org.commonmark.Extension;
import org.commonmark.ext.gfm.tables.TablesExtension;
import org.commonmark.node.Heading;
import org.commonmark.node.Node;
import org.commonmark.node.Text;
import org.commonmark.parser.Parser;
import org.commonmark.renderer.html.HtmlRenderer;

/** A page of Markdown as one of HTML that needs nothing else: no script, nothing from elsewhere. */
final class HtmlReport {
  private static final List<Extension> TABLES = List.of(TablesExtension.create());
  private static final Parser PARSER = Parser.builder().extensions(TABLES).build();

  /** What stands in a report comes from servers and people: none of it is markup. */
  private static final HtmlRenderer RENDERER =
      HtmlRenderer.builder().extensions(TABLES).escapeHtml(true).sanitizeUrls(true).build();

  private static final String PAGE =
      """
      <!DOCTYPE html>
      <html lang="%s">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width">
      <title>%s</title>
      <style>
      body { font: 16px/1.5 sans-serif; margin: 2em auto; max-width: 60em; padding: 0 1em; color: #222 }
      table { border-collapse: collapse; margin: 1em 0 }
      th, td { border: 1px solid #bbb; padding: .2em .6em; text-align: left; vertical-align: top }
      th { background: #eee }
      code { font-size: 90%%; overflow-wrap: anywhere }
      @media print { body { margin: 0; max-width: none; font-size: 11px } }
      </style>
      </head>
      <body>
      %s</body>
      </html>
      """;

  private HtmlReport() {}

  static String of(String markdown, Language language) {
    Node page = PARSER.parse(markdown);
    return PAGE.formatted(
        language.locale().toLanguageTag(), escaped(title(page)), RENDERER.render(page));
  }

  private static String title(Node page) {
    StringBuilder title = new StringBuilder();
    for (Node node = page.getFirstChild(); node != null; node = node.getNext()) {
      if (node instanceof Heading heading) {
        for (Node part = heading.getFirstChild(); part != null; part = part.getNext()) {
          if (part instanceof Text text) {
            title.append(text.getLiteral());
          }
        }
        break;
      }
    }
    return title.toString();
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
