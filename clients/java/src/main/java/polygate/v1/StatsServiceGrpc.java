package polygate.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * Reports what the gateway has done, and what it is likely to be asked.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class StatsServiceGrpc {

  private StatsServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "polygate.v1.StatsService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<polygate.v1.GetStatsRequest,
      polygate.v1.GetStatsResponse> getGetStatsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetStats",
      requestType = polygate.v1.GetStatsRequest.class,
      responseType = polygate.v1.GetStatsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.GetStatsRequest,
      polygate.v1.GetStatsResponse> getGetStatsMethod() {
    io.grpc.MethodDescriptor<polygate.v1.GetStatsRequest, polygate.v1.GetStatsResponse> getGetStatsMethod;
    if ((getGetStatsMethod = StatsServiceGrpc.getGetStatsMethod) == null) {
      synchronized (StatsServiceGrpc.class) {
        if ((getGetStatsMethod = StatsServiceGrpc.getGetStatsMethod) == null) {
          StatsServiceGrpc.getGetStatsMethod = getGetStatsMethod =
              io.grpc.MethodDescriptor.<polygate.v1.GetStatsRequest, polygate.v1.GetStatsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetStats"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.GetStatsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.GetStatsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new StatsServiceMethodDescriptorSupplier("GetStats"))
              .build();
        }
      }
    }
    return getGetStatsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<polygate.v1.WatchStatsRequest,
      polygate.v1.WatchStatsResponse> getWatchStatsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "WatchStats",
      requestType = polygate.v1.WatchStatsRequest.class,
      responseType = polygate.v1.WatchStatsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
  public static io.grpc.MethodDescriptor<polygate.v1.WatchStatsRequest,
      polygate.v1.WatchStatsResponse> getWatchStatsMethod() {
    io.grpc.MethodDescriptor<polygate.v1.WatchStatsRequest, polygate.v1.WatchStatsResponse> getWatchStatsMethod;
    if ((getWatchStatsMethod = StatsServiceGrpc.getWatchStatsMethod) == null) {
      synchronized (StatsServiceGrpc.class) {
        if ((getWatchStatsMethod = StatsServiceGrpc.getWatchStatsMethod) == null) {
          StatsServiceGrpc.getWatchStatsMethod = getWatchStatsMethod =
              io.grpc.MethodDescriptor.<polygate.v1.WatchStatsRequest, polygate.v1.WatchStatsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "WatchStats"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.WatchStatsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.WatchStatsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new StatsServiceMethodDescriptorSupplier("WatchStats"))
              .build();
        }
      }
    }
    return getWatchStatsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<polygate.v1.GetPerformanceRequest,
      polygate.v1.GetPerformanceResponse> getGetPerformanceMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetPerformance",
      requestType = polygate.v1.GetPerformanceRequest.class,
      responseType = polygate.v1.GetPerformanceResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.GetPerformanceRequest,
      polygate.v1.GetPerformanceResponse> getGetPerformanceMethod() {
    io.grpc.MethodDescriptor<polygate.v1.GetPerformanceRequest, polygate.v1.GetPerformanceResponse> getGetPerformanceMethod;
    if ((getGetPerformanceMethod = StatsServiceGrpc.getGetPerformanceMethod) == null) {
      synchronized (StatsServiceGrpc.class) {
        if ((getGetPerformanceMethod = StatsServiceGrpc.getGetPerformanceMethod) == null) {
          StatsServiceGrpc.getGetPerformanceMethod = getGetPerformanceMethod =
              io.grpc.MethodDescriptor.<polygate.v1.GetPerformanceRequest, polygate.v1.GetPerformanceResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetPerformance"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.GetPerformanceRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.GetPerformanceResponse.getDefaultInstance()))
              .setSchemaDescriptor(new StatsServiceMethodDescriptorSupplier("GetPerformance"))
              .build();
        }
      }
    }
    return getGetPerformanceMethod;
  }

  private static volatile io.grpc.MethodDescriptor<polygate.v1.GetHistoryRequest,
      polygate.v1.GetHistoryResponse> getGetHistoryMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetHistory",
      requestType = polygate.v1.GetHistoryRequest.class,
      responseType = polygate.v1.GetHistoryResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.GetHistoryRequest,
      polygate.v1.GetHistoryResponse> getGetHistoryMethod() {
    io.grpc.MethodDescriptor<polygate.v1.GetHistoryRequest, polygate.v1.GetHistoryResponse> getGetHistoryMethod;
    if ((getGetHistoryMethod = StatsServiceGrpc.getGetHistoryMethod) == null) {
      synchronized (StatsServiceGrpc.class) {
        if ((getGetHistoryMethod = StatsServiceGrpc.getGetHistoryMethod) == null) {
          StatsServiceGrpc.getGetHistoryMethod = getGetHistoryMethod =
              io.grpc.MethodDescriptor.<polygate.v1.GetHistoryRequest, polygate.v1.GetHistoryResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetHistory"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.GetHistoryRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.GetHistoryResponse.getDefaultInstance()))
              .setSchemaDescriptor(new StatsServiceMethodDescriptorSupplier("GetHistory"))
              .build();
        }
      }
    }
    return getGetHistoryMethod;
  }

  private static volatile io.grpc.MethodDescriptor<polygate.v1.GetForecastRequest,
      polygate.v1.GetForecastResponse> getGetForecastMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetForecast",
      requestType = polygate.v1.GetForecastRequest.class,
      responseType = polygate.v1.GetForecastResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.GetForecastRequest,
      polygate.v1.GetForecastResponse> getGetForecastMethod() {
    io.grpc.MethodDescriptor<polygate.v1.GetForecastRequest, polygate.v1.GetForecastResponse> getGetForecastMethod;
    if ((getGetForecastMethod = StatsServiceGrpc.getGetForecastMethod) == null) {
      synchronized (StatsServiceGrpc.class) {
        if ((getGetForecastMethod = StatsServiceGrpc.getGetForecastMethod) == null) {
          StatsServiceGrpc.getGetForecastMethod = getGetForecastMethod =
              io.grpc.MethodDescriptor.<polygate.v1.GetForecastRequest, polygate.v1.GetForecastResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetForecast"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.GetForecastRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.GetForecastResponse.getDefaultInstance()))
              .setSchemaDescriptor(new StatsServiceMethodDescriptorSupplier("GetForecast"))
              .build();
        }
      }
    }
    return getGetForecastMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static StatsServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<StatsServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<StatsServiceStub>() {
        @java.lang.Override
        public StatsServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new StatsServiceStub(channel, callOptions);
        }
      };
    return StatsServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static StatsServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<StatsServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<StatsServiceBlockingV2Stub>() {
        @java.lang.Override
        public StatsServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new StatsServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return StatsServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static StatsServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<StatsServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<StatsServiceBlockingStub>() {
        @java.lang.Override
        public StatsServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new StatsServiceBlockingStub(channel, callOptions);
        }
      };
    return StatsServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static StatsServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<StatsServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<StatsServiceFutureStub>() {
        @java.lang.Override
        public StatsServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new StatsServiceFutureStub(channel, callOptions);
        }
      };
    return StatsServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * Reports what the gateway has done, and what it is likely to be asked.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * Totals since start.
     * </pre>
     */
    default void getStats(polygate.v1.GetStatsRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.GetStatsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetStatsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Totals, sent repeatedly.
     * </pre>
     */
    default void watchStats(polygate.v1.WatchStatsRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.WatchStatsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getWatchStatsMethod(), responseObserver);
    }

    /**
     * <pre>
     * What providers and models did in the last hours, summed up.
     * </pre>
     */
    default void getPerformance(polygate.v1.GetPerformanceRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.GetPerformanceResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetPerformanceMethod(), responseObserver);
    }

    /**
     * <pre>
     * What providers or models did in the last hours, step by step, for charts.
     * </pre>
     */
    default void getHistory(polygate.v1.GetHistoryRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.GetHistoryResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetHistoryMethod(), responseObserver);
    }

    /**
     * <pre>
     * What providers or models are likely to be asked in the next hours, and how far that may be trusted.
     * </pre>
     */
    default void getForecast(polygate.v1.GetForecastRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.GetForecastResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetForecastMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service StatsService.
   * <pre>
   * Reports what the gateway has done, and what it is likely to be asked.
   * </pre>
   */
  public static abstract class StatsServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return StatsServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service StatsService.
   * <pre>
   * Reports what the gateway has done, and what it is likely to be asked.
   * </pre>
   */
  public static final class StatsServiceStub
      extends io.grpc.stub.AbstractAsyncStub<StatsServiceStub> {
    private StatsServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected StatsServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new StatsServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * Totals since start.
     * </pre>
     */
    public void getStats(polygate.v1.GetStatsRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.GetStatsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetStatsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Totals, sent repeatedly.
     * </pre>
     */
    public void watchStats(polygate.v1.WatchStatsRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.WatchStatsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncServerStreamingCall(
          getChannel().newCall(getWatchStatsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * What providers and models did in the last hours, summed up.
     * </pre>
     */
    public void getPerformance(polygate.v1.GetPerformanceRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.GetPerformanceResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetPerformanceMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * What providers or models did in the last hours, step by step, for charts.
     * </pre>
     */
    public void getHistory(polygate.v1.GetHistoryRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.GetHistoryResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetHistoryMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * What providers or models are likely to be asked in the next hours, and how far that may be trusted.
     * </pre>
     */
    public void getForecast(polygate.v1.GetForecastRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.GetForecastResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetForecastMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service StatsService.
   * <pre>
   * Reports what the gateway has done, and what it is likely to be asked.
   * </pre>
   */
  public static final class StatsServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<StatsServiceBlockingV2Stub> {
    private StatsServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected StatsServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new StatsServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * Totals since start.
     * </pre>
     */
    public polygate.v1.GetStatsResponse getStats(polygate.v1.GetStatsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetStatsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Totals, sent repeatedly.
     * </pre>
     */
    @io.grpc.ExperimentalApi("https://github.com/grpc/grpc-java/issues/10918")
    public io.grpc.stub.BlockingClientCall<?, polygate.v1.WatchStatsResponse>
        watchStats(polygate.v1.WatchStatsRequest request) {
      return io.grpc.stub.ClientCalls.blockingV2ServerStreamingCall(
          getChannel(), getWatchStatsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * What providers and models did in the last hours, summed up.
     * </pre>
     */
    public polygate.v1.GetPerformanceResponse getPerformance(polygate.v1.GetPerformanceRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetPerformanceMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * What providers or models did in the last hours, step by step, for charts.
     * </pre>
     */
    public polygate.v1.GetHistoryResponse getHistory(polygate.v1.GetHistoryRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetHistoryMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * What providers or models are likely to be asked in the next hours, and how far that may be trusted.
     * </pre>
     */
    public polygate.v1.GetForecastResponse getForecast(polygate.v1.GetForecastRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetForecastMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service StatsService.
   * <pre>
   * Reports what the gateway has done, and what it is likely to be asked.
   * </pre>
   */
  public static final class StatsServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<StatsServiceBlockingStub> {
    private StatsServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected StatsServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new StatsServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * Totals since start.
     * </pre>
     */
    public polygate.v1.GetStatsResponse getStats(polygate.v1.GetStatsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetStatsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Totals, sent repeatedly.
     * </pre>
     */
    public java.util.Iterator<polygate.v1.WatchStatsResponse> watchStats(
        polygate.v1.WatchStatsRequest request) {
      return io.grpc.stub.ClientCalls.blockingServerStreamingCall(
          getChannel(), getWatchStatsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * What providers and models did in the last hours, summed up.
     * </pre>
     */
    public polygate.v1.GetPerformanceResponse getPerformance(polygate.v1.GetPerformanceRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetPerformanceMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * What providers or models did in the last hours, step by step, for charts.
     * </pre>
     */
    public polygate.v1.GetHistoryResponse getHistory(polygate.v1.GetHistoryRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetHistoryMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * What providers or models are likely to be asked in the next hours, and how far that may be trusted.
     * </pre>
     */
    public polygate.v1.GetForecastResponse getForecast(polygate.v1.GetForecastRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetForecastMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service StatsService.
   * <pre>
   * Reports what the gateway has done, and what it is likely to be asked.
   * </pre>
   */
  public static final class StatsServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<StatsServiceFutureStub> {
    private StatsServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected StatsServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new StatsServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * Totals since start.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.GetStatsResponse> getStats(
        polygate.v1.GetStatsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetStatsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * What providers and models did in the last hours, summed up.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.GetPerformanceResponse> getPerformance(
        polygate.v1.GetPerformanceRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetPerformanceMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * What providers or models did in the last hours, step by step, for charts.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.GetHistoryResponse> getHistory(
        polygate.v1.GetHistoryRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetHistoryMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * What providers or models are likely to be asked in the next hours, and how far that may be trusted.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.GetForecastResponse> getForecast(
        polygate.v1.GetForecastRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetForecastMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_GET_STATS = 0;
  private static final int METHODID_WATCH_STATS = 1;
  private static final int METHODID_GET_PERFORMANCE = 2;
  private static final int METHODID_GET_HISTORY = 3;
  private static final int METHODID_GET_FORECAST = 4;

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
        case METHODID_GET_STATS:
          serviceImpl.getStats((polygate.v1.GetStatsRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.GetStatsResponse>) responseObserver);
          break;
        case METHODID_WATCH_STATS:
          serviceImpl.watchStats((polygate.v1.WatchStatsRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.WatchStatsResponse>) responseObserver);
          break;
        case METHODID_GET_PERFORMANCE:
          serviceImpl.getPerformance((polygate.v1.GetPerformanceRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.GetPerformanceResponse>) responseObserver);
          break;
        case METHODID_GET_HISTORY:
          serviceImpl.getHistory((polygate.v1.GetHistoryRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.GetHistoryResponse>) responseObserver);
          break;
        case METHODID_GET_FORECAST:
          serviceImpl.getForecast((polygate.v1.GetForecastRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.GetForecastResponse>) responseObserver);
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
          getGetStatsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.GetStatsRequest,
              polygate.v1.GetStatsResponse>(
                service, METHODID_GET_STATS)))
        .addMethod(
          getWatchStatsMethod(),
          io.grpc.stub.ServerCalls.asyncServerStreamingCall(
            new MethodHandlers<
              polygate.v1.WatchStatsRequest,
              polygate.v1.WatchStatsResponse>(
                service, METHODID_WATCH_STATS)))
        .addMethod(
          getGetPerformanceMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.GetPerformanceRequest,
              polygate.v1.GetPerformanceResponse>(
                service, METHODID_GET_PERFORMANCE)))
        .addMethod(
          getGetHistoryMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.GetHistoryRequest,
              polygate.v1.GetHistoryResponse>(
                service, METHODID_GET_HISTORY)))
        .addMethod(
          getGetForecastMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.GetForecastRequest,
              polygate.v1.GetForecastResponse>(
                service, METHODID_GET_FORECAST)))
        .build();
  }

  private static abstract class StatsServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    StatsServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return polygate.v1.StatsProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("StatsService");
    }
  }

  private static final class StatsServiceFileDescriptorSupplier
      extends StatsServiceBaseDescriptorSupplier {
    StatsServiceFileDescriptorSupplier() {}
  }

  private static final class StatsServiceMethodDescriptorSupplier
      extends StatsServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    StatsServiceMethodDescriptorSupplier(java.lang.String methodName) {
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
      synchronized (StatsServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new StatsServiceFileDescriptorSupplier())
              .addMethod(getGetStatsMethod())
              .addMethod(getWatchStatsMethod())
              .addMethod(getGetPerformanceMethod())
              .addMethod(getGetHistoryMethod())
              .addMethod(getGetForecastMethod())
              .build();
        }
      }
    }
    return result;
  }
}
