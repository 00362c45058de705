package polygate.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * Says how calls are spread over providers, and why.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class RoutingServiceGrpc {

  private RoutingServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "polygate.v1.RoutingService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<polygate.v1.SelectProviderRequest,
      polygate.v1.SelectProviderResponse> getSelectProviderMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "SelectProvider",
      requestType = polygate.v1.SelectProviderRequest.class,
      responseType = polygate.v1.SelectProviderResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.SelectProviderRequest,
      polygate.v1.SelectProviderResponse> getSelectProviderMethod() {
    io.grpc.MethodDescriptor<polygate.v1.SelectProviderRequest, polygate.v1.SelectProviderResponse> getSelectProviderMethod;
    if ((getSelectProviderMethod = RoutingServiceGrpc.getSelectProviderMethod) == null) {
      synchronized (RoutingServiceGrpc.class) {
        if ((getSelectProviderMethod = RoutingServiceGrpc.getSelectProviderMethod) == null) {
          RoutingServiceGrpc.getSelectProviderMethod = getSelectProviderMethod =
              io.grpc.MethodDescriptor.<polygate.v1.SelectProviderRequest, polygate.v1.SelectProviderResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "SelectProvider"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.SelectProviderRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.SelectProviderResponse.getDefaultInstance()))
              .setSchemaDescriptor(new RoutingServiceMethodDescriptorSupplier("SelectProvider"))
              .build();
        }
      }
    }
    return getSelectProviderMethod;
  }

  private static volatile io.grpc.MethodDescriptor<polygate.v1.AdjustLoadRequest,
      polygate.v1.AdjustLoadResponse> getAdjustLoadMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "AdjustLoad",
      requestType = polygate.v1.AdjustLoadRequest.class,
      responseType = polygate.v1.AdjustLoadResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.AdjustLoadRequest,
      polygate.v1.AdjustLoadResponse> getAdjustLoadMethod() {
    io.grpc.MethodDescriptor<polygate.v1.AdjustLoadRequest, polygate.v1.AdjustLoadResponse> getAdjustLoadMethod;
    if ((getAdjustLoadMethod = RoutingServiceGrpc.getAdjustLoadMethod) == null) {
      synchronized (RoutingServiceGrpc.class) {
        if ((getAdjustLoadMethod = RoutingServiceGrpc.getAdjustLoadMethod) == null) {
          RoutingServiceGrpc.getAdjustLoadMethod = getAdjustLoadMethod =
              io.grpc.MethodDescriptor.<polygate.v1.AdjustLoadRequest, polygate.v1.AdjustLoadResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "AdjustLoad"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.AdjustLoadRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.AdjustLoadResponse.getDefaultInstance()))
              .setSchemaDescriptor(new RoutingServiceMethodDescriptorSupplier("AdjustLoad"))
              .build();
        }
      }
    }
    return getAdjustLoadMethod;
  }

  private static volatile io.grpc.MethodDescriptor<polygate.v1.ListDecisionsRequest,
      polygate.v1.ListDecisionsResponse> getListDecisionsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListDecisions",
      requestType = polygate.v1.ListDecisionsRequest.class,
      responseType = polygate.v1.ListDecisionsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.ListDecisionsRequest,
      polygate.v1.ListDecisionsResponse> getListDecisionsMethod() {
    io.grpc.MethodDescriptor<polygate.v1.ListDecisionsRequest, polygate.v1.ListDecisionsResponse> getListDecisionsMethod;
    if ((getListDecisionsMethod = RoutingServiceGrpc.getListDecisionsMethod) == null) {
      synchronized (RoutingServiceGrpc.class) {
        if ((getListDecisionsMethod = RoutingServiceGrpc.getListDecisionsMethod) == null) {
          RoutingServiceGrpc.getListDecisionsMethod = getListDecisionsMethod =
              io.grpc.MethodDescriptor.<polygate.v1.ListDecisionsRequest, polygate.v1.ListDecisionsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListDecisions"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.ListDecisionsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.ListDecisionsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new RoutingServiceMethodDescriptorSupplier("ListDecisions"))
              .build();
        }
      }
    }
    return getListDecisionsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<polygate.v1.WatchDecisionsRequest,
      polygate.v1.WatchDecisionsResponse> getWatchDecisionsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "WatchDecisions",
      requestType = polygate.v1.WatchDecisionsRequest.class,
      responseType = polygate.v1.WatchDecisionsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
  public static io.grpc.MethodDescriptor<polygate.v1.WatchDecisionsRequest,
      polygate.v1.WatchDecisionsResponse> getWatchDecisionsMethod() {
    io.grpc.MethodDescriptor<polygate.v1.WatchDecisionsRequest, polygate.v1.WatchDecisionsResponse> getWatchDecisionsMethod;
    if ((getWatchDecisionsMethod = RoutingServiceGrpc.getWatchDecisionsMethod) == null) {
      synchronized (RoutingServiceGrpc.class) {
        if ((getWatchDecisionsMethod = RoutingServiceGrpc.getWatchDecisionsMethod) == null) {
          RoutingServiceGrpc.getWatchDecisionsMethod = getWatchDecisionsMethod =
              io.grpc.MethodDescriptor.<polygate.v1.WatchDecisionsRequest, polygate.v1.WatchDecisionsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "WatchDecisions"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.WatchDecisionsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.WatchDecisionsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new RoutingServiceMethodDescriptorSupplier("WatchDecisions"))
              .build();
        }
      }
    }
    return getWatchDecisionsMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static RoutingServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<RoutingServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<RoutingServiceStub>() {
        @java.lang.Override
        public RoutingServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new RoutingServiceStub(channel, callOptions);
        }
      };
    return RoutingServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static RoutingServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<RoutingServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<RoutingServiceBlockingV2Stub>() {
        @java.lang.Override
        public RoutingServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new RoutingServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return RoutingServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static RoutingServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<RoutingServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<RoutingServiceBlockingStub>() {
        @java.lang.Override
        public RoutingServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new RoutingServiceBlockingStub(channel, callOptions);
        }
      };
    return RoutingServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static RoutingServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<RoutingServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<RoutingServiceFutureStub>() {
        @java.lang.Override
        public RoutingServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new RoutingServiceFutureStub(channel, callOptions);
        }
      };
    return RoutingServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * Says how calls are spread over providers, and why.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * The provider that a chat would be sent to now, with its score, the next best ones, and why the
     * others were out. Nothing is sent anywhere. UNAVAILABLE when no one is left.
     * </pre>
     */
    default void selectProvider(polygate.v1.SelectProviderRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.SelectProviderResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getSelectProviderMethod(), responseObserver);
    }

    /**
     * <pre>
     * Reports a call that a provider was given, or has ended, past this gateway. It weighs as one in
     * flight, and is forgotten 60 seconds after the provider's last report.
     * </pre>
     */
    default void adjustLoad(polygate.v1.AdjustLoadRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.AdjustLoadResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getAdjustLoadMethod(), responseObserver);
    }

    /**
     * <pre>
     * The latest decisions, newest first.
     * </pre>
     */
    default void listDecisions(polygate.v1.ListDecisionsRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.ListDecisionsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListDecisionsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Decisions as they are made. The first message comes at once, without one.
     * </pre>
     */
    default void watchDecisions(polygate.v1.WatchDecisionsRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.WatchDecisionsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getWatchDecisionsMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service RoutingService.
   * <pre>
   * Says how calls are spread over providers, and why.
   * </pre>
   */
  public static abstract class RoutingServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return RoutingServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service RoutingService.
   * <pre>
   * Says how calls are spread over providers, and why.
   * </pre>
   */
  public static final class RoutingServiceStub
      extends io.grpc.stub.AbstractAsyncStub<RoutingServiceStub> {
    private RoutingServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected RoutingServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new RoutingServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * The provider that a chat would be sent to now, with its score, the next best ones, and why the
     * others were out. Nothing is sent anywhere. UNAVAILABLE when no one is left.
     * </pre>
     */
    public void selectProvider(polygate.v1.SelectProviderRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.SelectProviderResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getSelectProviderMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Reports a call that a provider was given, or has ended, past this gateway. It weighs as one in
     * flight, and is forgotten 60 seconds after the provider's last report.
     * </pre>
     */
    public void adjustLoad(polygate.v1.AdjustLoadRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.AdjustLoadResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getAdjustLoadMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * The latest decisions, newest first.
     * </pre>
     */
    public void listDecisions(polygate.v1.ListDecisionsRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.ListDecisionsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListDecisionsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Decisions as they are made. The first message comes at once, without one.
     * </pre>
     */
    public void watchDecisions(polygate.v1.WatchDecisionsRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.WatchDecisionsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncServerStreamingCall(
          getChannel().newCall(getWatchDecisionsMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service RoutingService.
   * <pre>
   * Says how calls are spread over providers, and why.
   * </pre>
   */
  public static final class RoutingServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<RoutingServiceBlockingV2Stub> {
    private RoutingServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected RoutingServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new RoutingServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * The provider that a chat would be sent to now, with its score, the next best ones, and why the
     * others were out. Nothing is sent anywhere. UNAVAILABLE when no one is left.
     * </pre>
     */
    public polygate.v1.SelectProviderResponse selectProvider(polygate.v1.SelectProviderRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getSelectProviderMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Reports a call that a provider was given, or has ended, past this gateway. It weighs as one in
     * flight, and is forgotten 60 seconds after the provider's last report.
     * </pre>
     */
    public polygate.v1.AdjustLoadResponse adjustLoad(polygate.v1.AdjustLoadRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getAdjustLoadMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * The latest decisions, newest first.
     * </pre>
     */
    public polygate.v1.ListDecisionsResponse listDecisions(polygate.v1.ListDecisionsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListDecisionsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Decisions as they are made. The first message comes at once, without one.
     * </pre>
     */
    @io.grpc.ExperimentalApi("https://github.com/grpc/grpc-java/issues/10918")
    public io.grpc.stub.BlockingClientCall<?, polygate.v1.WatchDecisionsResponse>
        watchDecisions(polygate.v1.WatchDecisionsRequest request) {
      return io.grpc.stub.ClientCalls.blockingV2ServerStreamingCall(
          getChannel(), getWatchDecisionsMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service RoutingService.
   * <pre>
   * Says how calls are spread over providers, and why.
   * </pre>
   */
  public static final class RoutingServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<RoutingServiceBlockingStub> {
    private RoutingServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected RoutingServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new RoutingServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * The provider that a chat would be sent to now, with its score, the next best ones, and why the
     * others were out. Nothing is sent anywhere. UNAVAILABLE when no one is left.
     * </pre>
     */
    public polygate.v1.SelectProviderResponse selectProvider(polygate.v1.SelectProviderRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getSelectProviderMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Reports a call that a provider was given, or has ended, past this gateway. It weighs as one in
     * flight, and is forgotten 60 seconds after the provider's last report.
     * </pre>
     */
    public polygate.v1.AdjustLoadResponse adjustLoad(polygate.v1.AdjustLoadRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getAdjustLoadMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * The latest decisions, newest first.
     * </pre>
     */
    public polygate.v1.ListDecisionsResponse listDecisions(polygate.v1.ListDecisionsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListDecisionsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Decisions as they are made. The first message comes at once, without one.
     * </pre>
     */
    public java.util.Iterator<polygate.v1.WatchDecisionsResponse> watchDecisions(
        polygate.v1.WatchDecisionsRequest request) {
      return io.grpc.stub.ClientCalls.blockingServerStreamingCall(
          getChannel(), getWatchDecisionsMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service RoutingService.
   * <pre>
   * Says how calls are spread over providers, and why.
   * </pre>
   */
  public static final class RoutingServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<RoutingServiceFutureStub> {
    private RoutingServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected RoutingServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new RoutingServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * The provider that a chat would be sent to now, with its score, the next best ones, and why the
     * others were out. Nothing is sent anywhere. UNAVAILABLE when no one is left.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.SelectProviderResponse> selectProvider(
        polygate.v1.SelectProviderRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getSelectProviderMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Reports a call that a provider was given, or has ended, past this gateway. It weighs as one in
     * flight, and is forgotten 60 seconds after the provider's last report.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.AdjustLoadResponse> adjustLoad(
        polygate.v1.AdjustLoadRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getAdjustLoadMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * The latest decisions, newest first.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.ListDecisionsResponse> listDecisions(
        polygate.v1.ListDecisionsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListDecisionsMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_SELECT_PROVIDER = 0;
  private static final int METHODID_ADJUST_LOAD = 1;
  private static final int METHODID_LIST_DECISIONS = 2;
  private static final int METHODID_WATCH_DECISIONS = 3;

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
        case METHODID_SELECT_PROVIDER:
          serviceImpl.selectProvider((polygate.v1.SelectProviderRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.SelectProviderResponse>) responseObserver);
          break;
        case METHODID_ADJUST_LOAD:
          serviceImpl.adjustLoad((polygate.v1.AdjustLoadRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.AdjustLoadResponse>) responseObserver);
          break;
        case METHODID_LIST_DECISIONS:
          serviceImpl.listDecisions((polygate.v1.ListDecisionsRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.ListDecisionsResponse>) responseObserver);
          break;
        case METHODID_WATCH_DECISIONS:
          serviceImpl.watchDecisions((polygate.v1.WatchDecisionsRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.WatchDecisionsResponse>) responseObserver);
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
          getSelectProviderMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.SelectProviderRequest,
              polygate.v1.SelectProviderResponse>(
                service, METHODID_SELECT_PROVIDER)))
        .addMethod(
          getAdjustLoadMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.AdjustLoadRequest,
              polygate.v1.AdjustLoadResponse>(
                service, METHODID_ADJUST_LOAD)))
        .addMethod(
          getListDecisionsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.ListDecisionsRequest,
              polygate.v1.ListDecisionsResponse>(
                service, METHODID_LIST_DECISIONS)))
        .addMethod(
          getWatchDecisionsMethod(),
          io.grpc.stub.ServerCalls.asyncServerStreamingCall(
            new MethodHandlers<
              polygate.v1.WatchDecisionsRequest,
              polygate.v1.WatchDecisionsResponse>(
                service, METHODID_WATCH_DECISIONS)))
        .build();
  }

  private static abstract class RoutingServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    RoutingServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return polygate.v1.RoutingProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("RoutingService");
    }
  }

  private static final class RoutingServiceFileDescriptorSupplier
      extends RoutingServiceBaseDescriptorSupplier {
    RoutingServiceFileDescriptorSupplier() {}
  }

  private static final class RoutingServiceMethodDescriptorSupplier
      extends RoutingServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    RoutingServiceMethodDescriptorSupplier(java.lang.String methodName) {
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
      synchronized (RoutingServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new RoutingServiceFileDescriptorSupplier())
              .addMethod(getSelectProviderMethod())
              .addMethod(getAdjustLoadMethod())
              .addMethod(getListDecisionsMethod())
              .addMethod(getWatchDecisionsMethod())
              .build();
        }
      }
    }
    return result;
  }
}
