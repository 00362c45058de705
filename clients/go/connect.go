package polygate

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"time"

	"connectrpc.com/connect"
)

// ConnectOptions makes clients of polygate/v1/polygatev1connect carry the key, the deadline and the
// retry policy of options; they are given options.URL themselves.
func ConnectOptions(options Options) []connect.ClientOption {
	methods := map[string]bool{}
	for _, name := range policy.MethodConfig[0].Name {
		methods["/"+name.Service+"/"+name.Method] = true
	}
	return []connect.ClientOption{
		connect.WithInterceptors(&callPolicy{options, methods}),
		connect.WithReadMaxBytes(messageBytesMax),
	}
}

// callPolicy is what every call passes on its way out.
type callPolicy struct {
	options Options
	// repeatable has the procedures that may be tried again.
	repeatable map[string]bool
}

func (p *callPolicy) attempts(procedure string) int {
	if p.repeatable[procedure] {
		return p.options.attemptsMax()
	}
	return 1
}

// WrapUnary implements connect.Interceptor.
func (p *callPolicy) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, request connect.AnyRequest) (connect.AnyResponse, error) {
		ctx, cancel := p.options.withDeadline(ctx)
		defer cancel()
		p.setKey(request.Header().Set)
		for tries := 1; ; tries++ {
			response, err := next(ctx, request)
			if err == nil || !again(ctx, err, tries, p.attempts(request.Spec().Procedure)) {
				return response, err
			}
		}
	}
}

// WrapStreamingClient implements connect.Interceptor.
func (p *callPolicy) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return func(ctx context.Context, spec connect.Spec) connect.StreamingClientConn {
		ctx, cancel := p.options.withDeadline(ctx)
		open := func() connect.StreamingClientConn {
			conn := next(ctx, spec)
			p.setKey(conn.RequestHeader().Set)
			return conn
		}
		attemptsMax := 1
		if spec.StreamType == connect.StreamTypeServer {
			attemptsMax = p.attempts(spec.Procedure)
		}
		return &repeatedStream{open(), ctx, cancel, open, attemptsMax, nil, 1}
	}
}

// WrapStreamingHandler implements connect.Interceptor.
func (p *callPolicy) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return next
}

func (p *callPolicy) setKey(set func(name, value string)) {
	if p.options.APIKey != "" {
		set("Authorization", "Bearer "+p.options.APIKey)
	}
}

// repeatedStream is opened anew, and sent the same message, until its first message has come.
type repeatedStream struct {
	connect.StreamingClientConn
	ctx         context.Context
	cancel      context.CancelFunc
	open        func() connect.StreamingClientConn
	attemptsMax int
	// sent is the one message of a server stream's request.
	sent any
	// tries is 0 once a message has come.
	tries int
}

func (s *repeatedStream) Send(message any) error {
	s.sent = message
	return s.StreamingClientConn.Send(message)
}

func (s *repeatedStream) Receive(message any) error {
	for {
		err := s.StreamingClientConn.Receive(message)
		if err == nil {
			s.tries = 0
			return nil
		}
		if s.tries == 0 || !again(s.ctx, err, s.tries, s.attemptsMax) {
			return err
		}
		s.tries++
		if err := s.reopen(); err != nil {
			return err
		}
	}
}

func (s *repeatedStream) reopen() error {
	before := s.StreamingClientConn
	_ = before.CloseResponse() // it has failed, which is why there is a new one
	s.StreamingClientConn = s.open()
	for name, values := range before.RequestHeader() {
		s.RequestHeader()[name] = values
	}
	// What sending meets is told by the next Receive.
	if err := s.StreamingClientConn.Send(s.sent); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return s.CloseRequest()
}

func (s *repeatedStream) CloseResponse() error {
	defer s.cancel()
	return s.StreamingClientConn.CloseResponse()
}

// again waits, and says whether another try makes sense then.
func again(ctx context.Context, err error, tries, attemptsMax int) bool {
	failure := FailureOf(err)
	if tries >= attemptsMax || connect.CodeOf(err) != connect.CodeUnavailable {
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(max(failure.RetryAfter, pause(tries, rand.Float64()))):
		return true
	}
}

// pause is what follows the try of this number: full jitter below a bound that doubles. chance is 0 to 1.
func pause(tries int, chance float64) time.Duration {
	retry := policy.MethodConfig[0].RetryPolicy
	bound := duration(retry.InitialBackoff)
	for range tries - 1 {
		bound = min(time.Duration(float64(bound)*retry.BackoffMultiplier), duration(retry.MaxBackoff))
	}
	return time.Duration(float64(bound) * chance)
}

func duration(text string) time.Duration {
	parsed, err := time.ParseDuration(text)
	if err != nil {
		panic(err) // the file is a part of this package
	}
	return parsed
}
