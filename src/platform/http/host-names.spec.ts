import { hostNameOf, isHostIn, problemOfHostPattern } from './host-names.js';

describe('the name of a host', () => {
  it.each([
    ['https://Hooks.EXAMPLE/', 'hooks.example'],
    ['https://hooks.example./', 'hooks.example'],
    ['https://hooks.example:8443/x?y#z', 'hooks.example'],
    ['https://bücher.example/', 'xn--bcher-kva.example'],
    ['https://ｈooks.example/', 'hooks.example'],
    ['http://2130706433/', '127.0.0.1'],
    ['http://[::ffff:7f00:1]:80/', '127.0.0.1'],
    ['http://[0:0:0:0:0:0:0:1]:8080/', '[::1]'],
  ])('reads %s as %s', (url, name) => {
    expect(hostNameOf(new URL(url))).toBe(name);
  });
});

describe('a list of hosts', () => {
  it.each(['hooks.example.org', '*.example.org', 'localhost', '127.0.0.1', '[::1]', 'xn--bcher-kva.example'])(
    'accepts %s',
    (entry) => expect(problemOfHostPattern(entry)).toBeUndefined(),
  );

  it.each([
    ...['*', '*.', '*.org', '*.*.example.org', 'a.*.example.org', '*example.org', '*.127.0.0.1', '*.[::1]'],
    ...['https://hooks.example.org', 'hooks.example.org/', 'hooks.example.org:8443', 'me@hooks.example.org'],
    ...['Hooks.example.org', 'hooks.example.org.', 'bücher.example', '::1', '127.1', 'a b', '.example.org', '..'],
  ])('rejects %s', (entry) => expect(problemOfHostPattern(entry)).toEqual(expect.stringContaining('*.example.org')));

  it('contains a host by its full name, and all names below a wildcard but not the name itself', () => {
    const list = ['hooks.example.org', '*.example.com'];
    const inside = ['hooks.example.org', 'a.example.com', 'b.a.example.com'];
    const outside = [
      'example.org',
      'x.hooks.example.org',
      'example.com',
      'aexample.com',
      '.example.com',
      'a.example.com.x',
    ];
    expect(inside.filter((host) => isHostIn(list, host))).toEqual(inside);
    expect(outside.filter((host) => isHostIn(list, host))).toEqual([]);
    expect(isHostIn([], 'hooks.example.org')).toBe(false);
  });
});
