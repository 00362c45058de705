// The grpc-gateway contender, transcoding JSON in front of a service in the same process: `grpc-gateway <port>`.
package main

import (
	"context"
	"log"
	"net/http"
	"os"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/encoding/protojson"

	"polygate/bench/contenders/chat"
	polygatev1 "polygate/bench/contenders/polygate/v1"
)

func main() {
	// The fields and names that the other contenders answer with.
	marshaler := &runtime.HTTPBodyMarshaler{Marshaler: &runtime.JSONPb{
		MarshalOptions: protojson.MarshalOptions{UseProtoNames: true, EmitUnpopulated: true},
	}}
	mux := runtime.NewServeMux(runtime.WithMarshalerOption(runtime.MIMEWildcard, marshaler))
	if err := polygatev1.RegisterChatServiceHandlerServer(context.Background(), mux, chat.Service{}); err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], mux))
}
