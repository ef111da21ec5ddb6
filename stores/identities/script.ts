/** Bytes of an identity's hash, a place, and an arrival time, one after another in a claim; a first lacks the hash. */
export const widths = { identity: 16, place: 30, arrivalTime: 6 } as const

const shared = `
local identityBytes, placeBytes, firstBytes = ${widths.identity}, ${widths.place}, ${widths.place + widths.arrivalTime}
local windowMs = tonumber(ARGV[1])
local keyOf = {}
for at = 1, #KEYS do keyOf[tonumber(ARGV[2 + at])] = KEYS[at] end
local function arrivalOf(first)
  local a, b, c, d, e, f = string.byte(first, placeBytes + 1, firstBytes)
  return ((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f
end
local function isNear(one, other) return math.abs(arrivalOf(one) - arrivalOf(other)) <= windowMs end
local function firstsIn(span, identity)
  local stored, firsts = keyOf[span] and redis.call('HGET', keyOf[span], identity) or '', {}
  for at = 1, #stored, firstBytes do firsts[#firsts + 1] = string.sub(stored, at, at + firstBytes - 1) end
  return firsts
end
local function keep()
  for at = 1, #KEYS do redis.call('PEXPIRE', KEYS[at], ARGV[2]) end
end
local firstClaim = 3 + #KEYS
`

/**
 * Claims, in order. KEYS: the spans' hashes, of one hash slot. ARGV: windowMs, ttlMs, each key's span, then the claims.
 * Answers a text of a digit a claim: 1, a duplicate. Bytes are compared one by one: Lua's own order is the locale's.
 */
export const claimScript = `${shared}
local function isBefore(one, other)
  for at = 1, placeBytes do
    local left, right = string.byte(one, at), string.byte(other, at)
    if left ~= right then return left < right end
  end
  return false
end
local answers = {}
for at = firstClaim, #ARGV do
  local identity, claimed = string.sub(ARGV[at], 1, identityBytes), string.sub(ARGV[at], identityBytes + 1)
  local own = math.floor(arrivalOf(claimed) / windowMs)
  local isDuplicate, isHeld, others = false, false, {}
  for span = own - 1, own + 1 do
    for _, first in ipairs(firstsIn(span, identity)) do
      if first == claimed then isHeld = true
      elseif span == own then others[#others + 1] = first end
      if isNear(first, claimed) and isBefore(first, claimed) then isDuplicate = true end
    end
  end
  if isDuplicate == isHeld then
    if not isDuplicate then others[#others + 1] = claimed end
    if #others == 0 then redis.call('HDEL', keyOf[own], identity)
    else redis.call('HSET', keyOf[own], identity, table.concat(others)) end
  end
  answers[#answers + 1] = isDuplicate and '1' or '0'
end
keep()
return table.concat(answers)
`

/** The same of an ancestor, all of whose firsts are earlier. Remembers nothing. */
export const lookScript = `${shared}
local answers = {}
for at = firstClaim, #ARGV do
  local identity, claimed = string.sub(ARGV[at], 1, identityBytes), string.sub(ARGV[at], identityBytes + 1)
  local own = math.floor(arrivalOf(claimed) / windowMs)
  local isDuplicate = false
  for span = own - 1, own + 1 do
    for _, first in ipairs(firstsIn(span, identity)) do isDuplicate = isDuplicate or isNear(first, claimed) end
  end
  answers[#answers + 1] = isDuplicate and '1' or '0'
end
keep()
return table.concat(answers)
`
