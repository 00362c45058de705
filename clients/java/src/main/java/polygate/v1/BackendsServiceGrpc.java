package polygate.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * Shows the backends that answer chat, and drains, resumes and resets them.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class BackendsServiceGrpc {

  private BackendsServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "polygate.v1.BackendsService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<polygate.v1.ListBackendsRequest,
      polygate.v1.ListBackendsResponse> getListBackendsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListBackends",
      requestType = polygate.v1.ListBackendsRequest.class,
      responseType = polygate.v1.ListBackendsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.ListBackendsRequest,
      polygate.v1.ListBackendsResponse> getListBackendsMethod() {
    io.grpc.MethodDescriptor<polygate.v1.ListBackendsRequest, polygate.v1.ListBackendsResponse> getListBackendsMethod;
    if ((getListBackendsMethod = BackendsServiceGrpc.getListBackendsMethod) == null) {
      synchronized (BackendsServiceGrpc.class) {
        if ((getListBackendsMethod = BackendsServiceGrpc.getListBackendsMethod) == null) {
          BackendsServiceGrpc.getListBackendsMethod = getListBackendsMethod =
              io.grpc.MethodDescriptor.<polygate.v1.ListBackendsRequest, polygate.v1.ListBackendsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListBackends"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.ListBackendsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.ListBackendsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new BackendsServiceMethodDescriptorSupplier("ListBackends"))
              .build();
        }
      }
    }
    return getListBackendsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<polygate.v1.DrainBackendRequest,
      polygate.v1.DrainBackendResponse> getDrainBackendMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "DrainBackend",
      requestType = polygate.v1.DrainBackendRequest.class,
      responseType = polygate.v1.DrainBackendResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.DrainBackendRequest,
      polygate.v1.DrainBackendResponse> getDrainBackendMethod() {
    io.grpc.MethodDescriptor<polygate.v1.DrainBackendRequest, polygate.v1.DrainBackendResponse> getDrainBackendMethod;
    if ((getDrainBackendMethod = BackendsServiceGrpc.getDrainBackendMethod) == null) {
      synchronized (BackendsServiceGrpc.class) {
        if ((getDrainBackendMethod = BackendsServiceGrpc.getDrainBackendMethod) == null) {
          BackendsServiceGrpc.getDrainBackendMethod = getDrainBackendMethod =
              io.grpc.MethodDescriptor.<polygate.v1.DrainBackendRequest, polygate.v1.DrainBackendResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "DrainBackend"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.DrainBackendRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.DrainBackendResponse.getDefaultInstance()))
              .setSchemaDescriptor(new BackendsServiceMethodDescriptorSupplier("DrainBackend"))
              .build();
        }
      }
    }
    return getDrainBackendMethod;
  }

  private static volatile io.grpc.MethodDescriptor<polygate.v1.ResumeBackendRequest,
      polygate.v1.ResumeBackendResponse> getResumeBackendMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ResumeBackend",
      requestType = polygate.v1.ResumeBackendRequest.class,
      responseType = polygate.v1.ResumeBackendResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.ResumeBackendRequest,
      polygate.v1.ResumeBackendResponse> getResumeBackendMethod() {
    io.grpc.MethodDescriptor<polygate.v1.ResumeBackendRequest, polygate.v1.ResumeBackendResponse> getResumeBackendMethod;
    if ((getResumeBackendMethod = BackendsServiceGrpc.getResumeBackendMethod) == null) {
      synchronized (BackendsServiceGrpc.class) {
        if ((getResumeBackendMethod = BackendsServiceGrpc.getResumeBackendMethod) == null) {
          BackendsServiceGrpc.getResumeBackendMethod = getResumeBackendMethod =
              io.grpc.MethodDescriptor.<polygate.v1.ResumeBackendRequest, polygate.v1.ResumeBackendResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ResumeBackend"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.ResumeBackendRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.ResumeBackendResponse.getDefaultInstance()))
              .setSchemaDescriptor(new BackendsServiceMethodDescriptorSupplier("ResumeBackend"))
              .build();
        }
      }
    }
    return getResumeBackendMethod;
  }

  private static volatile io.grpc.MethodDescriptor<polygate.v1.ResetBackendRequest,
      polygate.v1.ResetBackendResponse> getResetBackendMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ResetBackend",
      requestType = polygate.v1.ResetBackendRequest.class,
      responseType = polygate.v1.ResetBackendResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.ResetBackendRequest,
      polygate.v1.ResetBackendResponse> getResetBackendMethod() {
    io.grpc.MethodDescriptor<polygate.v1.ResetBackendRequest, polygate.v1.ResetBackendResponse> getResetBackendMethod;
    if ((getResetBackendMethod = BackendsServiceGrpc.getResetBackendMethod) == null) {
      synchronized (BackendsServiceGrpc.class) {
        if ((getResetBackendMethod = BackendsServiceGrpc.getResetBackendMethod) == null) {
          BackendsServiceGrpc.getResetBackendMethod = getResetBackendMethod =
              io.grpc.MethodDescriptor.<polygate.v1.ResetBackendRequest, polygate.v1.ResetBackendResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ResetBackend"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.ResetBackendRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.ResetBackendResponse.getDefaultInstance()))
              .setSchemaDescriptor(new BackendsServiceMethodDescriptorSupplier("ResetBackend"))
              .build();
        }
      }
    }
    return getResetBackendMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static BackendsServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<BackendsServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<BackendsServiceStub>() {
        @java.lang.Override
        public BackendsServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new BackendsServiceStub(channel, callOptions);
        }
      };
    return BackendsServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static BackendsServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<BackendsServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<BackendsServiceBlockingV2Stub>() {
        @java.lang.Override
        public BackendsServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new BackendsServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return BackendsServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static BackendsServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<BackendsServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<BackendsServiceBlockingStub>() {
        @java.lang.Override
        public BackendsServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new BackendsServiceBlockingStub(channel, callOptions);
        }
      };
    return BackendsServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static BackendsServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<BackendsServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<BackendsServiceFutureStub>() {
        @java.lang.Override
        public BackendsServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new BackendsServiceFutureStub(channel, callOptions);
        }
      };
    return BackendsServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * Shows the backends that answer chat, and drains, resumes and resets them.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * Every backend with its endpoints.
     * </pre>
     */
    default void listBackends(polygate.v1.ListBackendsRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.ListBackendsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListBackendsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Gives a backend no new calls; those in progress go on. It is probed as before.
     * </pre>
     */
    default void drainBackend(polygate.v1.DrainBackendRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.DrainBackendResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getDrainBackendMethod(), responseObserver);
    }

    /**
     * <pre>
     * Gives a drained backend calls again.
     * </pre>
     */
    default void resumeBackend(polygate.v1.ResumeBackendRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.ResumeBackendResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getResumeBackendMethod(), responseObserver);
    }

    /**
     * <pre>
     * Closes a backend's breakers and discards what was measured of it; it is probed at once.
     * </pre>
     */
    default void resetBackend(polygate.v1.ResetBackendRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.ResetBackendResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getResetBackendMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service BackendsService.
   * <pre>
   * Shows the backends that answer chat, and drains, resumes and resets them.
   * </pre>
   */
  public static abstract class BackendsServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return BackendsServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service BackendsService.
   * <pre>
   * Shows the backends that answer chat, and drains, resumes and resets them.
   * </pre>
   */
  public static final class BackendsServiceStub
      extends io.grpc.stub.AbstractAsyncStub<BackendsServiceStub> {
    private BackendsServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected BackendsServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new BackendsServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * Every backend with its endpoints.
     * </pre>
     */
    public void listBackends(polygate.v1.ListBackendsRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.ListBackendsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListBackendsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Gives a backend no new calls; those in progress go on. It is probed as before.
     * </pre>
     */
    public void drainBackend(polygate.v1.DrainBackendRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.DrainBackendResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getDrainBackendMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Gives a drained backend calls again.
     * </pre>
     */
    public void resumeBackend(polygate.v1.ResumeBackendRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.ResumeBackendResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getResumeBackendMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Closes a backend's breakers and discards what was measured of it; it is probed at once.
     * </pre>
     */
    public void resetBackend(polygate.v1.ResetBackendRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.ResetBackendResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getResetBackendMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service BackendsService.
   * <pre>
   * Shows the backends that answer chat, and drains, resumes and resets them.
   * </pre>
   */
  public static final class BackendsServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<BackendsServiceBlockingV2Stub> {
    private BackendsServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected BackendsServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new BackendsServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * Every backend with its endpoints.
     * </pre>
     */
    public polygate.v1.ListBackendsResponse listBackends(polygate.v1.ListBackendsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListBackendsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Gives a backend no new calls; those in progress go on. It is probed as before.
     * </pre>
     */
    public polygate.v1.DrainBackendResponse drainBackend(polygate.v1.DrainBackendRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getDrainBackendMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Gives a drained backend calls again.
     * </pre>
     */
    public polygate.v1.ResumeBackendResponse resumeBackend(polygate.v1.ResumeBackendRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getResumeBackendMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Closes a backend's breakers and discards what was measured of it; it is probed at once.
     * </pre>
     */
    public polygate.v1.ResetBackendResponse resetBackend(polygate.v1.ResetBackendRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getResetBackendMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service BackendsService.
   * <pre>
   * Shows the backends that answer chat, and drains, resumes and resets them.
   * </pre>
   */
  public static final class BackendsServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<BackendsServiceBlockingStub> {
    private BackendsServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected BackendsServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new BackendsServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * Every backend with its endpoints.
     * </pre>
     */
    public polygate.v1.ListBackendsResponse listBackends(polygate.v1.ListBackendsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListBackendsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Gives a backend no new calls; those in progress go on. It is probed as before.
     * </pre>
     */
    public polygate.v1.DrainBackendResponse drainBackend(polygate.v1.DrainBackendRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getDrainBackendMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Gives a drained backend calls again.
     * </pre>
     */
    public polygate.v1.ResumeBackendResponse resumeBackend(polygate.v1.ResumeBackendRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getResumeBackendMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Closes a backend's breakers and discards what was measured of it; it is probed at once.
     * </pre>
     */
    public polygate.v1.ResetBackendResponse resetBackend(polygate.v1.ResetBackendRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getResetBackendMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service BackendsService.
   * <pre>
   * Shows the backends that answer chat, and drains, resumes and resets them.
   * </pre>
   */
  public static final class BackendsServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<BackendsServiceFutureStub> {
    private BackendsServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected BackendsServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new BackendsServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * Every backend with its endpoints.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.ListBackendsResponse> listBackends(
        polygate.v1.ListBackendsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListBackendsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Gives a backend no new calls; those in progress go on. It is probed as before.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.DrainBackendResponse> drainBackend(
        polygate.v1.DrainBackendRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getDrainBackendMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Gives a drained backend calls again.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.ResumeBackendResponse> resumeBackend(
        polygate.v1.ResumeBackendRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getResumeBackendMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Closes a backend's breakers and discards what was measured of it; it is probed at once.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.ResetBackendResponse> resetBackend(
        polygate.v1.ResetBackendRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getResetBackendMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_LIST_BACKENDS = 0;
  private static final int METHODID_DRAIN_BACKEND = 1;
  private static final int METHODID_RESUME_BACKEND = 2;
  private static final int METHODID_RESET_BACKEND = 3;

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
        case METHODID_LIST_BACKENDS:
          serviceImpl.listBackends((polygate.v1.ListBackendsRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.ListBackendsResponse>) responseObserver);
          break;
        case METHODID_DRAIN_BACKEND:
          serviceImpl.drainBackend((polygate.v1.DrainBackendRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.DrainBackendResponse>) responseObserver);
          break;
        case METHODID_RESUME_BACKEND:
          serviceImpl.resumeBackend((polygate.v1.ResumeBackendRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.ResumeBackendResponse>) responseObserver);
          break;
        case METHODID_RESET_BACKEND:
          serviceImpl.resetBackend((polygate.v1.ResetBackendRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.ResetBackendResponse>) responseObserver);
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
          getListBackendsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.ListBackendsRequest,
              polygate.v1.ListBackendsResponse>(
                service, METHODID_LIST_BACKENDS)))
        .addMethod(
          getDrainBackendMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.DrainBackendRequest,
              polygate.v1.DrainBackendResponse>(
                service, METHODID_DRAIN_BACKEND)))
        .addMethod(
          getResumeBackendMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.ResumeBackendRequest,
              polygate.v1.ResumeBackendResponse>(
                service, METHODID_RESUME_BACKEND)))
        .addMethod(
          getResetBackendMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.ResetBackendRequest,
              polygate.v1.ResetBackendResponse>(
                service, METHODID_RESET_BACKEND)))
        .build();
  }

  private static abstract class BackendsServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    BackendsServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return polygate.v1.BackendsProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("BackendsService");
    }
  }

  private static final class BackendsServiceFileDescriptorSupplier
      extends BackendsServiceBaseDescriptorSupplier {
    BackendsServiceFileDescriptorSupplier() {}
  }

  private static final class BackendsServiceMethodDescriptorSupplier
      extends BackendsServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    BackendsServiceMethodDescriptorSupplier(java.lang.String methodName) {
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
      synchronized (BackendsServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new BackendsServiceFileDescriptorSupplier())
              .addMethod(getListBackendsMethod())
              .addMethod(getDrainBackendMethod())
              .addMethod(getResumeBackendMethod())
              .addMethod(getResetBackendMethod())
              .build();
        }
      }
    }
    return result;
  }
}
