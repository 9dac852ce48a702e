# What the scripts of bench/gateway share; sourced from the repository's root. Gives `scratch` (removed at exit, with the
# processes in `pids`), `bin`, and the functions below.
bin=build/release/bin
nginx=$(command -v nginx || echo /usr/sbin/nginx)
scratch=$(mktemp -d)
pids=()
declare -A pid_of
cleanup() {
  for pid in "${pids[@]}"; do kill "$pid" 2> /dev/null || true; done
  rm -rf "$scratch"
}
trap cleanup EXIT

build() { # TARGET…
  cmake --preset release > /dev/null
  cmake --build build/release -j "$(nproc)" --target "$@" -- --quiet
}

# A port that nobody listens at, below those that the kernel gives out; each once.
next_port=$((20000 + RANDOM % 8000))
free_port() {
  while next_port=$((next_port + 1)); (exec 3<> "/dev/tcp/127.0.0.1/$next_port") 2> /dev/null; do :; done
  port=$next_port
}

started() { # PORT: waits until somebody listens there
  for _ in $(seq 100); do
    (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null && return
    sleep 0.05
  done
  echo "nobody listens at $1" >&2
  exit 1
}

start_nginx() { # NAME: what is common; the rest of http {} comes from stdin
  mkdir -p "$scratch/$1"
  {
    echo "daemon off; master_process off; pid $scratch/$1/pid; error_log $scratch/$1/error.log;"
    case "$1" in *lua* | *best*) echo 'load_module modules/ndk_http_module.so; load_module modules/ngx_http_lua_module.so;' ;; esac
    echo 'events { worker_connections 30000; }'
    echo "http { keepalive_requests 1000000000; client_body_temp_path $scratch/$1/b; proxy_temp_path $scratch/$1/p;"
    echo "fastcgi_temp_path $scratch/$1/f; uwsgi_temp_path $scratch/$1/u; scgi_temp_path $scratch/$1/s;"
    echo "proxy_http_version 1.1; proxy_set_header Connection '';"
    cat
    echo '}'
  } > "$scratch/$1/nginx.conf"
  "$nginx" -p /usr/share/nginx -c "$scratch/$1/nginx.conf" -e "$scratch/$1/error.log" > /dev/null 2>&1 &
  pids+=($!)
  pid_of[$1]=$!
}

# The article's Lua map for a server at 127.0.0.1:PORT in front of an upstream of SERVERS.
article_lua() { # PORT SERVERS
  sed -n '/lua_shared_dict/p' scenarios/nginx/article-lua.conf
  echo "upstream any_proxy { $2 }"
  sed -n '/^    server {/,/^    }/p' scenarios/nginx/article-lua.conf | sed "s/{{listen}}/127.0.0.1:$1/; s/{{tls}}//"
}
servers() { printf 'server 127.0.0.1:%s; ' "$@"; }
