package polygate.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * Lists and loads models.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class ModelsServiceGrpc {

  private ModelsServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "polygate.v1.ModelsService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<polygate.v1.ListModelsRequest,
      polygate.v1.ListModelsResponse> getListModelsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListModels",
      requestType = polygate.v1.ListModelsRequest.class,
      responseType = polygate.v1.ListModelsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.ListModelsRequest,
      polygate.v1.ListModelsResponse> getListModelsMethod() {
    io.grpc.MethodDescriptor<polygate.v1.ListModelsRequest, polygate.v1.ListModelsResponse> getListModelsMethod;
    if ((getListModelsMethod = ModelsServiceGrpc.getListModelsMethod) == null) {
      synchronized (ModelsServiceGrpc.class) {
        if ((getListModelsMethod = ModelsServiceGrpc.getListModelsMethod) == null) {
          ModelsServiceGrpc.getListModelsMethod = getListModelsMethod =
              io.grpc.MethodDescriptor.<polygate.v1.ListModelsRequest, polygate.v1.ListModelsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListModels"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.ListModelsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.ListModelsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ModelsServiceMethodDescriptorSupplier("ListModels"))
              .build();
        }
      }
    }
    return getListModelsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<polygate.v1.ListModelsByBackendRequest,
      polygate.v1.ListModelsByBackendResponse> getListModelsByBackendMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListModelsByBackend",
      requestType = polygate.v1.ListModelsByBackendRequest.class,
      responseType = polygate.v1.ListModelsByBackendResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.ListModelsByBackendRequest,
      polygate.v1.ListModelsByBackendResponse> getListModelsByBackendMethod() {
    io.grpc.MethodDescriptor<polygate.v1.ListModelsByBackendRequest, polygate.v1.ListModelsByBackendResponse> getListModelsByBackendMethod;
    if ((getListModelsByBackendMethod = ModelsServiceGrpc.getListModelsByBackendMethod) == null) {
      synchronized (ModelsServiceGrpc.class) {
        if ((getListModelsByBackendMethod = ModelsServiceGrpc.getListModelsByBackendMethod) == null) {
          ModelsServiceGrpc.getListModelsByBackendMethod = getListModelsByBackendMethod =
              io.grpc.MethodDescriptor.<polygate.v1.ListModelsByBackendRequest, polygate.v1.ListModelsByBackendResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListModelsByBackend"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.ListModelsByBackendRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.ListModelsByBackendResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ModelsServiceMethodDescriptorSupplier("ListModelsByBackend"))
              .build();
        }
      }
    }
    return getListModelsByBackendMethod;
  }

  private static volatile io.grpc.MethodDescriptor<polygate.v1.GetModelRequest,
      polygate.v1.Model> getGetModelMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetModel",
      requestType = polygate.v1.GetModelRequest.class,
      responseType = polygate.v1.Model.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.GetModelRequest,
      polygate.v1.Model> getGetModelMethod() {
    io.grpc.MethodDescriptor<polygate.v1.GetModelRequest, polygate.v1.Model> getGetModelMethod;
    if ((getGetModelMethod = ModelsServiceGrpc.getGetModelMethod) == null) {
      synchronized (ModelsServiceGrpc.class) {
        if ((getGetModelMethod = ModelsServiceGrpc.getGetModelMethod) == null) {
          ModelsServiceGrpc.getGetModelMethod = getGetModelMethod =
              io.grpc.MethodDescriptor.<polygate.v1.GetModelRequest, polygate.v1.Model>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetModel"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.GetModelRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.Model.getDefaultInstance()))
              .setSchemaDescriptor(new ModelsServiceMethodDescriptorSupplier("GetModel"))
              .build();
        }
      }
    }
    return getGetModelMethod;
  }

  private static volatile io.grpc.MethodDescriptor<polygate.v1.LoadModelRequest,
      polygate.v1.LoadModelResponse> getLoadModelMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "LoadModel",
      requestType = polygate.v1.LoadModelRequest.class,
      responseType = polygate.v1.LoadModelResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.LoadModelRequest,
      polygate.v1.LoadModelResponse> getLoadModelMethod() {
    io.grpc.MethodDescriptor<polygate.v1.LoadModelRequest, polygate.v1.LoadModelResponse> getLoadModelMethod;
    if ((getLoadModelMethod = ModelsServiceGrpc.getLoadModelMethod) == null) {
      synchronized (ModelsServiceGrpc.class) {
        if ((getLoadModelMethod = ModelsServiceGrpc.getLoadModelMethod) == null) {
          ModelsServiceGrpc.getLoadModelMethod = getLoadModelMethod =
              io.grpc.MethodDescriptor.<polygate.v1.LoadModelRequest, polygate.v1.LoadModelResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "LoadModel"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.LoadModelRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.LoadModelResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ModelsServiceMethodDescriptorSupplier("LoadModel"))
              .build();
        }
      }
    }
    return getLoadModelMethod;
  }

  private static volatile io.grpc.MethodDescriptor<polygate.v1.UnloadModelRequest,
      polygate.v1.UnloadModelResponse> getUnloadModelMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "UnloadModel",
      requestType = polygate.v1.UnloadModelRequest.class,
      responseType = polygate.v1.UnloadModelResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.UnloadModelRequest,
      polygate.v1.UnloadModelResponse> getUnloadModelMethod() {
    io.grpc.MethodDescriptor<polygate.v1.UnloadModelRequest, polygate.v1.UnloadModelResponse> getUnloadModelMethod;
    if ((getUnloadModelMethod = ModelsServiceGrpc.getUnloadModelMethod) == null) {
      synchronized (ModelsServiceGrpc.class) {
        if ((getUnloadModelMethod = ModelsServiceGrpc.getUnloadModelMethod) == null) {
          ModelsServiceGrpc.getUnloadModelMethod = getUnloadModelMethod =
              io.grpc.MethodDescriptor.<polygate.v1.UnloadModelRequest, polygate.v1.UnloadModelResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "UnloadModel"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.UnloadModelRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.UnloadModelResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ModelsServiceMethodDescriptorSupplier("UnloadModel"))
              .build();
        }
      }
    }
    return getUnloadModelMethod;
  }

  private static volatile io.grpc.MethodDescriptor<polygate.v1.ReloadModelRequest,
      polygate.v1.ReloadModelResponse> getReloadModelMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ReloadModel",
      requestType = polygate.v1.ReloadModelRequest.class,
      responseType = polygate.v1.ReloadModelResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.ReloadModelRequest,
      polygate.v1.ReloadModelResponse> getReloadModelMethod() {
    io.grpc.MethodDescriptor<polygate.v1.ReloadModelRequest, polygate.v1.ReloadModelResponse> getReloadModelMethod;
    if ((getReloadModelMethod = ModelsServiceGrpc.getReloadModelMethod) == null) {
      synchronized (ModelsServiceGrpc.class) {
        if ((getReloadModelMethod = ModelsServiceGrpc.getReloadModelMethod) == null) {
          ModelsServiceGrpc.getReloadModelMethod = getReloadModelMethod =
              io.grpc.MethodDescriptor.<polygate.v1.ReloadModelRequest, polygate.v1.ReloadModelResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ReloadModel"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.ReloadModelRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.ReloadModelResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ModelsServiceMethodDescriptorSupplier("ReloadModel"))
              .build();
        }
      }
    }
    return getReloadModelMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static ModelsServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<ModelsServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<ModelsServiceStub>() {
        @java.lang.Override
        public ModelsServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new ModelsServiceStub(channel, callOptions);
        }
      };
    return ModelsServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static ModelsServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<ModelsServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<ModelsServiceBlockingV2Stub>() {
        @java.lang.Override
        public ModelsServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new ModelsServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return ModelsServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static ModelsServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<ModelsServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<ModelsServiceBlockingStub>() {
        @java.lang.Override
        public ModelsServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new ModelsServiceBlockingStub(channel, callOptions);
        }
      };
    return ModelsServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static ModelsServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<ModelsServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<ModelsServiceFutureStub>() {
        @java.lang.Override
        public ModelsServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new ModelsServiceFutureStub(channel, callOptions);
        }
      };
    return ModelsServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * Lists and loads models.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * Every model, of every backend.
     * </pre>
     */
    default void listModels(polygate.v1.ListModelsRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.ListModelsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListModelsMethod(), responseObserver);
    }

    /**
     * <pre>
     * The names of all models, grouped by the kind of their backend.
     * </pre>
     */
    default void listModelsByBackend(polygate.v1.ListModelsByBackendRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.ListModelsByBackendResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListModelsByBackendMethod(), responseObserver);
    }

    /**
     * <pre>
     * One model; NOT_FOUND when there is none of that name.
     * </pre>
     */
    default void getModel(polygate.v1.GetModelRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.Model> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetModelMethod(), responseObserver);
    }

    /**
     * <pre>
     * Loads a model of the repository that is not loaded.
     * </pre>
     */
    default void loadModel(polygate.v1.LoadModelRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.LoadModelResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getLoadModelMethod(), responseObserver);
    }

    /**
     * <pre>
     * Unloads a model; active calls end first.
     * </pre>
     */
    default void unloadModel(polygate.v1.UnloadModelRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.UnloadModelResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getUnloadModelMethod(), responseObserver);
    }

    /**
     * <pre>
     * Reads a model again from the repository; the old one serves until the new one is ready, and
     * goes on serving when that fails.
     * </pre>
     */
    default void reloadModel(polygate.v1.ReloadModelRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.ReloadModelResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getReloadModelMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service ModelsService.
   * <pre>
   * Lists and loads models.
   * </pre>
   */
  public static abstract class ModelsServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return ModelsServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service ModelsService.
   * <pre>
   * Lists and loads models.
   * </pre>
   */
  public static final class ModelsServiceStub
      extends io.grpc.stub.AbstractAsyncStub<ModelsServiceStub> {
    private ModelsServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected ModelsServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new ModelsServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * Every model, of every backend.
     * </pre>
     */
    public void listModels(polygate.v1.ListModelsRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.ListModelsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListModelsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * The names of all models, grouped by the kind of their backend.
     * </pre>
     */
    public void listModelsByBackend(polygate.v1.ListModelsByBackendRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.ListModelsByBackendResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListModelsByBackendMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * One model; NOT_FOUND when there is none of that name.
     * </pre>
     */
    public void getModel(polygate.v1.GetModelRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.Model> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetModelMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Loads a model of the repository that is not loaded.
     * </pre>
     */
    public void loadModel(polygate.v1.LoadModelRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.LoadModelResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getLoadModelMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Unloads a model; active calls end first.
     * </pre>
     */
    public void unloadModel(polygate.v1.UnloadModelRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.UnloadModelResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getUnloadModelMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Reads a model again from the repository; the old one serves until the new one is ready, and
     * goes on serving when that fails.
     * </pre>
     */
    public void reloadModel(polygate.v1.ReloadModelRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.ReloadModelResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getReloadModelMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service ModelsService.
   * <pre>
   * Lists and loads models.
   * </pre>
   */
  public static final class ModelsServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<ModelsServiceBlockingV2Stub> {
    private ModelsServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected ModelsServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new ModelsServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * Every model, of every backend.
     * </pre>
     */
    public polygate.v1.ListModelsResponse listModels(polygate.v1.ListModelsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListModelsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * The names of all models, grouped by the kind of their backend.
     * </pre>
     */
    public polygate.v1.ListModelsByBackendResponse listModelsByBackend(polygate.v1.ListModelsByBackendRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListModelsByBackendMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * One model; NOT_FOUND when there is none of that name.
     * </pre>
     */
    public polygate.v1.Model getModel(polygate.v1.GetModelRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetModelMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Loads a model of the repository that is not loaded.
     * </pre>
     */
    public polygate.v1.LoadModelResponse loadModel(polygate.v1.LoadModelRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getLoadModelMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Unloads a model; active calls end first.
     * </pre>
     */
    public polygate.v1.UnloadModelResponse unloadModel(polygate.v1.UnloadModelRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getUnloadModelMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Reads a model again from the repository; the old one serves until the new one is ready, and
     * goes on serving when that fails.
     * </pre>
     */
    public polygate.v1.ReloadModelResponse reloadModel(polygate.v1.ReloadModelRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getReloadModelMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service ModelsService.
   * <pre>
   * Lists and loads models.
   * </pre>
   */
  public static final class ModelsServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<ModelsServiceBlockingStub> {
    private ModelsServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected ModelsServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new ModelsServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * Every model, of every backend.
     * </pre>
     */
    public polygate.v1.ListModelsResponse listModels(polygate.v1.ListModelsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListModelsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * The names of all models, grouped by the kind of their backend.
     * </pre>
     */
    public polygate.v1.ListModelsByBackendResponse listModelsByBackend(polygate.v1.ListModelsByBackendRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListModelsByBackendMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * One model; NOT_FOUND when there is none of that name.
     * </pre>
     */
    public polygate.v1.Model getModel(polygate.v1.GetModelRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetModelMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Loads a model of the repository that is not loaded.
     * </pre>
     */
    public polygate.v1.LoadModelResponse loadModel(polygate.v1.LoadModelRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getLoadModelMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Unloads a model; active calls end first.
     * </pre>
     */
    public polygate.v1.UnloadModelResponse unloadModel(polygate.v1.UnloadModelRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getUnloadModelMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Reads a model again from the repository; the old one serves until the new one is ready, and
     * goes on serving when that fails.
     * </pre>
     */
    public polygate.v1.ReloadModelResponse reloadModel(polygate.v1.ReloadModelRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getReloadModelMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service ModelsService.
   * <pre>
   * Lists and loads models.
   * </pre>
   */
  public static final class ModelsServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<ModelsServiceFutureStub> {
    private ModelsServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected ModelsServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new ModelsServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * Every model, of every backend.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.ListModelsResponse> listModels(
        polygate.v1.ListModelsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListModelsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * The names of all models, grouped by the kind of their backend.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.ListModelsByBackendResponse> listModelsByBackend(
        polygate.v1.ListModelsByBackendRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListModelsByBackendMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * One model; NOT_FOUND when there is none of that name.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.Model> getModel(
        polygate.v1.GetModelRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetModelMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Loads a model of the repository that is not loaded.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.LoadModelResponse> loadModel(
        polygate.v1.LoadModelRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getLoadModelMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Unloads a model; active calls end first.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.UnloadModelResponse> unloadModel(
        polygate.v1.UnloadModelRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getUnloadModelMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Reads a model again from the repository; the old one serves until the new one is ready, and
     * goes on serving when that fails.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.ReloadModelResponse> reloadModel(
        polygate.v1.ReloadModelRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getReloadModelMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_LIST_MODELS = 0;
  private static final int METHODID_LIST_MODELS_BY_BACKEND = 1;
  private static final int METHODID_GET_MODEL = 2;
  private static final int METHODID_LOAD_MODEL = 3;
  private static final int METHODID_UNLOAD_MODEL = 4;
  private static final int METHODID_RELOAD_MODEL = 5;

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
        case METHODID_LIST_MODELS:
          serviceImpl.listModels((polygate.v1.ListModelsRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.ListModelsResponse>) responseObserver);
          break;
        case METHODID_LIST_MODELS_BY_BACKEND:
          serviceImpl.listModelsByBackend((polygate.v1.ListModelsByBackendRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.ListModelsByBackendResponse>) responseObserver);
          break;
        case METHODID_GET_MODEL:
          serviceImpl.getModel((polygate.v1.GetModelRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.Model>) responseObserver);
          break;
        case METHODID_LOAD_MODEL:
          serviceImpl.loadModel((polygate.v1.LoadModelRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.LoadModelResponse>) responseObserver);
          break;
        case METHODID_UNLOAD_MODEL:
          serviceImpl.unloadModel((polygate.v1.UnloadModelRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.UnloadModelResponse>) responseObserver);
          break;
        case METHODID_RELOAD_MODEL:
          serviceImpl.reloadModel((polygate.v1.ReloadModelRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.ReloadModelResponse>) responseObserver);
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
          getListModelsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.ListModelsRequest,
              polygate.v1.ListModelsResponse>(
                service, METHODID_LIST_MODELS)))
        .addMethod(
          getListModelsByBackendMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.ListModelsByBackendRequest,
              polygate.v1.ListModelsByBackendResponse>(
                service, METHODID_LIST_MODELS_BY_BACKEND)))
        .addMethod(
          getGetModelMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.GetModelRequest,
              polygate.v1.Model>(
                service, METHODID_GET_MODEL)))
        .addMethod(
          getLoadModelMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.LoadModelRequest,
              polygate.v1.LoadModelResponse>(
                service, METHODID_LOAD_MODEL)))
        .addMethod(
          getUnloadModelMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.UnloadModelRequest,
              polygate.v1.UnloadModelResponse>(
                service, METHODID_UNLOAD_MODEL)))
        .addMethod(
          getReloadModelMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.ReloadModelRequest,
              polygate.v1.ReloadModelResponse>(
                service, METHODID_RELOAD_MODEL)))
        .build();
  }

  private static abstract class ModelsServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    ModelsServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return polygate.v1.ModelsProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("ModelsService");
    }
  }

  private static final class ModelsServiceFileDescriptorSupplier
      extends ModelsServiceBaseDescriptorSupplier {
    ModelsServiceFileDescriptorSupplier() {}
  }

  private static final class ModelsServiceMethodDescriptorSupplier
      extends ModelsServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    ModelsServiceMethodDescriptorSupplier(java.lang.String methodName) {
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
      synchronized (ModelsServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new ModelsServiceFileDescriptorSupplier())
              .addMethod(getListModelsMethod())
              .addMethod(getListModelsByBackendMethod())
              .addMethod(getGetModelMethod())
              .addMethod(getLoadModelMethod())
              .addMethod(getUnloadModelMethod())
              .addMethod(getReloadModelMethod())
              .build();
        }
      }
    }
    return result;
  }
}
