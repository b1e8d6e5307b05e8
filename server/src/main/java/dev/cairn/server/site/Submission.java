package dev.cairn.server.site;

import dev.cairn.server.store.Durability;
import dev.cairn.server.store.ItemTransaction;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * A content command on its way through the door, and what became of it. Confined to one thread at a
 * time: the door hands it from the caller to the leader and back.
 *
 * @param <R> what the command answers
 */
public final class Submission<R> {
  private final ContentCommand<R> command;
  private Optional<R> result = Optional.empty();
  private Optional<RuntimeException> failure = Optional.empty();

  Submission(ContentCommand<R> command) {
    this.command = command;
  }

  Environment environment() {
    return command.environment();
  }

  Durability durability() {
    return command.durability();
  }

  /** Whether the command could be applied. */
  boolean apply(ItemTransaction transaction, SiteCollections collections) {
    try {
      result = Optional.of(command.apply(transaction, collections));
      return true;
    } catch (RuntimeException e) {
      fail(e);
      return false;
    }
  }

  /** The first failure is the one that is told. */
  void fail(RuntimeException e) {
    if (failure.isEmpty()) {
      failure = Optional.of(e);
    }
  }

  /** Completes {@code answer} with what the command answered, or with what failed. */
  void tell(CompletableFuture<R> answer) {
    if (failure.isPresent()) {
      answer.completeExceptionally(failure.get());
    } else {
      answer.complete(result.orElseThrow());
    }
  }

  /** What the command answered, or throws what failed. */
  public R result() {
    if (failure.isPresent()) {
      throw failure.get();
    }
    return result.orElseThrow();
  }
}
