import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import type { LimitRule } from './limits.js';
import { MemoryRateLimiter } from './memory-rate-limiter.js';
import { LARGEST_EXACT_LIMIT, type LimitVerdict, RateLimiter, SLOTS } from './rate-limiter.js';
import { RepeatedWarning } from '../logging/repeated-warning.js';

/**
 * Counts a hit atomically for all nodes, with the clock of Redis. Up to LARGEST_EXACT_LIMIT the key is a sorted set of
 * times (in microseconds), above it a hash of slots with counts. Returns {allowed, count, µs until the oldest hit
 * leaves the window, µs until a hit is permitted, now}.
 */
const CONSUME = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local key, limit, window, member = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]) * 1000, ARGV[3]
local slots = tonumber(ARGV[4])
if slots > 0 then
  local slot = window / slots
  local current = math.floor(now / slot)
  local total, oldest, counts = 0, current, {}
  local all = redis.call('HGETALL', key)
  for i = 1, #all, 2 do
    local at, count = tonumber(all[i]), tonumber(all[i + 1])
    if at < current - slots or count <= 0 then
      redis.call('HDEL', key, all[i])
    else
      total = total + count
      counts[at] = count
      if at < oldest then oldest = at end
    end
  end
  local leaves = (oldest + slots + 1) * slot - now
  if total < limit then
    redis.call('HINCRBY', key, current, 1)
    redis.call('PEXPIRE', key, math.ceil(window / 500))
    return {1, total + 1, math.ceil(leaves), 0, time[1], time[2]}
  end
  local left = total
  for at = oldest, current do
    left = left - (counts[at] or 0)
    if left < limit then return {0, total, math.ceil(leaves), math.ceil((at + slots + 1) * slot - now), time[1], time[2]} end
  end
  return {0, total, math.ceil(leaves), math.ceil(window), time[1], time[2]}
end
local kept = tonumber(redis.call('GET', KEYS[2]) or 0)
if window > kept then kept = window end
redis.call('ZREMRANGEBYSCORE', key, '-inf', now - kept)
local count = redis.call('ZCOUNT', key, '(' .. string.format('%.0f', now - window), '+inf')
local held = redis.call('ZCARD', key)
local allowed = 0
if count < limit then
  redis.call('ZADD', key, now, member)
  redis.call('PEXPIRE', key, math.ceil(kept / 1000))
  redis.call('SET', KEYS[2], string.format('%.0f', kept), 'PX', math.ceil(kept / 1000))
  allowed, count, held = 1, count + 1, held + 1
end
local function leavesIn(rank)
  local found = redis.call('ZRANGE', key, rank, rank, 'WITHSCORES')
  return math.ceil(tonumber(found[2] or now) + window - now)
end
local room = 0
if allowed == 0 then room = leavesIn(held - limit) end
return {allowed, count, leavesIn(held - count), room, time[1], time[2]}
`;

const REFUND = `
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('ZPOPMAX', KEYS[1]) end
local newest
for _, at in ipairs(redis.call('HKEYS', KEYS[2])) do
  if (not newest or tonumber(at) > newest) and tonumber(redis.call('HGET', KEYS[2], at)) > 0 then newest = tonumber(at) end
end
if newest then redis.call('HINCRBY', KEYS[2], string.format('%.0f', newest), -1) end
return 1
`;

type ConsumeResult = [allowed: number, count: number, leavesUs: number, roomUs: number, s: string, us: string];

interface LimitCommands {
  limitConsume(
    key: string,
    second: string,
    limit: number,
    windowMs: number,
    member: string,
    slots: number,
  ): Promise<ConsumeResult>;
  limitRefund(exactKey: string, countedKey: string): Promise<number>;
}

/** After a failure, Redis is not used for this time, so that no request waits for it. */
const BACKOFF_MS = 1000;

/**
 * One counter for all nodes. This node's own counter is checked first: its hits are part of the shared count, so Redis
 * would refuse whatever it refuses, and a flood costs no round trip. If Redis does not respond, this node's counter
 * decides; it contains all hits that this node accepted, also after Redis is back.
 */
export class RedisRateLimiter extends RateLimiter {
  private readonly unshared = new RepeatedWarning(
    new Logger(RedisRateLimiter.name),
    'Redis does not respond, this node counts its own rate limits',
    { recovered: 'rate limits are shared through Redis again' },
  );
  private readonly commands: LimitCommands;
  private readonly node = randomUUID().slice(0, 8);
  private hits = 0;
  private backoffUntil = 0;

  constructor(
    private readonly redis: Redis,
    private readonly local: MemoryRateLimiter = new MemoryRateLimiter(),
  ) {
    super();
    redis.defineCommand('limitConsume', { numberOfKeys: 2, lua: CONSUME });
    redis.defineCommand('limitRefund', { numberOfKeys: 2, lua: REFUND });
    redis.on('error', (error: Error) => this.backOff(error));
    this.commands = redis as Redis & LimitCommands;
  }

  /** Creates a limiter with its own connection, whose timeouts are short, so that no request waits long. */
  static connect(url: string): RedisRateLimiter {
    return new RedisRateLimiter(
      new Redis(url, {
        commandTimeout: 250,
        connectTimeout: 1000,
        disconnectTimeout: 200,
        maxRetriesPerRequest: 0,
        enableOfflineQueue: false,
        retryStrategy: (attempt) => Math.min(attempt * 100, 2000),
      }),
    );
  }

  async consume(limitName: string, subject: string, rule: LimitRule): Promise<LimitVerdict> {
    const own = this.local.consume(limitName, subject, rule);
    if (!own.allowed || !this.isReachable()) return own;
    try {
      const verdict = await this.consumeShared(limitName, subject, rule);
      this.unshared.worked();
      if (!verdict.allowed) this.local.refund(limitName, subject);
      return verdict;
    } catch (error) {
      this.backOff(error as Error);
      return own;
    }
  }

  async refund(limitName: string, subject: string): Promise<void> {
    this.local.refund(limitName, subject);
    if (!this.isReachable()) return;
    try {
      await this.commands.limitRefund(exactKey(limitName, subject), countedKey(limitName, subject));
    } catch (error) {
      this.backOff(error as Error);
    }
  }

  onModuleDestroy(): void {
    this.redis.disconnect();
  }

  private async consumeShared(limitName: string, subject: string, rule: LimitRule): Promise<LimitVerdict> {
    const isExact = rule.limit <= LARGEST_EXACT_LIMIT;
    const key = isExact ? exactKey(limitName, subject) : countedKey(limitName, subject);
    const member = `${this.node}:${++this.hits}`;
    const slots = isExact ? 0 : SLOTS;
    const result = await this.commands.limitConsume(key, `${key}:kept`, rule.limit, rule.windowMs, member, slots);
    const [allowed, count, leavesUs, roomUs, seconds, microseconds] = result;
    const nowUs = Number(seconds) * 1e6 + Number(microseconds);
    return {
      allowed: allowed === 1,
      limit: rule.limit,
      remaining: Math.max(0, rule.limit - count),
      resetAt: Math.ceil((nowUs + leavesUs) / 1e6),
      retryAfterSeconds: allowed === 1 ? 0 : Math.max(1, Math.ceil(roomUs / 1e6)),
    };
  }

  private isReachable(): boolean {
    return this.redis.status === 'ready' && Date.now() >= this.backoffUntil;
  }

  private backOff(cause: Error): void {
    this.unshared.failed({ err: cause });
    this.backoffUntil = Date.now() + BACKOFF_MS;
  }
}

function exactKey(limitName: string, subject: string): string {
  return `limit:{${limitName}:${subject}}`;
}

function countedKey(limitName: string, subject: string): string {
  return `limit-slots:{${limitName}:${subject}}`;
}
