package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.cairn.server.BackupServer;
import dev.cairn.server.ServerConfig;
import dev.cairn.server.StartException;
import dev.cairn.server.auth.TestAuthority;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** TLS with certificates made here, on a real port. */
class TlsTest {
  @TempDir Path directory;
  private final TestAuthority authority = new TestAuthority("Test CA");
  private @Nullable BackupServer server;

  @AfterEach
  void stop() {
    if (server != null) {
      server.close();
    }
  }

  private Map<String, String> settings() {
    authority.issue("first").write(directory, "server");
    Map<String, String> settings = new HashMap<>();
    settings.put("data.directory", directory.resolve("data").toString());
    settings.put("listen.port", "0");
    settings.put("disk.reserve", "0");
    settings.put("store.open-sites", "50");
    settings.put("store.write-buffers", "128MiB");
    settings.put("reload.interval", "100ms");
    settings.put("tls.certificate", directory.resolve("server.pem").toString());
    settings.put("tls.private-key", directory.resolve("server.key").toString());
    return settings;
  }

  private void start(Map<String, String> settings) {
    server = BackupServer.start(ServerConfig.of(settings));
  }

  private void startMutual() {
    Map<String, String> settings = settings();
    TestAuthority.write(directory.resolve("clients.pem"), authority.certificate());
    settings.put("tls.client-authorities", directory.resolve("clients.pem").toString());
    start(settings);
  }

  private int port() {
    return Objects.requireNonNull(server).port();
  }

  private static TlsChannelCredentials.Builder trusting(TestAuthority authority) {
    try {
      return TlsChannelCredentials.newBuilder().trustManager(stream(authority.certificate()));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static ChannelCredentials withCertificate(
      TestAuthority authority, TestAuthority.Identity identity) {
    try {
      return trusting(authority)
          .keyManager(stream(identity.certificate()), stream(identity.privateKey()))
          .build();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static ByteArrayInputStream stream(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII));
  }

  private ServingStatus health(ChannelCredentials credentials) {
    ManagedChannel channel =
        Grpc.newChannelBuilderForAddress("localhost", port(), credentials).build();
    try {
      return HealthGrpc.newBlockingStub(channel)
          .withDeadlineAfter(20, TimeUnit.SECONDS)
          .check(HealthCheckRequest.getDefaultInstance())
          .getStatus();
    } finally {
      channel.shutdownNow();
    }
  }

  private boolean isRefused(ChannelCredentials credentials) {
    StatusRuntimeException error =
        catchThrowableOfType(StatusRuntimeException.class, () -> health(credentials));
    return error != null && error.getStatus().getCode() == Status.Code.UNAVAILABLE;
  }

  @Test
  void servesWhoeverTrustsItsCertificate() {
    start(settings());

    assertThat(health(trusting(authority).build())).isEqualTo(ServingStatus.SERVING);
    assertThat(isRefused(trusting(new TestAuthority("Other CA")).build())).isTrue();
    assertThat(isRefused(io.grpc.InsecureChannelCredentials.create())).isTrue();
  }

  @Test
  void mutualTlsServesOnlyClientsOfItsAuthorities() {
    startMutual();
    TestAuthority stranger = new TestAuthority("Test CA");

    assertThat(health(withCertificate(authority, authority.issue("client"))))
        .isEqualTo(ServingStatus.SERVING);
    assertThat(isRefused(trusting(authority).build())).isTrue();
    assertThat(isRefused(withCertificate(authority, stranger.issue("client")))).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"})
  void speaksOnlyNewProtocols(String protocol) throws Exception {
    start(settings());
    try (SSLSocket socket = socket()) {
      // The JDK has these switched off, too; only a socket that offers them shows what we do.
      socket.setEnabledProtocols(new String[] {protocol});
      if (protocol.equals("TLSv1.2") || protocol.equals("TLSv1.3")) {
        socket.startHandshake();
        assertThat(socket.getSession().getProtocol()).isEqualTo(protocol);
      } else {
        assertThatThrownBy(socket::startHandshake).isInstanceOf(SSLException.class);
      }
    }
  }

  /** The certificate that a new connection is shown. */
  private String subject() {
    try (SSLSocket socket = socket()) {
      socket.startHandshake();
      return ((X509Certificate) socket.getSession().getPeerCertificates()[0])
          .getSubjectX500Principal()
          .getName();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private SSLSocket socket() throws IOException {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, new TrustManager[] {new Everybody()}, null);
      SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("localhost", port());
      javax.net.ssl.SSLParameters parameters = socket.getSSLParameters();
      parameters.setApplicationProtocols(new String[] {"h2"});
      socket.setSSLParameters(parameters);
      socket.setSoTimeout(20_000);
      return socket;
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  private static final class Everybody implements X509TrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }

  @Test
  void newConnectionsGetARenewedCertificateAndOldOnesGoOn() {
    start(settings());
    assertThat(subject()).isEqualTo("CN=first");
    ManagedChannel old =
        Grpc.newChannelBuilderForAddress("localhost", port(), trusting(authority).build()).build();
    HealthGrpc.HealthBlockingStub oldHealth = HealthGrpc.newBlockingStub(old);
    assertThat(oldHealth.check(HealthCheckRequest.getDefaultInstance()).getStatus())
        .isEqualTo(ServingStatus.SERVING);

    TestAuthority.Identity second = authority.issue("second");
    TestAuthority.write(directory.resolve("server.key"), second.privateKey());
    TestServer.pause();
    assertThat(subject()).as("until both fit together").isEqualTo("CN=first");
    TestAuthority.write(directory.resolve("server.pem"), second.certificate());

    TestServer.eventually(() -> subject().equals("CN=second"));
    assertThat(health(trusting(authority).build())).isEqualTo(ServingStatus.SERVING);
    assertThat(oldHealth.check(HealthCheckRequest.getDefaultInstance()).getStatus())
        .isEqualTo(ServingStatus.SERVING);
    old.shutdownNow();
  }

  @Test
  void clientsOfNewAuthoritiesComeInAndThoseOfOldOnesDoNot() {
    startMutual();
    TestAuthority next = new TestAuthority("Next CA");
    ChannelCredentials old = withCertificate(authority, authority.issue("client"));
    ChannelCredentials renewed = withCertificate(authority, next.issue("client"));
    assertThat(isRefused(renewed)).isTrue();

    TestAuthority.write(directory.resolve("clients.pem"), next.certificate());

    TestServer.eventually(() -> !isRefused(renewed));
    assertThat(isRefused(old)).isTrue();
  }

  @Test
  void doesNotStartWithFilesThatCannotBeUsed() {
    Map<String, String> settings = settings();
    TestAuthority.write(directory.resolve("other.key"), authority.issue("other").privateKey());

    for (Map.Entry<String, String> wrong :
        Map.of(
                directory.resolve("other.key").toString(), "not that of the certificate",
                directory.resolve("server.pem").toString(), "PKCS #8",
                directory.resolve("none").toString(), "there is no file")
            .entrySet()) {
      settings.put("tls.private-key", wrong.getKey());
      assertThatThrownBy(() -> start(settings))
          .isInstanceOf(StartException.class)
          .hasMessageContaining(wrong.getValue());
    }
  }

  @Test
  void doesNotListenBeyondLoopbackUnprotected() {
    Map<String, String> settings = settings();
    settings.put("listen.address", "0.0.0.0");
    assertThatThrownBy(() -> start(settings))
        .isInstanceOf(StartException.class)
        .hasMessageContaining("auth.keys")
        .hasMessageNotContaining("tls.certificate")
        .hasMessageContaining("listen.beyond-loopback-unprotected=true");
    settings.remove("tls.certificate");
    settings.remove("tls.private-key");
    assertThatThrownBy(() -> start(settings))
        .isInstanceOf(StartException.class)
        .hasMessageContaining("auth.keys")
        .hasMessageContaining("tls.certificate");

    settings.put("listen.beyond-loopback-unprotected", "true");
    start(settings);
    assertThat(port()).isPositive();
  }
}
