#include "tracer/serve/server.h"

#include <chrono>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "export/file/graph_file.h"
#include "export/viewer/viewer_json.h"
#include "graph/prune.h"
#include "tests/support/small_graph.h"
#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"
#include "tests/tracer/serve/running_server.h"

namespace circuit::serve {
namespace {

using circuit::testing::message_of;
using circuit::testing::read_text;
using circuit::testing::small_graph;
using circuit::testing::TempDir;
using circuit::testing::write_text;
using std::chrono::milliseconds;
using ::testing::AllOf;
using testing::body_of;
using testing::Connection;
using ::testing::HasSubstr;
using testing::header_of;
using ::testing::Not;
using testing::RunningServer;
using testing::status_of;

constexpr const char* kCanary = "CANARY-9f31";

/// A folder with one graph, beside a secret.
class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    std::filesystem::create_directory(folder_);
    write_text(outer_ / "secret.json", kCanary);
    write_graph_file(folder_ / "a.graph.safetensors", small_graph(), nullptr, {});
    write_text(folder_ / "a.svg", "<svg/>");
    write_text(folder_ / "empty.dot", "");
    write_text(folder_ / "numbers.json", "0123456789");
    write_text(folder_ / ".hidden.json", kCanary);
    write_text(folder_ / "notes.txt", kCanary);
    std::filesystem::create_symlink(outer_ / "secret.json", folder_ / "link.json");
  }

  ServerOptions options() const {
    ServerOptions options;
    options.site = {.folder = folder_, .title = "graphs"};
    return options;
  }

  TempDir outer_;
  const std::filesystem::path folder_ = outer_ / "graphs";
};

TEST_F(ServerTest, ListsTheFolder) {
  const RunningServer server(options());
  const std::string answer = server.get("/");
  EXPECT_EQ(status_of(answer), "200");
  EXPECT_EQ(header_of(answer, "Content-Type"), "text/html; charset=utf-8");
  EXPECT_THAT(header_of(answer, "Content-Security-Policy"),
              AllOf(HasSubstr("default-src 'none'"), HasSubstr("script-src 'nonce-")));
  EXPECT_THAT(body_of(answer), HasSubstr("<a href=\"/graphs/a\">ab</a>"));
  EXPECT_EQ(header_of(answer, "Content-Length"), std::to_string(body_of(answer).size()));
  EXPECT_NE(header_of(answer, "Content-Security-Policy"),
            header_of(server.get("/"), "Content-Security-Policy"));  // another nonce
}

TEST_F(ServerTest, GivesFilesAsTheyAre) {
  const RunningServer server(options());
  const std::string graph = server.get("/files/a.graph.safetensors");
  EXPECT_EQ(status_of(graph), "200");
  EXPECT_EQ(body_of(graph), read_text(folder_ / "a.graph.safetensors"));
  EXPECT_EQ(header_of(graph, "Content-Type"), "application/octet-stream");
  const std::string svg = server.get("/files/a%2Esvg?x=y");
  EXPECT_EQ(body_of(svg), "<svg/>");
  EXPECT_EQ(header_of(svg, "Content-Type"), "image/svg+xml");
  EXPECT_THAT(header_of(svg, "Content-Security-Policy"), HasSubstr("sandbox"));
  const std::string empty = server.get("/files/empty.dot");
  EXPECT_EQ(status_of(empty), "200");
  EXPECT_EQ(header_of(empty, "Content-Length"), "0");
  EXPECT_EQ(body_of(empty), "");
}

TEST_F(ServerTest, EveryAnswerForbidsGuessingAndFraming) {
  const RunningServer server(options());
  for (const char* const path : {"/", "/files/a.svg", "/graphs/a", "/nothing", "/files/x.json"}) {
    const std::string answer = server.get(path);
    EXPECT_EQ(header_of(answer, "X-Content-Type-Options"), "nosniff") << path;
    EXPECT_EQ(header_of(answer, "Referrer-Policy"), "no-referrer") << path;
    EXPECT_THAT(header_of(answer, "Content-Security-Policy"), HasSubstr("frame-ancestors 'none'"))
        << path;
  }
}

TEST_F(ServerTest, HeadIsGetWithoutTheBody) {
  const RunningServer server(options());
  for (const char* const path : {"/files/a.svg", "/graphs/a", "/files/missing.json"}) {
    const std::string head = server.ask(std::string("HEAD ") + path +
                                        " HTTP/1.1\r\nHost: " + server.host() + "\r\n\r\n");
    const std::string get = server.get(path);
    EXPECT_EQ(status_of(head), status_of(get)) << path;
    EXPECT_EQ(header_of(head, "Content-Length"), header_of(get, "Content-Length")) << path;
    EXPECT_EQ(body_of(head), "") << path;
  }
}

TEST_F(ServerTest, GivesOneRangeOfAFile) {
  const RunningServer server(options());
  const std::string middle = server.get("/files/numbers.json", "Range: bytes=2-4\r\n");
  EXPECT_EQ(status_of(middle), "206");
  EXPECT_EQ(body_of(middle), "234");
  EXPECT_EQ(header_of(middle, "Content-Range"), "bytes 2-4/10");
  EXPECT_EQ(body_of(server.get("/files/numbers.json", "Range: bytes=-2\r\n")), "89");
  const std::string behind = server.get("/files/numbers.json", "Range: bytes=10-\r\n");
  EXPECT_EQ(status_of(behind), "416");
  EXPECT_EQ(header_of(behind, "Content-Range"), "bytes */10");
  for (const char* const range : {"bytes=0-1,3-4", "lines=1-2", "bytes=5-1", "nonsense"}) {
    const std::string whole =
        server.get("/files/numbers.json", std::string("Range: ") + range + "\r\n");
    EXPECT_EQ(status_of(whole), "200") << range;
    EXPECT_EQ(body_of(whole), "0123456789") << range;
  }
}

TEST_F(ServerTest, ManyRangesAreNoWork) {
  const RunningServer server(options());
  std::string range = "Range: bytes=0-1";
  while (range.size() < 8000) range += ",0-1";
  EXPECT_EQ(body_of(server.get("/files/numbers.json", range + "\r\n")), "0123456789");
}

TEST_F(ServerTest, SendsWhatAClientHasNotYet) {
  const RunningServer server(options());
  for (const char* const path : {"/files/numbers.json", "/graphs/a"}) {
    const std::string first = server.get(path);
    const std::string tag = header_of(first, "ETag");
    ASSERT_FALSE(tag.empty());
    const std::string again = server.get(path, "If-None-Match: \"x\", W/" + tag + "\r\n");
    EXPECT_EQ(status_of(again), "304");
    EXPECT_EQ(body_of(again), "");
    EXPECT_EQ(header_of(again, "ETag"), tag);
    EXPECT_EQ(status_of(server.get(path, "If-None-Match: \"other\"\r\n")), "200");
  }
  const std::string tag = header_of(server.get("/files/numbers.json"), "ETag");
  const std::string range = "Range: bytes=0-1\r\n";
  EXPECT_EQ(body_of(server.get("/files/numbers.json", range + "If-Range: " + tag + "\r\n")), "01");
  EXPECT_EQ(body_of(server.get("/files/numbers.json", range + "If-Range: \"x\"\r\n")),
            "0123456789");
}

TEST_F(ServerTest, ShowsAGraphInItsViewer) {
  const RunningServer server(options());
  const std::string answer = server.get("/graphs/a");
  EXPECT_EQ(status_of(answer), "200");
  EXPECT_EQ(header_of(answer, "Content-Type"), "text/html; charset=utf-8");
  EXPECT_TRUE(body_of(answer).starts_with("<!DOCTYPE html>") ||
              body_of(answer).starts_with("<!doctype html>"));
  EXPECT_EQ(server.get("/graphs/a"), answer);
}

TEST_F(ServerTest, ShowsAGraphOfWhichThereIsOnlyJson) {
  const AttributionGraph graph = small_graph();
  write_text(folder_ / "j.json", viewer_json(graph, prune(graph), {.slug = "j", .scan = "s"}));
  const RunningServer server(options());
  EXPECT_THAT(body_of(server.get("/")), HasSubstr("<a href=\"/graphs/j\">"));
  const std::string answer = server.get("/graphs/j");
  EXPECT_EQ(status_of(answer), "200");
  EXPECT_EQ(header_of(answer, "Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(status_of(server.get("/graphs/numbers")), "422");  // JSON, but no graph
}

TEST_F(ServerTest, ShowsLabelsOfAFile) {
  ServerOptions labelled = options();
  labelled.site.labels = {{{1, 4}, {"a label of ours", "me"}}};
  const RunningServer with(labelled);
  const RunningServer without(options());
  EXPECT_THAT(body_of(with.get("/graphs/a")), HasSubstr("a label of ours"));
  EXPECT_THAT(body_of(without.get("/graphs/a")), Not(HasSubstr("a label of ours")));
}

TEST_F(ServerTest, SaysWhyAGraphCannotBeShown) {
  write_text(folder_ / "broken.graph.safetensors", "junk");
  const RunningServer server(options());
  const std::string answer = server.get("/graphs/broken");
  EXPECT_EQ(status_of(answer), "422");
  EXPECT_EQ(header_of(answer, "Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(body_of(answer),
            "[open_safetensors] broken.graph.safetensors: file has 4 bytes, expected at least 8\n");
  EXPECT_THAT(body_of(server.get("/")), HasSubstr("file has 4 bytes"));
  EXPECT_EQ(status_of(server.get("/graphs/missing")), "404");
}

TEST_F(ServerTest, SeesTheFolderAsItIsNow) {
  const RunningServer server(options());
  EXPECT_THAT(server.get("/"), Not(HasSubstr("/graphs/new")));
  const std::string page = server.get("/graphs/a");
  write_graph_file(folder_ / "new.graph.safetensors", small_graph(), nullptr, {});
  EXPECT_THAT(server.get("/"), HasSubstr("/graphs/new"));
  write_graph_file(folder_ / "a.graph.safetensors", small_graph(/*without_pruned_edges=*/true),
                   nullptr, {.replacement = 0.125, .completeness = 0.25});
  EXPECT_NE(body_of(server.get("/graphs/a")), body_of(page));
  std::filesystem::remove(folder_ / "a.graph.safetensors");
  EXPECT_EQ(status_of(server.get("/graphs/a")), "404");
}

TEST_F(ServerTest, ReachesNothingOutsideTheFolder) {
  const RunningServer server(options());
  for (const char* const name : {"../secret.json",
                                 "..%2Fsecret.json",
                                 "%2e%2e/secret.json",
                                 "%2e%2e%2fsecret.json",
                                 "..%5Csecret.json",
                                 "..\\secret.json",
                                 "./../secret.json",
                                 "a/../../secret.json",
                                 "/etc/passwd",
                                 "%2Fetc%2Fpasswd",
                                 "link.json",
                                 ".hidden.json",
                                 "%2Ehidden.json",
                                 "notes.txt",
                                 "",
                                 ".",
                                 "..",
                                 "%252e%252e%252fsecret.json",
                                 "a.json%00.svg",
                                 "....//secret.json",
                                 "graphs/../secret.json",
                                 "%c0%ae%c0%ae/secret.json"}) {
    for (const char* const place : {"/files/", "/graphs/", "/"}) {
      const std::string answer = server.get(std::string(place) + name);
      if (std::string_view(name).empty() && std::string_view(place) == "/") continue;  // the list
      EXPECT_TRUE(status_of(answer) == "404" || status_of(answer) == "400") << place << name;
      EXPECT_THAT(answer, Not(HasSubstr(kCanary))) << place << name;
    }
  }
}

TEST_F(ServerTest, RefusesWhatItDoesNotServe) {
  const RunningServer server(options());
  const std::string host = "Host: " + server.host() + "\r\n";
  const auto status = [&](const std::string& request) { return status_of(server.ask(request)); };
  EXPECT_EQ(status("POST / HTTP/1.1\r\n" + host + "Content-Length: 3\r\n\r\nabc"), "405");
  EXPECT_EQ(status("DELETE /files/a.svg HTTP/1.1\r\n" + host + "\r\n"), "405");
  EXPECT_EQ(status("GET / HTTP/1.1\r\nHost: evil.com\r\n\r\n"), "421");
  EXPECT_EQ(status("GET / HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n"), "421");
  EXPECT_EQ(status("GET / HTTP/1.1\r\n\r\n"), "400");
  EXPECT_EQ(status("GET / HTTP/1.1\r\n" + host + "Content-Length: 3\r\n\r\nabc"), "413");
  EXPECT_EQ(status("GET / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            "413");
  EXPECT_EQ(status("GET /" + std::string(9000, 'a') + " HTTP/1.1\r\n" + host + "\r\n"), "414");
  EXPECT_EQ(status("GET / HTTP/1.1\r\n" + host + "a: " + std::string(20000, 'a') + "\r\n\r\n"),
            "431");
  EXPECT_EQ(status("GET / HTTP/3\r\n" + host + "\r\n"), "505");
  EXPECT_EQ(status(std::string("\0\0\0\0\r\n\r\n", 8)), "400");
  EXPECT_TRUE(std::filesystem::exists(folder_ / "a.svg"));
}

TEST_F(ServerTest, AnswersRequestsOnOneConnectionInTurn) {
  const RunningServer server(options());
  const std::string host = " HTTP/1.1\r\nHost: " + server.host() + "\r\n";
  Connection connection(server.port());
  connection.send("\r\nGET /files/numbers.json" + host + "\r\nHEAD /files/a.svg" + host +
                  "\r\nGET /files/a.svg" + host + "Connection: close\r\n\r\nGET / ignored");
  EXPECT_EQ(body_of(connection.receive_answer()), "0123456789");
  EXPECT_EQ(status_of(connection.receive_answer(/*with_body=*/false)), "200");
  const std::string last = connection.receive_all();
  EXPECT_EQ(body_of(last), "<svg/>");
  EXPECT_EQ(header_of(last, "Connection"), "close");
}

TEST_F(ServerTest, ClosesAConnectionAfterItsShareOfRequests) {
  ServerOptions limited = options();
  limited.limits.requests = 2;
  const RunningServer server(limited);
  const std::string request = "GET /files/a.svg HTTP/1.1\r\nHost: " + server.host() + "\r\n\r\n";
  Connection connection(server.port());
  connection.send(request + request + request);
  EXPECT_EQ(header_of(connection.receive_answer(), "Connection"), "");
  EXPECT_EQ(header_of(connection.receive_all(), "Connection"), "close");
}

TEST_F(ServerTest, CutsOffWhoeverSendsTooSlowly) {
  ServerOptions hurried = options();
  hurried.limits.head = milliseconds(150);
  hurried.limits.idle = milliseconds(150);
  const RunningServer server(hurried);
  Connection silent(server.port());
  Connection slow(server.port());
  slow.send("GET / HT");
  EXPECT_EQ(status_of(slow.receive_all()), "408");
  EXPECT_EQ(silent.receive_all(), "");
}

TEST_F(ServerTest, CutsOffWhoeverReadsTooSlowly) {
  ServerOptions hurried = options();
  hurried.limits.answer = milliseconds(200);
  hurried.limits.slowest_rate = 1e9;
  hurried.threads = 1;
  hurried.waiting = 1;
  write_text(folder_ / "large.json", std::string(64 << 20, 'x'));
  const RunningServer server(hurried);
  Connection slow(server.port());
  slow.send("GET /files/large.json HTTP/1.1\r\nHost: " + server.host() + "\r\n\r\n");
  EXPECT_EQ(status_of(server.get("/files/a.svg")), "200");  // the only thread is free again
}

TEST_F(ServerTest, IdleConnectionsDoNotKeepOthersWaiting) {
  ServerOptions small = options();
  small.threads = 2;
  small.limits.idle = milliseconds(300);
  const RunningServer server(small);
  std::vector<std::unique_ptr<Connection>> idle;
  for (int i = 0; i < 8; ++i) idle.push_back(std::make_unique<Connection>(server.port()));
  EXPECT_EQ(status_of(server.get("/files/a.svg")), "200");
}

TEST_F(ServerTest, SlowClientsDoNotKeepOthersWaitingForLong) {
  ServerOptions small = options();
  small.threads = 4;
  small.limits.hurried = milliseconds(50);
  const RunningServer server(small);
  std::vector<std::unique_ptr<Connection>> slow;
  for (int i = 0; i < 16; ++i) {
    slow.push_back(std::make_unique<Connection>(server.port()));
    slow.back()->send("GET / HTTP/1.1\r\nHost: ");
  }
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(status_of(server.get("/files/a.svg")), "200");
  // 16 of them, 4 at a time: without hurry 4 times the 10 s of a head.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(8));
}

TEST_F(ServerTest, SurvivesClientsThatGoAway) {
  const RunningServer server(options());
  write_text(folder_ / "large.json", std::string(16 << 20, 'x'));
  for (int i = 0; i < 20; ++i) {
    Connection connection(server.port());
    connection.send("GET /files/large.json HTTP/1.1\r\nHost: " + server.host() + "\r\n\r\n");
    if (i % 2 == 0) connection.reset();
  }
  EXPECT_EQ(status_of(server.get("/files/a.svg")), "200");
}

TEST_F(ServerTest, AFileThatIsCutShortEndsItsAnswer) {
  constexpr std::size_t kSize = 64U << 20;
  write_text(folder_ / "large.json", std::string(kSize, 'x'));
  const RunningServer server(options());
  Connection connection(server.port());
  connection.send("GET /files/large.json HTTP/1.1\r\nHost: " + server.host() + "\r\n\r\n");
  const std::string head = connection.receive_answer(/*with_body=*/false);
  EXPECT_EQ(header_of(head, "Content-Length"), std::to_string(kSize));
  std::filesystem::resize_file(folder_ / "large.json", 10);
  EXPECT_LT(connection.receive_all().size(), kSize);
  EXPECT_EQ(status_of(server.get("/files/a.svg")), "200");
}

TEST_F(ServerTest, StopsWithClientsStillThere) {
  auto server = std::make_unique<RunningServer>(options());
  Connection idle(server->port());
  Connection busy(server->port());
  busy.send("GET / HTTP/1.1\r\n");
  EXPECT_EQ(status_of(server->get("/files/a.svg")), "200");
  const auto begin = std::chrono::steady_clock::now();
  server.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(4));
  EXPECT_TRUE(idle.is_closed(milliseconds(1000)));
}

TEST_F(ServerTest, MayBeStoppedBeforeItRuns) {
  Server server(options());
  server.stop();
  server.run();
}

TEST_F(ServerTest, ATakenPortIsAnError) {
  const RunningServer server(options());
  ServerOptions same = options();
  same.port = server.port();
  EXPECT_THAT(message_of<std::runtime_error>([&] { Server second(same); }),
              AllOf(HasSubstr("[serve] cannot listen on 127.0.0.1, port"), HasSubstr("in use")));
  same.host = "203.0.113.7";  // of documentation: nobody's
  EXPECT_THAT(message_of<std::runtime_error>([&] { Server second(same); }),
              HasSubstr("[serve] cannot listen on 203.0.113.7"));
}

TEST_F(ServerTest, TellsTheAddressToOpen) {
  ServerOptions any = options();
  any.port = 0;
  any.host = "0.0.0.0";
  const Server server(any);
  EXPECT_EQ(server.address(), "http://127.0.0.1:" + std::to_string(server.port()) + "/");
  EXPECT_FALSE(is_loopback("0.0.0.0"));
  EXPECT_FALSE(is_loopback("192.168.0.1"));
  EXPECT_TRUE(is_loopback("127.0.0.1"));
  EXPECT_TRUE(is_loopback("::1"));
}

}  // namespace
}  // namespace circuit::serve
