// The grpc-go contender: `grpc-go <port>`.
package main

//go:generate sh -c "buf generate --template '{version: v2, plugins: [{local: protoc-gen-go, out: .}]}' chat.proto"

import (
	"context"
	"log"
	"net"
	"os"

	"google.golang.org/grpc"
)

const messagesPerStream = 100

type server struct{}

func (server) chat(request *ChatRequest) *ChatResponse {
	return &ChatResponse{
		Response:         request.Message,
		ModelUsed:        request.ModelPreference,
		Usage:            &Usage{PromptTokens: 20, CompletionTokens: 12, TotalTokens: 32},
		ProcessingTimeMs: 1,
		FinishReason:     "stop",
	}
}

func chat(srv any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	request := new(ChatRequest)
	if err := decode(request); err != nil {
		return nil, err
	}
	return srv.(server).chat(request), nil
}

func streamChat(_ any, stream grpc.ServerStream) error {
	if err := stream.RecvMsg(new(ChatRequest)); err != nil {
		return err
	}
	for range messagesPerStream {
		if err := stream.SendMsg(&StreamChatResponse{Delta: "word"}); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	service := grpc.ServiceDesc{
		ServiceName: "polygate.v1.ChatService",
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Chat", Handler: chat}},
		Streams:     []grpc.StreamDesc{{StreamName: "StreamChat", Handler: streamChat, ServerStreams: true}},
	}
	grpcServer := grpc.NewServer()
	grpcServer.RegisterService(&service, server{})
	log.Fatal(grpcServer.Serve(listener))
}
