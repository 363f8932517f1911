#include "benchmarks/trial/protocol.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <stdexcept>

#include "base/text.hpp"

namespace mpmt::benchmarks {

std::string hex(std::uint64_t value) {
  char digits[19];
  std::snprintf(digits, sizeof digits, "0x%016llx", static_cast<unsigned long long>(value));
  return digits;
}

std::uint64_t from_hex(const std::string& text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const bool prefixed = text.rfind("0x", 0) == 0 && text.size() > 2;
  const auto read = prefixed ? std::from_chars(text.data() + 2, end, value, 16) : std::from_chars_result{};
  if (!prefixed || read.ptr != end || read.ec != std::errc()) {
    throw std::invalid_argument("'" + text.substr(0, 40) + "' is not a hexadecimal number");
  }
  return value;
}

Json describe_message() {
  return {{"type", "describe"}, {"protocol", kProtocolVersion}};
}

Json list_message(const std::vector<std::string>& words) {
  return {{"type", "list"}, {"words", words}};
}

Json to_json(const Assignment& assignment) {
  return {{"type", "case"},
          {"protocol", assignment.protocol},
          {"case", to_json(assignment.measured)},
          {"tasks", assignment.tasks},
          {"warmup_tasks", assignment.warmup_tasks},
          {"deadline_s", assignment.deadline_s},
          {"data_dir", assignment.data_dir},
          {"cpus", assignment.cpus}};
}

Assignment assignment_from(const Json& message) {
  if (message.at("type") != "case") throw std::invalid_argument("a trial's first message is of type 'case'");
  const auto& protocol = message.at("protocol");
  if (!protocol.is_number_integer() || protocol < kOldestProtocol || protocol > kProtocolVersion) {
    throw std::invalid_argument(
        text("protocol ", protocol.dump(), "; this trial speaks ", kOldestProtocol, " to ", kProtocolVersion));
  }
  return {case_from(message.at("case")),
          message.at("tasks").get<std::uint64_t>(),
          message.at("warmup_tasks").get<std::uint64_t>(),
          message.at("deadline_s").get<double>(),
          message.at("data_dir").get<std::string>(),
          message.value("cpus", std::vector<int>()),
          protocol.get<int>()};
}

Json to_json(const Order& order) {
  return {{"type", "run"}, {"tasks", order.tasks}, {"settle_tasks", order.settle}, {"latencies", order.latencies}};
}

Order order_from(const Json& message, const Order& usual) {
  return {message.value("tasks", usual.tasks), message.value("settle_tasks", usual.settle),
          message.value("latencies", usual.latencies)};
}

Json usage_fields(const Usage& submitter, const Usage& workers) {
  return {{"cpu_ns", {{"submitter", submitter.cpu_ns}, {"workers", workers.cpu_ns}}},
          {"context_switches",
           {{"voluntary", submitter.voluntary_switches + workers.voluntary_switches},
            {"involuntary", submitter.involuntary_switches + workers.involuntary_switches}}},
          {"page_faults",
           {{"minor", submitter.minor_faults + workers.minor_faults},
            {"major", submitter.major_faults + workers.major_faults}}}};
}

Json to_json(const executors::Block& block) {
  Json message = usage_fields(block.submitter, block.workers);
  message.update({{"type", "block"},
                  {"tasks", block.tasks},
                  {"messages", block.messages},
                  {"wall_ns", block.wall_ns},
                  {"checksum", hex(block.sum)},
                  {"late_ns", block.late_ns}});
  if (block.elapsed_ns > 0) message["elapsed_ns"] = block.elapsed_ns;
  return message;
}

executors::Block block_from(const Json& message) {
  executors::Block block;
  block.tasks = message.at("tasks").get<std::uint64_t>();
  block.messages = message.at("messages").get<std::uint64_t>();
  block.wall_ns = message.at("wall_ns").get<std::int64_t>();
  if (block.wall_ns <= 0 || block.tasks == 0) throw std::invalid_argument("a block without tasks or without duration");
  block.sum = from_hex(message.at("checksum").get<std::string>());
  block.late_ns = message.value("late_ns", std::int64_t{0});
  block.elapsed_ns = std::max<std::int64_t>(0, message.value("elapsed_ns", std::int64_t{0}));
  block.submitter.cpu_ns = message.at("cpu_ns").at("submitter").get<std::int64_t>();
  block.workers.cpu_ns = message.at("cpu_ns").at("workers").get<std::int64_t>();
  // The record has sums over both sides only.
  block.workers.voluntary_switches = message.at("context_switches").at("voluntary").get<std::int64_t>();
  block.workers.involuntary_switches = message.at("context_switches").at("involuntary").get<std::int64_t>();
  block.workers.minor_faults = message.at("page_faults").at("minor").get<std::int64_t>();
  block.workers.major_faults = message.at("page_faults").at("major").get<std::int64_t>();
  return block;
}

Json to_json(const Histogram& histogram) {
  return {{"count", histogram.count()}, {"max", histogram.max()}, {"histogram", histogram.buckets()}};
}

Histogram histogram_from(const Json& fields) {
  Histogram histogram;
  for (const auto& bucket : fields.at("histogram")) {
    histogram.add(bucket.at(0).get<std::uint64_t>(), bucket.at(1).get<std::uint64_t>());
  }
  const auto max = fields.at("max").get<std::uint64_t>();
  if (histogram.count() != fields.at("count").get<std::uint64_t>() || max < histogram.max()) {
    throw std::invalid_argument("latency_ns: count or max does not agree with its histogram");
  }
  histogram.raise_max(max);
  return histogram;
}

Json to_json(const executors::Memory& memory) {
  return {{"peak_bytes", memory.peak_bytes}, {"pss_bytes", memory.pss_bytes}};
}

executors::Memory memory_from(const Json& fields) {
  return {fields.at("peak_bytes").get<std::uint64_t>(), fields.at("pss_bytes").get<std::uint64_t>()};
}

Json to_json(const std::vector<executors::WorkerFacts>& workers) {
  Json list = Json::array();
  for (const auto& worker : workers) {
    list.push_back({{"id", worker.id},
                    {"pid", worker.pid},
                    {"tid", worker.tid},
                    {"libc_single_threaded", worker.libc_single_threaded},
                    {"cpus_seen", worker.cpus_seen}});
  }
  return list;
}

std::vector<executors::WorkerFacts> workers_from(const Json& list) {
  std::vector<executors::WorkerFacts> workers;
  for (const auto& entry : list) {
    workers.push_back({entry.at("id").get<int>(), entry.at("pid").get<pid_t>(), entry.at("tid").get<pid_t>(),
                       entry.at("libc_single_threaded").get<bool>(), entry.at("cpus_seen").get<std::vector<int>>()});
  }
  return workers;
}

}  // namespace mpmt::benchmarks
