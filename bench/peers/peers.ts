import type { Peer } from './peer.ts'

/** HAProxy with nothing but what it takes to balance: no log, no checks, no rules. */
export const BARE_HAPROXY: Peer = {
  name: 'bare HAProxy',
  command: 'haproxy',
  file: 'haproxy.cfg',
  args: ['-db', '-f', 'haproxy.cfg'],
  config: (port, backends) => `defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 60s
frontend visitors
  bind 127.0.0.1:${port}
  default_backend app
backend app
${backends.map((backend) => `  server s${backend} 127.0.0.1:${backend}`).join('\n')}
`,
}

/** HAProxy that checks its servers and repeats what may be repeated, as Tasuki's does; still without a log. */
const CAREFUL_HAPROXY: Peer = {
  ...BARE_HAPROXY,
  name: 'HAProxy with checks and retries',
  config: (port, backends) => `defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 60s
  retries 3
  option redispatch 1
  retry-on conn-failure empty-response
frontend visitors
  bind 127.0.0.1:${port}
  default_backend app
backend app
  option httpchk GET /
  http-check expect status 200-399
  default-server check inter 2s rise 3 fall 2 observe layer4 error-limit 1 on-error mark-down
  http-request disable-l7-retry unless METH_GET or { method HEAD OPTIONS PUT DELETE }
${backends.map((backend) => `  server s${backend} 127.0.0.1:${backend}`).join('\n')}
`,
}

const NGINX: Peer = {
  name: 'nginx',
  command: 'nginx',
  file: 'nginx.conf',
  args: ['-e', 'stderr', '-p', '.', '-c', 'nginx.conf'],
  config: (port, backends) => `daemon off;
worker_processes auto;
pid nginx.pid;
error_log stderr warn;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  upstream app {
${backends.map((backend) => `    server 127.0.0.1:${backend};`).join('\n')}
    keepalive 64;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://app;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
    }
  }
}
`,
}

const CADDY: Peer = {
  name: 'Caddy',
  command: 'caddy',
  file: 'Caddyfile',
  args: ['run', '--config', 'Caddyfile', '--adapter', 'caddyfile'],
  config: (port, backends) => `{
  admin off
  auto_https off
}
http://:${port} {
  bind 127.0.0.1
  reverse_proxy ${backends.map((backend) => `127.0.0.1:${backend}`).join(' ')}
}
`,
}

export const PEERS: readonly Peer[] = [BARE_HAPROXY, CAREFUL_HAPROXY, NGINX, CADDY]
