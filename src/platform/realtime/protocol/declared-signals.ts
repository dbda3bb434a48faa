import type { Type } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import type { DeclaredFrame } from './protocol-frames.js';

const SIGNALS = Symbol('signals');

interface DeclaredSignal extends DeclaredFrame {
  readonly type: string;
}

/**
 * Declares a signal that the module of this gateway sends: state, of which the newest counts, or an ephemeral frame.
 * `summary` is one sentence for the AsyncAPI document, `data` the class with the schema of its `data`.
 */
export function SendsSignal(type: string, data: Type<object>, summary: string): ClassDecorator {
  return (target) => Reflect.defineMetadata(SIGNALS, [{ type, data, summary }, ...signalsOf(target)], target);
}

/** The signals that the gateways of this process declare, by type. @throws Error when a type is declared twice */
export function declaredSignals(discovery: DiscoveryService): Record<string, DeclaredFrame> {
  const classes = new Set(discovery.getProviders().map(({ metatype }) => metatype as object | null | undefined));
  const signals: Record<string, DeclaredFrame> = {};
  for (const { type, ...frame } of [...classes].flatMap((target) => (target ? signalsOf(target) : []))) {
    if (signals[type]) throw new Error(`The signal ${type} is declared twice.`);
    signals[type] = frame;
  }
  return signals;
}

function signalsOf(target: object): readonly DeclaredSignal[] {
  return (Reflect.getOwnMetadata(SIGNALS, target) as DeclaredSignal[] | undefined) ?? [];
}
