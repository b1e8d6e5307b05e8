package dev.cairn.client;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ChannelCredentials;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A connection to a Cairn server, for all threads of a program. Its groups have the calls:
 *
 * <pre>{@code
 * try (CairnClient cairn = CairnClient.builder("127.0.0.1:7600").build()) {
 *   Backup backup = cairn.backups().create("shop");
 *   cairn.backups().watch("shop", backup.getId()).awaitSuccess();
 * }
 * }</pre>
 *
 * <p>Making one connects to nobody; the first call does, and the connection is made again whenever
 * it breaks. Calls that answer once have a deadline that counts all their attempts, and are
 * repeated where the contract allows it: reads always, creating calls by the request id that the
 * client adds, others only when the server says that it did nothing.
 *
 * <p>Immutable and thread-safe. Whoever builds it closes it; closing ends the calls that run.
 */
public final class CairnClient implements AutoCloseable {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  /** Error details travel in the trailers; the usual 8 KiB is little for many violations. */
  private static final int MAX_METADATA_BYTES = 64 << 10;

  private static final Duration CLOSING = Duration.ofSeconds(2);

  private final ManagedChannel managed;
  private final Channel channel;
  private final SiteClient sites;
  private final CollectionClient collections;
  private final ItemClient items;
  private final BackupClient backups;
  private final RestorationClient restorations;
  private final ScheduleClient schedules;
  private final EventClient events;

  private CairnClient(Builder builder) {
    Supplier<String> token = builder.bearerToken;
    this.managed = builder.channelBuilder().build();
    this.channel = token == null ? managed : ClientInterceptors.intercept(managed, bearer(token));
    Calls calls =
        new Calls(managed, channel, builder.deadline, builder.longDeadline, builder.retryPolicy);
    this.sites = new SiteClient(calls);
    this.collections = new CollectionClient(calls);
    this.items = new ItemClient(calls);
    this.backups = new BackupClient(calls);
    this.restorations = new RestorationClient(calls);
    this.schedules = new ScheduleClient(calls);
    this.events = new EventClient(calls);
  }

  /**
   * Begins a client of the server at an address.
   *
   * @param target {@code host:port}, or any name that gRPC resolves, such as {@code
   *     dns:///cairn.example.com:7600}
   */
  public static Builder builder(String target) {
    return new Builder(target, null);
  }

  /**
   * Begins a client over a channel of the caller's making: another transport, interceptors, a
   * proxy. Credentials and keepalive are then those of the channel.
   */
  public static Builder builder(ManagedChannelBuilder<?> channel) {
    return new Builder("", channel);
  }

  public SiteClient sites() {
    return sites;
  }

  public CollectionClient collections() {
    return collections;
  }

  public ItemClient items() {
    return items;
  }

  public BackupClient backups() {
    return backups;
  }

  public RestorationClient restorations() {
    return restorations;
  }

  public ScheduleClient schedules() {
    return schedules;
  }

  public EventClient events() {
    return events;
  }

  /** The channel with the credentials of this client, for stubs of one's own; closed with it. */
  public Channel channel() {
    return channel;
  }

  /** Ends running calls and the connection. */
  @Override
  public void close() {
    managed.shutdownNow();
    try {
      // Not waiting for ever: what is left is only the tidying up of threads.
      var unused = managed.awaitTermination(CLOSING.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static ClientInterceptor bearer(Supplier<String> token) {
    return new ClientInterceptor() {
      @Override
      public <Q, R> ClientCall<Q, R> interceptCall(
          MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
        return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
          @Override
          public void start(Listener<R> listener, Metadata headers) {
            headers.put(AUTHORIZATION, "Bearer " + token.get());
            super.start(listener, headers);
          }
        };
      }
    };
  }

  /** Settings of a client. Confined to one thread; may build several. */
  public static final class Builder {
    private final String target;
    private final @Nullable ManagedChannelBuilder<?> channel;
    private ChannelCredentials credentials = InsecureChannelCredentials.create();
    private @Nullable Supplier<String> bearerToken;
    private Duration deadline = Duration.ofSeconds(30);
    private Duration longDeadline = Duration.ofMinutes(10);
    private Duration keepAlive = Duration.ofSeconds(30);
    private RetryPolicy retryPolicy = RetryPolicy.DEFAULT;

    private Builder(String target, @Nullable ManagedChannelBuilder<?> channel) {
      this.target = target;
      this.channel = channel;
    }

    /** How long a call that answers once may take with all its attempts. Default 30 seconds. */
    @CanIgnoreReturnValue
    public Builder deadline(Duration time) {
      this.deadline = positive(time);
      return this;
    }

    /**
     * The same for calls whose time grows with the content: previewing a restoration, publishing
     * the sandbox, truncating. Default 10 minutes. Streams have no deadline.
     */
    @CanIgnoreReturnValue
    public Builder longDeadline(Duration time) {
      this.longDeadline = positive(time);
      return this;
    }

    /** How calls are repeated and streams opened again. Default {@link RetryPolicy#DEFAULT}. */
    @CanIgnoreReturnValue
    public Builder retryPolicy(RetryPolicy policy) {
      this.retryPolicy = policy;
      return this;
    }

    /**
     * Who calls: asked for a token before every attempt, on the calling thread, so it should be
     * quick. Default: calls carry no credentials. Use it with {@link #credentials TLS}: in
     * plaintext everybody on the way can read it.
     */
    @CanIgnoreReturnValue
    public Builder bearerToken(Supplier<String> token) {
      this.bearerToken = token;
      return this;
    }

    /**
     * The same with the token that a file holds, read before every attempt, so that whoever renews
     * it only has to replace the file. A call fails with {@link java.io.UncheckedIOException} when
     * the file cannot be read.
     */
    @CanIgnoreReturnValue
    public Builder bearerTokenFile(Path file) {
      return bearerToken(() -> read(file));
    }

    private static String read(Path file) {
      try {
        return Files.readString(file).strip();
      } catch (IOException e) {
        // While it is renewed it may be gone for a moment: later calls read it again.
        throw CairnException.local(
            Status.Code.UNAUTHENTICATED, "The file of the token, " + file + ", cannot be read.", e);
      }
    }

    /** How the connection is secured, such as {@code TlsChannelCredentials}. Default: plaintext. */
    @CanIgnoreReturnValue
    public Builder credentials(ChannelCredentials channelCredentials) {
      this.credentials = channelCredentials;
      return this;
    }

    /**
     * After which silence of the server a running call asks whether it is still there; without an
     * answer in 10 seconds the connection counts as dead. Default 30 seconds; gRPC raises less than
     * 10. Servers may end connections that ask more often than they allow.
     */
    @CanIgnoreReturnValue
    public Builder keepAlive(Duration silence) {
      this.keepAlive = positive(silence);
      return this;
    }

    public CairnClient build() {
      return new CairnClient(this);
    }

    private ManagedChannelBuilder<?> channelBuilder() {
      if (channel != null) {
        return channel;
      }
      return Grpc.newChannelBuilder(target, credentials)
          .keepAliveTime(keepAlive.toMillis(), TimeUnit.MILLISECONDS)
          .keepAliveTimeout(10, TimeUnit.SECONDS)
          .maxInboundMetadataSize(MAX_METADATA_BYTES)
          .userAgent("cairn-java/" + version());
    }

    private static String version() {
      String version = CairnClient.class.getPackage().getImplementationVersion();
      return version == null ? "dev" : version;
    }

    private static Duration positive(Duration time) {
      if (time.isNegative() || time.isZero()) {
        throw new IllegalArgumentException(time + " is not more than 0");
      }
      return time;
    }
  }
}
