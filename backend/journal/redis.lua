-- What a node does to the log, each deed as a whole or not at all: the first argument names the
-- deed, the second the node. Every answer is a list that begins with a word.
--
-- The log is a stream whose entries are numbered without a gap and each have a tag, made of the tag
-- before: so whoever follows it sees for certain when it is not the log it was. A log that was begun
-- anew has another "life"; a node that is not among the nodes says nothing any more.

local log, state, nodes, leases, kept, offers = unpack(KEYS)
local deed, node = ARGV[1], ARGV[2]
local call = redis.call

local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local life = call('HGET', state, 'life')

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

local deeds = {}

-- A new node: gets where the log is, and the snapshot it starts from.
function deeds.enter(lease)
  if not life then return {'none'} end
  call('HSET', nodes, node, 0)
  call('ZADD', leases, now + lease, node)
  return {'ok', life, call('HGET', state, 'n'), call('HGET', state, 'key'),
    unpack(call('HMGET', kept, 'n', 'tag', 'data'))}
end

-- I am still here, and have followed the log this far. And who is not?
function deeds.renew(lease, its_life, n, tag, grace)
  if not life then return {'none'} end
  n = tonumber(n)
  if its_life ~= life then
    local from = call('HMGET', state, 'from_life', 'from_n', 'from_tag')
    if from[1] ~= its_life or tonumber(from[2]) ~= n or from[3] ~= tag then return {'lost'} end
    if call('HEXISTS', nodes, node) == 0 then return {'lost'} end
    return {'moved', life}
  end
  local last = tonumber(call('HGET', state, 'n'))
  if n > last then  -- a fail-over, and the log has lost its end: whoever knows most begins it anew
    call('DEL', log, state, nodes, leases, kept)
    return {'none'}
  end
  if n == last and tag ~= call('HGET', state, 'tag') then return {'lost'} end
  if call('HEXISTS', nodes, node) == 0 then return {'lost'} end
  -- Where nobody could renew for so long, nobody is dead: Redis was away.
  local before = tonumber(call('HGET', state, 'renewed'))
  call('HSET', state, 'renewed', whole(now))
  if now - before > lease / 2 then
    for _, each in ipairs(call('HKEYS', nodes)) do call('ZADD', leases, now + lease, each) end
  end
  call('ZADD', leases, now + lease, node)
  for _, dead in ipairs(call('ZRANGEBYSCORE', leases, '-inf', '(' .. whole(now))) do
    bury(dead, grace, 'connection lost')
  end
  return {'ok', life}
end

-- Some entries; those that are in the log already are passed over. Where there are some missing
-- before them, this log has lost its end, and the node knows what they were.
function deeds.append(its_life, first, ...)
  local last = call('HGET', nodes, node)
  if its_life ~= life or not last then return {'lost'} end
  local texts, known = {}, last + 1 - first
  if known < 0 then return {'lost'} end
  for i, text in ipairs({...}) do
    if i > known then texts[#texts + 1] = text end
  end
  if #texts > 0 then
    add(node, last + 1, texts)
    call('HSET', nodes, node, whole(last + #texts))
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
  if its_life ~= life or tonumber(n) <= tonumber(call('HGET', kept, 'n')) then return {'lost'} end
  call('HSET', kept, 'n', n, 'tag', tag, 'data', data)
  call('XTRIM', log, 'MINID', life .. '-' .. whole(math.max(0, n - keep)))
  return {'ok'}
end

-- There is no log. Whoever knows most of the last one shall begin it; others may not be back yet.
function deeds.offer(n, patience)
  if life then return {'ready'} end
  local since = call('ZSCORE', offers, 'since')
  if not since or now + since > 10 * patience then  -- none, or somebody's who never did it
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
  call('DEL', log, nodes, leases, offers)
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
