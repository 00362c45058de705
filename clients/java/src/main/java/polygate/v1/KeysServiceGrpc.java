package polygate.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * Makes, shows, changes and revokes keys, and reports what was spent. Keys are kept where auth.key_store
 * says, as hashes: a key itself is in one response alone, that which made it. Those of the settings
 * are the settings' to change.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class KeysServiceGrpc {

  private KeysServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "polygate.v1.KeysService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<polygate.v1.CreateKeyRequest,
      polygate.v1.CreateKeyResponse> getCreateKeyMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "CreateKey",
      requestType = polygate.v1.CreateKeyRequest.class,
      responseType = polygate.v1.CreateKeyResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.CreateKeyRequest,
      polygate.v1.CreateKeyResponse> getCreateKeyMethod() {
    io.grpc.MethodDescriptor<polygate.v1.CreateKeyRequest, polygate.v1.CreateKeyResponse> getCreateKeyMethod;
    if ((getCreateKeyMethod = KeysServiceGrpc.getCreateKeyMethod) == null) {
      synchronized (KeysServiceGrpc.class) {
        if ((getCreateKeyMethod = KeysServiceGrpc.getCreateKeyMethod) == null) {
          KeysServiceGrpc.getCreateKeyMethod = getCreateKeyMethod =
              io.grpc.MethodDescriptor.<polygate.v1.CreateKeyRequest, polygate.v1.CreateKeyResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "CreateKey"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.CreateKeyRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.CreateKeyResponse.getDefaultInstance()))
              .setSchemaDescriptor(new KeysServiceMethodDescriptorSupplier("CreateKey"))
              .build();
        }
      }
    }
    return getCreateKeyMethod;
  }

  private static volatile io.grpc.MethodDescriptor<polygate.v1.ListKeysRequest,
      polygate.v1.ListKeysResponse> getListKeysMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListKeys",
      requestType = polygate.v1.ListKeysRequest.class,
      responseType = polygate.v1.ListKeysResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.ListKeysRequest,
      polygate.v1.ListKeysResponse> getListKeysMethod() {
    io.grpc.MethodDescriptor<polygate.v1.ListKeysRequest, polygate.v1.ListKeysResponse> getListKeysMethod;
    if ((getListKeysMethod = KeysServiceGrpc.getListKeysMethod) == null) {
      synchronized (KeysServiceGrpc.class) {
        if ((getListKeysMethod = KeysServiceGrpc.getListKeysMethod) == null) {
          KeysServiceGrpc.getListKeysMethod = getListKeysMethod =
              io.grpc.MethodDescriptor.<polygate.v1.ListKeysRequest, polygate.v1.ListKeysResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListKeys"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.ListKeysRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.ListKeysResponse.getDefaultInstance()))
              .setSchemaDescriptor(new KeysServiceMethodDescriptorSupplier("ListKeys"))
              .build();
        }
      }
    }
    return getListKeysMethod;
  }

  private static volatile io.grpc.MethodDescriptor<polygate.v1.GetKeyRequest,
      polygate.v1.GetKeyResponse> getGetKeyMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetKey",
      requestType = polygate.v1.GetKeyRequest.class,
      responseType = polygate.v1.GetKeyResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.GetKeyRequest,
      polygate.v1.GetKeyResponse> getGetKeyMethod() {
    io.grpc.MethodDescriptor<polygate.v1.GetKeyRequest, polygate.v1.GetKeyResponse> getGetKeyMethod;
    if ((getGetKeyMethod = KeysServiceGrpc.getGetKeyMethod) == null) {
      synchronized (KeysServiceGrpc.class) {
        if ((getGetKeyMethod = KeysServiceGrpc.getGetKeyMethod) == null) {
          KeysServiceGrpc.getGetKeyMethod = getGetKeyMethod =
              io.grpc.MethodDescriptor.<polygate.v1.GetKeyRequest, polygate.v1.GetKeyResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetKey"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.GetKeyRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.GetKeyResponse.getDefaultInstance()))
              .setSchemaDescriptor(new KeysServiceMethodDescriptorSupplier("GetKey"))
              .build();
        }
      }
    }
    return getGetKeyMethod;
  }

  private static volatile io.grpc.MethodDescriptor<polygate.v1.GetOwnKeyRequest,
      polygate.v1.GetOwnKeyResponse> getGetOwnKeyMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetOwnKey",
      requestType = polygate.v1.GetOwnKeyRequest.class,
      responseType = polygate.v1.GetOwnKeyResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.GetOwnKeyRequest,
      polygate.v1.GetOwnKeyResponse> getGetOwnKeyMethod() {
    io.grpc.MethodDescriptor<polygate.v1.GetOwnKeyRequest, polygate.v1.GetOwnKeyResponse> getGetOwnKeyMethod;
    if ((getGetOwnKeyMethod = KeysServiceGrpc.getGetOwnKeyMethod) == null) {
      synchronized (KeysServiceGrpc.class) {
        if ((getGetOwnKeyMethod = KeysServiceGrpc.getGetOwnKeyMethod) == null) {
          KeysServiceGrpc.getGetOwnKeyMethod = getGetOwnKeyMethod =
              io.grpc.MethodDescriptor.<polygate.v1.GetOwnKeyRequest, polygate.v1.GetOwnKeyResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetOwnKey"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.GetOwnKeyRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.GetOwnKeyResponse.getDefaultInstance()))
              .setSchemaDescriptor(new KeysServiceMethodDescriptorSupplier("GetOwnKey"))
              .build();
        }
      }
    }
    return getGetOwnKeyMethod;
  }

  private static volatile io.grpc.MethodDescriptor<polygate.v1.UpdateKeyRequest,
      polygate.v1.UpdateKeyResponse> getUpdateKeyMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "UpdateKey",
      requestType = polygate.v1.UpdateKeyRequest.class,
      responseType = polygate.v1.UpdateKeyResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.UpdateKeyRequest,
      polygate.v1.UpdateKeyResponse> getUpdateKeyMethod() {
    io.grpc.MethodDescriptor<polygate.v1.UpdateKeyRequest, polygate.v1.UpdateKeyResponse> getUpdateKeyMethod;
    if ((getUpdateKeyMethod = KeysServiceGrpc.getUpdateKeyMethod) == null) {
      synchronized (KeysServiceGrpc.class) {
        if ((getUpdateKeyMethod = KeysServiceGrpc.getUpdateKeyMethod) == null) {
          KeysServiceGrpc.getUpdateKeyMethod = getUpdateKeyMethod =
              io.grpc.MethodDescriptor.<polygate.v1.UpdateKeyRequest, polygate.v1.UpdateKeyResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "UpdateKey"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.UpdateKeyRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.UpdateKeyResponse.getDefaultInstance()))
              .setSchemaDescriptor(new KeysServiceMethodDescriptorSupplier("UpdateKey"))
              .build();
        }
      }
    }
    return getUpdateKeyMethod;
  }

  private static volatile io.grpc.MethodDescriptor<polygate.v1.RotateKeyRequest,
      polygate.v1.RotateKeyResponse> getRotateKeyMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "RotateKey",
      requestType = polygate.v1.RotateKeyRequest.class,
      responseType = polygate.v1.RotateKeyResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.RotateKeyRequest,
      polygate.v1.RotateKeyResponse> getRotateKeyMethod() {
    io.grpc.MethodDescriptor<polygate.v1.RotateKeyRequest, polygate.v1.RotateKeyResponse> getRotateKeyMethod;
    if ((getRotateKeyMethod = KeysServiceGrpc.getRotateKeyMethod) == null) {
      synchronized (KeysServiceGrpc.class) {
        if ((getRotateKeyMethod = KeysServiceGrpc.getRotateKeyMethod) == null) {
          KeysServiceGrpc.getRotateKeyMethod = getRotateKeyMethod =
              io.grpc.MethodDescriptor.<polygate.v1.RotateKeyRequest, polygate.v1.RotateKeyResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "RotateKey"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.RotateKeyRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.RotateKeyResponse.getDefaultInstance()))
              .setSchemaDescriptor(new KeysServiceMethodDescriptorSupplier("RotateKey"))
              .build();
        }
      }
    }
    return getRotateKeyMethod;
  }

  private static volatile io.grpc.MethodDescriptor<polygate.v1.RevokeKeyRequest,
      polygate.v1.RevokeKeyResponse> getRevokeKeyMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "RevokeKey",
      requestType = polygate.v1.RevokeKeyRequest.class,
      responseType = polygate.v1.RevokeKeyResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.RevokeKeyRequest,
      polygate.v1.RevokeKeyResponse> getRevokeKeyMethod() {
    io.grpc.MethodDescriptor<polygate.v1.RevokeKeyRequest, polygate.v1.RevokeKeyResponse> getRevokeKeyMethod;
    if ((getRevokeKeyMethod = KeysServiceGrpc.getRevokeKeyMethod) == null) {
      synchronized (KeysServiceGrpc.class) {
        if ((getRevokeKeyMethod = KeysServiceGrpc.getRevokeKeyMethod) == null) {
          KeysServiceGrpc.getRevokeKeyMethod = getRevokeKeyMethod =
              io.grpc.MethodDescriptor.<polygate.v1.RevokeKeyRequest, polygate.v1.RevokeKeyResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "RevokeKey"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.RevokeKeyRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.RevokeKeyResponse.getDefaultInstance()))
              .setSchemaDescriptor(new KeysServiceMethodDescriptorSupplier("RevokeKey"))
              .build();
        }
      }
    }
    return getRevokeKeyMethod;
  }

  private static volatile io.grpc.MethodDescriptor<polygate.v1.GetUsageRequest,
      polygate.v1.GetUsageResponse> getGetUsageMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetUsage",
      requestType = polygate.v1.GetUsageRequest.class,
      responseType = polygate.v1.GetUsageResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<polygate.v1.GetUsageRequest,
      polygate.v1.GetUsageResponse> getGetUsageMethod() {
    io.grpc.MethodDescriptor<polygate.v1.GetUsageRequest, polygate.v1.GetUsageResponse> getGetUsageMethod;
    if ((getGetUsageMethod = KeysServiceGrpc.getGetUsageMethod) == null) {
      synchronized (KeysServiceGrpc.class) {
        if ((getGetUsageMethod = KeysServiceGrpc.getGetUsageMethod) == null) {
          KeysServiceGrpc.getGetUsageMethod = getGetUsageMethod =
              io.grpc.MethodDescriptor.<polygate.v1.GetUsageRequest, polygate.v1.GetUsageResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetUsage"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.GetUsageRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  polygate.v1.GetUsageResponse.getDefaultInstance()))
              .setSchemaDescriptor(new KeysServiceMethodDescriptorSupplier("GetUsage"))
              .build();
        }
      }
    }
    return getGetUsageMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static KeysServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<KeysServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<KeysServiceStub>() {
        @java.lang.Override
        public KeysServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new KeysServiceStub(channel, callOptions);
        }
      };
    return KeysServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static KeysServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<KeysServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<KeysServiceBlockingV2Stub>() {
        @java.lang.Override
        public KeysServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new KeysServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return KeysServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static KeysServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<KeysServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<KeysServiceBlockingStub>() {
        @java.lang.Override
        public KeysServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new KeysServiceBlockingStub(channel, callOptions);
        }
      };
    return KeysServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static KeysServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<KeysServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<KeysServiceFutureStub>() {
        @java.lang.Override
        public KeysServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new KeysServiceFutureStub(channel, callOptions);
        }
      };
    return KeysServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * Makes, shows, changes and revokes keys, and reports what was spent. Keys are kept where auth.key_store
   * says, as hashes: a key itself is in one response alone, that which made it. Those of the settings
   * are the settings' to change.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * Makes a key. The response is the only one that has it.
     * </pre>
     */
    default void createKey(polygate.v1.CreateKeyRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.CreateKeyResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getCreateKeyMethod(), responseObserver);
    }

    /**
     * <pre>
     * Keys that were made, the newest first.
     * </pre>
     */
    default void listKeys(polygate.v1.ListKeysRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.ListKeysResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListKeysMethod(), responseObserver);
    }

    /**
     * <pre>
     * One key, by its id or its name.
     * </pre>
     */
    default void getKey(polygate.v1.GetKeyRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.GetKeyResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetKeyMethod(), responseObserver);
    }

    /**
     * <pre>
     * The key that asks, with what it spent in this calendar month, UTC; it needs no scope.
     * </pre>
     */
    default void getOwnKey(polygate.v1.GetOwnKeyRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.GetOwnKeyResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetOwnKeyMethod(), responseObserver);
    }

    /**
     * <pre>
     * Changes what a key may do. It is in force at once, and in other gateways within a second.
     * </pre>
     */
    default void updateKey(polygate.v1.UpdateKeyRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.UpdateKeyResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getUpdateKeyMethod(), responseObserver);
    }

    /**
     * <pre>
     * Gives a key a new text; the one before works for a while longer.
     * </pre>
     */
    default void rotateKey(polygate.v1.RotateKeyRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.RotateKeyResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getRotateKeyMethod(), responseObserver);
    }

    /**
     * <pre>
     * Ends a key for good. It is in force at once, and in other gateways within a second.
     * </pre>
     */
    default void revokeKey(polygate.v1.RevokeKeyRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.RevokeKeyResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getRevokeKeyMethod(), responseObserver);
    }

    /**
     * <pre>
     * What was spent in a time, summed up by key, group, tag or model, the most expensive first.
     * </pre>
     */
    default void getUsage(polygate.v1.GetUsageRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.GetUsageResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetUsageMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service KeysService.
   * <pre>
   * Makes, shows, changes and revokes keys, and reports what was spent. Keys are kept where auth.key_store
   * says, as hashes: a key itself is in one response alone, that which made it. Those of the settings
   * are the settings' to change.
   * </pre>
   */
  public static abstract class KeysServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return KeysServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service KeysService.
   * <pre>
   * Makes, shows, changes and revokes keys, and reports what was spent. Keys are kept where auth.key_store
   * says, as hashes: a key itself is in one response alone, that which made it. Those of the settings
   * are the settings' to change.
   * </pre>
   */
  public static final class KeysServiceStub
      extends io.grpc.stub.AbstractAsyncStub<KeysServiceStub> {
    private KeysServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected KeysServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new KeysServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * Makes a key. The response is the only one that has it.
     * </pre>
     */
    public void createKey(polygate.v1.CreateKeyRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.CreateKeyResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getCreateKeyMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Keys that were made, the newest first.
     * </pre>
     */
    public void listKeys(polygate.v1.ListKeysRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.ListKeysResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListKeysMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * One key, by its id or its name.
     * </pre>
     */
    public void getKey(polygate.v1.GetKeyRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.GetKeyResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetKeyMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * The key that asks, with what it spent in this calendar month, UTC; it needs no scope.
     * </pre>
     */
    public void getOwnKey(polygate.v1.GetOwnKeyRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.GetOwnKeyResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetOwnKeyMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Changes what a key may do. It is in force at once, and in other gateways within a second.
     * </pre>
     */
    public void updateKey(polygate.v1.UpdateKeyRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.UpdateKeyResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getUpdateKeyMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Gives a key a new text; the one before works for a while longer.
     * </pre>
     */
    public void rotateKey(polygate.v1.RotateKeyRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.RotateKeyResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getRotateKeyMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Ends a key for good. It is in force at once, and in other gateways within a second.
     * </pre>
     */
    public void revokeKey(polygate.v1.RevokeKeyRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.RevokeKeyResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getRevokeKeyMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * What was spent in a time, summed up by key, group, tag or model, the most expensive first.
     * </pre>
     */
    public void getUsage(polygate.v1.GetUsageRequest request,
        io.grpc.stub.StreamObserver<polygate.v1.GetUsageResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetUsageMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service KeysService.
   * <pre>
   * Makes, shows, changes and revokes keys, and reports what was spent. Keys are kept where auth.key_store
   * says, as hashes: a key itself is in one response alone, that which made it. Those of the settings
   * are the settings' to change.
   * </pre>
   */
  public static final class KeysServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<KeysServiceBlockingV2Stub> {
    private KeysServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected KeysServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new KeysServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * Makes a key. The response is the only one that has it.
     * </pre>
     */
    public polygate.v1.CreateKeyResponse createKey(polygate.v1.CreateKeyRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getCreateKeyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Keys that were made, the newest first.
     * </pre>
     */
    public polygate.v1.ListKeysResponse listKeys(polygate.v1.ListKeysRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListKeysMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * One key, by its id or its name.
     * </pre>
     */
    public polygate.v1.GetKeyResponse getKey(polygate.v1.GetKeyRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetKeyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * The key that asks, with what it spent in this calendar month, UTC; it needs no scope.
     * </pre>
     */
    public polygate.v1.GetOwnKeyResponse getOwnKey(polygate.v1.GetOwnKeyRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetOwnKeyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Changes what a key may do. It is in force at once, and in other gateways within a second.
     * </pre>
     */
    public polygate.v1.UpdateKeyResponse updateKey(polygate.v1.UpdateKeyRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getUpdateKeyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Gives a key a new text; the one before works for a while longer.
     * </pre>
     */
    public polygate.v1.RotateKeyResponse rotateKey(polygate.v1.RotateKeyRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getRotateKeyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Ends a key for good. It is in force at once, and in other gateways within a second.
     * </pre>
     */
    public polygate.v1.RevokeKeyResponse revokeKey(polygate.v1.RevokeKeyRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getRevokeKeyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * What was spent in a time, summed up by key, group, tag or model, the most expensive first.
     * </pre>
     */
    public polygate.v1.GetUsageResponse getUsage(polygate.v1.GetUsageRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetUsageMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service KeysService.
   * <pre>
   * Makes, shows, changes and revokes keys, and reports what was spent. Keys are kept where auth.key_store
   * says, as hashes: a key itself is in one response alone, that which made it. Those of the settings
   * are the settings' to change.
   * </pre>
   */
  public static final class KeysServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<KeysServiceBlockingStub> {
    private KeysServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected KeysServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new KeysServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * Makes a key. The response is the only one that has it.
     * </pre>
     */
    public polygate.v1.CreateKeyResponse createKey(polygate.v1.CreateKeyRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getCreateKeyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Keys that were made, the newest first.
     * </pre>
     */
    public polygate.v1.ListKeysResponse listKeys(polygate.v1.ListKeysRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListKeysMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * One key, by its id or its name.
     * </pre>
     */
    public polygate.v1.GetKeyResponse getKey(polygate.v1.GetKeyRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetKeyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * The key that asks, with what it spent in this calendar month, UTC; it needs no scope.
     * </pre>
     */
    public polygate.v1.GetOwnKeyResponse getOwnKey(polygate.v1.GetOwnKeyRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetOwnKeyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Changes what a key may do. It is in force at once, and in other gateways within a second.
     * </pre>
     */
    public polygate.v1.UpdateKeyResponse updateKey(polygate.v1.UpdateKeyRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getUpdateKeyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Gives a key a new text; the one before works for a while longer.
     * </pre>
     */
    public polygate.v1.RotateKeyResponse rotateKey(polygate.v1.RotateKeyRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getRotateKeyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Ends a key for good. It is in force at once, and in other gateways within a second.
     * </pre>
     */
    public polygate.v1.RevokeKeyResponse revokeKey(polygate.v1.RevokeKeyRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getRevokeKeyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * What was spent in a time, summed up by key, group, tag or model, the most expensive first.
     * </pre>
     */
    public polygate.v1.GetUsageResponse getUsage(polygate.v1.GetUsageRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetUsageMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service KeysService.
   * <pre>
   * Makes, shows, changes and revokes keys, and reports what was spent. Keys are kept where auth.key_store
   * says, as hashes: a key itself is in one response alone, that which made it. Those of the settings
   * are the settings' to change.
   * </pre>
   */
  public static final class KeysServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<KeysServiceFutureStub> {
    private KeysServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected KeysServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new KeysServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * Makes a key. The response is the only one that has it.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.CreateKeyResponse> createKey(
        polygate.v1.CreateKeyRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getCreateKeyMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Keys that were made, the newest first.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.ListKeysResponse> listKeys(
        polygate.v1.ListKeysRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListKeysMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * One key, by its id or its name.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.GetKeyResponse> getKey(
        polygate.v1.GetKeyRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetKeyMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * The key that asks, with what it spent in this calendar month, UTC; it needs no scope.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.GetOwnKeyResponse> getOwnKey(
        polygate.v1.GetOwnKeyRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetOwnKeyMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Changes what a key may do. It is in force at once, and in other gateways within a second.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.UpdateKeyResponse> updateKey(
        polygate.v1.UpdateKeyRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getUpdateKeyMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Gives a key a new text; the one before works for a while longer.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.RotateKeyResponse> rotateKey(
        polygate.v1.RotateKeyRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getRotateKeyMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Ends a key for good. It is in force at once, and in other gateways within a second.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.RevokeKeyResponse> revokeKey(
        polygate.v1.RevokeKeyRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getRevokeKeyMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * What was spent in a time, summed up by key, group, tag or model, the most expensive first.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<polygate.v1.GetUsageResponse> getUsage(
        polygate.v1.GetUsageRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetUsageMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_CREATE_KEY = 0;
  private static final int METHODID_LIST_KEYS = 1;
  private static final int METHODID_GET_KEY = 2;
  private static final int METHODID_GET_OWN_KEY = 3;
  private static final int METHODID_UPDATE_KEY = 4;
  private static final int METHODID_ROTATE_KEY = 5;
  private static final int METHODID_REVOKE_KEY = 6;
  private static final int METHODID_GET_USAGE = 7;

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
        case METHODID_CREATE_KEY:
          serviceImpl.createKey((polygate.v1.CreateKeyRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.CreateKeyResponse>) responseObserver);
          break;
        case METHODID_LIST_KEYS:
          serviceImpl.listKeys((polygate.v1.ListKeysRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.ListKeysResponse>) responseObserver);
          break;
        case METHODID_GET_KEY:
          serviceImpl.getKey((polygate.v1.GetKeyRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.GetKeyResponse>) responseObserver);
          break;
        case METHODID_GET_OWN_KEY:
          serviceImpl.getOwnKey((polygate.v1.GetOwnKeyRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.GetOwnKeyResponse>) responseObserver);
          break;
        case METHODID_UPDATE_KEY:
          serviceImpl.updateKey((polygate.v1.UpdateKeyRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.UpdateKeyResponse>) responseObserver);
          break;
        case METHODID_ROTATE_KEY:
          serviceImpl.rotateKey((polygate.v1.RotateKeyRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.RotateKeyResponse>) responseObserver);
          break;
        case METHODID_REVOKE_KEY:
          serviceImpl.revokeKey((polygate.v1.RevokeKeyRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.RevokeKeyResponse>) responseObserver);
          break;
        case METHODID_GET_USAGE:
          serviceImpl.getUsage((polygate.v1.GetUsageRequest) request,
              (io.grpc.stub.StreamObserver<polygate.v1.GetUsageResponse>) responseObserver);
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
          getCreateKeyMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.CreateKeyRequest,
              polygate.v1.CreateKeyResponse>(
                service, METHODID_CREATE_KEY)))
        .addMethod(
          getListKeysMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.ListKeysRequest,
              polygate.v1.ListKeysResponse>(
                service, METHODID_LIST_KEYS)))
        .addMethod(
          getGetKeyMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.GetKeyRequest,
              polygate.v1.GetKeyResponse>(
                service, METHODID_GET_KEY)))
        .addMethod(
          getGetOwnKeyMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.GetOwnKeyRequest,
              polygate.v1.GetOwnKeyResponse>(
                service, METHODID_GET_OWN_KEY)))
        .addMethod(
          getUpdateKeyMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.UpdateKeyRequest,
              polygate.v1.UpdateKeyResponse>(
                service, METHODID_UPDATE_KEY)))
        .addMethod(
          getRotateKeyMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.RotateKeyRequest,
              polygate.v1.RotateKeyResponse>(
                service, METHODID_ROTATE_KEY)))
        .addMethod(
          getRevokeKeyMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.RevokeKeyRequest,
              polygate.v1.RevokeKeyResponse>(
                service, METHODID_REVOKE_KEY)))
        .addMethod(
          getGetUsageMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              polygate.v1.GetUsageRequest,
              polygate.v1.GetUsageResponse>(
                service, METHODID_GET_USAGE)))
        .build();
  }

  private static abstract class KeysServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    KeysServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return polygate.v1.KeysProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("KeysService");
    }
  }

  private static final class KeysServiceFileDescriptorSupplier
      extends KeysServiceBaseDescriptorSupplier {
    KeysServiceFileDescriptorSupplier() {}
  }

  private static final class KeysServiceMethodDescriptorSupplier
      extends KeysServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    KeysServiceMethodDescriptorSupplier(java.lang.String methodName) {
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
      synchronized (KeysServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new KeysServiceFileDescriptorSupplier())
              .addMethod(getCreateKeyMethod())
              .addMethod(getListKeysMethod())
              .addMethod(getGetKeyMethod())
              .addMethod(getGetOwnKeyMethod())
              .addMethod(getUpdateKeyMethod())
              .addMethod(getRotateKeyMethod())
              .addMethod(getRevokeKeyMethod())
              .addMethod(getGetUsageMethod())
              .build();
        }
      }
    }
    return result;
  }
}
