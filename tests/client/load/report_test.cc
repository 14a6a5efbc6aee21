#include "client/load/report.h"

#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "nlohmann/json.hpp"

namespace edgenext {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// A run of 1 s with 98 good requests, one refused, one late.
LoadReport Example() {
  LoadReport report;
  report.options.target = "127.0.0.1:8001";
  report.options.command = "edgenext load --rate=100 '<b>'";
  report.options.rate = report.rate = 100;
  report.description = "10 images";
  report.mean_bytes = 77200;
  report.processor = "Processor & Sons";
  report.version = "1.2.3";
  report.date = absl::FromUnixSeconds(1'700'000'000);
  Recorder recorder;
  for (uint32_t i = 0; i < 100; ++i) {
    Sample sample;
    sample.intended = 10'000 * i;
    sample.latency = 1000 * (i + 1);
    sample.send_lag = 100;
    sample.attempts = 1;
    sample.fate = i == 0 ? Fate::kRefused : i == 99 ? Fate::kLate : Fate::kGood;
    recorder.Add(sample, i == 0 ? "RESOURCE_EXHAUSTED" : "OK", i == 0 ? "OVER<LOADED>" : "");
  }
  RunFacts facts;
  facts.duration = absl::Seconds(1);
  facts.most_in_flight = 7;
  report.figures = Summarise(recorder, facts);
  ServerCost cost;
  cost.cpu_s = 0.5;
  cost.requests = 100;
  cost.compute_cpu_s = 0.4;
  cost.mean_batch_size = 1.5;
  cost.stage_mean_ms = {{"execute", 3}};
  report.cost = cost;
  return report;
}

nlohmann::ordered_json JsonOf(const LoadReport& report) {
  std::ostringstream out;
  WriteJsonReport(out, report);
  EXPECT_EQ(out.str().find('\n'), out.str().size() - 1);
  return nlohmann::ordered_json::parse(out.str());
}

std::string TableOf(const LoadReport& report) {
  std::ostringstream out;
  WriteTableReport(out, report, false);
  return out.str();
}

std::string HtmlOf(const LoadReport& report) {
  std::ostringstream out;
  WriteHtmlReport(out, report);
  return out.str();
}

TEST(JsonReport, HasTheFiguresUnderTheirKeys) {
  const auto json = JsonOf(Example());
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  EXPECT_THAT(keys,
              ElementsAre("version", "date", "command", "processor", "target", "load", "request", "void",
                          "void_reasons", "seconds", "requests", "requests_per_s", "goodput_per_s",
                          "good_share", "fates", "outcomes", "attempts", "most_in_flight", "ok_ms",
                          "refused_ms", "send_lag_ms", "receive_lag_ms", "server", "search", "timeline"));
  EXPECT_EQ(json["date"], "2023-11-14T22:13:20+00:00");
  EXPECT_EQ(json["void"], false);
  EXPECT_EQ(json["requests"], 100);
  EXPECT_EQ(json["goodput_per_s"], 98);
  EXPECT_EQ(json["good_share"], 0.98);
  EXPECT_EQ(json["fates"], nlohmann::ordered_json({{"good", 98},
                                                   {"late", 1},
                                                   {"refused", 1},
                                                   {"expired", 0},
                                                   {"cancelled", 0},
                                                   {"failed", 0},
                                                   {"not_sent", 0}}));
  EXPECT_EQ(json["outcomes"][1]["reason"], "OVER<LOADED>");
  EXPECT_EQ(json["ok_ms"]["count"], 99);
  EXPECT_EQ(json["ok_ms"]["p50"], 51);  // the 50th of 2, 3, … 100
  EXPECT_EQ(json["ok_ms"]["max"], 100);
  EXPECT_EQ(json["send_lag_ms"]["p99"], 0.1);
  EXPECT_EQ(json["load"]["arrivals"], "poisson");
  EXPECT_EQ(json["load"]["rate"], 100);
  EXPECT_TRUE(json["load"]["concurrency"].is_null());
  EXPECT_EQ(json["server"]["cpu_ms_per_request"], 5);
  EXPECT_NEAR(json["server"]["overhead_ms_per_request"].get<double>(), 1, 1e-9);
  EXPECT_EQ(json["server"]["stage_mean_ms"]["execute"], 3);
  EXPECT_TRUE(json["search"].is_null());
  EXPECT_EQ(json["timeline"]["intervals"].size(), 10);
  EXPECT_EQ(json["timeline"]["intervals"][0]["good"], 9);
}

TEST(JsonReport, SaysWhatIsNotThere) {
  LoadReport report = Example();
  report.cost = absl::UnavailableError("cannot connect");
  report.figures.void_reasons = {"late"};
  report.options.arrivals = LoadOptions::Arrivals::kClosedLoop;
  const auto json = JsonOf(report);
  EXPECT_EQ(json["server"], nlohmann::ordered_json({{"error", "cannot connect"}}));
  EXPECT_EQ(json["void"], true);
  EXPECT_EQ(json["void_reasons"], nlohmann::ordered_json::array({"late"}));
  EXPECT_TRUE(json["load"]["rate"].is_null());
  EXPECT_EQ(json["load"]["concurrency"], 1);
}

LoadReport WithSearch(bool found) {
  LoadReport report = Example();
  report.options.find_rate = true;
  report.search = {{50, 5, 1, true, false, ""}, {100, 300, 0.98, false, false, "good 98.00 %, below 99 %"}};
  if (found) report.best_rate = 50;
  return report;
}

TEST(JsonReport, HasTheStepsOfASearch) {
  const auto search = JsonOf(WithSearch(true))["search"];
  EXPECT_EQ(search["rate"], 50);
  EXPECT_EQ(search["limit_ms"], 100);
  EXPECT_EQ(search["percentile"], 99);
  EXPECT_EQ(search["steps"][0]["passed"], true);
  EXPECT_EQ(search["steps"][1]["why"], "good 98.00 %, below 99 %");
  EXPECT_TRUE(JsonOf(WithSearch(false))["search"]["rate"].is_null());
}

TEST(TableReport, SaysInWordsWhatHappened) {
  const std::string table = TableOf(Example());
  for (const char* part :
       {"open loop, 100 requests/s (Poisson), 1 s after 2s of warm-up, 4 connections to 127.0.0.1:8001\n",
        "Classify, 10 images, 77.2 kB a request, deadline 1s\n", "answered OK within the deadline",
        "RESOURCE_EXHAUSTED OVER<LOADED>",
        "answered OK         51.00    51.00    91.00    96.00   100.00   100.00   100.00",
        "server CPU: 5.000 ms a request (0.50 s for 100 requests), of which 1.000 ms around the "
        "computation\n",
        "batches of 1.50, execute 3.00"}) {
    EXPECT_THAT(table, HasSubstr(part));
  }
  EXPECT_THAT(table, Not(HasSubstr("void")));
  EXPECT_THAT(table, Not(HasSubstr("\033")));
}

TEST(TableReport, SaysThatARunIsVoidAndHowASearchEnded) {
  LoadReport report = WithSearch(true);
  report.figures.void_reasons = {"it was late"};
  EXPECT_THAT(TableOf(report), HasSubstr("void: it was late"));
  EXPECT_THAT(TableOf(report), HasSubstr("highest rate with p99 within 100ms: 50.0 requests/s"));
  EXPECT_THAT(TableOf(WithSearch(false)), HasSubstr("no rate that was tried passes with p99 within 100ms"));
}

TEST(TableReport, WhatAServerSendsCannotSteerTheTerminal) {
  LoadReport report = Example();
  report.figures.outcomes[0].outcome.reason = "\033[2J";
  report.cost = absl::UnknownError("\033]0;");
  EXPECT_THAT(TableOf(report), Not(HasSubstr("\033")));
}

// Checks that tags are closed in order, and returns how many there were.
int ExpectWellFormed(const std::string& html) {
  std::vector<std::string> open;
  int tags = 0;
  for (size_t at = html.find('<'); at != std::string::npos; at = html.find('<', at + 1)) {
    if (html.compare(at, 2, "<!") == 0) continue;
    const size_t end = html.find('>', at);
    EXPECT_NE(end, std::string::npos);
    const std::string tag = html.substr(at + 1, end - at - 1);
    ++tags;
    if (tag[0] == '/') {
      EXPECT_FALSE(open.empty());
      if (open.empty()) return tags;
      EXPECT_EQ(tag.substr(1), open.back());
      open.pop_back();
    } else if (tag.back() != '/') {
      open.push_back(tag.substr(0, tag.find_first_of(" \n")));
    }
  }
  EXPECT_THAT(open, ElementsAre());
  return tags;
}

TEST(HtmlReport, IsWellFormedAndNeedsNothingFromElsewhere) {
  for (const LoadReport& report : {Example(), WithSearch(true), WithSearch(false)}) {
    std::string html = HtmlOf(report);
    EXPECT_GT(ExpectWellFormed(html), 100);
    EXPECT_THAT(html, HasSubstr("<svg"));
    for (const char* part : {"<script", "src=", "href", "url(", "@import", "<b>'"})
      EXPECT_THAT(html, Not(HasSubstr(part)));
    // The only address is the name of SVG's namespace.
    const std::string name = "http://www.w3.org/2000/svg";
    for (size_t at = html.find(name); at != std::string::npos; at = html.find(name))
      html.erase(at, name.size());
    EXPECT_THAT(html, Not(HasSubstr("://")));
  }
}

TEST(HtmlReport, SaysWhatWasRunAndWhatCameOfIt) {
  LoadReport report = Example();
  report.figures.void_reasons = {"it was late"};
  const std::string html = HtmlOf(report);
  for (const char* part :
       {"98.0/s", "98.00 %", "Processor &amp; Sons", "edgenext load --rate=100 &#39;&lt;b&gt;&#39;",
        "2023-11-14 22:13:20 UTC", "OVER&lt;LOADED&gt;", "it was late", "5.000 ms"}) {
    EXPECT_THAT(html, HasSubstr(part));
  }
}

TEST(HtmlReport, OfARunWithoutAnswersIsStillAPage) {
  LoadReport report = Example();
  report.figures = Summarise(Recorder(), RunFacts());
  report.cost = absl::UnavailableError("cannot connect");
  EXPECT_GT(ExpectWellFormed(HtmlOf(report)), 10);
}

}  // namespace
}  // namespace edgenext
