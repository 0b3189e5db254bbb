"""The steps of run locks on a Redis or Valkey server, as Lua scripts with the rules of `record`.

Invariants:
- One script is one step, and it may be repeated: its effect is the same if its response was lost.
- Times are microseconds of the server's clock, written as whole numbers, which Lua keeps exactly up to 2^53.
- A token is never smaller than the time at which it was given, so tokens grow even if the server has lost its data.

Notes: a heartbeat in the future means that the server's clock was set back: it counts from now on.
"""

from typing import Final

__all__ = ["ACQUIRE", "AGE", "HOLDER", "RELEASE", "RENEW"]

_BEGIN: Final = """
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local function whole(number) return string.format('%.0f', number) end
"""

_READ: Final = (
    _BEGIN
    + """
local names = {'token', 'owner', 'lease', 'heartbeat', 'state', 'quiet_since'}
local stored = redis.call('HMGET', KEYS[1], unpack(names))
local token, owner, state = tonumber(stored[1] or '0'), stored[2], stored[5]
local heartbeat = math.min(tonumber(stored[4] or '0'), now)
local ends = heartbeat
if state == 'held' then ends = heartbeat + tonumber(stored[3]) end
"""
)

AGE: Final = (
    _BEGIN
    + """
local first = tonumber(redis.call('GET', KEYS[1]) or whole(now + 1))
if first > now then
  redis.call('SET', KEYS[1], whole(now))
  return 0
end
return now - first
"""
)
"""Return the microseconds since this key was first asked for, after which the server has not lost its data."""

ACQUIRE: Final = (
    _READ
    + """
local lease, age, quiet_since = tonumber(ARGV[2]), tonumber(ARGV[3]), ''
if token == 0 then
  if age < 0 then return {'empty'} end
  if age < lease then return {'unknown', lease - age} end
  quiet_since = whole(now - age)
elseif ends > now and owner == ARGV[1] then
  quiet_since = stored[6]
elseif ends > now then
  redis.call('HSET', KEYS[1], 'heartbeat', whole(heartbeat))
  return {'held', owner, token, now - heartbeat, ends - now}
elseif state ~= 'clean' then
  quiet_since = whole(ends)
end
if not (ends > now) then token = math.max(token + 1, now) end
redis.call('HSET', KEYS[1], 'token', whole(token), 'owner', ARGV[1], 'lease', ARGV[2], 'heartbeat', whole(now),
  'state', 'held', 'quiet_since', quiet_since)
redis.call('PEXPIRE', KEYS[1], ARGV[4])
if quiet_since == '' then return {'acquired', token} end
return {'acquired', token, now - tonumber(quiet_since)}
"""
)
"""Arguments: owner, lease, age of the store's data (-1 if not yet known), milliseconds to keep the record.

Returns `acquired` with the token and the microseconds of quiet, if there was a run before; `held` with owner, token,
age of the heartbeat and time left; `unknown` with the time after which an unknown holder has ended; or `empty`, where
the age is needed.
"""

RENEW: Final = (
    _READ
    + """
if token == 0 and ARGV[4] == '1' then
  redis.call('HSET', KEYS[1], 'token', ARGV[1], 'owner', ARGV[2], 'lease', ARGV[3], 'state', 'held', 'quiet_since', '')
elseif token ~= tonumber(ARGV[1]) or state ~= 'held' then
  return 0
end
redis.call('HSET', KEYS[1], 'heartbeat', whole(now))
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return 1
"""
)
"""Arguments: token, owner, lease, whether a lost record may be written again, milliseconds to keep the record.

A server that has lost its data gives the lock to no other run for the length of a lease, so a holder whose lease has
not ended holds it still.
"""

RELEASE: Final = (
    _READ
    + """
if token ~= tonumber(ARGV[1]) or state ~= 'held' then return 0 end
redis.call('HSET', KEYS[1], 'heartbeat', whole(now), 'state', ARGV[2])
return 1
"""
)
"""Arguments: token, new state."""

HOLDER: Final = (
    _READ
    + """
if token == 0 then return {} end
return {owner, token, now - heartbeat, math.max(0, ends - now)}
"""
)
