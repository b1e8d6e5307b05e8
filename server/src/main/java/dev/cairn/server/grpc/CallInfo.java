package dev.cairn.server.grpc;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import dev.cairn.server.auth.Caller;
import io.grpc.Context;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What is known of a call, for its errors and its lines in the log. Thread-safe; what the request
 * names is known once it has come.
 */
final class CallInfo {
  /** Where a call keeps it. */
  static final Context.Key<CallInfo> KEY = Context.key("call");

  private static final String DESTINATION = "destination_site_id";

  private static final List<String> NAMES =
      List.of("site_id", "collection_id", "item_id", "backup_id", "restoration_id", DESTINATION);

  /** Longer ones are no ids, and an error has no room for them. */
  private static final int MAX_NAME = 256;

  private static final CallInfo NONE = new CallInfo("-", "-", "");

  private final String id;
  private final String method;
  private final String traceId;
  private volatile Map<String, String> names = Map.of();
  private volatile Optional<Caller> caller = Optional.empty();

  /**
   * @param traceId of the caller's trace; empty if it has none
   */
  CallInfo(String id, String method, String traceId) {
    this.id = id;
    this.method = method;
    this.traceId = traceId;
  }

  /** That of the call that the current thread works on. */
  static CallInfo current() {
    CallInfo info = KEY.get();
    return info == null ? NONE : info;
  }

  String id() {
    return id;
  }

  String traceId() {
    return traceId;
  }

  String method() {
    return method;
  }

  /** Whoever makes the call, once that is known. */
  Optional<Caller> caller() {
    return caller;
  }

  void learn(Caller who) {
    caller = Optional.of(who);
  }

  /** The ids that the request names, by the name of their field. */
  Map<String, String> names() {
    return names;
  }

  /** Takes over what a request names; what a later message leaves out stays. */
  void learn(Object request) {
    if (request instanceof CheckedRequests.Request<?> checked && checked.message() != null) {
      learn(checked.message());
    } else if (request instanceof Message message) {
      Map<String, String> found = new LinkedHashMap<>(names);
      for (String name : NAMES) {
        FieldDescriptor field = message.getDescriptorForType().findFieldByName(name);
        if (field != null
            && !field.isRepeated()
            && message.getField(field) instanceof String value
            && !value.isEmpty()
            && value.length() <= MAX_NAME) {
          found.put(name, value);
        }
      }
      names = Collections.unmodifiableMap(found); // in the order of NAMES
    }
  }
}
