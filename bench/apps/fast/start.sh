# An app that costs next to nothing: one worker of nginx with a fixed answer. So the proxy in front is what is measured.
set -eu
for nginx in /usr/sbin/nginx "$(command -v nginx || true)"; do [ -x "$nginx" ] && break; done
cat > "$TMPDIR/nginx.conf" <<CONF
daemon off;
worker_processes 1;
pid $TMPDIR/nginx.pid;
error_log stderr warn;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  default_type text/plain;
  client_body_temp_path $TMPDIR/body;
  proxy_temp_path $TMPDIR/proxy;
  fastcgi_temp_path $TMPDIR/fastcgi;
  uwsgi_temp_path $TMPDIR/uwsgi;
  scgi_temp_path $TMPDIR/scgi;
  server {
    listen $HOST:$PORT;
    location = /port { return 200 "$PORT"; }
    location / { return 200 "$(head -c 512 /dev/zero | tr '\0' x)"; }
  }
}
CONF
exec "$nginx" -e stderr -p "$TMPDIR" -c "$TMPDIR/nginx.conf"
