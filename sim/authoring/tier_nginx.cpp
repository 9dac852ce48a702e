#include "gateway/routing/default_limits.hpp"
#include "sim/authoring/tier.hpp"

#include <algorithm>
#include <chrono>

namespace sim::authoring {
namespace {

using gateway::routing::guess_policy;

std::string seconds(std::chrono::nanoseconds time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time).count()) + "s";
}

/// The line of an upstream block that says how it guesses; empty for nginx's own way, in turn.
std::string balancing(guess_policy guess) {
  switch (guess) {
  case guess_policy::random:
    return "        random;\n";
  case guess_policy::round_robin:
    return "";
  case guess_policy::least_conn:
    return "        least_conn;\n";
  case guess_policy::two_choices:
    return "        random two least_conn;\n";
  case guess_policy::token_hash:
    return "        hash $http_authorization consistent;\n";
  }
  return "";
}

std::string keepalive() {
  return "        keepalive " + std::to_string(gateway::routing::default_limits.idle_per_upstream) +
         ";\n        keepalive_timeout " + seconds(gateway::routing::default_limits.upstream_idle) + ";\n";
}

constexpr char const* files_of_the_lab = R"(pid {{prefix}}/nginx.pid;
error_log stderr warn;
)";

constexpr char const* more_files_of_the_lab = R"(    access_log off;
    client_body_temp_path {{prefix}}/client_body;
    proxy_temp_path {{prefix}}/proxy;
    fastcgi_temp_path {{prefix}}/fastcgi;
    uwsgi_temp_path {{prefix}}/uwsgi;
    scgi_temp_path {{prefix}}/scgi;

)";

constexpr char const* modules = R"(load_module {{modules}}/ndk_http_module.so;
load_module {{modules}}/ngx_http_lua_module.so;

)";

/// What each request is sent with. A client may neither name a proxy nor say who answered.
constexpr char const* fields = R"(    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-Host $http_host;
    proxy_set_header X-Request-Id $sent_request_id;
    proxy_set_header X-Accel-Redirect "";
    proxy_set_header X-Backend "";
    proxy_hide_header X-Backend;
    proxy_hide_header X-Session-Epoch;
    proxy_hide_header X-Session-Corporation;
    # A request that a proxy has had is sent again only if its method allows that.
    proxy_next_upstream error timeout;
    proxy_next_upstream_tries 3;
    client_max_body_size 64m;

    map $http_x_request_id $sent_request_id {
        "" $request_id;
        default $http_x_request_id;
    }

)";

constexpr char const* memory = R"(    init_by_lua_block {
        -- By what a token is remembered: of one length, and no token itself.
        function key_of(token) return ngx.sha1_bin(token) end
        -- For requests whose own proxy does not answer.
        proxies = {
            {host = "{{proxy_host}}", port = {{proxy_port}}},
        }
    }
    header_filter_by_lua_block {
        -- Whoever holds the session says so.
        local token, owner = ngx.var.http_authorization, ngx.var.upstream_http_x_backend
        owner = owner and owner:match("^http://(.+)$")
        if token and owner then ngx.shared.owners:set(key_of(token), owner) end
    }

    # The proxy that Lua names in $peer.
    upstream known_proxy {
        server 0.0.0.1; # not used
        balancer_by_lua_block {
            local balancer = require("ngx.balancer")
            local host, port = ngx.var.peer:match("^(.+):(%d+)$")
            if balancer.get_last_failure() then
                -- It does not answer: forgotten, and another one is asked.
                local token = ngx.var.http_authorization
                if token then ngx.shared.owners:delete(key_of(token)) end
                local at = math.random(#proxies)
                if proxies[at].host .. ":" .. proxies[at].port == ngx.var.peer then at = at % #proxies + 1 end
                host, port = proxies[at].host, proxies[at].port
            else
                balancer.set_more_tries(2)
            end
            assert(balancer.set_current_peer(host, tonumber(port)))
        }
)";

constexpr char const* known_way = R"(        location / {
            set $sent_method $request_method;
            set $peer "";
            set $pool any_proxy;
            access_by_lua_block {
                local token = ngx.var.http_authorization
                local owner = token and ngx.shared.owners:get(key_of(token))
                if owner then ngx.var.peer, ngx.var.pool = owner, "known_proxy" end
            }
            proxy_pass http://$pool$request_uri;
        }

        # Reached through X-Accel-Redirect only, which names the owner. Target and method are those of the client:
        # nginx would decode the one and make GET of the other.
        location ~ ^/internal_redirect/(?<owner>[^/]+)/ {
            internal;
            set $peer $owner;
            proxy_method $sent_method;
            proxy_pass http://known_proxy$request_uri;
        }
)";

constexpr char const* guessed_way = R"(        location / {
            set $sent_method $request_method;
            proxy_pass http://any_proxy;
        }

        # Reached through X-Accel-Redirect only, which names the owner. Target and method are those of the client:
        # nginx would decode the one and make GET of the other. Proxies that name themselves need a `resolver` here.
        location ~ ^/internal_redirect/(?<owner>[^/]+)/ {
            internal;
            proxy_method $sent_method;
            proxy_pass http://$owner$request_uri;
        }
)";

std::string tls_lines(tier const& t, use where) {
  if (!t.tls) return "";
  if (where == use::lab) return "        {{tls}}\n";
  return "        ssl_certificate {{certificate}};\n        ssl_certificate_key {{key}};\n";
}

}

std::string nginx_text(tier const& t, use where) {
  bool const lab = where == use::lab, remembers = t.map_bytes.has_value();
  std::string text = remembers ? modules : "";
  if (lab) text += files_of_the_lab;
  // One map for all of them.
  text +=
      "worker_processes " + std::to_string(t.threads) + ";\n\nevents {\n    worker_connections 8192;\n}\n\nhttp {\n";
  if (lab) text += more_files_of_the_lab;
  if (remembers)
    text += "    # token_map: which proxy a token is at.\n    lua_shared_dict owners " +
            std::to_string(std::max<std::uint64_t>(*t.map_bytes / 1024, 12)) + "k;\n"; // nginx's least
  if (remembers) text += memory + keepalive() + "    }\n\n";
  text += "    # guess: " + std::string(name_of(t.guess)) + "\n    upstream any_proxy {\n" + balancing(t.guess) +
          "        server {{proxy_address}} max_fails=1 fail_timeout=1s;\n" + keepalive() + "    }\n\n";
  text += "    proxy_read_timeout " + seconds(gateway::routing::default_limits.answer) +
          ";\n    proxy_connect_timeout 5s;\n" + fields;
  // The lab fills in "ssl" with the address.
  text += std::string("    server {\n        listen {{listen}}") + (t.tls && !lab ? " ssl" : "") + ";\n" +
          tls_lines(t, where) + "\n";
  return text + (remembers ? known_way : guessed_way) + "    }\n}\n";
}

}
