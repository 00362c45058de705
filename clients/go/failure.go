package polygate

import (
	"errors"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// Failure is why a call failed, as the gateway tells it in google.rpc details.
type Failure struct {
	// Code is gRPC's status code.
	Code codes.Code
	// Reason is the gateway's name of the failure, such as RATE_LIMITED; empty when no gateway answered.
	Reason string
	// Message says in words what happened.
	Message string
	// RetryAfter is when a new try makes sense; zero where the gateway names no time.
	RetryAfter time.Duration
	// Fields of the request that are at fault, and what is wrong with each.
	Fields map[string]string
	// Facts are further ones, such as the limit that was met.
	Facts map[string]string
	// RequestID is the gateway's id of the request, which its logs have. Errors of connect-go carry
	// it; with grpc-go it is in the call's metadata (RequestIDHeader).
	RequestID string
}

// RequestIDHeader is where responses carry the gateway's id of the request: with grpc-go ask
// grpc.Header and grpc.Trailer for it.
const RequestIDHeader = "x-request-id"

// FailureOf reads an error of grpc-go or of connect-go.
func FailureOf(err error) Failure {
	var failed *connect.Error
	if !errors.As(err, &failed) {
		told := status.Convert(err)
		failure := Failure{Code: told.Code(), Message: told.Message()}
		for _, detail := range told.Details() {
			failure.read(detail)
		}
		return failure
	}
	failure := Failure{
		Code:      codes.Code(failed.Code()),
		Message:   failed.Message(),
		RequestID: failed.Meta().Get(RequestIDHeader),
	}
	for _, detail := range failed.Details() {
		if message, err := detail.Value(); err == nil {
			failure.read(message)
		}
	}
	return failure
}

func (f *Failure) read(detail any) {
	message, known := detail.(proto.Message)
	if !known {
		return
	}
	switch told := message.(type) {
	case *errdetails.ErrorInfo:
		f.Reason, f.Facts = told.GetReason(), told.GetMetadata()
	case *errdetails.RetryInfo:
		f.RetryAfter = told.GetRetryDelay().AsDuration()
	case *errdetails.BadRequest:
		f.Fields = map[string]string{}
		for _, violation := range told.GetFieldViolations() {
			f.Fields[violation.GetField()] = violation.GetDescription()
		}
	}
}
