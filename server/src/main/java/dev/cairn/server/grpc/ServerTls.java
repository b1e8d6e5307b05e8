package dev.cairn.server.grpc;

import dev.cairn.server.auth.ReloadedFiles;
import dev.cairn.server.auth.UnusableFileException;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.netty.buffer.ByteBufAllocator;
import io.grpc.netty.shaded.io.netty.handler.ssl.ApplicationProtocolNegotiator;
import io.grpc.netty.shaded.io.netty.handler.ssl.ClientAuth;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import io.grpc.util.CertificateUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSessionContext;

/**
 * The server's side of TLS 1.2 and 1.3: its certificate and, for mutual TLS, the authorities whose
 * certificates clients must have. All files may be replaced while the server runs; new connections
 * then use the new ones.
 *
 * <p>A change makes a whole new context. Managers that change their content, such as gRPC's own,
 * are not enough: a context tells clients by name which authorities it accepts, and never learns of
 * new ones; clients with a certificate of a new one then send none.
 *
 * <p>Thread-safe.
 */
public final class ServerTls {
  private final ReloadedFiles<SslContext> files;

  /**
   * Reads the files, all of them PEM.
   *
   * @param certificate the server's, then those between it and its authority
   * @param privateKey PKCS #8, not encrypted
   * @param clientAuthorities empty: clients need no certificate
   * @throws UnusableFileException when they cannot be read or do not belong together
   */
  public ServerTls(Path certificate, Path privateKey, Optional<Path> clientAuthorities)
      throws UnusableFileException {
    List<Path> paths = new ArrayList<>(List.of(certificate, privateKey));
    clientAuthorities.ifPresent(paths::add);
    files = new ReloadedFiles<>("certificate, key and authorities", paths, ServerTls::parse);
  }

  /** Reads the files again and, if they changed, uses them from now on. */
  public void look() {
    files.look();
  }

  /** A context that is always the newest. */
  SslContext context() {
    return new Newest();
  }

  private static SslContext parse(List<byte[]> contents) throws UnusableFileException {
    List<X509Certificate> chain = certificates(contents.get(0));
    PrivateKey key = privateKey(contents.get(1));
    if (!belong(key, chain.get(0).getPublicKey())) {
      throw new UnusableFileException("the private key is not that of the certificate");
    }
    SslContextBuilder builder =
        GrpcSslContexts.configure(
                SslContextBuilder.forServer(key, chain.toArray(X509Certificate[]::new)))
            .protocols("TLSv1.3", "TLSv1.2");
    if (contents.size() > 2) {
      builder
          .trustManager(certificates(contents.get(2)).toArray(X509Certificate[]::new))
          .clientAuth(ClientAuth.REQUIRE);
    }
    try {
      return builder.build();
    } catch (SSLException e) {
      throw new UnusableFileException("TLS refuses them: " + e.getMessage(), e);
    }
  }

  private final class Newest extends SslContext {
    @Override
    public boolean isClient() {
      return false;
    }

    @Override
    public List<String> cipherSuites() {
      return files.value().cipherSuites();
    }

    @Override
    @SuppressWarnings("deprecation") // abstract in what it extends
    public ApplicationProtocolNegotiator applicationProtocolNegotiator() {
      return files.value().applicationProtocolNegotiator();
    }

    @Override
    public SSLEngine newEngine(ByteBufAllocator allocator) {
      return files.value().newEngine(allocator);
    }

    @Override
    public SSLEngine newEngine(ByteBufAllocator allocator, String peerHost, int peerPort) {
      return files.value().newEngine(allocator, peerHost, peerPort);
    }

    @Override
    public SSLSessionContext sessionContext() {
      return files.value().sessionContext();
    }
  }

  private static List<X509Certificate> certificates(byte[] pem) throws UnusableFileException {
    try {
      X509Certificate[] all = CertificateUtils.getX509Certificates(new ByteArrayInputStream(pem));
      if (all.length > 0) {
        return List.of(all);
      }
    } catch (GeneralSecurityException e) {
      throw new UnusableFileException("it is no certificate in PEM form", e);
    }
    throw new UnusableFileException("it holds no certificate in PEM form");
  }

  private static PrivateKey privateKey(byte[] pem) throws UnusableFileException {
    try {
      return CertificateUtils.getPrivateKey(new ByteArrayInputStream(pem));
    } catch (GeneralSecurityException | IOException | RuntimeException e) {
      // The cause may quote the key.
      throw new UnusableFileException(
          "the private key is no RSA or EC key in PEM form, PKCS #8, not encrypted");
    }
  }

  /** During a replacement one file may be new and the other old. */
  private static boolean belong(PrivateKey privateKey, PublicKey publicKey) {
    if (!privateKey.getAlgorithm().equals(publicKey.getAlgorithm())) {
      return false;
    }
    String algorithm =
        privateKey.getAlgorithm().equals("RSA") ? "SHA256withRSA" : "SHA256withECDSA";
    byte[] probe = new byte[32];
    new SecureRandom().nextBytes(probe);
    try {
      Signature signer = Signature.getInstance(algorithm);
      signer.initSign(privateKey);
      signer.update(probe);
      byte[] signature = signer.sign();
      Signature verifier = Signature.getInstance(algorithm);
      verifier.initVerify(publicKey);
      verifier.update(probe);
      return verifier.verify(signature);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }
}
