package polygate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.MetadataUtils;
import java.net.URI;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import polygate.v1.ChatRequest;
import polygate.v1.ChatServiceGrpc;

/** The generated code against a gateway, which the environment names. */
class GatewayTest {
  private ManagedChannel channel;

  @BeforeEach
  void open() {
    URI gateway = URI.create(System.getenv("POLYGATE_URL"));
    channel =
        ManagedChannelBuilder.forAddress(gateway.getHost(), gateway.getPort()).usePlaintext().build();
  }

  @AfterEach
  void close() throws InterruptedException {
    channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
  }

  private ChatServiceGrpc.ChatServiceBlockingStub chat(String key) {
    Metadata headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + key);
    return ChatServiceGrpc.newBlockingStub(channel)
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
        .withDeadlineAfter(20, TimeUnit.SECONDS);
  }

  private ChatServiceGrpc.ChatServiceBlockingStub chat() {
    return chat(System.getenv("POLYGATE_KEY"));
  }

  private static ChatRequest ask(String model) {
    return ChatRequest.newBuilder().setMessage("hello").setModelPreference(model).build();
  }

  private static <T extends com.google.protobuf.Message> T detail(
      StatusRuntimeException error, Class<T> type) throws Exception {
    for (com.google.protobuf.Any any : StatusProto.fromThrowable(error).getDetailsList()) {
      if (any.is(type)) return any.unpack(type);
    }
    throw new AssertionError("no " + type + " in " + error, error);
  }

  @Test
  void chatsWholeAndAsAStream() {
    assertEquals("Hello there", chat().chat(ask("")).getResponse());
    StringBuilder text = new StringBuilder();
    chat().streamChat(ask("")).forEachRemaining(piece -> text.append(piece.getDelta()));
    assertEquals("Hello there", text.toString());
  }

  @Test
  void aDeadlineEndsTheCall() {
    ChatServiceGrpc.ChatServiceBlockingStub hasty =
        chat().withDeadlineAfter(300, TimeUnit.MILLISECONDS);
    StatusRuntimeException error =
        assertThrows(StatusRuntimeException.class, () -> hasty.chat(ask("slow")));
    assertEquals(Status.Code.DEADLINE_EXCEEDED, error.getStatus().getCode());
  }

  @Test
  void anErrorNamesItsReasonAndTheFieldsAtFault() throws Exception {
    StatusRuntimeException unknown =
        assertThrows(StatusRuntimeException.class, () -> chat("another-key").chat(ask("")));
    assertEquals("CREDENTIAL_INVALID", detail(unknown, ErrorInfo.class).getReason());
    ChatRequest wrong = ask("").toBuilder().setMaxTokens(-1).build();
    StatusRuntimeException invalid =
        assertThrows(StatusRuntimeException.class, () -> chat().chat(wrong));
    assertEquals("REQUEST_INVALID", detail(invalid, ErrorInfo.class).getReason());
    assertEquals("max_tokens", detail(invalid, BadRequest.class).getFieldViolations(0).getField());
  }

  @Test
  void aLimitTellsWhenToComeBack() throws Exception {
    ChatServiceGrpc.ChatServiceBlockingStub once = chat(System.getenv("POLYGATE_ONCE_KEY"));
    once.chat(ask(""));
    StatusRuntimeException refused =
        assertThrows(StatusRuntimeException.class, () -> once.chat(ask("")));
    assertEquals("RATE_LIMITED", detail(refused, ErrorInfo.class).getReason());
    assertTrue(detail(refused, RetryInfo.class).getRetryDelay().getSeconds() >= 1);
  }
}
