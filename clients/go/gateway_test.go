package polygate_test

import (
	"context"
	"net/http"
	"os"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/grpc/codes"

	"polygate"
	polygatev1 "polygate/v1"
	"polygate/v1/polygatev1connect"
)

// caller is what both kinds of clients can do.
type caller interface {
	chat(ctx context.Context, request *polygatev1.ChatRequest) (string, error)
	stream(ctx context.Context, request *polygatev1.ChatRequest) (string, error)
}

type byGRPC struct{ client polygatev1.ChatServiceClient }

func (c byGRPC) chat(ctx context.Context, request *polygatev1.ChatRequest) (string, error) {
	response, err := c.client.Chat(ctx, request)
	return response.GetResponse(), err
}

func (c byGRPC) stream(ctx context.Context, request *polygatev1.ChatRequest) (text string, err error) {
	pieces, err := c.client.StreamChat(ctx, request)
	if err != nil {
		return "", err
	}
	for {
		piece, err := pieces.Recv()
		if err != nil || piece.GetDone() {
			return text + piece.GetDelta(), err
		}
		text += piece.GetDelta()
	}
}

type byConnect struct {
	client polygatev1connect.ChatServiceClient
}

func (c byConnect) chat(ctx context.Context, request *polygatev1.ChatRequest) (string, error) {
	response, err := c.client.Chat(ctx, connect.NewRequest(request))
	if err != nil {
		return "", err
	}
	return response.Msg.GetResponse(), nil
}

func (c byConnect) stream(ctx context.Context, request *polygatev1.ChatRequest) (text string, err error) {
	pieces, err := c.client.StreamChat(ctx, connect.NewRequest(request))
	if err != nil {
		return "", err
	}
	defer pieces.Close()
	for pieces.Receive() {
		text += pieces.Msg().GetDelta()
	}
	return text, pieces.Err()
}

// named is a variable of the environment that names the gateway.
func named(t *testing.T, name string) string {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		t.Skip(name + " is not set")
	}
	return value
}

func callers(t *testing.T, key string, timeout time.Duration) map[string]caller {
	t.Helper()
	options := polygate.Options{URL: named(t, "POLYGATE_URL"), APIKey: key, DefaultTimeout: timeout}
	conn, err := polygate.DialGRPC(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	connected := polygatev1connect.NewChatServiceClient(http.DefaultClient, options.URL, polygate.ConnectOptions(options)...)
	return map[string]caller{
		"grpc-go":    byGRPC{polygatev1.NewChatServiceClient(conn)},
		"connect-go": byConnect{connected},
	}
}

func ask(model string) *polygatev1.ChatRequest {
	return &polygatev1.ChatRequest{Message: "hello", ModelPreference: model}
}

func TestChatsWholeAndAsAStream(t *testing.T) {
	for name, caller := range callers(t, named(t, "POLYGATE_KEY"), 0) {
		t.Run(name, func(t *testing.T) {
			whole, err := caller.chat(t.Context(), ask(""))
			if err != nil || whole != "Hello there" {
				t.Fatal(whole, err)
			}
			text, err := caller.stream(t.Context(), ask(""))
			if err != nil || text != "Hello there" {
				t.Fatal(text, err)
			}
		})
	}
}

func TestADeadlineEndsTheCall(t *testing.T) {
	for name, caller := range callers(t, named(t, "POLYGATE_KEY"), 300*time.Millisecond) {
		t.Run(name, func(t *testing.T) {
			_, err := caller.chat(t.Context(), ask("slow"))
			if code := polygate.FailureOf(err).Code; code != codes.DeadlineExceeded {
				t.Fatal(err)
			}
			_, err = caller.stream(t.Context(), ask("slow"))
			if code := polygate.FailureOf(err).Code; code != codes.DeadlineExceeded {
				t.Fatal(err)
			}
		})
	}
}

func TestAnErrorNamesItsReasonAndTheFieldsAtFault(t *testing.T) {
	for name, caller := range callers(t, "another-key", 0) {
		t.Run(name, func(t *testing.T) {
			_, err := caller.chat(t.Context(), ask(""))
			if told := polygate.FailureOf(err); told.Code != codes.Unauthenticated || told.Reason != "CREDENTIAL_INVALID" {
				t.Fatal(told)
			}
		})
	}
	for name, caller := range callers(t, named(t, "POLYGATE_KEY"), 0) {
		t.Run(name, func(t *testing.T) {
			request, few := ask(""), int32(-1)
			request.MaxTokens = &few
			_, err := caller.chat(t.Context(), request)
			told := polygate.FailureOf(err)
			if told.Reason != "REQUEST_INVALID" || told.Fields["max_tokens"] == "" {
				t.Fatal(told)
			}
		})
	}
}

func TestALimitTellsWhenToComeBack(t *testing.T) {
	clients := callers(t, named(t, "POLYGATE_ONCE_KEY"), 0)
	for range 2 { // the first call is let through, whosever it is
		_, _ = clients["grpc-go"].chat(t.Context(), ask(""))
	}
	for name, caller := range clients {
		t.Run(name, func(t *testing.T) {
			_, err := caller.chat(t.Context(), ask(""))
			if told := polygate.FailureOf(err); told.Reason != "RATE_LIMITED" || told.RetryAfter < time.Second {
				t.Fatal(told)
			}
		})
	}
}

// The gateway counts the tries.
func TestWhatCannotBeReachedIsTriedThreeTimes(t *testing.T) {
	for name, caller := range callers(t, named(t, "POLYGATE_KEY"), 0) {
		t.Run(name, func(t *testing.T) {
			_, err := caller.chat(t.Context(), ask("down"))
			if code := polygate.FailureOf(err).Code; code != codes.Unavailable {
				t.Fatal(err)
			}
			_, err = caller.stream(t.Context(), ask("down"))
			if code := polygate.FailureOf(err).Code; code != codes.Unavailable {
				t.Fatal(err)
			}
		})
	}
}

func TestAnAddressThatIsNoneIsRefused(t *testing.T) {
	if _, err := polygate.DialGRPC(polygate.Options{URL: "localhost:8080"}); err == nil {
		t.Fatal("it was taken")
	}
}
