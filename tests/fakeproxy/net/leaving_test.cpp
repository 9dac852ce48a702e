// A proxy that is asked to end (SIGTERM).
#include "cluster_process.hpp"

#include <catch2/catch.hpp>

using namespace fakeproxy::net::testing;
using nlohmann::json;

namespace {

/// Whether the proxy takes new connections.
bool listens(std::string const& address) {
  try {
    client const c(address);
    return true;
  } catch (boost::system::system_error const&) {
    return false;
  }
}

}

TEST_CASE("a proxy that leaves serves the connections that it has, once each, and takes no new ones") {
  scratch files;
  child process({{"token_key", key_text},
                 {"sols", {"127.0.0.1:0"}},
                 {"nodes",
                  {{{"role", "sol"}, {"index", 0}, {"listen", "127.0.0.1:0"}},
                   {{"role", "proxy"}, {"index", 0}, {"listen", "127.0.0.1:0"}}}}},
                files.path());
  std::string const address = process.address("proxy[0]", "http");
  std::string const request = "GET / HTTP/1.1\r\nHost: x\r\n" + bearer(7) + "\r\n";
  client idle(address), busy(address);
  CHECK(idle.ask(request)["connection"].empty());
  // Until this body is complete, the proxy does not leave.
  busy.send("POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n" + bearer(7) + "\r\na");
  process.terminate();
  while (listens(address)) {
  }
  answer const served = idle.ask(request);
  CHECK(served.status == 200);
  CHECK(served["lab-epoch"] == "1");
  CHECK(served["connection"] == "close");
  CHECK(idle.at_end());
  busy.send("bc");
  CHECK(busy.receive().status == 201);
  CHECK(process.stop() == 0);
}
