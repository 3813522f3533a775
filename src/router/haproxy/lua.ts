import type { Layout } from './layout.ts'
import { SILENCE_LUA } from './lua-silence.ts'
import { APP_VAR, HELD_VAR } from './traffic/log-format.ts'

/**
 * What HAProxy's own language can not say. Loaded once per thread.
 *
 * - `hold` lets a request wait while its backend has no server that could take it. While the app sleeps, it waits for
 *   as long as the app may take to boot, and the control plane is told so: at the socket `bell`, again and again, so that
 *   also the next control plane learns of it.
 * - `prober` connects to an instance where a TCP connect is to count as a check.
 * - the command `tasuki server` changes a slot and its stream twin in one step. It is not only shorter: a worker that
 *   only finishes what it has refuses HAProxy's own `set server` ("Proxy is disabled") while it still routes.
 * - a task moves what waits at an instance that has fallen silent.
 */
export function luaText({ bell, stats, listing }: Layout, sleepingMap: string): string {
  const values = { HELD_VAR, APP_VAR, BELL: bell, SLEEPING: sleepingMap, STATS: stats, LISTING: listing }
  return `${LUA}${SILENCE_LUA}`.replaceAll(
    /\b(HELD_VAR|APP_VAR|BELL|SLEEPING|STATS|LISTING)\b/g,
    (name) => values[name as keyof typeof values],
  )
}

const LUA = `-- Made by Tasuki; written anew at each start.
local MOST_HELD = 2000
local STEP_MS = 10
-- The more wait, the less often each of them looks: the processor is for what boots.
local HELD_A_MS = 10
local RING_EVERY_MS = 200
-- Less than a check may take.
local CONNECT_SECONDS = 1
local held = {}
local rung = {}
-- App that sleeps, or wakes up: ms that its visitors wait. Changes while HAProxy runs.
local sleeping = Map.new("SLEEPING", Map._str)

local function twins(name)
  return core.backends[name], core.backends[name .. "-stream"]
end

local function elapsed_ms(since)
  local now = core.now()
  return (now.sec - since.sec) * 1000 + math.floor((now.usec - since.usec) / 1000)
end

-- nbsrv is always 0 in a worker that is stopping, so its servers are looked at one by one.
local function usable(txn, name)
  if txn.f:nbsrv(name) > 0 then return true end
  local stopping = txn.f:stopping()
  if not stopping or stopping == 0 then return false end
  for _, server in pairs(core.backends[name].servers) do
    if string.sub(server:get_stats()["status"], 1, 2) == "UP" then return true end
  end
  return false
end

-- When nobody answers, the next ring tries again.
local function ring(app)
  local last = rung[app]
  if last and elapsed_ms(last) < RING_EVERY_MS then return end
  rung[app] = core.now()
  local socket = core.tcp()
  socket:settimeout(CONNECT_SECONDS)
  if socket:connect("unix@BELL") then socket:send(app .. "\\n") end
  socket:close()
end

core.register_action("hold", { "http-req" }, function(txn, name, limit)
  if usable(txn, name) then return end
  local count = held[name] or 0
  if count >= MOST_HELD then
    txn:set_var("txn.no_instance", 1)
    return
  end
  held[name] = count + 1
  local app = txn:get_var("APP_VAR")
  local waited, most = 0, 0
  local began = core.now()
  while not usable(txn, name) do
    local asleep = sleeping:lookup(app)
    most = math.max(most, tonumber(asleep or limit))
    if waited >= most then break end
    if asleep then ring(app) end
    core.msleep(STEP_MS + held[name] // HELD_A_MS)
    waited = elapsed_ms(began)
  end
  held[name] = held[name] - 1
  txn:set_var("HELD_VAR", waited)
  if waited >= most and not usable(txn, name) then txn:set_var("txn.no_instance", 1) end
end, 2)

-- A connect that is neither refused nor answered on this very machine means a full accept queue:
-- somebody listens and is busy, which is no reason to take it out.
core.register_service("prober", "http", function(applet)
  local host, port = string.match(applet.path, "^/[^/]+/([^/]+)/(%d+)$")
  local status, reason = 400, "not a probe"
  if host then
    local began = core.now()
    local socket = core.tcp()
    socket:settimeout(CONNECT_SECONDS)
    local connected = socket:connect(host, tonumber(port))
    socket:close()
    local busy = not connected and elapsed_ms(began) >= CONNECT_SECONDS * 900
    if connected or (busy and string.match(host, "^127%.")) then
      status, reason = 200, "connected"
    else
      status, reason = 503, busy and "connect timed out" or "connection refused"
    end
  end
  applet:set_status(status, reason)
  applet:add_header("content-length", "0")
  applet:start_response()
end)

local function address(plain, stream, host, port)
  plain:set_addr(host, tonumber(port))
  stream:set_addr(host, tonumber(port))
end

local verbs = {
  place = function(plain, stream, host, port)
    plain:set_maint()
    address(plain, stream, host, port)
  end,
  admit = function(plain, stream, weight)
    plain:set_weight(weight)
    stream:set_weight(weight)
    plain:set_ready()
    plain:check_force_up()
  end,
  drain = function(plain) plain:set_drain() end,
  park = function(plain) plain:set_maint() end,
  clear = function(plain, stream)
    plain:set_maint()
    address(plain, stream, "127.0.0.1", "1")
    plain:shut_sess()
    stream:shut_sess()
  end,
  cut = function(_, stream) stream:shut_sess() end,
}

core.register_cli({ "tasuki", "server" }, "tasuki server <verb> <backend> <slot> [<arguments>]", function(applet, _, _, verb, name, slot, a, b)
  local plain, stream = twins(name)
  if not plain or not plain.servers[slot] then
    applet:send("No such slot.\\n")
  elseif not verbs[verb] then
    applet:send("No such verb.\\n")
  else
    verbs[verb](plain.servers[slot], stream.servers[slot], a, b)
  end
end)
`
