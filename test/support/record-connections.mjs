import dgram from 'node:dgram';
import dns from 'node:dns';
import { appendFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';

// Writes each host that a process connects to, sends a datagram to or looks up into the file CONNECTIONS, a line each:
// NODE_OPTIONS="--import=…/this file". Unix sockets are written by their paths.
const record = (target) => appendFileSync(process.env.CONNECTIONS, `${target}\n`);

function observe(object, method, targetOf) {
  const original = object[method];
  object[method] = function (...args) {
    record(targetOf(args));
    return original.apply(this, args);
  };
}

const { connect } = net.Socket.prototype;
net.Socket.prototype.connect = function (...args) {
  // net.connect passes its arguments as one normalised array.
  const [first, second] = Array.isArray(args[0]) ? args[0] : args;
  const options =
    typeof first === 'object' ? first : { port: first, host: typeof second === 'string' ? second : undefined };
  record(options.path ?? options.host ?? 'localhost');
  return connect.apply(this, args);
};
observe(dgram.Socket.prototype, 'send', (args) => args.findLast((arg) => typeof arg === 'string') ?? 'localhost');
observe(dns, 'lookup', ([host]) => host);
observe(dns.promises, 'lookup', ([host]) => host);
for (const { prototype } of [dns.Resolver, dns.promises.Resolver]) {
  for (const method of ['resolve', 'resolve4', 'resolve6', 'reverse']) observe(prototype, method, ([host]) => host);
}
syncBuiltinESMExports();
