package dev.cairn.it;

import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.EnumDescriptorProto;
import com.google.protobuf.DescriptorProtos.EnumValueDescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.DescriptorProtos.MethodDescriptorProto;
import com.google.protobuf.DescriptorProtos.ServiceDescriptorProto;
import com.google.protobuf.DescriptorProtos.SourceCodeInfo;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The reference page of a contract, in Markdown, from its descriptors and their comments: each
 * service with its rpcs, requests and responses; then the other messages and the enums by name.
 *
 * <p>The same contract gives the same page, whatever the order of its files. Confined to one
 * thread.
 */
final class ContractReference {
  private static final String PACKAGE = ".cairn.v1.";

  private final StringBuilder page = new StringBuilder();
  private final Map<String, String> comments = new HashMap<>();
  private final SortedMap<String, ServiceDescriptorProto> services = new TreeMap<>();
  private final SortedMap<String, DescriptorProto> messages = new TreeMap<>();
  private final SortedMap<String, EnumDescriptorProto> enums = new TreeMap<>();

  private ContractReference(FileDescriptorSet contract) {
    for (FileDescriptorProto file : contract.getFileList()) {
      if (!file.getPackage().equals("cairn.v1")) {
        continue;
      }
      Map<List<Integer>, String> byPath = new HashMap<>();
      for (SourceCodeInfo.Location each : file.getSourceCodeInfo().getLocationList()) {
        byPath.put(each.getPathList(), each.getLeadingComments());
      }
      for (int i = 0; i < file.getServiceCount(); i++) {
        ServiceDescriptorProto service = file.getService(i);
        services.put(service.getName(), service);
        note(service.getName(), byPath, 6, i);
        for (int k = 0; k < service.getMethodCount(); k++) {
          note(service.getName() + "." + service.getMethod(k).getName(), byPath, 6, i, 2, k);
        }
      }
      for (int i = 0; i < file.getMessageTypeCount(); i++) {
        addMessage("", file.getMessageType(i), byPath, List.of(4, i));
      }
      for (int i = 0; i < file.getEnumTypeCount(); i++) {
        addEnum("", file.getEnumType(i), byPath, List.of(5, i));
      }
    }
  }

  /** The page; descriptors without source information give one without comments. */
  static String of(FileDescriptorSet contract) {
    return new ContractReference(contract).write();
  }

  private void addMessage(
      String outer, DescriptorProto message, Map<List<Integer>, String> byPath, List<Integer> at) {
    if (message.getOptions().getMapEntry()) {
      return;
    }
    String name = outer + message.getName();
    messages.put(name, message);
    note(name, byPath, at);
    for (int i = 0; i < message.getFieldCount(); i++) {
      note(name + "." + message.getField(i).getName(), byPath, longer(at, 2, i));
    }
    for (int i = 0; i < message.getOneofDeclCount(); i++) {
      note(name + "." + message.getOneofDecl(i).getName(), byPath, longer(at, 8, i));
    }
    for (int i = 0; i < message.getNestedTypeCount(); i++) {
      addMessage(name + ".", message.getNestedType(i), byPath, longer(at, 3, i));
    }
    for (int i = 0; i < message.getEnumTypeCount(); i++) {
      addEnum(name + ".", message.getEnumType(i), byPath, longer(at, 4, i));
    }
  }

  private void addEnum(
      String outer, EnumDescriptorProto type, Map<List<Integer>, String> byPath, List<Integer> at) {
    String name = outer + type.getName();
    enums.put(name, type);
    note(name, byPath, at);
    for (int i = 0; i < type.getValueCount(); i++) {
      note(name + "." + type.getValue(i).getName(), byPath, longer(at, 2, i));
    }
  }

  private static List<Integer> longer(List<Integer> path, int kind, int index) {
    List<Integer> longer = new ArrayList<>(path);
    longer.add(kind);
    longer.add(index);
    return longer;
  }

  private void note(String name, Map<List<Integer>, String> byPath, Integer... path) {
    note(name, byPath, List.of(path));
  }

  private void note(String name, Map<List<Integer>, String> byPath, List<Integer> path) {
    comments.put(name, byPath.getOrDefault(path, ""));
  }

  private String write() {
    page.append(
        """
        # Reference of cairn.v1

        Made from the comments of the `.proto` files, which hold; [README.md](README.md) says what is common to all
        rpcs. Do not edit this page: the build compares it with the contract and says how to renew it.

        """);
    services.forEach(
        (name, service) -> {
          page.append("- ").append(link(name)).append(':');
          for (MethodDescriptorProto each : service.getMethodList()) {
            page.append(' ').append(link(each.getName()));
          }
          page.append('\n');
        });
    page.append("- [Messages](#messages), [Enums](#enums)\n");
    Set<String> shown = new HashSet<>();
    services.forEach((name, service) -> writeService(name, service, shown));
    page.append("\n## Messages\n");
    messages.forEach(
        (name, message) -> {
          if (shown.add(name)) {
            page.append("\n### ").append(name).append("\n\n").append(text(name));
            writeFields(name, message);
          }
        });
    page.append("\n## Enums\n");
    enums.forEach(this::writeEnum);
    return page.toString();
  }

  private void writeService(String name, ServiceDescriptorProto service, Set<String> shown) {
    page.append("\n## ").append(name).append("\n\n").append(text(name));
    for (MethodDescriptorProto method : service.getMethodList()) {
      page.append("\n### ").append(method.getName()).append("\n\n");
      String request = simple(method.getInputType());
      String response = simple(method.getOutputType());
      page.append("`rpc ").append(method.getName()).append('(');
      page.append(method.getClientStreaming() ? "stream " : "").append(request);
      page.append(") returns (").append(method.getServerStreaming() ? "stream " : "");
      page.append(response).append(")`\n\n").append(text(name + "." + method.getName()));
      for (String type : List.of(request, response)) {
        DescriptorProto message = messages.get(type);
        if (message != null && shown.add(type)) {
          page.append("\n#### ").append(type).append("\n\n").append(text(type));
          writeFields(type, message);
        }
      }
    }
  }

  private void writeFields(String name, DescriptorProto message) {
    if (message.getFieldCount() == 0) {
      return;
    }
    page.append("\n| field | type | meaning |\n| --- | --- | --- |\n");
    for (FieldDescriptorProto field : message.getFieldList()) {
      page.append("| `").append(field.getName()).append("` = ").append(field.getNumber());
      page.append(" | ").append(type(message, field)).append(" | ");
      if (field.hasOneofIndex() && !field.getProto3Optional()) {
        String oneof = message.getOneofDecl(field.getOneofIndex()).getName();
        page.append("One of `").append(oneof).append("`. ");
      }
      page.append(cell(name + "." + field.getName())).append(" |\n");
    }
    for (int i = 0; i < message.getOneofDeclCount(); i++) {
      String oneof = message.getOneofDecl(i).getName();
      String comment = cell(name + "." + oneof);
      if (!comment.isEmpty()) {
        page.append("\n`").append(oneof).append("`: ").append(comment).append('\n');
      }
    }
  }

  private void writeEnum(String name, EnumDescriptorProto type) {
    page.append("\n### ").append(name).append("\n\n").append(text(name));
    page.append("\n| value | meaning |\n| --- | --- |\n");
    for (EnumValueDescriptorProto value : type.getValueList()) {
      page.append("| `").append(value.getName()).append("` = ").append(value.getNumber());
      page.append(" | ").append(cell(name + "." + value.getName())).append(" |\n");
    }
  }

  private String type(DescriptorProto message, FieldDescriptorProto field) {
    for (DescriptorProto nested : message.getNestedTypeList()) {
      if (nested.getOptions().getMapEntry()
          && field.getTypeName().endsWith("." + nested.getName())) {
        return "map of " + one(nested.getField(0)) + " to " + one(nested.getField(1));
      }
    }
    String prefix =
        field.getLabel() == FieldDescriptorProto.Label.LABEL_REPEATED
            ? "repeated "
            : field.getProto3Optional() ? "optional " : "";
    return prefix + one(field);
  }

  private String one(FieldDescriptorProto field) {
    String full = field.getTypeName();
    if (full.isEmpty()) {
      return field.getType().name().substring("TYPE_".length()).toLowerCase(Locale.ROOT);
    }
    String name = simple(full);
    return messages.containsKey(name) || enums.containsKey(name) ? link(name) : "`" + name + "`";
  }

  private static String simple(String full) {
    return full.startsWith(PACKAGE) ? full.substring(PACKAGE.length()) : full.substring(1);
  }

  private static String link(String heading) {
    return "[" + heading + "](#" + heading.toLowerCase(Locale.ROOT).replace(".", "") + ")";
  }

  /** A comment as paragraphs. */
  private String text(String name) {
    String text = escaped(name).strip();
    return text.isEmpty() ? "" : text + "\n";
  }

  /** A comment as one line. */
  private String cell(String name) {
    return escaped(name).strip().replaceAll("\\s+", " ").replace("|", "\\|");
  }

  private String escaped(String name) {
    return comments
        .getOrDefault(name, "")
        .replaceAll("(?m)^ ", "")
        .replace("<", "&lt;")
        .replaceAll("(?<![`*])\\*(?![`*])", "\\\\*");
  }
}
