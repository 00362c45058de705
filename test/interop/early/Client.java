import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Uploads with java.net.http; see clients.ts for what comes in and goes out. */
class Client {
  static byte[] bodyOf(int size) {
    String text = "ink ".repeat(size / 4).substring(0, size - 14);
    return ("{\"message\":\"" + text + "\"}").getBytes(StandardCharsets.US_ASCII);
  }

  static SSLContext trusting(String authority) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    try (FileInputStream file = new FileInputStream(authority)) {
      store.setCertificateEntry(
          "authority", CertificateFactory.getInstance("X.509").generateCertificate(file));
    }
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, factory.getTrustManagers(), null);
    return context;
  }

  static String outcome(HttpClient client, HttpRequest request, long timeoutMs) {
    var call = client.sendAsync(request, BodyHandlers.ofString());
    try {
      return String.valueOf(call.get(timeoutMs, TimeUnit.MILLISECONDS).statusCode());
    } catch (TimeoutException error) {
      call.cancel(true);
      return "timeout";
    } catch (ExecutionException error) {
      return String.valueOf(error.getCause().getMessage()).replace('\t', ' ').replace('\n', ' ');
    } catch (InterruptedException error) {
      return "interrupted";
    }
  }

  public static void main(String[] args) throws Exception {
    int times = Integer.parseInt(args[0]);
    long timeoutMs = Long.parseLong(args[1]);
    SSLContext tls = trusting(args[2]);
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] fields = line.split("\t");
      byte[] body = bodyOf(Integer.parseInt(fields[2]));
      boolean isSecond = fields[1].equals("2");
      HttpClient client =
          HttpClient.newBuilder()
              .sslContext(tls)
              .version(isSecond ? HttpClient.Version.HTTP_2 : HttpClient.Version.HTTP_1_1)
              .build();
      HttpRequest request =
          HttpRequest.newBuilder(URI.create(fields[0]))
              .header("content-type", "application/json")
              .expectContinue(fields[4].equals("true"))
              .POST(
                  fields[3].equals("true")
                      ? BodyPublishers.ofByteArray(body)
                      : BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body)))
              .build();
      StringBuilder outcomes = new StringBuilder();
      for (int count = 0; count < times; count++) {
        outcomes.append(count == 0 ? "" : "\t").append(outcome(client, request, timeoutMs));
      }
      System.out.println(outcomes);
    }
    System.exit(0); // a hanging exchange keeps threads
  }
}
