package dev.cairn.client.console;

import com.google.protobuf.MessageOrBuilder;
import dev.cairn.client.jsonl.ProtoJson;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which call a method and path mean. A path is written with variable parts, such as {@code
 * sites/{site}/backups}. Filled by one thread, then only read.
 */
final class Routes {
  /** A call that answers once. */
  interface Call {
    /** The answer as JSON. */
    byte[] answer(Request request);
  }

  /** A call that goes on. */
  interface Stream {
    void run(Request request, Feed feed);
  }

  /** A call that answers with a message of the contract. */
  interface MessageCall {
    MessageOrBuilder answer(Request request);
  }

  /**
   * What was found: one of {@code call} and {@code stream}, with the variable parts of the path.
   */
  record Found(@Nullable Call call, @Nullable Stream stream, Map<String, String> path) {}

  private record Route(
      String method, List<String> parts, @Nullable Call call, @Nullable Stream stream) {}

  private final List<Route> routes = new ArrayList<>();

  void get(String path, MessageCall call) {
    add("GET", path, request -> ProtoJson.line(call.answer(request)), null);
  }

  void getJson(String path, Call call) {
    add("GET", path, call, null);
  }

  void post(String path, MessageCall call) {
    add("POST", path, request -> ProtoJson.line(call.answer(request)), null);
  }

  void stream(String path, Stream stream) {
    add("GET", path, null, stream);
  }

  private void add(String method, String path, @Nullable Call call, @Nullable Stream stream) {
    routes.add(new Route(method, List.of(path.split("/")), call, stream));
  }

  /**
   * Finds a call.
   *
   * @param parts the parts of the path, decoded
   * @throws RefusedException if there is none
   */
  Found find(String method, List<String> parts) {
    boolean otherMethod = false;
    for (Route route : routes) {
      Map<String, String> variables = match(route.parts(), parts);
      if (variables != null) {
        if (route.method().equals(method)) {
          return new Found(route.call(), route.stream(), variables);
        }
        otherMethod = true;
      }
    }
    throw otherMethod
        ? new RefusedException(405, "Not with " + method + ".", "Reload the page.")
        : new RefusedException(404, "There is nothing here.", "Reload the page.");
  }

  private static @Nullable Map<String, String> match(List<String> pattern, List<String> parts) {
    if (pattern.size() != parts.size()) {
      return null;
    }
    Map<String, String> variables = new HashMap<>();
    for (int i = 0; i < parts.size(); i++) {
      String wanted = pattern.get(i);
      if (wanted.startsWith("{")) {
        variables.put(wanted.substring(1, wanted.length() - 1), parts.get(i));
      } else if (!wanted.equals(parts.get(i))) {
        return null;
      }
    }
    return variables;
  }
}
