package dev.cairn.client.cli;

import dev.cairn.client.CairnClient;
import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupState;
import dev.cairn.v1.BackupType;
import dev.cairn.v1.ListBackupsRequest;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** A verb that calls the server. */
abstract class ClientCommand implements Callable<Integer> {
  static final String LATEST = "latest";

  @Spec CommandSpec spec;

  final CairnCli cli() {
    return CairnCli.of(spec);
  }

  @Override
  public final Integer call() throws IOException {
    try (CairnClient cairn = cli().connect()) {
      return run(cairn, cli().output());
    }
  }

  /** Does it; returns the {@link ExitCode}. */
  abstract int run(CairnClient cairn, Output out) throws IOException;

  /** The id of a backup that may be named as the latest one that somebody or the schedule made. */
  final String backupId(CairnClient cairn, String siteId, String given) {
    if (!given.equals(LATEST)) {
      return given;
    }
    ListBackupsRequest request =
        ListBackupsRequest.newBuilder()
            .setSiteId(siteId)
            .addStates(BackupState.BACKUP_STATE_READY)
            .addTypes(BackupType.BACKUP_TYPE_ON_DEMAND)
            .addTypes(BackupType.BACKUP_TYPE_AUTO)
            .setPageSize(1)
            .build();
    Backup latest =
        cairn
            .backups()
            .list(request)
            .first()
            .orElseThrow(
                () ->
                    new UsageException(
                        "Site " + siteId + " has no READY backup.",
                        "Make one: cairn backup create " + siteId + " --wait"));
    cli().remark("The latest backup is " + latest.getId() + ".");
    return latest.getId();
  }

  /** Reads labels that were given as KEY=VALUE. */
  static Map<String, String> labels(List<String> given) {
    Map<String, String> labels = new LinkedHashMap<>();
    for (String label : given) {
      int equals = label.indexOf('=');
      if (equals < 1) {
        throw new UsageException("'" + label + "' is no label.", "Write it as KEY=VALUE.");
      }
      labels.put(label.substring(0, equals), label.substring(equals + 1));
    }
    return labels;
  }
}
