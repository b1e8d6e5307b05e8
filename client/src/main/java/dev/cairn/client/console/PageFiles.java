package dev.cairn.client.console;

import java.io.IOException;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The files of the page, read once; there is no way to others. Immutable. */
final class PageFiles {
  private static final Map<String, String> TYPES =
      Map.of(
          "html", "text/html; charset=utf-8",
          "css", "text/css; charset=utf-8",
          "js", "text/javascript; charset=utf-8",
          "svg", "image/svg+xml");
  private static final String[] NAMES = {
    "index.html",
    "console.css",
    "icon.svg",
    "app.js",
    "calls.js",
    "dom.js",
    "text.js",
    "backups.js",
    "content.js",
    "restoring.js",
    "schedule.js"
  };

  /** A file with its media type. */
  record PageFile(String type, com.google.protobuf.ByteString content) {}

  private final Map<String, PageFile> byPath = new LinkedHashMap<>();

  PageFiles() throws IOException {
    for (String name : NAMES) {
      try (InputStream in = PageFiles.class.getResourceAsStream(name)) {
        if (in == null) {
          throw new IOException("the page's file " + name + " is not in this jar");
        }
        String type = TYPES.getOrDefault(name.substring(name.indexOf('.') + 1), "");
        byPath.put("/" + name, new PageFile(type, com.google.protobuf.ByteString.readFrom(in)));
      }
    }
  }

  /** The file at a path, or null. */
  @Nullable PageFile at(String path) {
    return byPath.get(path.equals("/") ? "/index.html" : path);
  }
}
