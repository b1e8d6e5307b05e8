# Makes the calls that come in as lines of JSON, with generated code; it/README.md says which lines.
require 'json'
require 'grpc'
require 'google/rpc/error_details_pb'
require 'google/rpc/status_pb'
%w[backup backup_schedule collection event item restoration site].each do |name|
  require "cairn/v1/#{name}_service_services_pb"
end

CODES = GRPC::Core::StatusCodes.constants.to_h { |name| [GRPC::Core::StatusCodes.const_get(name), name] }
TYPES = %w[ErrorInfo BadRequest PreconditionFailure QuotaFailure ResourceInfo RetryInfo]
  .to_h { |name| ["type.googleapis.com/google.rpc.#{name}", Google::Rpc.const_get(name)] }

def json(message)
  JSON.parse(message.class.encode_json(message, preserve_proto_fieldnames: true))
end

# Sends on only while at most `size` batches wait for their acknowledgement.
class Window
  def initialize(size)
    @size = size
    @acknowledged = 0
    @lock = Mutex.new
    @changed = ConditionVariable.new
  end

  def over(requests)
    Enumerator.new do |out|
      requests.each do |request|
        @lock.synchronize { @changed.wait(@lock) while request.batch_sequence - @acknowledged > @size }
        out << request
      end
    end
  end

  def acknowledged(sequence)
    @lock.synchronize do
      @acknowledged = sequence
      @changed.signal
    end
  end
end

def perform(stub, rpc, command, metadata)
  type = rpc.input.respond_to?(:type) ? rpc.input.type : rpc.input # a stream of the type, or the type
  messages = command['messages'].map { |each| type.decode_json(JSON.generate(each)) }
  options = {metadata: metadata, return_op: true}
  options[:deadline] = Time.now + command['deadline_ms'] / 1000.0 if command['deadline_ms']
  window = Window.new(command['window'] || 0)
  call = GRPC::GenericService.underscore(rpc.name.to_s).to_sym
  answers = []
  operation = stub.public_send(call, rpc.bidi_streamer? ? window.over(messages) : messages.first, **options)
  answer = operation.execute
  (rpc.server_streamer? || rpc.bidi_streamer? ? answer : [answer]).each do |message|
    answers << json(message)
    window.acknowledged(message.acknowledged_sequence) if rpc.bidi_streamer?
    if answers.size == command['take']
      operation.cancel
      return {code: 'TAKEN', messages: answers}
    end
  end
  {code: 'OK', messages: answers}
rescue GRPC::BadStatus => error
  window.acknowledged(1 << 62) # nothing waits for a call that has ended
  status = Google::Rpc::Status.decode(error.metadata['grpc-status-details-bin'] || '')
  details = status.details.map do |any|
    {'@type' => any.type_url}.merge(json(TYPES.fetch(any.type_url).decode(any.value)))
  end
  {code: CODES.fetch(error.code), message: error.details, messages: answers, details: details}
end

credentials =
  ENV['CAIRN_CA'] ? GRPC::Core::ChannelCredentials.new(File.read(ENV['CAIRN_CA'])) : :this_channel_is_insecure
metadata = ENV['CAIRN_TOKEN'] ? {'authorization' => "Bearer #{ENV['CAIRN_TOKEN']}"} : {}
stubs = Cairn::V1.constants.grep(/Service\z/).to_h do |name|
  service = Cairn::V1.const_get(name)
  ["cairn.v1.#{name}", [service::Stub.new(ENV.fetch('CAIRN_ADDRESS'), credentials), service::Service.rpc_descs]]
end

STDIN.each_line do |line|
  command = JSON.parse(line)
  service, method = command['method'].split('/')
  stub, rpcs = stubs.fetch(service)
  puts JSON.generate(perform(stub, rpcs.fetch(method.to_sym), command, metadata))
  STDOUT.flush
end
