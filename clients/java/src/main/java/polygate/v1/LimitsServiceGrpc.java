package polygate.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * Shows and resets the limits of calls.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class LimitsServiceGrpc {

  private LimitsServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "polygate.v1.LimitsService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<polygate.v1.ListLimitsRequest,
      polygate.v1.ListLimitsResponse> getListLimitsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListLimits",
      requestType = polygate.v1.ListLimitsRequest.class,
      responseType = polygate.v1.ListLimitsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.ListLimitsRequest,
      polygate.v1.ListLimitsResponse> getListLimitsMethod() {
    io.grpc.MethodDescriptor<polygate.v1.ListLimitsRequest, polygate.v1.ListLimitsResponse> getListLimitsMethod;
    if ((getListLimitsMethod = LimitsServiceGrpc.getListLimitsMethod) == null) {
      synchronized (LimitsServiceGrpc.class) {
        if ((getListLimitsMethod = LimitsServiceGrpc.getListLimitsMethod) == null) {
          LimitsServiceGrpc.getListLimitsMethod = getListLimitsMethod =
              io.grpc.MethodDescriptor.<polygate.v1.ListLimitsRequest, polygate.v1.ListLimitsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListLimits"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.ListLimitsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.ListLimitsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new LimitsServiceMethodDescriptorSupplier("ListLimits"))
              .build();
        }
      }
    }
    return getListLimitsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<polygate.v1.GetLimitRequest,
      polygate.v1.GetLimitResponse> getGetLimitMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetLimit",
      requestType = polygate.v1.GetLimitRequest.class,
      responseType = polygate.v1.GetLimitResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.GetLimitRequest,
      polygate.v1.GetLimitResponse> getGetLimitMethod() {
    io.grpc.MethodDescriptor<polygate.v1.GetLimitRequest, polygate.v1.GetLimitResponse> getGetLimitMethod;
    if ((getGetLimitMethod = LimitsServiceGrpc.getGetLimitMethod) == null) {
      synchronized (LimitsServiceGrpc.class) {
        if ((getGetLimitMethod = LimitsServiceGrpc.getGetLimitMethod) == null) {
          LimitsServiceGrpc.getGetLimitMethod = getGetLimitMethod =
              io.grpc.MethodDescriptor.<polygate.v1.GetLimitRequest, polygate.v1.GetLimitResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetLimit"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.GetLimitRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.GetLimitResponse.getDefaultInstance()))
              .setSchemaDescriptor(new LimitsServiceMethodDescriptorSupplier("GetLimit"))
              .build();
        }
      }
    }
    return getGetLimitMethod;
  }

  private static volatile io.grpc.MethodDescriptor<polygate.v1.ResetLimitRequest,
      polygate.v1.ResetLimitResponse> getResetLimitMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ResetLimit",
      requestType = polygate.v1.ResetLimitRequest.class,
      responseType = polygate.v1.ResetLimitResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.ResetLimitRequest,
      polygate.v1.ResetLimitResponse> getResetLimitMethod() {
    io.grpc.MethodDescriptor<polygate.v1.ResetLimitRequest, polygate.v1.ResetLimitResponse> getResetLimitMethod;
    if ((getResetLimitMethod = LimitsServiceGrpc.getResetLimitMethod) == null) {
      synchronized (LimitsServiceGrpc.class) {
        if ((getResetLimitMethod = LimitsServiceGrpc.getResetLimitMethod) == null) {
          LimitsServiceGrpc.getResetLimitMethod = getResetLimitMethod =
              io.grpc.MethodDescriptor.<polygate.v1.ResetLimitRequest, polygate.v1.ResetLimitResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ResetLimit"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.ResetLimitRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.ResetLimitResponse.getDefaultInstance()))
              .setSchemaDescriptor(new LimitsServiceMethodDescriptorSupplier("ResetLimit"))
              .build();
        }
      }
    }
    return getResetLimitMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static LimitsServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<LimitsServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<LimitsServiceStub>() {
        @java.lang.Override
        public LimitsServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new LimitsServiceStub(channel, callOptions);
        }
      };
    return LimitsServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static LimitsServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<LimitsServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<LimitsServiceBlockingV2Stub>() {
        @java.lang.Override
        public LimitsServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new LimitsServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return LimitsServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static LimitsServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<LimitsServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<LimitsServiceBlockingStub>() {
        @java.lang.Override
        public LimitsServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new LimitsServiceBlockingStub(channel, callOptions);
        }
      };
    return LimitsServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static LimitsServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<LimitsServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<LimitsServiceFutureStub>() {
        @java.lang.Override
        public LimitsServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new LimitsServiceFutureStub(channel, callOptions);
        }
      };
    return LimitsServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * Shows and resets the limits of calls.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * The limits that recent calls counted against, the latest first.
     * </pre>
     */
    default void listLimits(polygate.v1.ListLimitsRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.ListLimitsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListLimitsMethod(), responseObserver);
    }

    /**
     * <pre>
     * The limits of one owner.
     * </pre>
     */
    default void getLimit(polygate.v1.GetLimitRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.GetLimitResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetLimitMethod(), responseObserver);
    }

    /**
     * <pre>
     * Resets the limits of one owner, as if nothing had been used. Calls in progress still count.
     * </pre>
     */
    default void resetLimit(polygate.v1.ResetLimitRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.ResetLimitResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getResetLimitMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service LimitsService.
   * <pre>
   * Shows and resets the limits of calls.
   * </pre>
   */
  public static abstract class LimitsServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return LimitsServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service LimitsService.
   * <pre>
   * Shows and resets the limits of calls.
   * </pre>
   */
  public static final class LimitsServiceStub
      extends io.grpc.stub.AbstractAsyncStub<LimitsServiceStub> {
    private LimitsServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected LimitsServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new LimitsServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * The limits that recent calls counted against, the latest first.
     * </pre>
     */
    public void listLimits(polygate.v1.ListLimitsRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.ListLimitsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListLimitsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * The limits of one owner.
     * </pre>
     */
    public void getLimit(polygate.v1.GetLimitRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.GetLimitResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetLimitMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Resets the limits of one owner, as if nothing had been used. Calls in progress still count.
     * </pre>
     */
    public void resetLimit(polygate.v1.ResetLimitRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.ResetLimitResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getResetLimitMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service LimitsService.
   * <pre>
   * Shows and resets the limits of calls.
   * </pre>
   */
  public static final class LimitsServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<LimitsServiceBlockingV2Stub> {
    private LimitsServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected LimitsServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new LimitsServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * The limits that recent calls counted against, the latest first.
     * </pre>
     */
    public polygate.v1.ListLimitsResponse listLimits(polygate.v1.ListLimitsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListLimitsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * The limits of one owner.
     * </pre>
     */
    public polygate.v1.GetLimitResponse getLimit(polygate.v1.GetLimitRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetLimitMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Resets the limits of one owner, as if nothing had been used. Calls in progress still count.
     * </pre>
     */
    public polygate.v1.ResetLimitResponse resetLimit(polygate.v1.ResetLimitRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getResetLimitMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service LimitsService.
   * <pre>
   * Shows and resets the limits of calls.
   * </pre>
   */
  public static final class LimitsServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<LimitsServiceBlockingStub> {
    private LimitsServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected LimitsServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new LimitsServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * The limits that recent calls counted against, the latest first.
     * </pre>
     */
    public polygate.v1.ListLimitsResponse listLimits(polygate.v1.ListLimitsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListLimitsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * The limits of one owner.
     * </pre>
     */
    public polygate.v1.GetLimitResponse getLimit(polygate.v1.GetLimitRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetLimitMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Resets the limits of one owner, as if nothing had been used. Calls in progress still count.
     * </pre>
     */
    public polygate.v1.ResetLimitResponse resetLimit(polygate.v1.ResetLimitRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getResetLimitMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service LimitsService.
   * <pre>
   * Shows and resets the limits of calls.
   * </pre>
   */
  public static final class LimitsServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<LimitsServiceFutureStub> {
    private LimitsServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected LimitsServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new LimitsServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * The limits that recent calls counted against, the latest first.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.ListLimitsResponse> listLimits(
        polygate.v1.ListLimitsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListLimitsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * The limits of one owner.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.GetLimitResponse> getLimit(
        polygate.v1.GetLimitRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetLimitMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Resets the limits of one owner, as if nothing had been used. Calls in progress still count.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.ResetLimitResponse> resetLimit(
        polygate.v1.ResetLimitRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getResetLimitMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_LIST_LIMITS = 0;
  private static final int METHODID_GET_LIMIT = 1;
  private static final int METHODID_RESET_LIMIT = 2;

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
        case METHODID_LIST_LIMITS:
          serviceImpl.listLimits((polygate.v1.ListLimitsRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.ListLimitsResponse>) responseObserver);
          break;
        case METHODID_GET_LIMIT:
          serviceImpl.getLimit((polygate.v1.GetLimitRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.GetLimitResponse>) responseObserver);
          break;
        case METHODID_RESET_LIMIT:
          serviceImpl.resetLimit((polygate.v1.ResetLimitRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.ResetLimitResponse>) responseObserver);
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
          getListLimitsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.ListLimitsRequest,
              polygate.v1.ListLimitsResponse>(
                service, METHODID_LIST_LIMITS)))
        .addMethod(
          getGetLimitMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.GetLimitRequest,
              polygate.v1.GetLimitResponse>(
                service, METHODID_GET_LIMIT)))
        .addMethod(
          getResetLimitMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.ResetLimitRequest,
              polygate.v1.ResetLimitResponse>(
                service, METHODID_RESET_LIMIT)))
        .build();
  }

  private static abstract class LimitsServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    LimitsServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return polygate.v1.LimitsProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("LimitsService");
    }
  }

  private static final class LimitsServiceFileDescriptorSupplier
      extends LimitsServiceBaseDescriptorSupplier {
    LimitsServiceFileDescriptorSupplier() {}
  }

  private static final class LimitsServiceMethodDescriptorSupplier
      extends LimitsServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    LimitsServiceMethodDescriptorSupplier(java.lang.String methodName) {
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
      synchronized (LimitsServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new LimitsServiceFileDescriptorSupplier())
              .addMethod(getListLimitsMethod())
              .addMethod(getGetLimitMethod())
              .addMethod(getResetLimitMethod())
              .build();
        }
      }
    }
    return result;
  }
}
