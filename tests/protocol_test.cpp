// What travels between a run and its trials: as it was, or refused.
#include "benchmarks/trial/protocol.hpp"
#include "benchmarks/case/names.hpp"

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>

namespace mpmt::benchmarks {
namespace {

Case linked_case() {
  Case c;
  c.workload = "payload_copy";
  c.executor = "thread_pool";
  c.channel = "by_reference";
  c.workers = 3;
  c.grain = 1'000'000'007;
  c.batch = 12;
  c.payload_bytes = 4096;
  c.window = 64;
  c.placement = executors::Placement::free;
  c.wait = executors::Wait::yield;
  return c;
}

Case waiting_case() {
  auto c = linked_case();
  c.workload = "mixed_wait";
  c.waiting_percent = 70;
  return c;
}

Json over_the_wire(const Json& message) {
  return Json::parse(message.dump());
}

TEST(Protocol, a_case_travels_unchanged) {
  auto split = linked_case();
  split.batch = 0;
  Case serial;
  serial.workload = "empty";
  serial.executor = "serial";
  for (const auto& c : {linked_case(), waiting_case(), split, serial}) {
    const auto arrived = case_from(over_the_wire(to_json(c)));
    EXPECT_EQ(to_json(arrived), to_json(c));
    EXPECT_EQ(arrived.name(), c.name());
    EXPECT_EQ(arrived.window, c.window);
  }
}

TEST(Protocol, every_placement_wait_and_status_travels) {
  for (const auto placement : {executors::Placement::same, executors::Placement::spread, executors::Placement::free}) {
    EXPECT_EQ(placement_from(text_of(placement)), placement);
  }
  for (const auto wait : {executors::Wait::block, executors::Wait::yield, executors::Wait::spin}) {
    EXPECT_EQ(wait_from(text_of(wait)), wait);
  }
  for (int status = 0; status <= static_cast<int>(executors::Status::error); ++status) {
    const auto value = static_cast<executors::Status>(status);
    EXPECT_EQ(status_from(text_of(value)), value);
  }
}

TEST(Protocol, an_unknown_word_is_refused_with_those_allowed) {
  try {
    placement_from("everywhere");
    FAIL();
  } catch (const std::invalid_argument& refusal) {
    EXPECT_STREQ(refusal.what(), "'everywhere' is unknown; allowed: same, spread, free");
  }
  EXPECT_THROW(wait_from(""), std::invalid_argument);
  EXPECT_THROW(status_from("OK"), std::invalid_argument);
}

TEST(Protocol, names_leave_out_what_a_case_does_not_have) {
  EXPECT_EQ(linked_case().name(),
            "payload_copy/thread_pool/by_reference/workers:3/grain:1000000007/batch:12/payload:4096/window:64/"
            "placement:free/wait:yield");
  auto serial = linked_case();
  serial.executor = "serial";
  serial.channel.clear();
  EXPECT_EQ(serial.name(), "payload_copy/serial/grain:1000000007/batch:12/payload:4096/placement:free");
}

TEST(Protocol, a_share_of_waiting_travels_as_a_share_and_is_in_the_name_of_who_takes_one) {
  EXPECT_EQ(to_json(waiting_case()).at("waiting"), Json(0.7));
  EXPECT_FALSE(to_json(linked_case()).contains("waiting"));
  EXPECT_NE(waiting_case().name().find("/grain:1000000007/waiting:70/batch:12/"), std::string::npos);
  auto fields = to_json(waiting_case());
  for (int percent = 0; percent <= 99; ++percent) {
    fields["waiting"] = Json::parse(Json(percent / 100.).dump());
    EXPECT_EQ(case_from(fields).waiting_percent, percent);
  }
  fields["waiting"] = nullptr;
  EXPECT_EQ(case_from(fields).waiting_percent, std::nullopt);
}

TEST(Protocol, what_is_no_share_in_whole_per_cents_is_refused_by_name) {
  auto fields = to_json(waiting_case());
  for (const Json& wrong : {Json(-0.01), Json(1), Json(0.705), Json(70), Json(1e300)}) {
    fields["waiting"] = wrong;
    try {
      case_from(fields);
      ADD_FAILURE() << wrong;
    } catch (const std::invalid_argument& refusal) {
      EXPECT_NE(std::string(refusal.what()).find("waiting"), std::string::npos) << refusal.what();
    }
  }
  fields["waiting"] = "70%";
  EXPECT_THROW(case_from(fields), Json::exception);
}

TEST(Protocol, a_split_batch_shares_the_block_out_rounded_up) {
  auto c = linked_case();
  EXPECT_EQ(c.batch_in(100), 12U);
  c.batch = 0;
  EXPECT_EQ(c.batch_in(100), 34U);
  EXPECT_EQ(c.batch_in(99), 33U);
  EXPECT_EQ(c.batch_in(1), 1U);
  EXPECT_EQ(c.batch_in(0), 1U);
}

TEST(Protocol, an_assignment_travels_unchanged) {
  const Assignment assignment{linked_case(), std::uint64_t{1} << 60, 77, 2.5, "/var/tmp/ü \"x\"\n"};
  const auto arrived = assignment_from(over_the_wire(to_json(assignment)));
  EXPECT_EQ(to_json(arrived), to_json(assignment));
  EXPECT_EQ(arrived.tasks, assignment.tasks);
  EXPECT_EQ(arrived.data_dir, assignment.data_dir);
}

TEST(Protocol, a_trial_is_told_which_version_it_is_spoken_to_in) {
  for (int version = kOldestProtocol; version <= kProtocolVersion; ++version) {
    Assignment assignment{linked_case(), 1, 1, 1, ""};
    assignment.protocol = version;
    EXPECT_EQ(to_json(assignment).at("protocol"), version);
    EXPECT_EQ(assignment_from(over_the_wire(to_json(assignment))).protocol, version);
  }
}

TEST(Protocol, an_order_travels_unchanged_and_what_it_leaves_out_is_as_usual) {
  const Order usual{7, 3, true};
  const auto arrived = [&](const Json& message) { return order_from(over_the_wire(message), usual); };
  const auto expect_same = [](const Order& found, const Order& wanted) {
    EXPECT_EQ(found.tasks, wanted.tasks);
    EXPECT_EQ(found.settle, wanted.settle);
    EXPECT_EQ(found.latencies, wanted.latencies);
  };
  const Order order{std::uint64_t{1} << 40, 12, false};
  EXPECT_EQ(to_json(order).at("type"), "run");
  expect_same(arrived(to_json(order)), order);
  expect_same(arrived({{"type", "run"}}), usual);
  expect_same(arrived({{"type", "run"}, {"tasks", 9}}), {9, 3, true});
  expect_same(arrived({{"type", "run"}, {"settle_tasks", 0}}), {7, 0, true});
  expect_same(arrived({{"type", "run"}, {"latencies", false}}), {7, 3, false});
  EXPECT_THROW(arrived({{"type", "run"}, {"tasks", "many"}}), Json::exception);
}

TEST(Protocol, another_version_or_another_message_is_refused) {
  const auto message = to_json(Assignment{linked_case(), 1, 1, 1, ""});
  for (const Json& version : {Json(kProtocolVersion + 1), Json(kOldestProtocol - 1), Json("1"), Json(nullptr)}) {
    auto wrong = message;
    wrong["protocol"] = version;
    EXPECT_THROW(assignment_from(wrong), std::invalid_argument) << version;
  }
  auto wrong = message;
  wrong["type"] = "run";
  EXPECT_THROW(assignment_from(wrong), std::invalid_argument);
  EXPECT_THROW(assignment_from(Json::array()), Json::exception);
}

TEST(Protocol, a_message_without_one_of_its_fields_is_refused) {
  const auto refused_without_any = [](const Json& message, const std::set<std::string>& optional, auto parse) {
    parse(message);
    for (const auto& [name, value] : message.items()) {
      auto less = message;
      less.erase(name);
      if (optional.count(name) != 0) {
        EXPECT_NO_THROW(parse(less)) << name;
      } else {
        EXPECT_THROW(parse(less), Json::exception) << name;
      }
    }
  };
  refused_without_any(to_json(Assignment{linked_case(), 1, 1, 1, ""}), {"cpus"},
                      [](const Json& message) { assignment_from(message); });
  refused_without_any(to_json(linked_case()), {"batch_split"}, [](const Json& fields) { case_from(fields); });
  executors::Block block;
  block.tasks = 1;
  block.wall_ns = 1;
  refused_without_any(to_json(block), {"type", "late_ns"}, [](const Json& message) { block_from(message); });
  refused_without_any(to_json(Histogram()), {}, [](const Json& fields) { histogram_from(fields); });
}

TEST(Protocol, a_block_travels_with_its_switches_and_faults_added_up) {
  executors::Block block;
  block.tasks = 5;
  block.messages = 2;
  block.wall_ns = 123'456'789'012;
  block.sum = ~std::uint64_t{0} - 3;
  block.submitter = {10, 1, 2, 3, 4};
  block.workers = {20, 10, 20, 30, 40};
  const auto arrived = block_from(over_the_wire(to_json(block)));
  EXPECT_EQ(arrived.sum, block.sum);
  EXPECT_EQ(arrived.wall_ns, block.wall_ns);
  EXPECT_EQ(arrived.messages, 2U);
  EXPECT_EQ(arrived.submitter.cpu_ns, 10);
  EXPECT_EQ(arrived.workers.cpu_ns, 20);
  EXPECT_EQ(arrived.workers.voluntary_switches, 11);
  EXPECT_EQ(arrived.workers.involuntary_switches, 22);
  EXPECT_EQ(arrived.workers.minor_faults, 33);
  EXPECT_EQ(arrived.workers.major_faults, 44);
}

TEST(Protocol, a_block_of_nothing_or_in_no_time_is_refused) {
  executors::Block block;
  block.wall_ns = 1;
  EXPECT_THROW(block_from(to_json(block)), std::invalid_argument);
  block = {};
  block.tasks = 1;
  EXPECT_THROW(block_from(to_json(block)), std::invalid_argument);
  block.wall_ns = -5;
  EXPECT_THROW(block_from(to_json(block)), std::invalid_argument);
}

TEST(Protocol, sums_travel_as_hexadecimal_text) {
  EXPECT_EQ(hex(255), "0x00000000000000ff");
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}}) {
    EXPECT_EQ(from_hex(hex(value)), value);
  }
  EXPECT_EQ(from_hex("0xFf"), 255U);
  for (const auto* wrong : {"", "0x", "12", "0xg", "0x1 ", " 0x1", "0x-1", "-0x1", "0x10000000000000000"}) {
    EXPECT_THROW(from_hex(wrong), std::invalid_argument) << wrong;
  }
}

TEST(Protocol, a_histogram_travels_unchanged) {
  Histogram histogram;
  for (std::uint64_t value = 1; value < std::uint64_t{1} << 44; value = value * 3 / 2 + 1) histogram.record(value);
  for (const auto& sent : {Histogram(), histogram}) {
    const auto arrived = histogram_from(over_the_wire(to_json(sent)));
    EXPECT_EQ(arrived.count(), sent.count());
    EXPECT_EQ(arrived.max(), sent.max());
    EXPECT_EQ(arrived.buckets(), sent.buckets());
    for (const double q : {0.01, 0.5, 0.99, 1.0}) EXPECT_EQ(arrived.quantile(q), sent.quantile(q));
  }
}

TEST(Protocol, a_histogram_that_contradicts_itself_is_refused) {
  Histogram histogram;
  histogram.record(1000);
  const auto good = to_json(histogram);
  for (const auto& [field, value] : {std::pair("count", 2), {"count", 0}, {"max", 3}}) {
    auto wrong = good;
    wrong[field] = value;
    EXPECT_THROW(histogram_from(wrong), std::invalid_argument) << wrong;
  }
  auto wrong = good;
  wrong["histogram"] = {{1}};
  EXPECT_THROW(histogram_from(wrong), Json::exception);
}

TEST(Protocol, what_is_known_of_workers_travels_unchanged) {
  const std::vector<executors::WorkerFacts> workers{{0, 11, 12, true, {}}, {1, 13, 14, false, {0, 3}}};
  const auto arrived = workers_from(over_the_wire(to_json(workers)));
  ASSERT_EQ(arrived.size(), 2U);
  EXPECT_EQ(to_json(arrived), to_json(workers));
  EXPECT_TRUE(workers_from(Json::array()).empty());
}

}  // namespace
}  // namespace mpmt::benchmarks
