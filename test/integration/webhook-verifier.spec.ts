import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signWebhook } from '../../src/modules/webhooks/webhook-signature.js';
import { send } from '../support/client/http.js';
import { freePort } from '../support/free-port.js';

const DOCUMENT = readFileSync('docs/webhooks.md', 'utf8');
const [NODE_VERIFIER = '', NODE_RECEIVER = ''] = blocksOf('js');
const [PYTHON_VERIFIER = ''] = blocksOf('python');
const hasPython = spawnSync('python3', ['--version']).status === 0;

const SECRETS = ['a-secret-of-my-own-choice', `whsec_${Buffer.alloc(32, 7).toString('base64')}`];
const data = { content: 'Grüße, ","signature":"sha256=" 👋', nested: { signature: 'sha256=x' } };
const call = (secrets: string[], now = new Date()) =>
  signWebhook({ id: 'one', event: 'message.created', at: new Date(0), data }, secrets, now);

function blocksOf(language: string): string[] {
  const blocks = DOCUMENT.matchAll(new RegExp('```' + language + '\\n([\\s\\S]*?)```', 'g'));
  return [...blocks].map((block) => block[1]!);
}

/** Runs the documented verifier as its reader does: pasted into a file of their own. */
function inNode(expression: string, values: object): unknown {
  const script = `${NODE_VERIFIER}\nconst v = JSON.parse(process.argv[1]);\nconsole.log(JSON.stringify(${expression}));`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', script, JSON.stringify(values)],
    {
      encoding: 'utf8',
    },
  );
  if (stderr) throw new Error(stderr);
  return JSON.parse(stdout);
}

describe('the documented verifier of webhooks', () => {
  it.each(SECRETS)('accepts a call that is signed with %s, by header and by body', (secret) => {
    const { body, headers } = call([secret]);
    const verdicts = inNode('[isFromParley(v.secret, v.headers, v.body), isSignedInside(v.secret, v.body)]', {
      secret,
      body,
      headers,
    });
    expect(verdicts).toEqual([true, true]);
  });

  it('accepts both secrets during a replacement', () => {
    const { body, headers } = call(['the-newest-secret-there-is', 'the-secret-of-yesterday']);
    const secrets = ['the-newest-secret-there-is', 'the-secret-of-yesterday'];
    const expression = 'v.secrets.map((secret) => isFromParley(secret, v.headers, v.body))';
    expect(inNode(expression, { secrets, body, headers })).toEqual([true, true]);
    expect(inNode('isSignedInside(v.secrets[0], v.body)', { secrets, body })).toBe(true);
    const { signature, previous_signature, ...rest } = JSON.parse(body) as Record<string, string>;
    expect([Object.keys(rest), typeof signature, typeof previous_signature]).toEqual([
      ['event', 'timestamp', 'data'],
      'string',
      'string',
    ]);
  });

  it('rejects another secret, another body, and a replayed call', () => {
    const secret = SECRETS[0]!;
    const fresh = call([secret]);
    const old = call([secret], new Date(Date.now() - 10 * 60_000));
    const expression = `[
      isFromParley('another-secret-altogether', v.fresh.headers, v.fresh.body),
      isFromParley(v.secret, v.fresh.headers, v.fresh.body.replace('Gr', 'gr')),
      isFromParley(v.secret, v.old.headers, v.old.body),
      isSignedInside('another-secret-altogether', v.fresh.body),
      isSignedInside(v.secret, v.fresh.body.replace('Gr', 'gr')),
    ]`;
    expect(inNode(expression, { secret, fresh, old })).toEqual([false, false, false, false, false]);
  });

  it('returns the same in Python, if it is available', () => {
    if (!hasPython) return;
    const { body, headers } = call([SECRETS[1]!]);
    const script = `${PYTHON_VERIFIER}
import json, sys
v = json.loads(sys.argv[1])
body = v["body"].encode()
print(json.dumps([is_from_parley(v["secret"], v["headers"], body), is_from_parley(v["secret"], v["headers"], body + b" ")]))`;
    const values = JSON.stringify({ secret: SECRETS[1], body, headers });
    const { stdout } = spawnSync('python3', ['-c', script, values], { encoding: 'utf8' });
    expect(JSON.parse(stdout)).toEqual([true, false]);
  });
});

describe('the documented receiver of webhooks', () => {
  it('answers the challenge, accepts signed calls, and rejects others', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-receiver-'));
    writeFileSync(join(folder, 'is-from-parley.js'), NODE_VERIFIER);
    writeFileSync(join(folder, 'receiver.js'), NODE_RECEIVER);
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    const port = await freePort();
    const environment = { PATH: process.env.PATH, WEBHOOK_SECRET: SECRETS[1]!, PORT: String(port) };
    const receiver = spawn(process.execPath, ['receiver.js'], { cwd: folder, env: environment });
    try {
      const post = async (event: string, data: object, secret = SECRETS[1]!): Promise<[number, string]> => {
        const content = { id: 'one', event, at: new Date(), data };
        const { body, headers } = signWebhook(content, [secret], new Date());
        const response = await send('POST', `http://127.0.0.1:${port}/`, { body, headers });
        return [response.status, await response.text()];
      };
      while ((await post('message.created', {}).catch(() => undefined)) === undefined);
      const challenge = { webhook_id: 'x', challenge: 'a-challenge' };
      expect(await post('webhook.verification', challenge)).toEqual([200, '{"challenge":"a-challenge"}']);
      expect(await post('message.created', { content: 'hello' })).toEqual([204, '']);
      expect(await post('webhook.verification', challenge, SECRETS[0])).toEqual([401, '']);
    } finally {
      receiver.kill();
      await once(receiver, 'exit');
      rmSync(folder, { recursive: true });
    }
  });
});
