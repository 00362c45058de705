package polygate.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * Shows recent calls of every surface, kept in memory within bounds: of each second 500 that succeeded
 * and 500 that failed. Calls that only look at the gateway, such as these, are not among them.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class RequestsServiceGrpc {

  private RequestsServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "polygate.v1.RequestsService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<polygate.v1.ListRequestsRequest,
      polygate.v1.ListRequestsResponse> getListRequestsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListRequests",
      requestType = polygate.v1.ListRequestsRequest.class,
      responseType = polygate.v1.ListRequestsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.ListRequestsRequest,
      polygate.v1.ListRequestsResponse> getListRequestsMethod() {
    io.grpc.MethodDescriptor<polygate.v1.ListRequestsRequest, polygate.v1.ListRequestsResponse> getListRequestsMethod;
    if ((getListRequestsMethod = RequestsServiceGrpc.getListRequestsMethod) == null) {
      synchronized (RequestsServiceGrpc.class) {
        if ((getListRequestsMethod = RequestsServiceGrpc.getListRequestsMethod) == null) {
          RequestsServiceGrpc.getListRequestsMethod = getListRequestsMethod =
              io.grpc.MethodDescriptor.<polygate.v1.ListRequestsRequest, polygate.v1.ListRequestsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListRequests"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.ListRequestsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.ListRequestsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new RequestsServiceMethodDescriptorSupplier("ListRequests"))
              .build();
        }
      }
    }
    return getListRequestsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<polygate.v1.GetRequestRequest,
      polygate.v1.GetRequestResponse> getGetRequestMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetRequest",
      requestType = polygate.v1.GetRequestRequest.class,
      responseType = polygate.v1.GetRequestResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.GetRequestRequest,
      polygate.v1.GetRequestResponse> getGetRequestMethod() {
    io.grpc.MethodDescriptor<polygate.v1.GetRequestRequest, polygate.v1.GetRequestResponse> getGetRequestMethod;
    if ((getGetRequestMethod = RequestsServiceGrpc.getGetRequestMethod) == null) {
      synchronized (RequestsServiceGrpc.class) {
        if ((getGetRequestMethod = RequestsServiceGrpc.getGetRequestMethod) == null) {
          RequestsServiceGrpc.getGetRequestMethod = getGetRequestMethod =
              io.grpc.MethodDescriptor.<polygate.v1.GetRequestRequest, polygate.v1.GetRequestResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetRequest"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.GetRequestRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.GetRequestResponse.getDefaultInstance()))
              .setSchemaDescriptor(new RequestsServiceMethodDescriptorSupplier("GetRequest"))
              .build();
        }
      }
    }
    return getGetRequestMethod;
  }

  private static volatile io.grpc.MethodDescriptor<polygate.v1.WatchRequestsRequest,
      polygate.v1.WatchRequestsResponse> getWatchRequestsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "WatchRequests",
      requestType = polygate.v1.WatchRequestsRequest.class,
      responseType = polygate.v1.WatchRequestsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
  public static io.grpc.MethodDescriptor<polygate.v1.WatchRequestsRequest,
      polygate.v1.WatchRequestsResponse> getWatchRequestsMethod() {
    io.grpc.MethodDescriptor<polygate.v1.WatchRequestsRequest, polygate.v1.WatchRequestsResponse> getWatchRequestsMethod;
    if ((getWatchRequestsMethod = RequestsServiceGrpc.getWatchRequestsMethod) == null) {
      synchronized (RequestsServiceGrpc.class) {
        if ((getWatchRequestsMethod = RequestsServiceGrpc.getWatchRequestsMethod) == null) {
          RequestsServiceGrpc.getWatchRequestsMethod = getWatchRequestsMethod =
              io.grpc.MethodDescriptor.<polygate.v1.WatchRequestsRequest, polygate.v1.WatchRequestsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "WatchRequests"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.WatchRequestsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.WatchRequestsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new RequestsServiceMethodDescriptorSupplier("WatchRequests"))
              .build();
        }
      }
    }
    return getWatchRequestsMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static RequestsServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<RequestsServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<RequestsServiceStub>() {
        @java.lang.Override
        public RequestsServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new RequestsServiceStub(channel, callOptions);
        }
      };
    return RequestsServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static RequestsServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<RequestsServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<RequestsServiceBlockingV2Stub>() {
        @java.lang.Override
        public RequestsServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new RequestsServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return RequestsServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static RequestsServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<RequestsServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<RequestsServiceBlockingStub>() {
        @java.lang.Override
        public RequestsServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new RequestsServiceBlockingStub(channel, callOptions);
        }
      };
    return RequestsServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static RequestsServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<RequestsServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<RequestsServiceFutureStub>() {
        @java.lang.Override
        public RequestsServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new RequestsServiceFutureStub(channel, callOptions);
        }
      };
    return RequestsServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * Shows recent calls of every surface, kept in memory within bounds: of each second 500 that succeeded
   * and 500 that failed. Calls that only look at the gateway, such as these, are not among them.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * Recent calls, newest first.
     * </pre>
     */
    default void listRequests(polygate.v1.ListRequestsRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.ListRequestsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListRequestsMethod(), responseObserver);
    }

    /**
     * <pre>
     * One call with its tries and why each went where it did; NOT_FOUND when it is not kept any more. Of
     * several calls of one id the newest.
     * </pre>
     */
    default void getRequest(polygate.v1.GetRequestRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.GetRequestResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetRequestMethod(), responseObserver);
    }

    /**
     * <pre>
     * Calls as they end. The first message comes at once, without a call.
     * </pre>
     */
    default void watchRequests(polygate.v1.WatchRequestsRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.WatchRequestsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getWatchRequestsMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service RequestsService.
   * <pre>
   * Shows recent calls of every surface, kept in memory within bounds: of each second 500 that succeeded
   * and 500 that failed. Calls that only look at the gateway, such as these, are not among them.
   * </pre>
   */
  public static abstract class RequestsServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return RequestsServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service RequestsService.
   * <pre>
   * Shows recent calls of every surface, kept in memory within bounds: of each second 500 that succeeded
   * and 500 that failed. Calls that only look at the gateway, such as these, are not among them.
   * </pre>
   */
  public static final class RequestsServiceStub
      extends io.grpc.stub.AbstractAsyncStub<RequestsServiceStub> {
    private RequestsServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected RequestsServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new RequestsServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * Recent calls, newest first.
     * </pre>
     */
    public void listRequests(polygate.v1.ListRequestsRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.ListRequestsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListRequestsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * One call with its tries and why each went where it did; NOT_FOUND when it is not kept any more. Of
     * several calls of one id the newest.
     * </pre>
     */
    public void getRequest(polygate.v1.GetRequestRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.GetRequestResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetRequestMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Calls as they end. The first message comes at once, without a call.
     * </pre>
     */
    public void watchRequests(polygate.v1.WatchRequestsRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.WatchRequestsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncServerStreamingCall(
          getChannel().newCall(getWatchRequestsMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service RequestsService.
   * <pre>
   * Shows recent calls of every surface, kept in memory within bounds: of each second 500 that succeeded
   * and 500 that failed. Calls that only look at the gateway, such as these, are not among them.
   * </pre>
   */
  public static final class RequestsServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<RequestsServiceBlockingV2Stub> {
    private RequestsServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected RequestsServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new RequestsServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * Recent calls, newest first.
     * </pre>
     */
    public polygate.v1.ListRequestsResponse listRequests(polygate.v1.ListRequestsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListRequestsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * One call with its tries and why each went where it did; NOT_FOUND when it is not kept any more. Of
     * several calls of one id the newest.
     * </pre>
     */
    public polygate.v1.GetRequestResponse getRequest(polygate.v1.GetRequestRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetRequestMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Calls as they end. The first message comes at once, without a call.
     * </pre>
     */
    @io.grpc.ExperimentalApi("https://github.com/grpc/grpc-java/issues/10918")
    public io.grpc.stub.BlockingClientCall<?, polygate.v1.WatchRequestsResponse>
        watchRequests(polygate.v1.WatchRequestsRequest request) {
      return io.grpc.stub.ClientCalls.blockingV2ServerStreamingCall(
          getChannel(), getWatchRequestsMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service RequestsService.
   * <pre>
   * Shows recent calls of every surface, kept in memory within bounds: of each second 500 that succeeded
   * and 500 that failed. Calls that only look at the gateway, such as these, are not among them.
   * </pre>
   */
  public static final class RequestsServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<RequestsServiceBlockingStub> {
    private RequestsServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected RequestsServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new RequestsServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * Recent calls, newest first.
     * </pre>
     */
    public polygate.v1.ListRequestsResponse listRequests(polygate.v1.ListRequestsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListRequestsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * One call with its tries and why each went where it did; NOT_FOUND when it is not kept any more. Of
     * several calls of one id the newest.
     * </pre>
     */
    public polygate.v1.GetRequestResponse getRequest(polygate.v1.GetRequestRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetRequestMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Calls as they end. The first message comes at once, without a call.
     * </pre>
     */
    public java.util.Iterator<polygate.v1.WatchRequestsResponse> watchRequests(
        polygate.v1.WatchRequestsRequest request) {
      return io.grpc.stub.ClientCalls.blockingServerStreamingCall(
          getChannel(), getWatchRequestsMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service RequestsService.
   * <pre>
   * Shows recent calls of every surface, kept in memory within bounds: of each second 500 that succeeded
   * and 500 that failed. Calls that only look at the gateway, such as these, are not among them.
   * </pre>
   */
  public static final class RequestsServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<RequestsServiceFutureStub> {
    private RequestsServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected RequestsServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new RequestsServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * Recent calls, newest first.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.ListRequestsResponse> listRequests(
        polygate.v1.ListRequestsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListRequestsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * One call with its tries and why each went where it did; NOT_FOUND when it is not kept any more. Of
     * several calls of one id the newest.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.GetRequestResponse> getRequest(
        polygate.v1.GetRequestRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetRequestMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_LIST_REQUESTS = 0;
  private static final int METHODID_GET_REQUEST = 1;
  private static final int METHODID_WATCH_REQUESTS = 2;

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
        case METHODID_LIST_REQUESTS:
          serviceImpl.listRequests((polygate.v1.ListRequestsRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.ListRequestsResponse>) responseObserver);
          break;
        case METHODID_GET_REQUEST:
          serviceImpl.getRequest((polygate.v1.GetRequestRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.GetRequestResponse>) responseObserver);
          break;
        case METHODID_WATCH_REQUESTS:
          serviceImpl.watchRequests((polygate.v1.WatchRequestsRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.WatchRequestsResponse>) responseObserver);
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
          getListRequestsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.ListRequestsRequest,
              polygate.v1.ListRequestsResponse>(
                service, METHODID_LIST_REQUESTS)))
        .addMethod(
          getGetRequestMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.GetRequestRequest,
              polygate.v1.GetRequestResponse>(
                service, METHODID_GET_REQUEST)))
        .addMethod(
          getWatchRequestsMethod(),
          io.grpc.stub.ServerCalls.asyncServerStreamingCall(
            new MethodHandlers<
              polygate.v1.WatchRequestsRequest,
              polygate.v1.WatchRequestsResponse>(
                service, METHODID_WATCH_REQUESTS)))
        .build();
  }

  private static abstract class RequestsServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    RequestsServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return polygate.v1.RequestsProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("RequestsService");
    }
  }

  private static final class RequestsServiceFileDescriptorSupplier
      extends RequestsServiceBaseDescriptorSupplier {
    RequestsServiceFileDescriptorSupplier() {}
  }

  private static final class RequestsServiceMethodDescriptorSupplier
      extends RequestsServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    RequestsServiceMethodDescriptorSupplier(java.lang.String methodName) {
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
      synchronized (RequestsServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new RequestsServiceFileDescriptorSupplier())
              .addMethod(getListRequestsMethod())
              .addMethod(getGetRequestMethod())
              .addMethod(getWatchRequestsMethod())
              .build();
        }
      }
    }
    return result;
  }
}
