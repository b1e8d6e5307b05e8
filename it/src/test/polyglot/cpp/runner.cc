// Makes the calls that come in as lines of JSON, with generated code; it/README.md says which lines.
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <mutex>
#include <sstream>
#include <thread>

#include "cairn/v1/backup_schedule_service.grpc.pb.h"
#include "cairn/v1/backup_service.grpc.pb.h"
#include "cairn/v1/collection_service.grpc.pb.h"
#include "cairn/v1/event_service.grpc.pb.h"
#include "cairn/v1/item_service.grpc.pb.h"
#include "cairn/v1/restoration_service.grpc.pb.h"
#include "cairn/v1/site_service.grpc.pb.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

using namespace cairn::v1;
using google::protobuf::Message;
using google::protobuf::Struct;
using google::protobuf::Value;
using grpc::ClientContext;
using grpc::Status;

namespace {

std::string ToJson(const Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string text;
  if (!MessageToJsonString(message, &text, options).ok()) throw std::runtime_error("no JSON: " + message.DebugString());
  return text;
}

template <class M>
M FromJson(const Value& json) {
  M message;
  auto read = google::protobuf::util::JsonStringToMessage(ToJson(json), &message);
  if (!read.ok()) throw std::runtime_error(read.ToString());
  return message;
}

struct Command {
  std::vector<Value> messages;
  int deadline_ms;
  size_t take;
  int64_t window;
};

// What came back: JSON texts of the messages.
struct Answer {
  Status status;
  std::vector<std::string> messages;
  bool taken = false;
};

using Call = std::function<Answer(ClientContext&, const Command&)>;
std::map<std::string, Call> calls;

template <class Stub, class Request, class Response>
void Add(const std::string& name, std::shared_ptr<Stub> stub,
         Status (Stub::*method)(ClientContext*, const Request&, Response*)) {
  calls[name] = [=](ClientContext& context, const Command& command) {
    Response response;
    Answer answer{(stub.get()->*method)(&context, FromJson<Request>(command.messages[0]), &response)};
    if (answer.status.ok()) answer.messages.push_back(ToJson(response));
    return answer;
  };
}

template <class Stub, class Request, class Response>
void Add(const std::string& name, std::shared_ptr<Stub> stub,
         std::unique_ptr<grpc::ClientReader<Response>> (Stub::*method)(ClientContext*, const Request&)) {
  calls[name] = [=](ClientContext& context, const Command& command) {
    Answer answer;
    auto reader = (stub.get()->*method)(&context, FromJson<Request>(command.messages[0]));
    Response response;
    while (reader->Read(&response)) {
      answer.messages.push_back(ToJson(response));
      if (answer.messages.size() == command.take) {
        context.TryCancel();
        answer.taken = true;
        while (reader->Read(&response)) continue;
      }
    }
    answer.status = reader->Finish();
    return answer;
  };
}

// Sends on only while at most `window` batches wait for their acknowledgement.
Answer Import(ItemService::Stub& items, ClientContext& context, const Command& command) {
  Answer answer;
  auto stream = items.ImportItems(&context);
  std::mutex lock;
  std::condition_variable changed;
  int64_t acknowledged = 0;
  bool ended = false;
  std::thread sender([&] {
    for (const Value& each : command.messages) {
      auto request = FromJson<ImportItemsRequest>(each);
      {
        std::unique_lock<std::mutex> held(lock);
        changed.wait(held, [&] { return ended || request.batch_sequence() - acknowledged <= command.window; });
      }
      if (!stream->Write(request)) return;
    }
    stream->WritesDone();
  });
  ImportItemsResponse response;
  while (stream->Read(&response)) {
    answer.messages.push_back(ToJson(response));
    std::lock_guard<std::mutex> held(lock);
    acknowledged = response.acknowledged_sequence();
    changed.notify_one();
  }
  {
    std::lock_guard<std::mutex> held(lock);
    ended = true;
    changed.notify_one();
  }
  sender.join();
  answer.status = stream->Finish();
  return answer;
}

#define CAIRN(service, method) Add("cairn.v1." #service "/" #method, service##_, &service::Stub::method)

void Connect(const std::shared_ptr<grpc::Channel>& channel) {
#define STUB(service) std::shared_ptr<service::Stub> service##_ = service::NewStub(channel)
  STUB(SiteService);
  CAIRN(SiteService, CreateSite);
  CAIRN(SiteService, GetSite);
  CAIRN(SiteService, ListSites);
  CAIRN(SiteService, DeleteSite);
  STUB(CollectionService);
  CAIRN(CollectionService, CreateCollection);
  CAIRN(CollectionService, GetCollection);
  CAIRN(CollectionService, ListCollections);
  CAIRN(CollectionService, UpdateCollection);
  CAIRN(CollectionService, DeleteCollection);
  STUB(ItemService);
  CAIRN(ItemService, InsertItem);
  CAIRN(ItemService, GetItem);
  CAIRN(ItemService, UpdateItem);
  CAIRN(ItemService, SaveItem);
  CAIRN(ItemService, DeleteItem);
  CAIRN(ItemService, BatchSaveItems);
  CAIRN(ItemService, BatchGetItems);
  CAIRN(ItemService, BatchDeleteItems);
  CAIRN(ItemService, ListItems);
  CAIRN(ItemService, QueryItems);
  CAIRN(ItemService, CountItems);
  CAIRN(ItemService, TruncateCollection);
  CAIRN(ItemService, ExportItems);
  CAIRN(ItemService, PublishSandbox);
  calls["cairn.v1.ItemService/ImportItems"] = [ItemService_](ClientContext& context, const Command& command) {
    return Import(*ItemService_, context, command);
  };
  STUB(BackupService);
  CAIRN(BackupService, CreateBackup);
  CAIRN(BackupService, GetBackup);
  CAIRN(BackupService, ListBackups);
  CAIRN(BackupService, UpdateBackup);
  CAIRN(BackupService, DeleteBackup);
  CAIRN(BackupService, CancelBackup);
  CAIRN(BackupService, VerifyBackup);
  CAIRN(BackupService, WatchBackup);
  CAIRN(BackupService, ListBackupItems);
  CAIRN(BackupService, GetBackupItem);
  STUB(RestorationService);
  CAIRN(RestorationService, PreviewRestoration);
  CAIRN(RestorationService, RestoreBackup);
  CAIRN(RestorationService, RestorePartialBackup);
  CAIRN(RestorationService, GetRestoration);
  CAIRN(RestorationService, ListRestorations);
  CAIRN(RestorationService, CancelRestoration);
  CAIRN(RestorationService, UndoRestoration);
  CAIRN(RestorationService, WatchRestoration);
  STUB(BackupScheduleService);
  CAIRN(BackupScheduleService, GetBackupSchedule);
  CAIRN(BackupScheduleService, UpdateBackupSchedule);
  STUB(EventService);
  CAIRN(EventService, WatchEvents);
}

const char* const kCodes[] = {"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
    "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE",
    "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"};

std::string Joined(const std::vector<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) joined += (joined.empty() ? "" : ",") + text;
  return "[" + joined + "]";
}

std::string Perform(const Struct& order, const char* token) {
  auto field = [&](const char* name) {
    auto found = order.fields().find(name);
    return found == order.fields().end() ? Value() : found->second;
  };
  Command command{{}, static_cast<int>(field("deadline_ms").number_value()),
                  static_cast<size_t>(field("take").number_value()),
                  static_cast<int64_t>(field("window").number_value())};
  const Value messages = field("messages");
  for (const Value& each : messages.list_value().values()) command.messages.push_back(each);
  ClientContext context;
  if (command.deadline_ms > 0) {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(command.deadline_ms));
  }
  if (token != nullptr) context.AddMetadata("authorization", std::string("Bearer ") + token);
  Answer answer = calls.at(field("method").string_value())(context, command);
  google::rpc::Status rich;
  rich.ParseFromString(answer.status.error_details());
  std::vector<std::string> details;
  for (const auto& each : rich.details()) details.push_back(ToJson(each));
  Value message;
  message.set_string_value(answer.status.error_message());
  return "{\"code\":\"" + std::string(answer.taken ? "TAKEN" : kCodes[answer.status.error_code()]) +
         "\",\"message\":" + ToJson(message) + ",\"messages\":" + Joined(answer.messages) +
         ",\"details\":" + Joined(details) + "}";
}

}  // namespace

int main() {
  google::rpc::ErrorInfo::default_instance();  // its file is linked in, so that Any knows the details
  auto credentials = grpc::InsecureChannelCredentials();
  if (const char* file = std::getenv("CAIRN_CA")) {
    std::stringstream authority;
    authority << std::ifstream(file).rdbuf();
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = authority.str();
    credentials = grpc::SslCredentials(options);
  }
  Connect(grpc::CreateChannel(std::getenv("CAIRN_ADDRESS"), credentials));
  for (std::string line; std::getline(std::cin, line);) {
    Struct order;
    if (!google::protobuf::util::JsonStringToMessage(line, &order).ok()) throw std::runtime_error("no command");
    std::cout << Perform(order, std::getenv("CAIRN_TOKEN")) << std::endl;
  }
}
