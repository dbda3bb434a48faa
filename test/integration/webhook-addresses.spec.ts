import { isAllowedIp } from '../../src/platform/outbound/ssrf-guard.js';
import { WebhookClient } from '../../src/modules/webhooks/webhook-client.js';
import { NameResolver } from '../../src/platform/outbound/name-resolver.js';
import { signWebhook } from '../../src/modules/webhooks/webhook-signature.js';
import { WebhookUrlPolicy } from '../../src/modules/webhooks/webhook-url.policy.js';
import type { Environment } from '../../src/platform/config/config.js';
import { WebhookReceiver } from '../support/doubles/webhook-receiver.js';
import { testConfig } from '../support/test-app.js';
import { World } from '../support/world.js';

const INSIDE = [
  ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '127.1.1.1', '169.254.169.254', '172.16.0.1', '172.31.255.255'],
  ...['192.0.0.1', '192.0.2.1', '192.88.99.1', '192.168.1.1', '198.18.0.1', '198.19.255.255', '198.51.100.1'],
  ...['203.0.113.1', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255'],
  ...['::', '::1', '::127.0.0.1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:10.0.0.1', '::ffff:169.254.169.254'],
  ...['64:ff9b::7f00:1', '64:ff9b:1::1', '100::1', '2001::1', '2001:db8::1', '2002:7f00:1::', '3fff::1', '5f00::1'],
  ...['fc00::1', 'fd00::1', 'fe80::1', 'fe80::1%eth0', 'fec0::1', 'ff02::1', 'not an address', ''],
];
const OUTSIDE = [
  '1.1.1.1',
  '8.8.8.8',
  '93.184.215.14',
  '172.32.0.1',
  '192.169.0.1',
  '2606:4700::1111',
  '::ffff:8.8.8.8',
];

describe('isAllowedIp', () => {
  it.each(INSIDE)('rejects %s', (address) => {
    expect(isAllowedIp(address, { allowPrivate: false })).toBe(false);
  });

  it.each(OUTSIDE)('allows %s', (address) => {
    expect(isAllowedIp(address, { allowPrivate: false })).toBe(true);
  });

  it('allows private networks if configured, but no metadata service of a cloud', () => {
    const isAllowed = (address: string): boolean => isAllowedIp(address, { allowPrivate: true });
    expect(['127.0.0.1', '10.0.0.1', '192.168.1.1', '::1', 'fd00::1'].filter(isAllowed)).toHaveLength(5);
    expect(['169.254.169.254', 'fe80::1', '0.0.0.0', '224.0.0.1', '::ffff:169.254.169.254'].filter(isAllowed)).toEqual(
      [],
    );
  });
});

const content = signWebhook({ id: 'x', event: 'x', at: new Date(), data: {} }, ['secret'], new Date());

/** A resolver that returns the given answers one after the other, and then repeats the last one. */
class ScriptedResolver extends NameResolver {
  asked = 0;

  constructor(private readonly answers: string[][]) {
    super();
  }

  override resolve(): Promise<string[]> {
    return Promise.resolve(this.answers[Math.min(this.asked++, this.answers.length - 1)]!);
  }
}

describe('a webhook', () => {
  let world: World;
  /** Listens on loopback; no request may reach it. */
  let inside: WebhookReceiver;
  const open: WebhookReceiver[] = [];

  beforeAll(async () => {
    world = await World.start();
    inside = await WebhookReceiver.start();
  });
  afterAll(async () => {
    const { connections } = inside;
    await Promise.all([inside, ...open].map((receiver) => receiver.stop()));
    await world.stop();
    expect(connections).toBe(0);
  });

  /** Every spelling of an internal address, with and without the port of the listener. */
  const internalUrls = (): string[] => {
    const hosts = [
      ...['127.0.0.1', 'localhost', 'LOCALHOST', 'localhost.', 'a.localhost', '0', '127.1', '2130706433', '0x7f.1'],
      ...['0x7f000001', '0177.0.0.1', '017700000001', '[::1]', '[::]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]'],
      ...['[0:0:0:0:0:ffff:7f00:1]', '[64:ff9b::7f00:1]', '[2002:7f00:1::]', '169.254.169.254'],
      ...['metadata.google.internal', '127.0.0.1.nip.io', 'x.127-0-0-1.nip.io', '①②⑦.⓪.⓪.①', '１２７.0.0.1'],
      ...['127。0。0。1', '[fe80::1%25eth0]', '10.0.0.1', '192.168.0.1', '172.16.0.1', '100.64.0.1', 'printer.local'],
    ];
    const [databasePort] = [new URL(world.database.url).port];
    return [
      ...hosts.flatMap((host) => [
        `https://${host}/x`,
        `http://${host}:${inside.port}/x`,
        `https://${host}:${inside.port}/x`,
      ]),
      `http://127.0.0.1:${databasePort}/`,
      `https://user:password@127.0.0.1:${inside.port}/x`,
      `https://example.com@127.0.0.1:${inside.port}/x`,
      `https://127.0.0.1:${inside.port}\\@example.com/x`,
      `https://example.com#@127.0.0.1:${inside.port}/`,
      'https://user:password@example.com/x',
      'https://example.com:22/x',
      'https://example.com/x\r\nX-Injected: 1',
      'https://exam\tple.com/x',
      ' https://example.com/x',
      'http://example.com/x',
      ...[
        'file:///etc/passwd',
        'gopher://127.0.0.1:70/x',
        'ftp://127.0.0.1/x',
        'javascript:alert(1)',
        'data:text/html,x',
      ],
      ...[
        'https://',
        'https:///x',
        '//127.0.0.1/x',
        'example.com',
        'https://exa mple.com/',
        `https://e.com/${'x'.repeat(3000)}`,
      ],
    ];
  };

  it('is rejected with an internal URL, in any spelling, when it is created or changed', async () => {
    const ana = await world.user();
    const taken: string[] = [];
    for (const url of internalUrls()) {
      const { status } = await ana.call('POST', '/webhooks', { url, events: ['webhook.disabled'] });
      if (status === 201) taken.push(url);
      else expect([url, status]).toEqual([url, 400]);
    }
    // Names without an address here. They are checked at every attempt, which the next test covers.
    expect(taken.filter((url) => !url.includes('.nip.io'))).toEqual([]);
  });

  it('sends nothing to an internal URL, even if it is in the database', async () => {
    const ana = await world.user({ role: 'admin' });
    const made = { url: 'https://hooks.example/x', events: ['webhook.disabled'] };
    const { body: hook } = await ana.call('POST', '/webhooks', made);
    for (const url of internalUrls().filter((text) => !text.includes('\r'))) {
      await world.database.query('update webhooks set url = $2, failures = 0 where id = $1', [hook.id, url]);
      const { body: ping } = await ana.call('POST', `/webhooks/${hook.id}/ping`);
      const [attempt] = await attemptsOf(world, ping.id as string);
      expect([url, attempt]).toEqual([url, expect.objectContaining({ status_code: null, answer: null })]);
      expect(['address_not_allowed', 'name_not_resolved']).toContain(attempt!.error);
    }
    expect(inside.connections).toBe(0);
  });

  it('checks all addresses of its host, again at each attempt', async () => {
    const clientWith = (resolver: NameResolver, more: Environment = {}): WebhookClient => {
      const config = testConfig(world.database.url, { WEBHOOK_TIMEOUT_MS: '500', ...more });
      return new WebhookClient(config, new WebhookUrlPolicy(config), resolver);
    };
    const post = async (client: WebhookClient, url: string) => (await client.post(url, content)).error;
    const http = { WEBHOOK_ALLOW_HTTP: 'true', WEBHOOK_PORTS: String(inside.port) };
    const url = `http://rebind.example:${inside.port}/`;
    for (const answers of [
      ['127.0.0.1'],
      ['93.184.215.14', '127.0.0.1'],
      ['::1'],
      ['2606:4700::1', '::ffff:127.0.0.1'],
    ]) {
      expect(await post(clientWith(new ScriptedResolver([answers]), http), url)).toBe('address_not_allowed');
    }
    expect(inside.connections).toBe(0);
  });

  it('connects to the address that was checked, whatever the name server returns later', async () => {
    const receiver = await WebhookReceiver.start({ host: '127.0.0.2' });
    const elsewhere = await WebhookReceiver.start({ host: '127.0.0.1', port: receiver.port });
    open.push(receiver, elsewhere);
    const config = testConfig(world.database.url, { WEBHOOK_ALLOW_PRIVATE_NETWORK: 'true' });
    const resolver = new ScriptedResolver([['127.0.0.2'], ['127.0.0.1']]);
    const client = new WebhookClient(config, new WebhookUrlPolicy(config), resolver);
    const result = await client.post(`http://no-name-server-knows-this.example:${receiver.port}/`, content);
    expect([result.error, result.statusCode, resolver.asked]).toEqual([null, 204, 1]);
    expect([receiver.connections, elsewhere.connections]).toEqual([1, 0]);
  });

  it('reuses an open connection only for the same checked addresses', async () => {
    const receiver = await WebhookReceiver.start({ host: '127.0.0.2' });
    const elsewhere = await WebhookReceiver.start({ host: '127.0.0.1', port: receiver.port });
    open.push(receiver, elsewhere);
    const config = testConfig(world.database.url, { WEBHOOK_ALLOW_PRIVATE_NETWORK: 'true' });
    const resolver = new ScriptedResolver([['127.0.0.2'], ['127.0.0.2'], ['127.0.0.1'], ['169.254.169.254']]);
    const client = new WebhookClient(config, new WebhookUrlPolicy(config), resolver);
    const post = async () => (await client.post(`http://moving.example:${receiver.port}/`, content)).error;
    expect([await post(), await post()]).toEqual([null, null]);
    expect([receiver.connections, elsewhere.connections]).toEqual([1, 0]);
    expect(await post()).toBeNull();
    expect([receiver.calls.length, elsewhere.calls.length]).toEqual([2, 1]);
    expect(await post()).toBe('address_not_allowed');
    expect([receiver.calls.length, elsewhere.calls.length]).toEqual([2, 1]);
  });
});

async function attemptsOf({ database }: World, deliveryId: string): Promise<{ error: string }[]> {
  for (;;) {
    const rows = await database.query<{ error: string; status_code: number | null; answer: string | null }>(
      'select error, status_code, answer from webhook_attempts where delivery_id = $1',
      [deliveryId],
    );
    if (rows.length > 0) return rows;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
