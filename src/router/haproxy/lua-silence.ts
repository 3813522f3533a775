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
 * get: therefore each is looked at right before it is cut, and none is once the instance answers again. What old workers have is not moved: they check nobody.
 */
export const SILENCE_LUA = `
-- Each server is looked at once a second, one with nothing to do every four; with more than some hundreds of them less
-- often, so that the cost has a bound.
local STEP_MS = 100
local STEPS = 10
local MOST_LOOKS = 40
local IDLE_ROUNDS = 3
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
        all[#all + 1] = { backend = name, slot = slot, server = server, sweeps = 0, rest = 0 }
      end
    end
  end
  return all
end

-- Not one answer, and nobody there who would take a check: as opposed to one who refuses, or says that he is ill.
local function silent(each, stats)
  local now = core.now().sec
  each.rest = stats.scur == 0 and stats.bout == each.bytes and IDLE_ROUNDS or 0
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
    and string.match(text, "\\n  scb=[^\\n]- state=(%u+) ") == "EST"
    and string.find(text, " conn_retries=0,", 1, true)
    and string.find(text, " req.st=MSG_DONE rsp.st=MSG_RPBEFORE ", 1, true)
    and flags & REPEATABLE ~= 0 and flags & UNREPEATABLE == 0
end

local function connected(path)
  local socket = core.tcp()
  socket:settimeout(ASK_SECONDS)
  if socket:connect("unix@" .. path) then return socket end
  socket:close()
end

-- Right after a reload the socket may be another worker's, which knows nothing of these sessions.
local function is_own(lines)
  local pid = "^Pid: " .. core.get_info()["Pid"] .. "%s*$"
  for _, line in ipairs(lines) do
    if string.match(line, pid) then return true end
  end
  return false
end

-- Lines of an answer that are looked for, while one is.
local wanted, found = nil, {}

-- What a task reads itself comes to a halt with the first full buffer, so long answers pass by here.
core.register_action("listing", { "tcp-res" }, function(txn)
  while true do
    local line = txn.res:line()
    if type(line) ~= "string" or line == "" then return end
    for _, each in ipairs(wanted or {}) do
      if string.find(line, each, 1, true) then found[#found + 1] = line end
    end
    txn.res:remove(0, #line)
  end
end)

-- Ids of what waits at the server; nil when that can not be asked now.
local function waiting(each)
  local socket = connected("LISTING")
  if not socket then return nil end
  wanted, found = { "Pid: ", " be=" .. each.backend .. " srv=" .. each.slot .. " " }, {}
  if socket:send("show info;show sess\\n") then socket:receive("*a") end
  socket:close()
  wanted = nil
  if not is_own(found) then return nil end
  local ids = {}
  for _, line in ipairs(found) do ids[#ids + 1] = string.match(line, "^(0x%x+): ") end
  return ids
end

-- When it answers again, many of its sessions end at once, and their ids are given to others.
local function still_silent(each)
  local stats = each.server:get_stats()
  return stats.bout == each.bytes and string.sub(stats.status, 1, 4) == "DOWN"
end

-- Cuts those of them that can be moved: HAProxy then sends them to another server by itself.
local function move(socket, ids, each)
  local moved = 0
  for _, id in ipairs(ids) do
    local told = ask(socket, "show sess " .. id)
    if not told then break end
    if not still_silent(each) then break end
    if movable(told, each) and ask(socket, "shutdown session " .. id) then moved = moved + 1 end
  end
  return moved
end

-- How many were moved; nil when that can not be asked now.
local function sweep(each)
  local ids = waiting(each)
  local socket = ids and connected("STATS")
  if not socket then return nil end
  local info = ask(socket, "prompt") and ask(socket, "show info")
  local moved = nil
  if info and is_own(info) then moved = move(socket, ids, each) end
  socket:close()
  return moved
end

local function look(each)
  local stats = each.server:get_stats()
  if silent(each, stats) and stats.scur > 0 and each.sweeps < MOST_SWEEPS and another_serves(each) then
    each.sweeps = sweep(each) == 0 and MOST_SWEEPS or each.sweeps + 1
  end
end

-- Whether it was looked at.
local function visit(each)
  if each.rest > 0 then
    each.rest = each.rest - 1
    return false
  end
  if each.server:get_addr() == NOWHERE then
    each.rest = IDLE_ROUNDS
    return false
  end
  -- What goes wrong with one is no reason to give up on the others.
  local done, problem = pcall(look, each)
  if not done then core.Warning("tasuki: " .. tostring(problem)) end
  return true
end

local function watch()
  local all = slots()
  local place = 0
  while core.get_info()["Stopping"] == 0 do
    local looks, passed = 0, 0
    while passed < math.ceil(#all / STEPS) and looks < MOST_LOOKS do
      if visit(all[place + 1]) then looks = looks + 1 end
      place = (place + 1) % #all
      passed = passed + 1
    end
    core.msleep(STEP_MS)
  end
end

-- Checks run in one worker, and one thread of it is enough.
if core.thread == 1 then core.register_task(watch) end
`
