package dev.drp.files;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;

/** Tars byte by byte, as nobody should write them. */
final class RawTar {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  RawTar file(String name, String content) {
    return member(name, '0', "", content);
  }

  RawTar folder(String name) {
    return member(name, '5', "", "");
  }

  RawTar symbolicLink(String name, String target) {
    return member(name, '2', target, "");
  }

  RawTar hardLink(String name, String target) {
    return member(name, '1', target, "");
  }

  /** The next member has that in its extended header. */
  RawTar pax(String key, String value) {
    int length = key.length() + value.length() + 3;
    int total = length + Integer.toString(length + 2).length();
    return member("pax", 'x', "", total + " " + key + "=" + value + "\n");
  }

  RawTar member(String name, char type, String link, String content) {
    byte[] header = new byte[512];
    put(header, 0, name);
    put(header, 100, "0000644\0000000000\0000000000\0");
    put(header, 124, "%011o\0%011o\0".formatted(content.length(), 1_700_000_000));
    header[156] = (byte) type;
    put(header, 157, link);
    put(header, 257, "ustar\00000root");
    put(header, 148, "        ");
    int sum = 0;
    for (byte each : header) {
      sum += each & 0xff;
    }
    put(header, 148, "%06o\0".formatted(sum));
    bytes.writeBytes(header);
    bytes.writeBytes(content.getBytes(ISO_8859_1));
    bytes.writeBytes(new byte[-content.length() & 511]);
    return this;
  }

  private static void put(byte[] header, int at, String text) {
    byte[] part = text.getBytes(ISO_8859_1);
    System.arraycopy(part, 0, header, at, part.length);
  }

  /** Without its end. */
  InputStream cut() {
    return new ByteArrayInputStream(bytes.toByteArray());
  }

  RawTar end() {
    bytes.writeBytes(new byte[1024]);
    return this;
  }

  InputStream whole() {
    return end().cut();
  }
}
