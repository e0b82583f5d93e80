-- What a node does to the log, each deed as a whole or not at all: the first argument names the
-- deed, the second the node. Every answer is a list that begins with a word.
--
-- The log is a stream whose entries are numbered without a gap and each have a tag, made of the tag
-- before: so whoever follows it sees for certain when it is not the log it was. A log that was begun
-- anew has another "life"; a node that is not among the nodes says nothing any more.
--
-- The keys are in a store that may lose any of them (it evicts, or people do), and in which others
-- may write. Whoever has followed the log to its end has all that was in it, and begins it anew.

local log, state, nodes, leases, kept, offers = unpack(KEYS)
local deed, node = ARGV[1], ARGV[2]
local call = redis.call

local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local life, last, tip, key = unpack(call('HMGET', state, 'life', 'n', 'tag', 'key'))
if not (life and last and tip and key) then life = nil end
last = tonumber(last or 0)

local function whole(number)  -- not in Lua's own way, which is 1.7e+12
  return string.format('%.0f', number)
end

-- Entries of one node, from this number on, each a text.
local function add(from, first, texts)
  local n = tonumber(call('HGET', state, 'n'))
  local tag = call('HGET', state, 'tag')
  for i, text in ipairs(texts) do
    local seq = first == 'end' and first or whole(first + i - 1)
    n = n + 1
    call('XADD', log, life .. '-' .. whole(n), 'after', tag, 'node', from, 'seq', seq, 'e', text)
    tag = string.sub(redis.sha1hex(tag .. ' ' .. from .. ':' .. seq), 1, 16)
  end
  call('HSET', state, 'n', whole(n), 'tag', tag)
end

-- A node is no more: the last entry of its own, once.
local function bury(dead, grace, reason)
  if call('HDEL', nodes, dead) == 1 then
    add(dead, 'end', {string.format('%.3f', now / 1000) .. ' ' .. grace .. ' ' .. reason})
  end
  call('ZREM', leases, dead)
end

-- The number of the entry that the snapshot is of.
local function start()
  return tonumber(call('HGET', kept, 'n') or 0) or 0
end

local function has(n)
  local id = life .. '-' .. whole(n)
  return #call('XRANGE', log, id, id) == 1
end

-- Whether a new node gets from the snapshot to the end, and the log then takes more.
local function is_whole()
  for _, each in ipairs({'n', 'tag', 'data'}) do
    if call('HEXISTS', kept, each) == 0 then return false end
  end
  if call('EXISTS', log) == 0 then return start() == last end
  local about = call('XINFO', 'STREAM', log)
  for i = 1, #about, 2 do
    if about[i] == 'last-generated-id' and about[i + 1] ~= life .. '-' .. whole(last) then
      return false
    end
  end
  return start() == last or has(start() + 1)
end

-- From now on there is no log, and whoever knows most of it begins another; that we know this much
-- is known before anybody else may come.
local function give_up(why, n)
  call('DEL', log, state, nodes, leases, kept, offers)
  call('ZADD', offers, -now, 'since', n, node)
  return {'none', why}
end

-- Where nobody could renew for so long, Redis was away, and nobody is dead yet: nodes have half a
-- lease to come back. No lease is longer than one, even if this server's clock was set back.
local function look_at_leases(lease)
  local before = tonumber(call('HGET', state, 'renewed') or 0)
  local was_away = now - before > lease / 2
  call('HSET', state, 'renewed', whole(now))
  for _, each in ipairs(call('HKEYS', nodes)) do
    local till = tonumber(call('ZSCORE', leases, each) or 0)
    if was_away or till == 0 then till = math.max(till, now + lease / 2) end
    call('ZADD', leases, math.min(till, now + lease), each)
  end
  call('ZADD', leases, now + lease, node)
end

local deeds = {}

-- A new node: gets where the log is, and the snapshot it starts from.
function deeds.enter(lease)
  if not life then return {'none', 'there is none'} end
  if not is_whole() then return {'damaged'} end
  call('HSET', nodes, node, 0)
  look_at_leases(lease)
  return {'ok', life, whole(last), key, unpack(call('HMGET', kept, 'n', 'tag', 'data'))}
end

-- I am still here, and have followed the log this far. And who is not?
function deeds.renew(lease, its_life, n, tag, grace)
  if not life then return {'none', 'it was gone'} end
  n = tonumber(n)
  local is_here = call('HEXISTS', nodes, node) == 1
  if its_life ~= life then
    local from = call('HMGET', state, 'from_life', 'from_n', 'from_tag')
    if from[1] == its_life and tonumber(from[2]) == n and from[3] == tag and is_here then
      return {'moved', life}
    end
    -- Begun with nothing a moment ago, by one that did not know of us.
    if from[2] == '0' and now - life < lease + 0 and n > last then
      return give_up('it was begun with nothing', n)
    end
    return {'lost'}
  end
  if n > last then return give_up('it had lost its end', n) end  -- a fail-over
  if n == last and tag ~= tip then return {'lost'} end
  -- Whoever was taken for dead is not at the end: that comes behind.
  if n == last and not (is_here and is_whole()) then return give_up('it was damaged', n) end
  if n < last and n >= start() and not has(n + 1) then return give_up('it had lost entries', n) end
  if not is_here then return {'lost'} end
  look_at_leases(lease)
  for _, dead in ipairs(call('ZRANGEBYSCORE', leases, '-inf', '(' .. whole(now))) do
    bury(dead, grace, 'connection lost')
  end
  return {'ok', life, whole(start())}
end

-- Nodes that people are on, as far as I have followed. Those that are not among the nodes, nobody
-- would ever bury.
function deeds.bury(its_life, grace, ...)
  for _, each in ipairs({...}) do
    if its_life == life and call('HSETNX', nodes, each, 0) == 1 then
      bury(each, grace, 'connection lost')
    end
  end
  return {'ok'}
end

-- Some entries; those that are in the log already are passed over. Where there are some missing
-- before them, this log has lost its end, and the node knows what they were.
function deeds.append(its_life, first, ...)
  local said = call('HGET', nodes, node)
  if its_life ~= life or not said then return {'lost'} end
  local texts, known = {}, said + 1 - first
  if known < 0 then return {'lost'} end
  for i, text in ipairs({...}) do
    if i > known then texts[#texts + 1] = text end
  end
  if #texts > 0 then
    add(node, said + 1, texts)
    call('HSET', nodes, node, whole(said + #texts))
  end
  return {'ok'}
end

-- A node goes by itself.
deeds['end'] = function(grace, reason)
  if life then bury(node, grace, reason) end
  return {'ok'}
end

-- The room as it was after entry n. Older entries than "keep" before it are needed by nobody.
function deeds.snapshot(its_life, n, tag, data, keep)
  if its_life ~= life or tonumber(n) <= start() then return {'lost'} end
  call('HSET', kept, 'n', n, 'tag', tag, 'data', data)
  call('XTRIM', log, 'MINID', life .. '-' .. whole(math.max(0, n - keep)))
  return {'ok'}
end

-- There is no log. Whoever knows most of the last one shall begin it; others may not be back yet.
-- Where something is left of one, they have not seen yet that it has gone: they will as they renew.
function deeds.offer(n, patience, renewal)
  if life then return {'ready'} end
  if n == '0' and call('EXISTS', log, state, nodes, leases, kept) > 0 then
    patience = patience + renewal
  end
  local since = call('ZSCORE', offers, 'since')
  -- None, or somebody's who never did it, or by another clock.
  if not since or now + since > 10 * patience or now + since < 0 then
    call('DEL', offers)
    call('ZADD', offers, -now, 'since')
    since = -now
  end
  call('ZADD', offers, n, node)
  local waited = now + since
  if waited < patience + 0 then return {'wait'} end
  local best = call('ZREVRANGE', offers, 0, 0)[1]
  if best == node or waited > 3 * patience then return {'seed'} end
  return {'wait'}
end

-- Begin the log, from a room as it was after entry n of the last one; the rest: nodes that are in
-- it, each with the number of its last entry.
function deeds.seed(lease, n, tag, its_life, key, data, ...)
  if life then return {'ready'} end
  call('DEL', log, state, nodes, leases, kept, offers)
  life = whole(math.max(now, its_life + 1))
  call('HSET', state, 'life', life, 'n', n, 'tag', tag, 'key', key, 'renewed', whole(now),
    'from_life', its_life, 'from_n', n, 'from_tag', tag)
  call('HSET', kept, 'n', n, 'tag', tag, 'data', data)
  local seated = {...}
  for i = 1, #seated, 2 do
    call('HSET', nodes, seated[i], seated[i + 1])
    call('ZADD', leases, now + lease, seated[i])
  end
  return {'ready'}
end

return deeds[deed](unpack(ARGV, 3))
