import { createLog, NestLog } from './log.js';
import { redactUrl } from './redaction.js';

describe('the log', () => {
  const lines: string[] = [];
  const log = createLog({ logLevel: 'trace' }, { write: (line: string) => void lines.push(line) });
  const last = (): Record<string, unknown> => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown>;

  it.each(['password', 'token', 'access_token', 'refresh_token', 'session_id', 'ticket', 'authorization', 'cookie'])(
    'never contains a %s, at any level of a record',
    (name) => {
      log.info({ [name]: 'hush', headers: { [name]: 'hush' }, request: { headers: { [name]: 'hush' } } }, 'x');
      expect(lines.at(-1)).not.toContain('hush');
    },
  );

  it.each([
    ['/socket.io/?token=hush&x=1', '/socket.io/?token=[redacted]&x=1'],
    ['/api/v1/realtime?ticket=hush', '/api/v1/realtime?ticket=[redacted]'],
    ['/ws?a=1&session_id=hush#f', '/ws?a=1&session_id=[redacted]#f'],
    ['/x?a=%zz&%74oken=hush&+=1', '/x?a=%zz&%74oken=[redacted]&+=1'],
    ['/ws?TOKEN=hush', '/ws?TOKEN=[redacted]'],
    ['/api/v1/search/messages?q=hush&limit=1', '/api/v1/search/messages?q=[redacted]&limit=1'],
    ['/api/v1/users?search=hush', '/api/v1/users?search=[redacted]'],
    ['/api/ws/hush.hush.hush?x=1', '/api/ws/[redacted]?x=1'],
    ['/api/sessions/hush-hush/', '/api/sessions/[redacted]/'],
  ])('writes the URL %s without its secret', (url, redacted) => {
    expect(redactUrl(url)).toBe(redacted);
  });

  it('contains an error with its causes and no other property of it', () => {
    const cause = Object.assign(new Error('duplicate key'), { code: '23505', detail: 'Key (email)=(ana@example.com)' });
    new NestLog(log).error('it failed', new Error('outer', { cause }), 'Here');
    expect(last()).toMatchObject({ level: 'error', msg: 'it failed', context: 'Here' });
    expect(last().err).toMatchObject({ message: 'outer', cause: { message: 'duplicate key', code: '23505' } });
    expect(lines.at(-1)).not.toContain('ana@example.com');
  });

  it('contains the text, the fields and the error, in whichever order they are passed', () => {
    const err = new Error('outer');
    new NestLog(log).error({ err, stream_id: 's1' }, 'it failed', 'Here');
    expect(last()).toMatchObject({ msg: 'it failed', context: 'Here', stream_id: 's1', err: { message: 'outer' } });
    new NestLog(log).warn('turned away', { request_id: 'r1' }, err, 'Here');
    expect(last()).toMatchObject({ msg: 'turned away', request_id: 'r1', err: { message: 'outer' } });
    new NestLog(log).error('it failed', 'Error: it failed\n    at somewhere', 'Here');
    expect(last()).toMatchObject({ msg: 'it failed', stack: 'Error: it failed\n    at somewhere', context: 'Here' });
    new NestLog(log).log({ purged: 3 }, 'Here');
    expect(last()).toMatchObject({ purged: 3, context: 'Here' });
  });

  it('writes each record on one line, whatever the text', () => {
    log.info({ user: 'a\nb\u001b[31m' }, 'x\r\n{"level":"fatal"}');
    const line = lines.at(-1)?.trimEnd() ?? '';
    expect(['\n', '\r', '\u001b'].filter((control) => line.includes(control))).toEqual([]);
  });
});
