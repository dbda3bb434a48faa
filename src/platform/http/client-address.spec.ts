import type { IncomingMessage } from 'node:http';
import { Logger } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { subjectOfIp } from '../throttling/limit-subject.js';
import { ClientAddressResolver, ipOf } from './client-address.js';

const requestOf = (peer: string, headers: Record<string, string> = {}): IncomingMessage =>
  ({ socket: { remoteAddress: peer }, headers }) as unknown as IncomingMessage;

describe('an IP address', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['192.0.2.7:4711', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:c000:207', '192.0.2.7'],
    ['[::ffff:192.0.2.7]:80', '192.0.2.7'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:4711', '2001:db8::1'],
    ['"[2001:db8::1]:4711"', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    [' 192.0.2.7 ', '192.0.2.7'],
  ])('reads %p as %p', (text, ip) => expect(ipOf(text)).toBe(ip));

  it.each([
    ...['', 'unknown', '_hidden', 'not-an-address-1', '192.0.2', '192.0.2.256', '192.0.2.07', '192.0.2.7:x'],
    ...['192.0.2.7, 192.0.2.8', '[192.0.2.7', '[::1', '1.2.3.4.5', '::1::', '0x7f.1', 'x'.repeat(8000)],
    undefined,
  ])('finds none in %p', (text) => expect(ipOf(text)).toBeUndefined());
});

describe('the IP address of a client', () => {
  const behind = (trustProxy: Config['trustProxy'], ...[peer, forwarded]: [string, string?]): string | undefined =>
    new ClientAddressResolver({ trustProxy } as Config).of(
      requestOf(peer, forwarded ? { 'x-forwarded-for': forwarded } : {}),
    );

  it('is the one of its connection, whatever its headers say, if no proxy is trusted', () => {
    expect(behind(0, '198.51.100.1', '203.0.113.7')).toBe('198.51.100.1');
  });

  it('is the one our own proxy forwarded, with or without a port', () => {
    for (const seen of ['203.0.113.7', '203.0.113.7:50123', '::ffff:203.0.113.7', '[::ffff:203.0.113.7]:1']) {
      expect(behind(1, '10.0.0.1', `6.6.6.6, ${seen}`)).toBe('203.0.113.7');
    }
    expect(behind(2, '10.0.0.1', '6.6.6.6, 203.0.113.7, 10.0.0.2')).toBe('203.0.113.7');
    expect(behind(3, '10.0.0.1', '203.0.113.7')).toBe('203.0.113.7');
  });

  it('is read from proxies that are listed by IP address or network, and from no others', () => {
    const proxies = ['10.0.0.0/8', '::1', 'fd00::/8', '::ffff:172.16.0.0/108'];
    expect(behind(proxies, '10.1.2.3', '6.6.6.6, 203.0.113.7, [fd00::5]:80')).toBe('203.0.113.7');
    expect(behind(proxies, '::ffff:10.1.2.3', '203.0.113.7')).toBe('203.0.113.7');
    expect(behind(proxies, '172.20.0.1', '203.0.113.7')).toBe('203.0.113.7');
    expect(behind(proxies, '192.0.2.1', '203.0.113.7')).toBe('192.0.2.1');
  });

  it('is the one of the proxy if the proxy forwarded no IP address', () => {
    for (const junk of ['unknown', 'not-an-address-9', '203.0.113.7, junk', 'x'.repeat(8000)]) {
      expect(behind(1, '10.0.0.1', junk)).toBe('10.0.0.1');
    }
  });

  it('counts by its /64 in IPv6, and as IPv4 if it is mapped IPv4', () => {
    const counted = (seen: string): string => subjectOfIp(behind(1, '10.0.0.1', seen));
    expect(counted('[2001:db8:1:2::1]:50123')).toBe(counted('2001:db8:1:2:ffff:ffff:ffff:ffff'));
    expect(counted('2001:db8:1:2::1')).not.toBe(counted('2001:db8:1:3::1'));
    expect(counted('203.0.113.7:1')).toBe(counted('::ffff:203.0.113.7'));
    expect(subjectOfIp('not-an-address-1')).toBe(subjectOfIp('not-an-address-2'));
  });

  it('is reported once if requests come through a proxy that TRUST_PROXY does not name', () => {
    const warned = jest.spyOn(Logger.prototype, 'warn').mockImplementation();
    const lines = (trustProxy: Config['trustProxy'], ...requests: IncomingMessage[]): unknown[] => {
      warned.mockClear();
      const addresses = new ClientAddressResolver({ trustProxy } as Config);
      for (const request of requests) addresses.of(request);
      return warned.mock.calls.map(([, fields]) => fields as unknown);
    };
    const forwarded = { 'x-forwarded-for': '203.0.113.7' };
    const proxied = requestOf('172.17.0.2', forwarded);
    expect(lines(0, proxied, proxied, requestOf('127.0.0.1', { forwarded: 'for=1.2.3.4' }))).toEqual([
      { proxy: '172.17.0.2' },
    ]);
    expect(lines(['10.0.0.0/8'], proxied)).toHaveLength(1);
    expect(lines(1, proxied)).toEqual([]);
    expect(lines(0, requestOf('172.17.0.2'), requestOf('198.51.100.1', forwarded))).toEqual([]);
    warned.mockRestore();
  });

  it('has a TLS connection only if our own proxy reports it', () => {
    const isSecure = (trustProxy: Config['trustProxy'], peer: string, proto: string): boolean =>
      new ClientAddressResolver({ trustProxy } as Config).isSecure(requestOf(peer, { 'x-forwarded-proto': proto }));
    expect(isSecure(1, '10.0.0.1', 'https')).toBe(true);
    expect(isSecure(1, '10.0.0.1', 'https, http')).toBe(true);
    expect(isSecure(1, '10.0.0.1', 'http')).toBe(false);
    expect(isSecure(0, '10.0.0.1', 'https')).toBe(false);
    expect(isSecure(['10.0.0.2'], '10.0.0.1', 'https')).toBe(false);
  });
});
