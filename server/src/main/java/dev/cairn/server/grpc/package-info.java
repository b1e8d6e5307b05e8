/**
 * Speaks the contract: the only place that knows protobuf and gRPC.
 *
 * <p>The way of a call: {@link dev.cairn.server.grpc.CheckedRequests} reads it, {@link
 * dev.cairn.server.grpc.Gate} refuses it at once if it is too much ({@link
 * dev.cairn.server.grpc.Admission} says what is), {@link dev.cairn.server.grpc.CallLog} names it,
 * {@link dev.cairn.server.grpc.AuditLog} keeps what it changed, {@link
 * dev.cairn.server.grpc.ErrorInterceptor} turns whatever it throws into a status with details
 * ({@link dev.cairn.server.grpc.StatusMapper} alone knows the codes), {@link
 * dev.cairn.server.grpc.AccessControl} asks who calls and whether they may ({@link
 * dev.cairn.server.grpc.Rights} says what each rpc needs), {@link
 * dev.cairn.server.grpc.WorkerInterceptor} moves it from the event loop to a worker, and a service
 * checks the request ({@link dev.cairn.server.grpc.Check}), calls the domain and maps the answer
 * ({@code ...Messages}). Nothing on an event loop ever waits.
 *
 * <p>Streams live longer than a call of a worker. Each is a small machine that handles one event at
 * a time: {@link dev.cairn.server.grpc.ImportStream} and {@link dev.cairn.server.grpc.ExportStream}
 * on the stream workers, {@link dev.cairn.server.grpc.EventStream} too, because it reads the log,
 * and {@link dev.cairn.server.grpc.WatchStream} on the one watch thread. {@link
 * dev.cairn.server.grpc.GrpcServer} puts all of it behind a port.
 */
@NullMarked
package dev.cairn.server.grpc;

import org.jspecify.annotations.NullMarked;
