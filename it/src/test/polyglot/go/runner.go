// Makes the calls that come in as lines of JSON, with generated code; it/README.md says which lines.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log"
	"os"
	"reflect"
	"strings"
	"sync"
	"time"

	"cairn.dev/cairn/v1"
	_ "google.golang.org/genproto/googleapis/rpc/errdetails" // known to Any from now on
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

type command struct {
	Method     string            `json:"method"`
	Messages   []json.RawMessage `json:"messages"`
	DeadlineMs int64             `json:"deadline_ms"`
	Take       int               `json:"take"`
	Window     int64             `json:"window"`
}

type answer struct {
	Code     string            `json:"code"`
	Message  string            `json:"message"`
	Messages []json.RawMessage `json:"messages"`
	Details  []json.RawMessage `json:"details,omitempty"`
}

// The names of codes on the wire; Go has its own.
var names = map[codes.Code]string{
	codes.Canceled: "CANCELLED", codes.Unknown: "UNKNOWN", codes.InvalidArgument: "INVALID_ARGUMENT",
	codes.DeadlineExceeded: "DEADLINE_EXCEEDED", codes.NotFound: "NOT_FOUND", codes.AlreadyExists: "ALREADY_EXISTS",
	codes.PermissionDenied: "PERMISSION_DENIED", codes.ResourceExhausted: "RESOURCE_EXHAUSTED",
	codes.FailedPrecondition: "FAILED_PRECONDITION", codes.Aborted: "ABORTED", codes.OutOfRange: "OUT_OF_RANGE",
	codes.Unimplemented: "UNIMPLEMENTED", codes.Internal: "INTERNAL", codes.Unavailable: "UNAVAILABLE",
	codes.DataLoss: "DATA_LOSS", codes.Unauthenticated: "UNAUTHENTICATED",
}

func clients(connection *grpc.ClientConn) map[string]interface{} {
	return map[string]interface{}{
		"cairn.v1.BackupScheduleService": cairnv1.NewBackupScheduleServiceClient(connection),
		"cairn.v1.BackupService":         cairnv1.NewBackupServiceClient(connection),
		"cairn.v1.CollectionService":     cairnv1.NewCollectionServiceClient(connection),
		"cairn.v1.EventService":          cairnv1.NewEventServiceClient(connection),
		"cairn.v1.ItemService":           cairnv1.NewItemServiceClient(connection),
		"cairn.v1.RestorationService":    cairnv1.NewRestorationServiceClient(connection),
		"cairn.v1.SiteService":           cairnv1.NewSiteServiceClient(connection),
	}
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// A message of a type that the generated code registered.
func newMessage(name protoreflect.FullName) proto.Message {
	kind, err := protoregistry.GlobalTypes.FindMessageByName(name)
	must(err)
	return kind.New().Interface()
}

func toJSON(message proto.Message) json.RawMessage {
	text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(message)
	must(err)
	return text
}

// Sends on only while at most `size` batches wait for their acknowledgement.
type window struct {
	lock         sync.Mutex
	changed      *sync.Cond
	size         int64
	acknowledged int64
	ended        bool
}

func (w *window) send(stream cairnv1.ItemService_ImportItemsClient, requests []proto.Message) {
	for _, each := range requests {
		request := each.(*cairnv1.ImportItemsRequest)
		w.lock.Lock()
		for !w.ended && request.BatchSequence-w.acknowledged > w.size {
			w.changed.Wait()
		}
		w.lock.Unlock()
		if stream.Send(request) != nil {
			return // the call has ended; receiving says why
		}
	}
	_ = stream.CloseSend()
}

func (w *window) update(acknowledged int64, ended bool) {
	w.lock.Lock()
	defer w.lock.Unlock()
	w.acknowledged, w.ended = acknowledged, ended
	w.changed.Signal()
}

func perform(client interface{}, order command, token string) answer {
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(
		protoreflect.FullName(strings.Replace(order.Method, "/", ".", 1)))
	must(err)
	method := found.(protoreflect.MethodDescriptor)
	var requests []proto.Message
	for _, text := range order.Messages {
		request := newMessage(method.Input().FullName())
		must(protojson.Unmarshal(text, request))
		requests = append(requests, request)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if order.DeadlineMs > 0 {
		ctx, cancel = context.WithTimeout(ctx, time.Duration(order.DeadlineMs)*time.Millisecond)
		defer cancel()
	}
	if token != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
	}
	messages := []json.RawMessage{}
	arguments := []reflect.Value{reflect.ValueOf(ctx)}
	if !method.IsStreamingClient() {
		arguments = append(arguments, reflect.ValueOf(requests[0]))
	}
	results := reflect.ValueOf(client).MethodByName(string(method.Name())).Call(arguments)
	if failure, _ := results[1].Interface().(error); failure != nil {
		return failed(failure, messages)
	}
	if !method.IsStreamingServer() {
		return answer{Code: "OK", Messages: append(messages, toJSON(results[0].Interface().(proto.Message)))}
	}
	w := &window{size: order.Window}
	w.changed = sync.NewCond(&w.lock)
	stream := results[0].Interface().(grpc.ClientStream)
	if method.IsStreamingClient() {
		go w.send(stream.(cairnv1.ItemService_ImportItemsClient), requests)
	}
	for {
		message := newMessage(method.Output().FullName())
		err := stream.RecvMsg(message)
		if err == io.EOF {
			return answer{Code: "OK", Messages: messages}
		}
		if err != nil {
			w.update(0, true)
			return failed(err, messages)
		}
		messages = append(messages, toJSON(message))
		if acknowledgement, ok := message.(*cairnv1.ImportItemsResponse); ok {
			w.update(acknowledgement.AcknowledgedSequence, false)
		}
		if len(messages) == order.Take {
			return answer{Code: "TAKEN", Messages: messages}
		}
	}
}

func failed(err error, messages []json.RawMessage) answer {
	result := status.Convert(err)
	var details []json.RawMessage
	for _, each := range result.Proto().Details {
		details = append(details, toJSON(each))
	}
	return answer{Code: names[result.Code()], Message: result.Message(), Messages: messages, Details: details}
}

func main() {
	security := grpc.WithInsecure()
	if file := os.Getenv("CAIRN_CA"); file != "" {
		authority, err := credentials.NewClientTLSFromFile(file, "")
		must(err)
		security = grpc.WithTransportCredentials(authority)
	}
	connection, err := grpc.Dial(os.Getenv("CAIRN_ADDRESS"), security)
	must(err)
	defer connection.Close()
	known := clients(connection)
	lines := bufio.NewReader(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return
		}
		must(err)
		var order command
		must(json.Unmarshal(line, &order))
		service := strings.Split(order.Method, "/")[0]
		must(out.Encode(perform(known[service], order, os.Getenv("CAIRN_TOKEN"))))
	}
}
