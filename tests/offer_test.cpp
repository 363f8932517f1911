// What programs say that they have: as JSON and back, and what is wrong in it.
#include "benchmarks/case/offer.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace mpmt::benchmarks {
namespace {

using Json = nlohmann::json;

Json good() {
  return Json::parse(R"({
    "workloads": [{"name": "hash_chain", "kind": "cpu", "version": 3, "minimum_payload": 8, "usual_grain": 70,
                   "grain_scales": false, "unit_ns": 1000, "takes_waiting": true,
                   "question": "maps", "typical": true, "summary": "walks"}],
    "executors": [{"name": "alone", "sides": "neither", "submitter_helps": true},
                  {"name": "pool", "sides": "processes", "channels": ["wire"], "quick": true},
                  {"name": "odd", "sides": "threads", "channels": ["wire"], "unsupported": "not on a Tuesday"}],
    "channels": [{"name": "wire", "max_payload_bytes": 100, "has_window": false}]})");
}

/// The description with this at the place of a JSON pointer; with null, without it.
Json with(const char* place, const Json& value) {
  Json description = good();
  const Json::json_pointer at(place);
  description[at] = value;
  if (value.is_null()) description[at.parent_pointer()].erase(at.back());
  return description;
}

std::string refusal_of(const Json& description) {
  try {
    offer_from(description);
  } catch (const std::exception& wrong) {
    return wrong.what();
  }
  return {};
}

TEST(OfferTest, this_programs_own_survives_a_journey) {
  const Json there = to_json(own_offer());
  const Offer back = offer_from(Json::parse(there.dump()));
  EXPECT_EQ(to_json(back), there);
  EXPECT_EQ(back.families, own_offer().families);
  ASSERT_NE(back.baseline(), nullptr);
  EXPECT_EQ(back.baseline()->name, own_offer().baseline()->name);
}

TEST(OfferTest, all_fields_arrive) {
  const Offer offer = offer_from(good());
  EXPECT_EQ(offer.families, std::vector<std::string>{"pool"}) << "where nothing is said";
  const auto* const workload = offer.workload("hash_chain");
  ASSERT_NE(workload, nullptr);
  EXPECT_EQ(workload->kind, workloads::Kind::cpu);
  EXPECT_EQ(workload->version, 3);
  EXPECT_EQ(workload->minimum_payload, 8U);
  EXPECT_EQ(workload->usual_grain, 70U);
  EXPECT_FALSE(workload->grain_scales);
  EXPECT_EQ(workload->unit, Nanoseconds(1000));
  EXPECT_EQ(workload->question, "maps");
  EXPECT_TRUE(workload->typical);
  EXPECT_EQ(workload->summary, "walks");
  EXPECT_TRUE(workload->takes_waiting);
  EXPECT_FALSE(offer_from(with("/workloads/0/takes_waiting", nullptr)).workload("hash_chain")->takes_waiting);
  ASSERT_EQ(offer.executors.size(), 3U);
  EXPECT_EQ(offer.baseline(), offer.executor("alone"));
  EXPECT_TRUE(offer.executor("alone")->submitter_helps);
  EXPECT_EQ(offer.executor("pool")->who, Who::processes);
  EXPECT_EQ(offer.executor("pool")->channels, std::vector<std::string>{"wire"});
  EXPECT_TRUE(offer.executor("pool")->quick);
  EXPECT_EQ(offer.executor("odd")->unsupported, "not on a Tuesday");
  EXPECT_EQ(offer.channel("wire")->max_payload_bytes, 100U);
  EXPECT_FALSE(offer.channel("wire")->has_window);
  EXPECT_TRUE(offer.channel("wire")->has_wait);
  EXPECT_EQ(offer.channel("none"), nullptr);
}

TEST(OfferTest, a_workload_whose_program_names_no_question_stands_for_that_of_its_kind) {
  for (const auto& [kind, question] : {std::pair("harness", "hand_over"), {"cpu", "cpu"}, {"io", "wait"}}) {
    auto description = with("/workloads/0/question", nullptr);
    description["workloads"][0]["kind"] = kind;
    EXPECT_EQ(offer_from(description).workload("hash_chain")->question, question) << kind;
  }
}

TEST(OfferTest, a_program_may_offer_nothing) {
  const Offer offer = offer_from(Json::object());
  EXPECT_TRUE(offer.workloads.empty() && offer.executors.empty() && offer.channels.empty());
  EXPECT_EQ(offer.baseline(), nullptr);
}

TEST(OfferTest, what_is_wrong_is_refused_with_a_reason) {
  struct Row {
    const char* place;
    Json value;
    const char* said;
  };
  for (const auto& [place, value, said] :
       std::vector<Row>{{"/workloads", 7, "workloads is not a list"},
                        {"/executors", "all", "executors is not a list"},
                        {"/channels", Json::object(), "channels is not a list"},
                        {"/workloads", Json(std::vector<Json>(1001, good()["workloads"][0])), "workloads"},
                        {"/workloads/0", 3, "'name'"},
                        {"/workloads/0/name", nullptr, "'name'"},
                        {"/workloads/0/name", "", "'' is no name"},
                        {"/workloads/0/name", "a/b", "'a/b' is no name"},
                        {"/workloads/0/name", "two words", "'two words' is no name"},
                        {"/workloads/0/name", std::string(101, 'x'), "is no name"},
                        {"/workloads/0/kind", nullptr, "'kind'"},
                        {"/workloads/0/kind", "fun", "'fun' is unknown; allowed: harness, cpu, io"},
                        {"/workloads/0/version", nullptr, "'version'"},
                        {"/workloads/0/version", "1", "must be number"},
                        {"/workloads/0/grain_scales", "yes", "must be boolean"},
                        {"/workloads/0/minimum_payload", "8", "must be number"},
                        {"/workloads/0/usual_grain", Json::array(), "must be number"},
                        {"/workloads/0/unit_ns", "1us", "must be number"},
                        {"/workloads/0/question", "two words", "'two words' is no name"},
                        {"/workloads/0/question", 7, "must be string"},
                        {"/workloads/0/typical", "yes", "must be boolean"},
                        {"/workloads/0/summary", std::string(1001, 'x'), "summary: more than 1000 bytes"},
                        {"/workloads/0/takes_waiting", 0.5, "must be boolean"},
                        {"/executors/1/sides", nullptr, "'sides'"},
                        {"/executors/1/sides", "both", "'both' is unknown; allowed: threads, processes, neither"},
                        {"/executors/1/channels", nullptr, "channels"},
                        {"/executors/1/channels", "wire", "channels is not a list"},
                        {"/executors/0/channels", Json::array({"wire"}), "executor alone: who has sides has channels"},
                        {"/executors/0/submitter_helps", 1, "must be boolean"},
                        {"/executors/0/quick", "no", "must be boolean"},
                        {"/executors/2/unsupported", true, "must be string"},
                        {"/channels/0/max_payload_bytes", "much", "must be number"},
                        {"/channels/0/has_window", 0, "must be boolean"},
                        {"/channels/0/has_wait", "", "must be boolean"},
                        {"/families", "pool", "must be array"}}) {
    const auto refusal = refusal_of(with(place, value));
    EXPECT_NE(refusal.find(said), std::string::npos) << place << " = " << value << ": " << refusal;
    EXPECT_EQ(refusal.find('\n'), std::string::npos);
  }
}

TEST(OfferTest, the_facts_of_a_case_are_those_of_its_parts) {
  const Offer offer = offer_from(good());
  Case made;
  made.workload = "hash_chain";
  made.executor = "pool";
  made.channel = "wire";
  const auto facts = facts_in(offer, made);
  EXPECT_EQ(facts.who, Who::processes);
  EXPECT_EQ(facts.version, 3);
  EXPECT_EQ(facts.kind, workloads::Kind::cpu);
  EXPECT_FALSE(facts.submitter_helps);
  EXPECT_FALSE(facts.baseline);
  EXPECT_FALSE(facts.has_window);
  EXPECT_TRUE(facts.has_wait);
  EXPECT_EQ(facts.max_payload_bytes, 100U);
  made.executor = "alone";
  made.channel.clear();
  const auto alone = facts_in(offer, made);
  EXPECT_TRUE(alone.baseline && alone.submitter_helps);
  EXPECT_EQ(alone.who, Who::neither);
  EXPECT_TRUE(alone.has_window);
}

TEST(OfferTest, of_unknown_parts_nothing_is_claimed) {
  Case made;
  made.workload = "none";
  made.executor = "such";
  const auto facts = facts_in(own_offer(), made);
  EXPECT_FALSE(facts.kind);
  EXPECT_EQ(facts.who, Who::neither);
  EXPECT_FALSE(facts.baseline);
}

}  // namespace
}  // namespace mpmt::benchmarks
