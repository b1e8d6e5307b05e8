"""Makes the calls that come in as lines of JSON, with generated code; it/README.md says which lines."""
import importlib
import json
import os
import sys
import threading

import grpc
from google.protobuf import json_format
from google.rpc import error_details_pb2, status_pb2  # noqa: F401, known to Any from now on

SERVICES = ("backup", "backup_schedule", "collection", "event", "item", "restoration", "site")


def channel():
    address, authority = os.environ["CAIRN_ADDRESS"], os.environ.get("CAIRN_CA")
    if not authority:
        return grpc.insecure_channel(address)
    with open(authority, "rb") as file:
        return grpc.secure_channel(address, grpc.ssl_channel_credentials(file.read()))


def methods(connection):
    """Each method by its full name: the stub's callable, its request's class, whether requests stream."""
    found = {}
    for name in SERVICES:
        messages = importlib.import_module(f"cairn.v1.{name}_service_pb2")
        stubs = importlib.import_module(f"cairn.v1.{name}_service_pb2_grpc")
        for service in messages.DESCRIPTOR.services_by_name.values():
            stub = getattr(stubs, service.name + "Stub")(connection)
            for method in service.methods:
                request = getattr(messages, method.input_type.name)
                streams = isinstance(getattr(stub, method.name), grpc.StreamStreamMultiCallable)
                found[f"{service.full_name}/{method.name}"] = (getattr(stub, method.name), request, streams)
    return found


def windowed(requests, window, acknowledged):
    """Sends on only while at most `window` batches wait for their acknowledgement."""
    for request in requests:
        with acknowledged["changed"]:
            acknowledged["changed"].wait_for(
                lambda: request.batch_sequence - acknowledged["sequence"] <= window)
        yield request


def perform(method, command, metadata):
    invoke, request, streams = method
    messages = [json_format.ParseDict(each, request()) for each in command["messages"]]
    deadline = command.get("deadline_ms")
    options = {"timeout": deadline / 1000 if deadline else None, "metadata": metadata}
    acknowledged = {"sequence": 0, "changed": threading.Condition()}
    answers = []
    try:
        if streams:
            answer = invoke(windowed(messages, command["window"], acknowledged), **options)
        else:
            answer = invoke(messages[0], **options)
        for message in answer if hasattr(answer, "cancel") else [answer]:
            answers.append(json_format.MessageToDict(message, preserving_proto_field_name=True))
            if streams:
                with acknowledged["changed"]:
                    acknowledged["sequence"] = message.acknowledged_sequence
                    acknowledged["changed"].notify()
            if len(answers) == command.get("take"):
                answer.cancel()
                return {"code": "TAKEN", "messages": answers}
        return {"code": "OK", "messages": answers}
    except grpc.RpcError as error:
        with acknowledged["changed"]:
            acknowledged["sequence"] = sys.maxsize  # nothing waits for a call that has ended
            acknowledged["changed"].notify()
        trailers = dict(error.trailing_metadata() or ())
        status = status_pb2.Status.FromString(trailers.get("grpc-status-details-bin", b""))
        return {"code": error.code().name, "message": error.details(), "messages": answers,
                "details": [json_format.MessageToDict(each, preserving_proto_field_name=True)
                            for each in status.details]}


def main():
    token = os.environ.get("CAIRN_TOKEN")
    metadata = (("authorization", f"Bearer {token}"),) if token else ()
    with channel() as connection:
        known = methods(connection)
        for line in sys.stdin:
            command = json.loads(line)
            print(json.dumps(perform(known[command["method"]], command, metadata)), flush=True)


main()
