vcl 4.1;

# Varnish as a balancer: each value of Authorization goes to one proxy by its hash, and nothing is stored. Where no proxy
# is named, the hash is of the empty text. It follows no X-Accel-Redirect, and makes of one an honest 503.

import directors;

backend proxy{{proxy_index}} { .host = "{{proxy_host}}"; .port = "{{proxy_port}}"; }

sub vcl_init {
    new proxies = directors.hash();
    proxies.add_backend(proxy{{proxy_index}}, 1);
}

sub vcl_recv {
    if (req.url ~ "^/internal_redirect/") { return (synth(404)); }
    set req.backend_hint = proxies.backend(req.http.Authorization);
    return (pass);
}

sub vcl_deliver {
    if (resp.http.X-Accel-Redirect) { return (synth(503)); }
    unset resp.http.X-Backend;
    unset resp.http.X-Session-Epoch;
}
