package dev.cairn.it;

import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import dev.cairn.v1.BackupScheduleServiceProto;
import dev.cairn.v1.BackupServiceProto;
import dev.cairn.v1.CollectionServiceProto;
import dev.cairn.v1.EventServiceProto;
import dev.cairn.v1.ItemServiceProto;
import dev.cairn.v1.RestorationServiceProto;
import dev.cairn.v1.SiteServiceProto;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** The rpcs of the contract. */
final class Rpcs {
  private static final List<FileDescriptor> FILES =
      List.of(
          BackupScheduleServiceProto.getDescriptor(),
          BackupServiceProto.getDescriptor(),
          CollectionServiceProto.getDescriptor(),
          EventServiceProto.getDescriptor(),
          ItemServiceProto.getDescriptor(),
          RestorationServiceProto.getDescriptor(),
          SiteServiceProto.getDescriptor());

  private static final SortedMap<String, MethodDescriptor> ALL = methods();

  private Rpcs() {}

  private static SortedMap<String, MethodDescriptor> methods() {
    SortedMap<String, MethodDescriptor> methods = new TreeMap<>();
    FILES.stream()
        .flatMap(file -> file.getServices().stream())
        .flatMap(service -> service.getMethods().stream())
        .forEach(each -> methods.put(each.getService().getName() + "/" + each.getName(), each));
    return Collections.unmodifiableSortedMap(methods);
  }

  /** Each by {@code Service/Method}. */
  static SortedMap<String, MethodDescriptor> all() {
    return ALL;
  }

  static MethodDescriptor named(String name) {
    MethodDescriptor method = ALL.get(name);
    if (method == null) {
      throw new AssertionError("the contract has no " + name);
    }
    return method;
  }
}
