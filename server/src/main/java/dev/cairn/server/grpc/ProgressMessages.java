package dev.cairn.server.grpc;

import dev.cairn.server.backup.JobFailure;
import dev.cairn.server.backup.LogLine;
import dev.cairn.server.backup.Progress;
import dev.cairn.v1.CollectionProgress;
import dev.cairn.v1.ErrorReason;
import dev.cairn.v1.Failure;
import dev.cairn.v1.LogSeverity;
import dev.cairn.v1.Phase;
import dev.cairn.v1.WorkAmount;
import java.util.List;

/** Progress, logs and failures of jobs as the contract has them. */
final class ProgressMessages {
  private static final int TAIL_LINES = 20;
  private static final int MAX_ROWS = 1_000;

  private ProgressMessages() {}

  static dev.cairn.v1.Progress toProto(Progress progress, long sequence, List<LogLine> log) {
    dev.cairn.v1.Progress.Builder message =
        dev.cairn.v1.Progress.newBuilder()
            .setPhase(phase(progress.phase()))
            .setFraction(progress.fraction())
            .setBytes(amount(progress.bytes()))
            .setFiles(amount(progress.files()))
            .setItems(amount(progress.items()))
            .setCollections(amount(progress.collections()))
            .setSequence(sequence)
            .setUpdateTime(Times.toProto(progress.updateTime()));
    progress.rows().stream()
        .limit(MAX_ROWS)
        .forEach(row -> message.addCollectionProgress(row(row)));
    progress.etaLow().ifPresent(eta -> message.setEtaLow(Times.toProto(eta)));
    progress.etaHigh().ifPresent(eta -> message.setEtaHigh(Times.toProto(eta)));
    log.stream()
        .skip(Math.max(0, log.size() - TAIL_LINES))
        .forEach(line -> message.addLogTail(line(line)));
    return message.build();
  }

  private static CollectionProgress row(Progress.Row row) {
    return CollectionProgress.newBuilder()
        .setCollectionId(row.collection().value())
        .setItems(amount(row.items()))
        .setBytes(amount(row.bytes()))
        .build();
  }

  private static WorkAmount amount(Progress.Amount amount) {
    return WorkAmount.newBuilder().setDone(amount.done()).setTotal(amount.total()).build();
  }

  private static Phase phase(Progress.Phase phase) {
    return switch (phase) {
      case QUEUED -> Phase.PHASE_QUEUED;
      case VERIFYING -> Phase.PHASE_VERIFYING;
      case STAGING -> Phase.PHASE_STAGING;
      case SWITCHING -> Phase.PHASE_SWITCHING;
      case FINALIZING -> Phase.PHASE_FINALIZING;
    };
  }

  static dev.cairn.v1.LogLine line(LogLine line) {
    return dev.cairn.v1.LogLine.newBuilder()
        .setTime(Times.toProto(line.time()))
        .setSeverity(
            switch (line.severity()) {
              case INFO -> LogSeverity.LOG_SEVERITY_INFO;
              case WARNING -> LogSeverity.LOG_SEVERITY_WARNING;
              case ERROR -> LogSeverity.LOG_SEVERITY_ERROR;
            })
        .setMessage(line.message())
        .build();
  }

  static Failure failure(JobFailure failure) {
    return Failure.newBuilder()
        .setReason(ErrorReason.valueOf("ERROR_REASON_" + failure.reason().name()))
        .setMessage(failure.message())
        .putAllMetadata(failure.metadata())
        .build();
  }
}
