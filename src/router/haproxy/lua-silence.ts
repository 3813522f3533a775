/**
 * What waits at an instance that has fallen silent is repeated by another one.
 *
 * A machine that is frozen still acknowledges what is sent to it, so nothing but `timeout server` would end the wait, and
 * that is longer than visitors stay. Its checks tell; but a busy app fails them as well, and its work must not be
 * thrown away. So only such requests are moved as lose nothing by it: HAProxy keeps a copy that it may send again, no
 * byte of an answer has come, and none was repeated before, so that one which hangs whoever gets it hangs one more
 * at most. Whatever else waits there (orders, answers that have begun, streams) is left alone until its own limit.
 *
 * It works without the control plane. `show sess` is the only one to tell what a request is, so the task asks its own
 * process's command socket, and that only when an instance is silent. A session's id is an address that the next one may
 * get: therefore each is looked at right before it is cut.
 */
export const SILENCE_LUA = `
-- Each server is looked at once a second; with more than some hundreds of them less often, so that the cost has a bound.
local STEP_MS = 100
local STEPS = 10
local MOST_LOOKS = 40
-- No answer has ended for so long, and the checks have found it down for so long.
local SILENT_SECONDS = 5
local DOWN_SECONDS = 2
local ASK_SECONDS = 5
-- Whoever is connecting is found by the next look, if it gets through after all.
local MOST_SWEEPS = 5
local NOWHERE = "127.0.0.1:1"
-- HAProxy's marks on a request: may be repeated, may not. They have had two values in the course of time.
local REPEATABLE, UNREPEATABLE = 0x880000, 0x1100000

local function slots()
  local all = {}
  for name, backend in pairs(core.backends) do
    if string.match(name, "^b%d+$") then
      for slot, server in pairs(backend.servers) do
        all[#all + 1] = { backend = name, slot = slot, server = server, sweeps = 0 }
      end
    end
  end
  return all
end

-- Not one answer, and nobody there who would take a check: as opposed to one who refuses, or says that he is ill.
local function silent(each, stats)
  local now = core.now().sec
  if stats.bout ~= each.bytes then
    each.bytes = stats.bout
    each.heard = now
  end
  if string.sub(stats.status, 1, 4) ~= "DOWN" then
    each.sweeps = 0
    return false
  end
  local why = string.match(stats.check_status or "", "%w+$")
  return (why == "L7TOUT" or why == "L4TOUT") and tonumber(stats.lastchg or 0) >= DOWN_SECONDS
    and now - each.heard >= SILENT_SECONDS
end

-- One that fails its checks as well, but has not done so for long enough, is no help.
local function another_serves(each)
  for slot, server in pairs(core.backends[each.backend].servers) do
    if slot ~= each.slot and server:get_addr() ~= NOWHERE and server:get_stats().status == "UP" then return true end
  end
  return false
end

-- The lines of an answer, which ends with an empty one; nil when there is none.
local function ask(socket, command)
  if not socket:send(command .. "\\n") then return nil end
  local lines = {}
  while true do
    local line = socket:receive("*l")
    if not line then return nil end
    line = string.gsub(line, "^> ", "")
    if line == "" then return lines end
    lines[#lines + 1] = line
  end
end

local function movable(lines, each)
  local text = table.concat(lines, "\\n")
  local flags = tonumber(string.match(text, "\\n  txn=%S+ flags=(0x%x+)") or 0)
  return string.find(text, "\\n  backend=" .. each.backend .. " ", 1, true)
    and string.find(text, "\\n  server=" .. each.slot .. " ", 1, true)
    and string.match(text, "\\n  scb=%S+ flags=%S+ state=(%u+) ") == "EST"
    and string.find(text, " conn_retries=0,", 1, true)
    and string.find(text, " req.st=MSG_DONE rsp.st=MSG_RPBEFORE ", 1, true)
    and flags & REPEATABLE ~= 0 and flags & UNREPEATABLE == 0
end

-- Right after a reload the socket may be another worker's, which knows nothing of these sessions.
local function is_own(socket)
  local pid = "Pid: " .. core.get_info()["Pid"]
  for _, line in ipairs(ask(socket, "show info") or {}) do
    if line == pid then return true end
  end
  return false
end

-- Cuts what can be moved: HAProxy then sends it to another server by itself. How many those were.
local function move(socket, each)
  local moved = 0
  local place = " be=" .. each.backend .. " srv=" .. each.slot .. " "
  for _, line in ipairs(ask(socket, "show sess") or {}) do
    local id = string.find(line, place, 1, true) and string.match(line, "^(0x%x+):")
    local told = id and ask(socket, "show sess " .. id)
    if told and movable(told, each) then
      ask(socket, "shutdown session " .. id)
      moved = moved + 1
    end
  end
  return moved
end

local function sweep(each)
  each.sweeps = each.sweeps + 1
  local socket = core.tcp()
  socket:settimeout(ASK_SECONDS)
  local moved = 0
  if socket:connect("unix@STATS") and ask(socket, "prompt") and is_own(socket) then moved = move(socket, each) end
  socket:close()
  if moved == 0 then each.sweeps = MOST_SWEEPS end
end

local function look(each)
  local stats = each.server:get_stats()
  if silent(each, stats) and stats.scur > 0 and each.sweeps < MOST_SWEEPS and another_serves(each) then
    sweep(each)
  end
end

local function watch()
  local all = slots()
  local next_one = 0
  local began = core.now().sec
  for _, each in ipairs(all) do each.heard = began end
  while core.get_info()["Stopping"] == 0 do
    local looks, passed = 0, 0
    while passed < math.ceil(#all / STEPS) and looks < MOST_LOOKS do
      local each = all[next_one + 1]
      next_one = (next_one + 1) % #all
      passed = passed + 1
      if each.server:get_addr() ~= NOWHERE then
        looks = looks + 1
        -- What goes wrong with one is no reason to give up on the others.
        local done, problem = pcall(look, each)
        if not done then core.Warning("tasuki: " .. tostring(problem)) end
      end
    end
    core.msleep(STEP_MS)
  end
end

-- Checks run in one worker, and one thread of it is enough.
if core.thread == 1 then core.register_task(watch) end
`
