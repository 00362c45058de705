package polygate.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * Reports the health of the gateway: one probe of all its backends, in three views.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class HealthServiceGrpc {

  private HealthServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "polygate.v1.HealthService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<polygate.v1.GetHealthRequest,
      polygate.v1.GetHealthResponse> getGetHealthMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetHealth",
      requestType = polygate.v1.GetHealthRequest.class,
      responseType = polygate.v1.GetHealthResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.GetHealthRequest,
      polygate.v1.GetHealthResponse> getGetHealthMethod() {
    io.grpc.MethodDescriptor<polygate.v1.GetHealthRequest, polygate.v1.GetHealthResponse> getGetHealthMethod;
    if ((getGetHealthMethod = HealthServiceGrpc.getGetHealthMethod) == null) {
      synchronized (HealthServiceGrpc.class) {
        if ((getGetHealthMethod = HealthServiceGrpc.getGetHealthMethod) == null) {
          HealthServiceGrpc.getGetHealthMethod = getGetHealthMethod =
              io.grpc.MethodDescriptor.<polygate.v1.GetHealthRequest, polygate.v1.GetHealthResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetHealth"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.GetHealthRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.GetHealthResponse.getDefaultInstance()))
              .setSchemaDescriptor(new HealthServiceMethodDescriptorSupplier("GetHealth"))
              .build();
        }
      }
    }
    return getGetHealthMethod;
  }

  private static volatile io.grpc.MethodDescriptor<polygate.v1.GetServicesRequest,
      polygate.v1.GetServicesResponse> getGetServicesMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetServices",
      requestType = polygate.v1.GetServicesRequest.class,
      responseType = polygate.v1.GetServicesResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.GetServicesRequest,
      polygate.v1.GetServicesResponse> getGetServicesMethod() {
    io.grpc.MethodDescriptor<polygate.v1.GetServicesRequest, polygate.v1.GetServicesResponse> getGetServicesMethod;
    if ((getGetServicesMethod = HealthServiceGrpc.getGetServicesMethod) == null) {
      synchronized (HealthServiceGrpc.class) {
        if ((getGetServicesMethod = HealthServiceGrpc.getGetServicesMethod) == null) {
          HealthServiceGrpc.getGetServicesMethod = getGetServicesMethod =
              io.grpc.MethodDescriptor.<polygate.v1.GetServicesRequest, polygate.v1.GetServicesResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetServices"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.GetServicesRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.GetServicesResponse.getDefaultInstance()))
              .setSchemaDescriptor(new HealthServiceMethodDescriptorSupplier("GetServices"))
              .build();
        }
      }
    }
    return getGetServicesMethod;
  }

  private static volatile io.grpc.MethodDescriptor<polygate.v1.GetBackendsRequest,
      polygate.v1.GetBackendsResponse> getGetBackendsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetBackends",
      requestType = polygate.v1.GetBackendsRequest.class,
      responseType = polygate.v1.GetBackendsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.GetBackendsRequest,
      polygate.v1.GetBackendsResponse> getGetBackendsMethod() {
    io.grpc.MethodDescriptor<polygate.v1.GetBackendsRequest, polygate.v1.GetBackendsResponse> getGetBackendsMethod;
    if ((getGetBackendsMethod = HealthServiceGrpc.getGetBackendsMethod) == null) {
      synchronized (HealthServiceGrpc.class) {
        if ((getGetBackendsMethod = HealthServiceGrpc.getGetBackendsMethod) == null) {
          HealthServiceGrpc.getGetBackendsMethod = getGetBackendsMethod =
              io.grpc.MethodDescriptor.<polygate.v1.GetBackendsRequest, polygate.v1.GetBackendsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetBackends"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.GetBackendsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.GetBackendsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new HealthServiceMethodDescriptorSupplier("GetBackends"))
              .build();
        }
      }
    }
    return getGetBackendsMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static HealthServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<HealthServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<HealthServiceStub>() {
        @java.lang.Override
        public HealthServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new HealthServiceStub(channel, callOptions);
        }
      };
    return HealthServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static HealthServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<HealthServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<HealthServiceBlockingV2Stub>() {
        @java.lang.Override
        public HealthServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new HealthServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return HealthServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static HealthServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<HealthServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<HealthServiceBlockingStub>() {
        @java.lang.Override
        public HealthServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new HealthServiceBlockingStub(channel, callOptions);
        }
      };
    return HealthServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static HealthServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<HealthServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<HealthServiceFutureStub>() {
        @java.lang.Override
        public HealthServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new HealthServiceFutureStub(channel, callOptions);
        }
      };
    return HealthServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * Reports the health of the gateway: one probe of all its backends, in three views.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * Probes every backend at once and reports the state of each. The HTTP status is 200 whatever `status`
     * says; load balancers ask /readyz, which is 503 while no calls should be sent here.
     * </pre>
     */
    default void getHealth(polygate.v1.GetHealthRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.GetHealthResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetHealthMethod(), responseObserver);
    }

    /**
     * <pre>
     * The same, with the services that answer chats and questions by name.
     * </pre>
     */
    default void getServices(polygate.v1.GetServicesRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.GetServicesResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetServicesMethod(), responseObserver);
    }

    /**
     * <pre>
     * The same, with the process and its machine, and whether TensorFlow Serving and ONNX are served.
     * </pre>
     */
    default void getBackends(polygate.v1.GetBackendsRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.GetBackendsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetBackendsMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service HealthService.
   * <pre>
   * Reports the health of the gateway: one probe of all its backends, in three views.
   * </pre>
   */
  public static abstract class HealthServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return HealthServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service HealthService.
   * <pre>
   * Reports the health of the gateway: one probe of all its backends, in three views.
   * </pre>
   */
  public static final class HealthServiceStub
      extends io.grpc.stub.AbstractAsyncStub<HealthServiceStub> {
    private HealthServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected HealthServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new HealthServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * Probes every backend at once and reports the state of each. The HTTP status is 200 whatever `status`
     * says; load balancers ask /readyz, which is 503 while no calls should be sent here.
     * </pre>
     */
    public void getHealth(polygate.v1.GetHealthRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.GetHealthResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetHealthMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * The same, with the services that answer chats and questions by name.
     * </pre>
     */
    public void getServices(polygate.v1.GetServicesRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.GetServicesResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetServicesMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * The same, with the process and its machine, and whether TensorFlow Serving and ONNX are served.
     * </pre>
     */
    public void getBackends(polygate.v1.GetBackendsRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.GetBackendsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetBackendsMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service HealthService.
   * <pre>
   * Reports the health of the gateway: one probe of all its backends, in three views.
   * </pre>
   */
  public static final class HealthServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<HealthServiceBlockingV2Stub> {
    private HealthServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected HealthServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new HealthServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * Probes every backend at once and reports the state of each. The HTTP status is 200 whatever `status`
     * says; load balancers ask /readyz, which is 503 while no calls should be sent here.
     * </pre>
     */
    public polygate.v1.GetHealthResponse getHealth(polygate.v1.GetHealthRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetHealthMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * The same, with the services that answer chats and questions by name.
     * </pre>
     */
    public polygate.v1.GetServicesResponse getServices(polygate.v1.GetServicesRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetServicesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * The same, with the process and its machine, and whether TensorFlow Serving and ONNX are served.
     * </pre>
     */
    public polygate.v1.GetBackendsResponse getBackends(polygate.v1.GetBackendsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetBackendsMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service HealthService.
   * <pre>
   * Reports the health of the gateway: one probe of all its backends, in three views.
   * </pre>
   */
  public static final class HealthServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<HealthServiceBlockingStub> {
    private HealthServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected HealthServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new HealthServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * Probes every backend at once and reports the state of each. The HTTP status is 200 whatever `status`
     * says; load balancers ask /readyz, which is 503 while no calls should be sent here.
     * </pre>
     */
    public polygate.v1.GetHealthResponse getHealth(polygate.v1.GetHealthRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetHealthMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * The same, with the services that answer chats and questions by name.
     * </pre>
     */
    public polygate.v1.GetServicesResponse getServices(polygate.v1.GetServicesRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetServicesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * The same, with the process and its machine, and whether TensorFlow Serving and ONNX are served.
     * </pre>
     */
    public polygate.v1.GetBackendsResponse getBackends(polygate.v1.GetBackendsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetBackendsMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service HealthService.
   * <pre>
   * Reports the health of the gateway: one probe of all its backends, in three views.
   * </pre>
   */
  public static final class HealthServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<HealthServiceFutureStub> {
    private HealthServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected HealthServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new HealthServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * Probes every backend at once and reports the state of each. The HTTP status is 200 whatever `status`
     * says; load balancers ask /readyz, which is 503 while no calls should be sent here.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.GetHealthResponse> getHealth(
        polygate.v1.GetHealthRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetHealthMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * The same, with the services that answer chats and questions by name.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.GetServicesResponse> getServices(
        polygate.v1.GetServicesRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetServicesMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * The same, with the process and its machine, and whether TensorFlow Serving and ONNX are served.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.GetBackendsResponse> getBackends(
        polygate.v1.GetBackendsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetBackendsMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_GET_HEALTH = 0;
  private static final int METHODID_GET_SERVICES = 1;
  private static final int METHODID_GET_BACKENDS = 2;

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
        case METHODID_GET_HEALTH:
          serviceImpl.getHealth((polygate.v1.GetHealthRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.GetHealthResponse>) responseObserver);
          break;
        case METHODID_GET_SERVICES:
          serviceImpl.getServices((polygate.v1.GetServicesRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.GetServicesResponse>) responseObserver);
          break;
        case METHODID_GET_BACKENDS:
          serviceImpl.getBackends((polygate.v1.GetBackendsRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.GetBackendsResponse>) responseObserver);
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
          getGetHealthMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.GetHealthRequest,
              polygate.v1.GetHealthResponse>(
                service, METHODID_GET_HEALTH)))
        .addMethod(
          getGetServicesMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.GetServicesRequest,
              polygate.v1.GetServicesResponse>(
                service, METHODID_GET_SERVICES)))
        .addMethod(
          getGetBackendsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.GetBackendsRequest,
              polygate.v1.GetBackendsResponse>(
                service, METHODID_GET_BACKENDS)))
        .build();
  }

  private static abstract class HealthServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    HealthServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return polygate.v1.HealthProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("HealthService");
    }
  }

  private static final class HealthServiceFileDescriptorSupplier
      extends HealthServiceBaseDescriptorSupplier {
    HealthServiceFileDescriptorSupplier() {}
  }

  private static final class HealthServiceMethodDescriptorSupplier
      extends HealthServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    HealthServiceMethodDescriptorSupplier(java.lang.String methodName) {
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
      synchronized (HealthServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new HealthServiceFileDescriptorSupplier())
              .addMethod(getGetHealthMethod())
              .addMethod(getGetServicesMethod())
              .addMethod(getGetBackendsMethod())
              .build();
        }
      }
    }
    return result;
  }
}
