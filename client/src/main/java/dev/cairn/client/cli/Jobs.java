package dev.cairn.client.cli;

import dev.cairn.client.CairnClient;
import dev.cairn.client.CairnException;
import dev.cairn.client.Watch;
import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupState;
import dev.cairn.v1.Progress;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.RestorationKind;
import dev.cairn.v1.VerificationState;
import java.time.Duration;
import java.util.function.Function;
import java.util.function.Predicate;

/** Following jobs: progress while they run, and what their end means for the exit code. */
final class Jobs {
  private final CairnCli cli;
  private final CairnClient cairn;
  private final boolean outlive;

  Jobs(CairnCli cli, CairnClient cairn) {
    this(cli, cairn, true);
  }

  /**
   * @param outlive whether the jobs go on when this process ends
   */
  Jobs(CairnCli cli, CairnClient cairn, boolean outlive) {
    this.cli = cli;
    this.cairn = cairn;
    this.outlive = outlive;
  }

  /** Waits until a backup is made; a verification that begins right after is not waited for. */
  Backup awaitMade(Backup backup) {
    return await(
        cairn.backups().watch(backup.getSiteId(), backup.getId()),
        "backup",
        Backup::getProgress,
        b -> b.getState() != BackupState.BACKUP_STATE_PENDING,
        follow("backup", backup.getSiteId(), backup.getId()));
  }

  /** Waits until a backup is neither being made nor being verified. */
  Backup awaitVerified(Backup backup) {
    return await(
        cairn.backups().watch(backup.getSiteId(), backup.getId()),
        "verify",
        Backup::getProgress,
        b -> false,
        follow("backup", backup.getSiteId(), backup.getId()));
  }

  Restoration await(Restoration restoration) {
    return await(
        cairn.restorations().watch(restoration.getSiteId(), restoration.getId()),
        restoration.getKind() == RestorationKind.RESTORATION_KIND_UNDO ? "undo" : "restore",
        Restoration::getProgress,
        r -> false,
        follow("restoration", restoration.getSiteId(), restoration.getId()));
  }

  private static String follow(String noun, String siteId, String id) {
    return "It goes on without you. To follow it: cairn " + noun + " watch " + siteId + " " + id;
  }

  @SuppressWarnings("try") // The interruption only has to be there.
  private <T> T await(
      Watch<T> watching,
      String label,
      Function<T, Progress> progress,
      Predicate<T> enough,
      String whenInterrupted) {
    T state = null;
    try (Watch<T> watch = watching;
        CairnCli.Interruption interruption =
            cli.whenInterrupted(() -> sayOnInterrupt(whenInterrupted));
        ProgressBar bar = cli.progress(label)) {
      while (watch.hasNext()) {
        state = watch.next();
        bar.update(state(progress.apply(state)));
        if (enough.test(state)) {
          break;
        }
      }
    }
    if (state == null) {
      throw new IllegalStateException("The watch ended without a state.");
    }
    return state;
  }

  private void sayOnInterrupt(String text) {
    if (outlive) {
      cli.terminal().err().println(text);
    }
  }

  static ProgressBar.State state(Progress progress) {
    String eta = "";
    if (progress.hasEtaLow() && progress.getFraction() < 1) {
      Duration low = Format.duration(progress.getEtaLow());
      Duration high = progress.hasEtaHigh() ? Format.duration(progress.getEtaHigh()) : low;
      eta =
          "eta "
              + Format.span(low)
              + (high.toSeconds() > low.toSeconds() ? " to " + Format.span(high) : "");
    }
    boolean items = progress.getItems().getTotal() > 0;
    boolean files = progress.getFiles().getTotal() > 0;
    return new ProgressBar.State(
        JobViews.phase(progress),
        progress.getFraction(),
        items ? progress.getItems().getDone() : progress.getFiles().getDone(),
        items ? progress.getItems().getTotal() : progress.getFiles().getTotal(),
        items ? "items" : files ? "files" : "",
        eta);
  }

  /** The exit code of a finished backup; says on stderr why it is not 0. */
  int outcome(Backup backup) {
    return switch (backup.getState()) {
      case BACKUP_STATE_READY -> {
        if (backup.getVerification().getState() != VerificationState.VERIFICATION_STATE_CORRUPT) {
          yield ExitCode.OK;
        }
        yield failed(
            "Backup " + backup.getId() + " is CORRUPT: " + backup.getVerification().getDetail(),
            "Do not rely on it: make another. The server's operator must look at the disk.");
      }
      case BACKUP_STATE_FAILED -> failed(CairnException.of(backup.getFailure()));
      default ->
          failed(
              "Backup " + backup.getId() + " is " + JobViews.state(backup) + ".",
              "See: cairn backup get " + backup.getSiteId() + " " + backup.getId());
    };
  }

  int outcome(Restoration restoration) {
    return switch (restoration.getState()) {
      case RESTORATION_STATE_COMPLETED -> ExitCode.OK;
      case RESTORATION_STATE_FAILED -> failed(CairnException.of(restoration.getFailure()));
      default ->
          failed(
              "Restoration " + restoration.getId() + " is " + JobViews.state(restoration) + ".",
              "The content is as it was. See: cairn restoration get "
                  + restoration.getSiteId()
                  + " "
                  + restoration.getId());
    };
  }

  private int failed(CairnException why) {
    return cli.errors().of(why, ExitCode.FAILED, "", why.hint());
  }

  private int failed(String message, String hint) {
    return cli.errors().of(ExitCode.FAILED, message, hint);
  }
}
