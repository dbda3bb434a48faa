import { SessionCache } from './session-cache.js';
import type { SessionState } from './sessions.repository.js';

const state = (userId: string) => ({ user_id: userId }) as SessionState;

describe('the session cache', () => {
  afterEach(() => jest.restoreAllMocks());

  it('loads once for concurrent requests, and again after five seconds', async () => {
    const cache = new SessionCache();
    const load = jest.fn(() => Promise.resolve(state('ana')));
    await Promise.all([cache.getOrLoad('s', 'ana', load), cache.getOrLoad('s', 'ana', load)]);
    await cache.getOrLoad('s', 'ana', load);
    expect(load).toHaveBeenCalledTimes(1);
    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 5001);
    await cache.getOrLoad('s', 'ana', load);
    expect(load).toHaveBeenCalledTimes(2);
  });

  it('never returns the entry of another identity', async () => {
    const cache = new SessionCache();
    await cache.getOrLoad('s', 'ana', () => Promise.resolve(state('ana')));
    await expect(cache.getOrLoad('s', 'eve', () => Promise.resolve(undefined))).resolves.toBeUndefined();
  });

  it('does not store an entry that was dropped while it was loaded', async () => {
    const cache = new SessionCache();
    let finish!: (value: SessionState) => void;
    const old = cache.getOrLoad('s', 'ana', () => new Promise((resolve) => (finish = resolve)));
    cache.dropUser('ana');
    finish(state('ana'));
    await old;
    const load = jest.fn(() => Promise.resolve(undefined));
    await cache.getOrLoad('s', 'ana', load);
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('drops all sessions of a user and leaves those of others', async () => {
    const cache = new SessionCache();
    await cache.getOrLoad('a1', 'x', () => Promise.resolve(state('ana')));
    await cache.getOrLoad('b1', 'y', () => Promise.resolve(state('bob')));
    cache.dropUser('ana');
    const load = jest.fn(() => Promise.resolve(state('ana')));
    await cache.getOrLoad('a1', 'x', load);
    await cache.getOrLoad('b1', 'y', load);
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('does not store failures', async () => {
    const cache = new SessionCache();
    await expect(cache.getOrLoad('s', 'ana', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
    await expect(cache.getOrLoad('s', 'ana', () => Promise.resolve(state('ana')))).resolves.toBeDefined();
  });

  it('loads a session that has ended once in five seconds', async () => {
    const cache = new SessionCache();
    const load = jest.fn(() => Promise.resolve(undefined));
    for (let n = 0; n < 3; n++) await expect(cache.getOrLoad('s', 'ana', load)).resolves.toBeUndefined();
    expect(load).toHaveBeenCalledTimes(1);
    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 5001);
    await cache.getOrLoad('s', 'ana', load);
    expect(load).toHaveBeenCalledTimes(2);
  });
});
