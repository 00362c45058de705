package polygate.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * Shows the configuration, and reloads it.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class ConfigServiceGrpc {

  private ConfigServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "polygate.v1.ConfigService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<polygate.v1.GetConfigRequest,
      polygate.v1.GetConfigResponse> getGetConfigMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetConfig",
      requestType = polygate.v1.GetConfigRequest.class,
      responseType = polygate.v1.GetConfigResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.GetConfigRequest,
      polygate.v1.GetConfigResponse> getGetConfigMethod() {
    io.grpc.MethodDescriptor<polygate.v1.GetConfigRequest, polygate.v1.GetConfigResponse> getGetConfigMethod;
    if ((getGetConfigMethod = ConfigServiceGrpc.getGetConfigMethod) == null) {
      synchronized (ConfigServiceGrpc.class) {
        if ((getGetConfigMethod = ConfigServiceGrpc.getGetConfigMethod) == null) {
          ConfigServiceGrpc.getGetConfigMethod = getGetConfigMethod =
              io.grpc.MethodDescriptor.<polygate.v1.GetConfigRequest, polygate.v1.GetConfigResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetConfig"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.GetConfigRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.GetConfigResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ConfigServiceMethodDescriptorSupplier("GetConfig"))
              .build();
        }
      }
    }
    return getGetConfigMethod;
  }

  private static volatile io.grpc.MethodDescriptor<polygate.v1.GetConfigStatusRequest,
      polygate.v1.GetConfigStatusResponse> getGetConfigStatusMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetConfigStatus",
      requestType = polygate.v1.GetConfigStatusRequest.class,
      responseType = polygate.v1.GetConfigStatusResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.GetConfigStatusRequest,
      polygate.v1.GetConfigStatusResponse> getGetConfigStatusMethod() {
    io.grpc.MethodDescriptor<polygate.v1.GetConfigStatusRequest, polygate.v1.GetConfigStatusResponse> getGetConfigStatusMethod;
    if ((getGetConfigStatusMethod = ConfigServiceGrpc.getGetConfigStatusMethod) == null) {
      synchronized (ConfigServiceGrpc.class) {
        if ((getGetConfigStatusMethod = ConfigServiceGrpc.getGetConfigStatusMethod) == null) {
          ConfigServiceGrpc.getGetConfigStatusMethod = getGetConfigStatusMethod =
              io.grpc.MethodDescriptor.<polygate.v1.GetConfigStatusRequest, polygate.v1.GetConfigStatusResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetConfigStatus"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.GetConfigStatusRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.GetConfigStatusResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ConfigServiceMethodDescriptorSupplier("GetConfigStatus"))
              .build();
        }
      }
    }
    return getGetConfigStatusMethod;
  }

  private static volatile io.grpc.MethodDescriptor<polygate.v1.CheckConfigRequest,
      polygate.v1.CheckConfigResponse> getCheckConfigMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "CheckConfig",
      requestType = polygate.v1.CheckConfigRequest.class,
      responseType = polygate.v1.CheckConfigResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.CheckConfigRequest,
      polygate.v1.CheckConfigResponse> getCheckConfigMethod() {
    io.grpc.MethodDescriptor<polygate.v1.CheckConfigRequest, polygate.v1.CheckConfigResponse> getCheckConfigMethod;
    if ((getCheckConfigMethod = ConfigServiceGrpc.getCheckConfigMethod) == null) {
      synchronized (ConfigServiceGrpc.class) {
        if ((getCheckConfigMethod = ConfigServiceGrpc.getCheckConfigMethod) == null) {
          ConfigServiceGrpc.getCheckConfigMethod = getCheckConfigMethod =
              io.grpc.MethodDescriptor.<polygate.v1.CheckConfigRequest, polygate.v1.CheckConfigResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "CheckConfig"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.CheckConfigRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.CheckConfigResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ConfigServiceMethodDescriptorSupplier("CheckConfig"))
              .build();
        }
      }
    }
    return getCheckConfigMethod;
  }

  private static volatile io.grpc.MethodDescriptor<polygate.v1.ReloadConfigRequest,
      polygate.v1.ReloadConfigResponse> getReloadConfigMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ReloadConfig",
      requestType = polygate.v1.ReloadConfigRequest.class,
      responseType = polygate.v1.ReloadConfigResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.ReloadConfigRequest,
      polygate.v1.ReloadConfigResponse> getReloadConfigMethod() {
    io.grpc.MethodDescriptor<polygate.v1.ReloadConfigRequest, polygate.v1.ReloadConfigResponse> getReloadConfigMethod;
    if ((getReloadConfigMethod = ConfigServiceGrpc.getReloadConfigMethod) == null) {
      synchronized (ConfigServiceGrpc.class) {
        if ((getReloadConfigMethod = ConfigServiceGrpc.getReloadConfigMethod) == null) {
          ConfigServiceGrpc.getReloadConfigMethod = getReloadConfigMethod =
              io.grpc.MethodDescriptor.<polygate.v1.ReloadConfigRequest, polygate.v1.ReloadConfigResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ReloadConfig"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.ReloadConfigRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.ReloadConfigResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ConfigServiceMethodDescriptorSupplier("ReloadConfig"))
              .build();
        }
      }
    }
    return getReloadConfigMethod;
  }

  private static volatile io.grpc.MethodDescriptor<polygate.v1.RestartWorkersRequest,
      polygate.v1.RestartWorkersResponse> getRestartWorkersMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "RestartWorkers",
      requestType = polygate.v1.RestartWorkersRequest.class,
      responseType = polygate.v1.RestartWorkersResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.RestartWorkersRequest,
      polygate.v1.RestartWorkersResponse> getRestartWorkersMethod() {
    io.grpc.MethodDescriptor<polygate.v1.RestartWorkersRequest, polygate.v1.RestartWorkersResponse> getRestartWorkersMethod;
    if ((getRestartWorkersMethod = ConfigServiceGrpc.getRestartWorkersMethod) == null) {
      synchronized (ConfigServiceGrpc.class) {
        if ((getRestartWorkersMethod = ConfigServiceGrpc.getRestartWorkersMethod) == null) {
          ConfigServiceGrpc.getRestartWorkersMethod = getRestartWorkersMethod =
              io.grpc.MethodDescriptor.<polygate.v1.RestartWorkersRequest, polygate.v1.RestartWorkersResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "RestartWorkers"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.RestartWorkersRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.RestartWorkersResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ConfigServiceMethodDescriptorSupplier("RestartWorkers"))
              .build();
        }
      }
    }
    return getRestartWorkersMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static ConfigServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<ConfigServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<ConfigServiceStub>() {
        @java.lang.Override
        public ConfigServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new ConfigServiceStub(channel, callOptions);
        }
      };
    return ConfigServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static ConfigServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<ConfigServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<ConfigServiceBlockingV2Stub>() {
        @java.lang.Override
        public ConfigServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new ConfigServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return ConfigServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static ConfigServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<ConfigServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<ConfigServiceBlockingStub>() {
        @java.lang.Override
        public ConfigServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new ConfigServiceBlockingStub(channel, callOptions);
        }
      };
    return ConfigServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static ConfigServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<ConfigServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<ConfigServiceFutureStub>() {
        @java.lang.Override
        public ConfigServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new ConfigServiceFutureStub(channel, callOptions);
        }
      };
    return ConfigServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * Shows the configuration, and reloads it.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * The settings that are in force, each with where it comes from. What may be a secret is not shown.
     * </pre>
     */
    default void getConfig(polygate.v1.GetConfigRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.GetConfigResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetConfigMethod(), responseObserver);
    }

    /**
     * <pre>
     * Which configuration is in force, since when, and the outcome of the last reload.
     * </pre>
     */
    default void getConfigStatus(polygate.v1.GetConfigStatusRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.GetConfigStatusResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetConfigStatusMethod(), responseObserver);
    }

    /**
     * <pre>
     * Reads the configuration and reports what a reload would change. Nothing changes.
     * </pre>
     */
    default void checkConfig(polygate.v1.CheckConfigRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.CheckConfigResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getCheckConfigMethod(), responseObserver);
    }

    /**
     * <pre>
     * Reads the configuration again, and applies it where it is valid and needs no restart; otherwise
     * what is in force stays, and the response says why. Responds once new calls are served by it.
     * </pre>
     */
    default void reloadConfig(polygate.v1.ReloadConfigRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.ReloadConfigResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getReloadConfigMethod(), responseObserver);
    }

    /**
     * <pre>
     * Replaces the threads that serve calls, one after the other, each once the one before it serves; no
     * call is lost. Responds when that has begun, as the thread that responds is replaced as well: the log
     * says when all are new. UNIMPLEMENTED where `workers` is 1.
     * </pre>
     */
    default void restartWorkers(polygate.v1.RestartWorkersRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.RestartWorkersResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getRestartWorkersMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service ConfigService.
   * <pre>
   * Shows the configuration, and reloads it.
   * </pre>
   */
  public static abstract class ConfigServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return ConfigServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service ConfigService.
   * <pre>
   * Shows the configuration, and reloads it.
   * </pre>
   */
  public static final class ConfigServiceStub
      extends io.grpc.stub.AbstractAsyncStub<ConfigServiceStub> {
    private ConfigServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected ConfigServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new ConfigServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * The settings that are in force, each with where it comes from. What may be a secret is not shown.
     * </pre>
     */
    public void getConfig(polygate.v1.GetConfigRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.GetConfigResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetConfigMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Which configuration is in force, since when, and the outcome of the last reload.
     * </pre>
     */
    public void getConfigStatus(polygate.v1.GetConfigStatusRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.GetConfigStatusResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetConfigStatusMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Reads the configuration and reports what a reload would change. Nothing changes.
     * </pre>
     */
    public void checkConfig(polygate.v1.CheckConfigRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.CheckConfigResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getCheckConfigMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Reads the configuration again, and applies it where it is valid and needs no restart; otherwise
     * what is in force stays, and the response says why. Responds once new calls are served by it.
     * </pre>
     */
    public void reloadConfig(polygate.v1.ReloadConfigRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.ReloadConfigResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getReloadConfigMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Replaces the threads that serve calls, one after the other, each once the one before it serves; no
     * call is lost. Responds when that has begun, as the thread that responds is replaced as well: the log
     * says when all are new. UNIMPLEMENTED where `workers` is 1.
     * </pre>
     */
    public void restartWorkers(polygate.v1.RestartWorkersRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.RestartWorkersResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getRestartWorkersMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service ConfigService.
   * <pre>
   * Shows the configuration, and reloads it.
   * </pre>
   */
  public static final class ConfigServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<ConfigServiceBlockingV2Stub> {
    private ConfigServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected ConfigServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new ConfigServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * The settings that are in force, each with where it comes from. What may be a secret is not shown.
     * </pre>
     */
    public polygate.v1.GetConfigResponse getConfig(polygate.v1.GetConfigRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetConfigMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Which configuration is in force, since when, and the outcome of the last reload.
     * </pre>
     */
    public polygate.v1.GetConfigStatusResponse getConfigStatus(polygate.v1.GetConfigStatusRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetConfigStatusMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Reads the configuration and reports what a reload would change. Nothing changes.
     * </pre>
     */
    public polygate.v1.CheckConfigResponse checkConfig(polygate.v1.CheckConfigRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getCheckConfigMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Reads the configuration again, and applies it where it is valid and needs no restart; otherwise
     * what is in force stays, and the response says why. Responds once new calls are served by it.
     * </pre>
     */
    public polygate.v1.ReloadConfigResponse reloadConfig(polygate.v1.ReloadConfigRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getReloadConfigMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Replaces the threads that serve calls, one after the other, each once the one before it serves; no
     * call is lost. Responds when that has begun, as the thread that responds is replaced as well: the log
     * says when all are new. UNIMPLEMENTED where `workers` is 1.
     * </pre>
     */
    public polygate.v1.RestartWorkersResponse restartWorkers(polygate.v1.RestartWorkersRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getRestartWorkersMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service ConfigService.
   * <pre>
   * Shows the configuration, and reloads it.
   * </pre>
   */
  public static final class ConfigServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<ConfigServiceBlockingStub> {
    private ConfigServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected ConfigServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new ConfigServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * The settings that are in force, each with where it comes from. What may be a secret is not shown.
     * </pre>
     */
    public polygate.v1.GetConfigResponse getConfig(polygate.v1.GetConfigRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetConfigMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Which configuration is in force, since when, and the outcome of the last reload.
     * </pre>
     */
    public polygate.v1.GetConfigStatusResponse getConfigStatus(polygate.v1.GetConfigStatusRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetConfigStatusMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Reads the configuration and reports what a reload would change. Nothing changes.
     * </pre>
     */
    public polygate.v1.CheckConfigResponse checkConfig(polygate.v1.CheckConfigRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getCheckConfigMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Reads the configuration again, and applies it where it is valid and needs no restart; otherwise
     * what is in force stays, and the response says why. Responds once new calls are served by it.
     * </pre>
     */
    public polygate.v1.ReloadConfigResponse reloadConfig(polygate.v1.ReloadConfigRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getReloadConfigMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Replaces the threads that serve calls, one after the other, each once the one before it serves; no
     * call is lost. Responds when that has begun, as the thread that responds is replaced as well: the log
     * says when all are new. UNIMPLEMENTED where `workers` is 1.
     * </pre>
     */
    public polygate.v1.RestartWorkersResponse restartWorkers(polygate.v1.RestartWorkersRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getRestartWorkersMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service ConfigService.
   * <pre>
   * Shows the configuration, and reloads it.
   * </pre>
   */
  public static final class ConfigServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<ConfigServiceFutureStub> {
    private ConfigServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected ConfigServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new ConfigServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * The settings that are in force, each with where it comes from. What may be a secret is not shown.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.GetConfigResponse> getConfig(
        polygate.v1.GetConfigRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetConfigMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Which configuration is in force, since when, and the outcome of the last reload.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.GetConfigStatusResponse> getConfigStatus(
        polygate.v1.GetConfigStatusRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetConfigStatusMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Reads the configuration and reports what a reload would change. Nothing changes.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.CheckConfigResponse> checkConfig(
        polygate.v1.CheckConfigRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getCheckConfigMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Reads the configuration again, and applies it where it is valid and needs no restart; otherwise
     * what is in force stays, and the response says why. Responds once new calls are served by it.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.ReloadConfigResponse> reloadConfig(
        polygate.v1.ReloadConfigRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getReloadConfigMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Replaces the threads that serve calls, one after the other, each once the one before it serves; no
     * call is lost. Responds when that has begun, as the thread that responds is replaced as well: the log
     * says when all are new. UNIMPLEMENTED where `workers` is 1.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.RestartWorkersResponse> restartWorkers(
        polygate.v1.RestartWorkersRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getRestartWorkersMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_GET_CONFIG = 0;
  private static final int METHODID_GET_CONFIG_STATUS = 1;
  private static final int METHODID_CHECK_CONFIG = 2;
  private static final int METHODID_RELOAD_CONFIG = 3;
  private static final int METHODID_RESTART_WORKERS = 4;

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
        case METHODID_GET_CONFIG:
          serviceImpl.getConfig((polygate.v1.GetConfigRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.GetConfigResponse>) responseObserver);
          break;
        case METHODID_GET_CONFIG_STATUS:
          serviceImpl.getConfigStatus((polygate.v1.GetConfigStatusRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.GetConfigStatusResponse>) responseObserver);
          break;
        case METHODID_CHECK_CONFIG:
          serviceImpl.checkConfig((polygate.v1.CheckConfigRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.CheckConfigResponse>) responseObserver);
          break;
        case METHODID_RELOAD_CONFIG:
          serviceImpl.reloadConfig((polygate.v1.ReloadConfigRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.ReloadConfigResponse>) responseObserver);
          break;
        case METHODID_RESTART_WORKERS:
          serviceImpl.restartWorkers((polygate.v1.RestartWorkersRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.RestartWorkersResponse>) responseObserver);
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
          getGetConfigMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.GetConfigRequest,
              polygate.v1.GetConfigResponse>(
                service, METHODID_GET_CONFIG)))
        .addMethod(
          getGetConfigStatusMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.GetConfigStatusRequest,
              polygate.v1.GetConfigStatusResponse>(
                service, METHODID_GET_CONFIG_STATUS)))
        .addMethod(
          getCheckConfigMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.CheckConfigRequest,
              polygate.v1.CheckConfigResponse>(
                service, METHODID_CHECK_CONFIG)))
        .addMethod(
          getReloadConfigMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.ReloadConfigRequest,
              polygate.v1.ReloadConfigResponse>(
                service, METHODID_RELOAD_CONFIG)))
        .addMethod(
          getRestartWorkersMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.RestartWorkersRequest,
              polygate.v1.RestartWorkersResponse>(
                service, METHODID_RESTART_WORKERS)))
        .build();
  }

  private static abstract class ConfigServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    ConfigServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return polygate.v1.ConfigProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("ConfigService");
    }
  }

  private static final class ConfigServiceFileDescriptorSupplier
      extends ConfigServiceBaseDescriptorSupplier {
    ConfigServiceFileDescriptorSupplier() {}
  }

  private static final class ConfigServiceMethodDescriptorSupplier
      extends ConfigServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    ConfigServiceMethodDescriptorSupplier(java.lang.String methodName) {
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
      synchronized (ConfigServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new ConfigServiceFileDescriptorSupplier())
              .addMethod(getGetConfigMethod())
              .addMethod(getGetConfigStatusMethod())
              .addMethod(getCheckConfigMethod())
              .addMethod(getReloadConfigMethod())
              .addMethod(getRestartWorkersMethod())
              .build();
        }
      }
    }
    return result;
  }
}
