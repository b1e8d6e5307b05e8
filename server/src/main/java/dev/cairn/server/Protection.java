package dev.cairn.server;

import dev.cairn.server.auth.ReloadedFiles;
import dev.cairn.server.auth.Tokens;
import dev.cairn.server.auth.TrustedKeys;
import dev.cairn.server.auth.UnusableFileException;
import dev.cairn.server.grpc.ServerTls;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What keeps strangers out, made of the files that the configuration names.
 *
 * @param tls empty: in plain text
 * @param tokens empty: everybody may do everything
 * @param keys those that the tokens are checked with
 */
record Protection(
    Optional<ServerTls> tls, Optional<Tokens> tokens, Optional<ReloadedFiles<TrustedKeys>> keys) {
  private static final Logger log = LoggerFactory.getLogger(Protection.class);

  /**
   * Reads the files.
   *
   * @throws StartException when one of them cannot be used
   */
  static Protection of(ServerConfig config) {
    try {
      Optional<ServerTls> tls = Optional.empty();
      if (config.security().tls().isPresent()) {
        ServerConfig.Tls files = config.security().tls().get();
        tls =
            Optional.of(
                new ServerTls(files.certificate(), files.privateKey(), files.clientAuthorities()));
      }
      if (config.security().auth().isEmpty()) {
        return new Protection(tls, Optional.empty(), Optional.empty());
      }
      ServerConfig.Auth auth = config.security().auth().get();
      ReloadedFiles<TrustedKeys> keys =
          new ReloadedFiles<>(
              "keys of tokens",
              List.of(auth.keys()),
              contents -> TrustedKeys.parse(contents.get(0)));
      Tokens tokens =
          new Tokens(
              keys::value,
              new Tokens.Rules(auth.issuer(), auth.audience(), auth.claim(), auth.clockSkew()),
              InstantSource.system());
      return new Protection(tls, Optional.of(tokens), Optional.of(keys));
    } catch (UnusableFileException e) {
      throw new StartException(
          StartException.Kind.CONFIGURATION, String.valueOf(e.getMessage()), e);
    }
  }

  /**
   * Where to listen. It is resolved once, so that what was found harmless is what is listened on.
   *
   * @throws StartException when strangers could reach it and nothing keeps them out
   */
  static InetSocketAddress address(ServerConfig config) {
    ServerConfig.Listen listen = config.listen();
    ServerConfig.Security security = config.security();
    InetSocketAddress address = new InetSocketAddress(listen.address(), listen.port());
    boolean loopback = !address.isUnresolved() && address.getAddress().isLoopbackAddress();
    boolean guarded = security.tls().isPresent() && security.auth().isPresent();
    if (!loopback && !guarded && !security.unprotected()) {
      throw new StartException(
          StartException.Kind.CONFIGURATION,
          "it would listen on "
              + listen.address()
              + ", where others can reach it, without "
              + (security.tls().isPresent() ? "" : "TLS (tls.certificate, tls.private-key)")
              + (security.tls().isEmpty() && security.auth().isEmpty() ? " and without " : "")
              + (security.auth().isPresent() ? "" : "authentication (auth.keys, auth.issuer)")
              + ". Configure that, or listen on 127.0.0.1. If something else protects it, or nothing"
              + " has to, say so with listen.beyond-loopback-unprotected=true.");
    }
    return address;
  }

  /** Looks whether files were replaced. Throws nothing. */
  void look() {
    try {
      tls.ifPresent(ServerTls::look);
      keys.ifPresent(ReloadedFiles::look);
    } catch (RuntimeException e) {
      log.error("keys and certificates could not be looked at", e);
    }
  }
}
