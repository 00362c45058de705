// Package chat is the chat service that the contenders in Go serve.
package chat

import (
	"context"

	"google.golang.org/grpc"

	polygatev1 "polygate/bench/contenders/polygate/v1"
)

const messagesPerStream = 100

// Service answers as the other contenders do.
type Service struct {
	polygatev1.UnimplementedChatServiceServer
}

// Chat echoes the message.
func (Service) Chat(_ context.Context, request *polygatev1.ChatRequest) (*polygatev1.ChatResponse, error) {
	return &polygatev1.ChatResponse{
		Response:         request.Message,
		ModelUsed:        request.ModelPreference,
		Usage:            &polygatev1.Usage{PromptTokens: 20, CompletionTokens: 12, TotalTokens: 32},
		ProcessingTimeMs: 1,
		FinishReason:     "stop",
	}, nil
}

// StreamChat sends small messages.
func (Service) StreamChat(_ *polygatev1.ChatRequest, stream grpc.ServerStreamingServer[polygatev1.StreamChatResponse]) error {
	for range messagesPerStream {
		if err := stream.Send(&polygatev1.StreamChatResponse{Delta: "word"}); err != nil {
			return err
		}
	}
	return nil
}
