// The grpc-go contender: `grpc-go <port>`.
package main

import (
	"log"
	"net"
	"os"

	"google.golang.org/grpc"

	"polygate/bench/contenders/chat"
	polygatev1 "polygate/bench/contenders/polygate/v1"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	polygatev1.RegisterChatServiceServer(server, chat.Service{})
	log.Fatal(server.Serve(listener))
}
