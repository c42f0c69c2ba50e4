#include "betrace/ingest/file_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "betrace/ingest/message_stream.h"
#include "betrace/otlp/json_trace_reader.h"
#include "betrace/otlp/trace_reader.h"

namespace betrace::ingest {
namespace {

// Reads single requests in the form of their file.
class RequestReader {
 public:
  RequestReader(FileForm form, const otlp::ReaderLimits& limits)
      : is_json_(form == FileForm::JsonLines || form == FileForm::JsonDocument),
        json_reader_(limits),
        protobuf_reader_(limits) {}

  Result<FileRequest> read(std::string_view message) {
    FileRequest request;
    const otlp::SpanCallback on_span = [&request](const model::SpanView& span) {
      request.latest_end = std::max(request.latest_end, span.corrected_end());
      request.spans.push_back(model::KeptSpan::copy(span));
    };
    auto summary =
        is_json_ ? json_reader_.read(message, on_span) : protobuf_reader_.read(message, on_span);
    if (!summary) return fail(summary.error());
    request.summary = std::move(*summary);
    return request;
  }

 private:
  bool is_json_;
  otlp::JsonTraceReader json_reader_;
  otlp::TraceReader protobuf_reader_;
};

Result<void> read_messages(MessageStream& stream, const std::string& name,
                           const FileReaderOptions& options,
                           const FileRequestCallback& on_request) {
  const auto form = stream.begin();
  if (!form) return fail(form.error().code, fmt::format("{}: {}", name, form.error().message));
  RequestReader reader(*form, options.limits);
  const auto fail_here = [&](const Error& error) {
    return fail(error.code, fmt::format("{}: {}: {}", name, stream.place(), error.message));
  };
  for (;;) {
    const auto message = stream.next();
    if (!message) return fail_here(message.error());
    if (!*message) return {};
    auto request = reader.read(**message);
    if (!request) return fail_here(request.error());
    request->bytes_done = stream.source().consumed();
    request->bytes_total = stream.source().size();
    on_request(std::move(*request));
  }
}

}  // namespace

Result<void> read_trace_file(const std::string& path, const FileReaderOptions& options,
                             const FileRequestCallback& on_request) {
  auto source = ByteSource::open(path);
  if (!source) return fail(source.error());
  MessageStream stream(std::move(*source), options.message_bytes_max);
  const std::string name = path == "-" ? "standard input" : path;
  return read_messages(stream, name, options, on_request);
}

}  // namespace betrace::ingest
