package polygate.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * Turns texts into vectors through a model provider.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class EmbeddingsServiceGrpc {

  private EmbeddingsServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "polygate.v1.EmbeddingsService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<polygate.v1.EmbedRequest,
      polygate.v1.EmbedResponse> getEmbedMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "Embed",
      requestType = polygate.v1.EmbedRequest.class,
      responseType = polygate.v1.EmbedResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.EmbedRequest,
      polygate.v1.EmbedResponse> getEmbedMethod() {
    io.grpc.MethodDescriptor<polygate.v1.EmbedRequest, polygate.v1.EmbedResponse> getEmbedMethod;
    if ((getEmbedMethod = EmbeddingsServiceGrpc.getEmbedMethod) == null) {
      synchronized (EmbeddingsServiceGrpc.class) {
        if ((getEmbedMethod = EmbeddingsServiceGrpc.getEmbedMethod) == null) {
          EmbeddingsServiceGrpc.getEmbedMethod = getEmbedMethod =
              io.grpc.MethodDescriptor.<polygate.v1.EmbedRequest, polygate.v1.EmbedResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "Embed"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.EmbedRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.EmbedResponse.getDefaultInstance()))
              .setSchemaDescriptor(new EmbeddingsServiceMethodDescriptorSupplier("Embed"))
              .build();
        }
      }
    }
    return getEmbedMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static EmbeddingsServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<EmbeddingsServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<EmbeddingsServiceStub>() {
        @java.lang.Override
        public EmbeddingsServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new EmbeddingsServiceStub(channel, callOptions);
        }
      };
    return EmbeddingsServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static EmbeddingsServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<EmbeddingsServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<EmbeddingsServiceBlockingV2Stub>() {
        @java.lang.Override
        public EmbeddingsServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new EmbeddingsServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return EmbeddingsServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static EmbeddingsServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<EmbeddingsServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<EmbeddingsServiceBlockingStub>() {
        @java.lang.Override
        public EmbeddingsServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new EmbeddingsServiceBlockingStub(channel, callOptions);
        }
      };
    return EmbeddingsServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static EmbeddingsServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<EmbeddingsServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<EmbeddingsServiceFutureStub>() {
        @java.lang.Override
        public EmbeddingsServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new EmbeddingsServiceFutureStub(channel, callOptions);
        }
      };
    return EmbeddingsServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * Turns texts into vectors through a model provider.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * One vector for each input, in the same order.
     * </pre>
     */
    default void embed(polygate.v1.EmbedRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.EmbedResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getEmbedMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service EmbeddingsService.
   * <pre>
   * Turns texts into vectors through a model provider.
   * </pre>
   */
  public static abstract class EmbeddingsServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return EmbeddingsServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service EmbeddingsService.
   * <pre>
   * Turns texts into vectors through a model provider.
   * </pre>
   */
  public static final class EmbeddingsServiceStub
      extends io.grpc.stub.AbstractAsyncStub<EmbeddingsServiceStub> {
    private EmbeddingsServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected EmbeddingsServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new EmbeddingsServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * One vector for each input, in the same order.
     * </pre>
     */
    public void embed(polygate.v1.EmbedRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.EmbedResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getEmbedMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service EmbeddingsService.
   * <pre>
   * Turns texts into vectors through a model provider.
   * </pre>
   */
  public static final class EmbeddingsServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<EmbeddingsServiceBlockingV2Stub> {
    private EmbeddingsServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected EmbeddingsServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new EmbeddingsServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * One vector for each input, in the same order.
     * </pre>
     */
    public polygate.v1.EmbedResponse embed(polygate.v1.EmbedRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getEmbedMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service EmbeddingsService.
   * <pre>
   * Turns texts into vectors through a model provider.
   * </pre>
   */
  public static final class EmbeddingsServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<EmbeddingsServiceBlockingStub> {
    private EmbeddingsServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected EmbeddingsServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new EmbeddingsServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * One vector for each input, in the same order.
     * </pre>
     */
    public polygate.v1.EmbedResponse embed(polygate.v1.EmbedRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getEmbedMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service EmbeddingsService.
   * <pre>
   * Turns texts into vectors through a model provider.
   * </pre>
   */
  public static final class EmbeddingsServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<EmbeddingsServiceFutureStub> {
    private EmbeddingsServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected EmbeddingsServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new EmbeddingsServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * One vector for each input, in the same order.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.EmbedResponse> embed(
        polygate.v1.EmbedRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getEmbedMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_EMBED = 0;

  private static final class MethodHandlers<Req, Resp> implements
      io.grpc.stub.ServerCalls.UnaryMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ServerStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ClientStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.BidiStreamingMethod<Req, Resp> {
    private final AsyncService serviceImpl;
    private final int methodId;

    MethodHandlers(AsyncService serviceImpl, int methodId) {
      this.serviceImpl = serviceImpl;
      this.methodId = methodId;
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public void invoke(Req request, io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        case METHODID_EMBED:
          serviceImpl.embed((polygate.v1.EmbedRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.EmbedResponse>) responseObserver);
          break;
        default:
          throw new AssertionError();
      }
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public io.grpc.stub.StreamObserver<Req> invoke(
        io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        default:
          throw new AssertionError();
      }
    }
  }

  public static final io.grpc.ServerServiceDefinition bindService(AsyncService service) {
    return io.grpc.ServerServiceDefinition.builder(getServiceDescriptor())
        .addMethod(
          getEmbedMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.EmbedRequest,
              polygate.v1.EmbedResponse>(
                service, METHODID_EMBED)))
        .build();
  }

  private static abstract class EmbeddingsServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    EmbeddingsServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return polygate.v1.EmbeddingsProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("EmbeddingsService");
    }
  }

  private static final class EmbeddingsServiceFileDescriptorSupplier
      extends EmbeddingsServiceBaseDescriptorSupplier {
    EmbeddingsServiceFileDescriptorSupplier() {}
  }

  private static final class EmbeddingsServiceMethodDescriptorSupplier
      extends EmbeddingsServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    EmbeddingsServiceMethodDescriptorSupplier(java.lang.String methodName) {
      this.methodName = methodName;
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.MethodDescriptor getMethodDescriptor() {
      return getServiceDescriptor().findMethodByName(methodName);
    }
  }

  private static volatile io.grpc.ServiceDescriptor serviceDescriptor;

  public static io.grpc.ServiceDescriptor getServiceDescriptor() {
    io.grpc.ServiceDescriptor result = serviceDescriptor;
    if (result == null) {
      synchronized (EmbeddingsServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new EmbeddingsServiceFileDescriptorSupplier())
              .addMethod(getEmbedMethod())
              .build();
        }
      }
    }
    return result;
  }
}
