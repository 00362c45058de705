package polygate

import (
	"context"
	"encoding/json"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
)

// The greatest response, in bytes: the gateway's own bound.
const messageBytesMax = 64 << 20

// DialGRPC makes a connection for the clients of polygate/v1; it is opened by the first call.
// What more options say, such as grpc.WithTransportCredentials, holds in place of its own.
func DialGRPC(options Options, more ...grpc.DialOption) (*grpc.ClientConn, error) {
	target, secure, err := options.target()
	if err != nil {
		return nil, err
	}
	transport := insecure.NewCredentials()
	if secure {
		transport = credentials.NewTLS(nil)
	}
	dial := []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(messageBytesMax)),
		grpc.WithUnaryInterceptor(options.unary),
		grpc.WithStreamInterceptor(options.stream),
	}
	if options.attemptsMax() > 1 {
		config := readPolicy()
		config.MethodConfig[0].RetryPolicy.MaxAttempts = options.attemptsMax()
		text, err := json.Marshal(config)
		if err != nil {
			return nil, err
		}
		dial = append(dial, grpc.WithDefaultServiceConfig(string(text)), grpc.WithMaxCallAttempts(options.attemptsMax()))
	} else {
		dial = append(dial, grpc.WithDisableRetry())
	}
	return grpc.NewClient(target, append(dial, more...)...)
}

func (o Options) withKey(ctx context.Context) context.Context {
	if o.APIKey == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+o.APIKey)
}

// withDeadline gives a context that has none the default one.
func (o Options) withDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, named := ctx.Deadline(); named {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, o.timeout())
}

func (o Options) unary(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, more ...grpc.CallOption) error {
	ctx, cancel := o.withDeadline(ctx)
	defer cancel()
	return invoke(o.withKey(ctx), method, request, reply, conn, more...)
}

func (o Options) stream(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, open grpc.Streamer, more ...grpc.CallOption) (grpc.ClientStream, error) {
	ctx, cancel := o.withDeadline(ctx)
	stream, err := open(o.withKey(ctx), desc, conn, method, more...)
	if err != nil {
		cancel()
		return nil, err
	}
	return &timedStream{stream, cancel}, nil
}

// timedStream gives its deadline's timer back with its end. (Asking a stream for its context would
// keep it from being tried again.)
type timedStream struct {
	grpc.ClientStream
	cancel context.CancelFunc
}

func (s *timedStream) RecvMsg(message any) error {
	err := s.ClientStream.RecvMsg(message)
	if err != nil {
		s.cancel()
	}
	return err
}
