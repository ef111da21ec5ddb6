/**
 * One commit, whole or not at all. KEYS: the position, the index, the chunks to write, the chunks to delete: all of one
 * shard's hash slot and all declared. ARGV: the epoch, revision and position expected (all empty: none is
 * stored), how many chunks are written, the position's fields and values as JSON, then value, ttlMs and goneAt of each write.
 * Answers 1 where it committed, 0 where the shard was elsewhere.
 */
export const commitScript = `
local held = redis.call('HMGET', KEYS[1], 'epoch', 'revision', 'position')
for i = 1, 3 do if (held[i] or '') ~= ARGV[i] then return 0 end end
local writes = tonumber(ARGV[4])
local nameAt = #KEYS[1] - #'position' + #'w:' + 1
for i = 1, writes do
  local key, at = KEYS[2 + i], 3 + i * 3
  redis.call('SET', key, ARGV[at], 'PX', ARGV[at + 1])
  redis.call('ZADD', KEYS[2], ARGV[at + 2], string.sub(key, nameAt))
end
for i = 3 + writes, #KEYS do
  redis.call('DEL', KEYS[i])
  redis.call('ZREM', KEYS[2], string.sub(KEYS[i], nameAt))
end
for field, value in pairs(cjson.decode(ARGV[5])) do redis.call('HSET', KEYS[1], field, value) end
return 1
`
